"""What is understood of a phrase, and the tables that a receptionist has in the head."""

from dataclasses import dataclass
from datetime import datetime, timedelta

DAY = 24 * 60  # minutes

# Part of the day → minutes it begins and ends at. Customers mean shop hours: nobody's "morning" begins at 6.
PARTS = {
    "early": (8 * 60, 10 * 60),  # temprano, a primera hora, first thing
    "morning": (8 * 60, 12 * 60),
    "mid_morning": (10 * 60, 12 * 60),
    "midday": (12 * 60, 14 * 60),
    "siesta": (13 * 60, 16 * 60),
    "tarde": (13 * 60, 20 * 60),
    "early_tarde": (13 * 60, 15 * 60),
    "mid_tarde": (16 * 60, 18 * 60),
    "afternoon": (12 * 60, 18 * 60),  # English calls what follows the evening
    "late": (18 * 60, 20 * 60),  # a última hora, end of the day
    "evening": (18 * 60, 22 * 60),
    "night": (19 * 60, 22 * 60),  # noche, tardecita
    "after_lunch": (14 * 60, 17 * 60),
    "after_work": (18 * 60, 21 * 60),
}
HORIZON = 14  # days that "any day", "from Tuesday on" or "Tuesdays" reach
ABOUT = 30  # minutes either side of "a eso de las 5"
LASTS = timedelta(hours=1)  # of an exact window: the nearest times may be offered too


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """When an appointment may begin: `start` included, `end` not; both in the customer's zone, never in the past.

    `exact`: the customer named `start` itself ("a las 15"); `end` is then an hour later, for whoever has to offer the
    nearest time instead.
    """

    start: datetime
    end: datetime
    exact: bool = False


@dataclass(frozen=True, slots=True)
class Understood:
    """`windows` in order of time. `sure` False asks for a question back; `windows` are then the readings, if any.

    `why` (empty when sure): "nothing" (no date in it), "past" (it has gone by), "two_readings" (next Tuesday: which?),
    "weekday_mismatch" (the 5th is no Tuesday), "no_such_date" (30 February), "no_such_time" (the clocks go forward
    then), "no_day" (only an hour or a part of the day: those of two weeks are given), "only_excluded" (only what does not
    suit: the rest of two weeks is given), "contradiction" (after 6, in the morning).
    """

    windows: tuple[Window, ...] = ()
    sure: bool = False
    why: str = "nothing"
