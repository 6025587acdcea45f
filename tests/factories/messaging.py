import secrets
from datetime import timedelta
from itertools import count

from django.db.models import Max
from django.utils import timezone

from messaging.ingest.models import ChannelRoute, InboundEvent
from messaging.models import (
    Attachment,
    Channel,
    ChannelIdentity,
    Conversation,
    Message,
    MessageStatus,
    MessageTemplate,
    MetaLogin,
    PendingStatus,
    ProviderNotice,
    ScheduledMessage,
)
from tenants.context import current_tenant
from tenants.models import User
from tests.factories.crm import make_contact

_numbers = count(1)


def make_channel(**over: object) -> Channel:
    """A connected web chat unless told otherwise; `route=True` also makes its public address."""
    route = over.pop("route", False)
    fields = {
        "provider": "web",
        "channel_source": "web",
        "name": f"Canal {next(_numbers)}",
        "status": Channel.Status.CONNECTED,
        "route_key": secrets.token_urlsafe(24),
        **over,
    }
    channel = Channel.objects.create(**fields)
    if route:
        make_route(channel=channel)
    return channel


def make_route(**over: object) -> ChannelRoute:
    channel = over.pop("channel", None) or make_channel()
    return ChannelRoute.objects.create(
        **{
            "route_key": channel.route_key,
            "tenant": current_tenant(),
            "provider": channel.provider,
            "channel_id": channel.pk,
            **over,
        }
    )


def make_conversation(**over: object) -> Conversation:
    """Open, in mode `ai`, with a contact and channel of its own unless given."""
    channel = over.pop("channel", None) or make_channel()
    contact = over.pop("contact", None) or make_contact()
    return Conversation.objects.create(
        **{
            "channel": channel,
            "contact": contact,
            "channel_source": channel.channel_source,
            "provider": channel.provider,
            "address_kind": "visitor" if channel.provider == "web" else "wa_id",
            "address": (contact.phone or f"visitor-{next(_numbers)}").lstrip("+"),
            "last_message_at": timezone.now(),
            **over,
        }
    )


def make_message(**over: object) -> Message:
    """An inbound text unless `direction="out"`; its sequence follows the last one."""
    conversation = over.pop("conversation", None) or make_conversation()
    out = over.get("direction") == Message.Direction.OUT
    last = Message.objects.filter(conversation=conversation).aggregate(last=Max("sequence"))["last"]
    sequence = over.pop("sequence", None) or max(last or 0, conversation.sequence) + 1
    Conversation.objects.filter(pk=conversation.pk).update(sequence=sequence)
    conversation.sequence = sequence
    return Message.objects.create(
        **{
            "conversation": conversation,
            "channel": conversation.channel,
            "direction": Message.Direction.IN,
            "author": Message.Author.AGENT if out else Message.Author.CONTACT,
            "text": f"Mensaje {sequence}",
            "status": MessageStatus.SENT if out else MessageStatus.RECEIVED,
            "sequence": sequence,
            **over,
        }
    )


def make_attachment(**over: object) -> Attachment:
    message = over.pop("message", None) or make_message(kind="image")
    return Attachment.objects.create(**{"message": message, "kind": "image", "mime": "image/png", **over})


def make_identity(**over: object) -> ChannelIdentity:
    return ChannelIdentity.objects.create(
        channel=over.pop("channel", None) or make_channel(),
        contact=over.pop("contact", None) or make_contact(),
        **{"kind": "visitor", "external_id": f"visitor-{next(_numbers)}", **over},
    )


def make_pending_status(**over: object) -> PendingStatus:
    return PendingStatus.objects.create(
        channel=over.pop("channel", None) or make_channel(),
        **{"provider_message_id": f"wamid.{next(_numbers)}", "status": "delivered", "at": timezone.now(), **over},
    )


def make_notice(**over: object) -> ProviderNotice:
    return ProviderNotice.objects.create(
        channel=over.pop("channel", None) or make_channel(),
        **{"event_id": next(_numbers), "kind": "account_update", "text": "Aviso", **over},
    )


def make_template(**over: object) -> MessageTemplate:
    """An approved one of a WhatsApp number of its own: "Hola {{1}}, lo esperamos el {{2}}." """
    channel = over.pop("channel", None) or make_channel(provider="meta_direct", channel_source="whatsapp")
    body = {"type": "BODY", "text": "Hola {{1}}, lo esperamos el {{2}}.", "example": {"body_text": [["Ana", "lunes"]]}}
    return MessageTemplate.objects.create(
        **{
            "channel": channel,
            "name": f"aviso_{next(_numbers)}",
            "language": "es_AR",
            "category": MessageTemplate.Category.UTILITY,
            "components": [body],
            "values": ["{{contact.name}}", "lunes"],
            "status": MessageTemplate.Status.APPROVED,
            **over,
        }
    )


def make_scheduled(**over: object) -> ScheduledMessage:
    """A text that leaves in an hour."""
    conversation = over.pop("conversation", None) or make_conversation()
    return ScheduledMessage.objects.create(
        **{
            "conversation": conversation,
            "text": "Mañana sigue en pie",
            "send_at": timezone.now() + timedelta(hours=1),
            **over,
        }
    )


def make_meta_login(**over: object) -> MetaLogin:
    by = over.pop("by", None) or User.objects.filter(memberships__tenant=current_tenant()).order_by("pk").first()
    return MetaLogin.objects.create(
        **{
            "channel_source": "facebook",
            "token": "token-of-a-sign-in",
            "found": [{"kind": "page", "id": "9001", "name": "Página de prueba"}],
            "by": by,
            **over,
        }
    )


def make_inbound_event(**over: object) -> InboundEvent:
    channel = over.pop("channel", None) or make_channel()
    return InboundEvent.objects.create(
        **{
            "tenant": current_tenant(),
            "provider": channel.provider,
            "channel_id": channel.pk,
            "event_key": secrets.token_hex(16),
            "raw": "{}",
            **over,
        }
    )
