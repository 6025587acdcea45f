"""The story of one person as lines, whatever app they come from (settings.TIMELINE)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID


class Who(StrEnum):
    """Whose act a line is, for its colour: a customer, a person of the company, the AI, or nobody in particular."""

    CONTACT = "contact"
    PERSON = "person"
    AI = "ai"
    SYSTEM = "system"


class Group(StrEnum):
    """What a reader may narrow the story to; the word in the address."""

    CHATS = "chats"
    NOTES = "notas"
    TASKS = "tareas"
    AGENDA = "citas"
    STEPS = "etapas"
    CHANGES = "cambios"
    AI = "ia"


@dataclass(frozen=True)
class Undo:
    """A form that takes an act back: where it is posted, and its hidden fields. `asks`: a link to where something must
    be said first. `needs`: the permission without which it is not shown."""

    href: str
    fields: Mapping[str, str] = field(default_factory=dict)
    asks: bool = False
    needs: str = "leads.write"


@dataclass(frozen=True)
class Entry:
    """One line: `text` says what happened in one sentence, `detail` are longer words (a note, a reason).

    `gone`: it was taken back, and stands there crossed out.
    """

    at: datetime
    key: str
    group: Group
    icon: str
    text: str
    who: Who
    name: str = ""
    detail: str = ""
    href: str = ""
    undo: Undo | None = None
    note: Mapping[str, Any] | None = None
    gone: bool = False


@dataclass(frozen=True)
class Row:
    """A row as the sources give it: `data` is what the words of its kind need."""

    at: datetime
    kind: str
    key: str
    actor_kind: str
    actor: str
    data: Mapping[str, Any]


@dataclass(frozen=True)
class About:
    """Whose story, and for whom. `lead_id`: only what concerns this lead or the person as a whole."""

    contact_id: UUID
    member: Any
    zone: str
    lead_id: UUID | None = None


@dataclass(frozen=True)
class Source:
    """`rows` is a queryset of (at, kind, key, actor_kind, actor, data); `entry` puts a row into words."""

    kind: str
    group: Group
    rows: Any
    entry: Callable[[Row], Entry]


def who_of(actor_kind: str) -> Who:
    """The kinds of tenants.domain.actor."""
    return {"agent": Who.AI, "user": Who.PERSON, "contact": Who.CONTACT}.get(actor_kind, Who.SYSTEM)
