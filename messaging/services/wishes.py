"""A customer who asks to be left alone, or to hear again: noted in the thread, confirmed once, no turn of an agent."""

from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from crm.models import Contact
from crm.services import consents
from messaging.domain import opt_out
from messaging.models import Conversation, Message
from messaging.services import takeover
from messaging.services.conversations import cancel_queued, note
from messaging.services.outbound import can_write_freely, queue_text
from tenants.domain.actor import Actor

SPOKEN = ("text", "button", "interactive")  # a template's "stop" button is a wish as well


def wish_of(*, kind: str, text: str, contact: Contact) -> opt_out.Wish:
    """What the message asks for. To hear again asks only who had refused: "alta" may be any answer."""
    wish = opt_out.wish(text) if kind in SPOKEN else ""
    return "" if wish == "in" and contact.opted_out_at is None else wish


def grant(conversation: Conversation, contact: Contact, message: Message, wish: opt_out.Wish, *, at: datetime) -> None:
    """On the locked contact and conversation; the caller saves the conversation. Asked twice, it is confirmed once."""
    conversation.last_inbound_at = at = max(filter(None, (conversation.last_inbound_at, at)))
    by = Actor("contact", str(contact.pk), contact.name or contact.phone or _("Quien escribió"))
    said = _("Dijo «%(words)s»") if message.payload.get("heard") else _("Escribió «%(words)s»")
    said %= {"words": message.text[: opt_out.LONGEST]}
    if wish == "out":
        _fall_silent(conversation)
        if consents.opt_out(contact=contact, by=by, source=said, at=at):
            note(conversation, _("El contacto pidió no recibir mensajes."), cause=said)
            _confirm(
                conversation, message, _("Listo, no le vamos a escribir más. Para volver a recibir, responder ALTA.")
            )
    elif consents.opt_in(contact=contact, by=by, source=said):
        note(conversation, _("El contacto volvió a aceptar mensajes."), cause=said)
        _confirm(conversation, message, _("Listo, vuelve a recibir nuestros mensajes."))


def _fall_silent(conversation: Conversation) -> None:
    """Nothing waits for an answer any more, and nothing automatic leaves."""
    takeover.silence(conversation)
    conversation.waiting_since = None
    for author in (Message.Author.AGENT, Message.Author.SYSTEM):
        cancel_queued(conversation, _("El contacto pidió no recibir mensajes."), author=author)


def _confirm(conversation: Conversation, message: Message, words: str) -> None:
    if not can_write_freely(conversation, timezone.now()):
        return
    payload: dict[str, Any] = {"confirms": True}  # the one line that an opted-out contact still gets
    queue_text(
        conversation,
        words,
        author=Message.Author.SYSTEM,
        author_name="",
        cause=_("Confirmación de su pedido"),
        payload=payload,
        key=f"wish:{message.pk}",
    )
