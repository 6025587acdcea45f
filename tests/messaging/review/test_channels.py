"""A channel's switch, data and address under two hands."""

from functools import partial

import pytest

from messaging.ingest.models import ChannelRoute
from messaging.models import Channel
from messaging.services import channels
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tests.support.cast import Cast
from tests.support.together import at_once

BY = Actor.system("test")
NUMBER = {"phone_number_id": "100200300", "waba_id": "900", "display_phone_number": "+5491155550000"}


def whatsapp(name: str = "Ventas") -> Channel:
    return channels.create_channel(provider="meta_direct", channel_source="whatsapp", name=name, config=NUMBER, by=BY)


def stored(channel: Channel) -> tuple[Channel, ChannelRoute]:
    return Channel.objects.get(pk=channel.pk), ChannelRoute.objects.get(channel_id=channel.pk)


def test_one_number_connected_twice_at_once_makes_one_channel(live_tenants: Cast) -> None:
    answers = at_once([whatsapp] * 5, partial(tenant_context, live_tenants.acme))
    assert sum(isinstance(answer, Channel) for answer in answers) == 1
    assert [getattr(answer, "status", None) for answer in answers if not isinstance(answer, Channel)] == [409] * 4


def test_a_rename_on_an_old_copy_switches_nothing_on_again(live_tenants: Cast) -> None:
    with tenant_context(live_tenants.acme):
        channel = whatsapp()
        old = Channel.objects.get(pk=channel.pk)
        channels.set_enabled(channel=channel, enabled=False, by=BY)
        channels.update_channel(channel=old, name="Otro", by=BY)
        now, route = stored(channel)
    assert (now.name, now.status, route.is_active) == ("Otro", Channel.Status.DISABLED, False)


def test_a_rename_on_an_old_copy_keeps_the_new_number(live_tenants: Cast) -> None:
    with tenant_context(live_tenants.acme):
        channel = whatsapp()
        old = Channel.objects.get(pk=channel.pk)
        channels.update_channel(channel=channel, config={**NUMBER, "phone_number_id": "777"}, by=BY)
        channels.update_channel(channel=old, name="Otro", by=BY)
        now, _route = stored(channel)
    assert (now.name, now.config["phone_number_id"]) == ("Otro", "777")


def test_news_heard_on_an_old_copy_switch_nothing_on_again(live_tenants: Cast) -> None:
    with tenant_context(live_tenants.acme):
        channel = whatsapp()
        old = Channel.objects.get(pk=channel.pk)
        channels.set_enabled(channel=channel, enabled=False, by=BY)
        channels.heard_from(old)
        assert stored(channel)[0].status == Channel.Status.DISABLED


def test_a_test_that_ends_after_the_switch_was_turned_off_leaves_it_off(
    live_tenants: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme = live_tenants.acme
    with tenant_context(acme):
        channel = whatsapp()

    class Slow:
        def check(self) -> str:
            with tenant_context(acme):
                channels.set_enabled(channel=channel, enabled=False, by=BY)
            return "Acme"

    monkeypatch.setattr(channels, "adapter_for", lambda tenant, channel: Slow())
    channels.check(tenant=acme, channel_id=channel.pk)
    with tenant_context(acme):
        assert stored(channel)[0].status == Channel.Status.DISABLED
