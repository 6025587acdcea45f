"""The tools that book, move and cancel: only for the person who writes, only times that this chat was offered."""

from collections.abc import Callable

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from agents.domain.booking_gate import CLINIC, missing
from agents.domain.choices import chosen
from agents.domain.urgency import URGENT, assess
from agents.services import triage
from agents.tools.agenda import (
    Ask,
    Customer,
    Offered,
    appointments,
    as_options,
    customer,
    kept,
    listed,
    numbered,
    offered_now,
    receipt_words,
    standing,
)
from agents.tools.availability import unseen
from agents.tools.base import JSON, Receipt, Tool, ToolContext, ToolResult, schema, text
from config.lib.errors import AppError
from crm.agenda import booking, events, offers
from crm.domain.names import is_full, name_words
from crm.models import AgendaEvent, Client, Contact, Lead
from tenants.context import tenant_context

Act = Callable[[ToolContext, JSON, Customer], ToolResult]
NEEDED = {
    "interest": gettext_lazy("cuánto le interesa (se registra con qualify_lead)"),
    "name": gettext_lazy("nombre y apellido"),
    "document": gettext_lazy("documento"),
    "insurance": gettext_lazy("obra social o seguro"),
    "phone": gettext_lazy("teléfono"),
}


def book_appointment(context: ToolContext, arguments: JSON) -> ToolResult:
    """Book one of the offered times, or say why not; asked again it tells the person's own appointment."""
    return _acted(context, arguments, _book)


def reschedule_appointment(context: ToolContext, arguments: JSON) -> ToolResult:
    """Move an appointment of the person to one of the offered times."""
    return _acted(context, arguments, _reschedule)


def cancel_appointment(context: ToolContext, arguments: JSON) -> ToolResult:
    """Call off an appointment of the person."""
    return _acted(context, arguments, _cancel)


def _acted(context: ToolContext, arguments: JSON, act: Act) -> ToolResult:
    """One transaction for the act. Who was too late gets what is free instead; what cannot be read is not promised."""
    try:
        with tenant_context(context.tenant):
            return act(context, arguments, customer(context))
    except Ask as ask:
        return ask.result
    except booking.Taken as taken:
        with tenant_context(context.tenant):
            who = customer(context)
            instead = offered_now([(slot, {"code": "chosen"}) for slot in taken.alternatives], who)
            data = {"why": taken.code, "options": listed(instead, who), **who.elsewhere()}
        # Whoever has it is nobody's business.
        message = _("Ese horario ya no está libre. Ofrecé estas opciones.") if instead else str(taken.message)
        return ToolResult(False, data, message, kept=kept(instead))
    except AppError as error:
        if error.code == "calendar_unknown":
            return unseen().result
        return ToolResult(False, {"why": error.code}, str(error.message))


def _book(context: ToolContext, arguments: JSON, who: Customer) -> ToolResult:
    contact = _contact(who)
    offered = _offered(context, arguments, who)
    own = appointments(contact)
    said = offers.read(offered.token, late=True)
    again = next((event for event in own if event.starts_at < said.end and said.start < event.ends_at), None)
    if again is not None:
        return _already(context, again, who)
    same = next((event for event in own if event.service_id == said.service), None)
    if same is not None and not arguments.get("additional"):
        raise Ask(
            _(
                "Ya tiene una cita. Si quiere cambiarla, usá reschedule_appointment con la misma opción;"
                " si quiere otra además, preguntale y usá `additional`."
            ),
            why="has_one",
            appointment=who.told(same),
        )
    _gate(context, contact)
    urgent = _urgency(context, arguments)
    token = offered.token
    if said.moving is not None:  # looked up to move one that is no more
        offers.read(token)
        token = offers.make(seller=said.seller, service=said.service, start=said.start, end=said.end, contact=contact)
    booked = booking.book(
        offer=token,
        contact=contact,
        by=context.actor,
        source=AgendaEvent.Source.AGENT,
        note=" ".join(filter(None, (urgent, str(arguments.get("note") or "")))),
        why=offered.why,
    )
    event = booked.event
    if not booked.new:
        return _already(context, event, who)
    words = receipt_words(_("Agendó"), start=event.starts_at, seller=event.seller, context=context)
    data = {"booked": who.told(event), **who.elsewhere()}
    return ToolResult(True, data, receipt=Receipt("booking", words), back=_back(event))


