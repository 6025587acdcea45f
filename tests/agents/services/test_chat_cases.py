"""A case made of a real chat: nobody in it, nothing that counts before a person saved it, and gone with the person."""

import json
from collections.abc import Callable
from copy import copy

import pytest
from django.test import Client

from agents.access import case_of, may_read_cases_of_chats, visible_cases
from agents.models import Agent, AgentRun, TestCase, TestResult
from agents.services import agents, chat_cases, checks, privacy, publish_gate, test_sets
from config.lib.errors import Forbidden, NotFound
from crm.models import Contact
from messaging.models import Conversation
from tenants.context import tenant_context
from tenants.domain.privacy import Subject
from tenants.models import SystemEvent, Tenant
from tests.agents.services.story import TEAM, employ
from tests.factories.agents import make_agent, make_run
from tests.factories.messaging import make_channel, make_conversation, make_message
from tests.fakes.llm import FakeLLM
from tests.support.cast import Person


@pytest.fixture
def agent(acme: Tenant, llm: FakeLLM) -> Agent:
    return employ(acme, llm, tools=["create_customer", "qualify_lead"], system_prompt_template="Hola\n")


@pytest.fixture
def chat(acme: Tenant) -> Conversation:
    with tenant_context(acme):
        channel = make_channel(provider="meta_direct", channel_source="whatsapp")
        contact = Contact.objects.create(name="Marcela Ríos", phone="+5491123456789")
        chat = make_conversation(contact=contact, channel=channel)
        make_message(conversation=chat, text="Hola, soy Marcela Ríos")
    return chat


def write(agent: Agent, name: str) -> TestCase:
    return test_sets.create_case(agent=agent, by=TEAM, name=name, turns=["Hola"], expects={}, scene={})


def test_it_counts_only_once_a_person_saved_it_so(
    acme: Tenant, agent: Agent, chat: Conversation, client_as: Callable[..., Client]
) -> None:
    with tenant_context(acme):
        case = chat_cases.from_chat(conversation=chat, by=TEAM)
        assert (case.is_active, case.conversation_id) == (False, chat.pk)
        assert not publish_gate.verdict(agent, agents.snapshot_of(agent)).work
        made = SystemEvent.objects.filter(resource_id=case.pk).values_list("diff", flat=True)
        assert "name" not in json.dumps([*made]), "the trail outlives the person"
    page = client_as("ana").get(f"/agentes/{case.agent_id}/pruebas/{case.pk}/").content.decode()
    assert "Viene de un chat real y todavía no cuenta" in page


def test_it_is_of_the_agent_that_answered_not_of_one_that_helped_a_person_write(
    acme: Tenant, agent: Agent, chat: Conversation
) -> None:
    with tenant_context(acme):
        answered, helped = make_agent(name="Turnos"), make_agent(name="Ventas")
        make_run(conversation_id=chat.pk, agent=answered, status="done")
        make_run(conversation_id=chat.pk, agent=helped, status="done", purpose="copilot")
        assert chat_cases.from_chat(conversation=chat, by=TEAM).agent == answered


def test_only_who_may_read_chats_reads_it(acme: Tenant, agent: Agent, chat: Conversation, ana: Person) -> None:
    with tenant_context(acme):
        case = chat_cases.from_chat(conversation=chat, by=TEAM)
        own = write(agent, "A mano")
        assert set(visible_cases(ana.member)) == {case, own}
        narrow = copy(ana.member)
        narrow.narrowed_to = frozenset({"agents.read"})
        assert list(visible_cases(narrow)) == [own]
        with pytest.raises(NotFound):
            case_of(narrow, case.pk)
        with pytest.raises(Forbidden):
            may_read_cases_of_chats(narrow)


def test_what_tools_were_told_goes_and_so_does_a_bare_answer(acme: Tenant, agent: Agent, chat: Conversation) -> None:
    with tenant_context(acme):
        run = AgentRun.objects.create(conversation_id=chat.pk, agent=agent, status="done", upto_sequence=4)
        given = {"nombre_completo": "lucía ferrari", "address": "Belgrano esquina Sarmiento", "document": 5123}
        run.tool_calls.create(conversation_id=chat.pk, key="t", tool="http_x", arguments=given)
        make_message(conversation=chat, text="es para lucía ferrari, en belgrano esquina sarmiento, 5123")
        make_message(conversation=chat, direction="out", author="agent", text="¿Me dice el nombre del titular?")
        make_message(conversation=chat, text="tomás gutiérrez")
        case = chat_cases.from_chat(conversation=chat, by=TEAM)
    kept = f"{case.turns}"
    for real in ("lucía", "ferrari", "sarmiento", "5123", "tomás", "gutiérrez"):
        assert real not in kept, kept


def test_it_goes_with_the_person_and_so_do_its_trials(acme: Tenant, agent: Agent, chat: Conversation) -> None:
    with tenant_context(acme):
        case = chat_cases.from_chat(conversation=chat, by=TEAM)
        other = write(agent, "A mano")
    checks.run_case(tenant=acme, case=case, snapshot=agents.snapshot_of(agent), by=TEAM)
    with tenant_context(acme):
        assert AgentRun.objects.filter(purpose="test").exists()
        privacy.forget(Subject(str(chat.contact_id), conversations=[str(chat.pk)]))
        assert list(TestCase.objects.all()) == [other]
        assert not AgentRun.objects.filter(purpose="test").exists()


def test_before_running_all_the_page_says_how_many_and_what_they_cost(
    acme: Tenant, agent: Agent, client_as: Callable[..., Client]
) -> None:
    with tenant_context(acme):
        case = write(agent, "Uno")
    path = f"/agentes/{agent.pk}/pruebas/"
    assert "1 caso. Cerca del tope del día las pruebas se frenan" in client_as("ana").get(path).content.decode()
    with tenant_context(acme):
        TestResult.objects.create(case=case, fingerprint="x", passed=True, cost_usd="0.0123")
    page = client_as("ana").get(path).content.decode().replace("\N{NO-BREAK SPACE}", " ")
    assert "1 caso; la última vez costó US$ 0.0123." in page
