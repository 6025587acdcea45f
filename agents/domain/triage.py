"""Which agent of a channel takes a turn. Rules first; a model is asked only where they are unsure.

The one rule of who answers. Of the published agents that are switched on for the channel and on duty at that hour, in
the order of their priority (agents.services.hours), the first answers, alone and without triage, unless another of them
is a specialist. With specialists there is a front door: who has the specialty `reception`, else the first. Then

1. a request for a person wins over everything, and an emergency over the rest: both go to people, who of both together
   hear that it is an emergency;
2. the specialist of the subject takes the turn and keeps the chat until the subject clearly changes;
3. a clear subject without a specialist goes to the front door; a greeting or what nobody is sure of stays where the chat
   is, or begins at the front door; a thing that is only named ("precio") takes the chat from nobody by itself;
4. after HOPS changes of agent within a day people get the chat.

An agent that went off duty, was switched off or has no specialty (the front door excepted) takes no part.

Pure: everything that a decision was made from is in `Case`, so a stored one can be decided again.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from agents.domain.clauses import clauses, said
from agents.domain.handoff import wants_person
from agents.domain.triage_rules import RULES
from agents.domain.urgency import EMERGENCY, LEVELS, Urgency, assess

RECEPTION = "reception"
SPECIALTIES = (RECEPTION, "sales", "support", "booking", "billing", "urgency")
# subject → the specialties that deal with it, best first
SUBJECTS: dict[str, tuple[str, ...]] = {
    "person": (),
    "emergency": ("urgency",),
    "complaint": ("support",),
    "billing": ("billing",),
    "booking": ("booking",),
    "support": ("support",),
    "sales": ("sales",),
    "symptom": ("urgency", "booking"),
    "greeting": (),
    "other": (),
}
PEOPLES = frozenset({"person", "emergency"})  # subjects that no agent keeps
HOPS = 5
SURE = 0.6  # confidence below which a router's word changes nothing
ROUTER_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "intent": {"type": "string", "enum": list(SUBJECTS)},
        "urgency": {"type": "string", "enum": list(LEVELS)},
        "confidence": {"type": "number", "minimum": 0, "maximum": 1},
        "language": {"type": "string", "enum": ["es", "en", "pt", "other"]},
    },
    "required": ["intent", "urgency", "confidence", "language"],
    "additionalProperties": False,
}


@dataclass(frozen=True, slots=True)
class Reading:
    """What the rules understood. `sure` False: `subject` is the best guess, or empty. `hits` name the subjects found.

    `weak`: a thing of the subject was only named, which decides where a chat begins and moves none.
    """

    subject: str
    sure: bool
    hits: tuple[str, ...]
    urgency: Urgency
    weak: bool = False


@dataclass(frozen=True, slots=True)
class Seat:
    """An agent of the channel, as far as the choice needs it."""

    agent: str
    specialty: str
    front: bool = False


@dataclass(frozen=True, slots=True)
class Routed:
    """The router's typed answer."""

    intent: str
    urgency: str
    confidence: float
    language: str


@dataclass(frozen=True, slots=True)
class Case:
    """Everything a decision is made from. `current`: the agent that has the chat, "" when none has had it yet."""

    team: tuple[Seat, ...]
    current: str
    hops: int
    reading: Reading
    router: Routed | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """Who answers (`agent`), or that people do (`person`). `why` is a code of WHY; `hops` counts the changes with this one."""

    agent: str
    subject: str
    why: str
    hops: int
    person: bool = False


def read(texts: Sequence[str], *, watches: bool = True) -> Reading:
    """What a burst of messages asks for, by rules alone. `watches` False: nothing is judged urgent."""
    urgency = assess(texts) if watches else Urgency()
    if any(wants_person(text) for text in texts):
        return Reading("person", True, ("person",), urgency)
    if urgency.level == EMERGENCY:
        return Reading("emergency", True, ("emergency", *_hits(texts)), urgency)
    strong, weak = _found(texts)
    hits = tuple(dict.fromkeys((*strong, *weak)))
    if "complaint" in strong:
        return Reading("complaint", True, hits, urgency)
    for found in (strong, weak):
        subjects = [subject for subject in found if subject != "greeting"]
        if len(subjects) == 1:
            return Reading(subjects[0], True, hits, urgency, weak=found is weak)
        if subjects:
            return Reading(subjects[0], False, hits, urgency)
    if urgency.level in {"high", "normal"}:
        return Reading("symptom", True, (*hits, "symptom"), urgency)
    if "greeting" in hits and _only_greets(texts):
        return Reading("greeting", True, hits, urgency)
    return Reading("", False, hits, urgency)


def _hits(texts: Iterable[str]) -> tuple[str, ...]:
    strong, weak = _found(texts)
    return tuple(dict.fromkeys((*strong, *weak)))


def _found(texts: Iterable[str]) -> tuple[list[str], list[str]]:
    """Subjects asked for in so many words, and subjects that are only named."""
    strong: dict[str, None] = {}
    weak: dict[str, None] = {}
    for text in texts:
        for clause in clauses(text):
            for rule in RULES:
                if said(rule.strong, clause):
                    strong.setdefault(rule.subject)
                if said(rule.weak, clause):
                    weak.setdefault(rule.subject)
    return list(strong), list(weak)


_GREETS = re.compile(
    r"(?:hola+|buen(?:as|os|a)?(?: (?:dias?|tardes|noches))?|que tal|como (?:estas|andas|va|estan)|todo bien|saludos|hey|hi|hello|"
    r"good (?:morning|afternoon|evening)|how are you|gracias|muchas gracias|mil gracias|thanks|thank you|ok|dale|listo|perfecto|"
    r"genial|si|no|bueno|chau|adios|bye|great|yes|de nada|hasta luego|[ ,])+"
)


