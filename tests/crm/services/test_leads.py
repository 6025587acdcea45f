"""A lead: made once, qualified without forgetting, seen by whom it belongs to."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from config.lib.errors import Invalid, NotFound
from crm.access import lead_for, stage_for
from crm.domain.qualification import Said
from crm.models import Assignment, Interest, Lead, Notification, Stage, StageChange, Touch
from crm.services.assignment import assign
from crm.services.leads import (
    correct_score,
    create_lead,
    ensure_open_lead,
    qualify_lead,
    touch_activity,
    update_lead,
)
from crm.services.moves import move_stage
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


def test_qualifying_keeps_what_was_known_and_adds_what_is_new(in_acme: Tenant) -> None:
    lead = make_lead()
    qualify_lead(lead=lead, interest="medium", needs="20 remeras", by=BY)
    qualify_lead(
        lead=lead, budget="$ 100.000", timeline="esta semana", heard=[Said("", "las necesito esta semana")], by=BY
    )
    found = Lead.objects.get(pk=lead.pk)

    assert (found.interest, found.needs, found.budget, found.timeline) == (
        "medium", "20 remeras", "$ 100.000", "esta semana",
    )  # fmt: skip
    assert found.score == 25 + 15 + 15 + 30
    assert {reason["factor"] for reason in found.score_reasons} == {"interest", "needs", "budget", "timeline"}


def test_a_models_odd_words_are_stored_without_breaking(in_acme: Tenant) -> None:
    lead = make_lead()
    qualify_lead(
        lead=lead, budget="mil\x00 pesos", needs="x" * 10_000, timeline="y" * 500, heard=[Said("", "\x00")], by=BY
    )
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
    assign(lead=lead, owner=seller, by=BY)
    assert Lead.objects.get(pk=lead.pk).owner_id == seller.pk

    with pytest.raises(Invalid):
        assign(lead=lead, owner=make_seller(is_active=False), by=BY)
    assign(lead=lead, owner=None, by=BY)
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


def test_each_point_names_the_message_that_says_it(in_acme: Tenant) -> None:
    heard = [Said("m1", "Hola, buenas"), Said("m2", "Busco 20 remeras"), Said("m3", "y tengo 100 mil de presupuesto")]
    lead = make_lead()
    qualify_lead(lead=lead, interest="high", needs="20 remeras", budget="100 mil", heard=heard, by=BY)

    told = {reason["factor"]: reason for reason in Lead.objects.get(pk=lead.pk).score_reasons}
    assert (told["needs"]["message"], told["needs"]["quote"]) == ("m2", "Busco 20 remeras")
    assert told["budget"]["message"] == "m3"


def test_what_was_known_keeps_the_words_it_was_learned_from(in_acme: Tenant) -> None:
    lead = make_lead()
    qualify_lead(lead=lead, needs="20 remeras", heard=[Said("m1", "quiero 20 remeras")], by=BY)
    qualify_lead(lead=lead, timeline="mañana", heard=[Said("m2", "para mañana")], by=BY)

    told = {reason["factor"]: reason["message"] for reason in Lead.objects.get(pk=lead.pk).score_reasons}
    assert told == {"needs": "m1", "timeline": "m2"}


def test_a_persons_correction_stays_whatever_is_learned_later(in_acme: Tenant) -> None:
    lead = make_lead()
    qualify_lead(lead=lead, interest="medium", by=BY)
    correct_score(lead=lead, points=45, reason="Lo conozco de la feria", by=BY)
    assert lead.score == 45

    qualify_lead(lead=lead, budget="100 mil", by=Actor("agent", "", "Ventas"))

    found = Lead.objects.get(pk=lead.pk)
    assert (found.score, found.score_adjustment) == (60, 20)
    line = found.score_reasons[-1]
    assert (line["factor"], line["points"], line["said"], line["by"]) == (
        "correction", 20, "Lo conozco de la feria", "Ana",
    )  # fmt: skip


def test_a_correction_needs_a_reason_and_can_be_taken_back(in_acme: Tenant) -> None:
    lead = make_lead()
    qualify_lead(lead=lead, interest="medium", by=BY)
    with pytest.raises(Invalid):
        correct_score(lead=lead, points=80, reason=" ", by=BY)

    correct_score(lead=lead, points=80, reason="Ya compró antes", by=BY)
    correct_score(lead=lead, points=25, reason="", by=BY)

    found = Lead.objects.get(pk=lead.pk)
    assert (found.score, found.score_adjustment, found.score_adjustment_reason) == (25, 0, "")
    assert all(reason["factor"] != "correction" for reason in found.score_reasons)


def test_whoever_has_a_lead_hears_once_that_it_became_hot(in_acme: Tenant, sol: Person) -> None:
    lead = make_lead(owner=make_seller(user=sol.user))
    qualify_lead(lead=lead, interest="high", by=BY)
    assert not Notification.objects.filter(kind="hot").exists()

    qualify_lead(lead=lead, timeline="hoy", by=BY)
    qualify_lead(lead=lead, budget="100 mil", by=BY)

    told = Notification.objects.get(kind="hot")
    assert (told.user_id, told.is_urgent, told.facts["score"]) == (sol.user.pk, True, 70)


def test_a_new_lead_keeps_how_the_person_arrived(in_acme: Tenant) -> None:
    lead = create_lead(
        contact=make_contact(),
        source="feria",
        touch=Touch.Kind.FORM,
        attribution={"campaign": "primavera"},
        labels=["vip", "vip "],
        probability=80,
        by=BY,
    )

    touch = Touch.objects.get(lead=lead)
    assert (touch.kind, touch.source, touch.campaign) == ("form", "feria", "primavera")
    found = Lead.objects.get(pk=lead.pk)
    assert (found.source, found.last_source, found.tags, found.probability) == ("feria", "feria", ["vip"], 80)


def test_a_lead_made_for_a_seller_has_the_line_of_its_history(in_acme: Tenant) -> None:
    seller = make_seller()
    lead = create_lead(contact=make_contact(), owner=seller, by=BY)

    assert Lead.objects.get(pk=lead.pk).owner_id == seller.pk
    assert Assignment.objects.get(lead=lead).seller_id == seller.pk


def test_talking_keeps_a_lead_warm_without_a_write_each_time(in_acme: Tenant) -> None:
    lead = make_lead()
    old = timezone.now() - timedelta(days=3)
    Lead.objects.filter(pk=lead.pk).update(last_activity_at=old)
    touch_activity(contact_id=lead.contact_id)
    first = Lead.objects.get(pk=lead.pk).last_activity_at
    touch_activity(contact_id=lead.contact_id)

    assert first > old
    assert Lead.objects.get(pk=lead.pk).last_activity_at == first


def test_a_status_is_neither_a_temperature_nor_a_deletion(in_acme: Tenant) -> None:
    kinds = set(Stage.objects.values_list("kind", flat=True))
    assert kinds == {"open", "won", "lost"}
    assert not {"hot", "warm", "cold", "deleted"} & set(Interest.values)
    assert not {field.name for field in Lead._meta.fields} & {"status", "is_deleted", "temperature"}


def test_a_chance_that_is_no_chance_is_refused(in_acme: Tenant) -> None:
    with pytest.raises(Invalid):
        update_lead(lead=make_lead(), probability=101, by=BY)
