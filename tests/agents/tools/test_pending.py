"""Acts that wait: the customer's own words make them in the next turn, a person's click in the worker. Once each."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import time_machine
from django.db import connections
from django.utils import timezone

from agents.models import Agent, AgentRun, PendingAct, ToolCall
from agents.models import Tool as Row
from agents.services import pending
from agents.services.tools import change_platform_tool
from agents.views.runs import steps_of
from config.lib.errors import Conflict
from crm.models import Notification
from messaging.models import Conversation
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tenants.models import SystemEvent, Tenant
from tests.agents.services.story import TEAM, Story, employ, make_story
from tests.agents.tools.services_of_acme import acts, calls, make_write, tool_results
from tests.factories.agents import make_pending_act, make_run
from tests.factories.crm import make_contact
from tests.fakes.http_service import HttpService, Said
from tests.fakes.llm import FakeLLM, Reply
from tests.support.cast import Cast, Person
from tests.support.tasks import Queue

ORDER = {"codigo": "A1"}
YES = "sí, dale"


@pytest.fixture
def service() -> Iterator[HttpService]:
    with HttpService() as running:
        yield running


@pytest.fixture
def chat(acme: Tenant, service: HttpService, llm: FakeLLM, request: pytest.FixtureRequest) -> Story:
    """An agent whose orders the customer confirms (or, by parameter, a person approves)."""
    level = getattr(request, "param", "customer")
    make_write(acme, service, confirmation=level)
    employ(acme, llm, tools=["anotar_pedido", "rag_search"])
    return make_story(acme, name="Ana Ruiz", phone="+5491155550000")


def proposed(story: Story, llm: FakeLLM, question: str = "¿Confirmás el pedido del A1?") -> None:
    llm.call("anotar_pedido", ORDER)
    llm.say(question)
    story.hear("quiero el A1")


def answered(story: Story, llm: FakeLLM, words: str, reply: str = "Bueno.") -> AgentRun:
    llm.say(reply)
    return story.hear(words)


def last_prompt(llm: FakeLLM) -> str:
    return str(llm.requests[-1]["messages"][0]["content"])


@pytest.mark.usefixtures("db")
class TestTheCustomer:
    def test_nothing_is_done_before_the_yes_and_the_model_is_told_to_ask(self, acme, chat, service, llm):
        proposed(chat, llm)
        assert service.asked == []
        assert calls(acme) == []
        (act,) = acts(acme)
        assert (act.state, act.arguments, act.level) == ("waiting", ORDER, "customer")
        (result,) = tool_results(llm.requests[-1])
        assert result["waiting_for"] == "customer"
        assert "No está hecho" in result["do"]

    def test_another_act_of_the_turn_does_not_prove_the_one_that_waits(self, acme, service, llm):
        make_write(acme, service, confirmation="customer")
        employ(acme, llm, tools=["anotar_pedido", "qualify_lead"])
        chat = make_story(acme, name="Ana Ruiz", phone="+5491155550000")
        llm.call("anotar_pedido", ORDER)
        llm.call("qualify_lead", {"interest": "high", "needs": "el A1"})
        llm.say("Listo, anoté tu pedido.")
        llm.say("¿Confirmás el pedido del A1?")
        run = chat.hear("quiero el A1, me interesa mucho")
        assert {one["kind"] for one in run.receipts} == {"pending", "record"}
        proposed, qualified = [step for step in steps_of(run, {}) if step.kind == "tool"]
        assert (proposed.waits, qualified.waits) == ("customer", "")
        assert chat.said()[-1] == "¿Confirmás el pedido del A1?"

    def test_a_yes_makes_it_once_with_the_arguments_that_were_proposed(self, acme, chat, service, llm):
        proposed(chat, llm)
        run = answered(chat, llm, YES, "Listo, quedó anotado.")
        assert [json.loads(one.body) for one in service.asked] == [ORDER]
        (act,) = acts(acme)
        assert (act.state, act.decided_by) == ("done", "quien escribe")
        (row,) = calls(acme)
        assert (row.key, row.run_id, row.ok) == (act.key, run.pk, True)
        assert "ya confirmado" in last_prompt(llm)
        assert chat.said()[-1] == "Listo, quedó anotado."  # the truth gate found its receipt

    def test_a_model_that_calls_it_again_gets_what_was_done(self, acme, chat, service, llm):
        proposed(chat, llm)
        llm.call("anotar_pedido", ORDER)
        llm.say("Quedó anotado.")
        chat.hear(YES)
        assert len(service.asked) == 1
        assert len(acts(acme)) == 1

    @pytest.mark.parametrize(
        ("words", "state"),
        [
            ("no, gracias", "refused"),
            ("¿tienen estacionamiento?", "expired"),
            ("sí pero mejor el A2", "waiting"),
            ("mmm no sé", "waiting"),
        ],
    )
    def test_anything_but_a_clear_yes_does_nothing(self, acme, chat, service, llm, words, state):
        proposed(chat, llm)
        answered(chat, llm, words)
        assert service.asked == []
        (act,) = acts(acme)
        assert act.state == state
        assert "No se hizo" in last_prompt(llm)

    def test_after_a_doubt_the_next_clear_yes_counts(self, acme, chat, service, llm):
        proposed(chat, llm)
        answered(chat, llm, "mmm no sé", "¿Lo confirmás, sí o no?")
        answered(chat, llm, "sí")
        assert len(service.asked) == 1

    def test_a_yes_after_a_change_of_subject_is_no_yes(self, acme, chat, service, llm):
        proposed(chat, llm)
        answered(chat, llm, "¿tienen estacionamiento?", "Sí. ¿Algo más?")
        answered(chat, llm, "sí")
        assert service.asked == []

    def test_a_day_later_it_is_over(self, acme, chat, service, llm):
        proposed(chat, llm)
        with time_machine.travel(timezone.now() + timedelta(hours=25), tick=True):
            answered(chat, llm, YES)
        assert service.asked == []
        assert acts(acme)[0].state == "expired"

    @pytest.mark.parametrize(
        "said", ["Un momento.", "Bueno. ¿Algo más?", "Anotar pedido del A1. ¿Necesitás otra cosa?"]
    )
    def test_a_yes_to_something_else_confirms_nothing(self, acme, chat, service, llm, said):
        """A model that asks nothing, or asks something else, gets no yes; it is told to ask."""
        proposed(chat, llm, question=said)
        answered(chat, llm, YES, "¿Confirmás el pedido?")
        assert service.asked == []
        assert "Preguntale de nuevo" in last_prompt(llm)
        answered(chat, llm, YES)
        assert len(service.asked) == 1

    def test_a_turn_that_is_taken_up_again_finds_it_done_and_says_so(self, acme, chat, service, llm):
        proposed(chat, llm)
        chat.customer_says(YES)
        llm.then(*[_broken() for _ in range(4)])
        turn = chat.begin()
        chat.answer(turn)
        assert len(service.asked) == 1
        llm.replies.clear()
        with tenant_context(acme):
            Conversation.objects.update(reply_due_at=timezone.now() - timedelta(seconds=1))
        llm.say("Listo, quedó anotado.")
        chat.answer()
        assert len(service.asked) == 1
        assert "ya confirmado" in last_prompt(llm)
        assert chat.said()[-1] == "Listo, quedó anotado."

    def test_a_told_result_is_not_told_for_ever(self, acme, chat, service, llm):
        proposed(chat, llm)
        answered(chat, llm, YES)
        answered(chat, llm, "gracias")
        assert "ya confirmado" not in last_prompt(llm)

    def test_an_act_of_the_platforms_waits_the_same_way(self, acme, llm):
        with tenant_context(acme):
            change_platform_tool(name="create_customer", by=TEAM, confirmation="customer")
        employ(acme, llm, tools=["create_customer"])
        story = make_story(acme, name="", phone=None, email="")
        llm.call("create_customer", {"name": "Ana Ruiz"})
        llm.say("¿Guardo tus datos como Ana Ruiz?")
        story.hear("soy Ana Ruiz")
        assert story.fresh().contact.name == ""
        answered(story, llm, "sí")
        assert story.fresh().contact.name == "Ana Ruiz"

    def test_an_unknown_end_goes_to_a_person(self, acme, chat, service, llm):
        proposed(chat, llm)
        service.say(Said(500))
        answered(chat, llm, YES, "Te paso con una persona del equipo.")
        assert acts(acme)[0].state == "failed"
        assert chat.fresh().mode == "human"
        assert len(service.asked) == 1

    def test_a_chat_that_is_somebody_elses_now_is_not_acted_on(self, acme, chat, service, llm):
        proposed(chat, llm)
        with tenant_context(acme):
            Conversation.objects.filter(pk=chat.conversation.pk).update(contact=make_contact(name="Otra"))
        answered(chat, llm, YES)
        assert service.asked == []
        assert acts(acme)[0].state == "failed"

    def test_only_one_question_at_a_time(self, acme, chat, service, llm):
        llm.call("anotar_pedido", ORDER)
        llm.call("anotar_pedido", {"codigo": "B2"})
        llm.say("¿Confirmás?")
        chat.hear("quiero el A1 y el B2")
        assert [act.arguments for act in acts(acme)] == [ORDER]

    def test_a_turn_in_which_nothing_waits_costs_one_statement(self, acme, chat, llm, statements):
        llm.say("Hola")
        with statements() as seen:
            chat.hear("hola")
        assert len([sql for sql in seen.sql if sql.startswith('SELECT "agents_pendingact"')]) == 1


def _broken() -> Reply:
    return Reply(status=500, error={"message": "down"})


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("chat", ["person"], indirect=True)
class TestThePerson:
    def test_an_argument_is_shown_by_its_name_for_people(self, acme, chat, ana: Person, client_as):
        with tenant_context(acme):
            given = {"name": "Marta Gómez", "phone": "+54 11"}
            act = make_pending_act(arguments=given, conversation_id=chat.conversation.pk)
        page = client_as("ana").get(f"/agentes/actos/{act.pk}/").content.decode()
        assert "<dt>teléfono</dt>" in page
        assert "<dt>phone</dt>" not in page

    def test_the_team_is_told_and_the_chat_shows_it(self, acme, chat, service, llm, ana: Person, client_as):
        proposed(chat, llm, "Lo tiene que aprobar el equipo, te avisamos.")
        (act,) = acts(acme)
        assert service.asked == []
        assert any("Anotar pedido (codigo: A1)" in line for line in chat.notes())
        with tenant_context(acme):
            (told,) = Notification.objects.filter(user_id=ana.user.pk, kind="approval")
        assert told.href == f"/bandeja/{chat.conversation.pk}/"
        page = client_as("ana").get(f"/bandeja/{chat.conversation.pk}/").content.decode()
        assert f"/agentes/actos/{act.pk}/" in page
        assert "Espera aprobación: Anotar pedido" in page

    def test_approved_it_is_made_by_the_worker_under_both_names(
        self, acme, chat, service, llm, queued: Queue, client_as
    ):
        proposed(chat, llm)
        (act,) = acts(acme)
        answer = client_as("ana").post(f"/agentes/actos/{act.pk}/aprobar/")
        assert answer.status_code == 303
        assert service.asked == []
        queued.drain()
        (act,) = acts(acme)
        assert (act.state, len(service.asked)) == ("done", 1)
        (row,) = calls(acme)
        assert (row.run_id, row.key) == (act.run_id, act.key)
        with tenant_context(acme):
            trail = SystemEvent.objects.filter(action__in=["act.approved", "act.made"])
            assert {event.actor_label for event in trail} == {act.decided_by}
        assert "Ana" in act.decided_by
        assert any("Aprobó" in line for line in chat.notes())
        answered(chat, llm, "y?", "Quedó anotado.")
        assert "ya confirmado" in last_prompt(llm)
        assert chat.said()[-1] == "Quedó anotado."
        assert len(service.asked) == 1

    def test_two_who_click_at_once_act_once(self, acme, chat, service, llm, queued: Queue, client_as):
        proposed(chat, llm)
        (act,) = acts(acme)
        first = client_as("ana").post(f"/agentes/actos/{act.pk}/aprobar/")
        second = client_as("rita").post(f"/agentes/actos/{act.pk}/rechazar/")
        third = client_as("rita").post(f"/agentes/actos/{act.pk}/aprobar/")
        assert (first.status_code, second.status_code, third.status_code) == (303, 409, 409)
        pending.perform(tenant=acme, act_id=act.pk)
        pending.perform(tenant=acme, act_id=act.pk)
        queued.drain()
        assert len(service.asked) == 1

    def test_refused_it_is_not_made_and_everybody_knows(self, acme, chat, service, llm, queued: Queue, client_as):
        proposed(chat, llm)
        (act,) = acts(acme)
        client_as("ana").post(f"/agentes/actos/{act.pk}/rechazar/")
        queued.drain()
        assert service.asked == []
        assert any("No se aprobó" in line for line in chat.notes())
        answered(chat, llm, "y?", "No se pudo.")
        assert "No se aprobó" in last_prompt(llm)

    @pytest.mark.parametrize("change", ["tool off", "not granted", "agent off", "schema changed", "other contact"])
    def test_what_no_longer_holds_is_not_made(self, acme, chat, service, llm, queued: Queue, change):
        proposed(chat, llm)
        (act,) = acts(acme)
        with tenant_context(acme):
            pending.approve(act=act, by=Actor("user", "1", "Ana"))
            if change == "tool off":
                Row.objects.update(is_active=False)
            elif change == "not granted":
                agent = Agent.objects.select_related("published").get(name="Sol")
                agent.published.snapshot["enabled_tools"] = ["rag_search"]
                agent.published.save()
            elif change == "agent off":
                Agent.objects.update(is_active=False)
            elif change == "schema changed":
                closed = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
                Row.objects.update(parameters=closed)
            else:
                Conversation.objects.filter(pk=chat.conversation.pk).update(contact=make_contact(name="Otra"))
        pending.perform(tenant=acme, act_id=act.pk)
        assert service.asked == []
        assert acts(acme)[0].state == "failed"
        assert any("No se pudo" in line for line in chat.notes())

    def test_a_customers_yes_does_not_stand_for_the_teams(self, acme, chat, service, llm):
        proposed(chat, llm)
        answered(chat, llm, YES)
        assert service.asked == []
        assert acts(acme)[0].state == "waiting"

    def test_asked_for_again_it_stays_one(self, acme, chat, service, llm):
        proposed(chat, llm)
        proposed(chat, llm)
        assert len(acts(acme)) == 1

    def test_time_ends_it_and_lost_wake_ups_are_found(self, acme, chat, service, llm, queued: Queue):
        proposed(chat, llm)
        (act,) = acts(acme)
        with time_machine.travel(timezone.now() + timedelta(hours=80), tick=True):
            assert pending.sweep(tenant=acme) == []
            assert acts(acme)[0].state == "expired"
            assert any("Venció" in line for line in chat.notes())
        with tenant_context(acme):
            PendingAct.objects.update(state="approved", decided_at=timezone.now() - timedelta(minutes=5))
        assert pending.sweep(tenant=acme) == [act.pk]

    @pytest.mark.parametrize(("trace", "state"), [("done", "done"), ("unknown", "failed"), ("", "failed")])
    def test_what_a_dead_worker_left_is_told_as_far_as_it_is_known(self, acme, chat, service, llm, trace, state):
        proposed(chat, llm)
        with tenant_context(acme):
            act = PendingAct.objects.get()
            PendingAct.objects.update(state="running", decided_at=timezone.now() - timedelta(minutes=20))
            if trace:
                refusal = "No se sabe si se hizo." if trace == "unknown" else ""
                ToolCall.objects.create(run=act.run, key=act.key, tool=act.tool, ok=True, refusal=refusal)
        pending.sweep(tenant=acme)
        assert acts(acme)[0].state == state
        assert service.asked == []

    def test_who_may_not_see_the_chat_decides_nothing(self, acme, chat, service, llm, ana: Person, client_as):
        proposed(chat, llm)
        (act,) = acts(acme)
        with tenant_context(acme):
            Conversation.objects.filter(pk=chat.conversation.pk).update(assignee=ana.user)
        for name in ("sol", "gus"):
            assert client_as(name).post(f"/agentes/actos/{act.pk}/aprobar/").status_code in (403, 404)
        assert acts(acme)[0].state == "waiting"


def test_one_who_decides_too_late_is_told_who_was_first(acme: Tenant, chat: Story, llm: FakeLLM) -> None:
    """A customer's act is nobody else's to approve."""
    proposed(chat, llm)
    (act,) = acts(acme)
    with tenant_context(acme), pytest.raises(Conflict):
        pending.approve(act=act, by=Actor("user", "1", "Ana"))


def test_eight_workers_that_wake_for_one_approval_make_it_once(live_tenants: Cast, service: HttpService) -> None:
    """Committed rows and real threads: two people, a sweep and late wake-ups all at once."""
    acme = live_tenants.acme
    make_write(acme, service, confirmation="person")
    agent = employ(acme, tools=["anotar_pedido"])
    story = make_story(acme)
    with tenant_context(acme):
        run = make_run(agent=agent, conversation_id=story.conversation.pk)
        act = make_pending_act(run=run, tool="anotar_pedido", arguments=ORDER, contact_id=story.conversation.contact_id)

    def decide_and_work(number: int) -> bool:
        try:
            with tenant_context(acme):
                pending.approve(act=PendingAct.objects.get(pk=act.pk), by=Actor("user", str(number), f"P{number}"))
            first = True
        except Conflict:
            first = False
        pending.perform(tenant=acme, act_id=act.pk)
        connections.close_all()
        return first

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(decide_and_work, range(8))) == 1
    assert len(service.asked) == 1
    assert acts(acme)[0].state == "done"
