"""The next step of each open lead: kept from its open tasks and coming appointments, or explained until a day."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import (
    Case,
    DateTimeField,
    DurationField,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Least
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.lib.errors import Invalid
from config.lib.texts import stored
from crm.domain import due, next_step
from crm.models import AgendaEvent, Lead, Stage, Task
from crm.models.lead import LeadQuerySet
from tenants.context import current_tenant
from tenants.domain.actor import Actor
from tenants.live.services import emit
from tenants.services.audit import record

FORGOTTEN_AT_ONCE = 1_000
# The dates that people tap, and their words on the buttons.
QUICK = (
    (due.Quick.TODAY, gettext_lazy("Hoy")),
    (due.Quick.TOMORROW, gettext_lazy("Mañana 9:00")),
    (due.Quick.THREE_DAYS, gettext_lazy("+3 días")),
    (due.Quick.MONDAY, gettext_lazy("Lunes")),
)


def hold(lead_id: UUID | None) -> None:
    """Until the transaction ends nobody else changes this lead or its tasks. Before any task's row is locked."""
    if lead_id is not None:
        Lead.objects.select_for_update(no_key=True).filter(pk=lead_id).values("pk").first()


def refresh(lead_id: UUID) -> None:
    """Compute Lead.next_step_at from open tasks and appointments, in the same transaction as what changed them.

    A planned step ends an explanation. The lock comes in a statement of its own: the one after it then sees what the
    transactions before it committed.
    """
    hold(lead_id)
    due_first = Task.objects.open().filter(lead=OuterRef("pk")).order_by("due_at").values("due_at")[:1]
    met_first = AgendaEvent.objects.upcoming().filter(lead=OuterRef("pk")).order_by("starts_at").values("starts_at")[:1]
    planned = Exists(due_first) | Exists(met_first)
    Lead.objects.filter(pk=lead_id).update(
        next_step_at=Least(Subquery(due_first), Subquery(met_first)),  # the one there is, or the earlier
        no_step_reason=Case(When(planned, then=Value("")), default=F("no_step_reason")),
        no_step_until=Case(When(planned, then=None), default=F("no_step_until")),
    )


def explain(*, lead: Lead, reason: str, until: date, by: Actor) -> Lead:
    """Say why an open lead has no next step, and until which day that holds. Raises Invalid."""
    hold(lead.pk)
    lead.refresh_from_db(fields=["next_step_at", "closed_at"])
    reason = " ".join(stored(reason).split())[:300]
    if not reason:
        message = _("Falta decir por qué no hay un próximo paso.")
        raise Invalid(message, fields={"reason": message})
    if not next_step.fits(until, today()):
        message = _("La fecha va de hoy a un año.")
        raise Invalid(message, fields={"until": message})
    if lead.closed_at is not None:
        raise Invalid(_("El lead ya está cerrado: no necesita un próximo paso."), code="closed")
    if lead.next_step_at is not None:
        raise Invalid(_("Ese lead ya tiene un próximo paso."), code="planned")
    lead.no_step_reason, lead.no_step_until = reason, until
    lead.save(update_fields=["no_step_reason", "no_step_until", "updated_at"])
    record(action="lead.step_explained", resource=lead, by=by, diff={"until": until.isoformat()})
    emit("LEAD_UPDATED", object="lead", id=lead.pk)
    return lead


def today() -> date:
    """The day it is where the company is."""
    return timezone.now().astimezone(ZoneInfo(current_tenant().timezone)).date()


# --- which leads ----------------------------------------------------------------------------------------------
def lacking(leads: LeadQuerySet) -> LeadQuerySet:
    """Open ones without a planned step, an explanation, or an agent that is talking with the person right now."""
    return leads.filter(closed_at__isnull=True, next_step_at__isnull=True, no_step_reason="").exclude(attended())


def attended() -> Q:
    """Whether agents attend a lead (OuterRef) just now, as the apps above say in settings.LEAD_ATTENDED."""
    ways: list[Callable[[datetime], QuerySet]] = [import_string(path) for path in settings.LEAD_ATTENDED]
    return Q(*(Exists(way(timezone.now())) for way in ways), _connector=Q.OR)


def cold(leads: LeadQuerySet, now: datetime | None = None) -> LeadQuerySet:
    """Open ones in which nothing happened for longer than their stage allows; 0 days = never cold."""
    at = Value(now or timezone.now(), output_field=DateTimeField())
    day = Value(timedelta(days=1), output_field=DurationField())
    patient = Stage.objects.filter(cold_after_days__gt=0).order_by("cold_after_days").values("cold_after_days")[:1]
    # The first bound is the same for all, so that an index ends there; the second is each stage's own.
    return leads.filter(
        closed_at__isnull=True,
        stage__cold_after_days__gt=0,
        last_activity_at__lt=ExpressionWrapper(at - Subquery(patient) * day, output_field=DateTimeField()),
    ).filter(
        last_activity_at__lt=ExpressionWrapper(at - F("stage__cold_after_days") * day, output_field=DateTimeField())
    )


def forget_expired() -> int:
    """Take away explanations whose day has passed, so that those leads ask for a step again; returns how many."""
    done = 0
    while True:
        ids = list(
            Lead.objects.select_for_update(no_key=True, skip_locked=True)
            .filter(no_step_until__lt=today())
            .values_list("pk", flat=True)[:FORGOTTEN_AT_ONCE]
        )
        Lead.objects.filter(pk__in=ids).update(no_step_reason="", no_step_until=None)
        for pk in ids:
            emit("LEAD_UPDATED", object="lead", id=pk)
        done += len(ids)
        if len(ids) < FORGOTTEN_AT_ONCE:
            return done
