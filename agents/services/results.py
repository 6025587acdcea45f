"""What agents achieved: chats resolved, handed over and why, left alone; and what people put right.

Every number stands for a list: `listed` with the same words gives exactly its rows. Members count the chats they may see.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, tzinfo
from decimal import Decimal
from itertools import groupby
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Case, Count, Exists, F, IntegerField, OuterRef, Q, QuerySet, UUIDField, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from agents.access import visible_assessments
from agents.domain import assessment as rules
from agents.domain import results
from agents.domain.results import Handling
from agents.models import AgentRun, Assessment
from agents.services import costs, run_lists
from agents.services.costs import NOBODY, Unit
from config.lib.errors import Conflict, Invalid
from config.lib.ids import as_uuid
from crm.domain.periods import Period
from crm.reports.base import Percentile
from messaging.models import Conversation, Message
from tenants.domain import roles
from tenants.domain.actor import Actor
from tenants.models import Membership, Tenant
from tenants.services import tenant_settings
from tenants.services.audit import record

CORRECTED = "corrected"  # the reason of what a person said
MEASURED_CHATS = 300  # the latest ones in which people wrote, for the time that they need
MOST_LOOKED_AT = 3000  # the latest chats of all kinds, among which those are looked for
MEASURED_DAYS = timedelta(days=90)
MOST_MOMENTS = 40_000
LONGEST_NOTE = 300
SHOWN_OF_A_CHAT = 5

Rows = QuerySet[Assessment]
Done = tuple[UUID | None, str, str, int]  # agent, its name, status of a turn, how many


@dataclass(frozen=True, slots=True)
class Asked:
    """Which stretches: those that ended in days of the company's calendar. An empty text asks for everything."""

    member: Membership
    tenant: Tenant
    period: Period
    agent: str = ""
    outcome: str = ""
    reason: str = ""
    fact: str = ""
    corrected: bool = False

    @property
    def zone(self) -> tzinfo:
        return ZoneInfo(self.tenant.timezone)


@dataclass(frozen=True, slots=True)
class Counts:
    """Stretches, by outcome and by what was seen in them."""

    total: int = 0
    outcomes: Mapping[str, int] = field(default_factory=dict)
    facts: Mapping[str, int] = field(default_factory=dict)
    corrected: int = 0

    def of(self, outcome: str) -> int:
        return self.outcomes.get(outcome, 0)

    def rate(self, outcome: str) -> int | None:
        """Percent of all, what is not known among them; None of too few."""
        return results.percent(self.of(outcome), self.total)


@dataclass(frozen=True, slots=True)
class Group:
    key: str
    label: str
    counts: Counts


@dataclass(frozen=True, slots=True)
class Savings:
    """`amount` None: something is missing, and the rest tells what."""

    handling: Handling
    hourly: Decimal | None
    amount: Decimal | None


@dataclass(frozen=True, slots=True)
class Report:
    """`first_half` and `first_most`: seconds within which half and nine of ten first answers came."""

    counts: Counts
    agents: list[Group]
    reasons: Mapping[str, list[tuple[str, int]]]  # outcome → (code, how many), the most first
    responses: int
    first_half: int | None
    first_most: int | None
    turns: Mapping[str, int]  # status of a turn → how many
    units: list[Unit]
    savings: Savings | None  # None for who does not see all chats
    team: list[tuple[UUID, str]]  # agents with turns in these days, whichever is asked for


COUNTED_FACTS = (rules.UNANSWERED, rules.BOOKED, rules.CONVERTED)
HOLDS = Q(corrected="") | Q(corrected=F("outcome"))  # nobody said that it ended otherwise than the facts tell
WHY = Case(
    When(HOLDS, then=F("reason")),
    default=Value(CORRECTED),
)


def listed(asked: Asked) -> Rows:
    """The stretches that a number counts."""
    start, end = asked.period.bounds(asked.zone)
    rows = visible_assessments(asked.member).filter(ended_at__gte=start, ended_at__lt=end)
    if asked.outcome:
        rows = rows.filter(final=asked.outcome)
    if asked.reason:
        rows = rows.annotate(why=WHY).filter(why="" if asked.reason == NOBODY else asked.reason)
    if asked.fact:
        rows = rows.filter(HOLDS, facts__contains=[asked.fact])
    if asked.corrected:
        rows = rows.exclude(corrected="")
    if not asked.agent:
        return rows
    if asked.agent == NOBODY:
        return rows.filter(agent=None)
    agent = as_uuid(asked.agent)
    return rows.none() if agent is None else rows.filter(agent=agent)


