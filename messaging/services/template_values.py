"""The data of a template, filled from what is known of the person of the chat; and the words that the customer reads."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.functions import JSONObject
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from config.lib.days import lowered
from config.lib.errors import Invalid
from crm.domain import placeholders
from crm.models import AgendaEvent, Contact, CustomField, Lead
from crm.services import custom_fields
from messaging.domain import template_parts
from messaging.models import Conversation, MessageTemplate
from tenants.context import current_tenant
from tenants.models import Membership

BUILT_IN = ("nombre", "telefono", "correo", "ciudad", "empresa", "vendedor", "etapa")
#: other spellings of what texts may name
ALSO = {
    "contact.name": "nombre",
    "contact.phone": "telefono",
    "contact.email": "correo",
    "contact.city": "ciudad",
    "seller.name": "vendedor",
    "company.name": "empresa",
}
AGENDA = ("nombre", "fecha", "hora", "servicio", "vendedor", "lugar", "empresa")  # what is known of an appointment


def known_of(contact: Contact, *, member: Membership, values: Iterable[str], holder: object = None) -> dict[str, str]:
    """What `values` may name: the contact, its latest open lead that the member may see and, when asked for, its next
    appointment; `holder` has it where the page brought `appointment_column` with it."""
    leads = Lead.objects.visible_to(member).open().filter(contact=contact)
    lead = leads.select_related("stage", "owner").order_by("-last_activity_at", "-id").first()
    known = custom_fields.variables_of(contact, lead)
    if any("agenda." in value for value in values):
        known |= _agenda(contact, member, holder)
    return known | {name: known[source] for name, source in ALSO.items() if source in known}


def _agenda(contact: Contact, member: Membership, holder: object) -> dict[str, str]:
    if hasattr(holder, "appointment"):
        found = holder.appointment
    else:
        found = _coming(member).filter(contact=contact).values_list(_AS_COLUMN, flat=True).first()
    if not found:
        return {}
    start = parse_datetime(found["starts_at"])
    assert start is not None  # PostgreSQL wrote it
    place = found["place"] or found["service__place"] or ""
    words = _words(start, contact.name, found["service__name"] or found["title"], found["seller__name"], place)
    return {f"agenda.{name}": said for name, said in words.items()}


_PARTS = ("starts_at", "title", "place", "service__name", "service__place", "seller__name")
_AS_COLUMN = JSONObject(**{name: name for name in _PARTS})


def _coming(member: Membership) -> QuerySet[AgendaEvent]:
    rows = AgendaEvent.objects.upcoming().visible_to(member).filter(starts_at__gt=timezone.now())
    return rows.order_by("starts_at")


def appointment_column(member: Membership, *, contact: str) -> Subquery:
    """The next appointment that the member sees, as a column of rows whose field `contact` names the person."""
    return Subquery(_coming(member).filter(contact=OuterRef(contact)).values_list(_AS_COLUMN)[:1])


def words_of(event: AgendaEvent) -> dict[str, str]:
    """What texts about an appointment may name, in the present language and the company's zone."""
    name = event.contact.name if event.contact else ""
    service, place = (event.service.name, event.service.place) if event.service else ("", "")
    return _words(event.starts_at, name, service or event.title, event.seller.name, event.place or place)


def _words(at: datetime, name: str, service: str, seller: str, place: str) -> dict[str, str]:
    tenant = current_tenant()
    start = at.astimezone(ZoneInfo(tenant.timezone))
    return {
        "nombre": name.strip(),
        "fecha": lowered(date_format(start, _("l j \\d\\e F"))),
        "hora": start.strftime("%H:%M"),
        "servicio": service or _("cita"),
        "vendedor": seller,
        "lugar": place,
        "empresa": tenant.name,
    }


def known_names() -> list[str]:
    """What texts may name, whoever they go to; the other spellings are left out."""
    fields = CustomField.objects.filter(is_active=True).order_by("key").values_list("key", flat=True).distinct()
    return [*BUILT_IN, *(f"campo.{key}" for key in fields), *(f"agenda.{name}" for name in AGENDA)]


def refuse_unknown(values: Sequence[str]) -> None:
    """Raises Invalid for a name that is nobody's: every message would stop at it."""
    if not any("{{" in value for value in values):
        return
    names = known_names()
    unknown = lacking(values, dict.fromkeys((*names, *ALSO), "x"))
    if unknown:
        message = _("No existe %(names)s. Se puede usar: %(known)s.") % {
            "names": ", ".join("{{" + name + "}}" for name in unknown),
            "known": ", ".join("{{" + name + "}}" for name in names),
        }
        raise Invalid(message, fields={"values": message})


def lacking(values: Iterable[str], known: dict[str, str]) -> list[str]:
    """The names in `values` of which nothing is known."""
    return list(dict.fromkeys(name for value in values for name in placeholders.lacking(value, known)))


def fill(value: str, known: dict[str, str]) -> str:
    """WhatsApp refuses line breaks, tabs and runs of spaces inside a template's data."""
    return " ".join(placeholders.fill(value, known).split())


def filled(values: list[str], *, conversation: Conversation, member: Membership) -> list[str]:
    """Each value with its `{{…}}` replaced from the chat's own contact.

    Raises Invalid, naming them, when something is unknown or empty: a template never goes out with a hole.
    """
    if not any("{{" in value for value in values):
        return values
    known = known_of(conversation.contact, member=member, values=values)
    names = ", ".join("{{" + name + "}}" for name in lacking(values, known))
    if names:
        raise Invalid(
            _("No hay dato para %(names)s en este contacto. Completarlo en su ficha o escribir el valor a mano.")
            % {"names": names}
        )
    return [fill(value, known) for value in values]


def said(channel_id: UUID, template: dict[str, Any]) -> str:
    """What the customer reads of a template that is sent; "" where this channel's template of that name is not known."""
    name, language = str(template.get("name", "")), template.get("language")
    code = str(language.get("code", "")) if isinstance(language, dict) else str(language or "")
    row = MessageTemplate.objects.filter(channel=channel_id, name=name, language=code).only("components").first()
    sent = template.get("components")
    return template_parts.shown(row.components, sent if isinstance(sent, list) else []).body if row else ""
