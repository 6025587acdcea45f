"""Weekly hours: {"0": [["09:00", "13:00"], …]}, 0 = Monday. No hours at all mean always."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

Hours = Mapping[str, Sequence[Sequence[str]]]

TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]|24:00")
DAYS = frozenset("0123456")
# Other systems name the days.
NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MOST_SPANS = 12  # a day


def problem(hours: object) -> str:
    """A word for what is wrong: "shape", "day", "span", "order", "overlap"; empty when the hours are usable."""
    if not isinstance(hours, Mapping):
        return "shape"
    for day, spans in hours.items():
        if day not in DAYS:
            return "day"
        if not isinstance(spans, list) or len(spans) > MOST_SPANS or not all(_is_span(span) for span in spans):
            return "span"
        if any(start >= end for start, end in spans):
            return "order"
        ordered = sorted(spans)
        if any(before[1] > after[0] for before, after in pairwise(ordered)):
            return "overlap"
    return ""


def canonical(hours: object) -> Any:
    """Also {"monday": {"enabled": true, "slots": [{"start": "09:00", "end": "13:00"}]}} in our shape; days without hours
    are left out. Hours that name no time at all stay different from none: {"0": []} is never, {} is always. What cannot be
    read stays as it is, for `problem` to name.
    """
    if not isinstance(hours, Mapping):
        return hours
    days = {}
    for day, said in hours.items():
        name = str(day).strip().lower()
        spans = _spans(said)
        if spans or (name not in NAMES and str(day) not in DAYS):
            days[str(NAMES.index(name)) if name in NAMES else str(day)] = spans
    return days or ({"0": []} if hours else {})


def _spans(said: object) -> Any:
    if isinstance(said, Mapping):
        said = said.get("slots") or [] if said.get("enabled", True) else []
    if not isinstance(said, list | tuple):
        return said or []
    pairs = [[each.get("start"), each.get("end")] if isinstance(each, Mapping) else each for each in said]
    return sorted(pairs) if all(_is_span(each) for each in pairs) else pairs


def is_open(hours: Hours, at: datetime) -> bool:
    """Whether the wall clock `at` shows a time within the hours."""
    if not hours:
        return True
    clock = f"{at:%H:%M}"
    return any(start <= clock < end for start, end in hours.get(str(at.weekday()), ()))


def minutes(clock: str) -> int:
    """ "24:00" → 1440."""
    hour, minute = clock.split(":")
    return int(hour) * 60 + int(minute)


def _is_span(span: object) -> bool:
    if not isinstance(span, list) or len(span) != 2:
        return False
    return all(isinstance(each, str) and TIME.fullmatch(each) is not None for each in span)


# --- as people write it: "9 a 13 y 14:30 a 18" ---------------------------------------------------------------
SPAN = re.compile(r"(\d{1,2})(?:[:.h](\d{2}))?\s*(?:hs?)?\s*(?:-|–|a|to)\s*(\d{1,2})(?:[:.h](\d{2}))?\s*(?:hs?)?")
BETWEEN = re.compile(r"\s*(?:[,;/]|\by\b|\band\b)\s*")


def read_day(text: str) -> list[list[str]] | None:
    """The spans of one day; empty for none, None for what cannot be read. Whether they fit together, `problem` says."""
    spans = []
    for part in filter(None, BETWEEN.split(text.strip().lower())):
        found = SPAN.fullmatch(part.strip())
        if found is None:
            return None
        hours = [f"{int(found[n]):02}:{found[n + 1] or '00'}" for n in (1, 3)]
        if not _is_span(hours):
            return None
        spans.append(hours)
    return sorted(spans)


def write_day(spans: Sequence[Sequence[str]]) -> str:
    """ "09:00-13:00, 14:30-18:00"."""
    return ", ".join(f"{start}-{end}" for start, end in spans)
