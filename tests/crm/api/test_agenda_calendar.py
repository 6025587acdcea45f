"""A seller's Google calendar through the API: named, read live, and never guessed at."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from crm.calendars import google_wire
from crm.models import ExternalCalendar
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.fakes.google_calendar import GoogleFake

Api = Callable[..., APIClient]
AGENDA = "agenda@example.test"
HOURS = {str(day): [["09:00", "18:00"]] for day in range(7)}


@pytest.fixture(autouse=True)
def _no_tokens() -> Iterator[None]:
    """What one test's server gave means nothing to the next one's."""
    google_wire._tokens.clear()
    yield
    google_wire._tokens.clear()


def at(hour: int) -> datetime:
    """Tomorrow, where the seller of these tests is."""
    day = timezone.now().astimezone(UTC) + timedelta(days=1)
    return day.replace(hour=hour + 5, minute=0, second=0, microsecond=0)


@pytest.fixture
def api(api_as: Api) -> APIClient:
    return api_as("ana")


@pytest.fixture
def seller(api: APIClient, google: GoogleFake) -> str:
    """With a calendar of their own, and keys to read it."""
    google.add_calendar(AGENDA)
    keys = json.dumps(google.tokens.service_account())
    kept = api.put("/api/v1/credentials/google/SERVICE_ACCOUNT_JSON", {"value": keys})
    assert kept.status_code < 300, kept.json()
    body = {"name": "Uno", "working_hours": HOURS, "timezone": "Etc/GMT+5", "calendar": AGENDA}
    made = api.post("/api/v1/sellers/", body)
    assert made.status_code == 201, made.json()
    assert made.json()["calendar"] == AGENDA
    return str(made.json()["id"])


def free(api: APIClient, seller: str) -> dict[str, Any]:
    asked = {"seller": seller, "from": at(9).isoformat(), "to": at(18).isoformat()}
    return dict(api.get("/api/v1/availability/", asked).json())


def test_what_is_busy_in_google_is_not_offered(api: APIClient, seller: str, google: GoogleFake) -> None:
    google.add_event(AGENDA, at(10), at(12))
    found = free(api, seller)
    starts = {datetime.fromisoformat(slot["start"]) for slot in found["slots"]}
    assert found["warning"] == ""
    assert starts == {at(hour) for hour in (9, 12, 13, 14, 15, 16, 17)}


def test_a_calendar_that_cannot_be_read_offers_nothing_and_says_so(
    api: APIClient, seller: str, google: GoogleFake
) -> None:
    offer = free(api, seller)["slots"][0]["offer"]
    google.fail(503, call="freebusy", times=50)
    refused = api.post("/api/v1/agenda/book", {"offer": offer, "contact": {"name": "Clara"}})
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "calendar_unknown")
    other = {"seller": seller, "from": at(9).isoformat(), "to": at(17).isoformat()}
    found = api.get("/api/v1/availability/", other).json()
    assert (found["slots"], found["results"]) == ([], [])
    assert "Uno" in found["warning"]


def test_a_time_taken_in_google_after_the_offer_is_not_booked(api: APIClient, seller: str, google: GoogleFake) -> None:
    offer = free(api, seller)["slots"][0]["offer"]
    google.add_event(AGENDA, at(9), at(10))
    refused = api.post("/api/v1/agenda/book", {"offer": offer, "contact": {"name": "Clara"}})
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "slot_taken")


def test_the_calendar_is_changed_and_taken_off(api: APIClient, seller: str, acme: Tenant) -> None:
    page = f"/api/v1/sellers/{seller}/"
    assert api.patch(page, {"name": "Dos"}).json()["calendar"] == AGENDA
    assert api.patch(page, {"calendar": "otra@example.test"}).json()["calendar"] == "otra@example.test"
    assert api.patch(page, {"calendar": ""}).json()["calendar"] == ""
    with tenant_context(acme):
        assert not ExternalCalendar.objects.exclude(seller=None).exists()
    refused = api.patch(page, {"calendar": "a\nb"})
    assert (refused.status_code, set(refused.json()["error"]["fields"])) == (422, {"calendar"})
