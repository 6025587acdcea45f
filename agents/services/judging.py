"""Whether a chat of a test went as it should. Decided by rules: the same chat always gets the same verdict."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from agents.domain.readings import plain
from agents.domain.truth_gate import claims_in

ANSWERED, HANDED_OFF, FAILED, BLOCKED = "answered", "handed_off", "failed", "blocked"
ENDS = (ANSWERED, HANDED_OFF)


@dataclass(frozen=True, slots=True)
class Call:
    """One use of a tool: whether it was done, and why not."""

    tool: str
    ok: bool
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class Turn:
    """What came of one line of the customer. `end`: answered, handed_off, failed (no answer) or blocked (held back).

    `receipts` are the kinds of what was proven in this turn, `labels` name tools for people.
    """

    reply: str
    calls: tuple[Call, ...]
    end: str
    receipts: frozenset[str] = frozenset()
    error: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """`turn` from one; zero when it is about the whole chat. `unknown`: it could not be tried, which proves nothing."""

    kind: str
    text: str
    turn: int = 0

    def as_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "text": self.text, "turn": self.turn}


def judge(expects: Mapping[str, Any], turns: Sequence[Turn], labels: Mapping[str, str]) -> list[Failure]:
    """What went otherwise than expected; empty when the case passed."""
    broken = _unanswered(turns, expects)
    found = [*broken, *_about_tools(expects, turns, labels), *_about_words(expects, turns), *_about_claims(turns)]
    ends = str(expects.get("ends") or "")
    # Held back means that a customer would have got a person.
    end = {BLOCKED: HANDED_OFF}.get(turns[-1].end, turns[-1].end) if turns else ""
    if ends and not broken and turns and end != ends:
        words = {
            ANSWERED: _("Tenía que contestar la IA y el chat pasó a una persona."),
            HANDED_OFF: _("Tenía que pasar a una persona y contestó la IA."),
        }
        found.append(Failure("ends", words[ends], len(turns)))
    return found


def is_unknown(failures: Sequence[Mapping[str, Any]]) -> bool:
    """Whether it could not be tried at all: the model gave no answer."""
    return any(each.get("kind") == "error" for each in failures)


def _unanswered(turns: Sequence[Turn], expects: Mapping[str, Any]) -> list[Failure]:
    found = []
    for number, turn in enumerate(turns, 1):
        if turn.end == FAILED:
            words = _("No hubo respuesta: %(error)s") % {"error": turn.error or _("sin detalle")}
            found.append(Failure("error", words, number))
        elif turn.end == BLOCKED and expects.get("ends") != HANDED_OFF:
            why = turn.error or _("el mensaje parece un intento de manipular a la IA")
            found.append(Failure("withheld", _("La respuesta se frenó: %(why)s") % {"why": why}, number))
    return found


def _about_tools(expects: Mapping[str, Any], turns: Sequence[Turn], labels: Mapping[str, str]) -> list[Failure]:
    calls = [(number, call) for number, turn in enumerate(turns, 1) for call in turn.calls]
    found = []
    for tool in expects.get("calls") or []:
        if any(call.tool == tool and call.ok for _number, call in calls):
            continue
        refused = next((each for each in calls if each[1].tool == tool), None)
        names = {"tool": labels.get(tool, tool)}
        if refused is None:
            found.append(Failure("calls", _("No usó «%(tool)s».") % names))
        else:
            words = _("«%(tool)s» no se hizo: %(why)s") % {**names, "why": refused[1].refusal or _("sin detalle")}
            found.append(Failure("calls", words, refused[0]))
    for tool in expects.get("avoids") or []:
        used = next((number for number, call in calls if call.tool == tool), 0)
        if used:
            found.append(Failure("avoids", _("Usó «%(tool)s» y no debía.") % {"tool": labels.get(tool, tool)}, used))
    return found


def _about_words(expects: Mapping[str, Any], turns: Sequence[Turn]) -> list[Failure]:
    """Without regard to accents, case and spaces."""
    said = [_reading(turn.reply) for turn in turns]
    found = []
    for text in expects.get("says") or []:
        if not any(_reading(text) in each for each in said):
            found.append(Failure("says", _("Nunca dijo «%(text)s».") % {"text": text}))
    for text in expects.get("never_says") or []:
        number = next((number for number, each in enumerate(said, 1) if _reading(text) in each), 0)
        if number:
            found.append(Failure("never_says", _("Dijo «%(text)s» y no debía.") % {"text": text}, number))
    return found


def _about_claims(turns: Sequence[Turn]) -> list[Failure]:
    """The truth gate held already; this says the same of whatever got past it."""
    found = []
    for number, turn in enumerate(turns, 1):
        for claim in claims_in(turn.reply):
            if not set(claim.needs) & turn.receipts:
                words = _("Afirmó algo que no se hizo: «%(text)s»") % {"text": claim.sentence[:160]}
                found.append(Failure("claim", words, number))
    return found


def _reading(text: str) -> str:
    return " ".join(plain(text).split())
