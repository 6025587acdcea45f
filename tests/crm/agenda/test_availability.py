"""What is free: hours and what differs from them, whatever takes time, and calendars that must be sure."""

from datetime import date, timedelta

import pytest

from crm.agenda import availability, offers
from crm.domain.slots import Span
from tests.crm.agenda.conftest import MONDAY, NOW, Google, at, attends, monday, starts
from tests.factories.agenda import (
    make_agenda_settings,
    make_block,
    make_calendar,
    make_event,
    make_hours_exception,
    make_service,
)
from tests.factories.crm import make_contact, make_seller
from tests.factories.crm_more import make_absence
from tests.support.cast import Person

pytestmark = pytest.mark.usefixtures("friday")
ALL = ["09:00", "10:00", "11:00", "12:00"]


def test_a_sellers_own_hours_count_and_without_them_the_companys() -> None:
    attends()
    without = make_seller()
    assert starts(monday(sellers=[without])) == [*ALL, "13:00", "14:00", "15:00", "16:00", "17:00"]


def test_several_sellers_at_one_time_give_one_slot_each() -> None:
    first, second = attends(name="Ana"), attends(name="Beto")
    found = monday()
    assert [slot.seller.pk for slot in found.slots][:4] == [first.pk, second.pk, first.pk, second.pk]
    assert len(found.slots) == 8
    assert found.warning == ""


def test_each_slot_is_an_offer_of_its_own_time() -> None:
    seller, service, contact = attends(), make_service(duration_minutes=30), make_contact()
    slot = monday(service=service, contact=contact).slots[0]
    said = offers.read(slot.offer)
    assert (said.seller, said.service, said.contact) == (seller.pk, service.pk, contact.pk)
    assert (said.start, said.end) == (at("09:00"), at("09:30"))


def test_the_sellers_zone_is_the_one_of_their_clock() -> None:
    attends(timezone="America/Mexico_City")  # three hours behind
    assert starts(monday()) == ["12:00", "13:00", "14:00", "15:00"]


def test_what_is_booked_held_or_blocked_is_not_free() -> None:
    seller = attends()
    make_event(seller=seller, starts_at=at("09:00"))
    make_event(seller=seller, starts_at=at("10:00"), status="held", hold_until=NOW + timedelta(minutes=5))
    make_block(calendar=make_calendar(seller=seller), starts_at=at("11:00"))
    assert starts(monday(look=False)) == ["12:00"]


def test_what_is_cancelled_or_an_expired_hold_is_free() -> None:
    seller = attends()
    make_event(seller=seller, starts_at=at("09:00"), status="cancelled")
    make_event(seller=seller, starts_at=at("10:00"), status="held", hold_until=NOW)
    assert starts(monday()) == ALL


def test_another_sellers_appointment_is_not_in_the_way() -> None:
    attends()
    make_event(starts_at=at("09:00"), seller=make_seller(is_active=False))
    assert starts(monday()) == ALL


def test_what_is_being_moved_is_not_in_its_own_way() -> None:
    seller, other = attends(name="Zoe"), attends(name="Ana")
    event = make_event(seller=seller, starts_at=at("09:00"), ends_at=at("11:00"))
    assert starts(monday(sellers=[seller])) == ["11:00", "12:00"]

    found = monday(moving=event)
    assert starts(found, seller) == ["09:00", "10:00", "11:00"]  # as long as it was
    assert [slot.seller.pk for slot in found.slots][:2] == [seller.pk, other.pk]  # the same seller first
    assert offers.read(found.slots[0].offer).moving == event.pk


def test_the_services_minutes_notice_and_limit_count() -> None:
    seller = attends()
    service = make_service(duration_minutes=60, step_minutes=30, buffer_before=30)
    make_event(seller=seller, service=service, starts_at=at("09:00"), ends_at=at("10:00"))
    assert starts(monday(service=service)) == ["10:30", "11:00", "11:30", "12:00"]
    assert starts(monday(service=make_service(notice_minutes=2 * 24 * 60 + 22 * 60))) == ["10:00", "11:00", "12:00"]
    service.daily_limit = 1
    assert starts(monday(service=service)) == []


def test_only_who_attends_a_service_is_offered_for_it() -> None:
    service, other = make_service(), make_service()
    everything, listed, elsewhere = attends(name="A"), attends(name="B"), attends(name="C")
    listed.services.add(service)
    elsewhere.services.add(other)
    assert {slot.seller.pk for slot in monday(service=service).slots} == {everything.pk, listed.pk}
    assert monday(service=service, sellers=[elsewhere]).slots == []


def test_who_does_not_work_here_is_not_offered(teo: Person, pia: Person) -> None:
    attends(is_active=False)
    attends(user=pia.user)  # waits for approval
    here = attends(user=teo.user)
    assert {slot.seller.pk for slot in monday().slots} == {here.pk}


def test_the_sellers_day_beats_everybodys_and_that_beats_a_holiday() -> None:
    make_agenda_settings(holidays="AR")  # Monday 23 November 2026: Soberanía Nacional
    first, second = attends(name="Ana"), attends(name="Beto")
    assert monday().slots == []
    make_hours_exception(day=date(2026, 11, 23), spans=[["15:00", "17:00"]])
    make_hours_exception(day=date(2026, 11, 23), spans=[["20:00", "21:00"]], seller=second)
    found = monday()
    assert (starts(found, first), starts(found, second)) == (["15:00", "16:00"], ["20:00"])


