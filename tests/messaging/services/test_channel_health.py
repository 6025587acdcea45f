"""How channels fare: looked at once a day, renewed where that is possible, and told to whoever looks after them."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from config.lib.errors import ProviderError
from crm.models import Notification
from crm.services.notification_words import sentence
from messaging.models import Channel
from messaging.services import channel_health, channels, meta_setup
from tenants.context import tenant_context
from tenants.models import Credential, Tenant
from tenants.services.vault import get_tenant_credential, put_credential
from tests.fakes.graph_login import LoginFake
from tests.messaging.connecting.conftest import store_app
from tests.messaging.services.saying import BY
from tests.support.cast import Person
from tests.support.tasks import Queue, run_task


@pytest.fixture
def meta(settings: Any) -> Iterator[LoginFake]:
    with LoginFake() as fake:
        fake.point(settings)
        yield fake


def make(
    acme: Tenant, meta: LoginFake, *, source: str = "facebook", config: Any = None, token: str = "", **over: Any
) -> Channel:
    """A channel as a sign-in leaves it."""
    with tenant_context(acme):
        store_app()
        channel = channels.create_channel(
            provider="meta_direct",
            channel_source=source,
            name="Acme",
            config=config or {"page_id": "20"},
            by=BY,
        )
        category, name = meta_setup.TOKENS[source]
        value = token or meta.mint("page")
        until = over.get("token_expires_at")
        put_credential(category=category, name=f"{name}@{channel.pk}", value=value, by=BY, expires_at=until)
        done = {step: {"state": "ok", "says": ""} for step in ("token", "subscribe")}
        Channel.objects.filter(pk=channel.pk).update(
            **{"status": "connected", "facts": {"setup": done, "templates": {"at": "x"}}, **over}
        )
        channel.refresh_from_db()
    if not meta.pages:
        meta.pages.append({"id": "20", "name": "Acme", "access_token": value})
    meta.subscribed["20"] = {"id": "4711", "subscribed_fields": ["messages"]}
    return channel


def look(channel: Channel, acme: Tenant, **more: Any) -> Channel:
    channel_health.look(tenant=acme, channel_id=channel.pk, **more)
    with tenant_context(acme):
        channel.refresh_from_db()
    return channel


def told(acme: Tenant) -> list[tuple[str, str]]:
    """Whom, and what."""
    with tenant_context(acme):
        rows = Notification.objects.select_related("contact").order_by("created_at", "pk")
        return [(str(row.user_id), sentence(row)) for row in rows]


def test_a_look_keeps_what_the_provider_says_and_what_is_ours(acme: Tenant, meta: LoginFake) -> None:
    channel = look(make(acme, meta), acme)
    assert channel.checked_at is not None
    assert set(channel.facts) >= {"setup", "templates"}
    assert channel.status == "connected"
    assert channel.token_expires_at is None  # a page's token does not end


def test_a_page_that_meta_unsubscribed_is_subscribed_again(acme: Tenant, meta: LoginFake) -> None:
    channel = make(acme, meta)
    meta.subscribed.clear()
    look(channel, acme)
    assert "message_echoes" in meta.subscribed["20"]["subscribed_fields"]


def test_facts_that_cannot_be_told_keep_no_channel_from_being_cared_for(acme: Tenant, meta: LoginFake) -> None:
    meta.add_number("1065", "+54 9 11 5555-0000")
    meta.hook("whatsapp_business_account", "https://acme.test/hook", "messages")
    token = meta.mint("user", lasts=5 * 86_400)
    config = {"phone_number_id": "1065", "waba_id": "100"}
    channel = make(acme, meta, source="whatsapp", config=config, token=token)
    meta.unknown_fields.add("quality_rating")
    look(channel, acme)
    assert meta.subscribed["100"]["override_callback_uri"] == channels.webhook_url(channel)
    assert channel.token_expires_at is not None
    assert channel.status == "connected"


def test_a_channel_typed_in_by_hand_is_not_subscribed_behind_its_owners_back(acme: Tenant, meta: LoginFake) -> None:
    channel = make(acme, meta, facts={})
    meta.subscribed.clear()
    look(channel, acme)
    assert meta.called("subscribed_apps", "POST") == []
    assert channel.facts.get("setup") is None


def test_a_dead_token_asks_for_reconnecting_and_is_told_once(
    acme: Tenant, meta: LoginFake, ana: Person, sol: Person
) -> None:
    channel = make(acme, meta)
    meta.kill()
    for _day in range(2):
        look(channel, acme)
        channel_health.look_after(tenant=acme)
    assert channel.status == "needs_reconnect"
    assert told(acme) == [(str(ana.user.pk), "Recordatorio: hay que volver a conectar «Acme»")]


def test_what_delivery_found_dead_is_told_too_and_told_anew_when_it_dies_again(acme: Tenant, meta: LoginFake) -> None:
    channel = make(acme, meta)
    with tenant_context(acme):
        Channel.objects.update(status="needs_reconnect")
    channel_health.look_after(tenant=acme)
    channel_health.look_after(tenant=acme)
    assert len(told(acme)) == 1
    look(channel, acme)
    assert channel.status == "connected"
    meta.kill()
    look(channel, acme)
    assert len(told(acme)) == 2


def test_a_meta_out_of_reach_changes_nothing_but_the_hour(acme: Tenant, meta: LoginFake) -> None:
    channel = make(acme, meta)
    for _call in range(3):
        meta.refuse("/", 2, status=500)
    look(channel, acme)
    assert (channel.status, channel.facts["setup"]["subscribe"]["state"]) == ("connected", "ok")
    assert channel.checked_at is not None
    assert told(acme) == []


def test_a_token_that_ends_is_known_from_meta(acme: Tenant, meta: LoginFake) -> None:
    channel = make(acme, meta, token=meta.mint("page", lasts=5 * 86_400))
    look(channel, acme)
    assert channel.token_expires_at is not None
    assert timedelta(days=4) < channel.token_expires_at - timezone.now() < timedelta(days=6)


def test_whoever_switched_it_off_while_meta_was_asked_meant_it(
    acme: Tenant, meta: LoginFake, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = make(acme, meta)
    real = meta_setup.is_subscribed

    def slowly(job: meta_setup.Job) -> bool:
        with tenant_context(acme):
            Channel.objects.filter(pk=channel.pk).update(status="disabled")
        return real(job)

    monkeypatch.setattr(meta_setup, "is_subscribed", slowly)
    look(channel, acme)
    assert (channel.status, channel.checked_at) == ("disabled", None)


# --- Instagram's own tokens ------------------------------------------------------------------------------------
def instagram(acme: Tenant, meta: LoginFake, *, days: float, age: timedelta = timedelta(days=50)) -> Channel:
    meta.instagram = {"id": "1", "user_id": "178", "username": "acme"}
    meta.subscribed["178"] = {"subscribed_fields": ["messages"]}
    token, until = meta.mint("instagram", lasts=days * 86_400), timezone.now() + timedelta(days=days)
    config = {"ig_user_id": "178"}
    channel = make(acme, meta, source="instagram", config=config, token=token, token_expires_at=until)
    with tenant_context(acme):
        Credential.objects.filter(tenant_id=acme.pk, category="instagram").update(updated_at=timezone.now() - age)
    return channel


@pytest.mark.parametrize(
    ("days", "age", "renewed"),
    [
        (9.0, timedelta(days=51), True),
        (30.0, timedelta(days=30), False),
        (9.0, timedelta(hours=20), False),
    ],
    ids=["near", "far", "too-young"],
)
def test_an_instagram_token_is_renewed_near_its_end_once_it_is_a_day_old(
    acme: Tenant, meta: LoginFake, days: float, age: timedelta, renewed: bool
) -> None:
    channel = instagram(acme, meta, days=days, age=age)
    with tenant_context(acme):
        before = get_tenant_credential(acme.pk, "instagram", "ACCESS_TOKEN", channel.pk)
    look(channel, acme)
    with tenant_context(acme):
        after = get_tenant_credential(acme.pk, "instagram", "ACCESS_TOKEN", channel.pk)
    assert (after != before) is renewed
    assert channel.token_expires_at is not None
    assert (channel.token_expires_at - timezone.now() > timedelta(days=50)) is renewed


def test_a_renewal_that_fails_leaves_the_token_that_still_works(acme: Tenant, meta: LoginFake) -> None:
    channel = instagram(acme, meta, days=9)
    meta.refuse("refresh_access_token", 2, status=500)
    look(channel, acme)
    assert channel.status == "connected"
    assert channel.token_expires_at is not None


# --- warnings --------------------------------------------------------------------------------------------------
def test_the_end_is_warned_of_14_7_and_1_days_before_once_each_and_anew_for_a_new_end(
    acme: Tenant, meta: LoginFake, ana: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = timezone.now()
    channel = make(acme, meta, token_expires_at=start + timedelta(days=20), checked_at=start + timedelta(days=400))
    counts = []
    for day in (0, 5, 6.5, 10, 13.5, 18, 19.5, 21):
        with monkeypatch.context() as later:
            later.setattr(timezone, "now", lambda day=day: start + timedelta(days=day))
            for _round in range(2):
                channel_health.look_after(tenant=acme)
        counts.append(len(told(acme)))
    assert counts == [0, 0, 1, 1, 2, 2, 3, 3]
    assert {user for user, _said in told(acme)} == {str(ana.user.pk)}
    assert "la conexión de «Acme» vence el" in told(acme)[0][1]
    with tenant_context(acme):
        channel.refresh_from_db()
        assert channel.expiry_warned_days == 1


def test_a_banner_says_when_the_end_is_near_or_past(in_acme: Tenant) -> None:
    now = timezone.now()
    said = [channel_health.warning(Channel(token_expires_at=at)) for at in (None, now + timedelta(days=15))]
    assert said == ["", ""]
    assert "vence el" in channel_health.warning(Channel(token_expires_at=now + timedelta(days=3)))
    assert "venció el" in channel_health.warning(Channel(token_expires_at=now - timedelta(days=3)))


# --- the round -------------------------------------------------------------------------------------------------
def test_a_round_finds_what_was_not_looked_at_for_a_day_and_lost_steps_and_no_more_than_a_few(
    acme: Tenant, meta: LoginFake, queued: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = timezone.now()
    fresh = make(acme, meta, checked_at=now - timedelta(hours=23))
    stale = make(acme, meta, config={"page_id": "21"}, checked_at=now - timedelta(hours=25))
    lost = make(acme, meta, config={"page_id": "22"}, facts={"setup": {"subscribe": {"state": "waiting", "says": ""}}})
    off = make(acme, meta, config={"page_id": "23"}, status="disabled")
    asked = {"checked_at": now, "status_detail": "Probando la conexión…"}
    tried = make(acme, meta, config={"page_id": "24"}, **asked)
    typed = make(acme, meta, provider="ycloud", config={"page_id": "25"}, **asked)
    joined = make(acme, meta, provider="chatwoot", config={"page_id": "26"}, **asked)
    queued.clear()
    run_task("messaging.tasks.look_after_channels", tenant_id=None)
    mine = [task for task in queued if task.tenant_id == acme.pk]
    assert {(task.name.rpartition(".")[2], task.arguments["channel_id"]) for task in mine} == {
        ("look_at_channel", str(stale.pk)),
        ("set_up_channel", str(lost.pk)),
        ("check_channel", str(tried.pk)),
        ("register_ycloud", str(typed.pk)),
        ("subscribe_chatwoot", str(joined.pk)),
    }
    assert fresh.pk != off.pk
    monkeypatch.setattr(channel_health, "MOST", 0)
    queued.clear()
    channel_health.look_after(tenant=acme)
    assert [task.name for task in queued.named("look_at_channel")] == []


def test_the_test_button_refreshes_what_is_known(acme: Tenant, meta: LoginFake, client_as: Any, queued: Queue) -> None:
    channel = make(acme, meta)
    office: Client = client_as("ana")
    assert office.post(f"/canales/{channel.pk}/probar/").status_code == 303
    queued.drain()
    with tenant_context(acme):
        channel.refresh_from_db()
    assert channel.checked_at is not None
    assert "Acme" in channel.status_detail


def test_a_web_chat_is_nobodys_account(acme: Tenant) -> None:
    with tenant_context(acme):
        web = Channel.objects.get(provider="web")
    assert look(web, acme).checked_at is None


def test_another_providers_days_are_taken_from_what_it_says(
    acme: Tenant, meta: LoginFake, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Adapter:
        def check(self) -> str:
            return "x"

        def facts(self) -> dict[str, Any]:
            return {"quality": "GREEN", "expires_at": "2027-01-01T00:00:00+00:00"}

    channel = make(acme, meta, provider="ycloud", facts={"subscribed": True, "quality": "RED"})
    monkeypatch.setattr(channel_health, "adapter_for", lambda *_given: Adapter())
    look(channel, acme)
    assert channel.token_expires_at is not None
    assert channel.token_expires_at.year == 2027
    assert channel.facts["quality"] == "GREEN"
    assert channel.facts["subscribed"] is True  # nothing was said of it

    def gone(*_given: Any) -> Any:
        raise ProviderError("La clave ya no vale.", kind="auth", code="401")

    monkeypatch.setattr(channel_health, "adapter_for", gone)
    assert look(channel, acme).status == "needs_reconnect"
