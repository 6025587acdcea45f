"""A company's own service as a tool: how its address, headers and body are filled in for one call, and what is shown of it.

Three kinds of holes: `{codigo}` is an argument that the model proposes, `{{contacto.telefono}}` a fact of whoever writes,
which the server knows, `{{secreto.CLAVE}}` a secret. All are filled in one pass: a value that looks like a hole stays text.
"""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote, urlsplit

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
READS = "GET"
CONTACT_FACTS = ("nombre", "telefono", "email")
SECRET_NAME = re.compile(r"[A-Z][A-Z0-9_]{0,39}")
MASK = "•••"
_HOLE = re.compile(r"\{\{\s*(secreto|contacto)\.([A-Za-z0-9_]{1,40})\s*\}\}|\{([A-Za-z_][A-Za-z0-9_]{0,63})\}")
_BRACES = re.compile(r"\{\{[^{}]*\}\}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
SHORTEST_MASKED = 4  # letters: of a shorter secret every other word would go


class Unfillable(ValueError):
    """A value is missing or does not fit where it stands; the text names it."""


@dataclass(frozen=True, slots=True)
class Service:
    """What a tool of a company calls. `bound`: secret's name → origin (scheme://host:port) it may go to. `timeout` in
    seconds. `response_path`: the part of a JSON answer that is shown, as `datos.0.precio`."""

    tool_id: str
    name: str
    label: str
    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    response_path: str = ""
    timeout: float = 10.0
    bound: Mapping[str, str] = field(default_factory=dict)

    @property
    def reads(self) -> bool:
        return self.method == READS


@dataclass(frozen=True, slots=True)
class Values:
    """What the holes are filled with."""

    arguments: Mapping[str, Any]
    contact: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"Values({sorted(self.arguments)}, secrets={sorted(self.secrets)})"


@dataclass(frozen=True, slots=True)
class Call:
    """One request, ready. `body` None = none."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: Any = None

    def __repr__(self) -> str:
        return f"Call({self.method})"


def holes(*templates: Any) -> dict[str, set[str]]:
    """kind ("secreto", "contacto", "argumento") → the names used in these templates, however deep."""
    found: dict[str, set[str]] = {"secreto": set(), "contacto": set(), "argumento": set()}
    for text in _texts(templates):
        for kind, name, argument in _HOLE.findall(text):
            found[kind or "argumento"].add(name or argument)
    return found


def holes_of(service: Service) -> dict[str, set[str]]:
    return holes(service.url, dict(service.headers), service.body)


def odd_holes(*templates: Any) -> list[str]:
    """Double braces that are none of the three kinds of holes."""
    every = [match for text in _texts(templates) for match in _BRACES.findall(text)]
    return [each for each in every if not _HOLE.fullmatch(each)]


def origin_is_fixed(url: str) -> bool:
    """Whether scheme, host and port stand there as written: a hole before the path would let a value choose the server."""
    parts = urlsplit(url)
    return not any(mark in parts.netloc or mark in parts.scheme for mark in "{}@\\%") and bool(parts.netloc)


def fill(service: Service, values: Values) -> Call:
    """The request of one call. Raises Unfillable."""
    parts = urlsplit(service.url)
    pairs = _query(parts.query, values)
    used = holes_of(service)["argumento"]
    left = {name: value for name, value in values.arguments.items() if name not in used}
    body = _value(service.body, values) if service.body is not None else None
    if service.body is None and left and service.method in ("POST", "PUT", "PATCH"):
        body, left = left, {}
    if service.body is None:
        pairs += [f"{quote(name, safe='')}={quote(_text(value), safe='')}" for name, value in left.items()]
    url = f"{parts.scheme}://{parts.netloc}{_path(parts.path, values)}"
    headers = {name: _CONTROL.sub(" ", _filled(text, values)) for name, text in service.headers.items()}
    return Call(service.method, f"{url}?{'&'.join(pairs)}" if pairs else url, headers, body)


def _path(template: str, values: Values) -> str:
    """Every value is one piece of the path: it can neither climb nor branch."""

    def piece(match: re.Match[str]) -> str:
        value = _of(match, values)
        if not value:
            raise Unfillable(match.group(3) or match.group(2))
        return quote(value, safe="")

    path = _HOLE.sub(piece, template)
    if _HOLE.search(template) and any(unquote(part) in (".", "..") for part in path.split("/")):
        raise Unfillable(template)
    return path


def _query(template: str, values: Values) -> list[str]:
    """The pairs of the query; one whose only value was not given is left out."""
    pairs = []
    for pair in template.split("&") if template else []:
        name, sign, text = pair.partition("=")
        whole = _HOLE.fullmatch(text)
        if whole and not _of(whole, values):
            continue
        pairs.append(name + sign + _HOLE.sub(lambda match: quote(_of(match, values), safe=""), text))
    return pairs


def _value(template: Any, values: Values) -> Any:
    """A body: a text that is nothing but one argument keeps the argument's kind, and goes when it was not given."""
    if isinstance(template, dict):
        filled = {name: _value(each, values) for name, each in template.items()}
        return {name: each for name, each in filled.items() if each is not None or template[name] is None}
    if isinstance(template, list):
        return [_value(each, values) for each in template]
    if not isinstance(template, str):
        return template
    whole = _HOLE.fullmatch(template)
    if whole and whole.group(3):
        return values.arguments.get(whole.group(3))
    return _filled(template, values)


def _filled(template: str, values: Values) -> str:
    return _HOLE.sub(lambda match: _of(match, values), template)


def _of(match: re.Match[str], values: Values) -> str:
    kind, name, argument = match.groups()
    if kind == "secreto":
        if name not in values.secrets:
            raise Unfillable(name)
        return values.secrets[name]
    if kind == "contacto":
        return values.contact.get(name, "")
    return _text(values.arguments.get(argument))


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        return [text for name, each in value.items() for text in (*_texts(str(name)), *_texts(each))]
    return [text for each in value for text in _texts(each)] if isinstance(value, list | tuple) else []


def picked(answer: Any, path: str) -> Any:
    """The part of a JSON answer at `datos.0.precio`; None where there is no such part."""
    for step in path.split(".") if path else []:
        if isinstance(answer, dict) and step in answer:
            answer = answer[step]
        elif isinstance(answer, list) and step.isdecimal() and int(step) < len(answer):
            answer = answer[int(step)]
        else:
            return None
    return answer


def masked(text: str, secrets: Mapping[str, str]) -> str:
    """The text without any of the secrets, also as they look in an address, in JSON and in base64."""
    for secret in sorted(secrets.values(), key=len, reverse=True):
        if len(secret) < SHORTEST_MASKED:
            continue
        plain = secret.encode()
        shapes = {secret, quote(secret, safe=""), quote(secret), json.dumps(secret)[1:-1]}
        shapes |= {base64.b64encode(plain).decode(), base64.urlsafe_b64encode(plain).decode().rstrip("=")}
        for shape in sorted(shapes, key=len, reverse=True):
            text = text.replace(shape, MASK)
    return text
