"""Test cases: written, kept, judged, run by the worker; and what may not be published because of them."""

from typing import Any

import pytest

from agents.models import Agent, AgentRun, TestCase, TestCheck, TestResult
from agents.services import agents, chat_cases, checks, publish_gate, test_sets
from agents.services.judging import Call, Turn, judge
from agents.services.playground import try_agent
from agents.services.publish_gate import Regression, Untested
from config.lib.errors import Conflict, Invalid
from crm.models import Contact
from messaging.models import Conversation
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.agents.services.story import TEAM, Story, employ, make_story
from tests.factories.crm import make_seller
from tests.factories.messaging import make_channel, make_conversation, make_message
from tests.fakes.llm import FakeLLM, Reply, out_of_funds

TOOLS = ["create_customer", "qualify_lead", "handoff_to_human", "report_assistance"]


@pytest.fixture
def agent(acme: Tenant, llm: FakeLLM) -> Agent:
    """What it answers depends on its instructions: the word after DECIR."""

    def brain(request: dict[str, Any]) -> Reply:
        return Reply(text=request["messages"][0]["content"].partition("DECIR ")[2].split("\n")[0].strip() or "Hola")

    llm.brain = brain
    return employ(acme, llm, tools=TOOLS, system_prompt_template="DECIR Hola, buen día\n")


def write(tenant: Tenant, agent: Agent, **over: Any) -> TestCase:
    fields = {"name": "Saludo", "turns": ["Hola"], "expects": {"says": ["buen dia"]}, "scene": {}, **over}
    with tenant_context(tenant):
        return test_sets.create_case(agent=agent, by=TEAM, **fields)


def instruct(tenant: Tenant, agent: Agent, words: str) -> None:
    with tenant_context(tenant):
        agents.update_agent(agent=agent, by=TEAM, system_prompt_template=f"DECIR {words}\n")


def publish(tenant: Tenant, agent: Agent) -> Any:
    """As the page does: what is not known is tried by the worker."""
    with tenant_context(tenant):
        check = checks.start(agent=Agent.objects.get(pk=agent.pk), by=TEAM, publishes=True)
    checks.work_off(tenant=tenant, check_id=check.pk)
    with tenant_context(tenant):
        return TestCheck.objects.get(pk=check.pk)


def published(tenant: Tenant, agent: Agent) -> str:
    with tenant_context(tenant):
        row = Agent.objects.select_related("published").get(pk=agent.pk)
    return row.published.snapshot["system_prompt_template"]


class TestWriting:
    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("name", " "),
            ("name", "x" * 161),
            ("turns", []),
            ("turns", "Hola"),
            ("turns", [{"text": 3}]),
            ("turns", ["  "]),
            ("turns", ["x"] * 13),
            ("turns", ["x" * 2001]),
            ("expects", []),
            ("expects", {"calls": "x"}),
            ("expects", {"calls": ["drop_tables"]}),
            ("expects", {"calls": ["qualify_lead"], "avoids": ["qualify_lead"]}),
            ("expects", {"ends": "well"}),
            ("expects", {"other": []}),
            ("scene", []),
            ("scene", {"contact": {"id": "1"}}),
            ("scene", {"contact": {"lead": "lost"}}),
            ("scene", {"contact": {"phone": "x"}}),
            ("scene", {"channel": "fax"}),
            ("scene", {"calendar": {"state": "closed"}}),
            ("scene", {"calendar": {"sellers": [{"name": "Sol"}]}}),
            ("scene", {"calendar": {"sellers": [{"name": "Sol", "hours": [["18:00", "09:00"]]}]}}),
        ],
    )
    def test_what_makes_no_sense_is_refused_and_named(self, acme, agent, field, value):
        with pytest.raises(Invalid) as caught:
            write(acme, agent, **{field: value})
        assert field in caught.value.fields

    def test_an_agent_has_so_many_at_most(self, acme, agent, monkeypatch):
        monkeypatch.setattr(test_sets, "MOST_CASES", 1)
        write(acme, agent)
        with pytest.raises(Conflict):
            write(acme, agent)

    def test_one_that_is_removed_takes_its_runs_along(self, acme, agent):
        case = write(acme, agent)
        checks.run_case(tenant=acme, case=case, snapshot=agents.snapshot_of(agent), by=TEAM)
        with tenant_context(acme):
            assert AgentRun.objects.filter(purpose="test").count() == 1
            test_sets.remove_case(case=case, by=TEAM)
            assert AgentRun.objects.filter(purpose="test").count() == TestResult.objects.count() == 0


