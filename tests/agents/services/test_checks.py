"""What the gate of publishing says when the model is away, a case is long, or the world around an agent changed."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import DataError
from django.utils import timezone

from agents.models import Agent, AgentRun, BusinessAsset, LedgerEntry, TestCase, TestCheck, TestResult, Tool
from agents.services import agents, checks, playground, publish_gate, test_sets
from agents.services.playground import try_agent
from agents.services.publish_gate import Untested
from agents.services.rehearsal import Setting, setting_of
from config.lib.errors import AppError, Invalid
from crm.models import Contact
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.agents.services.story import TEAM, employ
from tests.fakes.llm import FakeLLM, Reply, out_of_funds

TOOLS = ["create_customer", "qualify_lead", "handoff_to_human"]


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


def publish(tenant: Tenant, agent: Agent) -> TestCheck:
    with tenant_context(tenant):
        check = checks.start(agent=Agent.objects.get(pk=agent.pk), by=TEAM, publishes=True)
    checks.work_off(tenant=tenant, check_id=check.pk)
    with tenant_context(tenant):
        return TestCheck.objects.get(pk=check.pk)


def number(tenant: Tenant, agent: Agent) -> int:
    with tenant_context(tenant):
        version = Agent.objects.select_related("published").get(pk=agent.pk).published
    assert version is not None
    return version.number


def silent(llm: FakeLLM) -> None:
    """From now on the model gives no answer."""
    llm.brain = lambda _request: out_of_funds()


def age(tenant: Tenant, by: timedelta) -> None:
    """Everything that is known was found that long ago."""
    with tenant_context(tenant):
        TestResult.objects.update(created_at=timezone.now() - by)


class TestAModelThatIsAway:
    def test_nothing_is_published_when_neither_content_could_be_tried(self, acme, agent, llm):
        write(acme, agent)
        instruct(acme, agent, "Chau")
        silent(llm)
        check = publish(acme, agent)
        assert (check.state, check.version_id, number(acme, agent)) == ("failed", None, 1)
        assert "El modelo no respondió: no se pudo probar «Saludo»" in check.error

    def test_an_outage_is_no_regression(self, acme, agent, llm):
        write(acme, agent)
        checks.run_case(tenant=acme, case=self.case(acme), snapshot=agents.snapshot_of(agent), by=TEAM)
        instruct(acme, agent, "Muy buen día")
        silent(llm)
        check = publish(acme, agent)
        assert "rompe" not in check.error
        assert "no respondió" in check.error
        with tenant_context(acme):
            fresh = Agent.objects.select_related("published").get(pk=agent.pk)
            found = publish_gate.verdict(fresh, agents.snapshot_of(fresh))
            assert (found.passed, found.broken, found.failing, len(found.silent)) == ([], [], [], 1)
            with pytest.raises(Untested):
                agents.publish_agent(agent=fresh, by=TEAM)

    def case(self, tenant: Tenant) -> TestCase:
        with tenant_context(tenant):
            return TestCase.objects.select_related("agent").get()

    def test_the_published_one_without_an_answer_proves_nothing_either(self, acme, agent, llm):
        write(acme, agent)
        instruct(acme, agent, "Chau")
        said, silence = llm.brain, out_of_funds()
        llm.brain = lambda request: said(request) if "Chau" in request["messages"][0]["content"] else silence
        check = publish(acme, agent)
        assert (check.state, number(acme, agent)) == ("failed", 1)
        assert "no respondió" in check.error

    def test_each_case_is_tried_once_in_a_check_and_again_in_the_next(self, acme, agent, llm):
        for name in ("Una", "Otra"):
            write(acme, agent, name=name)
        instruct(acme, agent, "Muy buen día")
        silent(llm)
        publish(acme, agent)
        with tenant_context(acme):
            assert TestResult.objects.count() == 2
        llm.brain = lambda _request: Reply(text="Muy buen día")
        assert publish(acme, agent).state == "done"
        assert number(acme, agent) == 2

    def test_the_ceiling_publishes_nothing(self, acme, agent):
        write(acme, agent)
        instruct(acme, agent, "Chau")
        acme.settings = {**acme.settings, "ai_daily_spend_usd": "0"}
        check = publish(acme, agent)
        assert (check.state, number(acme, agent)) == ("failed", 1)
        assert "tope" in check.error, "why, so that whoever reads it knows what to do"

    def test_a_check_that_publishes_nothing_says_so_too(self, acme, agent, llm):
        write(acme, agent)
        silent(llm)
        with tenant_context(acme):
            check = checks.start(agent=Agent.objects.get(pk=agent.pk), by=TEAM, anew=True)
        checks.work_off(tenant=acme, check_id=check.pk)
        with tenant_context(acme):
            check.refresh_from_db()
        assert (check.state, "no respondió" in check.error) == ("failed", True)


class TestWhatChangesAround:
    def test_the_published_one_is_tried_again_before_it_is_called_a_regression(self, acme, agent, llm):
        """What it passed last week it may fail today: dates and stock change."""
        write(acme, agent)
        with tenant_context(acme):
            case = TestCase.objects.select_related("agent").get()
        checks.run_case(tenant=acme, case=case, snapshot=agents.snapshot_of(agent), by=TEAM)
        age(acme, publish_gate.FRESH + timedelta(hours=1))
        instruct(acme, agent, "Chau")
        llm.brain = lambda _request: Reply(text="Chau")  # whatever the instructions
        check = publish(acme, agent)
        assert (check.state, check.error) == ("done", "")

    def test_a_fresh_pass_of_the_published_one_is_used_as_it_is(self, acme, agent, llm):
        write(acme, agent)
        with tenant_context(acme):
            case = TestCase.objects.select_related("agent").get()
        checks.run_case(tenant=acme, case=case, snapshot=agents.snapshot_of(agent), by=TEAM)
        instruct(acme, agent, "Chau")
        assert "rompe" in publish(acme, agent).error
        assert len(llm.requests) == 2

    def test_texts_of_the_business_and_of_its_tools_make_another_content(self, acme, agent):
        instruct(acme, agent, "Hola {{activo.precios}}")
        case = write(acme, agent)
        snapshot = agents.snapshot_of(agent)

        def print_of() -> str:
            with tenant_context(acme):
                return publish_gate.fingerprint(snapshot, case)

        seen = {print_of()}
        with tenant_context(acme):
            asset = BusinessAsset.objects.create(key="precios", kind="scripts", title="Precios", content="Uno")
        seen.add(print_of())
        with tenant_context(acme):
            BusinessAsset.objects.filter(pk=asset.pk).update(content="Dos")
            BusinessAsset.objects.create(key="otra", kind="scripts", title="Otra", content="No la nombra nadie")
        seen.add(print_of())
        with tenant_context(acme):
            tool = Tool.objects.create(name="qualify_lead", kind="internal", prompt_injection="Siempre")
        seen.add(print_of())
        with tenant_context(acme):
            Tool.objects.filter(pk=tool.pk).update(response_guide="Contarlo breve")
        seen.add(print_of())
        assert len(seen) == 5
        with tenant_context(acme):
            Tool.objects.create(name="rag_search", kind="internal", prompt_injection="No la tiene")
        assert print_of() in seen

    def test_the_phone_of_a_scene_gives_way_to_a_contact_who_has_it(self, acme, agent):
        case = write(acme, agent, scene={"contact": {"name": "Lara", "phone": "+5491155501000"}})
        with tenant_context(acme):
            Contact.objects.create(name="Real", phone="+5491155501000")
            Contact.objects.create(name="Otra", phone="+5491155501001")
        result = checks.run_case(tenant=acme, case=case, snapshot=agents.snapshot_of(agent), by=TEAM)
        assert (result.passed, result.failures) == (True, [])


class TestWhatBreaks:
    @pytest.fixture
    def breaking(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The stage does not stand; the model was asked before."""

        def broken(*_given: Any, **_more: Any) -> None:
            raise DataError("value too long for type character varying(120)")

        monkeypatch.setattr("agents.services.rehearsal._set_agenda", broken)

    def test_a_turn_whose_stage_breaks_ends_and_says_so(self, acme, agent, breaking):
        run = try_agent(tenant=acme, agent=agent, text="Hola", by=TEAM)
        assert (run.status, "Algo falló" in run.error, bool(run.finished_at)) == ("failed", True, True)

    def test_what_the_model_cost_until_then_is_booked(self, acme, agent, llm, monkeypatch):
        def broken(*_given: Any, **_more: Any) -> None:
            raise DataError("x")

        monkeypatch.setattr(playground.RehearsalToolbox, "call", broken)
        llm.then(Reply(tool_calls=[("qualify_lead", {"interest": "high"})]))
        run = try_agent(tenant=acme, agent=agent, text="Hola", by=TEAM)
        with tenant_context(acme):
            kept = AgentRun.objects.get(pk=run.pk)
            assert (kept.status, kept.prompt_tokens) == ("failed", 100)
            assert LedgerEntry.objects.get(source=str(run.pk)).tokens == 120

    def test_what_cannot_be_kept_does_not_lose_the_cost(self, acme, agent, llm, monkeypatch):
        monkeypatch.setattr(playground, "storable_json", lambda value: value)
        said = "agents.llm.openai_compatible.storable_json"
        monkeypatch.setattr(said, lambda value: value)
        llm.then(Reply(text="Hola\x00"))
        run = try_agent(tenant=acme, agent=agent, text="Hola", by=TEAM)
        with tenant_context(acme):
            assert AgentRun.objects.get(pk=run.pk).status != "running"
            assert LedgerEntry.objects.filter(source=str(run.pk)).exists()

    def test_a_check_whose_case_breaks_ends(self, acme, agent, llm, monkeypatch):
        write(acme, agent)
        instruct(acme, agent, "Muy buen día")

        def broken(*_given: Any, **_more: Any) -> None:
            raise DataError("x")

        monkeypatch.setattr(checks, "_kept", broken)
        check = publish(acme, agent)
        assert (check.state, check.leased_until, number(acme, agent)) == ("failed", None, 1)
        assert len(llm.requests) == 1

    @pytest.mark.parametrize(
        "scene",
        [
            {"calendar": {"sellers": [{"name": "x" * 121, "hours": [["09:00", "13:00"]]}]}},
            {"calendar": {"sellers": [{"name": "S\x00l", "hours": [["09:00", "13:00"]]}]}},
            {"calendar": {"sellers": [{"name": " ", "hours": [["09:00", "13:00"]]}]}},
            {"calendar": {"sellers": [{"name": "Sol", "hours": [["09:00:00+00:00", "13:00"]]}]}},
            {"contact": {"name": "La\x00ra"}},
            {"contact": {"name": "La\ud800ra"}},
        ],
    )
    def test_a_scene_that_cannot_stand_is_refused_when_it_is_written(self, acme, agent, scene):
        with pytest.raises(Invalid) as caught:
            write(acme, agent, scene=scene)
        assert "scene" in caught.value.fields


