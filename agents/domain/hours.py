"""When an agent answers: always, while the company attends, while it does not, or in a week of its own.

Kept in the agent's settings as {"mode": "own", "week": {"0": [["20:00", "24:00"]]}, "rests_on_holidays": true, "away": "…"}.
Settings that cannot be read mean always: a broken setting never silences a company.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from tenants.domain.weekly_hours import Hours, is_open, problem

ALWAYS, BUSINESS, OUTSIDE, OWN = MODES = ("always", "business", "outside", "own")
LONGEST_AWAY = 500
_MONDAY = datetime(2024, 1, 1)  # noqa: DTZ001  # a week on the wall, of no place


@dataclass(frozen=True, slots=True)
class Moment:
    """`now` as the company's wall clock shows it; whether the company attends then, and whether it is a holiday."""

    now: datetime
    attends: bool
    holiday: bool = False


def mode_of(config: Mapping[str, object]) -> str:
    """One of MODES."""
    mode = _hours(config).get("mode")
    if mode == OWN and not week_of(config):
        return ALWAYS
    return str(mode) if mode in MODES else ALWAYS


def week_of(config: Mapping[str, object]) -> Hours:
    """The agent's own week; empty where there is none that can be read."""
    week = _hours(config).get("week")
    return week if isinstance(week, Mapping) and not problem(week) else {}


def away_of(config: Mapping[str, object]) -> str:
    """What a customer is told, once, when nobody answers because of the hours."""
    return str(_hours(config).get("away") or "").strip()[:LONGEST_AWAY]


def answers(config: Mapping[str, object], moment: Moment) -> bool:
    """Whether an agent with these settings answers at that moment."""
    mode = mode_of(config)
    if mode == ALWAYS:
        return True
    if mode != OWN:
        return moment.attends if mode == BUSINESS else not moment.attends
    if moment.holiday and _hours(config).get("rests_on_holidays") is True:
        return False
    return is_open(week_of(config), moment.now)


def moments_of_a_week(business: Hours, weeks: Iterable[Hours]) -> Iterator[Moment]:
    """An ordinary week: one moment for each stretch in which nothing opens or closes."""
    edges: set[tuple[int, str]] = {(day, "00:00") for day in range(7)}
    for hours in (business, *weeks):
        edges |= {(int(day), clock) for day, spans in hours.items() for span in spans for clock in span}
    for day, clock in sorted(edges):
        if clock == "24:00":
            continue
        hour, minute = clock.split(":")
        now = _MONDAY + timedelta(days=day, hours=int(hour), minutes=int(minute))
        yield Moment(now, is_open(business, now))


def _hours(config: Mapping[str, object]) -> Mapping[str, object]:
    hours = config.get("hours")
    return hours if isinstance(hours, Mapping) else {}
