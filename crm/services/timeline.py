"""The story of a contact or lead: every source of settings.TIMELINE in one list, newest first, in one statement."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import CharField, F, Func, JSONField, Q, QuerySet, Value
from django.db.models.functions import Cast, JSONObject
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from config.lib.errors import AppError
from crm.domain.timeline import About, Entry, Group, Row, Source

SHOWN = 30
MOST_LIVE = 300  # lines that a page left open keeps asking for
_ORDER = ("-line_at", "-line_key")
COLUMNS = ("line_at", "line_kind", "line_key", "line_actor_kind", "line_actor", "line_data")
_WORDS = CharField()


@dataclass(frozen=True)
class Story:
    """`older` is the cursor of what comes before, or empty; `last` that of the last line shown."""

    entries: list[Entry]
    older: str = ""
    last: str = ""


def lines(rows: QuerySet[Any], *, kind: str, at: str = "at", key: Any = "pk", **columns: Any) -> QuerySet[Any, Any]:
    """A source's rows in the shape of all sources. `columns`: `actor_kind`, `actor`, and what goes into `data`.

    A text names a column or a path to one.
    """
    actor_kind = columns.pop("actor_kind", Value(""))
    actor = columns.pop("actor", Value(""))
    return rows.annotate(
        line_at=F(at),
        line_kind=Value(kind, output_field=_WORDS),
        line_key=Cast(key, _WORDS),
        line_actor_kind=Cast(actor_kind, _WORDS),
        line_actor=Cast(actor, _WORDS),
        line_data=JSONObject(**columns) if columns else Func(function="jsonb_build_object", output_field=JSONField()),
    ).values_list(*COLUMNS)


def story(about: About, *, group: str = "", before: str = "", since: str = "") -> Story:
    """The next lines before the cursor `before`, or all from the cursor `since` on. One statement.

    Raises AppError for a broken cursor. An unknown `group` is passed over.
    """
    sources = [each for each in _sources(about) if group not in set(Group) or each.group == group]
    most = MOST_LIVE if since else SHOWN
    bound = _before(before) if before else _since(since) if since else Q()
    parts = [each.rows.filter(bound).order_by(*_ORDER)[: most + 1] for each in sources]
    if not parts:
        return Story([])
    # Each part is cut by itself, so that a long story is not read as a whole for its first page.
    found = parts[0].union(*parts[1:], all=True).order_by(*_ORDER)[: most + 1] if len(parts) > 1 else parts[0]
    by_kind = {each.kind: each for each in sources}
    rows = [Row(*values) for values in found]
    shown = rows[:most]
    if not shown:
        return Story([])
    # A live page asks for what it shows already: whether there is more before it, it knows by itself.
    more = len(rows) > most or bool(since)
    last = _cursor(shown[-1])
    return Story([by_kind[row.kind].entry(row) for row in shown], last if more else "", last)


def _sources(about: About) -> Iterable[Source]:
    for path in settings.TIMELINE:
        yield from import_string(path)(about)


def _cursor(row: Row) -> str:
    return f"{row.at.isoformat()}~{row.key}"


def _read(cursor: str) -> tuple[datetime, str]:
    at, _sign, key = cursor.partition("~")
    try:
        moment = datetime.fromisoformat(at)
    except ValueError as error:
        raise _broken() from error
    if moment.tzinfo is None or not key or len(key) > 80 or "\x00" in key:
        raise _broken()
    return moment, key


def _broken() -> AppError:
    return AppError(_("El enlace a esa página de la lista no es válido."), code="bad_cursor")


def _before(cursor: str) -> Q:
    at, key = _read(cursor)
    return Q(line_at__lt=at) | Q(line_at=at, line_key__lt=key)


def _since(cursor: str) -> Q:
    at, key = _read(cursor)
    return Q(line_at__gt=at) | Q(line_at=at, line_key__gte=key)
