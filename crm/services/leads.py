"""What happens to a lead: created, qualified, corrected, changed. Its stage is crm.services.moves' affair."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from config.lib.errors import Invalid
from config.lib.texts import storable, stored
from crm.domain.qualification import HOT, MOST, Said, Score, score
from crm.models import (
    Assignment,
    Contact,
    Interest,
    Lead,
    Notification,
    Pipeline,
    Seller,
    Stage,
    StageKind,
    Touch,
)
from crm.services import assignment, custom_fields, tags
from crm.services.moves import note_stage
from crm.services.notifications import notify
from crm.services.touches import note_touch
from tenants.context import current_tenant
from tenants.domain.actor import Actor
from tenants.live.services import emit
from tenants.services.audit import record

EDITABLE = frozenset(
    {
        "source",
        "value",
        "currency",
        "expected_close",
        "probability",
        "social_links",
        "tags",
        "custom",
        "needs",
        "budget",
        "timeline",
    }
)
QUIET = timedelta(minutes=10)  # an activity is noted no more often than this


def create_lead(
    *,
    contact: Contact,
    by: Actor,
    source: str = "",
    stage: Stage | None = None,
    pipeline: Pipeline | None = None,
    owner: Seller | None = None,
    interest: str = "",
    value: Decimal | None = None,
    currency: str = "",
    expected_close: date | None = None,
    probability: int | None = None,
    labels: Sequence[str] = (),
    custom: Mapping[str, Any] | None = None,
    social_links: Mapping[str, Any] | None = None,
    touch: Touch.Kind | None = None,
    attribution: Mapping[str, str] | None = None,
    given: Assignment.Kind = Assignment.Kind.MANUAL,
    quiet: bool = False,
) -> Lead:
    """A new lead in the first stage of the pipeline unless another open one is named.

    Without `owner` the company's rules say who gets it. `touch` is how the person arrived, with its `attribution`
    (names as in note_touch). `given` says how the owner got it; `quiet`: something tells them of many at once.
    """
    stage = stage or initial_stage(pipeline)
    if stage.kind != StageKind.OPEN:
        raise Invalid(_("Un lead empieza en una etapa abierta."), fields={"stage": _("Etapa cerrada.")})
    lead = Lead(contact=contact, stage=stage, source=stored(source).strip()[:60], interest=_interest(interest))
    lead.value, lead.currency = value, currency or (current_tenant().currency if value is not None else "")
    lead.expected_close, lead.probability = expected_close, _probability(probability)
    lead.social_links = _links(social_links or {})
    lead.tags = tags.clean(labels)
    lead.custom = custom_fields.clean("lead", custom, current={}) if custom else {}
    result = _scored(lead)
    lead.score, lead.score_reasons = result.points, list(result.reasons)
    lead.save(force_insert=True)
    note_stage(lead, None, by, "")
    record(action="lead.created", resource=lead, by=by, diff={"source": lead.source})
    emit("NEW_LEAD", object="lead", id=lead.pk)
    if touch is not None:
        note_touch(contact=contact, lead=lead, kind=touch, source=lead.source, **(attribution or {}))
    if owner is not None:
        assignment.assign(lead=lead, owner=owner, by=by, kind=given, quiet=quiet)
    else:
        assignment.assign_by_rule(lead=lead, by=by)
    return lead


def ensure_open_lead(
    *,
    contact: Contact,
    source: str,
    by: Actor,
    touch: Touch.Kind | None = None,
    attribution: Mapping[str, str] | None = None,
) -> tuple[Lead, bool]:
    """The contact's open lead, or a new one; the flag says which. A new one notes its `touch`."""
    # Two channels may hear a new person at once. `no_key` lets rows that only point at the contact go on.
    Contact.objects.select_for_update(no_key=True).filter(pk=contact.pk).first()
    lead = Lead.objects.open().filter(contact=contact).order_by("-created_at").first()
    if lead is None:
        return create_lead(contact=contact, source=source, by=by, touch=touch, attribution=attribution), True
    if lead.last_activity_at < timezone.now() - QUIET:
        touch_activity(contact_id=contact.pk)
    return lead, False


