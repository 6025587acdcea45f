"""The open tasks of one lead or contact, for the box on their pages and beside a chat."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.utils import timezone

from crm.domain import due
from crm.models import Contact, Lead, Task
from crm.services.steps import QUICK
from tenants.context import current_tenant

if TYPE_CHECKING:
    from tenants.models import Membership

MOST = 10


@dataclass(frozen=True)
class TaskBox:
    """`rows`: (task, how near it is), the first due on top. `href`: all of them; `new`: where another one is made."""

    rows: list[tuple[Task, due.When]]
    more: bool
    href: str
    new: str
    lead: Lead | None = None
    quick: Any = field(default=QUICK)


def of(member: "Membership", *, lead: Lead | None = None, contact: Contact | None = None) -> TaskBox:
    """One statement. With both, the tasks are the contact's and the step is planned for the lead."""
    about = {"contact": contact.pk} if contact is not None else {"lead": lead.pk if lead else None}
    rows = Task.objects.visible_to(member).open().filter(**about).select_related("assignee").order_by("due_at", "id")
    found = list(rows[: MOST + 1])
    around = due.days(timezone.now(), ZoneInfo(current_tenant().timezone))
    query = urlencode(about)
    return TaskBox(
        rows=[(task, due.when(task.due_at, around)) for task in found[:MOST]],
        more=len(found) > MOST,
        href=f"/tareas/?{query}",
        new=f"/tareas/nueva/?{query}",
        lead=lead,
    )
