"""WhatsApp's templates of a channel: looked at, written, sent in a chat. What the provider says of them: `template_sync`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.lib import commit
from config.lib.errors import Conflict, Invalid, NotFound
from config.lib.ids import key_of
from config.lib.sentences import worded
from crm.services import blocking
from messaging.domain import template_parts
from messaging.domain.template_parts import Written
from messaging.models import Channel, Conversation, Message, MessageTemplate
from messaging.providers.templates import BOOKS
from messaging.services import outbound, takeover, template_values
from tenants.domain.actor import Actor
from tenants.live.services import emit
from tenants.models import Membership, User
from tenants.services.audit import record

State = MessageTemplate.Status
COUNTED, MOST_COUNTED = timedelta(days=30), 10_000


@dataclass(frozen=True)
class Outcome:
    """What became of the messages of one template in the last 30 days, of 10,000 at most."""

    sent: int
    delivered: int
    read: int
    failed: int


# --- reading --------------------------------------------------------------------------------------------------------


def channels() -> QuerySet[Channel]:
    """Numbers whose provider keeps templates for us."""
    return Channel.objects.filter(channel_source="whatsapp", provider__in=BOOKS)


def template_for(pk: object) -> MessageTemplate:
    row = MessageTemplate.objects.select_related("channel").filter(pk=key_of(pk)).first()
    if row is None:
        raise NotFound(_("Esa plantilla no existe."))
    return row


def offered(channel_id: UUID) -> QuerySet[MessageTemplate]:
    """What may be sent from a channel now."""
    return MessageTemplate.objects.filter(channel=channel_id, status=State.APPROVED)


def why_not(template: MessageTemplate) -> str:
    """Why it is not offered, in words; "" when it is."""
    if template.status == State.APPROVED:
        return ""
    state = _("La plantilla está en este estado: %(state)s.") % {"state": template.get_status_display().lower()}
    return " ".join(filter(None, (state, worded(template.reason or template.submit_error))))


def unusable(channel_id: UUID, template: dict[str, Any]) -> str:
    """Why a template that is named (as the relay takes it) would be refused, as far as we know; "" for nothing known."""
    rows = MessageTemplate.objects.filter(channel=channel_id, name=template.get("name"))
    row = rows.filter(language=template.get("language")).first()
    return why_not(row) if row is not None else ""


def outcome(template: MessageTemplate) -> Outcome:
    """Counted from the messages themselves; what was read was also delivered."""
    rows = Message.objects.filter(
        channel=template.channel_id,
        direction=Message.Direction.OUT,
        kind="template",
        created_at__gte=timezone.now() - COUNTED,
        payload__template__name=template.name,
        payload__template__language=template.language,
    )
    counts = rows.order_by()[:MOST_COUNTED].aggregate(
        sent=Count("pk", filter=Q(status__in=["sent", "delivered", "read"])),
        delivered=Count("pk", filter=Q(status__in=["delivered", "read"])),
        read=Count("pk", filter=Q(status="read")),
        failed=Count("pk", filter=Q(status="failed")),
    )
    return Outcome(**counts)


# --- writing --------------------------------------------------------------------------------------------------------


def create(
    *,
    channel: Channel,
    name: str,
    language: str,
    category: str,
    written: Written,
    by: Actor,
    user: User | None = None,
    values: Sequence[str] | None = None,
) -> MessageTemplate:
    """A draft. Raises Invalid with fields for what WhatsApp would refuse, Conflict for a name that is taken."""
    if channel.provider not in BOOKS or channel.channel_source != "whatsapp":
        raise Invalid(_("Las plantillas son de WhatsApp."), fields={"channel": _("El canal no las usa.")})
    parts = _checked(name=name, language=language, category=category, written=written)
    if MessageTemplate.objects.filter(channel=channel, name=name, language=language).exists():
        message = _("Ya hay una plantilla con ese nombre e idioma en este canal.")
        raise Conflict(message, fields={"name": message})
    template_values.refuse_unknown(values or [])
    row = MessageTemplate(channel=channel, name=name, language=language, category=category, components=parts, by=user)
    row.values = fitting(parts, values or [])
    row.save(force_insert=True)
    record(action="template.created", resource=row, by=by, diff={"name": name})
    changed(channel.pk)
    return row


def update(
    *,
    template: MessageTemplate,
    by: Actor,
    written: Written | None = None,
    category: str | None = None,
    values: Sequence[str] | None = None,
) -> MessageTemplate:
    """Other words for a draft or a refused one (which is a draft again); other data for any. Raises Invalid, Conflict."""
    template_values.refuse_unknown(values or [])
    hold(template)
    if written is not None or category is not None:
        if template.status not in (State.DRAFT, State.REJECTED):
            raise Conflict(_("Esta plantilla ya no se puede cambiar: duplicarla y editar la copia."))
        template.category = category or template.category
        template.components = _checked(
            name=template.name,
            language=template.language,
            category=template.category,
            written=written or template_parts.written(template.components),
        )
        template.status, template.submit_error = State.DRAFT, ""
    template.values = fitting(template.components, template.values if values is None else values)
    template.save()
    record(action="template.updated", resource=template, by=by, diff={"name": template.name})
    changed(template.channel_id)
    return template


def duplicate(*, template: MessageTemplate, by: Actor, user: User | None) -> MessageTemplate:
    """A draft with the same words under the next free name."""
    taken = set(
        MessageTemplate.objects.filter(
            channel=template.channel_id, name__startswith=template.name[:500], language=template.language
        ).values_list("name", flat=True)
    )
    name = next(each for number in range(2, len(taken) + 3) if (each := f"{template.name[:500]}_{number}") not in taken)
    category = template.category if template.category != MessageTemplate.Category.AUTHENTICATION else "utility"
    row = MessageTemplate.objects.create(
        channel=template.channel,
        name=name,
        language=template.language,
        category=category,
        components=template_parts.components(template_parts.written(template.components)),
        values=template.values,
        by=user,
    )
    record(action="template.created", resource=row, by=by, diff={"name": name})
    changed(row.channel_id)
    return row


def remove_draft(*, template: MessageTemplate, by: Actor) -> None:
    """Raises Conflict for one that WhatsApp knows: it would only come back."""
    hold(template)
    if template.status != State.DRAFT or template.provider_template_id:
        raise Conflict(_("Solo se elimina un borrador: las demás plantillas viven en WhatsApp."))
    record(action="template.removed", resource=template, by=by, diff={"name": template.name})
    channel_id = template.channel_id
    template.delete()
    changed(channel_id)


def _checked(*, name: str, language: str, category: str, written: Written) -> list[dict[str, Any]]:
    fields: dict[str, str] = {}
    if not template_parts.NAME.fullmatch(name):
        fields["name"] = _("Lleva minúsculas, números y guion bajo, hasta 512.")
    if not template_parts.LANGUAGE.fullmatch(language):
        fields["language"] = _("Un código como es, es_AR o en_US.")
    if category not in (MessageTemplate.Category.MARKETING, MessageTemplate.Category.UTILITY):
        fields["category"] = _("Elegir promoción o servicio.")
    for problem in template_parts.problems(written):
        fields.setdefault(problem.field, words_of(problem))
    if fields:
        raise Invalid(_("WhatsApp rechazaría esta plantilla."), fields=fields)
    return template_parts.components(written)


def words_of(problem: template_parts.Problem) -> str:
    """What is wrong, for whoever writes it."""
    return str(PROBLEMS[problem.code]) % {"most": problem.most}


PROBLEMS: dict[str, Promise] = {
    "empty": gettext_lazy("Falta el texto."),
    "long": gettext_lazy("Puede tener hasta %(most)s letras."),
    "lines": gettext_lazy("Va en una sola línea."),
    "link": gettext_lazy("Lleva la dirección del archivo, que empiece con https://."),
    "one_variable": gettext_lazy("El encabezado admite una sola variable."),
    "holes": gettext_lazy("Las variables van numeradas desde {{1}}, sin saltos."),
    "mixed": gettext_lazy("Usar solo números o solo nombres en las variables."),
    "name": gettext_lazy("Una variable lleva un número o un nombre en minúsculas sin acentos, como {{nombre}}."),
    "edge": gettext_lazy("WhatsApp no acepta una variable al principio ni al final del texto."),
    "sample": gettext_lazy("Falta un ejemplo por cada variable."),
    "no_variable": gettext_lazy("Aquí no se admiten variables."),
    "many": gettext_lazy("Puede tener hasta %(most)s botones."),
    "many_url": gettext_lazy("Puede tener hasta %(most)s enlaces."),
    "many_phone": gettext_lazy("Puede tener hasta %(most)s botón de llamada."),
    "twice": gettext_lazy("Dos botones no pueden decir lo mismo."),
    "label": gettext_lazy("Cada botón lleva un texto de hasta %(most)s letras."),
    "phone": gettext_lazy("El teléfono va con código de país, como +5491155550000."),
    "url": gettext_lazy("El enlace empieza con https:// y puede tener hasta %(most)s letras."),
    "url_variable": gettext_lazy("El enlace admite una sola variable, {{1}}, al final."),
    "url_sample": gettext_lazy("Falta un ejemplo para la variable del enlace."),
}


@dataclass(frozen=True)
class Seen:
    """A template with somebody's data; `lacking` are the names of which nothing is known, and they stay in braces."""

    shown: template_parts.Shown
    lacking: tuple[str, ...]