def touch_activity(*, contact_id: UUID) -> None:
    """Something was said with this person: their open leads are not cold.

    One statement, a write at most every QUIET, and it waits for nobody: whoever speaks holds the chat by then, and others
    hold a lead while they want the chat. A lead that is busy is being acted on anyway.
    """
    now = timezone.now()
    stale = Lead.objects.filter(contact_id=contact_id, closed_at__isnull=True, last_activity_at__lt=now - QUIET)
    free = stale.select_for_update(skip_locked=True, no_key=True).values("pk")
    Lead.objects.filter(pk__in=free).update(last_activity_at=now)


def initial_stage(pipeline: Pipeline | None = None) -> Stage:
    """Where a lead begins in this pipeline, or in the main one."""
    rows = Stage.objects.filter(pipeline=pipeline) if pipeline else Stage.objects.filter(pipeline__is_default=True)
    rows = rows.select_related("pipeline").filter(kind=StageKind.OPEN, is_active=True)
    stage = rows.order_by("-is_initial", "position").first()
    if stage is None:
        raise Invalid(_("El embudo no tiene etapas abiertas. Hay que crear una."))
    return stage


def qualify_lead(
    *,
    lead: Lead,
    by: Actor,
    interest: str = "",
    budget: str = "",
    timeline: str = "",
    needs: str = "",
    heard: Sequence[Said] = (),
) -> Lead:
    """Keep what was learned (an empty value leaves what is known) and score it.

    `heard` are the customer's messages from which it was learned: each new reason names the one that says it.
    """
    points, before = lead.score, {"interest": lead.interest, "score": lead.score}
    lead.interest = _interest(interest) or lead.interest
    lead.budget = stored(budget).strip()[:200] or lead.budget
    lead.timeline = stored(timeline).strip()[:200] or lead.timeline
    lead.needs = stored(needs).strip()[:4000] or lead.needs
    result = _scored(lead, heard=[Said(each.message, stored(each.text)) for each in heard])
    lead.score, lead.score_reasons = result.points, list(result.reasons)
    lead.save(update_fields=["interest", "budget", "timeline", "needs", "score", "score_reasons", "updated_at"])
    after = {"interest": lead.interest, "score": lead.score}
    record(action="lead.qualified", resource=lead, by=by, diff={"before": before, "after": after})
    emit("LEAD_UPDATED", object="lead", id=lead.pk)
    _tell_hot(lead, points, by)
    return lead


def unqualify_lead(*, lead: Lead, by: Actor, facts: Mapping[str, str], reasons: Sequence[Mapping[str, Any]]) -> Lead:
    """Put back what was known before somebody qualified the held lead, also where that was nothing, and score it anew.

    `reasons` are the score's of then: what is known again keeps the words it was learned from. Raises Invalid for a name
    that is no fact of a qualification.
    """
    unknown = set(facts) - {"interest", "budget", "timeline", "needs"}
    if unknown:
        raise Invalid(_("No se puede cambiar: %(names)s.") % {"names": ", ".join(sorted(unknown))})
    before = {"interest": lead.interest, "score": lead.score}
    for name, value in facts.items():
        setattr(lead, name, _interest(value) if name == "interest" else value)
    lead.score_reasons = [*lead.score_reasons, *(each for each in reasons if each.get("factor") in facts)]
    result = _scored(lead)
    lead.score, lead.score_reasons = result.points, list(result.reasons)
    lead.save(update_fields=[*facts, "score", "score_reasons", "updated_at"])
    after = {"interest": lead.interest, "score": lead.score}
    record(action="lead.unqualified", resource=lead, by=by, diff={"before": before, "after": after})
    emit("LEAD_UPDATED", object="lead", id=lead.pk)
    return lead


