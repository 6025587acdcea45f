"""One act on many leads: each row through its gates, what was refused, the way back, and a worker that dies."""

from datetime import timedelta

import pytest
from django.utils import timezone

from config.lib.errors import Conflict, Forbidden, Invalid
from crm.domain import bulk as rules
from crm.models import BulkAction, BulkChange, Lead, Notification, Stage, StageChange, StageTransition, Task
from crm.services import bulk, moves
from crm.services.assignment import assign
from crm.services.lead_filters import LeadQuery
from crm.services.leads import update_lead
from tests.factories.crm import make_lead, make_seller
from tests.support.cast import Person

pytestmark = pytest.mark.usefixtures("in_acme")


def begin(person: Person, kind: str, leads: list[Lead], **arguments: object) -> BulkAction:
    assert person.member
    ids = bulk.chosen(ids=[str(lead.pk) for lead in leads], query=None, member=person.member)
    return bulk.begin(kind=kind, arguments=arguments, leads=ids, member=person.member, by=person.actor)


def undo(person: Person, action: BulkAction) -> BulkAction:
    assert person.member
    return bulk.undo(action=action, member=person.member, by=person.actor)


def fresh(lead: Lead) -> Lead:
    return Lead.objects.select_related("stage", "owner").get(pk=lead.pk)


def states(action: BulkAction) -> dict[str, str]:
    return {str(row.lead_id): row.state for row in BulkChange.objects.filter(action=action)}


def test_leads_are_given_and_given_back(ana: Person) -> None:
    first, second = make_seller(), make_seller()
    leads = [make_lead(owner=first), make_lead()]

    action = begin(ana, "assign", leads, owner=str(second.pk))
    assert {fresh(lead).owner_id for lead in leads} == {second.pk}
    assert (action.status, action.done, action.refused) == ("done", 2, 0)

    assert undo(ana, action).status == "undone"
    assert [fresh(lead).owner_id for lead in leads] == [first.pk, None]


def test_what_changed_since_is_left_as_it_is(ana: Person) -> None:
    first, second, third = make_seller(), make_seller(), make_seller()
    leads = [make_lead(owner=first), make_lead(owner=first)]
    action = begin(ana, "assign", leads, owner=str(second.pk))
    assign(lead=fresh(leads[0]), owner=third, by=ana.actor)

    undo(ana, action)

    assert [fresh(lead).owner_id for lead in leads] == [third.pk, first.pk]
    assert states(action) == {str(leads[0].pk): "kept", str(leads[1].pk): "undone"}


def test_a_step_that_is_not_allowed_is_refused_with_its_reason_and_the_others_go_on(ana: Person) -> None:
    good, bad = make_lead(), make_lead(stage=Stage.objects.get(code="ganado"))

    action = begin(ana, "stage", [good, bad], stage="contactado")

    assert (action.done, action.refused) == (1, 1)
    assert fresh(good).stage.code == "contactado"
    refused = BulkChange.objects.get(action=action, state="refused")
    assert refused.lead_id == bad.pk
    assert "no se pasa" in refused.error
    assert StageChange.objects.filter(lead=bad).count() == 0


def test_a_step_is_taken_back_with_the_days_it_had_in_the_stage(ana: Person) -> None:
    old = timezone.now() - timedelta(days=8)
    lead = make_lead(stage_since=old)
    action = begin(ana, "stage", [lead], stage="perdido", lost_reason="Precio")
    assert (fresh(lead).stage.code, fresh(lead).lost_reason) == ("perdido", "Precio")

    undo(ana, action)

    after = fresh(lead)
    assert (after.stage.code, after.lost_reason, after.closed_at, after.stage_since) == ("nuevo", "", None, old)


def test_a_lead_that_went_on_is_not_pulled_back(ana: Person) -> None:
    lead = make_lead()
    action = begin(ana, "stage", [lead], stage="contactado")
    moves.move_stage(lead=fresh(lead), stage=Stage.objects.get(code="calificado"), by=ana.actor, member_role="ceo")

    undo(ana, action)

    assert fresh(lead).stage.code == "calificado"
    assert set(states(action).values()) == {"kept"}


def test_a_step_that_needs_approval_asks_for_it_and_says_so(sol: Person) -> None:
    StageTransition.objects.filter(source__code="nuevo", target__code="contactado").update(approver_role="ceo")
    lead = make_lead(owner=make_seller(user_id=sol.user.pk))

    action = begin(sol, "stage", [lead], stage="contactado")

    assert states(action) == {str(lead.pk): "refused"}
    assert lead.stage_requests.filter(status="pending").count() == 1


