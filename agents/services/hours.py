"""Which agent answers, and when.

The rule: of the agents that are switched on, published, have the channel and are within their hours, the one with the
lowest priority number answers; with equal numbers, the oldest. Between specialists the subject decides, see
agents.domain.triage. Outside of everybody's hours the chat waits for people,
and the customer is told so once where the company wrote a sentence for it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.translation import gettext as _

from agents.domain import hours
from agents.domain.hours import Moment
from agents.domain.triage import seats
from agents.models import Agent, AgentRun, AgentVersion
from crm.agenda.holidays import closed_days
from crm.models import AgendaSettings, HoursException
from messaging.models import Channel, Conversation, Source
from tenants.context import current_tenant
from tenants.domain.weekly_hours import Hours, is_open
from tenants.services import tenant_settings

SAID_ONCE = timedelta(hours=12)
DAYS_AHEAD = 14  # how far the next hour of an agent is looked for


class Clock:
    """A moment at the company. What its calendar says is read when the first agent with hours asks, once."""

    def __init__(self, now: datetime | None = None) -> None:
        self.now = (now or timezone.now()).astimezone(ZoneInfo(current_tenant().timezone))

    @cached_property
    def moment(self) -> Moment:
        """By the company's weekly hours, its holidays and its days that differ."""
        today = self.now.date()
        usual = tenant_settings.of(current_tenant()).business_hours
        differing = HoursException.objects.filter(seller=None, day=today).values_list("spans", flat=True).first()
        holiday = differing is None and _is_holiday(today)
        return _moment(self.now, _week(usual, today, differing), holiday)


def _week(usual: Hours, day: date, differing: Any) -> Hours | None:
    """The weekly hours that hold on a day; None on one that differs by being closed."""
    if differing is None:
        return usual
    return {str(day.weekday()): differing} if differing else None


def _moment(now: datetime, week: Hours | None, holiday: bool) -> Moment:
    return Moment(now, not holiday and week is not None and is_open(week, now), holiday)


def _is_holiday(day: date) -> bool:
    country = AgendaSettings.objects.filter(pk=1).values_list("holidays", flat=True).first()
    return bool(country) and day in closed_days(country or "", [day.year])


def on_duty(version: AgentVersion, clock: Clock) -> bool:
    """Whether what was published answers at that moment."""
    config = _config(version)
    return hours.mode_of(config) == hours.ALWAYS or hours.answers(config, clock.moment)


def next_on_duty(channel_source: str, now: datetime | None = None) -> datetime | None:
    """The next moment at which an agent of the channel begins to answer; None when that is not within DAYS_AHEAD.

    Costs four statements at most, however far it looks.
    """
    configs = [_config(version) for version in of_channel(channel_source)]
    begin = Clock(now).now
    days = [begin.date() + timedelta(days=number) for number in range(DAYS_AHEAD + 1)]
    exceptions = HoursException.objects.filter(seller=None, day__range=(days[0], days[-1]))
    differing = dict(exceptions.values_list("day", "spans")) if configs else {}
    country = AgendaSettings.objects.filter(pk=1).values_list("holidays", flat=True).first() if configs else ""
    closed = closed_days(country, sorted({days[0].year, days[-1].year})) if country else ()
    usual = tenant_settings.of(current_tenant()).business_hours
    for day in days if configs else ():
        week = _week(usual, day, differing.get(day))
        for at in _edges(day, [week or {}, *map(hours.week_of, configs)], begin):
            moment = _moment(at, week, day in closed and day not in differing)
            if any(hours.answers(config, moment) for config in configs):
                return at
    return None


def attended_after(span: timedelta, now: datetime | None = None) -> datetime:
    """The moment by which the company will have attended for `span` from now, by its hours, holidays and differing days.

    Without that much of attended time within DAYS_AHEAD, simply `span` from now.
    """
    begin = Clock(now).now
    days = [begin.date() + timedelta(days=number) for number in range(DAYS_AHEAD + 1)]
    exceptions = HoursException.objects.filter(seller=None, day__range=(days[0], days[-1]))
    differing = dict(exceptions.values_list("day", "spans"))
    country = AgendaSettings.objects.filter(pk=1).values_list("holidays", flat=True).first()
    closed = closed_days(country, sorted({days[0].year, days[-1].year})) if country else ()
    usual = tenant_settings.of(current_tenant()).business_hours
    left, at, attends = span, begin, False
    for day in days:
        week = _week(usual, day, differing.get(day))
        for edge in [begin, *_edges(day, [week or {}], begin)] if day == days[0] else _edges(day, [week or {}], begin):
            passed = timedelta(seconds=edge.timestamp() - at.timestamp())
            if attends and passed >= left:
                return (at.astimezone(UTC) + left).astimezone(begin.tzinfo)
            left -= passed if attends else timedelta()
            at, attends = edge, _moment(edge, week, day in closed and day not in differing).attends
    return begin + span


def _edges(day: date, weeks: Iterable[Hours], begin: datetime) -> list[datetime]:
    """The moments of a day after `begin` at which something may open or close, in order."""
    clocks = {"00:00", *(clock for week in weeks for span in week.get(str(day.weekday()), ()) for clock in span)}
    moments = [datetime.combine(day, time.fromisoformat(clock), begin.tzinfo) for clock in clocks - {"24:00"}]
    return sorted(each for each in moments if each > begin)


