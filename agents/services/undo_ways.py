"""How each act of an agent is undone: a check that nothing newer touched it, and the same use case a person would use.

What is undone comes from `ToolCall.back`, which the server wrote when the act was done; the arguments of a model choose
nothing. A lead that the act opened stays: people may work on it already, and closing one is a decision of its own.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from agents.domain.undo import Split, split
from agents.models import ToolCall
from agents.tools.agenda import LONG_AGO
from agents.tools.customer import COLUMNS, FACTS, LABELS
from config.lib.errors import Conflict
from config.lib.ids import key_of
from crm.access import appointment_for, contact_for, lead_for
from crm.agenda import booking, events, offers
from crm.domain.spoken_dates import say
from crm.models import AgendaEvent, Contact, ContactPoint, Conversion, CustomField, Interest, Lead, StageKind
from crm.services import contacts, conversion, leads, points
from tenants.context import current_tenant
from tenants.domain.actor import Actor
from tenants.models import Membership

JSON = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Way:
    """What undoing would do now. `back` and `left`: lines for people, of what goes back and of what stays and why.

    `act` does it. `look` asks outside calendars, so it is called before anything is held. `promised`: the customer was
    told of the act in the chat, and nobody tells them that it does not stand any more. `values` are (name, value) of what
    comes back, for whoever decides; they are shown and never kept.
    """

    back: tuple[str, ...]
    act: Callable[[Actor], object]
    left: tuple[str, ...] = ()
    look: Callable[[], None] | None = None
    promised: bool = False
    values: tuple[tuple[str, str], ...] = ()


Check = Callable[[JSON, Contact, Membership], Way]


def hold(call: ToolCall) -> None:
    """Hold the rows that undoing will change, after the contact and before its chat, in the order of the whole tree.

    Cancelled and moved appointments are held by the agenda itself: a lead, its sellers, the appointment.
    """
    if lead_id := call.back.get("lead"):
        Lead.objects.select_for_update(no_key=True).filter(pk=key_of(lead_id)).values("pk").first()
    if conversion_id := call.back.get("conversion"):
        sold = Conversion.objects.filter(pk=key_of(conversion_id)).values("lead")
        Lead.objects.select_for_update(no_key=True).filter(pk__in=sold).values("pk").first()
    if event_id := call.back.get("event"):
        was = call.back.get("was") or {}
        events.locked(event_id, sellers=[key_of(was["seller"])] if was else [])


# --- what was saved of a person -------------------------------------------------------------------------------
def _details(back: JSON, contact: Contact, member: Membership) -> Way:
    """Old values where the value is still the act's; the second number, where it is still there as it was added."""
    if back.get("contact") != str(contact.pk):
        raise Conflict(_("El contacto se unió con otro desde entonces: corregir los datos en su ficha."), code="merged")
    contact_for(member, contact.pk)
    columns = split(back.get("fields") or {}, {name: getattr(contact, name) for name in COLUMNS})
    custom = split(back.get("custom") or {}, contact.custom)
    lead = lead_for(member, back["lead"]) if back.get("lead_custom") else None
    of_lead = split(back.get("lead_custom") or {}, lead.custom if lead else {})
    point = _point(back, contact)
    labels = _labels()
    gone = [_("El segundo número de teléfono se quita.")] if point else []
    lines = [*_lines(columns, LABELS), *_lines(custom, labels), *_lines(of_lead, labels), *gone]
    newer = [
        *(str(LABELS[name]) for name in columns.newer),
        *(labels.get(name, name) for name in (*custom.newer, *of_lead.newer)),
        *([_("segundo número de teléfono")] if back.get("point") and point is None else []),
    ]
    if not lines:
        raise _all_newer(newer)

    def act(by: Actor) -> None:
        fields = {**columns.back, **({"custom": custom.back} if custom.back else {})}
        if fields:
            contacts.update_contact(contact=contact, by=by, **fields)
        if point is not None:
            points.remove_point(point=point, by=by)
        if lead is not None and of_lead.back:
            leads.update_lead(lead=lead, by=by, custom=of_lead.back)

    values = (*_values(columns, LABELS), *_values(custom, labels), *_values(of_lead, labels))
    return Way(tuple(lines), act, (*_newer(newer), *_lead_stays(back)), values=values)


