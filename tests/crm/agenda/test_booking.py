"""Booking in one step: once however often it is asked, never over something else, with three ways out for who came late."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from config.lib.errors import Invalid, NotFound
from crm import tasks
from crm.agenda import availability, booking, offers
from crm.agenda.booking import Taken
from crm.domain.slots import Span
from crm.models import AgendaEvent, Contact, Lead, Seller
from crm.services import steps
from tenants.domain.actor import Actor
from tests.crm.agenda.conftest import NOW, Google, at, attends, monday, starts
from tests.factories.agenda import make_block, make_calendar, make_event, make_service
from tests.factories.crm import make_contact, make_lead, make_seller
from tests.factories.crm_more import make_absence

pytestmark = pytest.mark.usefixtures("friday")
BY = Actor.system("Pruebas")
Source = AgendaEvent.Source


def offer(clock: str = "09:00", **over: Any) -> str:
    """Of that Monday time."""
    return next(slot.offer for slot in monday(look=False, **over).slots if slot.start == at(clock))


def book(token: str, contact: Contact | None = None, **over: Any) -> booking.Booked:
    given = {"contact": contact or make_contact(), "by": BY, "source": Source.AGENT}
    return booking.book(offer=token, **{**given, **over})


# --- book ----------------------------------------------------------------------------------------------------------
def test_an_offer_becomes_an_appointment_in_one_step() -> None:
    seller = attends()
    service = make_service(name="Visita", place="Av. Siempreviva 742", buffer_after=15)
    contact = make_contact()
    booked = book(offer(service=service), contact, note="Trae planos")

    event = AgendaEvent.objects.get(pk=booked.event.pk)
    assert booked.new
    assert (event.seller, event.contact, event.service) == (seller, contact, service)
    assert (event.starts_at, event.ends_at) == (at("09:00"), at("10:00"))
    assert (event.period.lower, event.period.upper) == (at("09:00"), at("10:15"))
    assert (event.status, event.source, event.kind) == ("scheduled", "agent", "meeting")
    assert (event.title, event.place, event.note) == ("Visita", "Av. Siempreviva 742", "Trae planos")
    assert event.actor_label == "Pruebas"


def test_the_same_offer_again_is_the_same_appointment() -> None:
    attends()
    token, contact = offer(), make_contact()
    first = book(token, contact)
    with time_machine.travel(NOW + timedelta(hours=3), tick=False):  # long after the offer ended
        again = book(token, contact)
    assert (again.event.pk, again.new) == (first.event.pk, False)
    assert AgendaEvent.objects.count() == 1


def test_an_offer_that_is_late_or_forged_books_nothing() -> None:
    attends()
    token = offer()
    with time_machine.travel(NOW + timedelta(minutes=31), tick=False), pytest.raises(Invalid) as late:
        book(token)
    with pytest.raises(Invalid) as forged:
        book(token[:-1])
    assert (late.value.code, forged.value.code) == ("offer_expired", "offer_invalid")
    assert not AgendaEvent.objects.exists()


def test_what_was_offered_to_somebody_is_not_anybodys() -> None:
    attends()
    token = offer(contact=make_contact())
    with pytest.raises(Invalid) as refused:
        book(token)
    assert refused.value.code == "offer_invalid"


def test_an_offer_to_move_an_appointment_does_not_book_another() -> None:
    event = make_event(seller=attends(), starts_at=at("12:00"))
    with pytest.raises(Invalid) as refused:
        book(offer(moving=event), event.contact)
    assert refused.value.code == "offer_invalid"


def test_what_was_called_off_is_not_booked_again_by_its_old_offer() -> None:
    attends()
    token, contact = offer(), make_contact()
    AgendaEvent.objects.filter(pk=book(token, contact).event.pk).update(status="cancelled")
    with pytest.raises(Invalid) as refused:
        book(token, contact)
    assert refused.value.code == "offer_expired"


@pytest.mark.parametrize("what", ["event", "block", "absence", "seller gone", "service gone", "limit", "past"])
def test_who_comes_late_gets_three_free_times(what: str) -> None:
    seller, other = attends(name="Sol"), attends(name="Teo")
    service, contact = make_service(daily_limit=1 if what == "limit" else None), make_contact()
    token = offer(sellers=[seller], service=service)
    now = NOW
    if what == "event":
        make_event(seller=seller, starts_at=at("09:30"))
    elif what == "block":
        make_block(calendar=make_calendar(seller=seller), starts_at=at("08:30"))
    elif what == "absence":
        make_absence(seller=seller, starts_at=at("00:00"), ends_at=at("24:00"))
    elif what == "seller gone":
        Seller.objects.filter(pk=seller.pk).update(is_active=False)
    elif what == "service gone":
        seller.services.add(make_service())
    elif what == "limit":
        make_event(seller=seller, service=service, starts_at=at("12:00"))
    else:
        now = at("09:01")
        token = offers.make(seller=seller, service=service, start=at("09:00"), end=at("10:00"), minutes=5000)
    with time_machine.travel(now, tick=False), pytest.raises(Taken) as refused:
        book(token, contact, look=False)

    slots = refused.value.alternatives
    assert (refused.value.code, refused.value.status, len(slots)) == ("slot_taken", 409, 3)
    free_seller = other if what in ("absence", "seller gone", "service gone", "limit") else seller
    assert slots[0].seller == free_seller
    assert all(slot.start > now for slot in slots)
    assert not AgendaEvent.objects.filter(source="agent").exists()
    with time_machine.travel(now, tick=False):
        assert book(slots[0].offer, contact, look=False).new


@pytest.mark.parametrize("bound", [True, False])
def test_other_times_are_offered_to_whom_the_first_was(bound: bool) -> None:
    """Somebody made known in the same request is not there any more when it is refused."""
    seller, contact = attends(), make_contact()
    token = offer(contact=contact if bound else None)
    make_event(seller=seller, starts_at=at("09:00"))
    with pytest.raises(Taken) as refused:
        book(token, contact)
    whom = {offers.read(slot.offer).contact for slot in refused.value.alternatives}
    assert whom == {contact.pk if bound else None}


def test_the_free_minutes_around_are_kept_too() -> None:
    seller, service = attends(), make_service(buffer_before=30)
    token = offer("10:00", service=service)
    make_event(seller=seller, starts_at=at("09:00"), ends_at=at("09:45"))
    with pytest.raises(Taken):
        book(token)


def test_of_one_offer_to_anybody_only_the_first_gets_it() -> None:
    attends()
    token = offer()
    assert book(token).new
    with pytest.raises(Taken):
        book(token)


def test_it_is_of_the_contacts_latest_open_lead_and_its_next_step() -> None:
    attends()
    contact = make_contact()
    make_lead(contact=contact, closed_at=NOW)
    lead = make_lead(contact=contact)
    event = book(offer(), contact).event
    assert event.lead == lead
    assert Lead.objects.get(pk=lead.pk).next_step_at == at("09:00")


def test_somebody_elses_lead_is_refused() -> None:
    attends()
    with pytest.raises(Invalid) as refused:
        book(offer(), lead=make_lead())
    assert "lead" in refused.value.fields


def test_it_says_why_this_seller() -> None:
    seller = attends()
    owned = make_lead(owner=seller).contact
    assert book(offer("09:00"), owned).event.why == {"code": "owner"}
    assert book(offer("10:00")).event.why == {"code": "chosen"}
    assert book(offer("11:00"), why={"code": "rotation", "held": 2}).event.why == {"code": "rotation", "held": 2}


# --- external calendars ---------------------------------------------------------------------------------------------
def test_a_calendar_that_cannot_be_read_is_not_booked(google: Google) -> None:
    seller = attends()
    make_calendar(seller=seller)
    token = offer()
    google.unknown = {seller.pk}
    with pytest.raises(Invalid) as refused:
        book(token)
    assert refused.value.code == "calendar_unknown"
    assert not AgendaEvent.objects.exists()


def test_what_google_says_at_the_last_moment_counts(google: Google) -> None:
    seller = attends()
    make_calendar(seller=seller)
    token = offer()
    google.busy[seller.pk] = [Span(at("09:00"), at("09:05"))]
    with pytest.raises(Taken) as refused:
        book(token)
    assert starts(refused.value.alternatives) == ["10:00", "11:00", "12:00"]


def test_without_a_look_an_old_reading_is_not_booked() -> None:
    seller = attends()
    calendar = make_calendar(seller=seller)
    token = offer()
    calendar.synced_at = NOW - timedelta(hours=1)
    calendar.save()
    with pytest.raises(Invalid) as refused:
        book(token, look=False)
    assert refused.value.code == "calendar_unknown"


# --- holds ----------------------------------------------------------------------------------------------------------
def test_a_hold_keeps_others_out_until_it_ends() -> None:
    attends()
    token, late = offer(), offer()
    held = booking.hold(offer=token, minutes=5, by=BY)
    assert starts(monday()) == ["10:00", "11:00", "12:00"]
    with pytest.raises(Taken):
        book(late)
    with time_machine.travel(NOW + timedelta(minutes=6), tick=False):
        assert book(late).new
    assert not AgendaEvent.objects.filter(pk=held.pk).exists()


def test_whoever_holds_it_books_the_same_row() -> None:
    attends()
    token, contact = offer(), make_contact()
    held = booking.hold(offer=token, minutes=5, by=BY)
    assert booking.hold(offer=token, minutes=5, by=BY).pk == held.pk
    event = book(token, contact).event
    event.refresh_from_db()
    assert (event.pk, event.status, event.contact, event.hold_until) == (held.pk, "scheduled", contact, None)


def test_a_hold_can_be_let_go_and_nothing_else() -> None:
    attends()
    held = booking.hold(offer=offer(), minutes=5, by=BY)
    with pytest.raises(NotFound):
        booking.let_go(pk=held.pk, by=Actor("user", "7", "Otra"))
    booking.let_go(pk=held.pk, by=BY)
    with pytest.raises(NotFound):
        booking.let_go(pk=book(offer()).event.pk, by=BY)
    assert [event.status for event in AgendaEvent.objects.all()] == ["scheduled"]


def test_holds_that_ended_are_swept() -> None:
    attends()
    booking.hold(offer=offer("09:00"), minutes=5, by=BY)
    booking.hold(offer=offer("10:00"), minutes=15, by=BY)
    with time_machine.travel(NOW + timedelta(minutes=6), tick=False):
        tasks.let_go_holds()
    assert [event.starts_at for event in AgendaEvent.objects.all()] == [at("10:00")]


# --- freely by people -----------------------------------------------------------------------------------------------
def at_will(seller: Seller, clock: str = "21:00", **over: Any) -> AgendaEvent:
    given = {"start": at(clock), "end": at(clock) + timedelta(hours=1), "by": BY, "source": Source.PAGE}
    return booking.book_at(seller=seller, **{**given, **over})


def test_people_choose_any_time_and_never_one_that_is_taken() -> None:
    seller = attends()
    contact = make_contact()
    event = at_will(seller, contact=contact, title="Cena", place="Centro")
    assert (event.contact, event.title, event.place, event.why) == (contact, "Cena", "Centro", {"code": "chosen"})
    with pytest.raises(Taken) as refused:
        at_will(seller, start=at("20:30"), end=at("21:30"))
    assert len(refused.value.alternatives) == 3
    assert all(slot.end - slot.start == timedelta(hours=1) for slot in refused.value.alternatives)
    make_block(calendar=make_calendar(seller=seller), starts_at=at("19:00"))
    with pytest.raises(Taken):
        at_will(seller, "19:30")
    at_will(seller, "22:00")
    at_will(make_seller(), "21:00")


def test_a_busy_time_of_ones_own_needs_nobody() -> None:
    seller = attends()
    event = at_will(seller, "09:00", kind=AgendaEvent.Kind.BUSY, title="Trámite")
    assert (event.kind, event.contact, event.lead) == ("busy", None, None)
    assert starts(monday()) == ["10:00", "11:00", "12:00"]


@pytest.mark.parametrize(
    ("over", "field"),
    [
        ({"end": at("20:00")}, "end"),
        ({"end": at("21:00")}, "end"),
        ({"end": at("21:00", day=15)}, "end"),
        ({"start": at("21:00", day=900), "end": at("22:00", day=900)}, "start"),
        ({"start": at("21:00", day=-900), "end": at("22:00", day=-900)}, "start"),
        ({"title": "x" * 201}, "title"),
    ],
    ids=["backwards", "no time", "too long", "too far", "long ago", "long title"],
)
def test_a_time_that_makes_no_sense_is_refused(over: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        at_will(attends(), **over)
    assert field in refused.value.fields


def test_nobody_books_with_who_no_longer_attends() -> None:
    with pytest.raises(Invalid) as refused:
        at_will(make_seller(is_active=False))
    assert "seller" in refused.value.fields


# --- moving ---------------------------------------------------------------------------------------------------------
def test_moving_keeps_the_row_and_asks_to_confirm_again() -> None:
    seller = attends()
    lead = make_lead()
    event = make_event(seller=seller, contact=lead.contact, lead=lead, starts_at=at("09:00"), status="confirmed")
    steps.refresh(lead.pk)
    moved = booking.reschedule(event=event, offer=offer("10:00", moving=event), by=BY)

    moved.refresh_from_db()
    assert (moved.pk, moved.starts_at, moved.ends_at) == (event.pk, at("10:00"), at("11:00"))
    assert (moved.status, moved.confirmed_at, moved.moves, moved.revision) == ("scheduled", None, 1, 2)
    assert moved.why == {"code": "same"}
    assert Lead.objects.get(pk=lead.pk).next_step_at == at("10:00")
    assert starts(monday()) == ["09:00", "11:00", "12:00"]


def test_moving_twice_with_one_offer_moves_once() -> None:
    event = make_event(seller=attends(), starts_at=at("09:00"))
    token = offer("10:00", moving=event)
    booking.reschedule(event=event, offer=token, by=BY)
    assert booking.reschedule(event=event, offer=token, by=BY).moves == 1


def test_it_can_move_over_its_own_time() -> None:
    event = make_event(seller=attends(), starts_at=at("09:00"), ends_at=at("11:00"))
    moved = booking.reschedule(event=event, offer=offer("10:00", moving=event), by=BY)
    assert (moved.starts_at, moved.ends_at) == (at("10:00"), at("12:00"))


def test_people_move_it_anywhere_free_also_to_a_colleague() -> None:
    event, colleague = make_event(seller=attends(), starts_at=at("09:00")), attends()
    moved = booking.reschedule(event=event, start=at("20:00"), seller=colleague, by=BY)
    assert (moved.seller, moved.starts_at, moved.ends_at) == (colleague, at("20:00"), at("21:00"))
    assert moved.why == {"code": "chosen"}
    longer = booking.reschedule(event=event, end=at("22:00"), by=BY)
    assert (longer.starts_at, longer.ends_at) == (at("20:00"), at("22:00"))


def test_moving_onto_something_changes_nothing_and_names_free_times() -> None:
    seller = attends()
    event, other = make_event(seller=seller, starts_at=at("09:00")), make_event(seller=seller, starts_at=at("11:00"))
    with pytest.raises(Taken) as refused:
        booking.reschedule(event=event, start=at("10:30"), by=BY)
    event.refresh_from_db()
    assert (event.starts_at, event.moves) == (at("09:00"), 0)
    assert starts(refused.value.alternatives) == ["10:00", "09:00", "12:00"]
    again = booking.reschedule(event=event, offer=refused.value.alternatives[0].offer, by=BY)
    assert (again.starts_at, other.starts_at) == (at("10:00"), at("11:00"))


def test_what_is_over_does_not_move() -> None:
    event = make_event(seller=attends(), starts_at=at("09:00"), status="cancelled")
    with pytest.raises(Invalid) as refused:
        booking.reschedule(event=event, start=at("10:00"), by=BY)
    assert refused.value.code == "closed"


def test_an_offer_for_another_appointment_moves_nothing() -> None:
    seller = attends()
    event, other = make_event(seller=seller, starts_at=at("09:00")), make_event(seller=seller, starts_at=at("10:00"))
    with pytest.raises(Invalid) as refused:
        booking.reschedule(event=event, offer=offer("11:00", moving=other), by=BY)
    assert refused.value.code == "offer_invalid"


def test_moving_asks_google_about_the_new_time_only(google: Google) -> None:
    seller = attends()
    event = make_event(seller=seller, starts_at=at("09:00"))
    make_calendar(seller=seller)
    token = offer("10:00", moving=event)
    google.unknown = {seller.pk}
    with pytest.raises(Invalid) as refused:
        booking.reschedule(event=event, offer=token, by=BY)
    assert refused.value.code == "calendar_unknown"
    assert booking.reschedule(event=event, start=at("10:00"), by=BY).moves == 1  # a person knows what they do
    assert availability.is_clear(make_seller().pk, Span(at("09:00"), at("10:00"))) is True
