"""Emitting and replaying live events."""

from datetime import datetime, timedelta
from functools import partial

from django.utils import timezone

from config.lib import commit, live
from config.lib.errors import AppError
from tenants.db.current import connection
from tenants.live.models import IdempotentRequest, LiveCounter, LiveEvent

KEPT = timedelta(hours=1)
ANSWERS_KEPT = timedelta(days=1)
TYPES = frozenset(
    (
        "NEW_LEAD",
        "LEAD_UPDATED",
        "NEW_APPOINTMENT",
        "APPOINTMENT_UPDATED",
        "NEW_MESSAGE",
        "MESSAGE_STATUS",
        "CONVERSATION_UPDATED",
        "HANDOFF",
        "CHANNEL_UPDATED",
        "DOCUMENT_UPDATED",
        "TASK_UPDATED",
        "NOTIFICATION",
    )
)


def emit(type: str, *, object: str, id: object, **small: object) -> None:
    """Note a change in the present transaction. `small` holds ids and states, never private text.

    `moved=True`: the row changed hands, so whoever may see it no longer is told to look again.
    """
    if type not in TYPES:
        raise ValueError(f"unknown live event {type}")
    if connection.tenant is None:
        raise AppError("A live event needs a company.", code="no_tenant", status=500)
    pending = _pending()
    if not pending:
        connection.before_commit(_write)
    entry = (type, {"object": object, "id": str(id), **small})
    if entry not in pending:  # several changes of one row in a transaction are one event
        pending.append(entry)


def _pending() -> list[tuple[str, dict[str, object]]]:
    """The events of this transaction, kept on the connection and dropped with the transaction's other last statements."""
    key = connection.context
    store = connection.__dict__.setdefault("_live_pending", {})
    if not connection.has_before_commit(_write):
        store.clear()
    return store.setdefault(key, [])


def _write() -> None:
    store, connection.__dict__["_live_pending"] = connection.__dict__.get("_live_pending", {}), {}
    for context, entries in store.items():
        previous, connection.context = connection.context, context
        try:
            _write_for(context.tenant.pk, entries)
        finally:
            connection.context = previous


def _write_for(tenant_id: int, entries: list[tuple[str, dict[str, object]]]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into live_livecounter (id, last) values (1, %s)"
            " on conflict (id) do update set last = live_livecounter.last + excluded.last returning last",
            [len(entries)],
        )
        last = cursor.fetchone()[0]
    now = timezone.now()
    rows = [
        LiveEvent(id=last - len(entries) + position, type=type, data=data, at=now)
        for position, (type, data) in enumerate(entries, start=1)
    ]
    LiveEvent.objects.bulk_create(rows)
    for row in rows:
        commit.after(partial(live.publish, live.tenant_topic(tenant_id), as_payload(row, tenant_id)))


def as_payload(event: LiveEvent, tenant_id: int) -> dict[str, object]:
    """The shape that browsers and integrations receive."""
    return {
        "id": event.id,
        "type": event.type,
        "tenant_id": tenant_id,
        "at": event.at.isoformat(),
        "data": event.data,
    }


def since(after: int, *, limit: int = 500) -> list[LiveEvent]:
    return list(LiveEvent.objects.filter(id__gt=after).order_by("id")[:limit])


def last_id() -> int:
    return LiveCounter.objects.values_list("last", flat=True).first() or 0


def forget_old(now: datetime) -> int:
    """Drop events and answers of repeated requests that are past their time; returns how many events went."""
    IdempotentRequest.objects.filter(created_at__lt=now - ANSWERS_KEPT).delete()
    return LiveEvent.objects.filter(at__lt=now - KEPT).delete()[0]
