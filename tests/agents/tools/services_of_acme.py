"""A company's own service in a test's hands: saved through the product's door, called through the toolbox."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from agents.llm.base import ToolCallRequest
from agents.models import AgentRun, PendingAct, Tool, ToolCall
from agents.services.http_tools import create_tool
from agents.services.toolbox import Done, LiveToolbox, allowed_tools
from agents.tools.base import ToolContext
from messaging.models import Conversation
from messaging.services import turns
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tenants.models import Tenant
from tests.agents.services.story import TEAM, Story
from tests.fakes.http_service import HttpService

SECRET = "sk-tool-Zx81/qq+19-VERYSECRET"


def arguments(*required: str, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


TEXT = {"type": "string", "maxLength": 80}
CODE = arguments("codigo", codigo=TEXT)


def make_service(tenant: Tenant, service: HttpService, path: str = "/precio/{codigo}", **over: Any) -> Tool:
    """A GET for a price, unless `over` says otherwise."""
    fields: dict[str, Any] = {
        "name": "consultar_precio",
        "label": "Consultar precio",
        "description": "Dice cuánto sale un producto por su código.",
        "service_url": f"{service.url}{path}",
        "parameters": CODE,
        **over,
    }
    with tenant_context(tenant):
        return create_tool(by=TEAM, **fields)


def make_write(tenant: Tenant, service: HttpService, **over: Any) -> Tool:
    """A POST that takes an order."""
    given: dict[str, Any] = {
        "name": "anotar_pedido",
        "label": "Anotar pedido",
        "description": "Anota un pedido en el sistema de la empresa.",
        "method": "POST",
        "path": "/pedidos",
    }
    return make_service(tenant, service, **{**given, **over})


def box_of(tenant: Tenant, story: Story, names: Iterable[str], *, sequence: int = 1, token: Any = None) -> LiveToolbox:
    """A turn of the story's with these tools."""
    with tenant_context(tenant):
        run = AgentRun.objects.create(conversation_id=story.conversation.pk)
    context = ToolContext(
        tenant=tenant,
        actor=Actor("agent", "", "IA: Sol"),
        conversation_id=story.conversation.pk,
        contact_id=story.conversation.contact_id,
        run_id=run.pk,
        turn_token=token or story.token(),
    )
    return LiveToolbox(context, allowed_tools(list(names), suspicious=False, tenant=tenant), upto_sequence=sequence)


def use(box: LiveToolbox, tool: str, position: int = 0, /, **given: Any) -> Done:
    return box.call(ToolCallRequest("call", tool, json.dumps(given)), position)


def calls(tenant: Tenant, **filters: Any) -> list[ToolCall]:
    with tenant_context(tenant):
        return list(ToolCall.objects.filter(**filters).order_by("created_at", "position"))


def acts(tenant: Tenant, **filters: Any) -> list[PendingAct]:
    with tenant_context(tenant):
        return list(PendingAct.objects.filter(**filters).order_by("created_at"))


def tool_results(request: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What a model was given back, from the journal of the fake."""
    return [json.loads(each["content"]) for each in request["messages"] if each["role"] == "tool"]


def begun(story: Story) -> turns.Turn:
    return story.begin()


def mode_of(tenant: Tenant, story: Story) -> str:
    with tenant_context(tenant):
        return str(Conversation.objects.get(pk=story.conversation.pk).mode)
