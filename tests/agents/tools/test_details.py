"""save_details: the company's own fields, filled in for the conversation's own contact and lead."""

import json
from typing import Any

import pytest

from agents.llm.base import ToolCallRequest
from agents.models import AgentRun
from agents.services.scene import gather, prompt_of
from agents.services.toolbox import Done, LiveToolbox, allowed_tools
from agents.tools.base import ToolContext
from crm.models import Contact, CustomField, Lead
from crm.services.custom_fields import create_field, update_field
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tenants.models import Tenant
from tests.agents.services.story import Story
from tests.factories.crm import make_contact
from tests.factories.doors import BY


def box_of(acme: Tenant, story: Story) -> LiveToolbox:
    with tenant_context(acme):
        run = AgentRun.objects.create(conversation_id=story.conversation.pk)
    context = ToolContext(
        tenant=acme,
        actor=Actor("agent", "", "IA: Sol"),
        conversation_id=story.conversation.pk,
        contact_id=story.conversation.contact_id,
        run_id=run.pk,
        turn_token=story.token(),
    )
    return LiveToolbox(context, allowed_tools(["save_details"], suspicious=False, tenant=acme), upto_sequence=1)


def use(box: LiveToolbox, **arguments: Any) -> Done:
    return box.call(ToolCallRequest("call", "save_details", json.dumps(arguments)), 0)


@pytest.fixture
def box(acme: Tenant, story: Story) -> LiveToolbox:
    """A company with three fields, two of them for agents."""
    with tenant_context(acme):
        create_field(on="lead", label="Zona", kind="choice", options=["Norte", "Sur"], agents_may_write=True, by=BY)
        create_field(on="contact", label="Nacimiento", kind="date", agents_may_write=True, by=BY)
        create_field(on="contact", label="Límite de crédito", kind="money", by=BY)
    return box_of(acme, story)


def test_it_offers_what_the_company_lets_agents_fill_in(box: LiveToolbox) -> None:
    (spec,) = box.specs
    assert sorted(spec.parameters["properties"]) == ["nacimiento", "zona"]
    assert spec.parameters["properties"]["zona"]["enum"] == ["Norte", "Sur"]
    assert spec.parameters["additionalProperties"] is False


def test_a_company_without_such_fields_has_no_such_tool(acme: Tenant, story: Story) -> None:
    assert box_of(acme, story).specs == ()
    assert allowed_tools(["save_details"], suspicious=False) == ()


def test_it_fills_in_the_own_contact_and_lead_only(acme: Tenant, story: Story, box: LiveToolbox) -> None:
    with tenant_context(acme):
        other = make_contact()
    done = use(box, zona="Sur", nacimiento="2000-05-04")
    assert done.result.ok
    assert done.result.receipt is not None
    assert "Zona" in done.result.receipt.text
    with tenant_context(acme):
        lead = Lead.objects.get()
        assert (lead.contact_id, lead.custom) == (story.conversation.contact_id, {"zona": "Sur"})
        assert Contact.objects.get(pk=lead.contact_id).custom == {"nacimiento": "2000-05-04"}
        other.refresh_from_db()
        assert other.custom == {}


@pytest.mark.parametrize(
    "arguments",
    [
        {"limite_de_credito": "9999"},
        {"zona": "Este"},
        {"nacimiento": "ayer"},
        {"zona": {"a": 1}},
        {"contact_id": "x"},
        {},
    ],
    ids=["not for agents", "no option", "no date", "no text", "somebody else", "nothing"],
)
def test_what_does_not_fit_is_refused_in_words(acme: Tenant, box: LiveToolbox, arguments: dict[str, Any]) -> None:
    done = use(box, **arguments)
    assert not done.result.ok
    assert done.result.message
    with tenant_context(acme):
        assert not Contact.objects.exclude(custom={}).exists()
        assert not Lead.objects.exclude(custom={}).exists()


def test_one_wrong_value_writes_nothing_at_all(acme: Tenant, box: LiveToolbox) -> None:
    assert not use(box, zona="Sur", nacimiento="31/02/2000").result.ok
    with tenant_context(acme):
        assert not Lead.objects.exclude(custom={}).exists()


def test_a_field_taken_from_the_agents_meanwhile_is_refused(acme: Tenant, box: LiveToolbox) -> None:
    with tenant_context(acme):
        update_field(field=CustomField.objects.get(key="zona"), by=BY, agents_may_write=False)
    assert not use(box, zona="Sur").result.ok


def test_what_is_known_reaches_the_prompt_as_data(acme: Tenant, story: Story, box: LiveToolbox) -> None:
    use(box, zona="Sur")
    with tenant_context(acme):
        scene = gather(tenant=acme, conversation_id=story.conversation.pk, upto_sequence=1)
    snapshot = {"name": "Sol", "system_prompt_template": "Atendé la zona {{campo.zona}}{{campo.nada}}."}
    prompt = prompt_of(
        acme, snapshot, channel="web", contact=scene.contact, details=scene.details, tools=(), suspicious=False
    )
    assert "Atendé la zona Sur." in prompt.text
    assert '"Zona": "Sur"' in prompt.text
