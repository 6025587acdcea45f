"""How much speaks for two contacts being one person. Pure; the numbers are the habit of the systems replaced here."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from crm.domain.names import is_full, name_words
from crm.domain.phones import phone_variants
from crm.domain.search import normalised

PHONE, EMAIL, NAME, NAME_AND_CITY, ENDING = 90, 85, 50, 60, 55
MORE = 5  # each further indication
#: What another app tells, by kind: ids of one sender, a change of number, a username on two networks, an address in a chat.
TOLD = {"together": 95, "moved": 90, "username": 70, "said_phone": 65, "said_email": 65}
WORTH_SHOWING = 50
LAST = 8  # digits: the subscriber's own number in the countries of the product


@dataclass(frozen=True)
class Person:
    """What is compared. Phones in E.164, e-mails in lower case."""

    name: str = ""
    city: str = ""
    phones: Collection[str] = field(default_factory=frozenset)
    emails: Collection[str] = field(default_factory=frozenset)


@dataclass(frozen=True)
class Likeness:
    """0 to 100, and why: [{"kind": "phone|email|ending|name|city", "left": …, "right": …}]."""

    score: int
    evidence: list[dict[str, Any]]


def likeness(left: Person, right: Person) -> Likeness:
    """The strongest indication counts, each further one adds a little. Two numbers that merely end alike are none by
    themselves: a landline is not the mobile that ends like it.
    """
    found: list[tuple[int, dict[str, Any]]] = []
    if pair := _same_phone(left, right):
        found.append((PHONE, _said("phone", *pair)))
    if shared := sorted(set(left.emails) & set(right.emails)):
        found.append((EMAIL, _said("email", shared[0], shared[0])))
    first, second = name_words(left.name), name_words(right.name)
    if first == second and is_full(first):
        city = normalised(left.city)
        if city and city == normalised(right.city):
            found.append((NAME_AND_CITY, _said("name", left.name, right.name)))
            found.append((0, _said("city", left.city, right.city)))
        elif not city or not right.city:
            found.append((NAME, _said("name", left.name, right.name)))
        else:  # one name in two towns is two people until something else speaks for it
            found.append((NAME - MORE - 1, _said("name", left.name, right.name)))
    same_phone = any(said["kind"] == "phone" for _points, said in found)
    if not same_phone and first & second and (pair := _same_ending(left, right)):
        found.append((ENDING, _said("ending", *pair)))
    if not found:
        return Likeness(0, [])
    found.sort(key=lambda each: -each[0])
    score = found[0][0] + MORE * len([points for points, _said_of in found[1:] if points])
    return Likeness(min(score, 100), [said for _points, said in found])


def with_told(alike: Likeness, told: list[dict[str, Any]]) -> Likeness:
    """The same rule once more, with what was told of the two."""
    points = sorted((alike.score, *(TOLD[said["kind"]] for said in told)), reverse=True)
    score = points[0] + MORE * len([each for each in points[1:] if each])
    return Likeness(min(score, 100), [*told, *alike.evidence])


def _same_phone(left: Person, right: Person) -> tuple[str, str] | None:
    known = {variant: phone for phone in right.phones for variant in phone_variants(phone)}
    return next(((phone, known[phone]) for phone in sorted(left.phones) if phone in known), None)


def _same_ending(left: Person, right: Person) -> tuple[str, str] | None:
    """Last digits alike in one country, and a word of the name too: an area code left out or mistyped."""
    known = {phone[-LAST:]: phone for phone in right.phones}
    for phone in sorted(left.phones):
        other = known.get(phone[-LAST:])
        if other and other[:3] == phone[:3]:
            return phone, other
    return None


def _said(kind: str, left: str, right: str) -> dict[str, Any]:
    return {"kind": kind, "left": left, "right": right}
