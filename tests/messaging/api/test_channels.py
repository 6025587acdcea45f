"""Channels through the API."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from messaging.ingest.models import ChannelRoute
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.factories.messaging import make_channel, make_conversation

Api = Callable[..., APIClient]
WHATSAPP = {
    "provider": "meta_direct",
    "channel_source": "whatsapp",
    "name": "Ventas",
    "config": {"phone_number_id": "1234567890", "waba_id": "99", "display_phone_number": "+54 9 11 5555 1111"},
}


def made(api: APIClient, **over: object) -> dict[str, Any]:
    answer = api.post("/api/v1/channels/", {**WHATSAPP, **over})
    assert answer.status_code == 201, answer.content
    return answer.json()


def test_a_channel_answers_with_the_address_its_provider_must_call(api_as: Api, acme: Tenant) -> None:
    channel = made(api_as("ana"))
    assert channel["status"] == "pending"
    assert channel["webhook_url"].endswith(f"/webhooks/meta/{channel['route_key']}/")
    assert channel["config"]["phone_number_id"] == "1234567890"
    with tenant_context(acme):
        route = ChannelRoute.objects.get(route_key=channel["route_key"])
        assert (route.tenant_id, str(route.channel_id)) == (acme.pk, channel["id"])


def test_what_is_no_field_of_the_channel_is_not_kept(api_as: Api) -> None:
    channel = made(api_as("ana"), config={**WHATSAPP["config"], "access_token": "EAAG-secret"})
    assert "EAAG" not in str(channel)


@pytest.mark.parametrize(
    ("over", "field"),
    [
        ({"config": {}}, "phone_number_id"),
        ({"config": "x"}, "config"),
        ({"name": ""}, "name"),
        ({"provider": "telegram"}, "provider"),
        ({"provider": "ycloud", "channel_source": "instagram"}, "provider"),
    ],
)
def test_a_wrong_channel_is_refused_by_field(api_as: Api, over: dict[str, Any], field: str) -> None:
    answer = api_as("ana").post("/api/v1/channels/", {**WHATSAPP, **over})
    assert answer.status_code in (400, 422)
    assert field in answer.json()["error"]["fields"]


def test_one_number_is_one_channel(api_as: Api) -> None:
    api = api_as("ana")
    made(api)
    assert api.post("/api/v1/channels/", WHATSAPP).status_code == 409


def test_a_channel_is_renamed_and_switched_off_and_on(api_as: Api, acme: Tenant) -> None:
    api = api_as("ana")
    channel = made(api)
    url = f"/api/v1/channels/{channel['id']}/"
    assert api.patch(url, {"name": "Soporte"}).json()["name"] == "Soporte"
    assert api.patch(url, {"status": "disabled"}).json()["status"] == "disabled"
    with tenant_context(acme):
        assert not ChannelRoute.objects.get(route_key=channel["route_key"]).is_active
    assert api.patch(url, {"status": "connected"}).json()["status"] == "pending"
    assert api.patch(url, {"status": "broken"}).status_code == 400
    assert api.get(url).json()["name"] == "Soporte"


def test_channels_are_written_by_who_runs_the_company_only(api_as: Api) -> None:
    channel = made(api_as("ana"))
    assert api_as("rita").get("/api/v1/channels/").status_code == 200
    assert api_as("rita").patch(f"/api/v1/channels/{channel['id']}/", {"name": "x"}).status_code == 403
    assert api_as("sol").get("/api/v1/channels/").status_code == 403
    assert api_as("gus").get(f"/api/v1/channels/{channel['id']}/").status_code == 404


def test_a_channel_that_is_off_is_not_tested(api_as: Api) -> None:
    api = api_as("ana")
    url = f"/api/v1/channels/{made(api)['id']}/"
    api.patch(url, {"status": "disabled"})
    assert api.post(f"{url}check/").status_code == 409
    assert api.get(url).json()["status_detail"] == ""


def test_a_channel_is_removed_while_it_has_no_conversations(api_as: Api, acme: Tenant) -> None:
    api = api_as("ana")
    channel = made(api)
    url = f"/api/v1/channels/{channel['id']}/"
    for name, status in (("rita", 403), ("sol", 403), ("gus", 404)):
        assert api_as(name).delete(url).status_code == status
    assert api.delete(url).status_code == 204
    assert api.get(url).status_code == 404
    with tenant_context(acme):
        assert not ChannelRoute.objects.filter(route_key=channel["route_key"]).exists()
        used = make_channel()
        make_conversation(channel=used)
    assert api.delete(f"/api/v1/channels/{used.pk}/").status_code == 409
    assert api.get(f"/api/v1/channels/{used.pk}/").status_code == 200


def test_a_replacement_is_another_channel_of_the_kind(api_as: Api) -> None:
    api = api_as("ana")
    first, second = made(api), made(api, config={**WHATSAPP["config"], "phone_number_id": "2"})
    page = made(api, channel_source="facebook", config={"page_id": "7"})
    foreign = made(api_as("gus"), config={**WHATSAPP["config"], "phone_number_id": "3"})
    url = f"/api/v1/channels/{first['id']}/"
    assert first["fallback"] is None
    assert api.patch(url, {"fallback": second["id"]}).json()["fallback"] == second["id"]
    for wrong, status in ((first["id"], 422), (page["id"], 422), (foreign["id"], 404)):
        assert api.patch(url, {"fallback": wrong}).status_code == status
    assert api.get(url).json()["fallback"] == second["id"]
    assert api.patch(url, {"fallback": None}, format="json").json()["fallback"] is None


def test_a_channel_tells_what_its_provider_said_of_it(api_as: Api, acme: Tenant) -> None:
    now = timezone.now()
    with tenant_context(acme):
        facts = {"quality": "RED", "limit": "TIER_1K", "subscribed": True, "username": "", "setup": {"hook": {}}}
        told = make_channel(facts=facts, checked_at=now, token_expires_at=now, resting_until=now)
        silent = make_channel()
    api = api_as("ana")
    row = api.get(f"/api/v1/channels/{told.pk}/").json()
    assert row["facts"] == {"quality": "RED", "limit": "TIER_1K", "subscribed": True}
    times = ("checked_at", "token_expires_at", "resting_until")
    assert [datetime.fromisoformat(row[name]) for name in times] == [now] * 3
    row = api.get(f"/api/v1/channels/{silent.pk}/").json()
    assert (row["facts"], [row[name] for name in times]) == ({}, [None] * 3)