@pytest.mark.parametrize("company", [True, False])
def test_a_closed_day_is_closed(company: bool) -> None:
    seller = attends()
    make_hours_exception(day=date(2026, 11, 23), spans=[], seller=None if company else seller)
    assert monday().slots == []


def test_whoever_is_away_is_not_offered_and_their_cover_is() -> None:
    away, cover, other = attends(name="A"), attends(name="B"), attends(name="C")
    make_absence(seller=away, starts_at=at("00:00"), ends_at=at("11:00"), cover=cover)
    found = monday(sellers=[away])
    assert starts(found, away) == ["11:00", "12:00"]
    assert starts(found, cover) == ["09:00", "10:00"]
    assert starts(found, other) == []
    cover.is_active = False
    cover.save()
    assert starts(monday(sellers=[away])) == ["11:00", "12:00"]


def test_at_most_so_many_the_earliest_first() -> None:
    attends()
    assert starts(monday(most=2)) == ["09:00", "10:00"]
    assert starts(availability.free(first=at("11:00"), last=at("12:00"))) == ["11:00"]


# --- external calendars ---------------------------------------------------------------------------------------------
def test_what_google_says_now_takes_time(google: Google) -> None:
    seller = attends()
    make_calendar(seller=seller)
    google.busy[seller.pk] = [Span(at("09:30"), at("10:30"))]
    assert starts(monday()) == ["11:00", "12:00"]


def test_who_cannot_be_read_is_named_and_never_offered(google: Google) -> None:
    lost, fine, without = attends(name="Sol"), attends(name="Teo"), attends(name="Uma")
    make_calendar(seller=lost)
    make_calendar(seller=fine)
    google.unknown = {lost.pk}
    found = monday()
    assert {slot.seller.pk for slot in found.slots} == {fine.pk, without.pk}
    assert found.unknown == [lost]
    assert "Sol" in found.warning


def test_nobody_is_asked_where_nobody_has_a_calendar(google: Google) -> None:
    attends()
    assert monday().slots
    assert google.asked == 0


@pytest.mark.parametrize(
    "state",
    [
        {"state": "failing"},
        {"state": "new"},
        {"state": "gone"},
        {"synced_at": NOW - timedelta(minutes=31)},
        {"synced_at": None},
    ],
    ids=["failing", "new", "gone", "old", "never read"],
)
def test_without_a_look_only_a_fresh_reading_counts(state: dict[str, object]) -> None:
    seller = attends()
    calendar = make_calendar(seller=seller)
    assert starts(monday(look=False)) == ALL
    for name, value in state.items():
        setattr(calendar, name, value)
    calendar.save()
    found = monday(look=False)
    assert (found.slots, found.unknown) == ([], [seller])


# --- instead of a time that is gone --------------------------------------------------------------------------------
def test_near_prefers_the_same_seller_that_day_then_others_then_later() -> None:
    seller, other = attends(name="Zoe"), attends(name="Ana", working_hours={"0": [["09:00", "10:00"]]})
    for clock in ("09:00", "10:00", "11:00"):
        make_event(seller=seller, starts_at=at(clock))
    slots = availability.near(service=None, seller=seller, start=at("10:00"))
    assert [(slot.seller.pk, slot.start) for slot in slots] == [
        (seller.pk, at("12:00")),
        (seller.pk, at("09:00", day=1)),
        (other.pk, at("09:00")),
    ]
    make_event(seller=seller, starts_at=at("12:00"))
    make_event(seller=seller, starts_at=at("00:00", day=1), ends_at=at("24:00", day=1))
    slots = availability.near(service=None, seller=seller, start=at("10:00"))
    assert (slots[0].seller.pk, slots[0].start) == (other.pk, at("09:00"))
    assert [slot.start for slot in slots[1:]] == [at("09:00", day=2), at("10:00", day=2)]


def test_near_looks_weeks_ahead_when_it_must() -> None:
    seller = attends()
    make_absence(seller=seller, starts_at=at("00:00"), ends_at=at("00:00", day=14))
    slots = availability.near(service=None, seller=seller, start=at("10:00"))
    assert [slot.start for slot in slots] == [at("09:00", day=14), at("10:00", day=14), at("11:00", day=14)]


# --- what it costs --------------------------------------------------------------------------------------------------
def test_it_costs_the_same_with_many_sellers_and_events(statements: object) -> None:
    def cost() -> int:
        with statements() as seen:  # type: ignore[operator]  # the fixture
            monday(look=False)
        return seen.count

    attends()
    few = cost()
    for _each in range(8):
        seller = attends()
        make_block(calendar=make_calendar(seller=seller), starts_at=at("12:00"))
        make_absence(seller=seller, starts_at=at("00:00"), ends_at=at("09:30"))
        for n in range(12):
            make_event(seller=seller, starts_at=MONDAY + timedelta(days=1, hours=n))
    assert cost() == few <= 4  # three, and the context that tests enter anew
