"""The tools of the agenda in a test's hands, on a Monday morning."""

import json
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from agents.llm.base import ToolCallRequest
from agents.models import AgentRun
from agents.services.toolbox import LiveToolbox, Toolbox, allowed_tools
from agents.templates import AGENDA
from agents.tools.base import ToolContext, ToolResult
from crm.models import AgendaEvent
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tenants.models import Tenant
from tests.agents.services.story import Story

BUENOS_AIRES = ZoneInfo("America/Argentina/Buenos_Aires")
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=BUENOS_AIRES)
HOURS = {str(day): [["09:00", "13:00"], ["14:00", "18:00"]] for day in range(5)}


def desk_of(tenant: Tenant, story: Story, said: str = "Quiero un turno", sequence: int = 1) -> LiveToolbox:
    """The tools in a turn of the story's own."""
    with tenant_context(tenant):
        run = AgentRun.objects.create(conversation_id=story.conversation.pk)
    context = ToolContext(
        tenant=tenant,
        actor=Actor("agent", "", "IA: Sol"),
        conversation_id=story.conversation.pk,
        contact_id=story.conversation.contact_id,
        run_id=run.pk,
        turn_token=story.token(),
        said=said,
    )
    return LiveToolbox(context, allowed_tools(AGENDA, suspicious=False), upto_sequence=sequence)


class _Uses:
    count = 0


def use(desk: Toolbox, tool: str, /, **arguments: Any) -> ToolResult:
    _Uses.count += 1
    return desk.call(ToolCallRequest("call", tool, json.dumps(arguments)), _Uses.count).result


def look(desk: Toolbox, when: str = "mañana", **more: Any) -> ToolResult:
    return use(desk, "check_seller_availability", when=when, **more)


def told(tenant: Tenant, desk: LiveToolbox) -> None:
    """The turn at hand ends: what it offered was said."""
    with tenant_context(tenant):
        AgentRun.objects.filter(pk=desk.context.run_id).update(status=AgentRun.Status.DONE)


def rows(tenant: Tenant, **filters: Any) -> list[AgendaEvent]:
    with tenant_context(tenant):
        return list(AgendaEvent.objects.filter(**filters).order_by("created_at"))


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """Of this November."""
    return datetime(2026, 11, day, hour, minute, tzinfo=BUENOS_AIRES)
