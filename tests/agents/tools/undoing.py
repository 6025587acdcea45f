"""Undoing in a test's hands: acts through the toolbox, their undoing through the service a page and the API use."""

import json
from typing import Any

from agents.llm.base import ToolCallRequest
from agents.models import AgentRun, ToolCall
from agents.services import undo as undoing
from agents.services.toolbox import LiveToolbox, allowed_tools
from agents.tools.base import ToolContext, ToolResult
from crm.models import Contact
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tenants.models import Tenant
from tests.agents.services.story import Story
from tests.support.cast import Person


def box_of(tenant: Tenant, story: Story, *names: str, sequence: int = 1, said: str = "") -> LiveToolbox:
    """A turn of the story's with these tools."""
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
    return LiveToolbox(context, allowed_tools(names, suspicious=False, tenant=tenant), upto_sequence=sequence)


def use(box: LiveToolbox, tool: str, /, **arguments: Any) -> ToolResult:
    result = box.call(ToolCallRequest("call", tool, json.dumps(arguments)), 0).result
    assert result.ok, result.message
    return result


def call_of(tenant: Tenant, tool: str) -> ToolCall:
    """The latest success of a tool."""
    with tenant_context(tenant):
        return ToolCall.objects.filter(tool=tool, ok=True).latest("created_at")


def undo(person: Person, tool: str) -> ToolCall:
    """As a person of the company does it. Raises what the service raises."""
    assert person.tenant is not None
    assert person.member is not None
    with tenant_context(person.tenant):
        call = undoing.call_for(person.member, call_of(person.tenant, tool).pk)
        return undoing.undo(call=call, member=person.member, by=person.actor)


def contact_of(tenant: Tenant, story: Story) -> Contact:
    with tenant_context(tenant):
        return Contact.objects.get(pk=story.conversation.contact_id)
