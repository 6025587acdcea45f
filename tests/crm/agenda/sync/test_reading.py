"""Busy times of the seller's Google Calendar, and what was done to our copies there."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from crm.agenda import events
from crm.agenda.sync import lease, pushing, reading
from crm.calendars.base import RemoteEvent
from crm.models import AgendaEvent, CalendarBlock, ExternalCalendar, Notification
from tenants.context import tenant_context
from tests.crm.agenda.sync.conftest import ANA, Both
from tests.fakes.google_calendar import Fault
from tests.support.cast import Person
from tests.support.tasks import Queue


def lists(both: Both) -> list[dict[str, str]]:
    return [call.query for call in both.google.calls("list")]


def test_busy_times_are_read_whole_and_afterwards_only_what_changed(both: Both) -> None:
    made = both.google.add_event(both.calendar_id, both.at(9), both.at(10), "Dentista")
    both.google.add_event(both.calendar_id, both.at(12), both.at(13), "Almuerzo")
    both.read()
    assert both.blocks() == [
        (both.at(9), both.at(10), "Dentista"),
        (both.at(12), both.at(13), "Almuerzo"),
    ]
    both.google.edit(both.calendar_id, made["id"], start=both.at(15), end=both.at(17))
    both.google.add_event(both.calendar_id, both.at(20), both.at(21), "Gimnasio")
    both.read()
    assert [title for _start, _end, title in both.blocks()] == ["Almuerzo", "Dentista", "Gimnasio"]
    assert ["syncToken" in query for query in lists(both)] == [False, True]
    both.google.remove(both.calendar_id, made["id"])
    both.read()
    assert [title for _start, _end, title in both.blocks()] == ["Almuerzo", "Gimnasio"]
    row = both.calendar()
    assert (row.state, row.error, row.fails) == ("ok", "", 0)


def test_pages_are_read_to_the_end_also_after_an_empty_one(both: Both) -> None:
    both.google.books.page_size, both.google.books.empty_page = 2, True
    for hour in range(5):
        both.google.add_event(both.calendar_id, both.at(hour), both.at(hour + 1))
    both.read()
    assert len(both.blocks()) == 5
    assert len(lists(both)) == 4


def test_a_lost_token_means_everything_anew_and_what_is_gone_goes(both: Both) -> None:
    kept = both.google.add_event(both.calendar_id, both.at(9), both.at(10), "Queda")
    gone = both.google.add_event(both.calendar_id, both.at(11), both.at(12), "Se va")
    event = both.book(15)
    both.push()
    both.read()
    copy = both.row(event).google_calendar_event_id
    both.google.books.forget(both.calendar_id, gone["id"])
    both.google.books.forget(both.calendar_id, copy)
    both.google.expire_sync_tokens(both.calendar_id)
    both.read()
    assert [title for _start, _end, title in both.blocks()] == ["Queda"]
    assert both.row(event).status == "cancelled"
    assert kept["id"]
    assert both.calendar().state == "ok"


@pytest.mark.parametrize("fault", [Fault("error", "list", status=503), Fault("drop", "list"), Fault("garbage", "list")])
def test_a_list_that_breaks_off_takes_nothing_away(both: Both, fault: Fault) -> None:
    for hour in range(5):
        both.google.add_event(both.calendar_id, both.at(hour), both.at(hour + 1), f"{hour}")
    both.read()
    token = both.calendar().sync_token
    both.google.expire_sync_tokens(both.calendar_id)
    both.google.books.page_size = 2
    both.google.script(Fault("error", "list", status=410, reason="fullSyncRequired"), Fault("ok", "list"), fault)
    both.read()
    assert len(both.blocks()) == 5
    row = both.calendar()
    assert (row.sync_token, row.fails) == (token, 1)
    assert row.error
    both.read()
    assert len(both.blocks()) == 5
    assert both.calendar().fails == 0


def test_the_list_is_read_whole_once_a_week(both: Both) -> None:
    both.read()
    both.read()
    with time_machine.travel(timezone.now() + timedelta(days=7)):
        both.read()
    assert ["syncToken" in query for query in lists(both)] == [False, True, False]


@pytest.mark.parametrize(
    "fields",
    [
        {"transparency": "transparent"},
        {"eventType": "workingLocation"},
        {"attendees": [{"email": "sol@example.test", "self": True, "responseStatus": "declined"}]},
        {"status": "cancelled"},
    ],
    ids=["free", "place", "declined", "cancelled"],
)
def test_what_takes_no_time_is_no_busy_time_any_more(both: Both, fields: dict[str, Any]) -> None:
    made = both.google.add_event(both.calendar_id, both.at(9), both.at(10))
    both.read()
    assert len(both.blocks()) == 1
    both.google.edit(both.calendar_id, made["id"], **fields)
    both.read()
    assert both.blocks() == []


def test_a_whole_day_is_that_day_where_the_calendar_is(both: Both) -> None:
    both.google.books.calendar(both.calendar_id).zone = "America/Argentina/Buenos_Aires"
    both.google.add_event(both.calendar_id, both.at(0).date(), both.at(24).date(), "Feria")
    both.read()
    assert both.blocks() == [(both.at(3), both.at(27), "Feria")]


def test_what_is_too_far_away_is_not_kept(both: Both) -> None:
    both.google.add_event(both.calendar_id, both.at(24 * 500), both.at(24 * 500 + 1))
    both.google.add_event(both.calendar_id, both.at(-100), both.at(-99))
    both.read()
    assert both.blocks() == []


def test_each_time_of_a_series_is_one_busy_time(both: Both) -> None:
    both.google.add_series(both.calendar_id, both.at(9), both.at(10), "Reunión", count=3)
    both.read()
    assert len(both.blocks()) == 3


def test_our_own_copies_are_no_busy_times(both: Both) -> None:
    event = both.book(10)
    both.sync()
    assert both.blocks() == []
    both.name(event, "Otra")
    both.sync()
    assert both.blocks() == []
    assert both.row(event).title == "Otra"


def test_a_copy_moved_over_there_moves_the_appointment(both: Both, queued: Queue) -> None:
    event = both.book(10)
    both.sync()
    both.drag(event, 16)
    both.read()
    row = both.row(event)
    assert (row.starts_at, row.ends_at, row.moves) == (both.at(16), both.at(17), 1)
    assert row.pushed_revision == row.revision
    writes = len(both.google.calls("patch"))
    both.sync()
    assert len(both.google.calls("patch")) == writes
    both.drag(event, 18)  # and once more, right after
    both.sync()
    assert both.row(event).starts_at == both.at(18)
    both.move(event, 11)
    both.sync()
    assert both.hours(both.copy(event)) == (11, 12)
    assert both.conflicts() == []


def test_title_and_place_written_over_there_are_taken(both: Both) -> None:
    event = both.book(10)
    both.sync()
    both.edit(event, summary="Con el arquitecto · Juan Paz", location="Obra")
    both.sync()
    row = both.row(event)
    assert (row.title, row.place) == ("Con el arquitecto", "Obra")


def test_a_copy_deleted_over_there_cancels_the_appointment(both: Both) -> None:
    event = both.book(10)
    both.sync()
    both.remove(event)
    both.sync()
    row = both.row(event)
    assert (row.status, bool(row.cancel_reason)) == ("cancelled", True)
    assert row.pushed_revision == row.revision
    assert both.theirs() == []


def test_what_is_brought_back_over_there_is_a_busy_time(both: Both) -> None:
    event = both.book(10)
    both.sync()
    both.cancel(event)
    both.sync()
    both.edit(event, status="confirmed")
    both.sync()
    assert both.row(event).status == "cancelled"
    assert len(both.blocks()) == 1


def test_a_copy_moved_onto_something_else_waits_for_a_person(both: Both) -> None:
    event, _other = both.book(10), both.book(12)
    both.sync()
    both.drag(event, 12)
    both.sync()
    [conflict] = both.conflicts()
    assert (conflict.kind, conflict.event_id) == ("moved", event.pk)
    assert both.row(event).starts_at == both.at(10)
    assert both.hours(both.copy(event)) == (12, 13)
    both.drag(event, 14)  # put right by hand
    both.sync()
    assert both.conflicts() == []
    assert both.row(event).starts_at == both.at(14)


def test_a_copy_made_a_whole_day_waits_for_a_person(both: Both) -> None:
    event = both.book(10)
    both.sync()
    both.edit(event, start=both.at(0).date(), end=both.at(24).date())
    both.sync()
    assert [each.kind for each in both.conflicts()] == ["moved"]
    assert both.row(event).starts_at == both.at(10)


def test_a_copy_deleted_over_there_and_changed_here_waits_for_a_person(both: Both) -> None:
    event = both.book(10)
    both.sync()
    both.remove(event)
    both.move(event, 12)
    both.read()
    assert [each.kind for each in both.conflicts()] == ["deleted"]
    assert both.row(event).status == "scheduled"
    both.cancel(event)
    both.push()
    assert both.conflicts() == []


def test_a_busy_time_over_an_appointment_keeps_both_and_tells_the_seller_once(both: Both, sol: Person) -> None:
    with tenant_context(both.tenant):
        both.seller.user_id = sol.user.pk
        both.seller.save()
    event = both.book(10)
    made = both.google.add_event(both.calendar_id, both.at(10.5), both.at(12), "Médico")
    both.read()
    [conflict] = both.conflicts()
    assert (conflict.kind, conflict.event_id) == ("overlap", event.pk)
    assert "Médico" not in str(conflict.theirs)
    assert both.row(event).status == "scheduled"
    assert both.blocks() == [(both.at(10.5), both.at(12), "Médico")]
    both.google.expire_sync_tokens(both.calendar_id)
    both.read()
    with tenant_context(both.tenant):
        assert Notification.objects.filter(user=sol.user, href="/agenda/conflictos/").count() == 1
    both.google.edit(both.calendar_id, made["id"], start=both.at(13), end=both.at(14))
    both.read()
    assert both.conflicts() == []


def test_a_copy_duplicated_by_a_person_at_another_time_is_a_busy_time(both: Both) -> None:
    event = both.book(10)
    both.sync()
    copy = both.copy(event)
    fields = {"extendedProperties": copy["extendedProperties"]}
    both.google.add_event(both.calendar_id, both.at(15), both.at(16), copy["summary"], **fields)
    both.sync()
    assert [start for start, _end, _title in both.blocks()] == [both.at(15)]
    assert both.row(event).starts_at == both.at(10)
    assert len(both.theirs()) == 2


def test_a_reader_that_was_overtaken_notes_nothing(both: Both) -> None:
    both.read()
    token = both.calendar().sync_token
    with tenant_context(both.tenant):
        ExternalCalendar.objects.update(sync_after=None)
        calendar = lease.claim()
        assert calendar is not None
        ExternalCalendar.objects.update(sync_token="")
    reading.read(tenant=both.tenant, calendar=calendar)
    assert both.calendar().sync_token == ""
    assert token


def test_a_calendar_given_to_somebody_else_while_it_is_read_is_left_alone(both: Both) -> None:
    both.google.add_event(both.calendar_id, both.at(9), both.at(10))
    with tenant_context(both.tenant):
        calendar = lease.claim()
        ExternalCalendar.objects.update(seller=None, is_main=False)
    assert calendar is not None
    reading.read(tenant=both.tenant, calendar=calendar)
    assert both.blocks() == []


def test_one_calendar_has_one_reader_and_who_knocks_meanwhile_is_heard(both: Both, queued: Queue) -> None:
    with tenant_context(both.tenant):
        calendar = lease.claim()
        assert calendar is not None
        assert lease.claim() is None
        lease.wake(calendar.pk)
        assert lease.claim() is None
    assert queued.named("read_calendars") == []
    reading.read(tenant=both.tenant, calendar=calendar)
    assert len(queued.named("read_calendars")) == 1
    with tenant_context(both.tenant):
        assert lease.claim() is not None


def test_a_calendar_that_fails_says_so_and_is_asked_more_seldom(both: Both) -> None:
    both.read()
    both.google.fail(503, call="list", times=-1)
    pauses = []
    for _try in range(8):
        both.read()
        row = both.calendar()
        assert row.sync_after is not None
        pauses.append((row.sync_after - timezone.now()).total_seconds())
    assert (row.state, row.fails) == ("failing", 8)
    assert row.error
    assert pauses[0] < 60
    assert pauses[0] < pauses[3] < pauses[-1] <= 15 * 60
    both.google.calm()
    both.read()
    assert (both.calendar().state, both.calendar().error) == ("ok", "")


def test_one_hiccup_does_not_make_a_calendar_unreadable(both: Both) -> None:
    both.read()
    both.google.fail(503, call="list")
    both.read()
    assert both.calendar().state == "ok"


def test_the_least_pause_is_what_google_asked_for(both: Both) -> None:
    both.google.fail(403, "quotaExceeded", call="list")
    both.read()
    row = both.calendar()
    assert row.sync_after is not None
    assert row.sync_after > timezone.now() + timedelta(minutes=45)


def test_what_is_done_over_there_to_an_appointment_that_is_over_changes_nothing(both: Both) -> None:
    event = both.book(-30)
    both.sync()
    with tenant_context(both.tenant):
        events.set_outcome(event=event, came=True, by=ANA)
    both.push()
    both.drag(event, 30)
    both.sync()
    row = both.row(event)
    assert (row.status, row.starts_at) == ("done", both.at(-30))
    assert row.pushed_revision == row.revision


def test_an_erased_appointment_leaves_its_copy_as_a_busy_time_without_a_name(both: Both) -> None:
    event = both.book(10)
    both.sync()
    with tenant_context(both.tenant):
        AgendaEvent.objects.filter(pk=event.pk).delete()
    both.google.expire_sync_tokens(both.calendar_id)
    both.read()
    assert both.blocks() == [(both.at(10), both.at(11), "")]


def test_a_page_costs_the_same_whatever_is_in_it(both: Both, statements: Any) -> None:
    def cost(count: int) -> int:
        for number in range(count):
            both.google.add_event(both.calendar_id, both.at(number), both.at(number + 1))
        with statements() as seen:
            both.read()
        return len(seen)

    cost(1)
    few, many = cost(2), cost(60)
    assert few == many


def test_blocks_and_bookings_meet_under_the_sellers_row(both: Both) -> None:
    with tenant_context(both.tenant):
        calendar = ExternalCalendar.objects.get(calendar_id=both.calendar_id)
        free = RemoteEvent("a", "1", title="", starts_at=both.at(9), ends_at=both.at(10))
        assert reading.place_blocks(calendar=calendar, found=[free]) == []
    event = both.book(12)
    with tenant_context(both.tenant):
        busy = RemoteEvent("b", "1", title="", starts_at=both.at(12), ends_at=both.at(13))
        assert len(reading.place_blocks(calendar=calendar, found=[busy])) == 1
        assert CalendarBlock.objects.count() == 2
    assert [each.event_id for each in both.conflicts()] == [event.pk]
    assert pushing.push_due(tenant=both.tenant) == 1
