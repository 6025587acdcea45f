"""Sums of the ledger: what AI and messages cost, by day, agent, model, purpose and kind, and what one outcome cost.

A total is the sum of the booked entries, whatever way it is asked for. Every number stands for a list of entries: `listed`
with the same words gives exactly them. Members see what was spent in the chats that they may see.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, DateTimeField, Q, QuerySet, Subquery, Sum, UUIDField, Value
from django.db.models.expressions import OuterRef
from django.db.models.functions import TruncDate

from agents.access import visible_costs
from agents.domain.money import Totals, added
from agents.models import Agent, LedgerEntry, TestCase, TestResult
from config.lib.ids import as_uuid
from crm.domain.periods import Period
from crm.models import AgendaEvent, Contact
from crm.models import Client as Won
from crm.models.agenda import AgendaEventQuerySet
from messaging.models import Conversation
from tenants.domain import roles
from tenants.models import Membership, Tenant

CHAT, BOOKING, CLIENT = "chat", "booking", "client"
NOBODY = "-"  # in the address: without an agent, without a name
LONGEST_DAYS = 366

Entries = QuerySet[LedgerEntry]


@dataclass(frozen=True, slots=True)
class Asked:
    """Which entries: days of the company's calendar, and what else was asked for. An empty text asks for everything."""

    member: Membership
    tenant: Tenant
    period: Period
    kind: str = ""
    agent: str = ""
    what: str = ""
    purpose: str = ""
    outcome: str = ""  # chat, booking or client
    unpriced: bool = False  # only what has no known price

    @property
    def zone(self) -> tzinfo:
        return ZoneInfo(self.tenant.timezone)

    @property
    def bounds(self) -> tuple[datetime, datetime]:
        return self.period.bounds(self.zone)


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a table: `key` as the address says it, `label` as people do."""

    key: str
    label: str
    totals: Totals


@dataclass(frozen=True, slots=True)
class Unit:
    """What one outcome cost: `count` of them had a chat that cost something, of `all` that there were."""

    key: str
    count: int
    all: int
    totals: Totals

    @property
    def each(self) -> Totals | None:
        return self.totals.per(self.count)


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that the page and the API tell of some days."""

    total: Totals
    days: list[Line]
    tables: dict[str, list[Line]] = field(default_factory=dict)  # agent, model, purpose, kind
    units: list[Unit] = field(default_factory=list)


def listed(asked: Asked) -> Entries:
    """The entries that a number counts."""
    start, end = asked.bounds
    if asked.outcome in OUTCOMES:
        rows = OUTCOMES[asked.outcome](asked)
    else:
        rows = visible_costs(asked.member).filter(created_at__gte=start, created_at__lt=end)
    for name in ("kind", "what", "purpose"):
        if value := getattr(asked, name):
            rows = rows.filter(**{name: "" if value == NOBODY else value})
    if asked.unpriced:
        rows = rows.filter(usd__isnull=True)
    if not asked.agent:
        return rows
    if asked.agent == NOBODY:
        return rows.filter(agent=None)
    agent = as_uuid(asked.agent)
    return rows.none() if agent is None else rows.filter(agent=agent)


def total(rows: Entries) -> Totals:
    """Of any entries. One statement."""
    found = rows.order_by().values("currency").annotate(**SUMS)
    return added(_read(each) for each in found)


def report(asked: Asked) -> Report:
    """Three statements, however much there is: a day's rows are summed by the database."""
    day = TruncDate("created_at", tzinfo=asked.zone)
    cube = listed(asked).order_by().annotate(day=day)
    by = ("day", "kind", "agent_id", "agent__name", "what", "purpose", "currency")
    parts: list[dict[str, Any]] = [dict(each) for each in cube.values(*by).annotate(**SUMS)]
    names = {each["agent_id"]: each["agent__name"] or "" for each in parts}
    kinds, purposes = dict(LedgerEntry.Kind.choices), dict(LedgerEntry._meta.get_field("purpose").flatchoices)
    models = [each for each in parts if each["kind"] == LedgerEntry.Kind.MODEL]
    tables = {
        "agent": _lines(models, "agent_id", lambda key: names.get(key, "")),
        "model": _lines(models, "what", str),
        "purpose": _lines(models, "purpose", lambda key: str(purposes.get(key, key))),
        "kind": _lines(parts, "kind", lambda key: str(kinds.get(key, key))),
        "category": _lines([each for each in parts if each["kind"] == LedgerEntry.Kind.MESSAGE], "what", str),
    }
    days = _lines(parts, "day", lambda key: key.isoformat())
    days.sort(key=lambda line: line.key, reverse=True)
    return Report(added(map(_read, parts)), days, tables, units(asked))


SUMS: dict[str, Any] = {
    "entries": Count("pk"),
    "unknown": Count("pk", filter=Q(usd__isnull=True)),
    "unrated": Count("pk", filter=Q(usd__isnull=False, amount__isnull=True)),
    "tokens_sum": Sum("tokens"),
    "usd_sum": Sum("usd"),
    "amount_sum": Sum("amount"),
}


def _read(row: Mapping[str, Any]) -> Totals:
    amount = row["amount_sum"]
    return Totals(
        row["entries"],
        row["unknown"],
        row["unrated"],
        row["tokens_sum"] or 0,
        row["usd_sum"] or Decimal(0),
        ((row["currency"], amount),) if amount is not None else (),
    )