class TestJudging:
    done = Turn("Buen día, ya está.", (Call("qualify_lead", True),), "answered", frozenset({"record"}))

    @pytest.mark.parametrize(
        ("expects", "kinds"),
        [
            ({}, []),
            ({"calls": ["qualify_lead"], "says": ["BUEN DIA"], "ends": "answered"}, []),
            ({"calls": ["create_customer"]}, ["calls"]),
            ({"avoids": ["qualify_lead"]}, ["avoids"]),
            ({"says": ["chau"]}, ["says"]),
            ({"never_says": ["buén   día"]}, ["never_says"]),
            ({"ends": "handed_off"}, ["ends"]),
        ],
    )
    def test_each_expectation_is_held_against_what_happened(self, expects, kinds):
        assert [each.kind for each in judge(expects, [self.done], {})] == kinds

    def test_a_refused_call_is_no_call_and_says_why(self):
        turn = Turn("x", (Call("book_appointment", False, "Falta el interés."),), "answered")
        found = judge({"calls": ["book_appointment"]}, [turn], {"book_appointment": "Agendar"})
        assert (found[0].kind, found[0].turn, "Falta el interés" in found[0].text) == ("calls", 1, True)
        assert judge({"avoids": ["book_appointment"]}, [turn], {})[0].kind == "avoids"

    def test_a_claim_without_its_receipt_fails_whatever_is_expected(self):
        turn = Turn("Listo, te agendé el turno para mañana.", (), "answered")
        assert [each.kind for each in judge({}, [turn], {})] == ["claim"]

    def test_no_answer_is_no_verdict_about_the_agent(self):
        found = judge({"ends": "answered"}, [Turn("", (), "failed", error="sin fondos")], {})
        assert [each.kind for each in found] == ["error"]
        assert "sin fondos" in found[0].text

    def test_held_back_counts_as_a_person(self):
        turn = Turn("", (), "blocked", error="x")
        assert judge({"ends": "handed_off"}, [turn], {}) == []
        assert [each.kind for each in judge({}, [turn], {})] == ["withheld"]


class TestRunning:
    def test_a_case_plays_several_turns_and_remembers(self, acme, agent, llm):
        case = write(acme, agent, turns=["Hola", "¿Sigue ahí?"], expects={"ends": "answered"})
        result = checks.run_case(tenant=acme, case=case, snapshot=agents.snapshot_of(agent), by=TEAM)
        assert result.passed
        assert [message["content"] for message in llm.requests[1]["messages"]][1:] == [
            "Hola",
            "Hola, buen día",
            "¿Sigue ahí?",
        ]
        with tenant_context(acme):
            assert {run.purpose for run in result.runs.all()} == {"test"}
            assert result.runs.count() == 2

    def test_nothing_is_sent_once_a_person_has_the_chat(self, acme, agent, llm):
        case = write(acme, agent, turns=["Quiero hablar con una persona", "¿Hola?"], expects={"ends": "handed_off"})
        assert checks.run_case(tenant=acme, case=case, snapshot=agents.snapshot_of(agent), by=TEAM).passed
        assert llm.requests == []

    def test_what_failed_is_told_with_its_turn(self, acme, agent):
        case = write(acme, agent, expects={"never_says": ["hola"], "calls": ["qualify_lead"]})
        result = checks.run_case(tenant=acme, case=case, snapshot=agents.snapshot_of(agent), by=TEAM)
        assert [(each["kind"], each["turn"]) for each in result.failures] == [("calls", 0), ("never_says", 1)]
        assert "Calificar el interés" in result.failures[0]["text"]

    def test_old_results_go_with_their_runs(self, acme, agent, monkeypatch):
        monkeypatch.setattr(checks, "KEPT_RESULTS", 2)
        case = write(acme, agent)
        for _number in range(3):
            checks.run_case(tenant=acme, case=case, snapshot=agents.snapshot_of(agent), by=TEAM)
        with tenant_context(acme):
            assert (TestResult.objects.count(), AgentRun.objects.filter(purpose="test").count()) == (2, 2)


