"""Our appointments in the seller's Google Calendar."""

from typing import Any

import pytest

from config.lib.errors import ProviderError
from crm.agenda.sync import pushing
from crm.domain.calendar_copy import etag_in
from crm.models import AgendaEvent
from crm.services import privacy
from tenants.context import tenant_context
from tenants.domain.privacy import Subject
from tests.crm.agenda.sync.conftest import Both, adapter
from tests.factories.agenda import make_calendar, make_service
from tests.factories.crm import make_contact, make_seller
from tests.fakes.google_calendar import Fault


def summaries(both: Both) -> list[str]:
    return [each["summary"] for each in both.theirs()]


def test_a_booking_goes_out_with_the_contacts_name_and_nothing_private(both: Both) -> None:
    with tenant_context(both.tenant):
        service = make_service(name="Tasación")
        contact = make_contact(name="Juan Paz", phone="+5491155550000")
    event = both.book(10, title="", service=service, contact=contact, note="Quiere vender rápido", place="Oficina 3")
    both.push()
    [copy] = both.theirs()
    assert (copy["summary"], copy["location"]) == ("Tasación · Juan Paz", "Oficina 3")
    assert "5491155550000" not in str(copy)
    assert "vender" not in str(copy)
    row = both.row(event)
    assert (row.google_calendar_event_id, etag_in(row.google_etag)) == (copy["id"], copy["etag"])
    assert (row.pushed_revision, row.push_after, row.push_error) == (row.revision, None, "")


def test_moving_and_cancelling_here_moves_and_cancels_there(both: Both) -> None:
    event = both.book(10)
    both.push()
    both.move(event, 15)
    both.push()
    [copy] = both.theirs()
    assert both.hours(copy) == (15, 16)
    both.cancel(event)
    both.push()
    assert both.theirs() == []
    assert both.row(event).pushed_revision == both.row(event).revision


def test_nothing_is_sent_twice(both: Both) -> None:
    both.book(10)
    both.push()
    calls = len(both.google.calls())
    both.push()
    assert len(both.google.calls()) == calls


def test_holds_and_sellers_without_a_calendar_are_not_sent(both: Both) -> None:
    with tenant_context(both.tenant):
        other = make_seller()
    both.book(9, seller=other)
    with tenant_context(both.tenant):
        from tests.factories.agenda import make_event

        make_event(seller=both.seller, status="held", hold_until=both.at(50), starts_at=both.at(12))
    both.push()
    assert both.theirs() == []


def test_what_was_booked_before_the_calendar_was_joined_is_sent_and_the_past_is_not(both: Both) -> None:
    both.book(10, title="Futura")
    both.book(-72, title="Pasada")
    both.push()
    assert summaries(both) == ["Futura · Juan Paz"]


@pytest.mark.parametrize("do", ["late_error", "late_drop", "garbage", "partial"])
def test_an_insert_that_came_through_without_an_answer_is_found_again(both: Both, do: str) -> None:
    event = both.book(10)
    both.google.script(Fault(do, "insert", status=503))
    both.push()
    assert both.row(event).push_error
    both.push()
    assert len(both.theirs()) == 1
    assert etag_in(both.row(event).google_etag) == both.theirs()[0]["etag"]
    assert len(both.google.calls("insert")) == 1


@pytest.mark.parametrize("do", ["late_error", "late_drop"])
def test_a_change_that_came_through_without_an_answer_is_recognised(both: Both, do: str) -> None:
    event = both.book(10)
    both.push()
    both.move(event, 12)
    both.google.script(Fault(do, "patch", status=503))
    both.push()
    both.sync()
    assert both.conflicts() == []
    assert both.row(event).pushed_revision == both.row(event).revision
    assert etag_in(both.row(event).google_etag) == both.copy(event)["etag"]


