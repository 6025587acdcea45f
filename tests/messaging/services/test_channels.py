"""Channels: their data checked, their address unguessable, their state shown as it is."""

import pytest

from config.lib.errors import AppError, Conflict, Invalid
from messaging.ingest.models import ChannelRoute
from messaging.models import Channel
from messaging.services import channels
from tenants.context import tenant_context
from tenants.db.current import connection
from tenants.models import SystemEvent, Tenant
from tenants.services import vault
from tests.fakes.graph import GraphFake
from tests.messaging.services.saying import BY, Number, Worker, make_number
from tests.support.tasks import Queue


def make(**over: object) -> Channel:
    given = {"provider": "meta_direct", "channel_source": "whatsapp", "name": "Ventas"}
    return channels.create_channel(**{**given, "config": {"phone_number_id": "123"}, "by": BY, **over})  # type: ignore[arg-type]


def test_a_channel_gets_an_address_of_its_own_that_says_nothing(in_acme: Tenant) -> None:
    first, second = make(), make(config={"phone_number_id": "456"})

    assert first.route_key != second.route_key
    assert len(first.route_key) >= 32
    assert f"/webhooks/meta/{first.route_key}/" in channels.webhook_url(first)
    route = ChannelRoute.objects.get(route_key=first.route_key)
    assert (route.tenant_id, route.channel_id, route.is_active) == (in_acme.pk, first.pk, True)
    connection.run_before_commit()
    assert SystemEvent.objects.filter(tenant_id=in_acme.pk, action="channel.created").count() == 3  # and the web chat


@pytest.mark.parametrize(
    ("what", "named"),
    [
        ({"name": " "}, "name"),
        ({"config": {}}, "phone_number_id"),
        ({"config": {"phone_number_id": "no number"}}, "phone_number_id"),
        ({"provider": "pigeon"}, "provider"),
        ({"channel_source": "fax"}, "provider"),
    ],
)
def test_wrong_data_is_refused_by_name(in_acme: Tenant, what: dict[str, object], named: str) -> None:
    with pytest.raises(Invalid) as refused:
        make(**what)

    assert named in refused.value.fields
    assert not Channel.objects.filter(provider="meta_direct").exists()


def test_one_number_is_one_channel_within_a_company_and_may_be_tried_by_another(acme: Tenant, globex: Tenant) -> None:
    with tenant_context(acme):
        make()
        with pytest.raises(AppError) as refused:
            make(name="Otra vez")
        assert refused.value.status == 409
    with tenant_context(globex):
        assert make().pk


def test_switched_off_its_address_is_closed_and_switched_on_it_proves_itself_again(in_acme: Tenant) -> None:
    channel = make()
    channels.set_enabled(channel=channel, enabled=False, by=BY)
    assert not ChannelRoute.objects.get(route_key=channel.route_key).is_active

    channels.set_enabled(channel=channel, enabled=True, by=BY)
    assert ChannelRoute.objects.get(route_key=channel.route_key).is_active
    assert Channel.objects.get(pk=channel.pk).status == "pending"


def test_changing_a_channel_keeps_its_address(in_acme: Tenant) -> None:
    channel = make()
    before = channel.route_key
    channels.update_channel(channel=channel, name="Nuevo", config={"phone_number_id": "789"}, by=BY)
    found = Channel.objects.get(pk=channel.pk)

    assert (found.name, found.config["phone_number_id"], found.route_key) == ("Nuevo", "789", before)


def test_the_test_button_tells_what_whatsapp_said(number: Number, worker: Worker, graph: GraphFake) -> None:
    with tenant_context(number.tenant):
        channels.ask_for_test(channel=number.channel, by=BY)
    worker.run()
    with tenant_context(number.tenant):
        found = Channel.objects.get(pk=number.channel.pk)
        assert found.status == "connected"
        assert "Acme" in found.status_detail

    graph.tokens = set()
    channels.check(tenant=number.tenant, channel_id=number.channel.pk)
    with tenant_context(number.tenant):
        assert Channel.objects.get(pk=number.channel.pk).status == "needs_reconnect"


