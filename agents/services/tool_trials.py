"""Trying a company's service out: what would be sent is shown at once, what only reads is asked by the worker.

A trial lives some minutes in the cache, for the one who looks at it; no contact is involved and nothing is kept.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from time import monotonic
from typing import Any
from uuid import UUID

from django.core.cache import cache
from django.utils.translation import gettext as _

from agents.llm.base import ToolCallRequest
from agents.models import Tool as Row
from agents.services.toolbox import understood
from agents.services.tools import own_tool, service_of
from agents.tools.base import JSON, NOBODY, ToolContext
from agents.tools.http import call_service, preview
from config.lib import commit
from config.lib.errors import AppError, NotFound, ProviderError
from config.lib.ids import uuid7
from tenants.context import current_tenant, tenant_context
from tenants.domain.actor import Actor
from tenants.models import Tenant
from tenants.services import limits
from tenants.services.audit import record

KEPT_SECONDS = 900
TASK, QUEUE = "agents.tasks.try_tool", "agents"


@dataclass(frozen=True)
class Trial:
    """`state`: shown (nothing was asked), running, done or failed. `answer` is what the model would read."""

    id: str
    tool: str
    request: JSON
    state: str = "shown"
    message: str = ""
    answer: JSON = field(default_factory=dict)
    milliseconds: int = 0
    arguments: JSON = field(default_factory=dict)

    @property
    def request_text(self) -> str:
        return _pretty(self.request)

    @property
    def answer_text(self) -> str:
        return _pretty(self.answer)


def begin(*, row: Row, arguments: Mapping[str, Any], by: Actor) -> Trial:
    """What would be sent, with dots for secrets; a GET is on its way then. Raises AppError for arguments that do not fit."""
    tenant = current_tenant()
    limits.check("tool-try", tenant.pk)
    tool, service = own_tool(row), service_of(row)
    given = understood(tool, ToolCallRequest("trial", row.name, json.dumps(dict(arguments))))
    request = preview(service, _context(tenant, by), given)
    state = "running" if service.reads else "shown"
    trial = Trial(str(uuid7()), str(row.pk), request, state, arguments=given)
    cache.set(_key(tenant, trial.id), asdict(trial), KEPT_SECONDS)
    record(action="tool.tried", resource=row, by=by, diff={"name": row.name})
    if service.reads:
        commit.queue(TASK, queue=QUEUE, trial_id=trial.id)
    return trial


def find(trial_id: object, row: Row) -> Trial:
    """A trial of this tool. Raises NotFound once it is over."""
    kept = cache.get(_key(current_tenant(), str(trial_id)))
    if not isinstance(kept, dict) or kept.get("tool") != str(row.pk):
        raise NotFound(_("Esa prueba ya no está: hay que hacerla de nuevo."))
    return Trial(**kept)


def carry_out(*, tenant: Tenant, trial_id: UUID) -> None:
    """The worker's part: ask the service, write down what came. Twice or late changes nothing."""
    kept = cache.get(_key(tenant, str(trial_id)))
    if not isinstance(kept, dict) or kept["state"] != "running":
        return
    with tenant_context(tenant):
        row = Row.objects.filter(pk=kept["tool"], kind=Row.Kind.HTTP).first()
    if row is None or not service_of(row).reads:
        return
    begun = monotonic()
    try:
        result = call_service(service_of(row), _context(tenant, Actor.system("")), kept["arguments"])
        kept |= {"state": "done" if result.ok else "failed", "message": result.message, "answer": result.data}
    except (AppError, ProviderError) as error:
        kept |= {"state": "failed", "message": str(error.message)}
    kept["milliseconds"] = int((monotonic() - begun) * 1000)
    cache.set(_key(tenant, str(trial_id)), kept, KEPT_SECONDS)


def _context(tenant: Tenant, by: Actor) -> ToolContext:
    return ToolContext(tenant, by, NOBODY, NOBODY, NOBODY, None)


def _key(tenant: Tenant, trial_id: str) -> str:
    return f"tool-trial:{tenant.pk}:{trial_id}"


def _pretty(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) if value else ""
