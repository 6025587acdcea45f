"""What providers sent, looked through on the channel's pages: who may read what, and working it off again."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from messaging.ingest.models import InboundEvent
from messaging.models import Message, ProviderNotice
from messaging.services import events
from tenants.context import tenant_context
from tenants.models import SystemEvent, Tenant
from tests.factories.messaging import make_channel, make_inbound_event, make_notice
from tests.fakes import graph_events as wire
from tests.messaging.services.saying import Number, make_number
from tests.support.tasks import Queue

Browser = Callable[..., Client]
MOST = 8
RAW = json.dumps({"type": "text", "text": {"body": "Me duele la muela"}, "access_token": "s3cr3t"})


@pytest.fixture
def number(acme: Tenant, queued: Queue) -> Number:
    return make_number(acme)


def stored(tenant: Tenant, number: Number, **over: object) -> InboundEvent:
    with tenant_context(tenant):
        return make_inbound_event(channel=number.channel, **{"raw": RAW, "state": "done", **over})


def test_the_list_tells_what_failed_and_what_nobody_understood(
    acme: Tenant, number: Number, client_as: Browser
) -> None:
    stored(acme, number)
    failed = stored(acme, number, state="failed", error="1: DataError")
    odd = stored(acme, number)
    with tenant_context(acme):
        make_notice(channel=number.channel, event_id=odd.pk, kind="unreadable", text="Lo que nadie entendió")
        make_notice(channel=number.channel, event_id=failed.pk, kind="account_update")
    browser, path = client_as("ana"), f"/canales/{number.channel.pk}/eventos/"

    def numbers(query: str) -> list[int]:
        rows = browser.get(path + query).context["rows"]
        return [row["event"].pk for row in rows]

    assert len(numbers("")) == 3
    assert numbers("?ver=error") == [failed.pk]
    assert numbers("?ver=sin-entender") == [odd.pk]
    assert "La parte 2 no se pudo guardar (DataError)." in browser.get(path).content.decode()
    assert "Lo que nadie entendió" in browser.get(path).content.decode()
    assert numbers(f"?antes={failed.pk}") == [failed.pk - 1]
    assert browser.get(path + "?antes=x&ver=otra").status_code == 200


def test_the_owner_reads_the_words_and_nobody_reads_a_secret(acme: Tenant, number: Number, client_as: Browser) -> None:
    event = stored(acme, number)
    page = client_as("ana").get(f"/canales/{number.channel.pk}/eventos/{event.pk}/").content.decode()

    assert "Me duele la muela" in page
    assert "s3cr3t" not in page
    with tenant_context(acme):
        assert SystemEvent.objects.filter(action="channel.event_viewed").exists()


def test_who_only_looks_at_channels_reads_no_customers_words(acme: Tenant, number: Number, client_as: Browser) -> None:
    event = stored(acme, number)
    page = client_as("rita").get(f"/canales/{number.channel.pk}/eventos/{event.pk}/").content.decode()

    assert "muela" not in page
    assert "&quot;type&quot;: &quot;text&quot;" in page
    assert "/procesar/" not in page


def test_a_failed_event_is_worked_off_again_and_it_is_told(
    acme: Tenant, number: Number, client_as: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(events, "MOST_ATTEMPTS", 0)
        patch.setattr(events.inbound, "accept_message", lambda **_any: 1 / 0)
        event = number.sends(wire.text("al fin"))
    assert event.state == "failed"
    browser = client_as("ana")
    assert browser.post(f"/canales/{number.channel.pk}/eventos/{event.pk}/procesar/").status_code == 303
    events.drain(tenant=acme)

    assert number.texts() == ["al fin"]
    with tenant_context(acme):
        assert SystemEvent.objects.get(action="channel.events_replayed").diff == {"event": event.pk}


def test_an_event_that_went_well_changes_nothing_the_second_time(
    acme: Tenant, number: Number, client_as: Browser
) -> None:
    number.says("una vez")
    with tenant_context(acme):
        event = InboundEvent.objects.get()
    client_as("ana").post(f"/canales/{number.channel.pk}/eventos/{event.pk}/procesar/")
    events.drain(tenant=acme)

    assert number.texts() == ["una vez"]
    assert number.conversation().unread_count == 1
    with tenant_context(acme):
        assert InboundEvent.objects.get().state == "done"


def test_all_that_failed_is_worked_off_at_once_and_only_of_this_channel(
    acme: Tenant, number: Number, client_as: Browser
) -> None:
    for _each in range(3):
        stored(acme, number, state="failed")
    with tenant_context(acme):
        other = make_inbound_event(channel=make_channel(), state="failed")
    client_as("ana").post(f"/canales/{number.channel.pk}/eventos/reintentar/")

    with tenant_context(acme):
        assert InboundEvent.objects.filter(state="received").count() == 3
        assert InboundEvent.objects.get(pk=other.pk).state == "failed"


def test_what_came_for_no_channel_enters_once_the_channel_is_made(
    acme: Tenant, number: Number, client_as: Browser
) -> None:
    number.takes(wire.inbound(wire.text("¿Hay alguien?"), phone_number_id="999"))
    browser = client_as("ana")
    page = browser.get("/canales/").content.decode()
    assert "/canales/nuevo/whatsapp/?cuenta=999" in page
    assert 'value="999"' in browser.get("/canales/nuevo/whatsapp/?cuenta=999").content.decode()

    browser.post("/canales/nuevo/whatsapp/", {"name": "Segundo", "phone_number_id": "999"})
    events.drain(tenant=acme)
    with tenant_context(acme):
        assert Message.objects.get().text == "¿Hay alguien?"
        assert not ProviderNotice.objects.exists()
    assert "cuenta=999" not in browser.get("/canales/").content.decode()


def test_an_event_of_another_channel_or_company_does_not_exist(
    acme: Tenant, globex: Tenant, number: Number, client_as: Browser
) -> None:
    event = stored(acme, number)
    with tenant_context(acme):
        elsewhere = make_channel()
    assert client_as("ana").get(f"/canales/{elsewhere.pk}/eventos/{event.pk}/").status_code == 404
    outsider = client_as("gus")
    for path in ("", f"{event.pk}/"):
        assert outsider.get(f"/canales/{number.channel.pk}/eventos/{path}").status_code == 404
    assert outsider.post(f"/canales/{number.channel.pk}/eventos/{event.pk}/procesar/").status_code == 404


@pytest.mark.parametrize("name", ["sol", "rita"])
def test_who_may_not_change_channels_works_nothing_off(
    acme: Tenant, number: Number, client_as: Browser, name: str
) -> None:
    event = stored(acme, number, state="failed")
    browser = client_as(name)
    assert browser.post(f"/canales/{number.channel.pk}/eventos/{event.pk}/procesar/").status_code == 403
    assert browser.post(f"/canales/{number.channel.pk}/eventos/reintentar/").status_code == 403


def test_the_pages_cost_the_same_with_few_and_with_many_rows(
    acme: Tenant, number: Number, client_as: Browser, statements: Callable[..., Any]
) -> None:
    counts, browser = [], client_as("ana")
    for rows in (1, 40):
        for _each in range(rows):
            event = stored(acme, number)
        for path in ("", "?ver=sin-entender", f"{event.pk}/"):
            with statements() as seen:
                assert browser.get(f"/canales/{number.channel.pk}/eventos/{path}").status_code == 200
            assert seen.count <= MOST, f"{path}\n{seen}"
            counts.append(seen.count)
    assert counts[:3] == counts[3:]


def test_the_api_lists_events_without_their_bodies_and_works_them_off(
    acme: Tenant, number: Number, api_as: Callable[..., APIClient]
) -> None:
    rows = [stored(acme, number, state=state) for state in ("failed", "done", "failed")]
    api, path = api_as("ana"), f"/api/v1/channels/{number.channel.pk}/events/"
    first = api.get(f"{path}?limit=2").json()
    assert [row["id"] for row in first["results"]] == [rows[2].pk, rows[1].pk]
    assert "muela" not in json.dumps(first)
    assert [row["id"] for row in api.get(first["next"]).json()["results"]] == [rows[0].pk]
    assert len(api.get(f"{path}?state=failed").json()["results"]) == 2

    answer = api.post(f"{path}{rows[0].pk}/replay/")
    assert (answer.status_code, answer.json()["state"]) == (202, "received")
    assert api.post(f"{path}999999/replay/").status_code == 404
    assert api.post(f"/api/v1/channels/{number.channel.pk}/check/").status_code == 202
