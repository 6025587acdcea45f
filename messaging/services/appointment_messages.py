"""Appointments in the chat: the reminder that goes out, and what the customer answers to it.

The reminder's row and its mark on the appointment are one transaction, so that nobody is reminded twice and whatever dies
meanwhile is found again. Locks: contact, appointment, conversation.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from config.lib.errors import AppError
from config.lib.ids import key_of
from crm.agenda import events, reminders
from crm.agenda import settings as agenda_settings
from crm.domain import reminder_template
from crm.models import AgendaEvent, AgendaSettings, Consent, Contact
from crm.services import consents
from messaging.models import Channel, Conversation, Message, MessageStatus
from messaging.providers.base import InboundMessage
from messaging.services.conversations import locked, note
from messaging.services.outbound import can_write_freely, may_reach, queue_template, queue_text, safely_once
from messaging.services.template_values import said, words_of
from tenants.context import current_tenant, tenant_context
from tenants.domain.actor import Actor
from tenants.models import Tenant

AT_ONCE = 500  # in one go; the next minute takes the rest
ANSWERED_WITHIN = timedelta(hours=48)
SPOKEN = ("text", "button", "interactive")


# --- reminding --------------------------------------------------------------------------------------------------


def remind(*, tenant: Tenant) -> int:
    """Send the company's reminders that are due, each in a transaction of its own; returns how many rows were looked at."""
    for count in range(AT_ONCE):
        with translation.override(tenant.locale), tenant_context(tenant):
            due, more = reminders.claim(timezone.now())
            if due is not None:
                _remind(due)
        if not more:
            return count
    return AT_ONCE


def _remind(due: reminders.Due) -> None:
    event = due.event
    chat = _chat_of(event)
    chat = locked(chat.pk) if chat is not None else None
    refusal = _why_not(event, chat) if chat is not None else ""
    if chat is None or refusal:
        if chat is not None:
            note(chat, _("No se pudo recordar la cita: %(why)s.") % {"why": refusal})
            chat.save()
        reminders.tell_seller(event, "unreached")
        return
    settings = agenda_settings.current()
    written = reminder_template.read(settings.reminder_template)
    values = words_of(event)
    if written is None:
        rows = safely_once(chat, due.key, lambda: _queue_words(chat, _sentence(event, values), due.key))
    else:
        template = _template(written, settings, values, event)
        rows = safely_once(chat, due.key, lambda: [_queue_template(chat, template, values, due.key)])
    for row in rows:
        row.payload = {**row.payload, "appointment": str(event.pk)}
        row.save(update_fields=["payload"])
    chat.save()


def outdated(message: Message, now: datetime) -> bool:
    """Whether this is a reminder of an appointment that was called off, has another time by now or is over."""
    word, _colon, named = (message.idempotency_key or "").partition(":")
    if word != "reminder":
        return False
    pk, moment = named.split(":")[:2]
    event = AgendaEvent.objects.upcoming().filter(pk=key_of(pk), starts_at__gt=now).first()
    return event is None or f"{event.starts_at.timestamp():.0f}" != moment


def _chat_of(event: AgendaEvent) -> Conversation | None:
    """Where the customer was last heard of on WhatsApp, on a channel that is on."""
    rows = Conversation.objects.filter(contact=event.contact_id, channel_source="whatsapp").exclude(address="")
    rows = rows.exclude(channel__status=Channel.Status.DISABLED)
    return rows.order_by(F("last_message_at").desc(nulls_last=True), "-created_at").first()


def _why_not(event: AgendaEvent, chat: Conversation) -> str:
    """Why this reminder cannot go out, in words; "" when it can."""
    settings = agenda_settings.current()
    written = reminder_template.read(settings.reminder_template)
    if chat.contact.blocked_at is not None:
        return _("el contacto está bloqueado")
    if not may_reach(chat, template=True) or _refused(chat.contact):
        return _("el contacto pidió no recibir mensajes")
    if written is None and not can_write_freely(chat):
        return _("pasaron 24 horas desde el último mensaje y falta elegir la plantilla en los ajustes de la agenda")
    values = words_of(event)
    lacking = [name for name in (written.data if written else ()) if not values[name]]
    if lacking:
        return _("falta un dato que la plantilla lleva: %(names)s") % {"names": ", ".join(lacking)}
    return ""


def _refused(contact: Contact) -> bool:
    """Whether they said no to this very thing; somebody who booked and said nothing is reminded."""
    said = consents.current(contact)[Consent.Purpose.REMINDERS.value]
    return said is not None and not said.granted


def _sentence(event: AgendaEvent, values: dict[str, str]) -> str:
    """The reminder as plain words."""
    said = _("Le recordamos su cita de %(servicio)s con %(vendedor)s: %(fecha)s a las %(hora)s.") % values
    place = _("Lugar: %(lugar)s.") % values if values["lugar"] else ""
    ask = _("Para confirmarla, responder CONFIRMO.") if event.status != AgendaEvent.Status.CONFIRMED else ""
    return " ".join(filter(None, (said, place, ask)))