def _already(context: ToolContext, event: AgendaEvent, who: Customer) -> ToolResult:
    words = receipt_words(_("Ya tenía cita"), start=event.starts_at, seller=event.seller, context=context)
    data = {"already": True, "appointment": who.told(event), **who.elsewhere()}
    return ToolResult(True, data, receipt=Receipt("booking", words))


def _reschedule(context: ToolContext, arguments: JSON, who: Customer) -> ToolResult:
    _contact(who)
    event = _which(arguments, who)
    was = {"seller": str(event.seller_id), "start": event.starts_at.isoformat(), "end": event.ends_at.isoformat()}
    offered = _offered(context, arguments, who)
    said = offers.read(offered.token)
    token = offered.token
    if said.moving not in (None, event.pk):
        token = offers.make(
            seller=said.seller, service=said.service, start=said.start, end=said.end, contact=who.contact
        )
    moved = booking.reschedule(event=event, by=context.actor, offer=token)
    words = receipt_words(_("Movió la cita"), start=moved.starts_at, seller=moved.seller, context=context)
    data = {"moved_to": who.told(moved), **who.elsewhere()}
    # To where it was already nothing moved; what somebody else did at the same moment is not ours to know.
    back = _back(moved, was=was) if moved.revision == event.revision + 1 else {}
    return ToolResult(True, data, receipt=Receipt("booking_move", words), back=back)


def _cancel(context: ToolContext, arguments: JSON, who: Customer) -> ToolResult:
    _contact(who)
    event = _which(arguments, who)
    gone = events.cancel(event=event, by=context.actor, reason=str(arguments.get("reason") or ""))
    words = receipt_words(_("Canceló la cita"), start=event.starts_at, seller=event.seller, context=context)
    return ToolResult(True, {"cancelled": who.told(event)}, receipt=Receipt("booking_cancel", words), back=_back(gone))


def _back(event: AgendaEvent, **more: JSON) -> JSON:
    """What undoing it needs: which appointment, as it was left by this act."""
    return {"event": str(event.pk), "revision": event.revision, **more}


def _contact(who: Customer) -> Contact:
    if who.contact is None:
        raise Ask(_("La conversación ya no existe."), why="gone")
    return who.contact


def _offered(context: ToolContext, arguments: JSON, who: Customer) -> Offered:
    """The offered time that the words choose. Raises Ask when they choose none, or several."""
    known = standing(context, who)
    if not known:
        raise Ask(_("Primero hay que buscar horarios con check_seller_availability."), why="nothing_offered")
    found = chosen(str(arguments["choice"]), [each.option for each in known], now=who.now)
    if len(found) == 1:
        return known[found[0] - 1]
    if not found:
        message = _("Eso no es ninguno de los horarios ofrecidos. Si pide otro, buscalo.")
        raise Ask(message, why="none_chosen", options=listed(known, who))
    several = [each for each in known if each.option.number in found]
    raise Ask(_("Puede ser más de uno de los ofrecidos. Preguntá cuál."), why="which_one", options=listed(several, who))


def _which(arguments: JSON, who: Customer) -> AgendaEvent:
    """The person's own appointment that is meant. Of one only nothing need be said, but what is said has to be it."""
    own = appointments(who.contact)
    if not own:
        raise Ask(_("La persona no tiene ninguna cita por venir."), why="none")
    said = str(arguments.get("which") or "").strip()
    if len(own) == 1 and not said:
        return own[0]
    found = chosen(said, as_options(own, who), now=who.now)
    if len(found) == 1:
        return own[found[0] - 1]
    if len(own) == 1:
        message = _("La cita que tiene es otra. Preguntá si es esa.")
        raise Ask(message, why="which_appointment", options=numbered(own, who))
    raise Ask(_("Tiene varias citas. Preguntá cuál."), why="which_appointment", options=numbered(own, who))


