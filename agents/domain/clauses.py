"""What a sentence says and what it only mentions: clauses, and the words that turn a hit around.

"No tengo fiebre", "¿atienden emergencias?" and "el año pasado me sangraba" hold the words of an emergency and are
none; "no quiero un turno" asks for no appointment. Rules of this package match within one clause and ask here.
"""

import re
from collections.abc import Iterable, Iterator

from agents.domain.readings import plain

# What begins a clause of its own after a comma or an "and": so a denial before it does not reach it.
_NEW = (
    r"(?:yo |i |it |he |she |my |mi )?(?:no|don'?t|me|le|se|es|tengo|tiene|estoy|esta|siento|hay|quiero|necesito|quisiera|queria|"
    r"puedo|si|hoy|ahora|i'm|i|have|has|want|need|can|could|is|are|my|the|it|how|what|when|today|now|cuanto|cuando|donde|como)\b"
)
_SPLIT = re.compile(
    r"[.!?¿¡;:\n()]+|,? ?\b(?:pero|aunque|sino|sin embargo|ademas|but|although|however|also)\b,?|(?:, ?(?:y |and )?| y | and )(?="
    + _NEW
    + r")"
)
_DENIAL = (
    r"(?:no(?! (?:se\b(?! (?:me|le))|puedo|pude|puede|aguanto|doy|soporto|banco|entiendo|funciona|llego|para|paran|deja|logro|me "
    r"(?:funciona|anda|deja|llego|llega|respond|contest)|tengo (?:turno|cita|obra|plata|como)))|nunca|jamas|tampoco|ni|sin|"
    r"not|never|without|neither|nor|don'?t(?! (?:know|understand))|doesn'?t(?! stop)|didn'?t|isn'?t|aren'?t|wasn'?t|haven'?t|hasn'?t)"
)
# Up to four words may stand between the denial and what it denies; a list ("ni fiebre, ni dolor, ni …") is denied whole.
_BEFORE = re.compile(rf"\b{_DENIAL}\b(?: [\w'/]+){{0,4}} ?$")
_DENIED = re.compile(rf"\b{_DENIAL}\b")
_LIST = re.compile(rf"\b{_DENIAL}\b[^,]*(?:, [\w' ]+)*(?:,| ni| y| o| or| and| nor) $")


_SENTENCES = re.compile(r"[.!?¿¡;\n]+|\b(?:pero|aunque|but|although|however)\b")


def sentences(text: str) -> Iterator[str]:
    """Whole sentences in the plain reading: for what takes two clauses to say."""
    yield from _pieces(_SENTENCES, text)


def clauses(text: str) -> Iterator[str]:
    """The clauses of a text in the plain reading, without those that hold no word."""
    yield from _pieces(_SPLIT, text)


def _pieces(split: re.Pattern[str], text: str) -> Iterator[str]:
    for piece in split.split(plain(text).replace("’", "'")):
        bare = " ".join((piece or "").split()).strip(" ,:")
        if re.search(r"\w", bare):
            yield bare


def denied(clause: str, start: int) -> bool:
    """Whether what begins at `start` is denied by the words before it."""
    before = clause[:start]
    return bool(_BEFORE.search(before) or _LIST.search(before))


def said(patterns: Iterable[re.Pattern[str]], clause: str, *, whole: bool = False) -> str:
    """The first words of the clause that one of the patterns finds and that nothing denies; empty when there are none.

    `whole`: of a sentence with several clauses, so a denial may stand between what was found too.
    """
    for pattern in patterns:
        for match in pattern.finditer(clause):
            if not denied(clause, match.start()) and not (whole and _DENIED.search(match.group())):
                return match.group()
    return ""