def _template(
    written: reminder_template.Written, settings: AgendaSettings, values: dict[str, str], event: AgendaEvent
) -> dict[str, Any]:
    """As the relay takes it. WhatsApp refuses line breaks and runs of spaces inside a template's data."""
    data = [{"type": "text", "text": " ".join(values[name].split())} for name in written.data]
    components: list[dict[str, Any]] = [{"type": "body", "parameters": data}] if data else []
    for index, act in enumerate(written.buttons):
        sent = {"type": "payload", "payload": reminder_template.payload(act, event.pk)}
        components.append({"type": "button", "sub_type": "quick_reply", "index": str(index), "parameters": [sent]})
    language = settings.reminder_language or current_tenant().locale
    return {"name": written.name, "language": language, "components": components}


def _queue_template(chat: Conversation, template: dict[str, Any], values: dict[str, str], key: str) -> Message:
    ours = _("Recordatorio de la cita: %(servicio)s con %(vendedor)s, %(fecha)s a las %(hora)s.") % values
    text = said(chat.channel_id, template) or ours
    return queue_template(chat, template, by=_us(), user=None, key=key, text=text)


def _queue_words(chat: Conversation, text: str, key: str) -> list[Message]:
    cause = _("Recordatorio de la cita")
    return queue_text(
        chat, text, author=Message.Author.SYSTEM, author_name=_us().label, cause=cause, key=key, whole=True
    )


def _us() -> Actor:
    return Actor.system(_("Recordatorio de citas"))


# --- what they answer -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Answered:
    """What the customer's message did to their appointment, and the words that tell them so."""

    event: AgendaEvent
    words: str


def hear(*, contact: Contact, item: InboundMessage) -> Answered | None:
    """Confirm or cancel the appointment that the message answers for; None when it says something else.

    Only the contact's own and only one that is still to come: anything else, also the wish to move, of which the seller is
    told, is a message that somebody answers. Call with the contact locked and before the conversation is.
    """
    named = _named(contact, item)
    if named is None:
        return None
    act, pk = named
    coming = AgendaEvent.objects.upcoming().filter(pk=pk, contact=contact, starts_at__gt=timezone.now())
    event = coming.select_related("contact", "seller", "service").first()
    if event is None:
        return None
    if act == reminder_template.MOVE:
        reminders.tell_seller(event, "move_wanted")
        return None
    by = Actor("contact", str(contact.pk), contact.name or contact.phone or _("Quien escribió"))
    with translation.override(current_tenant().locale):
        try:
            if act == reminder_template.CANCEL:
                events.cancel(event=event, by=by, reason=_("Lo pidió en el chat"))
                words = _("Listo, la cita del %(fecha)s a las %(hora)s quedó cancelada.")
            else:
                events.confirm(event=event, by=by)
                words = _("Gracias, la cita del %(fecha)s a las %(hora)s quedó confirmada.")
        except AppError:  # somebody else was faster with something else: then it is a message like any other
            return None
        return Answered(event, words % words_of(event))


def say(conversation: Conversation, message: Message, answered: Answered) -> None:
    """The short answer, on the locked conversation; the caller saves it."""
    if can_write_freely(conversation):
        queue_text(
            conversation,
            answered.words,
            author=Message.Author.SYSTEM,
            author_name="",
            cause=_("Respuesta al recordatorio de la cita"),
            payload={"appointment": str(answered.event.pk)},
            key=f"appointment:{message.pk}",
        )


def _named(contact: Contact, item: InboundMessage) -> tuple[str, Any] | None:
    """(act, appointment's id) that the message asks for, if it asks for one that we do by ourselves."""
    if item.kind not in SPOKEN:
        return None
    pressed = item.payload.get("button") or item.payload.get("interactive") or {}
    sent = reminder_template.answer(str(pressed.get("payload") or pressed.get("id") or ""))
    if sent is not None:
        return sent[0], key_of(sent[1])
    act = reminder_template.spoken(item.text, pressed=bool(pressed))
    event = _reminded(contact) if act else None
    return (act, event.pk) if event is not None else None


def _reminded(contact: Contact) -> AgendaEvent | None:
    """Their next appointment of which they were reminded within the last two days."""
    now = timezone.now()
    coming = AgendaEvent.objects.upcoming().filter(contact=contact, starts_at__gt=now).order_by("starts_at")[:5]
    for event in coming:
        said = Message.objects.filter(
            conversation__contact=contact,
            idempotency_key__in=[f"{key}:0" for key in reminders.keys(event)],
            created_at__gte=now - ANSWERED_WITHIN,
        )
        if said.exclude(status=MessageStatus.CANCELLED).exists():
            return event
    return None