def of_chat(conversation: Conversation) -> list[Assessment]:
    """The latest ends of one chat that the caller has let through, newest first."""
    rows = Assessment.objects.filter(conversation_id=conversation.pk).select_related("agent")
    return list(rows.order_by("-last_sequence")[:SHOWN_OF_A_CHAT])


def report(asked: Asked) -> Report:
    """Five statements at most, however much there is. A failing one raises: zeros would be taken for results."""
    parts = _parts(asked)
    (responses, half, most), done = _moments(asked)
    counts = _counts(parts)
    return Report(
        counts,
        _agents(parts),
        {outcome: _reasons(parts, outcome) for outcome in rules.OUTCOMES},
        responses,
        half,
        most,
        _turns(asked, done),
        [] if asked.agent else costs.units(costs.Asked(asked.member, asked.tenant, asked.period)),
        _savings(asked, counts.of(rules.RESOLVED)),
        sorted({(row[0], row[1]) for row in done if row[0] is not None}, key=lambda row: row[1].casefold()),
    )


def _moments(asked: Asked) -> tuple[tuple[int, int | None, int | None], list[Done]]:
    """How many first answers there were, within how many seconds half of them and nine of ten came; then everybody's turns."""
    nobody = Value(None, output_field=UUIDField())
    unknown = Value(None, output_field=IntegerField())
    first = listed(asked).filter(response_seconds__isnull=False).order_by()
    alone = first.annotate(of=nobody, called=Value(""), key=Value("")).values_list("of", "called", "key")
    times = alone.annotate(
        n=Count("pk"),
        half=Percentile("response_seconds", fraction=0.5),
        most=Percentile("response_seconds", fraction=0.9),
    )
    by = {"of": F("agent_id"), "called": Coalesce("agent__name", Value("")), "key": F("status")}
    began = turns(replace(asked, agent="")).order_by().annotate(**by).values_list(*by)
    rows: list[Any] = list(times.union(began.annotate(n=Count("pk"), half=unknown, most=unknown), all=True))
    answers = next((row[3:] for row in rows if not row[2]), (0, None, None))
    return answers, [row[:4] for row in rows if row[2]]


def _parts(asked: Asked) -> list[dict[str, Any]]:
    by = ("agent_id", "agent__name", "final", "why")
    facts = {f"with_{fact}": Count("pk", filter=HOLDS & Q(facts__contains=[fact])) for fact in COUNTED_FACTS}
    rows = listed(asked).order_by().annotate(why=WHY).values(*by)
    return [dict(row) for row in rows.annotate(n=Count("pk"), put_right=Count("pk", filter=~Q(corrected="")), **facts)]


def _counts(parts: Iterable[Mapping[str, Any]]) -> Counts:
    outcomes: Counter[str] = Counter()
    facts: Counter[str] = Counter()
    corrected = 0
    for part in parts:
        outcomes[part["final"]] += part["n"]
        corrected += part["put_right"]
        facts.update({fact: part[f"with_{fact}"] for fact in COUNTED_FACTS})
    return Counts(outcomes.total(), dict(outcomes), dict(facts), corrected)


def _agents(parts: list[dict[str, Any]]) -> list[Group]:
    """The busiest first."""
    groups: dict[Any, list[dict[str, Any]]] = {}
    for part in parts:
        groups.setdefault(part["agent_id"], []).append(part)
    found = [
        Group(str(key) if key else NOBODY, rows[0]["agent__name"] or "", _counts(rows)) for key, rows in groups.items()
    ]
    return sorted(found, key=lambda group: (-group.counts.total, group.label))


def _reasons(parts: Iterable[Mapping[str, Any]], outcome: str) -> list[tuple[str, int]]:
    found: Counter[str] = Counter()
    for part in parts:
        if part["final"] == outcome:
            found[part["why"] or NOBODY] += part["n"]
    return sorted(found.items(), key=lambda item: (-item[1], item[0]))


def turns(asked: Asked, status: str = "") -> QuerySet[AgentRun]:
    """Turns with customers that began in these days, as the page of turns lists them."""
    agent = None if asked.agent in ("", NOBODY) else as_uuid(asked.agent)
    rows = run_lists.listed(
        asked.member,
        asked.tenant,
        agent=agent,
        status=status,
        purpose=AgentRun.Purpose.TURN,
        first=asked.period.first,
        last=asked.period.last,
    )
    return rows if not asked.agent or agent is not None else rows.none()


