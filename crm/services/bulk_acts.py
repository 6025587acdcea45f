"""What can be done to many leads. Each act takes one lead through the ordinary service, and knows how to take it back.

An act: `check(arguments, member)` gives the arguments as they are stored, or raises Invalid; `do(lead, arguments, doer)`
gives what was before and what is after; `undo(lead, before, after, doer)` gives False when the lead is no longer as the act
left it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from config.lib.errors import Forbidden, Invalid
from config.lib.ids import key_of
from crm.access import seller_for, stage_for
from crm.models import Assignment, BulkAction, Lead, Seller, Stage, Task
from crm.services import assignment, leads, moves, tags, tasks
from tenants.domain.actor import Actor
from tenants.models import Membership

Arguments = Mapping[str, Any]
Facts = dict[str, Any]


@dataclass(frozen=True)
class Doer:
    """Who acts, with the role that decides about approvals."""

    member: Membership
    by: Actor


@dataclass(frozen=True)
class Act:
    """`permission` is that of the same act on one lead."""

    permission: str
    check: Callable[[Arguments, Membership], Facts]
    do: Callable[[Lead, Arguments, Doer], tuple[Facts, Facts]]
    undo: Callable[[Lead, Arguments, Arguments, Doer], bool]


# --- owner ------------------------------------------------------------------------------------------------------
def _check_owner(said: Arguments, member: Membership) -> Facts:
    owner = said.get("owner")
    return {"owner": str(seller_for(owner).pk) if owner else None}


def _give(lead: Lead, said: Arguments, doer: Doer) -> tuple[Facts, Facts]:
    before = {"owner": _text(lead.owner_id)}
    owner = seller_for(said["owner"]) if said["owner"] else None
    assignment.assign(lead=lead, owner=owner, by=doer.by, kind=Assignment.Kind.BULK, quiet=True)
    return before, {"owner": said["owner"]}


def _give_back(lead: Lead, before: Arguments, after: Arguments, doer: Doer) -> bool:
    if _text(lead.owner_id) != after["owner"]:
        return False
    owner = Seller.objects.filter(pk=before["owner"]).first() if before["owner"] else None
    assignment.assign(lead=lead, owner=owner, by=doer.by, kind=Assignment.Kind.BULK, quiet=True)
    return True


# --- stage ------------------------------------------------------------------------------------------------------
def _check_stage(said: Arguments, member: Membership) -> Facts:
    stage = stage_for(said.get("stage") or "")
    words = {name: str(said.get(name) or "")[:300] for name in ("lost_reason", "comment")}
    return {"stage": str(stage.pk), **words}


def _move(lead: Lead, said: Arguments, doer: Doer) -> tuple[Facts, Facts]:
    before = {
        "stage": str(lead.stage_id),
        "since": lead.stage_since.isoformat(),
        "closed": lead.closed_at.isoformat() if lead.closed_at else None,
        "lost_reason": lead.lost_reason,
    }
    asked = moves.move_stage(
        lead=lead,
        stage=stage_for(said["stage"]),
        by=doer.by,
        member_role=doer.member.role,
        lost_reason=said["lost_reason"],
        comment=said["comment"],
    )
    if asked is not None:
        raise Waits(_("Espera la aprobación de quien puede darla."))
    return before, {"stage": str(lead.stage_id), "since": lead.stage_since.isoformat()}


class Waits(Exception):
    """Nothing moved yet, but what was written (a request for approval) has to stay."""


def _move_back(lead: Lead, before: Arguments, after: Arguments, doer: Doer) -> bool:
    if str(lead.stage_id) != after["stage"] or lead.stage_since.isoformat() != after["since"]:
        return False
    if before["stage"] == after["stage"]:
        return True
    stage = Stage.objects.select_related("pipeline").get(pk=before["stage"])
    moves.enter(
        lead=lead, stage=stage, by=doer.by, lost_reason=before["lost_reason"], comment=_("Se deshizo un cambio en lote")
    )
    # As if it had never left: its days in the stage and the day it was closed are those of before.
    lead.stage_since = datetime.fromisoformat(before["since"])
    lead.closed_at = datetime.fromisoformat(before["closed"]) if before["closed"] else None
    lead.save(update_fields=["stage_since", "closed_at"])
    return True


# --- tags -------------------------------------------------------------------------------------------------------
def _check_tag(said: Arguments, member: Membership) -> Facts:
    names = tags.clean([str(said.get("tag") or "")])
    if not names:
        message = _("Falta la etiqueta.")
        raise Invalid(message, fields={"tag": message})
    return {"tag": names[0]}


def _tag(lead: Lead, said: Arguments, doer: Doer) -> tuple[Facts, Facts]:
    return _set_tag(lead, said["tag"], doer, on=True)


def _untag(lead: Lead, said: Arguments, doer: Doer) -> tuple[Facts, Facts]:
    return _set_tag(lead, said["tag"], doer, on=False)


def _set_tag(lead: Lead, name: str, doer: Doer, *, on: bool) -> tuple[Facts, Facts]:
    before = name in lead.tags
    if before != on:
        kept = [each for each in lead.tags if each != name]
        leads.update_lead(lead=lead, by=doer.by, tags=[*kept, name] if on else kept)
    return {"tag": name, "on": before}, {"on": on}


def _tag_back(lead: Lead, before: Arguments, after: Arguments, doer: Doer) -> bool:
    if (before["tag"] in lead.tags) != after["on"]:
        return False
    _set_tag(lead, before["tag"], doer, on=before["on"])
    return True


# --- tasks ------------------------------------------------------------------------------------------------------
def _check_task(said: Arguments, member: Membership) -> Facts:
    title = " ".join(str(said.get("title") or "").split())
    wrong = {}
    if not title or len(title) > 200:
        wrong["title"] = _("Falta decir qué hay que hacer, en 200 letras como mucho.")
    due = _moment(said.get("due_at"))
    if due is None:
        wrong["due_at"] = _("Falta para cuándo.")
    if wrong:
        raise Invalid(_("La tarea no se entiende."), fields=wrong)
    assert due is not None
    return {"title": title, "due_at": due.isoformat()}


def _plan(lead: Lead, said: Arguments, doer: Doer) -> tuple[Facts, Facts]:
    due = datetime.fromisoformat(said["due_at"])
    task = tasks.create_task(title=said["title"], due_at=due, by=doer.by, lead=lead)
    return {}, {"task": str(task.pk), "updated": task.updated_at.isoformat()}


def _unplan(lead: Lead, before: Arguments, after: Arguments, doer: Doer) -> bool:
    task = Task.objects.filter(pk=key_of(after["task"])).first()
    if task is None or task.done_at is not None or task.updated_at.isoformat() != after["updated"]:
        return False
    tasks.delete_task(task=task, by=doer.by)
    return True


def _moment(said: object) -> datetime | None:
    if isinstance(said, datetime):
        return said
    try:
        found = datetime.fromisoformat(str(said))
    except ValueError:
        return None
    return timezone.make_aware(found) if timezone.is_naive(found) else found


def _text(key: object) -> str | None:
    return str(key) if key else None


Kind = BulkAction.Kind
ACTS: dict[str, Act] = {
    Kind.ASSIGN: Act("leads.write", _check_owner, _give, _give_back),
    Kind.STAGE: Act("leads.write", _check_stage, _move, _move_back),
    Kind.TAG: Act("leads.write", _check_tag, _tag, _tag_back),
    Kind.UNTAG: Act("leads.write", _check_tag, _untag, _tag_back),
    Kind.TASK: Act("tasks.write", _check_task, _plan, _unplan),
}


def act_of(kind: str, member: Membership) -> Act:
    """Raises Invalid for an unknown kind, Forbidden where the member may not do it to one lead either."""
    act = ACTS.get(kind)
    if act is None:
        raise Invalid(_("Esa acción no existe."), fields={"action": _("Valor desconocido.")})
    if not member.may(act.permission):
        raise Forbidden(_("Su rol no permite esto."))
    return act
