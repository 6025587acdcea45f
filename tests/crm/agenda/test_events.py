"""What becomes of an appointment: who hears of it, what can still be done, and what follows from it."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.lib.errors import AppError, Invalid, NotFound
from config.lib.ids import uuid7
from crm.agenda import booking, events
from crm.models import AgendaEvent, Lead, Notification
from crm.services import steps
from tenants.domain.actor import Actor
from tenants.live.models import LiveEvent
from tenants.models import SystemEvent
from tests.crm.agenda.conftest import NOW, at, attends, monday, starts
from tests.crm.services.test_tasks import drifted
from tests.factories.agenda import make_agenda_settings, make_calendar, make_event
from tests.factories.crm import make_contact, make_lead
from tests.support.cast import Person
from tests.support.tasks import Queue

pytestmark = pytest.mark.usefixtures("friday")
BY = Actor.system("Pruebas")


def booked(**over: Any) -> AgendaEvent:
    """On Monday at nine, with a lead."""
    lead = over.pop("lead") if "lead" in over else make_lead()
    given = {"seller": over.pop("seller", None) or attends(), "start": at("09:00"), "end": at("10:00")}
    return booking.book_at(**{**given, "lead": lead, "by": BY, "source": AgendaEvent.Source.PAGE, **over})


def told() -> list[tuple[str, str]]:
    connection.run_before_commit()
    return list(LiveEvent.objects.filter(data__object="appointment").order_by("id").values_list("type", "data__id"))


def test_booking_and_each_change_is_told_and_noted() -> None:
    event = booked()
    events.confirm(event=event, by=BY)
    events.cancel(event=event, by=BY, reason=" se  enfermó ")
    assert told() == [("NEW_APPOINTMENT", str(event.pk)), ("APPOINTMENT_UPDATED", str(event.pk))]
    actions = SystemEvent.objects.filter(resource_id=str(event.pk)).order_by("id").values_list("action", flat=True)
    assert list(actions) == ["appointment.booked", "appointment.confirmed", "appointment.cancelled"]
    event.refresh_from_db()
    assert (event.status, event.cancel_reason, event.revision) == ("cancelled", "se enfermó", 3)


def test_what_is_cancelled_is_free_and_no_next_step() -> None:
    event = booked()
    assert Lead.objects.get(pk=event.lead_id).next_step_at == at("09:00")
    events.cancel(event=event, by=BY)
    assert starts(monday()) == ["09:00", "10:00", "11:00", "12:00"]
    assert Lead.objects.get(pk=event.lead_id).next_step_at is None


def test_the_same_act_again_changes_nothing() -> None:
    event = booked()
    for act in (events.confirm, events.confirm, events.cancel, events.cancel):
        act(event=event, by=BY)
    event.refresh_from_db()
    assert event.revision == 3


def test_came_or_not_is_said_once_it_has_begun_and_can_be_corrected() -> None:
    event = booked()
    with pytest.raises(Invalid) as early:
        events.set_outcome(event=event, came=True, by=BY)
    assert early.value.code == "not_begun"
    with time_machine.travel(at("09:10"), tick=False):
        assert events.set_outcome(event=event, came=False, by=BY).status == "no_show"
        done = events.set_outcome(event=event, came=True, by=BY, outcome="Compra el plan anual")
    assert (done.status, done.outcome, done.outcome_at) == ("done", "Compra el plan anual", at("09:10"))
    assert Lead.objects.get(pk=event.lead_id).next_step_at is None


@pytest.mark.parametrize("status", ["cancelled", "done", "no_show"])
def test_what_is_over_is_neither_confirmed_nor_called_off(status: str) -> None:
    event = make_event(status=status)
    with pytest.raises(Invalid):
        events.confirm(event=event, by=BY)
    if status != "cancelled":
        with pytest.raises(Invalid):
            events.cancel(event=event, by=BY)
    event.refresh_from_db()
    assert event.status == status


def test_a_cancelled_one_has_no_outcome() -> None:
    event = make_event(status="cancelled", starts_at=NOW - timedelta(hours=2))
    with pytest.raises(Invalid) as refused:
        events.set_outcome(event=event, came=True, by=BY)
    assert refused.value.code == "closed"


def test_words_change_and_only_what_changed_is_noted() -> None:
    event = booked(title="Visita")
    events.update_event(event=event, by=BY, title="Visita", place="Oficina", note="Llevar muestras")
    events.update_event(event=event, by=BY, place="Oficina")
    connection.run_before_commit()
    [noted] = SystemEvent.objects.filter(action="appointment.updated")
    assert noted.diff == {"fields": ["note", "place"]}
    event.refresh_from_db()
    assert (event.place, event.note, event.revision) == ("Oficina", "Llevar muestras", 2)


def test_another_lead_gets_the_next_step_and_the_first_one_loses_it() -> None:
    event = booked()
    first, second = event.lead, make_lead(contact=event.contact)
    events.update_event(event=event, by=BY, lead=second)
    assert first is not None
    assert Lead.objects.get(pk=first.pk).next_step_at is None
    assert Lead.objects.get(pk=second.pk).next_step_at == at("09:00")


@pytest.mark.parametrize(
    "fields",
    [{"title": "x" * 201}, {"place": "x" * 201}, {"status": "done"}, {"lead": "of somebody else"}],
    ids=["title", "place", "unknown", "lead"],
)
def test_what_does_not_fit_is_refused(fields: dict[str, Any]) -> None:
    event = booked()
    if "lead" in fields:
        fields = {"lead": make_lead()}
    with pytest.raises(Invalid):
        events.update_event(event=event, by=BY, **fields)


def test_one_that_is_gone_is_not_found() -> None:
    with pytest.raises(NotFound):
        events.locked(uuid7())
    with pytest.raises(NotFound):
        events.locked("no id")


def test_a_reminder_follows_the_appointment() -> None:
    make_agenda_settings(reminder_hours=[24])
    event = booked()
    assert event.next_reminder_at == at("09:00") - timedelta(hours=24)
    moved = booking.reschedule(event=event, start=at("09:00", day=3), by=BY)
    assert moved.next_reminder_at == at("09:00", day=2)
    assert events.cancel(event=event, by=BY).next_reminder_at is None


def test_the_seller_is_told_by_whoever_else_acts(sol: Person, teo: Person, ana: Person) -> None:
    mine, theirs = attends(user=sol.user), attends(user=teo.user)
    event = booked(seller=mine, by=ana.actor)
    event = booking.reschedule(event=event, start=at("11:00"), by=sol.actor)
    event = booking.reschedule(event=event, seller=theirs, by=ana.actor)
    events.cancel(event=event, by=ana.actor)
    booked(seller=mine, by=ana.actor, lead=None, contact=None, kind=AgendaEvent.Kind.BUSY)

    told = {(row.user_id, row.facts["what"], row.facts["when"]) for row in Notification.objects.all()}
    eleven = at("11:00").isoformat()
    assert told == {
        (sol.user.pk, "booked", at("09:00").isoformat()),
        (teo.user.pk, "moved", eleven),
        (sol.user.pk, "moved", eleven),
        (teo.user.pk, "cancelled", eleven),
    }
    assert Notification.objects.count() == len(told)


def test_only_who_has_a_main_calendar_sends_a_copy(queued: Queue) -> None:
    alone, copied = attends(), attends()
    make_calendar(seller=copied)
    assert booked(seller=alone).push_after is None
    assert booked(seller=copied).push_after == NOW


def test_the_next_step_is_the_earliest_of_tasks_and_appointments() -> None:
    from crm.services import tasks

    event = booked()
    lead = event.lead
    assert lead is not None
    task = tasks.create_task(title="Llamar", due_at=at("08:00"), lead=lead, by=BY)
    assert Lead.objects.get(pk=lead.pk).next_step_at == at("08:00")
    tasks.finish(task=task, by=BY)
    assert Lead.objects.get(pk=lead.pk).next_step_at == at("09:00")


ACTS = st.lists(
    st.tuples(st.sampled_from(["book", "move", "cancel", "confirm", "settle", "relead"]), st.integers(0, 7)),
    max_size=12,
)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(acts=ACTS)
def test_the_next_step_never_drifts_whatever_happens_to_appointments(
    friday: object, acts: list[tuple[str, int]]
) -> None:
    contact, seller = make_contact(), attends()
    leads = [make_lead(contact=contact), make_lead(contact=contact)]
    made: list[AgendaEvent] = []
    for act, n in acts:
        start = at("09:00", day=n)
        try:
            if act == "book":
                end = start + timedelta(hours=1)
                made.append(booked(seller=seller, lead=leads[n % 2], start=start, end=end))
            elif made and act == "move":
                booking.reschedule(event=made[n % len(made)], start=start, by=BY)
            elif made and act == "settle":
                with time_machine.travel(at("23:00", day=n), tick=False):
                    events.set_outcome(event=made[n % len(made)], came=True, by=BY)
            elif made and act == "relead":
                events.update_event(event=made[n % len(made)], lead=leads[n % 2], by=BY)
            elif made:
                {"cancel": events.cancel, "confirm": events.confirm}[act](event=made[n % len(made)], by=BY)
        except AppError:
            pass  # taken, or over: then nothing has changed
        assert not drifted().exists()
    for lead in leads:
        before = Lead.objects.get(pk=lead.pk).next_step_at
        steps.refresh(lead.pk)
        assert Lead.objects.get(pk=lead.pk).next_step_at == before
