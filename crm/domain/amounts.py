"""Amounts as people type them: "1.500,50", "1,500.50", "1500", "$ 1.500"."""

import re
from decimal import Decimal

SHAPE = re.compile(r"\d+(?:[.,]\d+)*")


def parse_amount(text: str) -> Decimal | None:
    """The amount, or None when the text is not one.

    With both separators the last one is the decimal one. A lone separator before exactly three digits groups thousands
    ("1.500" is one thousand five hundred), since no currency here is quoted in thousandths.
    """
    digits = text.strip().lstrip("$").replace("\N{NO-BREAK SPACE}", "").replace(" ", "")
    if not digits.isascii() or not SHAPE.fullmatch(digits):
        return None
    separators = [mark for mark in digits if mark in ".,"]
    if not separators:
        return Decimal(digits)
    last = separators[-1]
    groups = digits.replace(",", ".").split(".")
    one_kind = len(set(separators)) == 1
    if one_kind and (len(separators) > 1 or (len(groups[-1]) == 3 and groups[0] != "0")):
        grouped = groups[1:]
        return Decimal("".join(groups)) if all(len(group) == 3 for group in grouped) else None
    if separators.count(last) > 1 or any(len(group) != 3 for group in groups[1:-1]):
        return None
    return Decimal("".join(groups[:-1]) + "." + groups[-1])