class TestTheGate:
    def test_without_cases_it_is_as_ever(self, acme, agent, llm):
        instruct(acme, agent, "Chau")
        with tenant_context(acme):
            assert agents.publish_agent(agent=agent, by=TEAM).number == 2
        assert llm.requests == []

    def test_untried_cases_have_to_be_tried_first(self, acme, agent):
        case = write(acme, agent)
        instruct(acme, agent, "Hola, buen día, otra vez")
        with tenant_context(acme), pytest.raises(Untested) as caught:
            agents.publish_agent(agent=agent, by=TEAM)
        assert caught.value.fields == {f"cases.{case.pk}": "Saludo"}

    def test_what_breaks_a_passing_case_is_not_published_and_the_case_is_named(self, acme, agent):
        case = write(acme, agent)
        instruct(acme, agent, "Chau")
        check = publish(acme, agent)
        assert (check.state, check.version_id) == ("failed", None)
        assert "«Saludo»" in check.error
        assert "buen día" in published(acme, agent)
        with tenant_context(acme), pytest.raises(Regression) as caught:
            agents.publish_agent(agent=agent, by=TEAM)
        assert caught.value.fields == {f"cases.{case.pk}": "Saludo: Nunca dijo «buen dia»."}
        assert (caught.value.code, caught.value.status) == ("regression", 409)

    def test_what_breaks_nothing_is_published_when_it_was_tried(self, acme, agent):
        write(acme, agent)
        instruct(acme, agent, "Muy buen día")
        check = publish(acme, agent)
        assert (check.state, check.error) == ("done", "")
        assert "Muy buen día" in published(acme, agent)

    def test_a_case_that_never_passed_only_warns(self, acme, agent):
        write(acme, agent, expects={"says": ["jamás se dice"]})
        instruct(acme, agent, "Chau")
        assert publish(acme, agent).state == "done"
        assert "Chau" in published(acme, agent)

    def test_a_case_that_is_off_does_not_count(self, acme, agent):
        write(acme, agent, is_active=False)
        instruct(acme, agent, "Chau")
        with tenant_context(acme):
            agents.publish_agent(agent=agent, by=TEAM)

    def test_going_back_is_never_stopped(self, acme, agent):
        with tenant_context(acme):
            first = Agent.objects.select_related("published").get(pk=agent.pk).published
        instruct(acme, agent, "Chau")
        with tenant_context(acme):
            agents.publish_agent(agent=agent, by=TEAM)
        write(acme, agent, expects={"says": ["chau"]})
        with tenant_context(acme):
            assert agents.put_back(version=first, by=TEAM).number == 3

    def test_results_are_used_again_and_a_changed_case_is_tried_anew(self, acme, agent, llm):
        case = write(acme, agent)
        instruct(acme, agent, "Chau")
        publish(acme, agent)
        asked = len(llm.requests)
        assert asked == 2, "once with the new content, once with the published one"
        publish(acme, agent)
        assert len(llm.requests) == asked
        with tenant_context(acme):
            test_sets.update_case(case=case, by=TEAM, expects={"says": ["chau"]})
        assert publish(acme, agent).state == "done"
        assert len(llm.requests) == asked + 1

    def test_an_old_result_says_nothing_any_more(self, acme, agent, monkeypatch):
        write(acme, agent)
        instruct(acme, agent, "Muy buen día")
        publish(acme, agent)
        monkeypatch.setattr(publish_gate, "FRESH", -publish_gate.FRESH)
        with tenant_context(acme):
            agent = Agent.objects.select_related("published").get(pk=agent.pk)
            assert len(publish_gate.verdict(agent, agents.snapshot_of(agent)).work) == 1

    def test_a_model_that_is_away_publishes_nothing(self, acme, agent, llm):
        write(acme, agent)
        instruct(acme, agent, "Muy buen día")
        llm.then(out_of_funds())
        check = publish(acme, agent)
        assert check.state == "failed"
        assert "buen día" in published(acme, agent)
        assert "Muy" not in published(acme, agent)

    def test_an_agent_that_changed_meanwhile_is_not_published(self, acme, agent):
        write(acme, agent)
        instruct(acme, agent, "Muy buen día")
        with tenant_context(acme):
            check = checks.start(agent=agent, by=TEAM, publishes=True)
        instruct(acme, agent, "Chau")
        checks.work_off(tenant=acme, check_id=check.pk)
        with tenant_context(acme):
            check.refresh_from_db()
        assert (check.state, "cambió" in check.error) == ("failed", True)
        assert "Hola, buen día" in published(acme, agent)


