"""What one member's live line may carry: kinds of events by the permission table, and of leads and chats only ids that the
member could open. Who sees all costs nothing here; for the others the holders of a batch of rows are looked up together.

An id that is not the member's to see is never sent. When a row changes hands, those who lose it get a bare RESYNC: their
page asks for what it shows again, and what is gone is gone.
"""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

from tenants import circle
from tenants.context import tenant_context
from tenants.domain.holding import Held
from tenants.live.services import TYPES
from tenants.models import Membership
from tenants.services import registry

RESYNC = "RESYNC"
READS = {
    "NEW_LEAD": "leads.read",
    "LEAD_UPDATED": "leads.read",
    "NEW_APPOINTMENT": "agenda.read",
    "APPOINTMENT_UPDATED": "agenda.read",
    "NEW_MESSAGE": "inbox.read",
    "MESSAGE_STATUS": "inbox.read",
    "CONVERSATION_UPDATED": "inbox.read",
    "HANDOFF": "inbox.read",
    "CHANNEL_UPDATED": "channels.read",
    "DOCUMENT_UPDATED": "knowledge.read",
    "TASK_UPDATED": "tasks.read",
    "NOTIFICATION": "events.read",
}
EVERYBODYS = frozenset({"channel", "document"})  # objects without a holder
PERSONAL = frozenset({"notification"})  # for the one named in `person`, and for nobody else, however much they see
# The event's object → whose holder decides, and the name of its id in the event. Others are not told to a narrow sight.
DECIDED_BY = {
    "lead": ("lead", "id"),
    "conversation": ("conversation", "id"),
    "message": ("conversation", "conversation"),
    "task": ("task", "id"),
    "appointment": ("appointment", "id"),
}

Event = dict[str, Any]
Told = list[tuple[int, str]]  # (number, frame)
Holders = dict[tuple[str, str], Held]


@dataclass(frozen=True)
class Sight:
    """`types`: kinds of events that the permissions allow; `circle`: whose leads and chats, None = everybody's;
    `person`: whose line it is, for what is told to one person only."""

    types: frozenset[str]
    circle: frozenset[str] | None = None
    person: str = ""

    @property
    def whole(self) -> bool:
        return self.circle is None and self.types == TYPES


WHOLE = Sight(TYPES)


def of(member: Membership) -> Sight:
    """Call inside the company. One statement for the scope of a team, none for the others."""
    types = frozenset(type for type in TYPES if member.may(READS[type]))
    return Sight(types, circle.ids(member), str(member.user_id))


def only_for(event: Event) -> str | None:
    """The one person whom the event concerns; None when it is not personal. Costs no statement."""
    data = event.get("data") or {}
    return str(data.get("person")) if data.get("object") in PERSONAL else None


def resync(number: int) -> str:
    """Tells a client that something is lost to it: it must ask for everything it shows again."""
    return json.dumps({"id": number, "type": RESYNC})


def frames(tenant_id: int, events: Collection[tuple[Event, str]], sights: Iterable[Sight]) -> dict[Sight, Told]:
    """What of these (event, frame) pairs each sight is told, in their order. Reads rows only for sights with a circle."""
    wanted = set(sights)
    held: Holders = {}
    if any(sight.circle is not None for sight in wanted):
        held = _holders(tenant_id, [event for event, _frame in events])
    return {
        sight: [(_number(event), told) for event, frame in events if (told := _told(event, frame, sight, held))]
        for sight in wanted
    }


def _told(event: Event, frame: str, sight: Sight, held: Holders) -> str:
    """The frame itself, a bare RESYNC, or nothing."""
    if event.get("type") == RESYNC:
        return frame
    if event.get("type") not in sight.types:
        return ""
    person = only_for(event)
    if person is not None:
        return frame if person == sight.person else ""
    data = event.get("data") or {}
    if sight.circle is None or data.get("object") in EVERYBODYS:
        return frame
    key = _key(data)
    if key is None:
        return ""
    if key not in held:  # gone meanwhile
        return resync(_number(event))
    if held[key].within(sight.circle):
        return frame
    return resync(_number(event)) if data.get("moved") else ""


def _key(data: Event) -> tuple[str, str] | None:
    kind, name = DECIDED_BY.get(str(data.get("object")), ("", ""))
    return (kind, str(data.get(name))) if kind else None


def _holders(tenant_id: int, events: Iterable[Event]) -> Holders:
    keys = {key for event in events if (key := _key(event.get("data") or {}))}
    tenant = registry.by_id(tenant_id)
    if tenant is None or not keys:
        return {}
    found: Holders = {}
    with tenant_context(tenant):
        for kind in sorted({kind for kind, _id in keys}):
            lookup = import_string(settings.LIVE_HOLDERS[kind])
            found |= {(kind, pk): held for pk, held in lookup({pk for each, pk in keys if each == kind}).items()}
    return found


def _number(event: Event) -> int:
    return int(event.get("id") or 0)
