"""A number at YCloud in daily use: a customer writes, gets an answer, and what YCloud tells of it finds its place."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest

from messaging.ingest.models import InboundEvent
from messaging.models import Channel, Conversation, Message
from messaging.services import channels, delivery, events, outbound
from tenants.context import tenant_context
from tenants.models import Tenant
from tenants.services import vault
from tests.fakes import ycloud as fake
from tests.messaging.services.saying import BY
from tests.support.cast import Person
from tests.support.tasks import Queue

Takes = Callable[[Any], None]


@pytest.fixture
def server(settings: Any) -> Iterator[fake.YCloudFake]:
    with fake.YCloudFake() as running:
        settings.YCLOUD_BASE_URL = running.url
        yield running


@pytest.fixture
def takes(acme: Tenant, server: fake.YCloudFake, queued: Queue) -> Takes:
    """A webhook arrived, was stored by the door and is worked off."""
    with tenant_context(acme):
        config = {"phone_number": fake.NUMBER}
        channel = channels.create_channel(
            provider="ycloud", channel_source="whatsapp", name="YCloud", config=config, by=BY
        )
        vault.put_credential(category="ycloud", name="API_KEY", value=fake.KEY, by=BY)

    def take(payload: Any) -> None:
        raw = fake.dump(payload).decode()
        with tenant_context(acme):
            InboundEvent.objects.create(
                tenant_id=acme.pk, provider="ycloud", channel_id=channel.pk, event_key=uuid4().hex, raw=raw
            )
        events.drain(tenant=acme)

    return take


def chat(acme: Tenant) -> Conversation:
    with tenant_context(acme):
        return Conversation.objects.select_related("contact").get(provider="ycloud")


def messages(acme: Tenant) -> list[Message]:
    with tenant_context(acme):
        return list(Message.objects.filter(conversation=chat(acme)).exclude(kind="note").order_by("sequence"))


def answer(acme: Tenant, ana: Person, text: str) -> Message:
    with tenant_context(acme):
        (row,) = outbound.send_as_person(conversation=chat(acme), text=text, by=ana.actor, user=ana.user)
    delivery.deliver_next(tenant=acme, conversation_id=row.conversation_id)
    with tenant_context(acme):
        return Message.objects.get(pk=row.pk)


def test_a_customer_writes_and_is_answered(takes: Takes, acme: Tenant, ana: Person, server: fake.YCloudFake) -> None:
    takes([fake.inbound(content={"body": "hola"}), fake.inbound(content={"body": "¿tienen remeras?"})])
    assert [row.text for row in messages(acme)] == ["hola", "¿tienen remeras?"]
    assert (chat(acme).contact.name, chat(acme).contact.phone) == ("Ana Paz", fake.CUSTOMER)

    sent = answer(acme, ana, "Sí")
    assert (sent.status, server.sends[0]["body"]["to"]) == ("sent", fake.CUSTOMER)
    takes(fake.status(str(sent.provider_message_id), "read", externalId=str(sent.pk)))
    takes(fake.status(str(sent.provider_message_id), "delivered", externalId=str(sent.pk)))
    assert messages(acme)[-1].status == "read"


def test_a_person_without_a_phone_is_answered_by_user_id(
    takes: Takes, acme: Tenant, ana: Person, server: fake.YCloudFake
) -> None:
    takes(fake.inbound(**{"from": None}, fromUserId=fake.BSUID, customerProfile={"username": "ana.b"}))
    answer(acme, ana, "Hola")
    assert server.sends[0]["body"]["recipient"] == fake.BSUID


def test_a_lost_answer_is_settled_by_the_first_status(
    takes: Takes, acme: Tenant, ana: Person, server: fake.YCloudFake
) -> None:
    takes(fake.inbound())
    server.script(fake.Rule("drop"))
    lost = answer(acme, ana, "Hola")
    assert (lost.status, lost.provider_message_id) == ("unknown", None)
    takes(fake.status(server.sends[0]["id"], "accepted", externalId=str(lost.pk)))
    found = messages(acme)[-1]
    assert (found.status, found.provider_message_id) == ("sent", server.sends[0]["id"])


def test_an_answer_from_the_phone_silences_the_agent(takes: Takes, acme: Tenant) -> None:
    takes(fake.inbound())
    assert chat(acme).mode == Conversation.Mode.AI
    takes(fake.echo("Ya le respondo yo"))
    assert chat(acme).mode == Conversation.Mode.HUMAN
    assert [(row.text, row.author) for row in messages(acme)] == [("Hola", "contact"), ("Ya le respondo yo", "user")]


def test_an_empty_account_says_so_on_the_message_and_the_channel(
    takes: Takes, acme: Tenant, ana: Person, server: fake.YCloudFake
) -> None:
    takes(fake.inbound())
    server.script(fake.Rule("error", code="BALANCE_INSUFFICIENT", status=402))
    assert "saldo" in answer(acme, ana, "Hola").error
    with tenant_context(acme):
        assert Channel.objects.get(provider="ycloud").status == Channel.Status.NEEDS_RECONNECT
