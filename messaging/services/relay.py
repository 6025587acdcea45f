"""The one door for everything that an integration sends: finds the conversation, then queues like any other message."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from django.utils.translation import gettext as _

from config.lib.errors import Conflict, Invalid, NotFound
from config.lib.ids import key_of
from crm.phones import as_e164
from crm.services import blocking
from messaging.models import Channel, Conversation, Message, Provider
from messaging.providers.base import Sender
from messaging.services import identity
from messaging.services.conversations import locked, open_conversation
from messaging.services.outbound import (
    may_reach,
    queue_media,
    queue_template,
    queue_text,
    refuse_outside_window,
    safely_once,
    sending_key,
)
from tenants.context import current_tenant
from tenants.domain.actor import Actor
from tenants.models import User
from tenants.services.audit import record

LONGEST_CAPTION = 1024  # characters, WhatsApp's


@dataclass(frozen=True)
class Relayed:
    """What was queued; the correlation id is the idempotency key of all its bubbles."""

    message_ids: list[UUID]
    correlation_id: str


def relay(
    *,
    by: Actor,
    user: User | None,
    to: str = "",
    text: str = "",
    provider: str = "",
    channel_source: str = "",
    channel: str = "",
    conversation_id: str = "",
    external_chatwoot_id: str = "",
    external_account_id: str = "",
    template: dict[str, Any] | None = None,
    media: dict[str, Any] | None = None,
    choices: list[dict[str, str]] | None = None,
    reply_to: str = "",
    correlation_id: str = "",
) -> Relayed:
    """Queue a text (as bubbles), a template or a file. `choices` ({"id", "title"}) are answers offered under the text,
    `reply_to` the provider's id of the message that it quotes.

    Raises NotFound (no such conversation), Conflict (several channels fit: name one; a blocked contact), Invalid (window
    closed, no address, a contact who opted out).
    """
    correlation_id = correlation_id or uuid4().hex
    chatwoot = {"external_chatwoot_id": external_chatwoot_id, "external_account_id": external_account_id}
    conversation = _conversation(to, provider, channel_source, channel, conversation_id, chatwoot)
    key = sending_key("relay", correlation_id)

    def queue() -> list[Message]:
        _refuse_unwanted(conversation, template=template is not None)
        if template is not None:
            return [queue_template(conversation, template, by=by, user=None, key=key, text=text)]
        refuse_outside_window(conversation)
        said: dict[str, Any] = {"author": Message.Author.SYSTEM, "author_name": by.label}
        said["cause"] = _("Enviado por una integración")
        if not media:
            offered = {"choices": [[each["id"], each["title"]] for each in choices]} if choices else None
            return queue_text(conversation, text, key=key, payload=offered, reply_to=reply_to, **said)
        file, words = _file(media, text)
        rows = [queue_media(conversation, file, key=key, **said)]
        return rows + (queue_text(conversation, words, key=f"{key}:text", **said) if words else [])

    rows = safely_once(conversation, key, queue)
    conversation.save()
    record(action="message.relayed", resource=conversation, by=by, diff={"bubbles": len(rows)})
    return Relayed([row.pk for row in rows], correlation_id)


def _refuse_unwanted(conversation: Conversation, *, template: bool) -> None:
    """Nothing goes to who is blocked, and to who asked to be left alone only what answers them."""
    if conversation.contact.blocked_at is not None:
        raise blocking.refusal()
    if not may_reach(conversation, template=template):
        message = _("El contacto pidió no recibir mensajes: solo se le responde mientras escribe.")
        raise Invalid(message, code="opted_out")


def _file(media: dict[str, Any], text: str) -> tuple[dict[str, Any], str]:
    """The file as it is stored, and the words that do not fit under it."""
    link, kind = str(media.get("link", "")), str(media.get("kind", "document"))
    if not link.startswith(("http://", "https://")) or kind not in ("image", "video", "audio", "document"):
        raise Invalid(_("El archivo lleva un tipo y un enlace."), fields={"media": _("Tipo o enlace inválido.")})
    own = str(media.get("caption") or "").replace("\x00", "").strip()
    caption, words = (own, text) if own else (text.replace("\x00", "").strip(), "")
    if kind == "audio" or len(caption) > LONGEST_CAPTION:
        caption, words = "", "\n\n".join(filter(None, (caption, words)))
    filename = str(media.get("filename") or "").replace("\x00", "")[:240]
    return {"kind": kind, "link": link[:2000], "caption": caption, "filename": filename}, words


def _conversation(
    to: str, provider: str, channel_source: str, channel: str, conversation_id: str, chatwoot: dict[str, str]
) -> Conversation:
    if conversation_id:
        found = locked(key_of(conversation_id))
        if found is None:
            raise NotFound(_("Esa conversación no existe."))
        return found
    if chatwoot["external_chatwoot_id"]:
        return _in_chatwoot(channel_source, channel, chatwoot)
    return _to_person(_channel(provider, channel_source, channel), to)


def _in_chatwoot(channel_source: str, channel: str, chatwoot: dict[str, str]) -> Conversation:
    named = {name: value for name, value in chatwoot.items() if value}
    if channel_source:
        named["channel_source"] = channel_source
    rows = Conversation.objects.filter(**named).exclude(channel__status=Channel.Status.DISABLED)
    if channel:
        rows = rows.filter(channel=key_of(channel))
    found = list(rows.values_list("pk", flat=True)[:2])
    if len(found) > 1:
        raise Conflict(_("Hay varias conversaciones así: nombrar el canal o la cuenta de Chatwoot."))
    conversation = locked(found[0]) if found else None
    if conversation is None:
        raise NotFound(_("No hay una conversación con ese número de Chatwoot."))
    return conversation


def _channel(provider: str, channel_source: str, channel: str) -> Channel:
    rows = Channel.objects.exclude(status=Channel.Status.DISABLED)
    if channel:
        rows = rows.filter(pk=key_of(channel))
    if provider:
        rows = rows.filter(provider=provider)
    if channel_source:
        rows = rows.filter(channel_source=channel_source)
    found = list(rows[:2])
    if not found:
        raise NotFound(_("No hay un canal así conectado."))
    if len(found) > 1:
        raise Conflict(_("Hay varios canales así: nombrar uno en «channel»."), fields={"channel": _("Falta elegir.")})
    return found[0]


def _to_person(channel: Channel, to: str) -> Conversation:
    if channel.provider == Provider.CHATWOOT:
        return _known_in_chatwoot(channel, to)
    if channel.channel_source == "whatsapp":
        phone = as_e164(to, currency=current_tenant().currency)
        sender = Sender(ids=(("wa_id", phone.lstrip("+")),), phone=phone)
    elif to:
        kind = {"web": "visitor", "instagram": "igsid", "facebook": "psid"}[channel.channel_source]
        sender = Sender(ids=((kind, to[:200]),))
    else:
        raise Invalid(_("Falta a quién enviar."), fields={"to": _("Falta el destinatario.")})
    known = _known(channel, sender)
    contact = identity.locate(channel=channel, sender=known)
    conversation = open_conversation(channel=channel, contact=contact, sender=known)
    conversation.channel = channel
    conversation.contact = contact
    return conversation


def _known_in_chatwoot(channel: Channel, to: str) -> Conversation:
    """Chatwoot answers in conversations; a number alone opens none."""
    phone = as_e164(to, currency=current_tenant().currency)
    rows = Conversation.objects.filter(channel=channel, contact__phone=phone, address_kind="chatwoot")
    row = rows.order_by("-last_message_at").first()
    found = locked(row.pk) if row else None
    if found is None:
        message = _("Por Chatwoot solo se escribe en conversaciones que ya existen: nombrar external_chatwoot_id.")
        raise Invalid(message, fields={"to": message})
    return found


def _known(channel: Channel, sender: Sender) -> Sender:
    """The address that already exists wins: WhatsApp's own form of a number may differ from the typed one."""
    if not sender.phone:
        return sender
    return identity.as_addressed(channel, sender)
