"""Google's push messages."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from config.asgi import Root
from crm.agenda.sync import waiting, watching
from crm.models import CalendarConnection, ExternalCalendar
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.crm.agenda.sync.conftest import Both, make_both
from tests.factories.agenda import make_event
from tests.support.tasks import Queue, run_task

DOOR = "/webhooks/google-calendar/"


@pytest.fixture
def https(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "PUBLIC_URL", "https://crm.example")


@pytest.fixture
def watched(both: Both, https: None, queued: Queue) -> Both:
    both.read()
    assert watching.watch_due(tenant=both.tenant) == 1
    both.read()
    queued.clear()
    return both


def messages(both: Both) -> list[dict[str, str]]:
    """What Google would have posted since."""
    waiting_, both.google.outbox = both.google.outbox, []
    return [push.headers for push in waiting_]


def post(headers: dict[str, str]) -> int:
    return Client().post(DOOR, headers=headers).status_code


def test_a_message_wakes_the_reader_and_what_changed_is_here(watched: Both, queued: Queue) -> None:
    [first] = messages(watched)
    assert post(first) == 200  # it only says that the channel works
    assert len(queued) == 0
    watched.google.add_event(watched.calendar_id, watched.at(9), watched.at(10), "Dentista")
    [changed] = messages(watched)
    assert post(changed) == 200
    queued.drain()
    assert len(watched.blocks()) == 1


def test_the_token_is_not_kept_as_it_is(watched: Both) -> None:
    [channel] = watched.google.channels.values()
    row = watched.calendar()
    assert channel.token.startswith(f"t{watched.tenant.pk}.")
    assert channel.address == "https://crm.example" + DOOR
    assert row.channel_hash
    assert channel.token not in (row.channel_hash, row.channel_id, row.channel_resource)


@pytest.mark.parametrize("wrong", ["token", "company", "channel", "nothing", "shape"])
def test_who_does_not_know_channel_and_token_finds_no_door(
    watched: Both, globex: Tenant, queued: Queue, wrong: str
) -> None:
    [headers] = messages(watched)
    headers["X-Goog-Resource-State"] = "exists"
    secret = headers["X-Goog-Channel-Token"].partition(".")[2]
    changed = {
        "token": {"X-Goog-Channel-Token": f"t{watched.tenant.pk}.{secret[::-1]}"},
        "company": {"X-Goog-Channel-Token": f"t{globex.pk}.{secret}"},
        "channel": {"X-Goog-Channel-ID": "somebody-elses"},
        "nothing": {"X-Goog-Channel-ID": "", "X-Goog-Channel-Token": ""},
        "shape": {"X-Goog-Channel-Token": secret},
    }
    assert post(headers | changed[wrong]) == 404
    assert len(queued) == 0
    assert Client().get(DOOR).status_code == 405


def test_a_flood_of_one_channel_is_slowed_down(watched: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(settings.RATE_LIMITS, "calendar-push", "2/m")
    [headers] = messages(watched)
    assert [post(headers) for _ in range(3)] == [200, 200, 429]


def test_a_channel_is_renewed_a_day_before_its_end_and_the_old_one_stopped(watched: Both) -> None:
    assert watching.watch_due(tenant=watched.tenant) == 0
    before = watched.calendar()
    assert before.channel_until is not None
    with tenant_context(watched.tenant):
        ExternalCalendar.objects.update(channel_until=timezone.now() + timedelta(hours=20))
    assert watching.watch_due(tenant=watched.tenant) == 1
    after = watched.calendar()
    assert after.channel_id != before.channel_id
    assert list(watched.google.channels) == [after.channel_id]


def test_without_https_nothing_is_watched_and_reading_goes_by_the_clock(both: Both) -> None:
    both.read()
    assert watching.watch_due(tenant=both.tenant) == 0
    row = both.calendar()
    assert row.sync_after is not None
    assert row.sync_after <= timezone.now() + timedelta(minutes=2)


def test_with_a_channel_it_is_read_more_seldom(watched: Both) -> None:
    row = watched.calendar()
    assert row.sync_after is not None
    assert row.sync_after > timezone.now() + timedelta(minutes=5)


def test_a_calendar_that_cannot_be_watched_goes_on_being_read(both: Both, https: None) -> None:
    both.read()
    both.google.fail(400, "push.webhookUrlUnauthorized", call="watch")
    assert watching.watch_due(tenant=both.tenant) == 0
    assert both.calendar().state == "ok"
    assert watching.watch_due(tenant=both.tenant) == 0
    assert len(both.google.calls("watch")) == 1  # not again and again


def test_the_sweep_finds_what_is_due_and_nothing_without_an_account(
    both: Both, globex: Tenant, https: None, queued: Queue
) -> None:
    with tenant_context(globex):
        make_event()  # without Google at all
    both.book(10)
    queued.clear()
    run_task("crm.tasks.sweep_calendars")
    names = [(task.name.rpartition(".")[2], task.tenant_id) for task in queued]
    assert names == [("read_calendars", both.tenant.pk), ("push_appointments", both.tenant.pk)]
    queued.drain()
    assert len(both.theirs()) == 1
    run_task("crm.tasks.sweep_calendars")
    assert [task.name.rpartition(".")[2] for task in queued] == ["watch_calendars"]
    queued.drain()
    assert len(both.google.channels) == 1
    with tenant_context(both.tenant):
        CalendarConnection.objects.update(state="revoked")
        ExternalCalendar.objects.update(sync_after=None)
        assert waiting.due() == waiting.Due()


def test_a_company_reads_with_its_own_rows_only(both: Both, globex: Tenant, client_as: Callable[..., Client]) -> None:
    other = make_both(globex, both.google, calendar_id="gus@example.test")
    both.google.add_event(both.calendar_id, both.at(9), both.at(10), "De acme")
    both.read()
    other.read()
    assert (len(both.blocks()), len(other.blocks())) == (1, 0)


@pytest.mark.parametrize(("path", "to_django"), [(DOOR, True), ("/webhooks/google-calendar/more", False)])
def test_at_the_one_port_messages_of_calendars_go_to_django(
    monkeypatch: pytest.MonkeyPatch, path: str, to_django: bool
) -> None:
    root = Root()
    taken: list[str] = []

    def taker(name: str) -> Callable[..., Awaitable[None]]:
        async def take(*_: object) -> None:
            taken.append(name)

        return take

    monkeypatch.setattr(root, "_page", taker("django"))
    monkeypatch.setattr(root, "_door", taker("door"))
    scope = {"type": "http", "path": path, "headers": [], "method": "POST", "query_string": b"", "scheme": "https"}
    nobody: Any = None  # reads or is answered
    asyncio.run(root(scope, nobody, nobody))
    assert taken == ["django" if to_django else "door"]