def _lines(parts: list[dict[str, Any]], by: str, label: Callable[[Any], str]) -> list[Line]:
    """The dearest first."""
    groups: dict[Any, list[Totals]] = {}
    for each in parts:
        groups.setdefault(each[by], []).append(_read(each))
    lines = [Line(_key(key), label(key), added(found)) for key, found in groups.items()]
    return sorted(lines, key=lambda line: (-line.totals.usd, -line.totals.tokens, line.label))


def _key(value: Any) -> str:
    if value in (None, ""):
        return NOBODY
    return value.isoformat() if isinstance(value, date) else str(value)


def of_cases(agent: Agent) -> tuple[int, Decimal | None]:
    """How many test cases of an agent count, and what trying them cost when each was tried last; None: not known.

    One statement. Without a price, or never tried, a case is not in the sum.
    """
    last = TestResult.objects.filter(case=OuterRef("pk")).order_by("-created_at").values("cost_usd")
    cases = TestCase.objects.filter(agent=agent, is_active=True).order_by().annotate(last=Subquery(last[:1]))
    found = cases.aggregate(cases=Count("pk"), usd=Sum("last"))
    return found["cases"], found["usd"]


# --- what one chat, one booking, one client cost ---------------------------------------------------------------------


def _chats(asked: Asked) -> Entries:
    start, end = asked.bounds
    return visible_costs(asked.member).filter(created_at__gte=start, created_at__lt=end, conversation_id__isnull=False)


def _led_to_bookings(asked: Asked) -> Entries:
    """Each entry counts for the first booking of its person after it, and so for one booking at most."""
    return _led_to(asked, _standing(), _seen_bookings(asked), "created_at")


def _led_to_clients(asked: Asked) -> Entries:
    return _led_to(asked, Won.objects.all(), _seen_clients(asked), "since")


def _led_to(asked: Asked, outcomes: QuerySet[Any], seen: QuerySet[Any], when: str) -> Entries:
    """Entries of all days whose next outcome lies in the asked ones and is `seen` by the member; `led_to` names it."""
    start, end = asked.bounds
    here = seen.filter(**{f"{when}__gte": start, f"{when}__lt": end})
    chats = Conversation.objects.filter(contact__in=here.values("contact"))
    rows = visible_costs(asked.member).filter(conversation_id__in=chats.values("pk"), created_at__lt=end)
    contact = Conversation.objects.filter(pk=OuterRef("conversation_id")).values("contact_id")
    rows = rows.annotate(contact_id=Subquery(contact[:1], output_field=UUIDField()))
    following = outcomes.filter(contact_id=OuterRef("contact_id"), **{f"{when}__gte": OuterRef("created_at")})
    first = following.order_by(when, "pk")
    rows = rows.annotate(
        led_to=Subquery(first.values("pk")[:1], output_field=UUIDField()),
        led_at=Subquery(first.values(when)[:1], output_field=DateTimeField()),
    )
    rows = rows.filter(led_at__gte=start, led_at__lt=end)
    return rows if asked.member.sees == roles.ALL else rows.filter(led_to__in=seen.values("pk"))


OUTCOMES: dict[str, Callable[[Asked], Entries]] = {CHAT: _chats, BOOKING: _led_to_bookings, CLIENT: _led_to_clients}


def units(asked: Asked) -> list[Unit]:
    """What one chat, one booking and one won client cost. In one statement the sums and the outcomes they led to, in another how many outcomes there were.

    An amount only where all of it is in the company's present currency: a part of it would say too little.
    """
    home = asked.tenant.currency
    parts: list[Any] = []
    for name, made in OUTCOMES.items():
        of = "conversation_id" if name == CHAT else "led_to"
        rows = made(asked).order_by().annotate(key=Value(name)).values("key")
        foreign = Count("pk", filter=~Q(currency=home))
        parts.append(rows.annotate(**SUMS, foreign=foreign, count=Count(of, distinct=True)))
    found: dict[str, Any] = {row["key"]: row for row in parts[0].union(*parts[1:], all=True)}
    there = _outcomes(asked)
    made_units = []
    for name in OUTCOMES:
        row = found.get(name)
        if row is None:
            made_units.append(Unit(name, 0, there.get(name, 0), Totals()))
            continue
        totals = _read({**row, "currency": home, "amount_sum": None if row["foreign"] else row["amount_sum"]})
        made_units.append(Unit(name, row["count"], there.get(name, row["count"]), totals))
    return made_units


def _outcomes(asked: Asked) -> dict[str, int]:
    """How many there were that the member may see, with a chat or without. One statement."""
    start, end = asked.bounds
    won = _seen_clients(asked).filter(since__gte=start, since__lt=end)
    booked = _seen_bookings(asked).filter(created_at__gte=start, created_at__lt=end)
    parts = [
        rows.order_by().annotate(key=Value(name)).values("key").annotate(n=Count("pk"))
        for name, rows in ((BOOKING, booked), (CLIENT, won))
    ]
    return {BOOKING: 0, CLIENT: 0} | {row["key"]: row["n"] for row in parts[0].union(parts[1], all=True)}


def _seen_bookings(asked: Asked) -> AgendaEventQuerySet:
    return _standing().visible_to(asked.member)


def _seen_clients(asked: Asked) -> QuerySet[Won]:
    won = Won.objects.all()
    if asked.member.sees == roles.ALL:
        return won
    return won.filter(contact__in=Contact.objects.visible_to(asked.member).values("pk"))


def _standing() -> AgendaEventQuerySet:
    """Appointments with somebody that were made and not called off."""
    meetings = AgendaEvent.objects.filter(kind=AgendaEvent.Kind.MEETING, contact__isnull=False)
    return meetings.exclude(status__in=(AgendaEvent.Status.HELD, AgendaEvent.Status.CANCELLED))
