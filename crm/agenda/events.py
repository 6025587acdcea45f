"""What happens to a booked appointment: confirmed, changed, called off, came or not. Each change keeps all copies true."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from config.lib import commit
from config.lib.errors import Invalid, NotFound
from config.lib.ids import key_of
from config.lib.texts import stored
from crm.agenda.reminders import next_reminder
from crm.models import AgendaEvent, ExternalCalendar, Lead, Notification, Seller
from crm.services import notifications, steps
from tenants.domain.actor import Actor
from tenants.live.services import emit
from tenants.services.audit import record

Status = AgendaEvent.Status
EDITABLE = frozenset({"title", "note", "place", "lead"})
LINES = {"title": 200, "place": 200}
NOTE, REASON = 4000, 300
NOTIFIED = frozenset({"booked", "moved", "cancelled", "confirmed"})


def locked(pk: object, *, sellers: Iterable[UUID] = ()) -> AgendaEvent:
    """The row as it is now, held until the transaction ends; before it its lead and its seller (and `sellers`).

    Everybody takes these locks in this order, after that of a contact. Raises NotFound.
    """
    key = key_of(pk)
    while True:
        seen = AgendaEvent.objects.filter(pk=key).values_list("lead_id", "seller_id").first()
        if seen is None:
            raise NotFound(_("Esa cita no existe."))
        steps.hold(seen[0])
        hold_sellers({seen[1], *sellers})
        event = AgendaEvent.objects.select_for_update(no_key=True).filter(pk=key).first()
        if event is not None and (event.lead_id, event.seller_id) == seen:
            return event


def current(pk: object) -> AgendaEvent:
    """The row as it is now, with its contact and service. Raises NotFound."""
    event = AgendaEvent.objects.select_related("contact", "service").filter(pk=key_of(pk)).first()
    if event is None:
        raise NotFound(_("Esa cita no existe."))
    return event


def hold_sellers(pks: Iterable[UUID]) -> list[Seller]:
    """Until the transaction ends nobody else gives or takes time of these sellers."""
    return list(Seller.objects.select_for_update(no_key=True).filter(pk__in=set(pks)).order_by("pk"))


def cancel(*, event: AgendaEvent, by: Actor, reason: str = "") -> AgendaEvent:
    """Call it off; its time is free. One that is called off already stays as it is. Raises Invalid for one that is over."""
    event = locked(event.pk)
    if event.status == Status.CANCELLED:
        return event
    if not event.is_upcoming:
        raise Invalid(_("Esa cita ya se hizo o no se hará: no se puede cancelar."), code="closed")
    event.status, event.cancelled_at = Status.CANCELLED, timezone.now()
    event.cancel_reason = line(reason)[:REASON]
    return keep(event, "cancelled", by, fields=("status", "cancelled_at", "cancel_reason"))


def confirm(*, event: AgendaEvent, by: Actor) -> AgendaEvent:
    """Whoever comes has said so. Raises Invalid for one that is called off or over."""
    event = locked(event.pk)
    if event.status == Status.CONFIRMED:
        return event
    if event.status != Status.SCHEDULED:
        raise Invalid(_("Esa cita ya no se puede confirmar."), code="closed")
    event.status, event.confirmed_at = Status.CONFIRMED, timezone.now()
    return keep(event, "confirmed", by, fields=("status", "confirmed_at"))


def set_outcome(*, event: AgendaEvent, came: bool, by: Actor, outcome: str = "") -> AgendaEvent:
    """Whether they came, and what came of it; can be corrected later. Raises Invalid before it has begun, or when it was
    called off."""
    event = locked(event.pk)
    if event.status in (Status.CANCELLED, Status.HELD):
        raise Invalid(_("Esa cita no se hizo: está cancelada."), code="closed")
    if event.starts_at > timezone.now():
        raise Invalid(_("Esa cita todavía no empezó."), code="not_begun")
    before = (event.status, event.outcome)
    event.status = Status.DONE if came else Status.NO_SHOW
    event.outcome = line(outcome)[:REASON]
    if before == (event.status, event.outcome):
        return event
    event.outcome_at = timezone.now()
    return keep(event, "settled", by, fields=("status", "outcome", "outcome_at"), diff={"came": came})


def update_event(*, event: AgendaEvent, by: Actor, **fields: Any) -> AgendaEvent:
    """Change the named fields only: title, note, place, lead. Raises Invalid with fields."""
    unknown = set(fields) - EDITABLE
    if unknown:
        raise Invalid(_("No se puede cambiar: %(names)s.") % {"names": ", ".join(sorted(unknown))})
    event = locked(event.pk)
    before = {name: getattr(event, _column(name)) for name in fields}
    old_lead = event.lead_id
    write(event, **fields)
    changed = sorted(name for name in fields if before[name] != getattr(event, _column(name)))
    if not changed:
        return event
    keep(event, "updated", by, fields=changed, diff={"fields": changed})
    if old_lead not in (None, event.lead_id):
        steps.refresh(old_lead)
        emit("LEAD_UPDATED", object="lead", id=old_lead)
    return event


# --- parts ------------------------------------------------------------------------------------------------------
def write(event: AgendaEvent, **fields: Any) -> None:
    """Put words and lead on the row, unsaved. Raises Invalid with fields."""
    wrong = {}
    for name, longest in LINES.items():
        if name in fields:
            setattr(event, name, line(fields[name]))
            if len(getattr(event, name)) > longest:
                wrong[name] = _("Hasta %(n)d letras.") % {"n": longest}
    if "note" in fields:
        event.note = stored(fields["note"]).strip()[:NOTE]
    lead: Lead | None = fields.get("lead")
    if lead is not None and event.contact_id not in (None, lead.contact_id):
        wrong["lead"] = _("Ese lead es de otro contacto.")
    elif "lead" in fields:
        event.lead = lead
        event.contact_id = event.contact_id or (lead.contact_id if lead else None)
    if wrong:
        raise Invalid(_("Revisar la cita."), fields=wrong)


def keep(
    event: AgendaEvent, what: str, by: Actor, *, fields: Iterable[str], diff: dict[str, Any] | None = None
) -> AgendaEvent:
    """Save the changed fields with everything that hangs on them. The caller holds the row."""
    refresh(event)
    event.revision += 1
    event.save(update_fields=[*fields, *KEPT, "revision", "updated_at"])
    told(event, what, by, diff=diff)
    return event


KEPT = ("next_reminder_at", "push_after", "push_attempts", "push_error")


def refresh(event: AgendaEvent) -> None:
    """When to remind of it, and whether an external calendar has to hear of it, unsaved."""
    now = timezone.now()
    event.next_reminder_at = next_reminder(event, now)
    copied = bool(event.google_calendar_event_id)
    main = ExternalCalendar.objects.filter(seller_id=event.seller_id, is_main=True)
    if event.status != Status.HELD and (copied or main.exists()):
        event.push_after, event.push_attempts, event.push_error = now, 0, ""


def told(event: AgendaEvent, what: str, by: Actor, *, diff: dict[str, Any] | None = None, new: bool = False) -> None:
    """Say it to the audit, to open pages, to the lead's next step and to the external calendar."""
    record(action=f"appointment.{what}", resource=event, by=by, diff=diff or {})
    moved = {"moved": True} if "seller" in (diff or {}) else {}
    emit("NEW_APPOINTMENT" if new else "APPOINTMENT_UPDATED", object="appointment", id=event.pk, **moved)
    if event.lead_id is not None:
        steps.refresh(event.lead_id)
        emit("LEAD_UPDATED", object="lead", id=event.lead_id)
    if event.push_after is not None:
        commit.queue("crm.tasks.push_appointments", queue="sync")
    if what in NOTIFIED:
        notify(event.seller, event, what, by)


def notify(seller: Seller, event: AgendaEvent, what: str, by: Actor) -> None:
    """Tell the seller of an appointment with somebody, unless they did it themselves."""
    if event.contact is None or seller.user_id is None or str(seller.user_id) == by.id:
        return
    notifications.notify(
        user_id=seller.user_id,
        kind=Notification.Kind.AGENDA,
        key=f"appointment:{event.pk}:{what}:{event.revision}",
        contact=event.contact,
        href=f"/agenda/citas/{event.pk}/",
        facts={"what": what, "when": event.starts_at.isoformat(), "by": by.label},
    )


def line(text: str) -> str:
    return " ".join(stored(text).split())


def moment(at: datetime) -> str:
    """As the audit keeps a time."""
    return at.isoformat(timespec="minutes")


def _column(name: str) -> str:
    return "lead_id" if name == "lead" else name