def _only_greets(texts: Iterable[str]) -> bool:
    return all(
        _GREETS.fullmatch(re.sub(r"[^\w ']+", " ", clause).strip()) for text in texts for clause in clauses(text)
    )


def decide(case: Case) -> Decision:
    """Who takes the turn. Total and deterministic: the same case gives the same decision."""
    front = next((seat.agent for seat in case.team if seat.front), case.team[0].agent if case.team else "")
    known = {seat.agent for seat in case.team}
    current = case.current if case.current in known else ""
    here, reading, router = current or front, case.reading, case.router
    if reading.subject in PEOPLES:
        return Decision(here, reading.subject, reading.subject, case.hops, person=True)
    if not specialised(case.team):
        return Decision(front, reading.subject, "alone", case.hops)
    subject, why = _subject(replace(reading, sure=_settled(case)), router)
    if subject in PEOPLES:
        return Decision(here, subject, f"router_{subject}", case.hops, person=True)
    if not subject or subject in {"greeting", "other"}:
        return Decision(here, subject or reading.subject, why if not subject else "stays", case.hops)
    seat = seat_for(subject, case.team)
    return _moved(case, subject, why, current, seat.agent if seat else front)


def _moved(case: Case, subject: str, why: str, current: str, target: str) -> Decision:
    if target == current:
        return Decision(target, subject, "same", case.hops)
    if not current:
        return Decision(target, subject, why, case.hops)
    if case.hops >= HOPS:
        return Decision(current, subject, "hops", case.hops, person=True)
    return Decision(target, subject, why, case.hops + 1)


def _subject(reading: Reading, router: Routed | None) -> tuple[str, str]:
    """The subject that may move the chat, and by whose word; empty when nobody is sure."""
    if reading.sure:
        return reading.subject, "rules"
    if router is None:
        return "", "unsure"
    if router.urgency == EMERGENCY:  # believed at any confidence: a person looks
        return "emergency", "router"
    if router.intent in PEOPLES and router.confidence >= SURE / 2:
        return router.intent, "router"
    if router.confidence < SURE:
        return "", "doubtful"
    return router.intent, "router"


def specialised(team: Sequence[Seat]) -> bool:
    """Whether there is anything to decide."""
    return len(team) > 1


def seat_for(subject: str, team: Sequence[Seat]) -> Seat | None:
    """The specialist of a subject: by the subject's order of specialties, then by the agents' own."""
    wanted = SUBJECTS.get(subject, ())
    return next((seat for each in wanted for seat in team if seat.specialty == each), None)


def needs_router(case: Case) -> bool:
    """Whether the one side call is worth it: specialists to choose from, and rules that do not know."""
    return specialised(case.team) and not _settled(case)


def _settled(case: Case) -> bool:
    """Whether the rules decide. A word that is only named takes the chat from no agent who has it."""
    reading = case.reading
    if not reading.sure or not reading.weak or case.current not in {seat.agent for seat in case.team}:
        return reading.sure
    seat = seat_for(reading.subject, case.team)
    return seat is not None and seat.agent == case.current


def seats(rows: Iterable[tuple[str, str]]) -> tuple[Seat, ...]:
    """(agent, specialty) in the order of who answers first → the team with its front door; one seat where nothing is to
    be decided, none where nobody answers."""
    listed = [(agent, specialty if specialty in SPECIALTIES else "") for agent, specialty in rows]
    if not listed:
        return ()
    door = next((agent for agent, specialty in listed if specialty == RECEPTION), listed[0][0])
    if not any(specialty not in ("", RECEPTION) for agent, specialty in listed if agent != door):
        return (Seat(*listed[0], front=True),)
    return tuple(
        Seat(agent, specialty, front=agent == door) for agent, specialty in listed if specialty or agent == door
    )


def stored(case: Case, decision: Decision) -> dict[str, Any]:
    """As JSON for the run; holds codes and ids, never a word of the customer."""
    reading, router = case.reading, case.router
    return {
        "team": [{"agent": seat.agent, "specialty": seat.specialty, "front": seat.front} for seat in case.team],
        "current": case.current,
        "hops": case.hops,
        "rules": {
            "subject": reading.subject,
            "sure": reading.sure,
            "hits": list(reading.hits),
            "weak": reading.weak,
            "urgency": reading.urgency.level,
            "urgency_hits": list(reading.urgency.hits),
        },
        "router": {
            "intent": router.intent,
            "urgency": router.urgency,
            "confidence": router.confidence,
            "language": router.language,
        }
        if router
        else None,
        "decision": as_json(decision),
    }


def as_json(decision: Decision) -> dict[str, Any]:
    """The decision as it stands on the run."""
    return {
        "agent": decision.agent,
        "subject": decision.subject,
        "why": decision.why,
        "hops": decision.hops,
        "person": decision.person,
    }


def again(told: Mapping[str, Any]) -> Decision:
    """The decision made anew from what a run kept. Raises KeyError or TypeError for what is no such record."""
    rules, router = told["rules"], told["router"]
    reading = Reading(
        rules["subject"],
        rules["sure"],
        tuple(rules["hits"]),
        Urgency(rules["urgency"], tuple(rules["urgency_hits"])),
        weak=rules.get("weak", False),  # runs from before it was kept have none
    )
    team = tuple(Seat(seat["agent"], seat["specialty"], seat["front"]) for seat in told["team"])
    return decide(Case(team, told["current"], told["hops"], reading, Routed(**router) if router else None))
