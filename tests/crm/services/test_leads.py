"""A lead: made once, moved along permitted steps, qualified without forgetting, seen by whom it belongs to."""

from decimal import Decimal

import pytest

from config.lib.errors import Invalid, NotFound
from crm.access import lead_for, stage_for
from crm.models import Lead, Stage, StageChange, StageTransition
from crm.services.leads import (
    assign_lead,
    create_lead,
    ensure_open_lead,
    move_stage,
    possible_stages,
    qualify_lead,
    update_lead,
)
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tenants.live.models import LiveEvent
from tenants.models import SystemEvent, Tenant
from tests.factories.crm import make_contact, make_lead, make_seller
from tests.support.cast import Person

BY = Actor("user", "7", "Ana")


def stage(code: str) -> Stage:
    return Stage.objects.get(code=code)


def test_a_new_lead_starts_in_the_first_stage_and_is_announced(acme: Tenant) -> None:
    with tenant_context(acme):
        lead = create_lead(contact=make_contact(), source="whatsapp", interest="high", by=BY)
        assert lead.stage.code == "nuevo"
        assert lead.score == 40
    with tenant_context(acme):
        change = StageChange.objects.get(lead=lead)
        assert (change.source, change.target.code, change.actor_label) == (None, "nuevo", "Ana")
        assert LiveEvent.objects.filter(type="NEW_LEAD", data__id=str(lead.pk)).count() == 1
        assert SystemEvent.objects.filter(tenant_id=acme.pk, action="lead.created", resource_id=str(lead.pk)).exists()


def test_a_value_without_a_currency_is_in_the_companys(in_acme: Tenant) -> None:
    lead = create_lead(contact=make_contact(), value=Decimal("1500.50"), by=BY)

    assert (lead.value, lead.currency) == (Decimal("1500.50"), in_acme.currency)


def test_an_open_lead_is_found_again_and_a_closed_one_is_followed_by_a_new_one(in_acme: Tenant) -> None:
    contact = make_contact()
    first, made = ensure_open_lead(contact=contact, source="web", by=BY)
    again, made_again = ensure_open_lead(contact=contact, source="web", by=BY)
    assert (made, made_again, again.pk) == (True, False, first.pk)

    move_stage(lead=first, stage=stage("perdido"), lost_reason="Caro", by=BY)
    second, made = ensure_open_lead(contact=contact, source="web", by=BY)
    assert made
    assert second.pk != first.pk


def test_a_lead_moves_along_permitted_steps_and_leaves_a_history(in_acme: Tenant) -> None:
    lead = make_lead(stage=stage("nuevo"))
    for code in ("contactado", "calificado", "reunion", "negociacion"):
        move_stage(lead=lead, stage=stage(code), by=BY)

    history = StageChange.objects.filter(lead=lead).order_by("at", "id")
    assert [(change.source.code, change.target.code) for change in history if change.source] == [
        ("nuevo", "contactado"), ("contactado", "calificado"), ("calificado", "reunion"), ("reunion", "negociacion"),
    ]  # fmt: skip
    assert Lead.objects.get(pk=lead.pk).stage.code == "negociacion"


def test_every_step_that_is_not_permitted_is_refused(in_acme: Tenant) -> None:
    ways = set(StageTransition.objects.values_list("source__code", "target__code"))
    for source in Stage.objects.all():
        lead = make_lead(stage=source)
        for target in Stage.objects.exclude(pk=source.pk):
            if (source.code, target.code) in ways and target.kind != "won":
                assert target in possible_stages(lead)
                continue
            assert target not in possible_stages(lead)
            with pytest.raises(Invalid):
                move_stage(lead=lead, stage=target, lost_reason="x", by=BY)
            assert Lead.objects.get(pk=lead.pk).stage_id == source.pk


def test_a_sale_is_won_only_by_converting(in_acme: Tenant) -> None:
    lead = make_lead(stage=stage("negociacion"))
    with pytest.raises(Invalid) as refused:
        move_stage(lead=lead, stage=stage("ganado"), by=BY)

    assert refused.value.code == "convert_first"
    assert stage("ganado") not in possible_stages(lead)


@pytest.mark.parametrize("reason", ["", "   ", "\x00"])
def test_a_loss_needs_a_reason(in_acme: Tenant, reason: str) -> None:
    with pytest.raises(Invalid) as refused:
        move_stage(lead=make_lead(), stage=stage("perdido"), lost_reason=reason, by=BY)

    assert "lost_reason" in refused.value.fields


