"""Over which channel a bubble leaves: its own, or the replacement that the company named when its own cannot."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from messaging.domain.timing import window_open
from messaging.models import Channel, ChannelIdentity, Conversation, Message, MessageTemplate
from messaging.providers.base import Address
from messaging.services import breaker

# Where channels and providers keep the number that customers see.
NUMBER_FIELDS = ("phone_number", "display_phone_number", "phone_number_id")
FEWEST_DIGITS = 7


@dataclass(frozen=True)
class Road:
    """A channel, the address of the person there, and when they last wrote there (the reply window)."""

    channel: Channel
    to: Address
    last_inbound: datetime | None


def road_for(message: Message, conversation: Conversation, now: datetime) -> Road:
    """The way of this bubble right now. The own channel when no other may carry it."""
    own = conversation.channel
    given_up = message.sent_via_id is not None
    away = own.status == Channel.Status.NEEDS_RECONNECT or breaker.rests_long(own, now)
    other = replacement(message, conversation, now) if given_up or away else None
    return other or Road(own, Address(conversation.address_kind, conversation.address), conversation.last_inbound_at)


def replacement(message: Message, conversation: Conversation, now: datetime) -> Road | None:
    """The replacement as a way for this bubble, when there is one that works, knows the person and may write to them.

    A number that the person never wrote to may not answer freely, unless it is the very same number at another provider.
    Nor does it know the templates of another: one that was not approved there as well would only be burnt.
    """
    own = conversation.channel
    other = Channel.objects.filter(pk=own.fallback_id).first() if own.fallback_id else None
    if other is None or other.pk == own.pk or other.channel_source != own.channel_source:
        return None
    if other.status != Channel.Status.CONNECTED or breaker.resting(other, now):
        return None
    there = Conversation.objects.filter(channel=other, contact_id=conversation.contact_id).exclude(address="")
    known = there.order_by("-last_inbound_at").first()
    to = _address(other, conversation, known)
    if to is None:
        return None
    heard = [known.last_inbound_at] if known else []
    if same_number(own, other):
        heard.append(conversation.last_inbound_at)
    road = Road(other, to, max(filter(None, heard), default=None))
    if message.kind == "template":
        return road if same_number(own, other) or _knows_template(other, message) else None
    by_person = message.author == Message.Author.USER
    free = window_open(
        channel_source=other.channel_source, last_inbound=road.last_inbound, now=now, by_person=by_person
    )
    return road if free else None


def _knows_template(other: Channel, message: Message) -> bool:
    named = message.payload["template"]
    rows = MessageTemplate.objects.filter(channel=other, status=MessageTemplate.Status.APPROVED)
    return rows.filter(name=named["name"], language=named["language"]).exists()


def _address(other: Channel, conversation: Conversation, known: Conversation | None) -> Address | None:
    """Ids of people belong to the page or number they wrote to; only a WhatsApp number means the same everywhere."""
    if known is not None:
        return Address(known.address_kind, known.address)
    if other.channel_source != "whatsapp" or other.provider == "chatwoot":
        return None
    if conversation.address_kind == "wa_id":
        return Address("wa_id", conversation.address)
    numbers = ChannelIdentity.objects.filter(contact_id=conversation.contact_id, kind="wa_id")
    number = numbers.order_by("-created_at").values_list("external_id", flat=True).first()
    return Address("wa_id", number) if number else None


def same_number(one: Channel, other: Channel) -> bool:
    """Whether both channels are one business number, connected twice."""
    return bool(_numbers(one) & _numbers(other))


def _numbers(channel: Channel) -> set[str]:
    said: Iterable[object] = [each.get(name) for each in (channel.config, channel.facts) for name in NUMBER_FIELDS]
    digits = {"".join(filter(str.isdigit, str(each))) for each in said if each}
    return {each for each in digits if len(each) >= FEWEST_DIGITS}