def of_channel(channel_source: str) -> list[AgentVersion]:
    """What is published and switched on for a channel, in the order of the rule, whatever the hour."""
    agents = Agent.objects.filter(is_active=True, published__isnull=False).select_related("published")
    found = []
    for agent in agents.order_by("priority", "created_at", "id"):
        version = agent.published
        if version is not None and channel_source in (version.snapshot.get("channels") or []):
            version.agent = agent
            found.append(version)
    return found


def answering(channel_source: str, clock: Clock | None = None) -> list[AgentVersion]:
    """Those of the channel who are within their hours; the first one answers."""
    clock = clock or Clock()
    return [version for version in of_channel(channel_source) if on_duty(version, clock)]


@dataclass(frozen=True, slots=True)
class Nobody:
    """Why no agent answers, for the team, and what the customer is told; nothing where there is nothing to say."""

    reason: str
    words: str = ""


def why_nobody(conversation: Conversation) -> Nobody:
    """When `answering` found none for the conversation's channel."""
    resting = of_channel(conversation.channel_source)
    if not resting:
        return Nobody(_("Ningún agente publicado atiende este canal."))
    away = next(filter(None, (hours.away_of(_config(version)) for version in resting)), "")
    return Nobody(_("A esta hora no responde ningún agente."), "" if _was_said(conversation, away) else away)


def _was_said(conversation: Conversation, words: str) -> bool:
    """By the turns of this chat: a long sentence leaves in several messages."""
    runs = AgentRun.objects.filter(conversation_id=conversation.pk, reply=words)
    return bool(words) and runs.filter(created_at__gte=timezone.now() - SAID_ONCE).exists()


def _config(version: AgentVersion) -> dict[str, Any]:
    config = version.snapshot.get("config")
    return config if isinstance(config, dict) else {}


# --- who answers where, for the page and the API ---------------------------------------------------------------


@dataclass(slots=True)
class Row:
    """A channel: who answers now, while the company attends and while it does not (in the order of a week; "" = people),
    which specialists take chats of their subject, and what is wrong in words."""

    channel: str
    label: str
    now: str = ""
    attending: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)
    specialists: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def roster(now: datetime | None = None) -> list[Row]:
    """Channels that are connected or that some agent answers, each with its agents over an ordinary week."""
    clock = Clock(now)
    open_channels = Channel.objects.exclude(status=Channel.Status.DISABLED)
    connected = set(open_channels.order_by().values_list("channel_source", flat=True).distinct())
    agents = list(Agent.objects.filter(is_active=True, published__isnull=False).select_related("published"))
    versions = []
    for agent in sorted(agents, key=lambda each: (each.priority, each.created_at, each.pk)):
        if agent.published is not None:
            agent.published.agent = agent
            versions.append(agent.published)
    rows = []
    for value, label in Source.choices:
        fitting = [each for each in versions if value in (each.snapshot.get("channels") or [])]
        if fitting or value in connected:
            rows.append(_row(value, str(label), fitting, clock))
    return rows


def _row(channel: str, label: str, versions: list[AgentVersion], clock: Clock) -> Row:
    row = Row(channel, label)
    row.now = next(iter(_team([each for each in versions if on_duty(each, clock)])), "")
    business = tenant_settings.of(current_tenant()).business_hours
    configs = {each.pk: _config(each) for each in versions}
    rivals: list[tuple[str, str]] = []
    for moment in hours.moments_of_a_week(business, [hours.week_of(config) for config in configs.values()]):
        present = [each for each in versions if hours.answers(configs[each.pk], moment)]
        team = _team(present)
        first = next(iter(team), "")
        shown = row.attending if moment.attends else row.outside
        if first not in shown:
            shown.append(first)
        row.specialists += [name for name in team[1:] if name not in row.specialists]
        if len(team) == 1 < len(present) and present[0].agent.priority == present[1].agent.priority:
            rivals.append((present[0].agent.name, present[1].agent.name))
    row.warnings = _warnings(row, versions, rivals)
    return row


def _team(present: list[AgentVersion]) -> list[str]:
    """Who begins a chat, then the specialists between whom the subject decides: see agents.domain.triage."""
    names = {str(each.agent_id): each.agent.name for each in present}
    table = seats((str(each.agent_id), str(_config(each).get("specialty") or "")) for each in present)
    return [names[seat.agent] for seat in sorted(table, key=lambda seat: not seat.front)]


def _warnings(row: Row, versions: list[AgentVersion], rivals: list[tuple[str, str]]) -> list[str]:
    if not versions:
        return [_("Ningún agente: cada mensaje espera a una persona.")]
    said = []
    if "" in row.attending or "" in row.outside:
        said.append(_("Hay horas sin agente: esos mensajes esperan a una persona."))
    for first, second in dict.fromkeys(rivals):
        words = {"first": first, "second": second}
        said.append(_("%(first)s y %(second)s tienen la misma prioridad: responde %(first)s, que es anterior.") % words)
    return said
