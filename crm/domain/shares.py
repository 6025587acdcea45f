"""Shares and lengths of bars. No data is None, never zero."""

from collections.abc import Sequence
from decimal import Decimal

Number = int | float | Decimal


def rate(part: Number, whole: Number) -> float | None:
    """Per cent with one decimal; None when there is nothing to have a share of."""
    return round(100 * float(part) / float(whole), 1) if whole else None


def change(now: Number | None, before: Number | None) -> float | None:
    """By how many per cent something grew; None when there was nothing before."""
    if now is None or not before:
        return None
    return round(100 * (float(now) - float(before)) / float(before), 1)


def lengths(values: Sequence[Number | None], longest: int = 100) -> list[int]:
    """Bars in proportion to the greatest; whatever is more than zero is seen."""
    top = max((float(each) for each in values if each is not None), default=0.0)
    return [
        0 if each is None or not top or each <= 0 else max(1, round(longest * float(each) / top)) for each in values
    ]
