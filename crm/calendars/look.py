"""The live look: when sellers are busy by their own calendars, now. Whatever is not known for sure is not free.

Two seconds for everything: who is late is left behind and their answer dropped.
"""

import hashlib
import logging
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import redis

from config.lib import quiet
from config.lib import redis as shared
from config.lib.errors import ProviderError
from crm.agenda import connection
from crm.calendars.base import CalendarProvider
from crm.domain.slots import Span
from crm.models import AgendaEvent, ExternalCalendar, Seller
from tenants.context import current_tenant

logger = logging.getLogger(__name__)

SECONDS = 2.0
AT_ONCE = 50  # calendars in one question
REST_SECONDS = 20  # an outage must not cost the two seconds each time
TIRESOME = frozenset({"timeout", "rate_limited", "quota"})  # other refusals come quickly and may end at any moment
Busy = dict[str, list[Span] | None]

_threads = ThreadPoolExecutor(max_workers=16, thread_name_prefix="calendars")


@dataclass(frozen=True)
class Looked:
    """`busy`: what each seller's calendars say, of those where all could be read. `unknown`: the others.

    Sellers without calendars are in neither.
    """

    busy: dict[UUID, list[Span]]
    unknown: frozenset[UUID]


def look(
    sellers: Iterable[Seller],
    first: datetime,
    last: datetime,
    *,
    without: AgendaEvent | None = None,
    fresh: bool = False,
    owners: Mapping[str, UUID] | None = None,
) -> Looked:
    """Ask the calendars of `sellers` for [first, last). Takes two seconds at most; never raises for a provider.

    The time of `without`, an appointment that is being moved, does not count for its own seller. What did not answer a
    moment ago is not asked again at once, unless `fresh`, as before a booking. `owners`: calendar → seller, where the caller has read them.
    """
    if owners is None:
        rows = ExternalCalendar.objects.filter(seller__in=list(sellers)).order_by("calendar_id")
        owners = dict(rows.values_list("calendar_id", "seller_id"))
    if not owners:
        return Looked({}, frozenset())
    resting = set() if fresh else _resting(owners)
    found = _asked([each for each in owners if each not in resting], first, last)
    unknown = frozenset(owner for each, owner in owners.items() if found.get(each) is None)
    busy: dict[UUID, list[Span]] = {}
    for calendar_id, owner in owners.items():
        if owner not in unknown:
            moving = without if without is not None and without.seller_id == owner else None
            busy.setdefault(owner, []).extend(_without(found.get(calendar_id) or [], moving))
    return Looked(busy, unknown)


def _asked(calendar_ids: list[str], first: datetime, last: datetime) -> Busy:
    """The answers that came in time; None, or nothing, for the rest. A rehearsal asks nobody: nothing is known."""
    if not calendar_ids or quiet.is_silent():
        return {}
    try:
        client = connection.client(seconds=SECONDS)
    except ProviderError as error:
        logger.info("calendars of company %s: %s", current_tenant().pk, error.code)
        return {}
    parts = [calendar_ids[at : at + AT_ONCE] for at in range(0, len(calendar_ids), AT_ONCE)]
    asked = {_threads.submit(_ask, client, part, first, last): part for part in parts}
    done, late = wait(asked, timeout=SECONDS)
    found: Busy = {}
    for each in late:
        each.cancel()
        _rest(asked[each])
    for each in done:
        try:
            found |= each.result()
        except ProviderError as error:
            logger.info("calendars of company %s: %s", current_tenant().pk, error.code)
            if error.code in TIRESOME:
                _rest(asked[each])
    forget(each for each, spans in found.items() if spans is not None)
    return found


def _ask(client: CalendarProvider, calendar_ids: list[str], first: datetime, last: datetime) -> Busy:
    """In a thread of its own: no database in here."""
    return client.busy(calendar_ids, first, last)


def _without(spans: list[Span], moving: AgendaEvent | None) -> Iterator[Span]:
    """Google joins what touches, so that the time of the appointment is cut out of whatever holds it."""
    if moving is None:
        yield from spans
        return
    own = Span(moving.starts_at, moving.ends_at)
    for span in spans:
        if not span.overlaps(own):
            yield span
            continue
        if span.start < own.start:
            yield Span(span.start, own.start)
        if own.end < span.end:
            yield Span(own.end, span.end)


# --- what did not answer is left alone for a while ---------------------------------------------------------------
def _resting(calendar_ids: Iterable[str]) -> set[str]:
    """Those not to be asked now. None without Redis: then each look waits."""
    ids = list(calendar_ids)
    try:
        kept: list[Any] = list(shared.client().mget([_key(each) for each in ids]))
    except redis.RedisError:
        return set()
    return {each for each, mark in zip(ids, kept, strict=True) if mark}


def _rest(calendar_ids: Iterable[str]) -> None:
    try:
        with shared.client().pipeline(transaction=False) as pipe:
            for each in calendar_ids:
                pipe.set(_key(each), "1", ex=REST_SECONDS)
            pipe.execute()
    except redis.RedisError:
        logger.info("no Redis: the next look asks again")


def forget(calendar_ids: Iterable[str]) -> None:
    """What answers again, or was connected again, may be asked at once."""
    keys = [_key(each) for each in calendar_ids]
    try:
        if keys:
            shared.client().delete(*keys)
    except redis.RedisError:
        logger.info("no Redis: nothing was left alone")


def _key(calendar_id: str) -> str:
    return f"calendars:resting:t{current_tenant().pk}:{hashlib.sha256(calendar_id.encode()).hexdigest()}"
