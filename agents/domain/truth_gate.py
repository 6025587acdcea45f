"""The truth gate: a sentence that claims an act needs the receipt of that act from the same turn.

It reads what is about to be said, sentence by sentence. Questions, offers, promises, negations and
conditions are not claims. A claim about an appointment also has to agree with what the act gave: another hour, another
day or somebody else's name is as untrue as no act. What it finds wrong is given back to the model once, then to a person.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from agents.domain.claim_patterns import (
    CLAIM_KINDS,
    NOT_A_CLAIM_BEFORE,
    NOT_A_CLAIM_INSIDE,
    REFERS_BACK,
    STATES,
    ClaimKind,
)
from agents.domain.readings import plain

Action = Literal["pass", "retry", "replace"]
_CLOCK = re.compile(
    r"\b(?:a las?|at|las) (?P<a>\d{1,2})(?:[:.](?P<am>\d\d))?\b|\b(?P<b>\d{1,2}):(?P<bm>\d\d)\b|"
    r"\b(?P<c>\d{1,2}) ?(?:hs|hrs|horas|am|pm|a\.m|p\.m)\b"
)
_WEEKDAYS = {
    word: number
    for words in (
        "lunes martes miercoles jueves viernes sabado domingo",
        "monday tuesday wednesday thursday friday saturday sunday",
    )
    for number, word in enumerate(words.split())
}
_DAYS = {"hoy", "manana", "today", "tomorrow", "pasado", "this", "next", "your", "tu", "su"}
# "La cita de Marta", "Marta's appointment": whose it is said to be. Months, days and the like are written small.
_OWNER = re.compile(
    r"\b(?:turno|cita|reserva|reunión|visita|consulta|lugar|appointment|booking|visit|slot) (?:de|of) "
    r"(?:la señora |el señor )?([A-ZÁÉÍÓÚÑ][\wáéíóúñ]+)|"
    r"\b([A-ZÁÉÍÓÚÑ][\wáéíóúñ]+)['’]s (?:appointment|booking|visit|slot|turn|reservation)\b"
)
# "Sí, te agendé" reads as "si" without its accent, which would make it a condition.
_YES = re.compile(r"\bsí\b|\bsi(?=,)", re.IGNORECASE)
_DENIED = re.compile(
    r"\b(?:no|not|sin|never|nunca|aun|yet|to be|por ser|sera|pendiente|if|si|cuando|when)\b|n't\b|_not_"
)


@dataclass(frozen=True, slots=True)
class Claim:
    """A claimed act: its kind, the sentence as it was written, and the receipt kinds that would cover it.

    `state`: it says how something stands.
    """

    kind: str
    sentence: str
    needs: tuple[str, ...]
    state: bool = False


@dataclass(frozen=True, slots=True)
class Truth:
    """`pass`, `retry` (tell the model which `unproven` claims it made) or `replace` (a person takes over)."""

    action: Action
    claims: tuple[Claim, ...]
    unproven: tuple[Claim, ...]


def judge(
    text: str,
    *,
    receipts: Collection[str],
    attempt: int = 1,
    proof: str = "",
    told: Collection[str] = (),
    doubted: Collection[str] = (),
) -> Truth:
    """Decide over a reply. `receipts` are the kinds of the acts that succeeded in this turn, `proof` what they gave.

    `told`: short values that tools gave in this turn, which prove how things stand. `doubted`: what was looked up in this
    turn without success: nothing may be said of it as known.
    """
    claims = claims_in(text, doubted=doubted)
    unproven = tuple(
        claim
        for claim in claims
        if not (set(claim.needs) & set(receipts) or (claim.state and _was_told(claim, told)))
        or (proof and not _agrees(claim, proof))
    )
    if not unproven:
        return Truth("pass", claims, ())
    return Truth("retry" if attempt == 1 else "replace", claims, unproven)


def claims_in(text: str, *, doubted: Collection[str] = ()) -> tuple[Claim, ...]:
    """Every claim of a text, one per kind and sentence."""
    found: list[Claim] = []
    for sentence in _sentences(text):
        reading = plain(_YES.sub("ok", sentence)).replace("\n", " ").replace("’", "'")
        for kind in CLAIM_KINDS:
            if (not kind.doubt or kind.name in doubted) and _claims(kind, reading):
                found.append(Claim(kind.name, sentence, tuple(sorted(kind.receipts)), kind.state))
    return tuple(found)


def _was_told(claim: Claim, told: Collection[str]) -> bool:
    """Whether tools told the state that is claimed, not denied, and every number of the sentence."""
    said, lines = plain(claim.sentence), [plain(line) for line in told]
    numbers = set(re.findall(r"\d+", " ".join(lines)))
    if not {each for each in re.findall(r"\d+", said) if len(each) > 2} <= numbers:
        return False
    named = [state for state in STATES if _state(state).search(said)]
    return bool(named) and all(any(_stands(state, line) for line in lines) for state in named)


def _state(words: Collection[str]) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, sorted(words)))})(?:[oa]s?)?\b")


def _stands(words: Collection[str], line: str) -> bool:
    found = _state(words).search(line)
    return found is not None and not _DENIED.search(line[: found.start()])


def _agrees(claim: Claim, proof: str) -> bool:
    """Whether an appointment that is claimed has an hour, a day and a name that the act gave, as far as it has any."""
    if not claim.kind.startswith("booking"):
        return True
    said, given = plain(claim.sentence), plain(proof)
    for read in (_clocks, _weekdays):
        if (named := read(said)) and (known := read(given)) and not named & known:
            return False
    owners = {plain(name) for pair in _OWNER.findall(claim.sentence) for name in pair if name} - set(_WEEKDAYS) - _DAYS
    return all(re.search(rf"\b{re.escape(owner)}\b", given) for owner in owners)


def _clocks(reading: str) -> set[tuple[int, int]]:
    """Clock times on a face of twelve hours: people say 3 for 15:00."""
    return {
        (int(match["a"] or match["b"] or match["c"]) % 12, int(match["am"] or match["bm"] or 0))
        for match in _CLOCK.finditer(reading)
    }


def _weekdays(reading: str) -> set[int]:
    return {_WEEKDAYS[word] for word in re.findall(r"[a-z]+", reading) if word in _WEEKDAYS}


def _sentences(text: str) -> list[str]:
    """Sentences with their final mark; an opening question mark starts a new one."""
    parted = re.sub(r"(¿)", r"\n\1", text)
    pieces = re.findall(r"[^.!?\n…]+(?:[.](?=\d)[^.!?\n…]*)*[.!?…]*", parted)
    return [piece.strip() for piece in pieces if piece.strip()]


def _claims(kind: ClaimKind, reading: str) -> bool:
    asked = reading.rstrip().endswith("?")
    # A sentence that opens as a question is one to its end; otherwise only its last clause asks.
    if asked and (reading.startswith("¿") or not re.search(r"[,;:] ?\S", reading)):
        return False
    told = re.sub(r"[,;:][^,;:]*\?$", "", reading) if asked else reading
    told = re.sub(r"\s+", " ", told).strip(" *_-•\"'¡")
    # Quotations and addresses are somebody else's words; "the link: https://…" is sent by being written.
    if kind.name == "sending" and (re.search(r"https?://|www\.", told) or REFERS_BACK.search(told)):
        return False
    matches = (match for pattern in kind.patterns for match in pattern.finditer(told))
    return any(not _undone(told, match.start()) and not NOT_A_CLAIM_INSIDE.search(match.group()) for match in matches)


def _undone(told: str, start: int) -> bool:
    """True when what stands before the words makes them no claim."""
    # The match may begin with the comma that starts its clause: conditions reach over it, the rest does not.
    before = told[:start].rstrip(" ,;:")
    clause = re.split(r"[,;:]", before)[-1] if told[start : start + 1] not in ",;:" else ""
    here = re.match(r"[,;: ]*(?:\S+ ){0,2}", told[start:])
    opening = f"{clause} {here.group() if here else ''}"
    if any(pattern.search(clause.strip()) for pattern in NOT_A_CLAIM_BEFORE if clause.strip()):
        return True
    if re.search(r"^[,;: ]*(?:si|cuando|if|when|once|no|not)\b", opening.strip()):
        return True
    condition = re.match(r"(?:si|cuando|una vez que|en cuanto|apenas|if|when|once|as soon as)\b", before)
    return bool(condition)