def seen(template: MessageTemplate, values: list[str], known: dict[str, str]) -> Seen:
    """What a person would read, to look at before anything leaves."""
    words = []
    for slot, value in zip(template_parts.slots(template.components), values, strict=True):
        whole = value and not template_values.lacking([value], known)
        words.append(template_values.fill(value, known) if whole else value or "{{" + slot.name + "}}")
    sent = template_parts.to_send(template.components, words)
    return Seen(template_parts.shown(template.components, sent), tuple(template_values.lacking(values, known)))


def fitting(parts: Sequence[dict[str, Any]], values: Sequence[str]) -> list[str]:
    """One value for each slot: those given, else a known name ({{nombre}}) or the file of the sample, else nothing."""
    made = []
    for number, slot in enumerate(template_parts.slots(parts)):
        usual = "{{" + slot.name + "}}" if slot.name in template_values.BUILT_IN and slot.kind == "text" else ""
        usual = slot.sample if slot.kind != "text" else usual
        given = str(values[number]).replace("\x00", "").strip()[:1000] if number < len(values) else ""
        made.append(given or usual)
    return made


def hold(template: MessageTemplate) -> None:
    try:
        template.refresh_from_db(from_queryset=MessageTemplate.objects.select_for_update(no_key=True))
    except MessageTemplate.DoesNotExist as error:
        raise NotFound(_("Esa plantilla no existe.")) from error


