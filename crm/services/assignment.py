"""Who has a lead, and why. Every door gives it through `assign`, by hand or by rule, and each time leaves its history."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from config.lib.errors import Invalid
from crm.agenda.hours import is_rehearsed
from crm.domain import assignment as rules
from crm.models import (
    Absence,
    Assignment,
    AssignmentRule,
    Lead,
    Notification,
    RuleSeller,
    Seller,
    StageKind,
    Strategy,
)
from crm.services.notifications import notify
from crm.services.sellers import may_attend
from tenants.context import current_tenant
from tenants.domain import weekly_hours
from tenants.domain.actor import Actor
from tenants.live.services import emit
from tenants.services.audit import record

JUDGED = timedelta(days=90)  # how far back sales count
Kind = Assignment.Kind


def assign(
    *,
    lead: Lead,
    owner: Seller | None,
    by: Actor,
    kind: Assignment.Kind = Kind.MANUAL,
    reason: dict[str, Any] | None = None,
    rule: AssignmentRule | None = None,
    quiet: bool = False,
) -> Lead:
    """Give the lead to an active seller, or to nobody. The caller holds its row. Nothing happens when they have it.

    `quiet`: the new owner is not told of this one lead, since something tells them of many. Raises Invalid for one who no
    longer attends.
    """
    if owner is not None and not owner.is_active:
        raise Invalid(_("Ese vendedor no está activo."), fields={"owner": _("Inactivo.")})
    if lead.owner_id != (owner.pk if owner else None):
        _give(lead, owner, by, kind, reason, rule, quiet=quiet)
    return lead


def _give(
    lead: Lead,
    owner: Seller | None,
    by: Actor,
    kind: Assignment.Kind,
    reason: dict[str, Any] | None,
    rule: AssignmentRule | None,
    *,
    quiet: bool = False,
) -> Assignment:
    before, lead.owner = lead.owner_id, owner
    lead.assigned_at = timezone.now() if owner is not None else None
    lead.save(update_fields=["owner", "assigned_at", "updated_at"])
    row = note(lead=lead, before=before, owner=owner, by=by, kind=kind, reason=reason, rule=rule)
    record(action="lead.assigned", resource=lead, by=by, diff={"owner": [before, lead.owner_id], "kind": str(kind)})
    emit("LEAD_UPDATED", object="lead", id=lead.pk, moved=True)
    if owner is not None and owner.user_id is not None and str(owner.user_id) != by.id and not quiet:
        notify(
            user_id=owner.user_id,
            kind=Notification.Kind.ASSIGNED,
            key=f"assigned:{lead.pk}:{row.pk}",
            contact=lead.contact,
            href=f"/leads/{lead.pk}/",
            facts={"by": by.label} if by.kind == "user" and rule is None else {},
        )
    return row


def note(
    *,
    lead: Lead,
    before: UUID | None,
    owner: Seller | None,
    by: Actor,
    kind: Assignment.Kind,
    reason: dict[str, Any] | None = None,
    rule: AssignmentRule | None = None,
) -> Assignment:
    """A line of the lead's history of owners."""
    return Assignment.objects.create(
        lead=lead,
        before_id=before,
        seller=owner,
        rule=rule,
        kind=kind,
        reason=reason or {},
        actor_kind=by.kind,
        actor_id=by.id,
        actor_label=by.label,
    )


