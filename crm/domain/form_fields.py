"""What a form asks for, and reading it out of whatever another system sends."""

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

BUILT_IN = ("name", "phone", "email", "city", "message")
EXTERNAL_ID = "external_id"
CONSENT = "consent"
OWN = re.compile(r"(contact|lead)\.([a-z0-9][a-z0-9_-]{0,39})")
PATH = re.compile(r"[^\x00-\x1f]{1,200}")
# What other systems call these things, looked for at the top of their message when no mapping says otherwise.
ALIASES: dict[str, tuple[str, ...]] = {
    "name": ("name", "nombre", "full_name", "fullname", "nombre_completo"),
    "phone": ("phone", "telefono", "teléfono", "phone_number", "celular", "whatsapp", "mobile", "tel"),
    "email": ("email", "correo", "mail", "e-mail", "email_address"),
    "city": ("city", "ciudad", "localidad"),
    "message": ("message", "mensaje", "comentario", "comentarios", "comments", "consulta"),
    EXTERNAL_ID: ("external_id", "id", "lead_id", "submission_id"),
}
LAST_NAMES = ("last_name", "lastname", "apellido")
FIRST_NAMES = ("first_name", "firstname")
LONGEST_MESSAGE = 4000
LONGEST_VALUE = 2000
MOST_VALUES = 200
DEEPEST = 8
MASK = "…"
_SECRET = re.compile(
    r"pass|secret|token|authori[sz]ation|api[_-]?key|clave|contrase|cvv|cvc|card|tarjeta|iban|cbu", re.I
)
MISSING = object()


def own_field(name: str) -> tuple[str, str] | None:
    """("lead", "zona") of "lead.zona": a field of the company's own; None for any other name."""
    found = OWN.fullmatch(name)
    return (found[1], found[2]) if found else None


def is_name(name: object) -> bool:
    """Whether a form may ask for something of this name."""
    return isinstance(name, str) and (name in (*BUILT_IN, EXTERNAL_ID, CONSENT) or own_field(name) is not None)


def at(payload: Any, path: str) -> Any:
    """What lies at "data.contacts.0.phone"; MISSING when nothing does. A key with dots in it is found as it is."""
    here = payload
    if isinstance(here, Mapping) and path in here:
        return here[path]
    for part in path.split("."):
        if isinstance(here, Mapping) and part in here:
            here = here[part]
        elif (
            isinstance(here, Sequence) and not isinstance(here, str) and part.isdecimal() and int(part[:6]) < len(here)
        ):
            here = here[int(part[:6])]
        else:
            return MISSING
    return here


def mapped(payload: Any, mapping: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Our names → what the message says, by the mapping [{"name", "path"}], else by the usual names."""
    found: dict[str, Any] = {}
    for each in mapping:
        value = _said(payload, each)
        if value is not MISSING and value is not None:
            found[str(each["name"])] = value
    if isinstance(payload, Mapping):
        told = {str(each["name"]) for each in mapping if each.get("path")}
        for name, value in _usual(payload).items():
            if name not in told:
                found.setdefault(name, value)
    return found


def _said(payload: Any, each: Mapping[str, Any]) -> Any:
    """At its path; a field of the company's own without one, under its name or its key."""
    path = each.get("path")
    if isinstance(path, str) and path:
        return at(payload, path)
    own = own_field(str(each["name"]))
    if own is None or not isinstance(payload, Mapping):
        return MISSING
    return payload.get(f"{own[0]}.{own[1]}", payload.get(own[1], MISSING))


def _usual(payload: Mapping[str, Any]) -> dict[str, Any]:
    folded = {str(name).strip().casefold(): value for name, value in payload.items()}

    def first(names: Sequence[str]) -> Any:
        return next((folded[name] for name in names if folded.get(name) not in (None, "")), None)

    said = {name: first(names) for name, names in ALIASES.items()}
    if said["name"] is None:
        parts = [first(FIRST_NAMES), first(LAST_NAMES)]
        said["name"] = " ".join(str(each) for each in parts if each) or None
    return {name: value for name, value in said.items() if value is not None}


def plain(value: Any, *, longest: int = 300, lines: bool = False) -> str:
    """A value from outside as text that can be kept; what is no text or number is none."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    kept = "".join(each for each in str(value) if each != "\x00" and not "\ud800" <= each <= "\udfff")
    return (kept.strip() if lines else " ".join(kept.split()))[:longest]


def kept(payload: Any) -> Any:
    """What is stored of a message: no more than anybody reads, storable, and with secrets masked by their names."""
    left = [MOST_VALUES]

    def walk(value: Any, depth: int) -> Any:
        left[0] -= 1
        if isinstance(value, str):
            return plain(value, longest=LONGEST_VALUE, lines=True)
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, int | float):
            # NaN and Infinity are no JSON, and an endless number is no number.
            return value if abs(value) < 10**15 else plain(str(value)[:LONGEST_VALUE])
        if depth >= DEEPEST:
            return MASK
        if isinstance(value, Mapping):
            return {
                plain(str(name), longest=100): MASK if _SECRET.search(str(name)) else walk(each, depth + 1)
                for name, each in value.items()
                if left[0] > 0
            }
        if isinstance(value, list | tuple):
            return [walk(each, depth + 1) for each in value if left[0] > 0]
        return plain(str(value))

    return walk(payload, 0)


def placed(values: Mapping[str, Any], mapping: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The message in which `mapped` finds these values: each at its path, else under its own name."""
    paths = {str(each["name"]): str(each.get("path") or "") for each in mapping}
    message: dict[str, Any] = {}
    for name, value in values.items():
        steps = _steps(paths.get(name) or name)
        here: Any = message
        for part, following in pairwise(steps):
            here = _into(here, part, [] if following.isdecimal() else {})
        _into(here, steps[-1], value)
    return message


def _steps(path: str) -> list[str]:
    return [path] if own_field(path) else path.split(".")


def _into(here: Any, part: str, new: Any) -> Any:
    """Go to `part`, putting `new` there when nothing is."""
    if isinstance(here, dict):
        return here.setdefault(part, new)
    if isinstance(here, list):
        if not here:
            here.append(new)
        return here[0]
    return {}
