"""Steps of the pipeline: only permitted ones, with what they ask for, with approval where it is asked, from every door."""

import pytest
from django.utils import timezone

from config.lib.errors import Conflict, Forbidden, Invalid
from crm.domain import pipeline as rules
from crm.models import Lead, Notification, Stage, StageChange, StageRequest, StageTransition
from crm.services import approvals, moves
from crm.services.moves import move_stage, possible_stages
from crm.services.stages import DEFAULT
from tenants.domain import roles
from tenants.domain.actor import Actor
from tenants.models import Tenant
from tests.architecture.tree import name, python_files
from tests.factories.crm import make_lead, make_pipeline, make_stage
from tests.support.cast import Person

BY = Actor("user", "7", "Ana")
AGENT = Actor("agent", "", "Ventas")


def stage(code: str) -> Stage:
    return Stage.objects.select_related("pipeline").get(code=code)


def step(source: str, target: str, **asks: object) -> None:
    StageTransition.objects.filter(source__code=source, target__code=target).update(**asks)


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


def test_a_step_that_asks_for_a_comment_gets_one(in_acme: Tenant) -> None:
    step("nuevo", "contactado", requires_comment=True)
    lead = make_lead()
    with pytest.raises(Invalid) as refused:
        move_stage(lead=lead, stage=stage("contactado"), by=BY)
    assert "comment" in refused.value.fields

    move_stage(lead=lead, stage=stage("contactado"), comment="Llamó ella", by=BY)
    assert StageChange.objects.get(lead=lead).reason == "Llamó ella"


def test_a_stage_may_ask_for_a_comment_from_wherever_one_comes(in_acme: Tenant) -> None:
    Stage.objects.filter(code="calificado").update(requires_comment=True)
    with pytest.raises(Invalid):
        move_stage(lead=make_lead(), stage=stage("calificado"), by=BY)


def test_moving_says_since_when_and_until_when(in_acme: Tenant) -> None:
    lead, before = make_lead(), timezone.now()
    move_stage(lead=lead, stage=stage("perdido"), lost_reason="Precio", by=BY)

    found = Lead.objects.get(pk=lead.pk)
    assert found.stage_since >= before
    assert found.closed_at is not None
    assert found.last_activity_at >= before


def test_a_stage_at_rest_is_not_reached(in_acme: Tenant) -> None:
    Stage.objects.filter(code="contactado").update(is_active=False)
    lead = make_lead()

    assert stage("contactado") not in possible_stages(lead)
    with pytest.raises(Invalid):
        move_stage(lead=lead, stage=stage("contactado"), by=BY)


# --- other pipelines -------------------------------------------------------------------------------------------------


def test_another_pipeline_is_entered_only_when_asked_for(in_acme: Tenant) -> None:
    other = make_stage(pipeline=make_pipeline(), name="Visita")
    lead = make_lead()
    with pytest.raises(Invalid) as refused:
        move_stage(lead=lead, stage=other, by=BY)
    assert refused.value.code == "other_pipeline"

    moves.change_pipeline(lead=lead, stage=other, comment="Es un alquiler", by=BY)
    assert Lead.objects.get(pk=lead.pk).stage_id == other.pk
    assert StageChange.objects.get(lead=lead).reason == "Es un alquiler"


def test_a_closed_lead_and_a_closed_stage_stay_in_their_pipeline(in_acme: Tenant) -> None:
    pipeline = make_pipeline()
    lost = make_lead(stage=stage("perdido"))
    with pytest.raises(Invalid):
        moves.change_pipeline(lead=lost, stage=make_stage(pipeline=pipeline), by=BY)
    with pytest.raises(Invalid):
        moves.change_pipeline(lead=make_lead(), stage=make_stage(pipeline=pipeline, kind="won"), by=BY)


# --- approval --------------------------------------------------------------------------------------------------------


@pytest.fixture
def asks(in_acme: Tenant) -> Lead:
    """A lead whose step to "contactado" the company's head approves."""
    step("nuevo", "contactado", approver_role="ceo")
    return make_lead()


@pytest.mark.parametrize("role", ["", "closer", "setter", "support"])
def test_a_step_that_somebody_approves_waits_for_everybody_else(asks: Lead, role: str) -> None:
    waiting = move_stage(lead=asks, stage=stage("contactado"), comment="Ya hablamos", by=BY, member_role=role)

    assert waiting is not None
    assert (waiting.status, waiting.comment, waiting.actor_label) == ("pending", "Ya hablamos", "Ana")
    assert Lead.objects.get(pk=asks.pk).stage.code == "nuevo"
    assert not StageChange.objects.filter(lead=asks).exists()


def test_an_agent_does_not_approve_itself(asks: Lead) -> None:
    assert move_stage(lead=asks, stage=stage("contactado"), by=AGENT) is not None
    assert Lead.objects.get(pk=asks.pk).stage.code == "nuevo"


