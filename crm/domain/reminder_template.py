"""How a company writes down its reminder template: the approved name, its data and its buttons, in their order.

"recordatorio_cita {{nombre}} {{fecha}} {{hora}} [confirmar] [mover] [cancelar]". Pure.
"""

import re
from dataclasses import dataclass

NAMES = ("nombre", "fecha", "hora", "servicio", "vendedor", "lugar", "empresa")
CONFIRM, MOVE, CANCEL = ACTS = ("confirmar", "mover", "cancelar")

_NAME = re.compile(r"[a-z0-9_]{1,512}")
_PART = re.compile(r"\{\{\s*(\w+)\s*\}\}|\[\s*(\w+)\s*\]")
_PAYLOAD = re.compile(r"cita:(confirmar|mover|cancelar):([0-9a-fA-F-]{32,36})")
_CONFIRMING = frozenset(
    ("confirmo", "confirmar", "confirmado", "confirmada", "si confirmo", "sí confirmo", "confirm", "yes confirm")
)
_CANCELLING = frozenset(("cancelar", "cancelar cita", "cancelar la cita", "cancel", "cancel appointment"))


@dataclass(frozen=True, slots=True)
class Written:
    """`data`: the names of what fills {{1}}, {{2}}…; `buttons`: what each quick reply does, in the template's order."""

    name: str
    data: tuple[str, ...]
    buttons: tuple[str, ...]


def read(text: str) -> Written | None:
    """None when it is empty or not written so."""
    name, _space, rest = text.strip().partition(" ")
    found = _PART.findall(rest)
    data = tuple(each.casefold() for each, _button in found if each)
    buttons = tuple(each.casefold() for _name, each in found if each)
    known = set(data) <= set(NAMES) and set(buttons) <= set(ACTS) and len(set(buttons)) == len(buttons)
    if not known or not _NAME.fullmatch(name) or _PART.sub("", rest).strip():
        return None
    return Written(name, data, buttons)


def payload(act: str, appointment: object) -> str:
    """What a button sends back."""
    return f"cita:{act}:{appointment}"


def answer(payload: str) -> tuple[str, str] | None:
    """(act, the appointment's id) of a button's payload."""
    found = _PAYLOAD.fullmatch(payload.strip())
    return (found[1], found[2]) if found else None


def spoken(text: str, *, pressed: bool) -> str:
    """The act that these words alone ask for, "" for none. To cancel takes a button: typed, it may mean anything."""
    words = " ".join("".join(each if each.isalnum() else " " for each in text.casefold()).split())
    if words in _CONFIRMING:
        return CONFIRM
    return CANCEL if pressed and words in _CANCELLING else ""