class TestOneAtATime:
    @pytest.fixture
    def at_each_message(self, monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], None]]:
        """Called before each message is answered."""
        effects: list[Callable[[], None]] = []
        rehearse = playground.rehearse

        def watched(**given: Any) -> Any:
            for effect in effects:
                effect()
            return rehearse(**given)

        monkeypatch.setattr(playground, "rehearse", watched)
        return effects

    def test_the_lease_is_renewed_with_each_message(self, acme, agent, at_each_message):
        write(acme, agent, turns=["Hola", "¿Sigue?", "¿Y?"])
        instruct(acme, agent, "Muy buen día")
        leases = []

        def note() -> None:
            with tenant_context(acme):
                leases.append(TestCheck.objects.get().leased_until)

        at_each_message.append(note)
        assert publish(acme, agent).state == "done"
        assert len(set(leases)) == 3
        assert leases == sorted(leases)

    def test_a_worker_that_lost_it_stops_and_leaves_it_to_the_other(self, acme, agent, llm, at_each_message):
        write(acme, agent, turns=["Hola", "¿Sigue?", "¿Y?"])
        instruct(acme, agent, "Muy buen día")
        others = timezone.now() + timedelta(minutes=7)

        def taken() -> None:
            with tenant_context(acme):
                TestCheck.objects.update(leased_until=others)

        at_each_message.append(taken)
        check = publish(acme, agent)
        assert (check.state, check.leased_until, len(llm.requests)) == ("running", others, 1)
        with tenant_context(acme):
            assert AgentRun.objects.filter(purpose="test").count() == TestResult.objects.count() == 0
            assert LedgerEntry.objects.count() == 1, "what it cost stays"

    def test_one_that_was_ended_meanwhile_publishes_nothing(self, acme, agent, at_each_message):
        write(acme, agent)
        instruct(acme, agent, "Muy buen día")

        def ended() -> None:
            with tenant_context(acme):
                checks._end(TestCheck.objects.get(), "failed", error="x")

        at_each_message.append(ended)
        assert publish(acme, agent).error == "x"
        assert number(acme, agent) == 1

    def test_publishing_while_one_waits_stops_in_the_middle_of_a_case(self, acme, agent, llm, queued, monkeypatch):
        write(acme, agent, turns=["Hola", "¿Sigue?", "¿Y?"])
        instruct(acme, agent, "Muy buen día")
        clock = iter(range(0, 1000, 12))
        monkeypatch.setattr(checks, "monotonic", lambda: next(clock))
        done = checks.publish_now(tenant=acme, agent=agent, by=TEAM, cases=5, seconds=60)
        assert isinstance(done, TestCheck)
        assert (done.state, done.leased_until) == ("running", None)
        assert len(llm.requests) < 3
        monkeypatch.undo()
        assert len(queued.named("check_cases")) == 1

    def test_publishing_while_the_worker_is_at_it_plays_nothing_twice(self, acme, agent, llm):
        write(acme, agent)
        instruct(acme, agent, "Muy buen día")
        with tenant_context(acme):
            check = checks.start(agent=agent, by=TEAM)
        assert checks._leased(acme, check.pk) is not None
        done = checks.publish_now(tenant=acme, agent=agent, by=TEAM, cases=5, seconds=20)
        assert (done.pk, llm.requests) == (check.pk, [])

    def test_publishing_without_an_answer_says_so(self, acme, agent, llm):
        write(acme, agent)
        instruct(acme, agent, "Muy buen día")
        silent(llm)
        with pytest.raises(AppError) as caught:
            checks.publish_now(tenant=acme, agent=agent, by=TEAM, cases=5, seconds=20)
        assert caught.value.code == "no_answer"
        assert len(llm.requests) == 1

    def test_a_case_that_takes_too_long_ends_as_not_tried(self, acme, agent, llm, monkeypatch):
        case = write(acme, agent, turns=["Hola", "¿Sigue?", "¿Y?"])
        monkeypatch.setattr(checks, "CASE_SECONDS", -1)
        result = checks.run_case(tenant=acme, case=case, snapshot=agents.snapshot_of(agent), by=TEAM)
        assert (result.failures[0]["kind"], llm.requests) == ("error", [])

    def test_a_case_that_was_removed_meanwhile_leaves_nothing(self, acme, agent, at_each_message):
        case = write(acme, agent)

        def removed() -> None:
            with tenant_context(acme):
                TestCase.objects.all().delete()

        at_each_message.append(removed)
        with pytest.raises(checks.Cut):
            checks.run_case(tenant=acme, case=case, snapshot=agents.snapshot_of(agent), by=TEAM)
        with tenant_context(acme):
            assert AgentRun.objects.filter(purpose="test").count() == 0


def test_a_phone_is_only_changed_when_somebody_has_it(acme: Tenant) -> None:
    with tenant_context(acme):
        assert checks._castable(Setting()) == Setting()
        given = setting_of({"contact": {"phone": "+5491155501000"}})
        assert checks._castable(given) == given
        Contact.objects.create(phone="+5491155501000")
        assert checks._castable(given).visitor.phone == "+5491155501001"
