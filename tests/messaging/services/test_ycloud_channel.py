"""A number at YCloud in daily use: a customer writes, gets an answer, and what YCloud tells of it finds its place."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from messaging.ingest.models import InboundEvent
from messaging.models import Channel, Conversation, Message
from messaging.services import channels, delivery, events, outbound
from tenants.context import tenant_context
from tenants.models import Tenant
from tenants.services import vault
from tests.factories.messaging import make_conversation
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


def test_an_account_that_runs_empty_after_the_call_says_so_too(
    takes: Takes, acme: Tenant, ana: Person, server: fake.YCloudFake
) -> None:
    takes(fake.inbound())
    sent = answer(acme, ana, "Hola")
    assert sent.status == "sent"
    failure = {"errorCode": "BALANCE_INSUFFICIENT", "externalId": str(sent.pk)}
    takes(fake.status(str(sent.provider_message_id), "failed", **failure))
    assert (messages(acme)[-1].status, messages(acme)[-1].error_code) == ("failed", "BALANCE_INSUFFICIENT")
    with tenant_context(acme):
        channel = Channel.objects.get(provider="ycloud")
    assert channel.status == Channel.Status.NEEDS_RECONNECT
    assert "saldo" in channel.status_detail


def test_a_passing_trouble_of_meta_behind_ycloud_is_tried_again(
    takes: Takes, acme: Tenant, ana: Person, server: fake.YCloudFake
) -> None:
    takes(fake.inbound())
    sent = answer(acme, ana, "Hola")
    failure = {"errorCode": "131000", "whatsappApiError": {"code": "131000"}, "externalId": str(sent.pk)}
    takes(fake.status(str(sent.provider_message_id), "failed", **failure))
    assert (messages(acme)[-1].status, messages(acme)[-1].provider_message_id) == ("queued", None)


# --- whose key ---


def company_says(company: Tenant, key: str | None) -> Message:
    """A company with a number and, perhaps, a key of its own sends one message."""
    with tenant_context(company):
        config = {"phone_number": fake.NUMBER}
        channel = channels.create_channel(
            provider="ycloud", channel_source="whatsapp", name="YCloud", config=config, by=BY
        )
        if key:
            vault.put_credential(category="ycloud", name="API_KEY", value=key, by=BY)
        row = make_conversation(channel=channel, last_inbound_at=timezone.now())
        (sent,) = outbound.send_as_person(conversation=row, text=company.name, by=BY, user=None)
    delivery.deliver_next(tenant=company, conversation_id=row.pk)
    with tenant_context(company):
        return Message.objects.get(pk=sent.pk)


@pytest.mark.parametrize("accepted", ["acme", "globex"])
def test_two_companies_send_each_with_their_own_key(
    acme: Tenant, globex: Tenant, server: fake.YCloudFake, queued: Queue, accepted: str
) -> None:
    """The seeds read the key without asking whose it is (seed-systems §3.4): YCloud takes one of the two only."""
    server.keys = {f"key-of-{accepted}"}
    said = {name: company_says(company, f"key-of-{name}") for name, company in (("acme", acme), ("globex", globex))}
    assert {name: row.status == "sent" for name, row in said.items()} == {
        "acme": accepted == "acme",
        "globex": accepted == "globex",
    }
    assert [sent["client_ref"] for sent in server.sends] == [str(said[accepted].pk)]


def test_a_company_without_a_key_does_not_borrow_anothers(
    acme: Tenant, globex: Tenant, server: fake.YCloudFake, queued: Queue
) -> None:
    assert company_says(acme, fake.KEY).status == "sent"
    assert company_says(globex, None).status == "failed"
    assert len(server.sends) == 1
