"""The pages of trying an agent out, of its cases, and of what stops a publication."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from agents.models import Agent, AgentRun, TestCase
from agents.services import agents
from messaging.models import Conversation
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.agents.services.story import TEAM, employ
from tests.factories.agents import make_test_case, make_test_result
from tests.factories.crm import make_contact
from tests.factories.messaging import make_conversation, make_message
from tests.fakes.llm import FakeLLM, Reply, out_of_funds
from tests.support.tasks import Queue

Browser = Callable[..., Client]
MOST = 12


@pytest.fixture
def agent(acme: Tenant) -> Agent:
    with tenant_context(acme):
        return agents.create_from_template(
            template_type="leads", by=TEAM, name="Vera", channels=["web"], is_active=True, model_provider="demo"
        )


def setting(**over: Any) -> dict[str, Any]:
    return {"visitor_lead": "none", "channel": "web", "calendar": "free", **over}


def case_form(**over: Any) -> dict[str, Any]:
    return setting(name="Saludo", turns="Hola\n\n¿Precio?", ends="answered", is_active="on", **over)


class TestTheTrial:
    def test_a_phone_that_is_none_is_told_at_its_field(self, agent: Agent, client_as: Browser) -> None:
        said = setting(text="Hola", visitor_phone="no es un número")
        answer = client_as("ana").post(f"/agentes/{agent.pk}/probar/", said)
        assert answer.status_code == 422
        assert "visitor_phone" in answer.context["setting"].errors
        assert "Hola" in answer.content.decode()

    def test_what_a_rule_decided_says_so(self, agent: Agent, client_as: Browser, queued: Queue) -> None:
        browser = client_as("ana")
        queued.clear()
        said = setting(text="quiero hablar con una persona")
        first = browser.post(f"/agentes/{agent.pk}/probar/", said).headers["Location"]
        queued.drain()
        page = browser.get(first).content.decode()
        assert "Pidió hablar con una persona." in page
        assert "Sin pasos guardados." not in page

    def test_a_chat_of_two_turns_with_its_trace_and_kept_as_a_case(
        self, acme: Tenant, agent: Agent, client_as: Browser, queued: Queue
    ) -> None:
        browser, base = client_as("ana"), f"/agentes/{agent.pk}/probar/"
        queued.clear()
        assert "Cliente simulado" in browser.get(base).content.decode()
        answer = browser.post(base, setting(text="Hola, soy Lara Otero", visitor_interest="high"))
        assert answer.status_code == 303
        first = answer.headers["Location"]
        page = browser.get(first).content.decode()
        assert "Está contestando…" in page
        assert f'hx-get="{first}"' in page
        queued.drain()
        page = browser.get(first, HTTP_HX_REQUEST="true").content.decode()
        assert "Está contestando…" not in page
        assert "<html" not in page
        assert "Hola, soy Lara Otero" in page
        assert "Simulado: Datos guardados: nombre" in page
        assert "demostración" in page
        second = browser.post(first, {"text": "Gracias"}).headers["Location"]
        queued.drain()
        page = browser.get(second).content.decode()
        assert page.index("Hola, soy Lara Otero") < page.index("Gracias")
        kept = browser.post(f"{second}guardar/")
        with tenant_context(acme):
            case = TestCase.objects.get(agent=agent)
        assert kept.headers["Location"] == f"/agentes/{agent.pk}/pruebas/{case.pk}/"
        assert [each["text"] for each in case.turns] == ["Hola, soy Lara Otero", "Gracias"]
        assert "create_customer" in case.expects["calls"]

    def test_a_wrong_setting_comes_back_with_what_was_written(self, agent: Agent, client_as: Browser) -> None:
        answer = client_as("ana").post(f"/agentes/{agent.pk}/probar/", setting(text="Hola", sellers="cuando puedan"))
        assert answer.status_code == 422
        assert "No se entiende «cuando puedan»" in answer.content.decode()

    def test_an_empty_message_is_refused(self, agent: Agent, client_as: Browser) -> None:
        assert client_as("ana").post(f"/agentes/{agent.pk}/probar/", setting(text=" ")).status_code == 422

    def test_a_run_of_another_agent_or_kind_is_no_trial(self, acme: Tenant, agent: Agent, client_as: Browser) -> None:
        with tenant_context(acme):
            run = AgentRun.objects.create(agent=agent)
        assert client_as("ana").get(f"/agentes/{agent.pk}/probar/{run.pk}/").status_code == 404

    def test_who_only_reads_does_not_try(self, agent: Agent, client_as: Browser) -> None:
        assert client_as("rita").get(f"/agentes/{agent.pk}/probar/").status_code == 403


class TestCases:
    def test_one_is_written_changed_run_and_removed(
        self, acme: Tenant, agent: Agent, client_as: Browser, queued: Queue
    ) -> None:
        browser, base = client_as("ana"), f"/agentes/{agent.pk}/pruebas/"
        where = browser.post(f"{base}nuevo/", case_form(sellers="Sol: 9:00-13:00")).headers["Location"]
        with tenant_context(acme):
            case = TestCase.objects.get(agent=agent)
        assert [each["text"] for each in case.turns] == ["Hola", "¿Precio?"]
        assert case.scene["calendar"]["sellers"] == [{"name": "Sol", "hours": [["09:00", "13:00"]]}]
        assert "Sol: 09:00-13:00" in browser.get(where).content.decode()
        changed = case_form(never_says="gratis\nregalo", calls=["rag_search"])
        assert browser.post(f"{where}guardar/", changed).status_code == 303
        assert "Sin probar" in browser.get(base).content.decode()
        queued.clear()
        browser.post(f"{base}correr/")
        assert "Probando: 0 de 1." in browser.get(base).content.decode()
        queued.drain()
        page = browser.get(base).content.decode()
        assert "Probando" not in page
        assert "Pasa" in page or "Falla" in page
        assert "Pasos del mensaje 1" in browser.get(where).content.decode()
        browser.post(f"{where}borrar/")
        with tenant_context(acme):
            assert not TestCase.objects.exists()

    def test_a_wrong_case_is_refused_beside_its_form(self, agent: Agent, client_as: Browser) -> None:
        answer = client_as("ana").post(f"/agentes/{agent.pk}/pruebas/nuevo/", case_form(visitor_phone="x"))
        assert answer.status_code == 422

    def test_who_reads_agents_sees_them_and_changes_none(self, acme: Tenant, agent: Agent, client_as: Browser) -> None:
        with tenant_context(acme):
            case = make_test_case(agent=agent)
        base = f"/agentes/{agent.pk}/pruebas/"
        assert client_as("rita").get(base).status_code == client_as("rita").get(f"{base}{case.pk}/").status_code == 200
        for path in ("correr/", "nuevo/", f"{case.pk}/guardar/", f"{case.pk}/borrar/"):
            assert client_as("rita").post(base + path).status_code == 403
        assert client_as("gus").get(f"{base}{case.pk}/").status_code == 404

    @pytest.mark.parametrize("what", ["list", "one"])
    def test_many_cases_cost_as_many_statements_as_few(
        self, acme: Tenant, agent: Agent, client_as: Browser, statements: Any, what: str
    ) -> None:
        counts, browser = [], client_as("ana")
        for number in (2, 10):
            with tenant_context(acme):
                for _each in range(number):
                    case = make_test_case(agent=agent)
                    make_test_result(case=case)
                for _each in range(number):
                    make_test_result(case=case)
            path = f"/agentes/{agent.pk}/pruebas/" + (f"{case.pk}/" if what == "one" else "")
            with statements() as seen:
                assert browser.get(path).status_code == 200
            counts.append(seen.count)
        assert counts[0] == counts[1] <= MOST, str(seen)


class TestPublishing:
    @pytest.fixture
    def parrot(self, acme: Tenant, llm: FakeLLM) -> Agent:
        """Says what its instructions tell it to say."""
        llm.brain = lambda request: Reply(text=request["messages"][0]["content"].partition("DECIR ")[2].split("\n")[0])
        agent = employ(acme, llm, tools=[], system_prompt_template="DECIR Buen día\n")
        with tenant_context(acme):
            make_test_case(agent=agent, name="Saluda", expects={"says": ["buen dia"]})
        return agent

    def changed(self, acme: Tenant, agent: Agent, words: str) -> None:
        with tenant_context(acme):
            agents.update_agent(agent=agent, by=TEAM, system_prompt_template=f"DECIR {words}\n")

    def test_a_regression_is_refused_and_the_chat_is_named_with_its_link(
        self, acme: Tenant, parrot: Agent, client_as: Browser, queued: Queue
    ) -> None:
        browser = client_as("ana")
        self.changed(acme, parrot, "Chau")
        queued.clear()
        answer = browser.post(f"/agentes/{parrot.pk}/publicar/")
        assert answer.headers["Location"] == f"/agentes/{parrot.pk}/pruebas/"
        assert "Se publica al terminar si no se rompe nada." in browser.get(answer.headers["Location"]).content.decode()
        queued.drain()
        page = browser.get(f"/agentes/{parrot.pk}/pruebas/").content.decode()
        with tenant_context(acme):
            case = TestCase.objects.get()
            now = Agent.objects.select_related("published").get(pk=parrot.pk)
        assert now.published.number == 1
        assert "Se rompe" in page
        assert f"/agentes/{parrot.pk}/pruebas/{case.pk}/" in page
        assert "«Saluda»" in page
        again = browser.post(f"/agentes/{parrot.pk}/publicar/")
        assert browser.get(again.headers["Location"]).content.decode().count("No se publicó") == 1

    def test_a_model_that_gave_no_answer_is_told_and_is_no_failure_of_the_agent(
        self, acme: Tenant, parrot: Agent, client_as: Browser, queued: Queue, llm: FakeLLM
    ) -> None:
        browser = client_as("ana")
        self.changed(acme, parrot, "Chau")
        llm.brain = lambda _request: out_of_funds()
        queued.clear()
        browser.post(f"/agentes/{parrot.pk}/publicar/")
        queued.drain()
        page = browser.get(f"/agentes/{parrot.pk}/pruebas/").content.decode()
        assert "El modelo no respondió: no se pudo probar «Saluda»" in page
        assert "Sin respuesta" in page
        assert "Se rompe" not in page
        with tenant_context(acme):
            case = TestCase.objects.get()
            assert Agent.objects.select_related("published").get(pk=parrot.pk).published.number == 1
        assert "Sin respuesta" in browser.get(f"/agentes/{parrot.pk}/pruebas/{case.pk}/").content.decode()

    def test_what_breaks_nothing_goes_out_when_it_was_tried(
        self, acme: Tenant, parrot: Agent, client_as: Browser, queued: Queue
    ) -> None:
        browser = client_as("ana")
        self.changed(acme, parrot, "Muy buen día")
        queued.clear()
        browser.post(f"/agentes/{parrot.pk}/publicar/")
        queued.drain()
        with tenant_context(acme):
            assert Agent.objects.select_related("published").get(pk=parrot.pk).published.number == 2
        assert "la versión se publicó" in browser.get(f"/agentes/{parrot.pk}/pruebas/").content.decode()

    def test_going_back_takes_one_click_whatever_the_cases_say(
        self, acme: Tenant, parrot: Agent, client_as: Browser, queued: Queue
    ) -> None:
        with tenant_context(acme):
            TestCase.objects.update(is_active=False)
            self.changed(acme, parrot, "Chau")
            agents.publish_agent(agent=parrot, by=TEAM)
            TestCase.objects.update(is_active=True, expects={"says": ["chau"]})
        client_as("ana").post(f"/agentes/{parrot.pk}/versiones/1/volver/")
        with tenant_context(acme):
            now = Agent.objects.select_related("published").get(pk=parrot.pk)
        assert (now.published.number, "Buen día" in now.system_prompt_template) == (3, True)


class TestFromTheInbox:
    @pytest.fixture
    def conversation(self, acme: Tenant) -> Conversation:
        with tenant_context(acme):
            chat = make_conversation(contact=make_contact(name="Marcela Ríos"))
            make_message(conversation=chat, text="Hola, soy Marcela Ríos, 11 2345-6789")
        return chat

    def test_one_button_makes_a_masked_case(
        self, acme: Tenant, agent: Agent, conversation: Conversation, client_as: Browser
    ) -> None:
        browser = client_as("ana")
        assert "Convertir en caso de prueba" in browser.get(f"/bandeja/{conversation.pk}/").content.decode()
        answer = browser.post(f"/bandeja/{conversation.pk}/caso/")
        page = browser.get(answer.headers["Location"]).content.decode()
        assert "nombres y datos inventados" in page
        assert "Marcela" not in page
        assert "2345-6789" not in page

    def test_it_is_for_who_may_change_agents(self, conversation: Conversation, client_as: Browser) -> None:
        browser = client_as("rita")
        assert "Convertir en caso de prueba" not in browser.get(f"/bandeja/{conversation.pk}/").content.decode()
        assert browser.post(f"/bandeja/{conversation.pk}/caso/").status_code == 403
        assert client_as("gus").post(f"/bandeja/{conversation.pk}/caso/").status_code == 404