class TestTheWorker:
    def test_pressing_run_plays_all_again_whatever_is_known(self, acme, agent, llm):
        write(acme, agent)
        for asked in (1, 2):
            with tenant_context(acme):
                check = checks.start(agent=Agent.objects.get(pk=agent.pk), by=TEAM, anew=True)
            checks.work_off(tenant=acme, check_id=check.pk)
            assert len(llm.requests) == asked

    def test_one_check_at_a_time_and_a_second_press_joins_it(self, acme, agent):
        write(acme, agent)
        instruct(acme, agent, "Muy buen día")
        with tenant_context(acme):
            first = checks.start(agent=agent, by=TEAM)
            second = checks.start(agent=agent, by=TEAM, publishes=True)
        assert (first.pk, second.publishes) == (second.pk, True)

    def test_a_lost_wake_up_is_made_good_by_whoever_looks_and_not_at_every_look(self, acme, agent, queued):
        write(acme, agent)
        with tenant_context(acme):
            check = checks.start(agent=agent, by=TEAM)
            TestCheck.objects.filter(pk=check.pk).update(leased_until=check.created_at - checks.LEASE)
        queued.clear()
        with tenant_context(acme):
            check.refresh_from_db()
            checks.look(check)
            checks.look(check)
        assert len(queued.named("check_cases")) == 1

    def test_another_worker_leaves_it_alone(self, acme, agent, llm):
        write(acme, agent)
        instruct(acme, agent, "Muy buen día")
        with tenant_context(acme):
            check = checks.start(agent=agent, by=TEAM)
        assert checks._leased(acme, check.pk) is not None
        checks.work_off(tenant=acme, check_id=check.pk)
        assert llm.requests == []

    def test_how_far_it_is_can_be_seen(self, acme, agent):
        for number in range(3):
            write(acme, agent, name=f"Caso {number}")
        with tenant_context(acme):
            check = checks.start(agent=agent, by=TEAM)
            work = publish_gate.verdict(agent, check.snapshot).work
        checks.run_next(tenant=acme, agent=agent, snapshot=check.snapshot, work=work, by=TEAM)
        with tenant_context(acme):
            assert (checks.look(check).done, check.total) == (1, 3)