def test_switching_off_and_on_hides_no_dead_credential(number: Number, worker: Worker, graph: GraphFake) -> None:
    def now() -> tuple[str, bool]:
        found = Channel.objects.get(pk=number.channel.pk)
        return found.status, "proven" in found.facts

    channels.check(tenant=number.tenant, channel_id=number.channel.pk)
    with tenant_context(number.tenant):
        vault.put_credential(category="meta", name="VERIFY_TOKEN", value="v-0123456789", by=BY)
        assert now() == ("connected", True)
    graph.tokens = set()
    channels.check(tenant=number.tenant, channel_id=number.channel.pk)
    with tenant_context(number.tenant):
        assert now() == ("needs_reconnect", False)
        channels.set_enabled(channel=number.channel, enabled=False, by=BY)
        channels.set_enabled(channel=number.channel, enabled=True, by=BY)
        assert now() == ("pending", False)
    worker.run()
    with tenant_context(number.tenant):
        assert now() == ("needs_reconnect", False)


def test_a_channel_without_its_credentials_is_switched_on_without_a_test(in_acme: Tenant, queued: Queue) -> None:
    channel = make()
    channels.set_enabled(channel=channel, enabled=False, by=BY)
    channels.set_enabled(channel=channel, enabled=True, by=BY)
    connection.run_before_commit()
    assert not queued.named("check_channel")
    assert Channel.objects.get(pk=channel.pk).status_detail == ""


def test_a_channel_that_was_switched_off_is_not_tested(number: Number, graph: GraphFake) -> None:
    with tenant_context(number.tenant):
        channels.set_enabled(channel=number.channel, enabled=False, by=BY)
        with pytest.raises(Conflict):
            channels.ask_for_test(channel=number.channel, by=BY)
    channels.check(tenant=number.tenant, channel_id=number.channel.pk)

    with tenant_context(number.tenant):
        assert Channel.objects.get(pk=number.channel.pk).status == "disabled"


def test_the_secrets_a_channel_needs_are_named_never_shown(acme: Tenant, graph: GraphFake) -> None:
    number = make_number(acme)
    with tenant_context(acme):
        needed = [(each.name, each.stored) for each in channels.credentials_of(number.channel)]

    assert needed == [("whatsapp_cloud/ACCESS_TOKEN", True), ("meta/APP_SECRET", True), ("meta/VERIFY_TOKEN", False)]


def test_a_company_starts_with_one_web_chat(in_acme: Tenant, queued: Queue) -> None:
    channels.seed(tenant=in_acme)

    (web,) = Channel.objects.filter(provider="web")
    assert web.status == "connected"
    assert channels.webhook_url(web).endswith(f"/widget/{web.pk}.js")


def test_a_page_is_a_channel_of_its_own_beside_its_instagram_account(in_acme: Tenant, queued: Queue) -> None:
    both = {"ig_user_id": "17841400000000001", "page_id": "9001"}
    made = [
        channels.create_channel(provider="meta_direct", channel_source=source, name=source, config=config, by=BY)
        for source, config in (("instagram", both), ("facebook", {"page_id": "9001"}))
    ]
    assert len(made) == 2
    with pytest.raises(AppError, match="Ya hay un canal"):
        channels.create_channel(
            provider="meta_direct", channel_source="facebook", name="Otra", config={"page_id": "9001"}, by=BY
        )


def test_an_inbox_of_chatwoot_is_one_channel_whatever_it_is_there(in_acme: Tenant, queued: Queue) -> None:
    config = {"account_id": "3", "inbox_id": "8"}
    channels.create_channel(provider="chatwoot", channel_source="whatsapp", name="Una", config=config, by=BY)
    with pytest.raises(AppError, match="Ya hay un canal"):
        channels.create_channel(provider="chatwoot", channel_source="web", name="Dos", config=config, by=BY)
