"""The truth gate: a sentence that claims an act needs the receipt of that act from the same turn.

It reads what is about to be said, sentence by sentence. Questions, offers, promises, negations and
conditions are not claims. What it finds wrong is given back to the model once, then to a person.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from agents.domain.claim_patterns import CLAIM_KINDS, NOT_A_CLAIM_BEFORE, NOT_A_CLAIM_INSIDE, REFERS_BACK, ClaimKind
from agents.domain.readings import plain

Action = Literal["pass", "retry", "replace"]


@dataclass(frozen=True, slots=True)
class Claim:
    """A claimed act: its kind, the sentence as it was written, and the receipt kinds that would cover it."""

    kind: str
    sentence: str
    needs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Truth:
    """`pass`, `retry` (tell the model which `unproven` claims it made) or `replace` (a person takes over)."""

    action: Action
    claims: tuple[Claim, ...]
    unproven: tuple[Claim, ...]


def judge(text: str, *, receipts: Collection[str], attempt: int = 1) -> Truth:
    """Decide over a reply. `receipts` are the kinds of the acts that succeeded in this turn."""
    claims = claims_in(text)
    unproven = tuple(claim for claim in claims if not set(claim.needs) & set(receipts))
    if not unproven:
        return Truth("pass", claims, ())
    return Truth("retry" if attempt == 1 else "replace", claims, unproven)


def claims_in(text: str) -> tuple[Claim, ...]:
    """Every claim of a text, one per kind and sentence."""
    found: list[Claim] = []
    for sentence in _sentences(text):
        reading = plain(sentence).replace("\n", " ").replace("’", "'")
        for kind in CLAIM_KINDS:
            if _claims(kind, reading):
                found.append(Claim(kind.name, sentence, tuple(sorted(kind.receipts))))
    return tuple(found)


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
