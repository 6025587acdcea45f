"""Who gets it: whoever knows the person, else in turns that follow the weights."""

from collections import Counter
from datetime import timedelta

import pytest

from crm.agenda import booking, rotation
from crm.agenda.availability import Slot
from crm.models import AgendaEvent, Seller
from tenants.domain.actor import Actor
from tests.crm.agenda.conftest import NOW, attends, monday
from tests.factories.agenda import make_event
from tests.factories.crm import make_contact, make_lead

pytestmark = pytest.mark.usefixtures("friday")
BY = Actor.system("Pruebas")


def at_nine() -> list[Slot]:
    slots = monday().slots
    return [slot for slot in slots if slot.start == slots[0].start]


def chosen(contact: object = None) -> tuple[Seller, str]:
    slot, why = rotation.choose(at_nine(), contact=contact)  # type: ignore[arg-type]  # a contact or None
    return slot.seller, why["code"]


def test_the_only_one_is_the_one() -> None:
    seller = attends()
    assert chosen(make_contact()) == (seller, "only")


def test_the_owner_of_the_open_lead_comes_first() -> None:
    old, owner, contact = attends(), attends(), make_contact()
    make_lead(contact=contact, owner=owner)
    make_lead(contact=contact, owner=old, closed_at=NOW)
    make_event(seller=owner)
    assert chosen(contact) == (owner, "owner")


def test_an_owner_who_is_not_free_leaves_it_to_the_others() -> None:
    first, contact = attends(name="A"), make_contact()
    attends(name="B")
    make_lead(contact=contact, owner=attends(working_hours={"0": []}))
    assert chosen(contact) == (first, "rotation")


def test_who_has_fewer_for_their_weight_comes_next() -> None:
    single, double = attends(name="A", weight=1), attends(name="B", weight=2)
    assert chosen()[0] == single
    make_event(seller=single)
    assert chosen()[0] == double
    make_event(seller=double)
    assert chosen()[0] == double
    make_event(seller=double)
    assert chosen()[0] == single


def test_what_nobody_came_to_was_called_off_or_is_long_ago_does_not_count() -> None:
    first, second = attends(name="A"), attends(name="B")
    make_event(seller=first, status="no_show")
    make_event(seller=first, status="cancelled")
    make_event(seller=first, starts_at=NOW - timedelta(days=40))
    make_event(seller=first, kind="busy", contact=None)
    assert chosen()[0] == first
    make_event(seller=first)
    assert chosen()[0] == second


def test_weight_zero_only_when_nobody_else_can() -> None:
    attends(weight=0)
    usual = attends()
    make_event(seller=usual)
    assert chosen()[0] == usual


def test_over_many_the_shares_follow_the_weights() -> None:
    hours = {str(day): [["00:00", "24:00"]] for day in range(7)}
    sellers = [attends(working_hours=hours, weight=weight) for weight in (1, 1, 2)]
    for _each in range(20):
        slot, why = rotation.choose(_first_time(), contact=None)
        booking.book(offer=slot.offer, contact=make_contact(), by=BY, source=AgendaEvent.Source.PUBLIC, why=why)
    held = Counter(AgendaEvent.objects.values_list("seller", flat=True))
    assert [held[each.pk] for each in sellers] == [5, 5, 10]


def _first_time() -> list[Slot]:
    """The first time at which all three are free."""
    slots = monday().slots
    times = Counter(slot.start for slot in slots)
    start = next((at for at, count in times.items() if count == 3), slots[0].start)
    return [slot for slot in slots if slot.start == start]
