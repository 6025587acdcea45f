"""What somebody promised to do: made, changed, finished, taken up again. Each write keeps the lead's next step true."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from config.lib.errors import Conflict, Invalid, NotFound
from config.lib.ids import as_uuid, key_of
from config.lib.texts import stored
from crm.models import Contact, Lead, Notification, Task
from crm.services import notifications, steps
from tenants.context import current_tenant
from tenants.domain.actor import Actor
from tenants.live.services import emit
from tenants.models import Membership, User
from tenants.services.audit import record

EDITABLE = frozenset({"title", "kind", "detail", "due_at", "remind_at", "assignee"})
TITLE, OUTCOME, DETAIL = 200, 300, 4000
KEPT = (
    *("id", "title", "kind", "detail", "contact_id", "lead_id", "assignee_id", "due_at", "remind_at", "reminded_at"),
    *("done_at", "done_by", "outcome", "actor_kind", "actor_id", "actor_label", "created_at"),
)


def create_task(
    *,
    title: str,
    due_at: datetime,
    by: Actor,
    kind: str = Task.Kind.FOLLOW_UP,
    lead: Lead | None = None,
    contact: Contact | None = None,
    assignee: User | UUID | None = None,
    remind_at: datetime | None = None,
    detail: str = "",
) -> Task:
    """A promise until `due_at`. Of a lead it is a next step, and its seller's unless somebody is named.

    Raises Invalid with fields: no title, an unknown kind, somebody who is not an active member.
    """
    steps.hold(lead.pk if lead else None)
    task = Task(lead=lead, actor_kind=by.kind, actor_id=by.id, actor_label=by.label[:160])
    task.contact = contact or (lead.contact if lead else None)
    _assign(task, {"title": title, "kind": kind, "detail": detail, "due_at": due_at, "remind_at": remind_at})
    task.assignee_id = _member(assignee) if assignee else _usual(lead, by)
    task.save(force_insert=True)
    _told(task, "task.created", by)
    _tell_assignee(task, by)
    return task


def update_task(*, task: Task, by: Actor, **fields: Any) -> Task:
    """Change the named fields only, on the row as it is now. A new time to remind is told anew."""
    task = _held(task)
    unknown = set(fields) - EDITABLE
    if unknown:
        raise Invalid(_("No se puede cambiar: %(names)s.") % {"names": ", ".join(sorted(unknown))})
    before = {name: getattr(task, name) for name in EDITABLE - {"assignee"}} | {"assignee": task.assignee_id}
    given = fields.pop("assignee", task.assignee_id)
    _assign(task, fields)
    task.assignee_id = before["assignee"] if given == before["assignee"] else _member(given) if given else None
    after = {name: getattr(task, name) for name in EDITABLE - {"assignee"}} | {"assignee": task.assignee_id}
    changed = sorted(name for name in EDITABLE if before[name] != after[name])
    if not changed:
        return task
    if "remind_at" in changed:
        task.reminded_at = None
    task.save(update_fields=[*changed, "reminded_at", "updated_at"])
    _told(task, "task.updated", by, fields=changed)
    if "assignee" in changed:
        _tell_assignee(task, by)
    return task


def finish(*, task: Task, by: Actor, outcome: str = "") -> Task:
    """Done, with what came of it. One that is done already stays as it is."""
    task = _held(task)
    if task.done_at is not None:
        return task
    task.done_at, task.done_by = timezone.now(), by.label[:160]
    task.outcome = _line(outcome)[:OUTCOME]
    task.save(update_fields=["done_at", "done_by", "outcome", "updated_at"])
    _told(task, "task.finished", by)
    return task


def reopen(*, task: Task, by: Actor) -> Task:
    """Not done after all: who had finished it and the outcome are forgotten."""
    task = _held(task)
    if task.done_at is None:
        return task
    task.done_at, task.done_by, task.outcome = None, "", ""
    task.save(update_fields=["done_at", "done_by", "outcome", "updated_at"])
    _told(task, "task.reopened", by)
    return task


def delete_task(*, task: Task, by: Actor) -> dict[str, Any]:
    """Take the task away; returns what `restore` needs to bring it back as it was, as JSON holds it."""
    task = _held(task)
    kept = {name: _plain(getattr(task, name)) for name in KEPT}
    record(action="task.deleted", resource=task, by=by)
    emit("TASK_UPDATED", object="task", id=task.pk, moved=True)
    task.delete()
    _of_lead(task.lead_id)
    return kept


def restore(*, kept: dict[str, Any], by: Actor) -> Task:
    """The deleted task with its id. Raises Conflict when it is back already, NotFound when its person or lead is gone."""
    task = Task(**kept)
    task.clean_fields(exclude=["contact", "lead", "assignee"])  # texts of JSON become moments and ids
    steps.hold(task.lead_id)
    if Task.objects.filter(pk=task.pk).exists():
        raise Conflict(_("Esa tarea ya está de vuelta."))
    here = ((Contact, task.contact_id), (Lead, task.lead_id))
    if not all(model.objects.filter(pk=pk).exists() for model, pk in here if pk):
        raise NotFound(_("La persona o el lead de esa tarea ya no existe."))
    task.save(force_insert=True)
    Task.objects.filter(pk=task.pk).update(created_at=kept["created_at"])
    _told(task, "task.restored", by)
    return task


# --- parts ------------------------------------------------------------------------------------------------------
def _held(task: Task) -> Task:
    """The row as it is now, its lead locked before it, until the transaction ends."""
    steps.hold(task.lead_id)
    try:
        task.refresh_from_db(from_queryset=Task.objects.select_for_update(no_key=True))
    except Task.DoesNotExist as error:
        raise NotFound(_("Esa tarea ya no existe.")) from error
    return task


def _assign(task: Task, fields: dict[str, Any]) -> None:
    wrong = {}
    for name, value in fields.items():
        setattr(task, name, value)
    task.title = _line(task.title)
    if not task.title or len(task.title) > TITLE:
        wrong["title"] = _("Falta decir qué hay que hacer, en 200 letras como mucho.")
    if task.kind not in Task.Kind.values:
        wrong["kind"] = _("Ese tipo de tarea no existe.")
    task.detail = stored(task.detail).strip()[:DETAIL]
    if wrong:
        raise Invalid(_("La tarea no se guardó."), fields=wrong)


def _usual(lead: Lead | None, by: Actor) -> UUID | None:
    """Whose it is when nobody is named: the lead's seller's when they are here, else whoever makes it."""
    here = Membership.objects.active().filter(tenant_id=current_tenant().pk)
    if lead is not None and lead.owner_id is not None:
        seller = lead.owner
        if seller is not None and seller.user_id and here.filter(user_id=seller.user_id).exists():
            return seller.user_id
    return as_uuid(by.id) if by.kind == "user" else None


def _member(who: User | UUID | str) -> UUID:
    """An active member of the company; others are refused."""
    user_id = who.pk if isinstance(who, User) else key_of(who)
    if not Membership.objects.active().filter(tenant_id=current_tenant().pk, user_id=user_id).exists():
        message = _("Esa persona no es miembro activo de la empresa.")
        raise Invalid(message, fields={"assignee": message})
    return user_id


def _told(task: Task, action: str, by: Actor, **diff: Any) -> None:
    record(action=action, resource=task, by=by, diff=diff)
    emit("TASK_UPDATED", object="task", id=task.pk, **({"moved": True} if "assignee" in diff.get("fields", ()) else {}))
    _of_lead(task.lead_id)


def _of_lead(lead_id: UUID | None) -> None:
    if lead_id is not None:
        steps.refresh(lead_id)
        emit("LEAD_UPDATED", object="lead", id=lead_id)


def _tell_assignee(task: Task, by: Actor) -> None:
    """Whoever got it, unless they gave it to themselves."""
    if task.assignee_id is None or str(task.assignee_id) == by.id:
        return
    notifications.notify(
        user_id=task.assignee_id,
        kind=Notification.Kind.ASSIGNED,
        key=f"task:{task.pk}:{task.assignee_id}",
        contact=task.contact,
        href=f"/tareas/{task.pk}/",
        facts={"by": by.label, "title": task.title},
    )


def _line(text: str) -> str:
    return " ".join(stored(text).split())


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value
