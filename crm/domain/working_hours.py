"""Weekly hours: {"0": [["09:00", "13:00"], …]}, 0 = Monday."""

import re
from collections.abc import Mapping
from itertools import pairwise

TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]|24:00")
DAYS = frozenset("0123456")


def problem(hours: object) -> str:
    """A word for what is wrong: "shape", "day", "span", "order", "overlap"; empty when the hours are usable."""
    if not isinstance(hours, Mapping):
        return "shape"
    for day, spans in hours.items():
        if day not in DAYS:
            return "day"
        if not isinstance(spans, list) or not all(_is_span(span) for span in spans):
            return "span"
        if any(start >= end for start, end in spans):
            return "order"
        ordered = sorted(spans)
        if any(before[1] > after[0] for before, after in pairwise(ordered)):
            return "overlap"
    return ""


def _is_span(span: object) -> bool:
    if not isinstance(span, list) or len(span) != 2:
        return False
    return all(isinstance(each, str) and TIME.fullmatch(each) is not None for each in span)