def assign_by_rule(
    *, lead: Lead, by: Actor, spare: UUID | None = None, noted: dict[str, Any] | None = None
) -> Assignment | None:
    """Let the first active rule that fits decide; None when none fits, or nobody of it can take the lead now.

    In that case the lead stays without owner, its history says why, and `assign_waiting` gives it away as soon as somebody
    can. The rule's row is held until the transaction ends, so that turns are exact. `spare`: a seller who gets nothing.
    `noted`: more facts for the history, of an act that tells of many leads at once. The caller holds the lead's row.
    """
    if is_rehearsed():  # a lead that is never there takes nobody's turn, and holds no rule
        return None
    rule = rule_for(lead)
    if rule is None:
        return None
    # Whoever waits here finds the counts as the one before left them.
    rule = AssignmentRule.objects.select_for_update(no_key=True).filter(pk=rule.pk, is_active=True).first()
    if rule is None:  # switched off or removed while we waited
        return assign_by_rule(lead=lead, by=by, spare=spare, noted=noted)
    now = timezone.now()
    turns, people, sellers = _standing(rule, now, spare=spare, hold=True)
    choice = rules.choose(rule.strategy, turns, people, facts_of(lead))
    # A person who asks for the rule is named; what arrives by itself was given by the rule.
    giver = by if by.kind == "user" else Actor.system(_("Regla «%(name)s»") % {"name": rule.name})
    if isinstance(choice, rules.Nobody):
        _wait(lead, rule, choice.reason | (noted or {}), giver)
        return None
    if lead.owner_id == choice.seller:
        return _latest(lead)
    for seller, given in rules.counts_after(turns, people, choice).items():
        RuleSeller.objects.filter(rule=rule, seller=seller).update(given=given)
    kind = Kind.COVER if choice.seller != choice.turn else Kind.RULE
    reason = choice.reason | (noted or {})
    return _give(lead, sellers[choice.seller], giver, kind, reason, rule, quiet=noted is not None)


def would_get(lead: Lead) -> tuple[AssignmentRule | None, Seller | None, dict[str, Any]]:
    """Who would get this lead now: the rule, the seller and the reason. Writes nothing."""
    rule = rule_for(lead)
    if rule is None:
        return None, None, {"code": "no_rule"}
    turns, people, sellers = _standing(rule, timezone.now())
    choice = rules.choose(rule.strategy, turns, people, facts_of(lead))
    if isinstance(choice, rules.Nobody):
        return rule, None, choice.reason
    return rule, sellers[choice.seller], choice.reason


def rule_for(lead: Lead) -> AssignmentRule | None:
    """The first active rule whose conditions hold for the lead."""
    active = list(AssignmentRule.objects.filter(is_active=True).order_by("priority", "created_at", "id"))
    if not active:
        return None
    facts = facts_of(lead)
    return next((rule for rule in active if rules.fits(rule.filters, facts)), None)


def facts_of(lead: Lead) -> rules.LeadFacts:
    contact = lead.contact
    return rules.LeadFacts(
        pipeline=str(lead.stage.pipeline_id),
        source=lead.source,
        city=contact.city,
        interest=lead.interest,
        needs=lead.needs,
        value=lead.value,
        tags=(*lead.tags, *contact.tags),
        custom={**contact.custom, **lead.custom},
    )


# --- leads that wait until somebody can take them ----------------------------------------------------------------
def waiting(since: datetime) -> list[UUID]:
    """Open leads without owner that a rule could not give away, the oldest first, each once."""
    rows = Assignment.objects.filter(
        seller=None, kind=Kind.RULE, at__gte=since, lead__owner=None, lead__closed_at__isnull=True
    )
    return list(dict.fromkeys(rows.order_by("lead__created_at").values_list("lead_id", flat=True)[:500]))


def assign_one_waiting(lead_id: UUID, *, refused: set[UUID]) -> bool:
    """Try again for one lead; `refused` collects the rules that had nobody, whose leads are passed over. True = given."""
    rows = Lead.objects.select_for_update(skip_locked=True, no_key=True, of=("self",))
    lead = rows.select_related("contact", "stage").filter(pk=lead_id, owner=None, closed_at=None).first()
    if lead is None or not _still_waits(lead):
        return False
    rule = rule_for(lead)
    if rule is None or rule.pk in refused:
        return False
    given = assign_by_rule(lead=lead, by=Actor.system(rule.name))
    if given is None:
        refused.add(rule.pk)
    return given is not None


def _still_waits(lead: Lead) -> bool:
    """Nobody took it away on purpose since the rule had nobody."""
    last = _latest(lead)
    return last is not None and last.seller_id is None and last.kind == Kind.RULE


