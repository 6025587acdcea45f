"""What an integration sends over Chatwoot goes into a conversation that exists there."""

from typing import Any

import pytest

from config.lib.errors import Conflict, Invalid, NotFound
from messaging.models import Conversation
from messaging.services.relay import relay
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tenants.models import Tenant
from tests.factories.crm import make_contact
from tests.factories.messaging import make_channel, make_conversation

SHOP = Actor("system", "", "Tienda")


@pytest.fixture
def chat(acme: Tenant) -> Conversation:
    """Number 77 of the first inbox; there is a second inbox and another channel besides."""
    with tenant_context(acme):
        first = make_channel(
            provider="chatwoot", channel_source="whatsapp", config={"account_id": "1", "inbox_id": "7"}
        )
        make_channel(provider="chatwoot", channel_source="whatsapp", config={"account_id": "2", "inbox_id": "8"})
        return make_conversation(
            channel=first,
            contact=make_contact(name="Ana", phone="+5491155551111"),
            address_kind="chatwoot",
            address="77",
            external_chatwoot_id="77",
            external_account_id="1",
        )


def send(acme: Tenant, **what: Any) -> object:
    with tenant_context(acme):
        relay(by=SHOP, user=None, **what)
        row = Conversation.objects.get(messages__text=what["text"])
        return row.pk


def test_chatwoots_own_number_finds_the_conversation_among_several_channels(acme: Tenant, chat: Conversation) -> None:
    with tenant_context(acme):
        Conversation.objects.filter(pk=chat.pk).update(channel_source="web")  # no window to mind here
    assert send(acme, external_chatwoot_id="77", text="Salió") == chat.pk


def test_a_number_that_two_accounts_use_asks_for_the_account(acme: Tenant, chat: Conversation) -> None:
    with tenant_context(acme):
        Conversation.objects.filter(pk=chat.pk).update(channel_source="web")
        make_conversation(
            channel=make_channel(provider="chatwoot", channel_source="web"),
            external_chatwoot_id="77",
            external_account_id="2",
        )
    with pytest.raises(Conflict):
        send(acme, external_chatwoot_id="77", text="Salió")
    assert send(acme, external_chatwoot_id="77", external_account_id="1", text="Salió") == chat.pk


def test_a_phone_reaches_who_is_known_there_and_nobody_else(acme: Tenant, chat: Conversation) -> None:
    with tenant_context(acme):
        Conversation.objects.filter(pk=chat.pk).update(channel_source="web")
    here = {"channel": str(chat.channel_id), "text": "Hola"}
    assert send(acme, to="+5491155551111", **here) == chat.pk
    with pytest.raises(Invalid, match="external_chatwoot_id"):
        send(acme, to="+5491155552222", **here)


def test_an_unknown_number_is_said_to_be_unknown(acme: Tenant, chat: Conversation) -> None:
    with pytest.raises(NotFound):
        send(acme, external_chatwoot_id="78", text="Hola")
