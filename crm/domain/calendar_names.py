"""Whose calendar it is, by its name: `Agenda Dra. Ana Paz` is Ana Paz's. Only when exactly one fits."""

from collections.abc import Callable, Hashable, Mapping
from typing import TypeVar

from crm.domain.names import is_full, name_words

Words = frozenset[str]
#: What people write around a name.
AROUND = frozenset(
    {"agenda", "calendario", "calendar", "citas", "turnos", "horarios", "consultorio", "reuniones", "appointments"}
    | {"schedule", "bookings", "meetings", "trabajo", "work", "mr", "mrs", "ms", "s"}
    | {"doctor", "doctora", "profesor", "profesora", "odontologo", "odontologa", "licenciado", "licenciada"}
    | {"ingeniero", "ingeniera"}
)

Calendar = TypeVar("Calendar", bound=Hashable)
Person = TypeVar("Person", bound=Hashable)


def person_words(name: str) -> Words:
    """The words that tell whose it is: no titles, no case, no accents, no order, no "agenda de"."""
    return name_words(name) - AROUND


def matches(calendars: Mapping[Calendar, str], people: Mapping[Person, str]) -> dict[Calendar, Person]:
    """calendar → person, where the names say so and neither of both fits another one.

    First those of the same words; then, among the rest, one name within the other when both have two words or more
    ("Ana María Paz" and "Ana Paz").
    """
    found: dict[Calendar, Person] = {}
    for fits in (_same, _within):
        left = {key: person_words(name) for key, name in calendars.items() if key not in found}
        free = {key: person_words(name) for key, name in people.items() if key not in found.values()}
        found |= _pairs(left, free, fits)
    return found


def _pairs(
    calendars: Mapping[Calendar, Words], people: Mapping[Person, Words], fits: Callable[[Words, Words], bool]
) -> dict[Calendar, Person]:
    wanted = [(key, person) for key, words in calendars.items() for person, own in people.items() if fits(words, own)]
    keys, owners = [key for key, _person in wanted], [person for _key, person in wanted]
    return {key: person for key, person in wanted if keys.count(key) == 1 and owners.count(person) == 1}


def _same(one: Words, other: Words) -> bool:
    return bool(one) and one == other


def _within(one: Words, other: Words) -> bool:
    return is_full(one) and is_full(other) and (one <= other or other <= one)
