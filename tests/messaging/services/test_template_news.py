"""News of templates from webhooks: believed of the account that they name, whatever address they arrive at."""

from typing import Any

import pytest

from messaging.models import Channel, MessageTemplate
from messaging.providers.base import Notice
from messaging.providers.ycloud.client import YCloudWhatsApp
from messaging.services import template_sync
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.factories.messaging import make_channel, make_template
from tests.support.tasks import Queue


def one(acme: Tenant) -> MessageTemplate:
    with tenant_context(acme):
        return MessageTemplate.objects.get(name="aviso")


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("message_template_status_update", {"event": "PAUSED", "reason": "FIRST_PAUSE"}, ("paused", "utility", "")),
        ("message_template_status_update", {"event": "DISABLED", "reason": None}, ("disabled", "utility", "")),
        ("message_template_status_update", {"event": {"odd": 1}}, ("paused", "utility", "")),
        ("message_template_quality_update", {"new_quality_score": "YELLOW"}, ("approved", "utility", "YELLOW")),
        ("template_category_update", {"new_category": "MARKETING"}, ("approved", "marketing", "")),
        ("template_category_update", {"new_category": ["x"]}, ("approved", "utility", "")),
        ("account_update", {"event": "DISABLED"}, ("approved", "utility", "")),
    ],
)
def test_news_of_a_template_change_its_row(
    acme: Tenant, kind: str, value: dict[str, Any], expected: tuple[str, str, str]
) -> None:
    with tenant_context(acme):
        row = make_template(name="aviso")
        named = {"message_template_name": "aviso", "message_template_language": "es_AR", "message_template_id": 99}
        template_sync.hear(channel=row.channel, notice=Notice(kind, "", payload={"value": {**named, **value}}))
    after = one(acme)
    assert (after.status, after.category, after.quality) == expected


def test_news_of_ycloud_say_the_same_and_those_of_unknown_templates_are_passed_over(acme: Tenant) -> None:
    with tenant_context(acme):
        row = make_template(name="aviso")
        news = {"name": "aviso", "language": "es_AR", "status": "REJECTED", "reason": "SCAM", "category": "UTILITY"}
        event = {"id": "evt_1", "type": "whatsapp.template.reviewed", "whatsappTemplate": news}
        (notice,) = YCloudWhatsApp.parse(event)
        assert isinstance(notice, Notice)
        template_sync.hear(channel=row.channel, notice=notice)
        for odd in ({}, {"value": None}, {"value": {"message_template_name": "otra"}}):
            template_sync.hear(channel=row.channel, notice=Notice("message_template_status_update", "", payload=odd))
    assert (one(acme).status, one(acme).reason) == ("rejected", "WhatsApp la considera engañosa.")


def tell(channel: Channel, account: str, **more: Any) -> None:
    """A rejection of the template "aviso" arrives at the channel's address, as said by the account."""
    value = {"message_template_name": "aviso", "message_template_language": "es_AR", "event": "REJECTED", **more}
    news = Notice("message_template_status_update", "", payload={"value": value}, account_ref=account)
    template_sync.hear(channel=channel, notice=news)


def states() -> dict[str, tuple[str, str]]:
    rows = MessageTemplate.objects.values_list("channel__name", "status", "provider_template_id")
    return {name: (status, theirs) for name, status, theirs in rows}


def number(name: str, provider: str, **config: str) -> Channel:
    channel = make_channel(name=name, provider=provider, channel_source="whatsapp", config=config)
    make_template(channel=channel, name="aviso", provider_template_id="")
    return channel


@pytest.mark.parametrize("provider", ["meta_direct", "ycloud"])
def test_news_of_another_account_change_the_templates_of_that_account_only(acme: Tenant, provider: str) -> None:
    """All accounts of an app, or of a YCloud key, are told at one address."""
    with tenant_context(acme):
        first = number("primero", provider, waba_id="1")
        number("segundo", provider, waba_id="2")
        number("también el segundo", provider, waba_id="2")
        tell(first, "2", message_template_id="77")
        tell(first, "3", message_template_id="88")
        assert states() == {
            "primero": ("approved", ""),
            "segundo": ("rejected", "77"),
            "también el segundo": ("rejected", "77"),
        }


def test_news_without_an_account_are_of_the_number_where_they_arrive(acme: Tenant) -> None:
    with tenant_context(acme):
        tell(number("Ventas", "meta_direct", waba_id="1"), "")
        assert states() == {"Ventas": ("rejected", "")}


def test_the_same_account_at_another_provider_is_told_by_that_one(acme: Tenant) -> None:
    with tenant_context(acme):
        first = number("Meta", "meta_direct", waba_id="1")
        number("YCloud", "ycloud", waba_id="1")
        tell(first, "1")
        assert {name: status for name, (status, _theirs) in states().items()} == {
            "Meta": "rejected",
            "YCloud": "approved",
        }


def test_a_number_that_does_not_know_its_account_goes_by_the_templates_id_and_else_asks(
    acme: Tenant, queued: Queue
) -> None:
    with tenant_context(acme):
        channel = number("sin cuenta", "ycloud", phone_number="+5491150000000")
        MessageTemplate.objects.update(provider_template_id="77")
        tell(channel, "2", message_template_id="88")
        assert states() == {"sin cuenta": ("approved", "77")}
    assert [task.arguments["channel_id"] for task in queued.named("sync_templates")] == [str(channel.pk)]
    with tenant_context(acme):
        MessageTemplate.objects.update(provider_template_id="")
        tell(channel, "2")
        assert states() == {"sin cuenta": ("approved", "")}
        MessageTemplate.objects.update(provider_template_id="77")
        tell(channel, "1", message_template_id="77")
        assert states() == {"sin cuenta": ("rejected", "77")}
