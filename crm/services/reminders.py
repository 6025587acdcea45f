"""Reminders of tasks: told once, whatever dies meanwhile. The notice and its mark are one transaction."""

from datetime import datetime

from django.utils import timezone

from crm.domain import due
from crm.models import Notification, Task
from crm.services import notifications
from tenants.context import tenant_context
from tenants.models import Tenant

AT_ONCE = 200


def run(*, tenant: Tenant) -> int:
    """Tell every reminder of the company whose time has come, batch by batch; returns how many."""
    told = 0
    while True:
        with tenant_context(tenant):
            batch = remind_due(timezone.now())
        told += batch
        if batch < AT_ONCE:
            return told


def remind_due(now: datetime) -> int:
    """One batch in the present transaction; rows that another worker is telling are left to it."""
    rows = list(
        Task.objects.select_for_update(no_key=True, skip_locked=True, of=("self",))
        .filter(done_at__isnull=True, reminded_at__isnull=True, remind_at__lte=now)
        .select_related("contact")
        .order_by("remind_at")[:AT_ONCE]
    )
    for task in rows:
        _tell(task, now)
    Task.objects.filter(pk__in=[task.pk for task in rows]).update(reminded_at=now)
    return len(rows)


def _tell(task: Task, now: datetime) -> None:
    """A task that is nobody's has nobody to remind. Its time is part of the key: one moved later is told again."""
    if task.assignee_id is None or task.remind_at is None:
        return
    notifications.notify(
        user_id=task.assignee_id,
        kind=Notification.Kind.REMINDER,
        key=f"reminder:{task.pk}:{task.remind_at.isoformat()}",
        contact=task.contact,
        href=f"/tareas/{task.pk}/",
        facts={"title": task.title, "late": now - task.remind_at > due.LATE_BY_A_DAY},
    )
