"""A turn that loses its chat, its worker or its answer: nothing is done behind a person's back, twice, or for ever."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from agents import receivers
from agents.models import AgentRun, ToolCall
from agents.services import turns as agent_turns
from agents.tools.customer import CREATE_CUSTOMER
from crm.models import Contact
from messaging.models import Conversation
from messaging.services import takeover, turns
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.agents.services.story import Story, employ
from tests.agents.tools.services_of_acme import make_write
from tests.fakes.http_service import HttpService
from tests.fakes.llm import FakeLLM, Reply
from tests.support.cast import Cast, Person
from tests.support.tasks import run_task

ANA = {"name": "Ana Ruiz", "email": "ana@correo.test"}
SAVE = [("create_customer", ANA)]


def taken(story: Story, by: Person) -> None:
    """A person takes the chat, on another connection than the turn's."""
    with tenant_context(story.tenant):
        row = Conversation.objects.get(pk=story.conversation.pk)
        takeover.take_over(conversation=row, by=by.actor, user=by.user)
    connection.close()


def lets_the_lease_end(story: Story) -> None:
    past = timezone.now() - timedelta(seconds=1)
    with tenant_context(story.tenant):
        Conversation.objects.filter(pk=story.conversation.pk).update(turn_until=past, reply_due_at=past)