def correct_score(*, lead: Lead, points: int, reason: str, by: Actor) -> Lead:
    """A person knows better: the score becomes `points` (0–100), and the difference stays whatever is learned later.

    The reason is shown with their name. Correcting back to what the facts say takes the correction away.
    """
    if not 0 <= points <= MOST:
        raise Invalid(_("El puntaje va de 0 a 100."), fields={"score": _("De 0 a 100.")})
    before = lead.score
    lead.score_adjustment, counted = 0, _scored(lead, adjustment=0).points
    lead.score_adjustment = points - counted
    lead.score_adjustment_reason = stored(reason).strip()[:300] if lead.score_adjustment else ""
    if lead.score_adjustment and not lead.score_adjustment_reason:
        message = _("Falta decir por qué se corrige.")
        raise Invalid(message, fields={"reason": message})
    result = _scored(lead, corrected_by=by.label)
    lead.score, lead.score_reasons = result.points, list(result.reasons)
    lead.save(update_fields=["score", "score_reasons", "score_adjustment", "score_adjustment_reason", "updated_at"])
    record(action="lead.score_corrected", resource=lead, by=by, diff={"score": [before, lead.score]})
    emit("LEAD_UPDATED", object="lead", id=lead.pk)
    _tell_hot(lead, before, by)
    return lead


def update_lead(*, lead: Lead, by: Actor, **fields: Any) -> Lead:
    """Change the named fields. `custom` changes the keys it names; the facts of a qualification are scored anew."""
    unknown = set(fields) - EDITABLE
    if unknown:
        raise Invalid(_("No se puede cambiar: %(names)s.") % {"names": ", ".join(sorted(unknown))})
    before = {name: getattr(lead, name) for name in fields}
    for name, value in fields.items():
        setattr(lead, name, _checked(lead, name, value))
    changed = [name for name, old in before.items() if getattr(lead, name) != old]
    if not changed:
        return lead
    if lead.value is not None and not lead.currency:
        lead.currency = current_tenant().currency
    lead.save(update_fields=[*changed, "currency", "updated_at"])
    record(action="lead.updated", resource=lead, by=by, diff={"fields": sorted(changed)})
    emit("LEAD_UPDATED", object="lead", id=lead.pk)
    return lead


def _checked(lead: Lead, name: str, value: Any) -> Any:
    if name == "tags":
        return tags.clean(value)
    if name == "custom":
        return custom_fields.clean("lead", value, current=lead.custom)
    if name == "probability":
        return _probability(value)
    if name == "social_links":
        return _links(value)
    return stored(value).strip() if isinstance(value, str) else value


def _interest(value: str) -> str:
    if value not in ("", *Interest.values):
        raise Invalid(_("Ese nivel de interés no existe."), fields={"interest": _("Valor desconocido.")})
    return value


def _probability(value: int | None) -> int | None:
    if value is not None and not 0 <= value <= 100:
        raise Invalid(_("La probabilidad va de 0 a 100."), fields={"probability": _("De 0 a 100.")})
    return value


def _links(value: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise Invalid(_("Tienen que ser claves con sus valores."), fields={"social_links": _("Valor desconocido.")})
    if not storable(dict(value)):
        raise Invalid(_("Hay letras que no se pueden guardar."), fields={"social_links": _("Letras inválidas.")})
    return dict(value)


def _scored(lead: Lead, *, heard: Sequence[Said] = (), adjustment: int | None = None, corrected_by: str = "") -> Score:
    """The score of what the lead says of itself; a correction keeps the name of whoever made it."""
    earlier: Mapping[str, Any] = next((each for each in lead.score_reasons if each.get("factor") == "correction"), {})
    return score(
        interest=lead.interest,
        budget=lead.budget,
        timeline=lead.timeline,
        needs=lead.needs,
        heard=heard,
        before=lead.score_reasons,
        adjustment=lead.score_adjustment if adjustment is None else adjustment,
        adjusted={"said": lead.score_adjustment_reason, "by": corrected_by or earlier.get("by", "")},
    )


def _tell_hot(lead: Lead, before: int, by: Actor) -> None:
    user_id = lead.owner.user_id if lead.owner is not None else None
    if before < HOT <= lead.score and user_id is not None and str(user_id) != by.id:
        notify(
            user_id=user_id,
            kind=Notification.Kind.HOT,
            key=f"hot:{lead.pk}",
            contact=lead.contact,
            href=f"/leads/{lead.pk}/",
            facts={"score": lead.score},
            urgent=True,
        )
