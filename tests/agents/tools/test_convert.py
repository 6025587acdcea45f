"""An agent closes a sale: the conversation's own lead, by the same gate as people."""

import json

import pytest

from agents.llm.base import ToolCallRequest
from agents.models import AgentRun
from agents.services.toolbox import LiveToolbox, allowed_tools
from agents.tools.base import ToolContext
from crm.models import Client, Contact, Conversion, Lead
from crm.services.leads import create_lead, qualify_lead
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tests.factories.crm import make_contact, make_lead
from tests.factories.messaging import make_message

BY = Actor("agent", "", "IA: Sol")


def box(acme, story, said="Dale, lo compro"):
    with tenant_context(acme):
        run = AgentRun.objects.create(conversation_id=story.conversation.pk)
    context = ToolContext(
        tenant=acme,
        actor=BY,
        conversation_id=story.conversation.pk,
        contact_id=story.conversation.contact_id,
        run_id=run.pk,
        turn_token=story.token(),
        said=said,
    )
    return LiveToolbox(context, allowed_tools(["convert_to_client", "qualify_lead"], suspicious=False), upto_sequence=1)


def use(box, tool, position=0, **arguments):
    return box.call(ToolCallRequest("call", tool, json.dumps(arguments)), position)


def ready(story):
    """A lead of the story's contact of which everything is known."""
    contact = Contact.objects.get(pk=story.conversation.contact_id)
    Contact.objects.filter(pk=contact.pk).update(name="Ana Ruiz", phone="+5491155550199", email="ana@correo.test")
    contact.refresh_from_db()
    lead = create_lead(contact=contact, by=BY)
    return qualify_lead(lead=lead, interest="high", budget="100 mil", timeline="hoy", needs="remeras", by=BY)


def test_it_refuses_and_says_what_is_missing(acme, story):
    with tenant_context(acme):
        create_lead(contact=Contact.objects.get(pk=story.conversation.contact_id), by=BY)

    done = use(box(acme, story), "convert_to_client")

    assert not done.result.ok
    assert {"budget", "interest", "needs", "timeline"} <= set(done.result.data["missing"])
    assert "Falta el presupuesto." in done.result.message
    with tenant_context(acme):
        assert not Client.objects.exists()


def test_it_makes_the_client_with_a_receipt_and_the_agents_name(acme, story):
    with tenant_context(acme):
        lead = ready(story)

    done = use(box(acme, story), "convert_to_client")

    assert done.result.ok
    assert (done.result.receipt.kind, done.result.receipt.text) == ("record", "Convertido en cliente: Ana Ruiz")
    with tenant_context(acme):
        assert Client.objects.get().contact_id == lead.contact_id
        assert Conversion.objects.get(lead=lead).actor_label == "IA: Sol"
        assert Lead.objects.select_related("stage").get(pk=lead.pk).stage.kind == "won"


def test_another_turn_answers_the_same_sale(acme, story):
    with tenant_context(acme):
        ready(story)
    use(box(acme, story), "convert_to_client")

    again = use(box(acme, story), "convert_to_client")

    assert again.result.ok
    with tenant_context(acme):
        assert Conversion.objects.count() == 1


def test_it_takes_no_argument_that_could_name_somebody_else(acme, story):
    with tenant_context(acme):
        ready(story)
        other = make_lead(contact=make_contact())

    done = use(box(acme, story), "convert_to_client", lead=str(other.pk))

    assert not done.result.ok
    with tenant_context(acme):
        assert not Client.objects.exists()


def test_a_suspicious_turn_does_not_get_it():
    assert not allowed_tools(["convert_to_client"], suspicious=True)


@pytest.mark.parametrize("said", ["Quiero 20 remeras", "Hola\nQuiero 20 remeras"])
def test_a_qualification_names_the_message_that_says_it(acme, story, said):
    with tenant_context(acme):
        wrote = [make_message(conversation=story.conversation, text=text) for text in said.split("\n")]

    use(box(acme, story, said), "qualify_lead", needs="20 remeras")

    with tenant_context(acme):
        reason = Lead.objects.get(contact_id=story.conversation.contact_id).score_reasons[0]
        assert (reason["quote"], reason["message"]) == ("Quiero 20 remeras", str(wrote[-1].pk))
