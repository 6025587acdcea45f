"""A tool = a schema, a gate in code, and one call to a use case.

The model proposes arguments; who it is about comes from the context that the server builds. No tool takes an
id, a phone of "the customer to act on", or a tenant.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.utils.functional import Promise

from tenants.domain.actor import Actor
from tenants.models import Tenant

JSON = dict[str, Any]
NOBODY = UUID(int=0)
GUIDE = "how_to_tell_it"  # beside every result of a tool for which the company wrote one
NONE, CUSTOMER, PERSON = "none", "customer", "person"  # agents.models.Confirmation


@dataclass(frozen=True, slots=True)
class ToolContext:
    """Whose turn it is. Built by the server from the conversation's row, never from the model's words.

    `said` is what the customer wrote in this turn (for quotes). In a rehearsal there is no token and both ids are NOBODY.
    `call_key` names the one act that is being made, set by the toolbox: a service that gets it twice acts once.
    """

    tenant: Tenant
    actor: Actor
    conversation_id: UUID
    contact_id: UUID
    run_id: UUID
    turn_token: UUID | None
    said: str = ""
    call_key: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """Proof of an act, shown under the reply. `kind` is what the truth gate asks for; `text` is for people.

    `url` is a page of ours where more of it is seen; `call` the ToolCall of an act that can be undone.
    """

    kind: str
    text: str
    url: str = ""
    call: str = ""

    def as_json(self) -> dict[str, str]:
        """For the message row."""
        more = {"url": self.url, "call": self.call}
        return {"kind": self.kind, "text": self.text, **{name: value for name, value in more.items() if value}}


@dataclass(frozen=True, slots=True)
class ToolResult:
    """`data` is the small projection that the model reads; `message` says in words why it was refused.

    `kept` stays with the trace of the call for later ones: the model never reads it. `guide` is the company's word to
    the model on how to tell such a result; it stands beside the data, never inside. A success with a `message` is one
    whose end nobody knows: it is never made again. `back` is what undoing it needs (agents.services.undo): keys of rows
    and the values before and after, written by the tool from what the database said, empty where nothing changed.
    """

    ok: bool
    data: JSON = field(default_factory=dict)
    message: str = ""
    receipt: Receipt | None = None
    kept: list[Any] = field(default_factory=list)
    guide: str = ""
    back: JSON = field(default_factory=dict)

    def as_json(self) -> JSON:
        """What goes back to the model. The guide comes first: a long result is cut at its end."""
        guide = {GUIDE: self.guide} if self.guide else {}
        data = {name: value for name, value in self.data.items() if name != GUIDE}
        return {"ok": self.ok, **guide, **data, **({"error": self.message} if not self.ok else {})}


@dataclass(frozen=True, slots=True)
class Tool:
    """`writes`: changes something, so a suspicious turn does not get it (`always` ones excepted).

    `permission`: what it does, in the words of tenants.domain.roles; agents have those of roles.AGENT.

    `parameters_now`: gives the arguments where a company decides them, asked once a turn; None takes the tool away.

    `in_transaction`: run inside the tenant's transaction together with its trace row; a tool that waits for a
    provider says False and opens its own short ones. `once`: at most one success in a turn, whatever the arguments.

    `proves`: the receipt kind of a success, for a rehearsal that only pretends.

    `confirmation`: who has to allow a call first (NONE, CUSTOMER, PERSON); `guide`: how to tell what it gave.
    `dry_run`: what a rehearsal does instead of `run` where that would ask somebody outside: for one of the platform's on
    the stage, so that what was shown before is known; for a company's service without one.
    `lost`: for a service of somebody else's, which cannot stand or fall with our trace: the call is written down before
    it is made, and this says what happens when nobody knows whether it was. `own`: a company's, named by it.
    """

    name: str
    label: str | Promise
    description: str
    protocol: str
    parameters: JSON
    run: Callable[[ToolContext, JSON], ToolResult]
    permission: str
    writes: bool = False
    always: bool = False
    once: bool = False
    in_transaction: bool = True
    proves: str = "record"
    parameters_now: Callable[[], JSON | None] | None = None
    confirmation: str = NONE
    guide: str = ""
    dry_run: Callable[[ToolContext, JSON], ToolResult] | None = None
    lost: Callable[[ToolContext], ToolResult] | None = None
    own: bool = False


def schema(required: tuple[str, ...] = (), **properties: JSON) -> JSON:
    """A closed object schema: a property that is not named here is refused."""
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


def text(description: str, *, longest: int = 300, shortest: int = 0) -> JSON:
    """A string property."""
    return {"type": "string", "description": description, "maxLength": longest, "minLength": shortest}


def choice(description: str, *values: str) -> JSON:
    """A string property with fixed values."""
    return {"type": "string", "description": description, "enum": list(values)}