def test_whoever_may_approve_moves_at_once(asks: Lead) -> None:
    assert move_stage(lead=asks, stage=stage("contactado"), by=BY, member_role="ceo") is None
    assert Lead.objects.get(pk=asks.pk).stage.code == "contactado"


def test_asking_twice_is_one_request_and_asking_for_another_step_replaces_it(asks: Lead) -> None:
    step("nuevo", "calificado", approver_role="ceo")
    first = move_stage(lead=asks, stage=stage("contactado"), by=BY)
    again = move_stage(lead=asks, stage=stage("contactado"), by=BY)
    other = move_stage(lead=asks, stage=stage("calificado"), by=BY)

    assert first == again
    assert other != first
    assert dict(StageRequest.objects.values_list("target__code", "status")) == {
        "contactado": "stale", "calificado": "pending",
    }  # fmt: skip


def test_those_who_decide_are_told_and_whoever_asked_hears_the_answer(
    asks: Lead, ana: Person, sol: Person, in_acme: Tenant
) -> None:
    waiting = move_stage(lead=asks, stage=stage("contactado"), by=sol.actor, member_role=roles.CLOSER)
    assert waiting is not None
    assert Notification.objects.get(user_id=ana.user.pk).kind == "approval"

    approvals.approve(asked=waiting, role=roles.CEO, by=ana.actor, comment="Adelante")

    assert Lead.objects.get(pk=asks.pk).stage.code == "contactado"
    assert StageChange.objects.get(lead=asks).actor_label == ana.actor.label
    assert Notification.objects.get(user_id=sol.user.pk).facts["state"] == "approved"


def test_a_refusal_leaves_the_lead_and_needs_words(asks: Lead, ana: Person, sol: Person) -> None:
    waiting = move_stage(lead=asks, stage=stage("contactado"), by=sol.actor, member_role=roles.CLOSER)
    assert waiting is not None
    with pytest.raises(Invalid):
        approvals.refuse(asked=waiting, role=roles.CEO, by=ana.actor, comment=" ")

    approvals.refuse(asked=waiting, role=roles.CEO, by=ana.actor, comment="Falta el presupuesto")

    assert Lead.objects.get(pk=asks.pk).stage.code == "nuevo"
    assert Notification.objects.get(user_id=sol.user.pk).facts["state"] == "refused"
    with pytest.raises(Conflict):
        approvals.approve(asked=waiting, role=roles.CEO, by=ana.actor)


def test_a_request_loses_its_sense_when_the_lead_goes_another_way(asks: Lead, ana: Person) -> None:
    waiting = move_stage(lead=asks, stage=stage("contactado"), by=BY)
    assert waiting is not None
    move_stage(lead=asks, stage=stage("calificado"), by=BY)

    waiting.refresh_from_db()
    assert waiting.status == "stale"
    with pytest.raises(Conflict):
        approvals.approve(asked=waiting, role=roles.CEO, by=ana.actor)


def test_a_request_is_stale_when_its_step_is_gone(asks: Lead, ana: Person) -> None:
    waiting = move_stage(lead=asks, stage=stage("contactado"), by=BY)
    assert waiting is not None
    StageTransition.objects.filter(target__code="contactado").delete()

    assert approvals.approve(asked=waiting, role=roles.CEO, by=ana.actor).status == "stale"
    assert Lead.objects.get(pk=asks.pk).stage.code == "nuevo"


def test_only_who_may_decide_decides(asks: Lead, sol: Person) -> None:
    waiting = move_stage(lead=asks, stage=stage("contactado"), by=BY)
    assert waiting is not None
    with pytest.raises(Forbidden):
        approvals.approve(asked=waiting, role=roles.CLOSER, by=sol.actor)


def test_a_step_is_decided_by_the_role_it_names_and_by_the_head() -> None:
    every = (*roles.ROLES, roles.SUPPORT, "")

    assert [role for role in every if rules.may_decide(role, roles.SECRETARY)] == [roles.CEO, roles.SECRETARY]
    assert [role for role in every if rules.may_decide(role, "nobody")] == [roles.CEO]


def test_nothing_in_the_product_asks_for_a_stage_by_the_code_it_began_with() -> None:
    """A company renames and adds stages: numbers, pages and tools go by the kind. Only what makes them knows the codes."""
    codes = {code for code, *_rest in DEFAULT} - {"contactado", "nuevo"}  # those two are words of sentences as well
    makers = {"crm/services/stages.py", "agents/demo"}
    wrong = [
        f"{name(path)}: {code}"
        for path in python_files()
        if not any(name(path).startswith(maker) for maker in makers) and "/migrations/" not in name(path)
        for code in codes
        if f'"{code}"' in path.read_text(encoding="utf-8")
    ]
    assert wrong == []
