"""Every open lead has a next step or says why not."""

from datetime import timedelta

import pytest
from django.utils import timezone

from config.lib.errors import Invalid
from crm.models import Lead
from crm.models.lead import LeadQuerySet
from crm.services import steps, tasks
from tenants.domain.actor import Actor
from tenants.models import Membership
from tests.factories.crm import make_lead, make_seller, make_stage
from tests.factories.messaging import make_conversation
from tests.support.cast import Person

pytestmark = pytest.mark.usefixtures("in_acme")
BY = Actor.system("Pruebas")


def without_step(member: Membership) -> LeadQuerySet:
    """What the member sees and nobody has planned or explained: the list that should be empty in the evening."""
    return steps.lacking(Lead.objects.visible_to(member))


def test_a_planned_step_or_a_reason_is_enough(ana: Person) -> None:
    alone, planned, explained, closed = (make_lead() for _each in range(4))
    tasks.create_task(title="Llamar", due_at=timezone.now(), lead=planned, by=BY)
    steps.explain(lead=explained, reason="Viaja hasta marzo", until=steps.today() + timedelta(days=9), by=BY)
    Lead.objects.filter(pk=closed.pk).update(closed_at=timezone.now())

    assert list(without_step(ana.member)) == [alone]


def test_what_others_have_is_not_asked_of_a_seller(sol: Person) -> None:
    mine, free = make_lead(owner=make_seller(user=sol.user)), make_lead()
    make_lead(owner=make_seller())

    assert set(without_step(sol.member)) == {mine, free}


def test_while_an_agent_talks_with_the_person_none_is_asked_for(ana: Person) -> None:
    leads = [make_lead() for _each in range(3)]
    now = timezone.now()
    make_conversation(contact=leads[0].contact, mode="ai", last_message_at=now - timedelta(hours=23))
    make_conversation(contact=leads[1].contact, mode="ai", last_message_at=now - timedelta(hours=25))
    make_conversation(contact=leads[2].contact, mode="human", last_message_at=now)

    assert set(without_step(ana.member)) == set(leads[1:])
    assert list(Lead.objects.filter(steps.attended())) == [leads[0]]


def test_a_plan_ends_the_explanation() -> None:
    lead = make_lead(no_step_reason="Viaja", no_step_until=steps.today())

    tasks.create_task(title="Llamar", due_at=timezone.now(), lead=lead, by=BY)

    lead.refresh_from_db()
    assert (lead.no_step_reason, lead.no_step_until) == ("", None)


def test_once_its_day_has_passed_the_lead_asks_again(ana: Person) -> None:
    yesterday, today = steps.today() - timedelta(days=1), steps.today()
    late = make_lead(no_step_reason="Viaja", no_step_until=yesterday)
    make_lead(no_step_reason="Viaja", no_step_until=today)

    assert steps.forget_expired() == 1
    assert list(without_step(ana.member)) == [late]
    assert steps.forget_expired() == 0


@pytest.mark.parametrize(
    ("reason", "days", "field"), [(" ", 3, "reason"), ("Viaja", -1, "until"), ("Viaja", 400, "until")]
)
def test_a_reason_needs_words_and_a_day_that_comes(reason: str, days: int, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        steps.explain(lead=make_lead(), reason=reason, until=steps.today() + timedelta(days=days), by=BY)

    assert field in refused.value.fields


def test_a_lead_with_a_step_or_closed_has_nothing_to_explain() -> None:
    planned = make_lead()
    tasks.create_task(title="Llamar", due_at=timezone.now(), lead=planned, by=BY)

    for lead in (planned, make_lead(closed_at=timezone.now())):
        with pytest.raises(Invalid):
            steps.explain(lead=lead, reason="Viaja", until=steps.today(), by=BY)


@pytest.mark.parametrize(("days", "patience", "is_cold"), [(8, 7, True), (6, 7, False), (800, 0, False)])
def test_a_lead_goes_cold_as_its_stage_says(days: int, patience: int, is_cold: bool) -> None:
    lead = make_lead(stage=make_stage(cold_after_days=patience))
    Lead.objects.filter(pk=lead.pk).update(last_activity_at=timezone.now() - timedelta(days=days))

    assert steps.cold(Lead.objects.all()).exists() is is_cold


def test_a_closed_lead_is_never_cold() -> None:
    lead = make_lead(closed_at=timezone.now())
    Lead.objects.filter(pk=lead.pk).update(last_activity_at=timezone.now() - timedelta(days=90))

    assert not steps.cold(Lead.objects.all()).exists()
