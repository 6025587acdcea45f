"""What a test case out of a long chat or a long trial expects: only what its kept part did."""

from typing import Any

import pytest

from agents.models import Agent, AgentRun
from agents.services import chat_cases, playground
from messaging.models import Conversation
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.agents.services.story import TEAM, employ
from tests.factories.messaging import make_conversation, make_message


@pytest.fixture
def agent(acme: Tenant) -> Agent:
    return employ(acme, tools=["create_customer", "qualify_lead", "handoff_to_human"])


@pytest.fixture
def chat(acme: Tenant) -> Conversation:
    """Fourteen messages, each answered."""
    with tenant_context(acme):
        chat = make_conversation()
        for each in range(14):
            make_message(conversation=chat, text=f"Pregunta {each}")
            make_message(conversation=chat, direction="out", author="agent", text="Respuesta")
    return chat


def answered(chat: Conversation, agent: Agent, nth: int, tool: str, *, status: str = "done") -> None:
    """The agent answered the nth message of the chat, from one, with this tool."""
    sequence = list(chat.messages.order_by("sequence").values_list("sequence", flat=True))[nth - 1]
    run = AgentRun.objects.create(conversation_id=chat.pk, agent=agent, status=status, upto_sequence=sequence)
    run.tool_calls.create(conversation_id=chat.pk, key=tool, tool=tool, ok=True)


def tried(agent: Agent, number: int) -> AgentRun:
    """A turn of a trial."""
    tool = {0: "create_customer", 13: "handoff_to_human"}.get(number)
    steps: list[dict[str, Any]] = [{"type": playground.NOTE, "text": f"Texto {number}", "setting": {}}]
    steps += [{"type": "tool", "name": tool, "ok": True}] if tool else []
    status = "handed_off" if number == 13 else "done"
    return AgentRun.objects.create(agent=agent, purpose="playground", status=status, steps=steps)


def test_what_the_dropped_part_did_is_not_expected(acme: Tenant, agent: Agent, chat: Conversation) -> None:
    with tenant_context(acme):
        answered(chat, agent, 1, "create_customer")
        answered(chat, agent, 27, "qualify_lead")
        case = chat_cases.from_chat(conversation=chat, by=TEAM)
    assert (len(case.turns), case.turns[0]["text"]) == (12, "Pregunta 2")
    assert case.expects == {"calls": ["qualify_lead"], "ends": "answered"}


def test_what_came_after_people_had_it_is_not_expected(acme: Tenant, agent: Agent, chat: Conversation) -> None:
    with tenant_context(acme):
        answered(chat, agent, 3, "handoff_to_human", status="handed_off")
        answered(chat, agent, 5, "qualify_lead")
        case = chat_cases.from_chat(conversation=chat, by=TEAM)
    assert case.expects == {"calls": ["handoff_to_human"], "ends": "handed_off"}


def test_a_long_trial_expects_what_its_kept_turns_did(acme: Tenant, agent: Agent) -> None:
    with tenant_context(acme):
        runs = [tried(agent, number) for number in range(14)]
        case = chat_cases.from_trial(agent=agent, runs=runs, name="", by=TEAM)
    assert (len(case.turns), case.expects) == (12, {"calls": ["create_customer"], "ends": "answered"})