def _point(back: JSON, contact: Contact) -> ContactPoint | None:
    """The second number that the act added, if it is there as it was added."""
    added = back.get("point") or {}
    return contact.points.filter(pk=key_of(added.get("id")), value=added["value"]).first() if added else None


def _lines(found: Split, labels: Mapping[str, Any]) -> list[str]:
    """One line for each value, without the value itself: these lines stay with the call."""
    return [
        (_("Vuelve a quedar vacío: %(name)s.") if value in (None, "", []) else _("Vuelve a lo que decía: %(name)s."))
        % {"name": labels.get(name, name)}
        for name, value in found.back.items()
    ]


def _values(found: Split, labels: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What comes back where there was something, in the reader's words."""
    given = [(name, value) for name, value in found.back.items() if value not in (None, "", [])]
    return [(str(labels.get(name, name)), _in_words(name, value)) for name, value in given]


def _in_words(name: str, value: object) -> str:
    if name == "interest":
        return str(dict(Interest.choices).get(str(value), value))
    if isinstance(value, bool):
        return _("Sí") if value else _("No")
    return ", ".join(str(each) for each in value) if isinstance(value, list) else str(value)


def _labels() -> dict[str, str]:
    fields = dict(CustomField.objects.values_list("key", "label"))
    return {**{name: str(words) for name, words in LABELS.items()}, **fields}


def _newer(names: list[str]) -> tuple[str, ...]:
    words = _("Queda como está, porque cambió después: %(names)s.") % {"names": ", ".join(names)}
    return (words,) if names else ()


def _all_newer(names: list[str]) -> Conflict:
    words = {"names": ", ".join(names)}
    return Conflict(_("Todo cambió después (%(names)s): no queda nada por deshacer.") % words, code="newer")


def _lead_stays(back: JSON) -> tuple[str, ...]:
    return (_("El lead que se abrió con esos datos queda: se cierra desde su página."),) if back.get("new_lead") else ()


# --- what was learned of a lead -------------------------------------------------------------------------------
def _qualification(back: JSON, contact: Contact, member: Membership) -> Way:
    """What was known before, with the words it was learned from; the score is counted anew."""
    lead = lead_for(member, back.get("lead"))
    if lead.contact_id != contact.pk:
        raise Conflict(_("El lead ahora es de otro contacto."), code="merged")
    if lead.closed_at is not None:
        raise Conflict(_("El lead ya está cerrado: su calificación queda como estaba al cerrarlo."), code="closed")
    found = split(back.get("facts") or {}, {name: getattr(lead, name) for name in FACTS})
    words = {
        "interest": _("interés"),
        "budget": _("presupuesto"),
        "timeline": _("plazo"),
        "needs": _("necesidad"),
    }
    newer = [words[name] for name in found.newer]
    if not found.back:
        raise _all_newer(newer)
    reasons = [each for each in back.get("reasons") or [] if isinstance(each, dict)]

    def act(by: Actor) -> None:
        leads.unqualify_lead(lead=lead, by=by, facts=found.back, reasons=reasons)

    lines = (*_lines(found, words), _("El puntaje se cuenta de nuevo."))
    return Way(lines, act, (*_newer(newer), *_lead_stays(back)), values=tuple(_values(found, words)))


# --- appointments ---------------------------------------------------------------------------------------------
def _event(back: JSON, contact: Contact, member: Membership) -> AgendaEvent:
    """The appointment as the act left it. Raises Conflict when somebody changed it since."""
    event = appointment_for(member, back.get("event"))
    if event.contact_id != contact.pk:
        raise Conflict(_("La cita ahora es de otro contacto."), code="merged")
    if event.revision != back.get("revision"):
        raise Conflict(
            _("La cita cambió después: lo que haga falta se hace desde su página en la agenda."), code="newer"
        )
    return event


def _booking(back: JSON, contact: Contact, member: Membership) -> Way:
    event = _event(back, contact, member)
    _still_ahead(event.starts_at)
    words = _told(event.starts_at, event)

    def act(by: Actor) -> None:
        events.cancel(event=event, by=by, reason=_("Se deshizo lo que agendó la IA"))

    lines = (
        _("Se cancela la cita: %(when)s con %(who)s.") % words,
        _("El horario queda libre y no sale ningún recordatorio."),
    )
    return Way(lines, act, promised=True)


def _move(back: JSON, contact: Contact, member: Membership) -> Way:
    event = _event(back, contact, member)
    was = back["was"]
    start, end, seller = datetime.fromisoformat(was["start"]), datetime.fromisoformat(was["end"]), UUID(was["seller"])
    _still_ahead(start)

    def look() -> None:
        booking.ask(event=event, seller=seller, start=start, end=end)

    def act(by: Actor) -> None:
        token = offers.make(
            seller=seller, service=event.service_id, start=start, end=end, contact=contact, moving=event
        )
        booking.reschedule(event=event, by=by, offer=token, looked=True)

    line = _("La cita vuelve a su horario de antes: %(when)s.") % _told(start, event)
    return Way((line,), act, (_unconfirmed(),), look=look, promised=True)


def _cancelled(back: JSON, contact: Contact, member: Membership) -> Way:
    event = _event(back, contact, member)
    _still_ahead(event.starts_at)

    def look() -> None:
        booking.ask(event=event, seller=event.seller_id, start=event.starts_at, end=event.ends_at)

    def act(by: Actor) -> None:
        booking.restore(event=event, by=by)

    line = _("La cita vuelve a quedar agendada: %(when)s con %(who)s.") % _told(event.starts_at, event)
    return Way((line,), act, (_unconfirmed(),), look=look, promised=True)


def _still_ahead(start: datetime) -> None:
    if start <= timezone.now():
        raise Conflict(_("Ese horario ya pasó: no hay nada por deshacer."), code="past")


def _told(start: datetime, event: AgendaEvent) -> dict[str, str]:
    """A day by its date, in the company's zone and the reader's language."""
    local = start.astimezone(ZoneInfo(current_tenant().timezone))
    return {"when": say(local, now=local - LONG_AGO, locale=(get_language() or "es")[:2]), "who": event.seller.name}


def _unconfirmed() -> str:
    return _("Queda sin confirmar, aunque antes lo estuviera.")


# --- a sale ---------------------------------------------------------------------------------------------------
def _sale(back: JSON, contact: Contact, member: Membership) -> Way:
    """Only while nothing hangs on the client that it made: what was charged is not undone by the way."""
    rows = Conversion.objects.select_related("lead", "client", "stage_before")
    found = rows.filter(pk=key_of(back.get("conversion"))).first()
    if found is None or found.undone_at is not None:
        raise Conflict(_("Esa conversión ya se deshizo."), code="undone")
    lead = lead_for(member, found.lead_id)
    if lead.contact_id != contact.pk:
        raise Conflict(_("El lead ahora es de otro contacto."), code="merged")
    if lead.stage.kind != StageKind.WON:
        raise Conflict(_("El lead ya no está en la venta que hizo esta conversión."), code="moved")
    if conversion.client_is_used(found):
        message = _("El cliente ya tiene movimientos u otra venta: deshacer la conversión desde la página del lead.")
        raise Conflict(message, code="used")

    def act(by: Actor) -> None:
        conversion.undo(conversion=found, by=by, reason=_("Se deshizo lo que hizo la IA"))

    back_to = _("El lead vuelve a la etapa %(stage)s.") % {"stage": found.stage_before.name}
    gone = _("Deja de ser cliente.") if found.made_client else ""
    left = "" if found.made_client else _("Sigue siendo cliente: ya lo era antes.")
    return Way(tuple(filter(None, (back_to, gone))), act, tuple(filter(None, (left,))))


WAYS: Mapping[str, Check] = {
    "create_customer": _details,
    "save_details": _details,
    "qualify_lead": _qualification,
    "book_appointment": _booking,
    "reschedule_appointment": _move,
    "cancel_appointment": _cancelled,
    "convert_to_client": _sale,
}


def way_of(call: ToolCall, contact: Contact, member: Membership) -> Way:
    """What undoing would do now. Raises AppError that says why it cannot be undone."""
    check = WAYS.get(call.tool)
    if check is None or not call.back:
        raise Conflict(_("Esto no se puede deshacer."), code="not_undoable")
    try:
        return check(call.back, contact, member)
    except booking.Taken as taken:
        raise Conflict(str(taken.message), code=taken.code) from taken
    except (KeyError, TypeError, ValueError) as error:  # what the act left behind cannot be read
        raise Conflict(_("Falta lo necesario para deshacerlo: corregirlo a mano."), code="unreadable") from error