def changed(channel_id: UUID) -> None:
    emit("CHANNEL_UPDATED", object="channel", id=channel_id)


def ask_to_submit(*, template: MessageTemplate, by: Actor) -> MessageTemplate:
    """Hand a draft over for review; a worker does it. Raises Conflict for one that is under way."""
    hold(template)
    if template.status not in (State.DRAFT, State.REJECTED):
        raise Conflict(_("Esta plantilla ya se envió a revisión."))
    _checked(
        name=template.name,
        language=template.language,
        category=template.category,
        written=template_parts.written(template.components),
    )
    template.status, template.submitted_at, template.submit_error, template.reason = State.PENDING, None, "", ""
    template.synced_at = None
    template.save()
    record(action="template.submitted", resource=template, by=by, diff={"name": template.name})
    commit.queue("messaging.tasks.submit_template", queue="sync", template_id=str(template.pk))
    changed(template.channel_id)
    return template


# --- sending --------------------------------------------------------------------------------------------------------------


def ready(template: MessageTemplate, values: Sequence[str]) -> tuple[dict[str, Any], str]:
    """The template as the relay takes it and what the customer will read. Raises Invalid for a hole or a long text."""
    reason = why_not(template)
    if reason:
        raise Conflict(reason, code="template_unusable")
    slots = template_parts.slots(template.components)
    holes = [slot for slot, value in zip(slots, values, strict=False) if not value.strip()]
    if holes or len(values) != len(slots):
        message = _("Falta un dato de la plantilla: no se envía con un hueco.")
        raise Invalid(message, fields={"values": message})
    sent = template_parts.to_send(template.components, [value.strip() for value in values])
    words = template_parts.shown(template.components, sent).body
    if len(words) > template_parts.BODY_MOST:
        raise Invalid(_("Con estos datos el texto pasa de 1.024 letras."), fields={"values": _("Demasiado largo.")})
    return {"name": template.name, "language": template.language, "components": sent}, words


def filled_for(
    *, template: MessageTemplate, conversation: Conversation, member: Membership, values: Sequence[str] | None = None
) -> tuple[dict[str, Any], str]:
    """`ready` with the data of a chat's contact; `values` in place of the template's own."""
    given = fitting(template.components, template.values if values is None else values)
    return ready(template, template_values.filled(given, conversation=conversation, member=member))


def send_made(
    *, conversation: Conversation, template: dict[str, Any], text: str, by: Actor, user: User | None, key: str
) -> list[Message]:
    """Queue a template with its data once, and give the chat to the person.

    Raises Conflict for a blocked contact, Invalid for one who asked to be left alone: there a person writes only an answer.
    """
    before = conversation.sequence

    def queue() -> list[Message]:
        if conversation.contact.blocked_at is not None:
            raise blocking.refusal()
        if not outbound.may_reach(conversation, template=True):
            raise Invalid(_("El contacto pidió no recibir mensajes."), code="opted_out")
        return [outbound.queue_template(conversation, template, by=by, user=user, key=key, text=text)]

    rows = outbound.safely_once(conversation, key, queue)
    if conversation.sequence != before:
        takeover.take_over(conversation=conversation, by=by, user=user, cause=takeover.Cause.REPLY)
    return rows
