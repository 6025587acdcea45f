"""Trying agents out, test cases and the gate of publishing, through the API."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection as raw
from rest_framework.test import APIClient

from agents.models import Agent, AgentRun, TestCase
from agents.services import checks, loop
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.agents.services.story import employ
from tests.factories.crm import make_contact
from tests.factories.messaging import make_conversation, make_message
from tests.fakes.llm import FakeLLM, Reply, out_of_funds
from tests.support.tasks import Queue

Api = Callable[..., APIClient]


@pytest.fixture
def parrot(acme: Tenant, llm: FakeLLM) -> Agent:
    """Says what its instructions tell it to say."""
    llm.brain = lambda request: Reply(text=request["messages"][0]["content"].partition("DECIR ")[2].split("\n")[0])
    return employ(acme, llm, tools=["qualify_lead"], system_prompt_template="DECIR Buen día\n")


def say(api: APIClient, agent: Agent, **body: Any) -> Any:
    return api.post(f"/api/v1/agents/{agent.pk}/playground", {"text": "Hola", **body}, format="json")


class TestPlayground:
    def test_it_answers_with_a_reply_and_its_run(self, api_as: Api, parrot: Agent) -> None:
        api = api_as("ana")
        answer = say(api, parrot)
        assert answer.status_code == 200
        body = answer.json()
        assert (body["reply"], body["status"], body["is_demo"]) == ("Buen día", "done", False)
        run = api.get(f"/api/v1/runs/{body['run']}/").json()
        assert (run["reply"], run["conversation"]) == ("Buen día", None)
        assert [step["type"] for step in body["steps"]] == ["prompt", "model"]

    def test_the_demo_needs_no_key_and_says_that_it_is_one(self, acme: Tenant, api_as: Api) -> None:
        body = say(api_as("ana"), employ(acme)).json()
        assert body["is_demo"]
        assert body["reply"]

    def test_history_contact_and_earlier_runs_count(self, api_as: Api, parrot: Agent, llm: FakeLLM) -> None:
        api = api_as("ana")
        history = [{"role": "user", "text": "Me llamo Lara"}, {"role": "assistant", "text": "Mucho gusto"}]
        say(api, parrot, history=history, contact={"name": "Lara Otero", "interest": "high"})
        said = [message["content"] for message in llm.requests[0]["messages"]]
        assert said[1:] == ["Me llamo Lara", "Mucho gusto", "Hola"]
        assert "Lara Otero" in said[0]
        first = say(api, parrot).json()
        say(api, parrot, text="¿Sigue?", runs=[first["run"]])
        assert [message["content"] for message in llm.requests[2]["messages"]][1:] == ["Hola", "Buen día", "¿Sigue?"]

    @pytest.mark.parametrize(
        "body",
        [
            {"text": ""},
            {"text": "x" * 4001},
            {"contact": {"id": "1"}},
            {"contact": {"phone": "no"}},
            {"calendar": {"state": "closed"}},
            {"channel": "fax"},
            {"runs": ["01900000-0000-7000-8000-000000000000"]},
            {"history": [{"role": "system", "text": "x"}]},
        ],
    )
    def test_what_makes_no_sense_is_refused(self, api_as: Api, parrot: Agent, llm: FakeLLM, body: Any) -> None:
        answer = say(api_as("ana"), parrot, **body)
        assert answer.status_code in (400, 422)
        assert answer.json()["error"]["fields"]
        assert llm.requests == []

    def test_trouble_of_the_model_is_in_words(self, api_as: Api, parrot: Agent, llm: FakeLLM) -> None:
        llm.then(out_of_funds())
        body = say(api_as("ana"), parrot).json()
        assert (body["status"], body["reply"], bool(body["error"])) == ("failed", "", True)

    def test_it_is_for_who_may_change_agents(self, api_as: Api, parrot: Agent) -> None:
        assert say(api_as("rita"), parrot).status_code == 403
        assert say(api_as("gus"), parrot).status_code == 404
        assert say(APIClient(), parrot).status_code == 401

    def test_no_transaction_is_open_while_it_waits(
        self, live_tenants: Any, acme: Tenant, llm: FakeLLM, api_as: Api, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        agent, open_then, asked = employ(acme, llm, tools=[]), [], loop.ask

        def watched(*args: Any, **more: Any) -> Any:
            open_then.append(raw.in_atomic_block)
            return asked(*args, **more)

        monkeypatch.setattr(loop, "ask", watched)
        assert say(api_as("ana"), agent).status_code == 200
        assert open_then == [False]

    def test_the_same_request_again_gets_the_same_answer(self, api_as: Api, parrot: Agent, llm: FakeLLM) -> None:
        api = api_as("ana")
        path = f"/api/v1/agents/{parrot.pk}/playground"
        answers = [
            api.post(path, {"text": "Hola"}, format="json", headers={"Idempotency-Key": "una"}) for _ in range(2)
        ]
        assert answers[0].json() == answers[1].json()
        assert len(llm.requests) == 1


class TestCases:
    CASE = {
        "name": "Saluda",
        "turns": [{"text": "Hola"}],
        "expects": {"says": ["buen dia"], "ends": "answered"},
        "scene": {"contact": {"name": "Lara", "lead": "none"}, "channel": "web", "calendar": {"state": "full", "sellers": []}},
        "is_active": True,
    }  # fmt: skip

    def made(self, api: APIClient, agent: Agent, **over: Any) -> Any:
        answer = api.post("/api/v1/test-sets/", {**self.CASE, "agent": str(agent.pk), **over}, format="json")
        assert answer.status_code == 201, answer.content
        return answer.json()

    def test_one_is_created_as_written_changed_run_and_removed(self, api_as: Api, parrot: Agent) -> None:
        api = api_as("ana")
        case = self.made(api, parrot)
        assert {name: case[name] for name in self.CASE} == self.CASE
        url = f"/api/v1/test-sets/{case['id']}/"
        assert api.get(url).json() == case
        listed = api.get("/api/v1/test-sets/", {"agent": str(parrot.pk)}).json()["results"]
        assert [row["id"] for row in listed] == [case["id"]]
        assert api.post(f"{url}run").json()["passed"]
        changed = api.patch(url, {"expects": {"says": ["chau"]}}, format="json").json()
        assert (changed["expects"], changed["name"]) == ({"says": ["chau"]}, "Saluda")
        result = api.post(f"{url}run").json()
        assert [each["kind"] for each in result["failures"]] == ["says"]
        assert len(api.get(f"{url}results").json()["results"]) == 2
        assert api.delete(url).status_code == 204
        assert api.get(url).status_code == 404

    def test_wrong_ones_are_refused_by_field(self, api_as: Api, parrot: Agent) -> None:
        body = {**self.CASE, "agent": str(parrot.pk)}
        for name, value in (("turns", []), ("expects", {"calls": ["nada"]}), ("scene", {"channel": "fax"})):
            answer = api_as("ana").post("/api/v1/test-sets/", {**body, name: value}, format="json")
            assert answer.status_code in (400, 422)
            assert name in answer.json()["error"]["fields"]

    def test_reading_and_writing_are_told_apart(self, api_as: Api, parrot: Agent) -> None:
        case = self.made(api_as("ana"), parrot)
        url = f"/api/v1/test-sets/{case['id']}/"
        assert api_as("rita").get(url).status_code == 200
        assert api_as("rita").patch(url, {"name": "x"}, format="json").status_code == 403
        assert api_as("gus").get(url).status_code == api_as("gus").post(f"{url}run").status_code == 404

    def test_one_that_takes_longer_than_anybody_waits_is_refused_with_the_way_on(
        self, acme: Tenant, api_as: Api, parrot: Agent, llm: FakeLLM, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("agents.api.test_sets.CASE_SECONDS", -1.0)
        case = self.made(api_as("ana"), parrot)
        answer = api_as("ana").post(f"/api/v1/test-sets/{case['id']}/run")
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "too_slow")
        with tenant_context(acme):
            assert not AgentRun.objects.filter(purpose="test").exists()
        assert llm.requests == []

    def test_all_are_run_by_the_worker(self, api_as: Api, parrot: Agent, queued: Queue) -> None:
        api, url = api_as("ana"), f"/api/v1/agents/{parrot.pk}/tests"
        assert api.get(url).status_code == 404
        self.made(api, parrot)
        self.made(api, parrot, name="Otra")
        queued.clear()
        begun = api.post(url)
        assert (begun.status_code, begun.json()["state"], begun.json()["total"]) == (202, "running", 2)
        queued.drain()
        ended = api.get(url).json()
        assert (ended["state"], ended["done"], ended["publishes"]) == ("done", 2, False)

    def test_a_chat_becomes_a_masked_case(self, acme: Tenant, api_as: Api, parrot: Agent) -> None:
        with tenant_context(acme):
            chat = make_conversation(contact=make_contact(name="Marcela Ríos"))
            make_message(conversation=chat, text="Soy Marcela Ríos")
        case = api_as("ana").post(f"/api/v1/conversations/{chat.pk}/test-case").json()
        assert "Marcela" not in str(case)
        assert api_as("gus").post(f"/api/v1/conversations/{chat.pk}/test-case").status_code == 404


class TestPublishing:
    def changed(self, api: APIClient, agent: Agent, words: str) -> Any:
        api.patch(f"/api/v1/agents/{agent.pk}/", {"system_prompt_template": f"DECIR {words}\n"}, format="json")
        return api.post(f"/api/v1/agents/{agent.pk}/publish")

    def test_a_few_cases_are_tried_while_it_waits(self, api_as: Api, parrot: Agent) -> None:
        api = api_as("ana")
        case = TestCases().made(api, parrot)
        answer = self.changed(api, parrot, "Chau")
        assert answer.status_code == 409
        error = answer.json()["error"]
        assert (error["code"], error["fields"]) == (
            "regression",
            {f"cases.{case['id']}": "Saluda: Nunca dijo «buen dia»."},
        )
        assert api.get(f"/api/v1/agents/{parrot.pk}/").json()["published_version"] == 1
        assert self.changed(api, parrot, "Muy buen día").json()["number"] == 2

    def test_many_are_tried_by_the_worker_which_then_publishes(
        self, api_as: Api, parrot: Agent, queued: Queue, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("agents.api.test_sets.AT_ONCE", 1)
        api = api_as("ana")
        for name in ("Una", "Otra"):
            TestCases().made(api, parrot, name=name)
        queued.clear()
        answer = self.changed(api, parrot, "Muy buen día")
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "checks_running")
        queued.drain()
        assert api.get(f"/api/v1/agents/{parrot.pk}/").json()["published_version"] == 2
        assert api.get(f"/api/v1/agents/{parrot.pk}/tests").json()["state"] == "done"

    def test_a_model_that_gives_no_answer_publishes_nothing(self, api_as: Api, parrot: Agent, llm: FakeLLM) -> None:
        api = api_as("ana")
        TestCases().made(api, parrot)
        llm.brain = lambda _request: out_of_funds()
        answer = self.changed(api, parrot, "Chau")
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "no_answer")
        assert api.get(f"/api/v1/agents/{parrot.pk}/").json()["published_version"] == 1

    def test_without_cases_it_is_published_at_once(self, api_as: Api, parrot: Agent, llm: FakeLLM) -> None:
        assert self.changed(api_as("ana"), parrot, "Chau").json()["number"] == 2
        assert llm.requests == []

    def test_an_earlier_version_comes_back_past_any_case(self, acme: Tenant, api_as: Api, parrot: Agent) -> None:
        api = api_as("ana")
        self.changed(api, parrot, "Chau")
        TestCases().made(api, parrot, expects={"says": ["chau"]})
        assert api.post(f"/api/v1/agents/{parrot.pk}/restore", {"version": 1}).json()["number"] == 3
        with tenant_context(acme):
            assert TestCase.objects.count() == 1
            assert not AgentRun.objects.filter(purpose="test").exists()
        assert checks.KEPT_RESULTS > 1