class TestAPersonTookTheChat:
    def test_between_the_models_answer_and_the_tool_nothing_is_done(
        self, live_tenants: Cast, acme: Tenant, story: Story, llm: FakeLLM, ana: Person
    ) -> None:
        employ(acme, llm)

        def asks_for_a_tool(_request: dict) -> Reply:
            taken(story, ana)
            return Reply(tool_calls=SAVE)

        llm.brain = asks_for_a_tool
        run = story.hear("Soy Ana Ruiz, ana@correo.test")
        assert (run.status, len(llm.requests)) == ("superseded", 1)
        with tenant_context(acme):
            assert not Contact.objects.filter(email=ANA["email"]).exists()
            assert [row.ok for row in ToolCall.objects.all()] == [False]

    def test_while_the_tool_runs_what_it_did_is_taken_back(
        self, acme: Tenant, story: Story, llm: FakeLLM, ana: Person, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert CREATE_CUSTOMER.in_transaction
        employ(acme, llm)
        llm.call("create_customer", ANA)
        made = []

        def acts(context: Any, arguments: Any) -> Any:
            result = CREATE_CUSTOMER.run(context, arguments)
            made.append(result.ok)
            Conversation.objects.filter(pk=context.conversation_id).update(turn_token=None)
            return result

        swapped = agent_turns.allowed_tools
        monkeypatch.setattr(
            agent_turns,
            "allowed_tools",
            lambda *names, **more: tuple(
                agent_turns.replace(tool, run=acts) if tool.name == "create_customer" else tool
                for tool in swapped(*names, **more)
            ),
        )
        story.hear("Soy Ana Ruiz, ana@correo.test")
        assert made == [True]
        with tenant_context(acme):
            assert not Contact.objects.filter(email=ANA["email"]).exists()

    def test_no_service_is_asked(
        self, live_tenants: Cast, acme: Tenant, story: Story, llm: FakeLLM, ana: Person
    ) -> None:
        with HttpService() as service:
            make_write(acme, service)
            employ(acme, llm, tools=["anotar_pedido"])

            def asks_for_it(_request: dict) -> Reply:
                taken(story, ana)
                return Reply(tool_calls=[("anotar_pedido", {"codigo": "A1"})])

            llm.brain = asks_for_it
            run = story.hear("Anotame el A1")
            assert (run.status, service.asked) == ("superseded", [])


class TestAWorkerThatDies:
    def test_again_and_again_people_get_the_chat_and_the_customer_is_told_once(
        self, acme: Tenant, story: Story, llm: FakeLLM
    ) -> None:
        employ(acme, llm)
        story.customer_says("Hola")
        for _each in range(turns.MOST_FAILURES):
            story.begin()  # and its worker is killed
            assert story.fresh().mode == "ai"
            lets_the_lease_end(story)
        run = story.answer()
        assert (run.status, story.fresh().mode, llm.requests) == ("failed", "human", [])
        assert len(story.said()) == 1
        assert any("se interrumpió varias veces" in note for note in story.notes())
        with tenant_context(acme):
            assert turns.due_ids() == []

    def test_a_turn_that_was_only_put_off_is_no_failure(
        self, acme: Tenant, story: Story, llm: FakeLLM, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """While a module is being migrated nobody dies, however long it takes."""
        employ(acme, llm)

        def unavailable(**_more: object) -> None:
            raise RuntimeError

        monkeypatch.setattr(receivers, "run_turn", unavailable)
        monkeypatch.setattr(receivers, "module_unavailable", lambda _error, company: True)
        story.customer_says("Hola")
        for _each in range(2 * turns.MOST_FAILURES):
            run_task("messaging.tasks.take_turn", tenant_id=acme.pk, conversation_id=str(story.conversation.pk))
            assert story.fresh().turn_until > timezone.now(), "the lease holds it back for a while"
            lets_the_lease_end(story)
        assert (story.fresh().turn_failures, story.fresh().mode) == (0, "ai")

    def test_a_trial_that_runs_beside_it_is_not_called_broken(self, acme: Tenant, story: Story, llm: FakeLLM) -> None:
        employ(acme, llm)
        with tenant_context(acme):
            summary = AgentRun.objects.create(conversation_id=story.conversation.pk, purpose="summary")
        llm.say("Hola.")
        story.hear("Hola")
        with tenant_context(acme):
            summary.refresh_from_db()
        assert summary.status == "running"


class TestAnAnswerThatWasNeverSent:
    def writes_past(self, story: Story, llm: FakeLLM, words: str, first: list, then: list[Reply]) -> list[AgentRun]:
        """The model acts; before its words are sent the customer writes on."""
        replies = iter([Reply(tool_calls=first), Reply(text="Listo."), *then])

        def brain(_request: dict) -> Reply:
            if len(llm.requests) == 2:
                with tenant_context(story.tenant):
                    Conversation.objects.filter(pk=story.conversation.pk).update(reply_first_at=timezone.now())
                story.customer_says("y una cosa más")
                connection.close()
            return next(replies)

        llm.brain = brain
        runs = [story.hear(words), story.answer()]
        assert runs[0].status == "superseded"
        return runs

    def test_the_next_turn_knows_what_was_done_and_may_say_so(
        self, live_tenants: Cast, acme: Tenant, story: Story, llm: FakeLLM
    ) -> None:
        employ(acme, llm)
        said = "Ya anoté tus datos, Ana."
        _first, second = self.writes_past(story, llm, "Soy Ana Ruiz, ana@correo.test", SAVE, [Reply(text=said)])
        assert (second.status, story.said()) == ("done", [said]), "the truth gate found its receipt"
        assert [receipt["text"] for receipt in second.receipts] == ["Datos guardados: nombre, correo"]
        assert "Ya quedó hecho" in str(llm.requests[2]["messages"][0]["content"])
        llm.brain = lambda _request: Reply(text="De nada.")
        story.hear("Gracias")
        assert "Ya quedó hecho" not in str(llm.requests[-1]["messages"][0]["content"]), "told once"

    def test_asked_for_again_it_is_not_done_again(
        self, live_tenants: Cast, acme: Tenant, story: Story, llm: FakeLLM
    ) -> None:
        with HttpService() as service:
            make_write(acme, service)
            employ(acme, llm, tools=["anotar_pedido"])
            order = [("anotar_pedido", {"codigo": "A1"})]
            then = [Reply(tool_calls=order), Reply(text="Quedó anotado.")]
            _first, second = self.writes_past(story, llm, "Anotame el A1", order, then)
            assert len(service.asked) == 1
            assert (second.status, len(second.receipts)) == ("done", 1)
            llm.brain = None
            llm.call("anotar_pedido", {"codigo": "A1"})
            llm.say("Quedó anotado otra vez.")
            story.hear("Anotame otro igual")
            assert len(service.asked) == 2, "a new wish after the answer is a new act"
