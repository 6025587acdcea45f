"""Who of a rule gets a lead. Pure: facts come in, a choice with its reason goes out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from math import floor
from typing import Any
from uuid import UUID

from crm.domain.search import normalised
from crm.domain.specialty import spoken_of, values_of

FEWEST_CLOSED = 5  # closed leads below which a rate says nothing
MOST_COVERS = 5  # hops from an absent one to whoever covers

FIELDS = frozenset({"pipeline", "source", "channel", "tag", "city", "interest", "value_min", "value_max"})
CUSTOM = "custom."


@dataclass(frozen=True)
class LeadFacts:
    """What rules ask of a lead. `pipeline` is an id as text."""

    pipeline: str = ""
    source: str = ""
    city: str = ""
    interest: str = ""
    needs: str = ""
    value: Decimal | None = None
    tags: tuple[str, ...] = ()
    custom: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Candidate:
    """A seller, as things stand now. `full`: holds as many open leads as they may. `cover` stands in while absent."""

    seller: UUID
    name: str = ""
    active: bool = True
    on_time: bool = True
    absent: bool = False
    full: bool = False
    cover: UUID | None = None
    open_leads: int = 0
    won: int = 0  # of the closed ones
    closed: int = 0
    specialties: tuple[str, ...] = ()

    @property
    def out(self) -> str:
        """Why they get nothing now; empty when they can."""
        if not self.active:
            return "inactive"
        if self.absent:
            return "absent"
        if not self.on_time:
            return "off_hours"
        return "full" if self.full else ""


@dataclass(frozen=True)
class Turn:
    """A place in a rule: whose, how heavy, how many leads it brought so far."""

    seller: UUID
    position: int = 0
    weight: int = 1
    given: int = 0

    @property
    def share(self) -> Fraction:
        return Fraction(self.given, self.weight)


@dataclass(frozen=True)
class Choice:
    """Who gets it, on whose turn (another one's when they cover), and why."""

    seller: UUID
    turn: UUID
    reason: dict[str, Any]


@dataclass(frozen=True)
class Nobody:
    """Nobody of the rule can take it now."""

    reason: dict[str, Any]


@dataclass(frozen=True)
class _Able:
    turn: Turn
    taker: Candidate


# --- does the rule speak of this lead? ------------------------------------------------------------------------
def unknown(filters: Mapping[str, object]) -> list[str]:
    """Names of conditions that do not exist."""
    return sorted(name for name in filters if name not in FIELDS and not (name.startswith(CUSTOM) and name[7:]))


def fits(filters: Mapping[str, object], lead: LeadFacts) -> bool:
    """All conditions hold; of a condition with several values one is enough. An unknown condition fits nothing."""
    return all(_holds(name, wanted, lead) for name, wanted in filters.items() if wanted not in ("", None, []))


def _holds(name: str, wanted: object, lead: LeadFacts) -> bool:
    if name in ("value_min", "value_max"):
        limit = amount(wanted)
        if limit is None or lead.value is None:
            return False
        return lead.value >= limit if name == "value_min" else lead.value <= limit
    several = wanted if isinstance(wanted, list | tuple) else [wanted]
    return bool({_same(each) for each in several} & {_same(each) for each in _said(name, lead)})


def _said(name: str, lead: LeadFacts) -> Sequence[object]:
    if name.startswith(CUSTOM):
        value = lead.custom.get(name[len(CUSTOM) :])
        return value if isinstance(value, list) else [] if value is None else [value]
    known: dict[str, Sequence[object]] = {
        "pipeline": [lead.pipeline],
        "source": [lead.source],
        "channel": [lead.source],
        "city": [lead.city],
        "interest": [lead.interest],
        "tag": lead.tags,
    }
    return [each for each in known.get(name, ()) if each]


def amount(value: object) -> Decimal | None:
    """A limit of value; None for what is no number."""
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def _same(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else normalised(str(value))


# --- who of the rule? -----------------------------------------------------------------------------------------
def choose(strategy: str, turns: Sequence[Turn], people: Mapping[UUID, Candidate], lead: LeadFacts) -> Choice | Nobody:
    """`people` holds everybody of the rule and whoever covers for them.

    Whatever the strategy, a tie goes to whose turn it is: who received least for their weight, then the order of the rule.
    """
    able = [_Able(turn, taker) for turn in turns if (taker := _taker(people, turn.seller)) is not None]
    if not able:
        return Nobody({"code": "nobody", "why": _why_not(turns, people)})
    found, reason = STRATEGIES.get(strategy, _by_turn)(able, lead)
    if found.taker.seller != found.turn.seller:
        reason["covers"] = people[found.turn.seller].name
    return Choice(found.taker.seller, found.turn.seller, reason | {"of": len(turns), "able": len(able)})


def counts_after(turns: Sequence[Turn], people: Mapping[UUID, Candidate], choice: Choice) -> dict[UUID, int]:
    """The `given` that change: one more for the chosen turn, and those who cannot take anything now keep pace, so that
    whoever comes back is not flooded with what they missed.
    """
    working = [turn.share for turn in turns if _taker(people, turn.seller) is not None]
    pace = min(working, default=Fraction(0))
    changed = {}
    for turn in turns:
        if turn.seller == choice.turn:
            changed[turn.seller] = turn.given + 1
        elif _taker(people, turn.seller) is None and turn.share < pace:
            kept = max(turn.given, floor(pace * turn.weight))
            if kept != turn.given:
                changed[turn.seller] = kept
    return changed


def joining(turns: Sequence[Turn], weight: int) -> int:
    """What a seller who joins a rule counts as having received: as much as whoever received least."""
    return floor(min((turn.share for turn in turns), default=Fraction(0)) * weight)


def _taker(people: Mapping[UUID, Candidate], seller: UUID) -> Candidate | None:
    """The seller, or whoever covers while they are absent; None when nobody can take it."""
    person = people.get(seller)
    for _hop in range(MOST_COVERS):
        if person is None or not person.out:
            return person
        if person.out != "absent" or person.cover is None:
            return None
        person = people.get(person.cover)
    return None


def _why_not(turns: Sequence[Turn], people: Mapping[UUID, Candidate]) -> dict[str, int]:
    """Reason → how many; empty for a rule without sellers."""
    counted: dict[str, int] = {}
    for turn in turns:
        person = people.get(turn.seller)
        if person is not None and person.out:
            counted[person.out] = counted.get(person.out, 0) + 1
    return counted


def _next(able: Sequence[_Able]) -> _Able:
    return min(able, key=lambda each: (each.turn.share, each.turn.position, str(each.turn.seller)))


def _by_turn(able: Sequence[_Able], _lead: LeadFacts) -> tuple[_Able, dict[str, Any]]:
    return _next(able), {"code": "turn"}


def _by_load(able: Sequence[_Able], _lead: LeadFacts) -> tuple[_Able, dict[str, Any]]:
    least = min(Fraction(each.taker.open_leads, each.turn.weight) for each in able)
    found = _next([each for each in able if Fraction(each.taker.open_leads, each.turn.weight) == least])
    return found, {"code": "load", "open": found.taker.open_leads}


def _by_sales(able: Sequence[_Able], lead: LeadFacts) -> tuple[_Able, dict[str, Any]]:
    known = [each for each in able if each.taker.closed >= FEWEST_CLOSED]
    if not known:
        found, _reason = _by_turn(able, lead)
        return found, {"code": "no_sales"}
    # One more won and one more lost for everybody: five of five say less than ninety of a hundred.
    rates = {each.turn.seller: Fraction(each.taker.won + 1, each.taker.closed + 2) for each in known}
    best = max(rates.values())
    found = _next([each for each in known if rates[each.turn.seller] == best])
    return found, {"code": "sales", "won": found.taker.won, "closed": found.taker.closed}


def _by_specialty(able: Sequence[_Able], lead: LeadFacts) -> tuple[_Able, dict[str, Any]]:
    labels = [*lead.tags, lead.source, *values_of(lead.custom)]
    shared = {each.turn.seller: spoken_of(each.taker.specialties, labels, [lead.needs, *labels]) for each in able}
    most = max(map(len, shared.values()))
    if not most:
        found, _reason = _by_turn(able, lead)
        return found, {"code": "no_specialty"}
    found = _next([each for each in able if len(shared[each.turn.seller]) == most])
    return found, {"code": "specialty", "words": shared[found.turn.seller]}


STRATEGIES: dict[str, Callable[[Sequence[_Able], LeadFacts], tuple[_Able, dict[str, Any]]]] = {
    "round_robin": _by_turn,
    "load": _by_load,
    "performance": _by_sales,
    "specialty": _by_specialty,
}
