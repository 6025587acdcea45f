"""What a field of the company's own may hold, by its kind. Plain JSON values in and out.

text, long_text, email, phone (E.164), url: text · number: int or float · money: "1500.50" · date: "2026-11-21"
· yes_no: true or false · choice: one of the options · choices: a list of them. None stands for nothing.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import TypeAlias
from urllib.parse import urlsplit

from crm.domain.amounts import parse_amount

Value: TypeAlias = str | int | float | bool | list[str] | None

LONGEST = {"text": 300, "long_text": 4000, "email": 254, "url": 500}
MOST_MONEY = Decimal(10) ** 12
MOST_NUMBER = 10**15  # every whole number up to here is exact in JSON
YES = frozenset({"true", "1", "si", "sí", "yes", "on"})
NO = frozenset({"false", "0", "no", "off"})
_EMAIL = re.compile(r"[^@\s<>()\",;:]+@[^@\s.<>()\",;:]+(?:\.[^@\s.<>()\",;:]+)+")
_KEY_BREAK = re.compile(r"[^a-z0-9]+")
# What values of a kind may become without losing anything: everything that is text stays readable as text.
CONVERTIBLE = {
    "text": {"long_text"},
    "choice": {"text", "long_text", "choices"},
    "email": {"text", "long_text"},
    "phone": {"text", "long_text"},
    "url": {"text", "long_text"},
}


class Unfit(ValueError):
    """A value that the kind cannot hold; its text is the name of the reason (crm.services.custom_fields.REASONS)."""


def fit(kind: str, raw: object, *, options: Sequence[str] = (), as_phone: Callable[[str], str] | None = None) -> Value:
    """The value as it is stored, None for an empty one; raises Unfit. `as_phone` reads a number as E.164."""
    if raw is None or (isinstance(raw, str) and not raw.strip()) or raw == []:
        return None
    if kind == "choices":
        return _several(raw, options)
    if kind == "yes_no":
        return _yes_no(raw)
    if kind == "number":
        return _number(raw)
    if isinstance(raw, bool | list | dict):
        raise Unfit(kind)
    text = str(raw).strip()
    if not _storable(text):
        raise Unfit("letters")
    if len(text) > LONGEST.get(kind, 300):
        raise Unfit("long")
    if kind == "money":
        return _money(text)
    if kind == "date":
        return _date(text)
    if kind == "choice":
        return _one_of(text, options)
    if kind == "email":
        return _email(text)
    if kind == "phone":
        return as_phone(text) if as_phone else text
    if kind == "url":
        return _url(text)
    return text if kind == "long_text" else " ".join(text.split())


def _storable(text: str) -> bool:
    return "\x00" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


def _several(raw: object, options: Sequence[str]) -> list[str]:
    given = raw if isinstance(raw, list | tuple) else str(raw).split(",") if isinstance(raw, str) else None
    if given is None or not all(isinstance(each, str) for each in given):
        raise Unfit("choices")
    chosen = {_one_of(each.strip(), options) for each in given if each.strip()}
    return [each for each in options if each in chosen]


def _one_of(text: str, options: Sequence[str]) -> str:
    exact = next((each for each in options if each == text), None)
    found = exact or next((each for each in options if each.casefold() == text.casefold()), None)
    if found is None:
        raise Unfit("choice")
    return found


def _yes_no(raw: object) -> bool:
    if isinstance(raw, bool):
        return raw
    word = str(raw).strip().casefold()
    if word in YES or word in NO:
        return word in YES
    raise Unfit("yes_no")


def _number(raw: object) -> int | float:
    if isinstance(raw, bool | list | dict):
        raise Unfit("number")
    text = str(raw).strip()
    try:
        # A decimal comma is what people type; both signs at once would be a guess.
        number = Decimal(text.replace(",", ".") if "." not in text else text)
    except InvalidOperation as error:
        raise Unfit("number") from error
    if not number.is_finite() or abs(number) >= MOST_NUMBER:
        raise Unfit("number")
    return int(number) if number == number.to_integral_value() else float(number)


def _money(text: str) -> str:
    sign, digits = ("-", text[1:]) if text.startswith("-") else ("", text)
    amount = parse_amount(digits)
    if amount is None or amount >= MOST_MONEY or amount != round(amount, 2):
        raise Unfit("money")
    return f"{sign if amount else ''}{amount:.2f}"


def _date(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError as error:
        found = re.fullmatch(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})", text, re.ASCII)
        if found is None:
            raise Unfit("date") from error
    day, month, year = (int(part) for part in found.groups())
    try:
        return date(year, month, day).isoformat()
    except ValueError as error:
        raise Unfit("date") from error


def _email(text: str) -> str:
    if not _EMAIL.fullmatch(text):
        raise Unfit("email")
    return text


def _url(text: str) -> str:
    try:
        parts = urlsplit(text)
        host = parts.hostname
    except ValueError as error:
        raise Unfit("url") from error
    # A link is shown and followed: nothing that a browser would run.
    if parts.scheme.lower() not in ("http", "https") or not host or re.search(r"\s", text):
        raise Unfit("url")
    return text


def key_of(label: str, taken: Sequence[str] = ()) -> str:
    """A key for a new field from its name ("Obra social" → "obra_social"); numbered when it is taken."""
    folded = unicodedata.normalize("NFKD", label.casefold())
    bare = "".join(each for each in folded if not unicodedata.combining(each))
    stem = _KEY_BREAK.sub("_", bare).strip("_")[:34] or "campo"
    names = (stem, *(f"{stem}_{number}" for number in range(2, len(taken) + 3)))
    return next(name for name in names if name not in taken)
