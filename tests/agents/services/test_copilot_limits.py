"""Help for people who write, where no model is, and where there are limits: said in words, with the next step."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from agents.models import AgentRun
from agents.services import copilot
from config.lib.errors import AppError, Invalid, RateLimited
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.agents.services.helped import SHIPPING, asks, helped, learn, sees, writes
from tests.agents.services.story import Story, employ
from tests.factories.agents import make_entry
from tests.fakes.llm import FakeLLM, Reply, out_of_funds
from tests.support.cast import Person


class TestWithoutAModel:
    def test_a_draft_of_the_knowledge_says_that_it_is_a_demonstration(
        self, acme: Tenant, story: Story, ana: Person
    ) -> None:
        employ(acme)
        learn(acme)
        writes(story, "¿Cuánto cuestan los envíos a Rosario?")
        found = helped(story, ana, "draft")
        assert (found.run.status, found.run.is_demo) == ("done", True)
        assert found.run.reply == f"¡Hola!\n{SHIPPING}"
        assert [each["title"] for each in found.sources] == ["envios"]
        assert found.cost is None

    def test_nothing_known_is_looked_into(self, acme: Tenant, story: Story, ana: Person) -> None:
        employ(acme, config={"register": "usted"})
        writes(story, "¿Alquilan castillos inflables?")
        assert "Lo averiguo y le respondo" in helped(story, ana, "draft").run.reply

    def test_no_key_and_no_agent_are_no_obstacle(self, acme: Tenant, story: Story, llm: FakeLLM, ana: Person) -> None:
        writes(story, "Hola, ¿hay lugar el sábado?")
        assert helped(story, ana, "draft").run.is_demo
        employ(acme, model_provider="openai", model_version="gpt-4o-mini")
        found = helped(story, ana, "summary")
        assert (found.run.status, found.run.is_demo) == ("done", True)
        assert len(found.run.reply.splitlines()) == 5
        assert "¿hay lugar el sábado?" in found.run.reply
        assert not llm.requests

    def test_rules_rewrite_what_they_can_and_say_what_they_cannot(
        self, acme: Tenant, story: Story, ana: Person
    ) -> None:
        writes(story, "Hola")
        assert (
            helped(story, ana, "spelling", "tenes q pasar el dia martes ,dale?").run.reply
            == "¿Tenes que pasar el día martes, dale?"
        )
        failed = helped(story, ana, "translate", "Sí")
        assert (failed.run.status, failed.run.error) == (
            "failed",
            "Para traducir hace falta la clave de un modelo: se carga en Credenciales.",
        )
        assert "no encontraron qué cambiar" in helped(story, ana, "shorter", "Sí, abrimos.").run.error


class TestLimits:
    def test_the_ceiling_comes_first_but_not_for_rules(
        self, acme: Tenant, story: Story, llm: FakeLLM, ana: Person
    ) -> None:
        acme.settings = {**acme.settings, "ai_daily_spend_usd": "1"}
        agent = employ(acme, llm)
        writes(story, "Hola")
        with tenant_context(acme):
            make_entry(usd=Decimal(1), counted_usd=Decimal(1))
        with pytest.raises(AppError) as refused:
            asks(story, ana, "draft")
        assert refused.value.code == "over_budget"
        with tenant_context(acme):
            type(agent).objects.all().delete()
        assert helped(story, ana, "draft").run.status == "done"

    def test_twenty_a_minute_for_each_person(self, acme: Tenant, story: Story, ana: Person, sol: Person) -> None:
        writes(story, "Hola")
        for _time in range(20):
            asks(story, ana, "draft")
        with pytest.raises(RateLimited):
            asks(story, ana, "draft")
        asks(story, sol, "draft")

    def test_what_cannot_be_helped_with_is_said_at_once(self, acme: Tenant, story: Story, ana: Person) -> None:
        with pytest.raises(Invalid, match="Todavía no hay mensajes"):
            asks(story, ana, "draft")
        writes(story, "Hola")
        for kind, text in [("shorter", " \x00"), ("shorter", "x" * 4001), ("dance", "x")]:
            with pytest.raises(Invalid):
                asks(story, ana, kind, text)

    @pytest.mark.parametrize(
        ("reply", "words"),
        [
            (out_of_funds(), "revisarla en Credenciales"),
            (Reply(status=500, error={"message": "boom"}, lasting=True), "pedirlo de nuevo en un rato"),
            (Reply(text="", refusal="No"), "no quiso contestar"),
        ],
    )
    def test_trouble_is_told_with_the_next_step(
        self, acme: Tenant, story: Story, llm: FakeLLM, ana: Person, reply: Reply, words: str
    ) -> None:
        employ(acme, llm)
        writes(story, "Hola")
        llm.then(reply)
        found = helped(story, ana, "draft")
        assert found.run.status == "failed"
        assert words in found.run.error
        assert "sk-" not in str(found.run.steps)

    def test_one_that_died_is_not_busy_for_ever(self, acme: Tenant, story: Story, ana: Person) -> None:
        writes(story, "Hola")
        run = asks(story, ana, "draft")
        with tenant_context(acme):
            AgentRun.objects.filter(pk=run.pk).update(created_at=timezone.now() - timedelta(minutes=4))
        found = sees(story, ana, run)
        assert (found.run.status, found.waiting) == ("failed", False)
        copilot.answer(tenant=acme, run_id=run.pk)
        assert sees(story, ana, run).run.status == "failed", "a late worker does not answer it"

    def test_a_bug_ends_it_in_words(
        self, acme: Tenant, story: Story, ana: Person, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        writes(story, "Hola")
        run = asks(story, ana, "draft")
        monkeypatch.setattr("agents.services.copilot_demo.made", lambda job: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            copilot.answer(tenant=acme, run_id=run.pk)
        assert "pedirla de nuevo" in sees(story, ana, run).run.error

    def test_a_second_delivery_does_nothing(self, acme: Tenant, story: Story, llm: FakeLLM, ana: Person) -> None:
        employ(acme, llm)
        writes(story, "Hola")
        run = asks(story, ana, "draft")
        copilot.answer(tenant=acme, run_id=run.pk)
        copilot.answer(tenant=acme, run_id=run.pk)
        assert len(llm.requests) == 1