def test_a_lost_lead_keeps_its_reason_until_it_is_taken_up_again(in_acme: Tenant) -> None:
    lead = make_lead()
    move_stage(lead=lead, stage=stage("perdido"), lost_reason="Compró en otro lado", by=BY)
    assert (lead.lost_reason, lead.closed_at is None) == ("Compró en otro lado", False)

    move_stage(lead=lead, stage=stage("contactado"), by=BY)
    assert (lead.lost_reason, lead.closed_at) == ("", None)


def test_moving_to_where_it_is_changes_nothing(in_acme: Tenant) -> None:
    lead = make_lead(stage=stage("nuevo"))
    move_stage(lead=lead, stage=stage("nuevo"), by=BY)

    assert not StageChange.objects.filter(lead=lead).exists()


def test_qualifying_keeps_what_was_known_and_adds_what_is_new(in_acme: Tenant) -> None:
    lead = make_lead()
    qualify_lead(lead=lead, interest="medium", needs="20 remeras", by=BY)
    qualify_lead(lead=lead, budget="$ 100.000", timeline="esta semana", quote="las necesito esta semana", by=BY)
    found = Lead.objects.get(pk=lead.pk)

    assert (found.interest, found.needs, found.budget, found.timeline) == (
        "medium", "20 remeras", "$ 100.000", "esta semana",
    )  # fmt: skip
    assert found.score == 25 + 15 + 15 + 30
    assert {reason["factor"] for reason in found.score_reasons} == {"interest", "needs", "budget", "timeline"}


def test_a_models_odd_words_are_stored_without_breaking(in_acme: Tenant) -> None:
    lead = make_lead()
    qualify_lead(lead=lead, budget="mil\x00 pesos", needs="x" * 10_000, timeline="y" * 500, quote="\x00", by=BY)
    found = Lead.objects.get(pk=lead.pk)

    assert found.budget == "mil pesos"
    assert (len(found.needs), len(found.timeline)) == (4000, 200)


def test_an_unknown_interest_is_refused(in_acme: Tenant) -> None:
    with pytest.raises(Invalid):
        qualify_lead(lead=make_lead(), interest="enormous", by=BY)
    with pytest.raises(Invalid):
        create_lead(contact=make_contact(), interest="enormous", by=BY)


def test_a_lead_is_given_only_to_an_active_seller(in_acme: Tenant) -> None:
    lead, seller = make_lead(), make_seller()
    assign_lead(lead=lead, owner=seller, by=BY)
    assert Lead.objects.get(pk=lead.pk).owner_id == seller.pk

    with pytest.raises(Invalid):
        assign_lead(lead=lead, owner=make_seller(is_active=False), by=BY)
    assign_lead(lead=lead, owner=None, by=BY)
    assert Lead.objects.get(pk=lead.pk).owner_id is None


def test_what_no_form_may_change_is_refused(in_acme: Tenant) -> None:
    with pytest.raises(Invalid):
        update_lead(lead=make_lead(), by=BY, score=100)


def test_sellers_see_their_own_and_what_nobody_has(in_acme: Tenant, ana: Person, sol: Person, teo: Person) -> None:
    mine = make_lead(owner=make_seller(user=sol.user))
    others = make_lead(owner=make_seller(user=teo.user))
    free = make_lead()

    assert set(Lead.objects.visible_to(sol.member)) == {mine, free}  # type: ignore[arg-type]
    assert set(Lead.objects.visible_to(ana.member)) == {mine, others, free}  # type: ignore[arg-type]
    assert lead_for(sol.member, str(mine.pk), lock=True) == mine  # type: ignore[arg-type]
    with pytest.raises(NotFound):
        lead_for(sol.member, others.pk)  # type: ignore[arg-type]


def test_another_companys_lead_does_not_exist(acme: Tenant, globex: Tenant, gus: Person) -> None:
    with tenant_context(acme):
        hidden = make_lead()
    with tenant_context(globex), pytest.raises(NotFound):
        lead_for(gus.member, hidden.pk)  # type: ignore[arg-type]


def test_a_stage_is_found_by_id_and_by_code(in_acme: Tenant) -> None:
    assert stage_for("nuevo") == stage_for(stage("nuevo").pk)
    with pytest.raises(NotFound):
        stage_for("inexistente")