@pytest.mark.parametrize(("kind", "before", "after"), [("tag", ["vip"], ["vip", "feria"]), ("untag", ["feria"], [])])
def test_labels_come_and_go_and_come_back(ana: Person, kind: str, before: list[str], after: list[str]) -> None:
    lead = make_lead(tags=before)

    action = begin(ana, kind, [lead], tag="feria")
    assert fresh(lead).tags == after

    undo(ana, action)
    assert fresh(lead).tags == before


def test_a_label_that_was_there_already_stays_after_an_undo(ana: Person) -> None:
    lead = make_lead(tags=["feria"])
    undo(ana, begin(ana, "tag", [lead], tag="feria"))

    assert fresh(lead).tags == ["feria"]


def test_a_label_taken_off_meanwhile_is_not_put_on_again(ana: Person) -> None:
    lead = make_lead()
    action = begin(ana, "tag", [lead], tag="feria")
    update_lead(lead=fresh(lead), by=ana.actor, tags=[])

    undo(ana, action)

    assert set(states(action).values()) == {"kept"}


def test_tasks_are_planned_and_taken_away_unless_somebody_worked_on_them(ana: Person) -> None:
    leads = [make_lead(), make_lead()]
    action = begin(ana, "task", leads, title="Llamar", due_at="2027-01-04T09:00:00+00:00")
    assert Task.objects.filter(lead__in=leads, title="Llamar").count() == 2
    assert fresh(leads[0]).next_step_at is not None
    Task.objects.filter(lead=leads[0]).update(done_at=timezone.now())

    undo(ana, action)

    assert list(Task.objects.values_list("lead", flat=True)) == [leads[0].pk]
    assert fresh(leads[1]).next_step_at is None


def test_only_what_the_person_may_see_is_chosen_and_done(sol: Person) -> None:
    mine = make_lead(owner=make_seller(user_id=sol.user.pk))
    other = make_lead(owner=make_seller())

    action = begin(sol, "tag", [mine, other], tag="vip")

    assert action.total == 1
    assert fresh(other).tags == []


def test_a_lead_that_somebody_lost_sight_of_meanwhile_is_refused(sol: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "AT_ONCE", 0)
    lead = make_lead(owner=make_seller(user_id=sol.user.pk))
    action = begin(sol, "tag", [lead], tag="vip")
    Lead.objects.filter(pk=lead.pk).update(owner=make_seller())

    assert sol.member
    bulk._batch(action, bulk.Doer(sol.member, sol.actor))

    assert (action.done, action.refused) == (0, 1)
    assert fresh(lead).tags == []


def test_all_that_match_are_meant_with_a_query(ana: Person) -> None:
    assert ana.member
    fits = [make_lead(source="feria") for _each in range(3)]
    make_lead(source="web")

    found = bulk.chosen(ids=[], query=LeadQuery.of({"source": "feria"}, ana.member), member=ana.member)

    assert set(found) == {lead.pk for lead in fits}


def test_nothing_chosen_too_much_chosen_and_wrong_arguments_are_said(
    ana: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ana.member
    with pytest.raises(Invalid):
        bulk.chosen(ids=["zzz"], query=None, member=ana.member)
    with pytest.raises(Invalid):
        bulk.chosen(ids=["x"] * 501, query=None, member=ana.member)
    lead = make_lead()
    for kind, arguments in (("tag", {"tag": " "}), ("task", {"title": "", "due_at": "nunca"}), ("explode", {})):
        with pytest.raises(Invalid):
            begin(ana, kind, [lead], **arguments)
    make_lead()
    monkeypatch.setattr(rules, "MOST", 1)
    with pytest.raises(Invalid):
        bulk.chosen(ids=[], query=LeadQuery.of({}, ana.member), member=ana.member)


def test_an_undo_comes_once_and_within_a_day(ana: Person) -> None:
    lead = make_lead()
    late = begin(ana, "tag", [lead], tag="vip")
    BulkAction.objects.filter(pk=late.pk).update(created_at=timezone.now() - timedelta(hours=25))
    with pytest.raises(Conflict):
        undo(ana, late)
    once = begin(ana, "untag", [lead], tag="vip")
    undo(ana, once)
    with pytest.raises(Conflict):
        undo(ana, once)


def test_whoever_may_not_do_it_to_one_may_not_do_it_to_many(ana: Person) -> None:
    assert ana.member
    ana.member.role = "support"
    with pytest.raises(Forbidden):
        bulk.begin(kind="tag", arguments={"tag": "vip"}, leads=[make_lead().pk], member=ana.member, by=ana.actor)


def test_whoever_gets_many_leads_hears_of_it_once(ana: Person, sol: Person) -> None:
    seller = make_seller(user_id=sol.user.pk)
    begin(ana, "assign", [make_lead() for _each in range(5)], owner=str(seller.pk))

    told = Notification.objects.filter(user_id=sol.user.pk)
    assert [(row.kind, row.facts["count"]) for row in told] == [("handover", 5)]
