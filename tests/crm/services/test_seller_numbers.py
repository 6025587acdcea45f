"""Each number of a seller against rows made for it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from crm.models import Assignment, Seller
from crm.services import seller_numbers
from crm.services.seller_numbers import Numbers, numbers
from tenants.models import Tenant
from tests.factories.crm import make_lead, make_seller, make_stage
from tests.factories.crm_more import make_assignment, make_response, make_task
from tests.support.cast import Person

START = datetime(2026, 11, 1, tzinfo=UTC)
END = datetime(2026, 12, 1, tzinfo=UTC)
IN = datetime(2026, 11, 10, 15, tzinfo=UTC)
BEFORE = START - timedelta(seconds=1)


@pytest.fixture
def seller(in_acme: Tenant, sol: Person) -> Seller:
    return make_seller(user=sol.user)


def of(seller: Seller) -> Numbers:
    return numbers([seller], start=START, end=END)[seller.pk]


def given(seller: Seller, at: datetime, **over: object) -> None:
    row = make_assignment(seller=seller, **over)
    Assignment.objects.filter(pk=row.pk).update(at=at)


def test_nothing_done_is_zero_and_what_cannot_be_said_is_nothing(seller: Seller) -> None:
    found = of(seller)
    assert found == Numbers()
    assert (found.win_rate, found.half, found.ninety, found.on_time_rate) == (None, None, None, None)
    assert found.won_value == []


def test_received_counts_each_lead_given_in_the_time_once(seller: Seller) -> None:
    lead = make_lead()
    for kind in ("rule", "handover"):
        given(seller, IN, lead=lead, kind=kind)
    given(seller, IN)
    given(seller, BEFORE)
    given(seller, END)
    given(make_seller(), IN)
    assert of(seller).received == 2


def test_open_won_lost_and_value_are_of_their_own_leads_by_kind_of_stage(seller: Seller) -> None:
    won, lost = make_stage(kind="won", code="vendido"), make_stage(kind="lost", code="no")
    make_lead(owner=seller)
    make_lead()
    for value, currency in (("100.50", "ARS"), ("200", "ARS"), ("9", "USD"), (None, "")):
        make_lead(owner=seller, stage=won, closed_at=IN, value=value and Decimal(value), currency=currency)
    make_lead(owner=seller, stage=won, closed_at=BEFORE, value=Decimal(1), currency="ARS")
    make_lead(owner=make_seller(), stage=won, closed_at=IN, value=Decimal(1), currency="ARS")
    make_lead(owner=seller, stage=lost, closed_at=IN)
    found = of(seller)
    assert (found.open_now, found.won, found.lost, found.win_rate) == (1, 4, 1, 80.0)
    assert found.won_value == [("ARS", Decimal("300.50")), ("USD", Decimal("9.00"))]


def test_tasks_count_when_the_seller_did_them_themselves(seller: Seller, sol: Person) -> None:
    done: Callable[..., Any] = lambda **over: make_task(  # noqa: E731 (a short word for many rows)
        **{"assignee": sol.user, "done_by": str(sol.user), "due_at": IN, "done_at": IN, **over}
    )
    done()
    done(done_at=IN + timedelta(minutes=1))
    done(done_by="Ana")  # a colleague did it
    done(done_at=BEFORE)
    make_task(assignee=sol.user, due_at=IN)
    found = of(seller)
    assert (found.tasks_on_time, found.tasks_late) == (1, 1)


def test_answers_are_those_of_the_seller_and_never_of_the_ai(seller: Seller) -> None:
    answer: Callable[..., Any] = lambda working, **over: make_response(  # noqa: E731 (a short word for many rows)
        **{"seller": seller, "is_first": True, "answered_at": IN, "business_seconds": working, **over}
    )
    for seconds in (60, 120, 899, 900, 901, 5_000):
        answer(seconds, seconds=90_000)
    answer(1, by_ai=True)
    answer(1, seller=make_seller())
    answer(1, is_first=False)
    answer(1, answered_at=BEFORE)
    found = of(seller)
    assert (found.first_answers, found.first_on_time, found.on_time_rate) == (6, 4, 66.7)
    assert (found.half, found.ninety) == (899.0, 5_000.0)
    assert found.attended == 7


def test_all_numbers_of_all_sellers_are_one_statement(seller: Seller, statements: Any) -> None:
    make_response(seller=seller, is_first=True, answered_at=IN)
    others = [make_seller() for _each in range(5)]
    with statements() as seen:
        found = numbers([seller, *others], start=START, end=END)
    assert seen.count <= 2  # with the one that enters the company
    assert [each.attended for each in found.values()] == [1, 0, 0, 0, 0, 0]


def test_a_narrow_sight_gives_the_numbers_of_oneself(seller: Seller, sol: Person, ana: Person) -> None:
    make_seller()
    assert sol.member is not None
    assert ana.member is not None
    assert list(seller_numbers.visible_sellers(sol.member)) == [seller]
    assert seller_numbers.visible_sellers(ana.member).count() == 2
