"""The product sending through each provider: what may have arrived is never sent again, what certainly did not waits."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from messaging.models import Channel, Conversation, Message
from messaging.services import channels, delivery, outbound
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tenants.models import Tenant
from tenants.services import vault
from tests.factories.messaging import make_conversation
from tests.messaging.providers.suite.benches import NOWHERE, Bench, can
from tests.support.cast import Person
from tests.support.tasks import Queue

BY = Actor.system("Prueba")
BASES = ("META_GRAPH_BASE_URL", "INSTAGRAM_GRAPH_BASE_URL", "YCLOUD_BASE_URL")


def point(settings: Any, bench: Bench, base: str) -> None:
    for name in BASES:
        setattr(settings, name, base)
    for named, value in bench.addresses(base).items():
        category, _slash, name = named.partition("/")
        vault.put_credential(category=category, name=name, value=value, by=BY)


@pytest.fixture
def written(bench: Bench, acme: Tenant, ana: Person, settings: Any, queued: Queue) -> Callable[[str], Message]:
    """Ana answers a customer; the answer as it stands after every attempt that is due now."""
    with tenant_context(acme):
        provider, source = bench.kind
        config = dict(bench.config)
        channel = channels.create_channel(provider=provider, channel_source=source, name="Uno", config=config, by=BY)
        Channel.objects.filter(pk=channel.pk).update(status=Channel.Status.CONNECTED)
        for named, value in bench.secrets.items():
            category, _slash, name = named.partition("/")
            vault.put_credential(category=category, name=name, value=value, by=BY)
        address = {"address_kind": bench.to.kind, "address": bench.to.external_id}
        chat = make_conversation(channel=channel, last_inbound_at=timezone.now(), **address)
        point(settings, bench, bench.base)

    def write(text: str) -> Message:
        with tenant_context(acme):
            conversation = Conversation.objects.get(pk=chat.pk)
            (row,) = outbound.send_as_person(conversation=conversation, text=text, by=ana.actor, user=ana.user)
        for _time in range(3):
            delivery.deliver_next(tenant=acme, conversation_id=chat.pk)
        with tenant_context(acme):
            return Message.objects.get(pk=row.pk)

    return write


@can("wired")
def test_an_answer_leaves_and_its_id_is_kept(bench: Bench, written: Callable[[str], Message]) -> None:
    message = written("Hola Ana")
    (sent,) = bench.sent()
    assert (message.status, message.provider_message_id) == ("sent", str(sent["id"]))
    if bench.keeps_refs:
        assert sent["client_ref"] == str(message.pk)


@can("wired")
def test_a_lost_answer_is_unknown_and_never_sent_again(
    bench: Bench, written: Callable[[str], Message], acme: Tenant, hurried: None
) -> None:
    bench.lose("hold")
    message = written("Hola Ana")
    assert message.status == "unknown"
    with tenant_context(acme):
        assert message.conversation_id not in delivery.due_ids(timezone.now())
    assert len(bench.sent()) == 1


@can("wired")
def test_what_certainly_did_not_leave_waits_and_leaves_later(
    bench: Bench, written: Callable[[str], Message], acme: Tenant, settings: Any
) -> None:
    with tenant_context(acme):
        point(settings, bench, NOWHERE)
    message = written("Hola Ana")
    assert (message.status, message.attempts) == ("queued", 1)
    with tenant_context(acme):
        point(settings, bench, bench.base)
        Message.objects.filter(pk=message.pk).update(not_before=None)
    assert delivery.deliver_next(tenant=acme, conversation_id=message.conversation_id)
    assert [bench.words(sent["body"]) for sent in bench.sent()] == ["Hola Ana"]
