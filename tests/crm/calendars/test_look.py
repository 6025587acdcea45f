"""The live look: two seconds, and nothing unsure is free."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from config.lib import redis as shared
from crm.calendars.look import look
from crm.domain.slots import Span
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.factories.agenda import make_calendar, make_event
from tests.factories.crm import make_seller
from tests.fakes.google_calendar import Fault, GoogleFake

NINE = datetime(2026, 12, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _connected(keys: Callable[[], None]) -> None:
    keys()


def test_a_sellers_calendars_are_read_together_and_the_others_are_not_asked_about(google: GoogleFake) -> None:
    sol, teo, nobody = make_seller(), make_seller(), make_seller()
    for name, seller in (("sol-1", sol), ("sol-2", sol), ("teo", teo)):
        make_calendar(calendar_id=name, seller=seller, is_main=name != "sol-2")
        google.add_calendar(name)
    google.add_event("sol-1", NINE, NINE + HOUR)
    google.add_event("sol-2", NINE + 3 * HOUR, NINE + 4 * HOUR)
    seen = look([sol, nobody], NINE, NINE + DAY)
    assert seen.busy == {sol.pk: [Span(NINE, NINE + HOUR), Span(NINE + 3 * HOUR, NINE + 4 * HOUR)]}
    assert seen.unknown == frozenset()
    assert [each["id"] for each in google.calls("freebusy")[0].body["items"]] == ["sol-1", "sol-2"]


def test_without_calendars_nothing_is_asked(google: GoogleFake) -> None:
    seen = look([make_seller()], NINE, NINE + DAY)
    assert (seen.busy, seen.unknown, google.asked) == ({}, frozenset(), [])


@pytest.mark.parametrize(
    "fault",
    [
        Fault("error", "freebusy", status=500),
        Fault("error", "freebusy", status=403, reason="rateLimitExceeded"),
        Fault("error", "freebusy", status=403, reason="forbidden"),
        Fault("garbage", "freebusy"),
        Fault("partial", "freebusy"),
        Fault("drop", "freebusy"),
        Fault("error", "token", status=400, reason="invalid_grant"),
        Fault("error", "token", status=503),
    ],
    ids=lambda fault: f"{fault.call}-{fault.do}-{fault.status}-{fault.reason}",
)
def test_whoever_could_not_be_read_is_unknown(google: GoogleFake, fault: Fault) -> None:
    sol = make_seller()
    make_calendar(calendar_id="sol", seller=sol)
    google.add_calendar("sol")
    google.script(fault)
    seen = look([sol], NINE, NINE + DAY)
    assert (seen.busy, seen.unknown) == ({}, frozenset({sol.pk}))


def test_one_calendar_in_error_makes_its_seller_unknown_and_no_other(google: GoogleFake) -> None:
    sol, teo = make_seller(), make_seller()
    make_calendar(calendar_id="sol", seller=sol)
    make_calendar(calendar_id="sol-2", seller=sol, is_main=False)
    make_calendar(calendar_id="teo", seller=teo)
    google.add_calendar("sol")
    google.add_calendar("sol-2", error="internalError")
    google.add_calendar("teo")
    seen = look([sol, teo], NINE, NINE + DAY)
    assert (seen.busy, seen.unknown) == ({teo.pk: []}, frozenset({sol.pk}))


def test_who_is_late_is_left_behind_within_two_seconds(google: GoogleFake) -> None:
    sol = make_seller()
    make_calendar(calendar_id="sol", seller=sol)
    google.add_calendar("sol")
    google.script(Fault("slow", "freebusy", seconds=20))
    began = time.monotonic()
    assert look([sol], NINE, NINE + DAY).unknown == {sol.pk}
    assert time.monotonic() - began < 15  # it was not waited for
    asked = len(google.asked)
    assert look([sol], NINE, NINE + 2 * DAY).unknown == {sol.pk}
    assert len(google.asked) == asked  # an outage costs its two seconds once
    google.calm()
    assert look([sol], NINE, NINE + DAY, fresh=True).busy == {sol.pk: []}
    assert look([sol], NINE, NINE + 2 * DAY).busy == {sol.pk: []}  # it was heard of again


def test_without_keys_nothing_is_known(in_acme: Tenant, globex: Tenant, google: GoogleFake) -> None:
    with tenant_context(globex):
        seller = make_seller()
        make_calendar(calendar_id="gus", seller=seller)
        assert look([seller], NINE, NINE + DAY).unknown == {seller.pk}
    assert google.asked == []


def test_each_look_is_live_and_a_quick_refusal_is_over_at_once(google: GoogleFake) -> None:
    sol = make_seller()
    make_calendar(calendar_id="sol", seller=sol)
    google.add_calendar("sol")
    assert look([sol], NINE, NINE + DAY).busy == {sol.pk: []}
    google.add_event("sol", NINE, NINE + HOUR)
    assert look([sol], NINE, NINE + DAY).busy == {sol.pk: [Span(NINE, NINE + HOUR)]}
    google.fail(503, call="freebusy")
    assert look([sol], NINE, NINE + DAY).unknown == {sol.pk}
    assert look([sol], NINE, NINE + DAY).busy == {sol.pk: [Span(NINE, NINE + HOUR)]}


def test_google_asking_to_go_slower_is_obeyed_without_offering_anything(google: GoogleFake) -> None:
    sol = make_seller()
    make_calendar(calendar_id="sol", seller=sol)
    google.add_calendar("sol")
    google.fail(403, "rateLimitExceeded", call="freebusy")
    for _again in range(3):
        assert look([sol], NINE, NINE + DAY).unknown == {sol.pk}
    assert len(google.calls("freebusy")) == 1


def test_another_company_is_not_told_what_this_one_heard(in_acme: Tenant, globex: Tenant, google: GoogleFake) -> None:
    sol = make_seller()
    make_calendar(calendar_id="compartido", seller=sol)
    google.add_calendar("compartido")
    look([sol], NINE, NINE + DAY)
    with tenant_context(globex):
        gus = make_seller()
        make_calendar(calendar_id="compartido", seller=gus)
        assert look([gus], NINE, NINE + DAY).unknown == {gus.pk}


def test_what_is_being_moved_does_not_stand_in_its_own_way(google: GoogleFake) -> None:
    sol, teo = make_seller(), make_seller()
    for name, seller in (("sol", sol), ("teo", teo)):
        make_calendar(calendar_id=name, seller=seller)
        google.add_calendar(name)
        google.add_event(name, NINE, NINE + HOUR, "la nuestra")
        google.add_event(name, NINE + HOUR, NINE + 2 * HOUR, "otra")
    event = make_event(seller=sol, starts_at=NINE, ends_at=NINE + HOUR)
    seen = look([sol, teo], NINE - HOUR, NINE + DAY, without=event)
    assert seen.busy[sol.pk] == [Span(NINE + HOUR, NINE + 2 * HOUR)]
    assert seen.busy[teo.pk] == [Span(NINE, NINE + 2 * HOUR)]


def test_without_redis_it_asks_each_time(google: GoogleFake, monkeypatch: pytest.MonkeyPatch) -> None:
    sol = make_seller()
    make_calendar(calendar_id="sol", seller=sol)
    google.add_calendar("sol")

    def away() -> redis.Redis:
        return redis.Redis(port=9, socket_connect_timeout=0.1, retry=Retry(NoBackoff(), 0))

    monkeypatch.setattr(shared, "client", away)
    assert look([sol], NINE, NINE + DAY).busy == {sol.pk: []}
    assert look([sol], NINE, NINE + DAY).busy == {sol.pk: []}
    assert len(google.calls("freebusy")) == 2
