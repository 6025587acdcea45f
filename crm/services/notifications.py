"""What one person should know. Told once: `key` names the occasion ("assigned:<lead>:<assignment>"), never a moment."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from crm.models import Contact, Notification
from tenants.domain import roles
from tenants.live.services import emit
from tenants.models import Membership

READ_KEPT = timedelta(days=30)
UNREAD_KEPT = timedelta(days=90)
MOST_COUNTED = 99


def notify(
    *,
    user_id: UUID,
    kind: Notification.Kind,
    key: str,
    contact: Contact | None = None,
    href: str = "",
    facts: dict[str, Any] | None = None,
    urgent: bool = False,
) -> None:
    """Tell somebody something, once a (person, key): a sweep that finds the same occasion again changes nothing.

    `href` is a page of ours. `facts` are what the sentence of this kind needs (crm.services.notification_words); names of
    people of the company, titles and numbers, and never what the contact wrote. The contact's name comes from `contact`.
    Do not notify somebody about their own act.
    """
    row = Notification(
        user_id=user_id, kind=kind, key=key[:120], contact=contact, href=href[:200], facts=facts or {}, is_urgent=urgent
    )
    Notification.objects.bulk_create([row], ignore_conflicts=True)
    if Notification.objects.filter(pk=row.pk).exists():
        _tell(user_id, row.pk)


def shown_to(member: Membership) -> QuerySet[Notification]:
    """The member's own, without those about people whom they may no longer see."""
    rows = Notification.objects.filter(user_id=member.user_id)
    if member.sees == roles.ALL:
        return rows
    seen = Contact.objects.visible_to(member).filter(pk=OuterRef("contact"))  # row by row: there are few
    return rows.filter(Q(contact=None) | Q(Exists(seen)))


def unread(member: Membership) -> QuerySet[Notification]:
    return shown_to(member).filter(read_at=None)


def count_unread(member: Membership) -> int:
    """At most MOST_COUNTED + 1: nobody reads further."""
    return unread(member).order_by()[: MOST_COUNTED + 1].count()


def mark_read(*, member: Membership, pk: UUID | None = None) -> int:
    """Of one, or of all that the member is shown; returns how many were unread."""
    rows = unread(member) if pk is None else unread(member).filter(pk=pk)
    ids = list(rows.values_list("pk", flat=True))
    changed = Notification.objects.filter(pk__in=ids, read_at=None).update(read_at=timezone.now()) if ids else 0
    if changed:
        _tell(member.user_id, pk or member.user_id)
    return changed


def forget_old(now: datetime) -> int:
    """Drop what was read 30 days ago or more, and what nobody read for 90; returns how many went."""
    old = Q(created_at__lt=now - READ_KEPT)
    return Notification.objects.filter(old & (Q(read_at__isnull=False) | Q(created_at__lt=now - UNREAD_KEPT))).delete()[
        0
    ]


def _tell(user_id: UUID, pk: UUID) -> None:
    emit("NOTIFICATION", object="notification", id=pk, person=str(user_id))