def test_a_crash_between_the_call_and_its_note_loses_and_doubles_nothing(
    both: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = both.book(10)

    def die(*_: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(pushing, "_noted", die)
        with pytest.raises(SystemExit):
            both.push()
    both.move(event, 14)  # a change resets the count of tries
    both.sync()
    [copy] = both.theirs()
    assert both.hours(copy) == (14, 15)
    assert both.conflicts() == []


@pytest.mark.parametrize("do", ["over", "twin"])
def test_an_insert_that_google_took_twice_leaves_one_copy(both: Both, do: str, monkeypatch: pytest.MonkeyPatch) -> None:
    event = both.book(10)
    both.google.script(Fault("late_drop", "insert"))
    both.push()
    # Not even a look finds the first one yet.
    monkeypatch.setattr(type(adapter()), "get", late(type(adapter()).get))
    both.google.script(Fault(do, "insert"))
    both.push()
    both.sync()
    assert len(both.theirs()) == 1
    assert both.theirs()[0]["id"] == both.row(event).google_calendar_event_id
    assert both.blocks() == []


def late(get: Any) -> Any:
    """The first look finds nothing."""
    looks = iter([None])

    def looked(self: object, *args: object, **more: object) -> Any:
        for nothing in looks:
            return nothing
        return get(self, *args, **more)

    return looked


def test_the_id_of_a_deleted_copy_is_not_used_again(both: Both) -> None:
    event = both.book(10)
    both.google.script(Fault("late_drop", "insert"))
    both.push()
    both.remove(event)
    both.push()
    [copy] = both.theirs()
    assert copy["id"] == both.row(event).google_calendar_event_id
    assert copy["id"].endswith("v2")


def test_a_change_over_there_is_not_written_over(both: Both) -> None:
    """412: they named another place, we another title; both stay."""
    event = both.book(10)
    both.push()
    both.edit(event, location="En su casa")
    both.name(event, "Segunda visita")
    both.push()
    assert both.google.calls("patch")[0].status == 412
    copy, row = both.copy(event), both.row(event)
    assert (copy["summary"], copy["location"]) == ("Segunda visita · Juan Paz", "En su casa")
    assert (row.title, row.place) == ("Segunda visita", "En su casa")
    assert both.conflicts() == []


def test_the_same_changed_on_both_sides_waits_for_a_person(both: Both) -> None:
    event = both.book(10)
    both.push()
    both.drag(event, 16)
    both.move(event, 12)
    both.push()
    [conflict] = both.conflicts()
    assert conflict.kind == "edited"
    assert both.row(event).starts_at == both.at(12)
    assert both.hours(both.copy(event)) == (16, 17)
    both.sync()
    assert len(both.conflicts()) == 1


def test_a_copy_deleted_over_there_before_it_was_cancelled_here_is_done(both: Both) -> None:
    event = both.book(10)
    both.push()
    both.remove(event)
    both.cancel(event)
    both.push()
    assert both.google.calls("delete")[-1].status == 410
    assert both.row(event).pushed_revision == both.row(event).revision


def test_another_seller_gets_the_copy_and_the_first_one_loses_it(both: Both) -> None:
    event = both.book(10)
    both.push()
    with tenant_context(both.tenant):
        other = make_seller()
        make_calendar(seller=other, calendar_id="teo@example.test")
        from crm.agenda import booking
        from tests.crm.agenda.sync.conftest import ANA

        booking.reschedule(event=event, by=ANA, seller=other, look=False)
    both.google.add_calendar("teo@example.test")
    both.read()  # nobody takes our own way out for a cancellation
    both.google.script(Fault("late_drop", "delete"))
    both.push()
    both.read()
    both.push()
    assert both.theirs() == []
    assert len(both.google.events("teo@example.test")) == 1
    assert both.row(event).status == "scheduled"
    assert both.conflicts() == []


@pytest.mark.parametrize(
    ("status", "reason", "least"),
    [
        (403, "rateLimitExceeded", 1),
        (429, "rateLimitExceeded", 1),
        (403, "quotaExceeded", 2000),
        (403, "forbidden", 2000),
    ],
)
def test_a_refusal_is_said_and_tried_again_later(both: Both, status: int, reason: str, least: int) -> None:
    event = both.book(10)
    both.google.fail(status, reason, call="insert")
    both.push()
    row = both.row(event)
    assert row.push_error
    assert row.push_after is not None
    assert (row.push_after - row.updated_at).total_seconds() > least
    both.push()
    assert len(both.theirs()) == 1
    assert both.row(event).push_error == ""


def test_a_calendar_that_is_gone_cancels_no_appointment(both: Both) -> None:
    event = both.book(10)
    both.push()
    both.google.books.calendars.clear()
    both.move(event, 12)
    both.push()
    both.read()
    assert both.row(event).status == "scheduled"
    assert both.row(event).push_error
    assert both.calendar().state == "gone"


def test_an_erased_contact_disappears_from_google_as_well(both: Both) -> None:
    event = both.book(10, note="Quiere vender")
    both.push()
    with tenant_context(both.tenant):
        privacy.forget(Subject(contact_id=str(event.contact_id)))
        row = AgendaEvent.objects.get(pk=event.pk)
        assert (row.contact_id, row.title, row.note) == (None, "", "")
    both.sync()
    assert both.theirs() == []
    assert both.blocks() == []


def test_without_an_account_nothing_is_tried_twice_in_a_row(both: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    from crm.agenda import connection

    def nobody() -> None:
        raise ProviderError("no account", kind="auth", code="invalid_grant")

    monkeypatch.setattr(connection, "client", nobody)
    events = [both.book(10), both.book(12)]
    assert pushing.push_due(tenant=both.tenant) == 0
    assert [bool(both.row(event).push_error) for event in events] == [True, False]
    with tenant_context(both.tenant):
        assert AgendaEvent.objects.filter(google_etag="").count() == 2