def _gate(context: ToolContext, contact: Contact) -> None:
    """Raises Ask with what has to be known before: a booking without it is refused, whatever the model thinks."""
    interest = Lead.objects.filter(contact=contact).open().order_by("-created_at").values_list("interest", flat=True)
    came = AgendaEvent.objects.filter(contact=contact, status=AgendaEvent.Status.DONE)
    lacking = missing(
        interest=interest.first() or "",
        trade=context.tenant.trade,
        known_patient=Client.objects.filter(contact=contact).exists() or came.exists(),
        name_is_full=is_full(name_words(contact.name)),
        phone=contact.phone or "",
        custom=contact.custom,
    )
    if lacking:
        names = ", ".join(str(NEEDED[name]) for name in lacking)
        raise Ask(_("Antes de agendar falta: %(names)s.") % {"names": names}, why="missing", missing=lacking)


def _urgency(context: ToolContext, arguments: JSON) -> str:
    """In a clinic, raises Ask when an urgent appointment is wanted before its urgency was judged, or against it.

    Answers what the appointment's note begins with.
    """
    if context.tenant.trade != CLINIC:
        return ""
    level = triage.urgency_of(context.conversation_id)
    if not level and (arguments.get("urgent") or assess([context.said]).level in URGENT):
        raise Ask(_("Antes de un turno urgente hay que clasificar la urgencia con triage_urgency."), why="triage")
    if arguments.get("urgent") and level not in URGENT:
        raise Ask(_("Por lo que contó no es urgente: agendalo como un turno común."), why="not_urgent")
    return _("Urgente.") if level in URGENT else ""


_CHOICE = text("Número de la opción ofrecida, o su día y hora", longest=120, shortest=1)
_WHICH = text("Cuál de sus citas, si tiene varias: número, o día y hora", longest=120)
BOOK_APPOINTMENT = Tool(
    name="book_appointment",
    label=gettext_lazy("Agendar una cita"),
    description=gettext_noop("Agenda para la persona que está escribiendo uno de los horarios que se le ofrecieron."),
    protocol=(
        "Usala apenas la persona elija, con su elección en `choice`. Antes registrá su interés con qualify_lead. Si el"
        " horario ya no está, ofrecé los que devuelve. No digas que quedó agendado si no lo confirma."
    ),
    parameters=schema(
        ("choice",),
        choice=_CHOICE,
        note=text("Motivo, con sus palabras", longest=500),
        additional={"type": "boolean", "description": "true solo si pidió otra cita además de la que tiene"},
        urgent={"type": "boolean", "description": "true si es una urgencia ya clasificada con triage_urgency"},
    ),
    run=book_appointment,
    permission="agenda.write",
    writes=True,
    # External calendars are read once more before anything is locked.
    in_transaction=False,
    proves="booking",
)
RESCHEDULE_APPOINTMENT = Tool(
    name="reschedule_appointment",
    label=gettext_lazy("Mover una cita"),
    description=gettext_noop(
        "Mueve una cita de la persona que está escribiendo a uno de los horarios que se le ofrecieron."
    ),
    protocol="Usala cuando quiere cambiar la cita que tiene: antes buscá horarios con `change` en true.",
    parameters=schema(("choice",), choice=_CHOICE, which=_WHICH),
    run=reschedule_appointment,
    permission="agenda.write",
    writes=True,
    in_transaction=False,
    proves="booking_move",
)
CANCEL_APPOINTMENT = Tool(
    name="cancel_appointment",
    label=gettext_lazy("Cancelar una cita"),
    description=gettext_noop("Cancela una cita de la persona que está escribiendo."),
    protocol="Usala solo cuando pide cancelar o dice que no va a ir. Ofrecé antes otro horario si solo no puede ese día.",
    parameters=schema(which=_WHICH, reason=text("Motivo, con sus palabras", longest=300)),
    run=cancel_appointment,
    permission="agenda.write",
    writes=True,
    once=True,
    proves="booking_cancel",
)
