"""Reading the audit trail: narrowed by what is asked, page by page, newest first."""

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from config.lib import keyset
from config.lib.errors import AppError, NotFound
from tenants.models import SystemEvent

KINDS = ("user", "agent", "contact", "system", "platform")
OUTCOMES = ("ok", "refused", "failed")


def narrowed(tenant_id: int, asked: Mapping[str, Any]) -> QuerySet[SystemEvent]:
    """The company's own events. `who` is a person's id or a kind of actor; `action` the beginning of its name;
    `resource` an id or a model's name; `since` and `until` (not itself included) are moments."""
    rows = SystemEvent.objects.filter(tenant_id=tenant_id)
    who, resource = asked.get("who"), asked.get("resource")
    if who:
        rows = rows.filter(actor_kind=who) if who in KINDS else rows.filter(actor_id=who)
    if asked.get("action"):
        rows = rows.filter(action__startswith=asked["action"])
    if resource:
        rows = rows.filter(resource_type=resource) if resource.isalpha() else rows.filter(resource_id=resource)
    if asked.get("outcome"):
        rows = rows.filter(outcome=asked["outcome"])
    if asked.get("since"):
        rows = rows.filter(at__gte=asked["since"])
    if asked.get("until"):
        rows = rows.filter(at__lt=asked["until"])
    return rows


def event_for(tenant_id: int, pk: int) -> SystemEvent:
    event = SystemEvent.objects.filter(tenant_id=tenant_id, pk=pk).first()
    if event is None:
        raise NotFound(_("Ese registro no existe."))
    return event


def page_of(rows: QuerySet[Any], *, cursor: str, limit: int) -> keyset.Page[Any]:
    """By number, newest first. A cursor is "b" or "a" with an id: the rows before it or after it. One statement."""
    after = cursor.startswith("a")
    if cursor:
        number = _number(cursor)
        rows = rows.filter(pk__gt=number) if after else rows.filter(pk__lt=number)
    found = list(rows.order_by("pk" if after else "-pk")[: limit + 1])
    more, found = len(found) > limit, found[:limit]
    if after:
        found.reverse()
    older, newer = (more, bool(cursor)) if not after else (True, more)
    return keyset.Page(
        found,
        f"b{found[-1].pk}" if found and older else None,
        f"a{found[0].pk}" if found and newer else None,
    )


def _number(cursor: str) -> int:
    digits = cursor[1:]
    if cursor[:1] not in ("a", "b") or not digits.isascii() or not digits.isdecimal() or len(digits) > 18:
        raise AppError(_("El enlace a esa página de la lista no es válido."), code="bad_cursor")
    return int(digits)
