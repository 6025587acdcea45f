"""Asking for help with writing in a chat, as a person of the team and the worker do."""

from typing import Any

from agents.models import AgentRun
from agents.services import copilot
from agents.services.copilot import Help
from messaging.models import Conversation, Message
from rag.services.process import process_document
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.agents.services.story import Story
from tests.factories.messaging import make_message
from tests.rag.services.knowledge import upload
from tests.support.cast import Person

SHIPPING = "Los envíos a Rosario salen los martes y cuestan 4.500 pesos."


def learn(tenant: Tenant, text: str = SHIPPING) -> None:
    process_document(tenant=tenant, document_id=upload(tenant, text, name="envios.md").pk)


def asks(story: Story, person: Person, kind: str, text: str = "") -> AgentRun:
    with tenant_context(story.tenant):
        chat = Conversation.objects.select_related("contact", "channel").get(pk=story.conversation.pk)
        return copilot.begin(conversation=chat, kind=kind, text=text, by=person.actor, user_id=person.user.pk)


def sees(story: Story, person: Person, run: AgentRun) -> Help:
    with tenant_context(story.tenant):
        return copilot.find(conversation=story.fresh(), run_id=run.pk, user_id=person.user.pk)


def helped(story: Story, person: Person, kind: str, text: str = "") -> Help:
    run = asks(story, person, kind, text)
    copilot.answer(tenant=story.tenant, run_id=run.pk)
    return sees(story, person, run)


def writes(story: Story, *texts: str, **over: Any) -> None:
    with tenant_context(story.tenant):
        chat = Conversation.objects.get(pk=story.conversation.pk)
        for text in texts:
            make_message(conversation=chat, text=text, **over)


def outgoing(tenant: Tenant) -> int:
    with tenant_context(tenant):
        return Message.objects.filter(direction="out").exclude(kind="note").count()
