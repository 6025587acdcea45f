"""A chat in which the agent asks the team, and the team answers."""

import json
from datetime import timedelta
from typing import Any

from django.utils import timezone

from agents.models import Question
from agents.services import questions
from messaging.models import Conversation
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tenants.models import Tenant
from tests.agents.services.story import TEAM, Story, employ, make_story
from tests.fakes.llm import FakeLLM
from tests.support.tasks import run_task

ASK = "¿Hay lugar en el taller este viernes?"
CHECKING = "Lo consulto con el equipo y te respondo por acá."
FREE = "Sí, el viernes a las 9 hay lugar."
TOOLS = ["ask_team", "rag_search", "create_customer", "handoff_to_human"]


def employed(acme: Tenant, llm: FakeLLM) -> Story:
    """An agent that may ask the team, and a chat that it keeps."""
    employ(acme, llm, tools=TOOLS)
    return make_story(acme, name="Ana Ruiz", phone="+5491155550000")


def ask(story: Story, llm: FakeLLM, question: str = ASK, says: str = CHECKING) -> Question:
    """The customer wants to know what only the team knows."""
    llm.call("ask_team", {"question": question})
    llm.say(says)
    run = story.hear("¿Me lo pueden revisar el viernes?")
    assert run.status == "done", (run.status, run.steps)
    return open_questions(story.tenant)[-1]


def open_questions(tenant: Tenant) -> list[Question]:
    with tenant_context(tenant):
        return list(Question.objects.order_by("asked_at"))


def reply(story: Story, question: Question, text: str = FREE, by: Actor = TEAM) -> Question:
    with tenant_context(story.tenant):
        return questions.answer(tenant=story.tenant, question=question, text=text, by=by)


def wake(story: Story) -> list[str]:
    """The turn that the answer woke, by the worker's own door; what the customer was told in all."""
    with tenant_context(story.tenant):
        Conversation.objects.filter(pk=story.conversation.pk, reply_due_at__isnull=False).update(
            reply_due_at=timezone.now() - timedelta(seconds=1)
        )
    run_task("messaging.tasks.take_turn", tenant_id=story.tenant.pk, conversation_id=str(story.conversation.pk))
    return story.said()


def told(llm: FakeLLM, number: int = -1) -> str:
    """Everything that the model read in one request."""
    return "\n".join(str(each["content"]) for each in llm.requests[number]["messages"])


def result(llm: FakeLLM) -> dict[str, Any]:
    return json.loads(llm.requests[-1]["messages"][-1]["content"])