def _latest(lead: Lead) -> Assignment | None:
    return Assignment.objects.filter(lead=lead).order_by("-at", "-id").first()


def _wait(lead: Lead, rule: AssignmentRule, reason: dict[str, Any], by: Actor) -> None:
    if lead.owner_id is not None:  # a hand-over by rule that finds nobody
        assign(lead=lead, owner=None, by=by, kind=Kind.RULE, reason=reason, rule=rule)
    elif not _still_waits(lead):
        note(lead=lead, before=None, owner=None, by=by, kind=Kind.RULE, reason=reason, rule=rule)
        emit("LEAD_UPDATED", object="lead", id=lead.pk)


# --- how things stand ----------------------------------------------------------------------------------------------
def _standing(
    rule: AssignmentRule, now: datetime, *, spare: UUID | None = None, hold: bool = False
) -> tuple[list[rules.Turn], dict[UUID, rules.Candidate], dict[UUID, Seller]]:
    """The rule's turns, and everybody who may take a lead through it: as candidates, and as rows."""
    members = list(RuleSeller.objects.filter(rule=rule).exclude(seller=spare).order_by("position", "id"))
    turns = [rules.Turn(each.seller_id, each.position, each.weight, each.given) for each in members]
    away = {
        each.seller_id: each
        for each in Absence.objects.filter(starts_at__lte=now, ends_at__gt=now).order_by("ends_at", "id")
    }
    ids = {turn.seller for turn in turns}
    ids |= {each.cover_id for each in away.values() if each.cover_id is not None and each.cover_id != spare}
    rows = Seller.objects.filter(pk__in=ids).order_by("pk")
    # Held in one order, so that two rules with the same people neither wait for each other in a circle nor both give
    # somebody the last lead they may have.
    sellers = list(rows.select_for_update(no_key=True) if hold else rows)
    zone = current_tenant().timezone
    held = _open_leads(sellers, rule.strategy)
    working = may_attend(each.user_id for each in sellers if each.user_id is not None)
    sales = _sales(sellers, now) if rule.strategy == Strategy.PERFORMANCE else {}
    people = {}
    for seller in sellers:
        won, closed = sales.get(seller.pk, (0, 0))
        absence = away.get(seller.pk)
        people[seller.pk] = rules.Candidate(
            seller=seller.pk,
            name=seller.name,
            active=seller.is_active and (seller.user_id is None or seller.user_id in working),
            on_time=not rule.within_hours or on_time(seller, now, zone),
            absent=absence is not None,
            full=seller.capacity is not None and held.get(seller.pk, 0) >= seller.capacity,
            cover=absence.cover_id if absence is not None else None,
            open_leads=held.get(seller.pk, 0),
            won=won,
            closed=closed,
            specialties=tuple(seller.specialties),
        )
    return turns, people, {seller.pk: seller for seller in sellers}


def on_time(seller: Seller, now: datetime, zone: str) -> bool:
    """Whether the seller works now; always when no hours are set. `zone`: the company's, for a seller without one."""
    return weekly_hours.is_open(seller.working_hours, now.astimezone(ZoneInfo(seller.timezone or zone)))


def _open_leads(sellers: list[Seller], strategy: str) -> dict[UUID, int]:
    asked = [each.pk for each in sellers if strategy == Strategy.LOAD or each.capacity is not None]
    if not asked:
        return {}
    rows = Lead.objects.filter(owner__in=asked, closed_at__isnull=True).order_by().values_list("owner")
    return dict(rows.annotate(held=Count("pk")))


def _sales(sellers: list[Seller], now: datetime) -> dict[UUID, tuple[int, int]]:
    rows = Lead.objects.filter(owner__in=sellers, closed_at__gte=now - JUDGED).order_by().values_list("owner")
    won = Count("pk", filter=Q(stage__kind=StageKind.WON))
    return {owner: (each, closed) for owner, each, closed in rows.annotate(won=won, closed=Count("pk"))}