def _turns(asked: Asked, done: Iterable[Done]) -> dict[str, int]:
    """By status, of the agent that is asked for; turns that no agent had are nobody's to ask for."""
    found: Counter[str] = Counter()
    for agent, _name, status, number in done:
        if not asked.agent or (agent is not None and agent == as_uuid(asked.agent)):
            found[status] += number
    return dict(found)


# --- what was saved --------------------------------------------------------------------------------------------------


def _savings(asked: Asked, resolved: int) -> Savings | None:
    """Only for who sees all chats: the time of people is measured in all of them."""
    if asked.member.sees != roles.ALL:
        return None
    hourly = tenant_settings.of(asked.tenant).hourly_cost
    measured = handling(timezone.now())
    return Savings(measured, hourly, results.saved(resolved, measured.seconds, hourly))


def handling(now: datetime) -> Handling:
    """How long people of the company are busy with a chat: from their first message in it to the last message."""
    since = now - MEASURED_DAYS
    spoken = Message.objects.filter(created_at__gte=since).exclude(kind__in=("note", "reaction"))
    latest = Conversation.objects.filter(last_message_at__gte=since).order_by("-last_message_at", "-id")
    # The messages of a chat are found by its index, so only so many chats are looked through.
    looked_at = Conversation.objects.filter(pk__in=latest.values("pk")[:MOST_LOOKED_AT])
    theirs = looked_at.filter(Exists(spoken.filter(conversation_id=OuterRef("pk"), author=rules.PERSON)))
    chats = theirs.order_by("-last_message_at", "-id").values("pk")[:MEASURED_CHATS]
    said = spoken.filter(conversation_id__in=chats, author__in=(rules.CONTACT, rules.PERSON))
    rows = said.order_by("conversation_id", "sequence").values_list("conversation_id", "author", "created_at")
    found: list[timedelta] = []
    for _chat, lines in groupby(rows[:MOST_MOMENTS], key=lambda row: row[0]):
        moments = [_Moment(at, author == rules.PERSON) for _key, author, at in lines]
        found += [time for part in rules.stretches(moments, ()) if (time := _busy(part)) is not None]
    return results.handling(found)


@dataclass(frozen=True, slots=True)
class _Moment:
    at: datetime
    of_person: bool


def _busy(part: list[_Moment]) -> timedelta | None:
    """None where no person wrote."""
    begins = next((place for place, moment in enumerate(part) if moment.of_person), None)
    return None if begins is None else results.busy([moment.at for moment in part[begins:]])


# --- correcting ------------------------------------------------------------------------------------------------------


def version(assessment: Assessment) -> str:
    """What tells one correction from another; empty before the first."""
    return assessment.corrected_at.isoformat() if assessment.corrected_at else ""


def correct(*, assessment: Assessment, outcome: str, note: str = "", seen: str, by: Actor) -> Assessment:
    """A person says how it ended, over the rules and for good. `seen`: the `version` they looked at.

    Raises Conflict when somebody else corrected it meanwhile, Invalid for words that cannot be kept.
    """
    if outcome not in Assessment.Outcome.values:
        raise Invalid(_("Ese resultado no existe."), fields={"outcome": _("Elegir uno de la lista.")})
    note = " ".join(note.replace("\x00", "").split())
    if len(note) > LONGEST_NOTE:
        raise Invalid(_("La nota lleva hasta 300 letras."), fields={"note": _("Es demasiado larga.")})
    row = Assessment.objects.select_for_update(no_key=True).get(pk=assessment.pk)
    if version(row) != seen.strip():
        words = _("%(name)s ya lo corrigió: %(outcome)s. Leerlo antes de cambiarlo.")
        raise Conflict(words % {"name": row.corrected_by, "outcome": row.get_corrected_display()})
    before = row.corrected or row.outcome
    row.corrected, row.corrected_note = outcome, note
    row.corrected_by, row.corrected_at = by.label[:160], timezone.now()
    row.save(update_fields=["corrected", "corrected_note", "corrected_by", "corrected_at"])
    record(action="assessment.corrected", resource=row, by=by, diff={"outcome": [before, outcome]})
    row.refresh_from_db(fields=["final"])
    return row
