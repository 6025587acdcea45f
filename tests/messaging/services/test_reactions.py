"""Reactions belong to the message they were given to, whatever the order they come in; they ask nobody for an answer."""

from datetime import UTC, datetime, timedelta

from messaging.ingest.models import InboundEvent
from messaging.models import Message, ProviderNotice
from messaging.providers.base import Reaction, Sender
from messaging.services import events, reactions
from tenants.context import tenant_context
from tenants.live.models import LiveEvent
from tenants.models import Tenant
from tests.fakes import graph_events as wire
from tests.messaging.services.saying import ANA, Number

AT = datetime(2026, 11, 21, 12, tzinfo=UTC)


def give(number: Number, target: str, emoji: str, *, seconds: int = 0, ours: bool = False) -> None:
    item = Reaction(
        number.phone_number_id,
        target,
        f"wamid.r{seconds}{emoji}",
        Sender(ids=(("wa_id", ANA),)),
        emoji,
        AT + timedelta(seconds=seconds),
        from_business=ours,
    )
    with tenant_context(number.tenant):
        reactions.accept_reaction(channel=number.channel, item=item)


def shown(number: Number) -> object:
    return number.messages()[0].payload.get("reactions")


def test_each_side_has_one_reaction_and_may_take_it_back(number: Number) -> None:
    wamid = number.says("Gracias")
    give(number, wamid, "👍")
    give(number, wamid, "❤️", seconds=1)
    give(number, wamid, "🎉", seconds=1, ours=True)
    assert shown(number) == {"contact": "❤️", "business": "🎉"}

    give(number, wamid, "", seconds=2)
    assert shown(number) == {"business": "🎉"}


def test_an_older_reaction_that_comes_late_changes_nothing(number: Number) -> None:
    wamid = number.says("Gracias")
    give(number, wamid, "", seconds=5)
    give(number, wamid, "👍", seconds=4)

    assert shown(number) == {}


def test_a_reaction_is_shown_live_and_asks_nobody(acme: Tenant, number: Number) -> None:
    wamid = number.says("Gracias")
    before = number.conversation()
    with tenant_context(acme):
        LiveEvent.objects.all().delete()
    number.sends(wire.reaction(wamid))

    after = number.conversation()
    assert len(number.messages()) == 1
    assert shown(number) == {"contact": "👍"}
    for name in ("unread_count", "last_inbound_at", "reply_due_at", "last_message_preview"):
        assert getattr(after, name) == getattr(before, name), name
    with tenant_context(acme):
        assert LiveEvent.objects.filter(type="NEW_MESSAGE", data__changed=True).exists()


def test_a_reaction_to_a_deleted_message_is_dropped(number: Number) -> None:
    wamid = number.says("Secreto")
    number.sends(wire.revoke(wamid))
    give(number, wamid, "👍")

    assert number.messages()[0].payload == {"revoked": True}


def test_a_reaction_to_what_never_came_ends_as_a_notice(acme: Tenant, number: Number) -> None:
    number.says("Hola")
    number.hears(wire.inbound(wire.reaction("wamid.never")))
    for _each in range(events.MOST_ATTEMPTS):
        with tenant_context(acme):
            InboundEvent.objects.update(lease_until=None)
        events.drain(tenant=acme)

    with tenant_context(acme):
        assert ProviderNotice.objects.get().kind == "unmatched"
        assert Message.objects.count() == 1