class TestFromAChat:
    @pytest.fixture
    def chat(self, acme: Tenant) -> Conversation:
        with tenant_context(acme):
            make_seller(name="Sol")
            channel = make_channel(provider="meta_direct", channel_source="whatsapp")
            contact = Contact.objects.create(
                name="Marcela Ríos", phone="+5491123456789", email="marce@correo.com", custom={"document": "30123456"}
            )
            chat = make_conversation(contact=contact, channel=channel)
            make_message(conversation=chat, text="Hola, soy Marcela Ríos, DNI 30.123.456")
            make_message(conversation=chat, text="Quiero un turno con Sol el martes")
            make_message(conversation=chat, direction="out", author="agent", text="¿Su teléfono, Marcela?")
            make_message(conversation=chat, text="11 2345-6789 o MARCE@correo.com")
        return chat

    def test_nobody_is_left_in_it_and_what_happened_is_expected(self, acme, agent, chat):
        with tenant_context(acme):
            run = AgentRun.objects.create(conversation_id=chat.pk, agent=agent, status="done", upto_sequence=4)
            for tool in ("create_customer", "qualify_lead", "report_assistance"):
                run.tool_calls.create(conversation_id=chat.pk, key=tool, tool=tool, ok=True)
            run.tool_calls.create(conversation_id=chat.pk, key="x", tool="handoff_to_human", ok=False)
            case = chat_cases.from_chat(conversation=chat, by=TEAM)
        kept = f"{case.name} {case.turns} {case.scene}".lower()
        for real in ("marcela", "ríos", "rios", "30.123.456", "30123456", "2345-6789", "23456789", "marce@"):
            assert real not in kept, kept
        assert [each["text"].count("\n") for each in case.turns] == [1, 0], "one text for each burst"
        assert "con Sol el martes" in case.turns[0]["text"]
        assert case.expects == {"calls": ["create_customer", "qualify_lead"], "ends": "answered"}
        assert (case.agent_id, case.scene["channel"], case.scene["contact"].get("name")) == (agent.pk, "whatsapp", None)

    def test_it_ends_where_people_took_over(self, acme, agent, chat):
        with tenant_context(acme):
            AgentRun.objects.create(conversation_id=chat.pk, agent=agent, status="handed_off", upto_sequence=2)
            case = chat_cases.from_chat(conversation=chat, by=TEAM)
        assert (len(case.turns), case.expects) == (1, {"ends": "handed_off"})
        assert case.scene["contact"]["name"]
        assert case.scene["contact"]["phone"] == "+5491155501000"

    def test_it_can_be_played_at_once(self, acme, agent, chat):
        with tenant_context(acme):
            AgentRun.objects.create(conversation_id=chat.pk, agent=agent, status="done", upto_sequence=4)
            case = chat_cases.from_chat(conversation=chat, by=TEAM)
        result = checks.run_case(tenant=acme, case=case, snapshot=agents.snapshot_of(agent), by=TEAM)
        assert result.passed, result.failures

    def test_a_chat_without_words_of_the_customer_makes_none(self, acme, agent):
        story: Story = make_story(acme)
        with tenant_context(acme), pytest.raises(Invalid):
            chat_cases.from_chat(conversation=story.conversation, by=TEAM)

    def test_a_channel_without_an_agent_makes_none(self, acme, chat):
        with tenant_context(acme):
            Agent.objects.all().delete()
            with pytest.raises(Conflict):
                chat_cases.from_chat(conversation=chat, by=TEAM)

    def test_a_trial_becomes_a_case_that_expects_what_it_did(self, acme, agent, llm):
        llm.then(Reply(tool_calls=[("qualify_lead", {"interest": "high"})]), Reply(text="Perfecto."))
        run = try_agent(tenant=acme, agent=agent, text="Me interesa mucho", by=TEAM)
        with tenant_context(acme):
            case = chat_cases.from_trial(agent=agent, runs=[run], name="", by=TEAM)
        assert (case.name, case.expects) == ("Me interesa mucho", {"calls": ["qualify_lead"], "ends": "answered"})
