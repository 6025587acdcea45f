"""A turn from due to answered, with the model behind a real local server."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from agents.domain.history import BRIEF
from agents.models import Agent, AgentRun, LedgerEntry, ToolCall
from agents.services.agents import publish_agent, update_agent
from agents.services.turns import run_turn
from crm.models import Lead
from messaging.models import Conversation, Message
from messaging.services import takeover
from tenants.context import tenant_context
from tests.agents.services.story import TEAM, employ, make_story
from tests.factories.messaging import make_message
from tests.fakes.llm import Reply, out_of_funds, rate_limited

HANDED = "Te paso con una persona del equipo. Te responde por este mismo chat."


def test_a_customer_is_answered_with_the_models_words_and_the_run_is_traced(acme, story, llm):
    employ(acme, llm)
    llm.say("¡Hola! ¿Qué termotanque buscás?", usage={"prompt_tokens": 1000, "completion_tokens": 100})
    run = story.hear("Hola", "¿tienen termotanques?")
    assert story.said() == ["¡Hola! ¿Qué termotanque buscás?"]
    assert (run.status, run.provider, run.model, run.is_demo) == ("done", "openai", "gpt-4o-mini", False)
    assert (run.prompt_tokens, run.completion_tokens, str(run.cost_usd)) == (1000, 100, "0.000210000")
    assert [step["type"] for step in run.steps] == ["prompt", "model"]
    sent = llm.requests[0]
    assert (
        sent["messages"][0]["content"].startswith("Sos Sol de acme") or "Sos Sol de" in sent["messages"][0]["content"]
    )
    assert sent["messages"][1] == {"role": "user", "content": "Hola\n¿tienen termotanques?"}
    assert len(llm.requests) == 1
    conversation = story.fresh()
    assert (conversation.mode, conversation.turn_token, conversation.reply_due_at) == ("ai", None, None)


def test_a_tool_acts_for_the_conversations_own_contact_and_leaves_a_receipt(acme, story, llm):
    employ(acme, llm)
    llm.call("create_customer", {"name": "Mariana Gómez", "email": "mariana@correo.test", "phone": None})
    llm.say("Gracias Mariana, ya anoté tus datos.")
    run = story.hear("Soy Mariana Gómez, mariana@correo.test")
    assert story.said() == ["Gracias Mariana, ya anoté tus datos."]
    contact = story.fresh().contact
    assert (contact.name, contact.email) == ("Mariana Gómez", "mariana@correo.test")
    with tenant_context(acme):
        call = ToolCall.objects.get(run=run)
        assert run.receipts == [{"kind": "record", "text": "Datos guardados: nombre, correo", "call": str(call.pk)}]
        row = Message.objects.get(agent_run_id=run.pk)
        assert row.payload["receipts"] == run.receipts
        assert call.ok
        assert Lead.objects.filter(contact=contact).count() == 1


def test_an_earlier_answer_and_a_persons_words_are_part_of_what_the_model_reads(acme, story, llm):
    employ(acme, llm)
    llm.say("Hola, soy Sol.")
    story.hear("Hola")
    with tenant_context(acme):
        conversation = Conversation.objects.get(pk=story.conversation.pk)
        make_message(conversation=conversation, direction="out", author="user", author_name="Ana", text="Te hago 5 %")
    llm.say("Perfecto.")
    story.hear("¿Cuánto me descontaban?")
    roles = [(m["role"], m["content"]) for m in llm.requests[1]["messages"][1:]]
    assert roles == [
        ("user", "Hola"),
        ("assistant", "Hola, soy Sol.\n[Ana] Te hago 5 %"),
        ("user", "¿Cuánto me descontaban?"),
    ]


def test_what_was_agreed_when_the_chat_was_given_back_is_read_as_the_teams_and_not_as_said(acme, story, llm, ana):
    employ(acme, llm)
    llm.say("Hola, soy Sol.")
    story.hear("Hola")
    with tenant_context(acme):
        chat = Conversation.objects.get(pk=story.conversation.pk)
        takeover.take_over(conversation=chat, by=ana.actor, user=ana.user)
        takeover.release(conversation=chat, by=ana.actor, brief="Le hago 5 % si paga hoy")
    llm.say("Perfecto.")
    story.hear("¿Cuánto me descontaban?")
    roles = [(m["role"], m["content"]) for m in llm.requests[1]["messages"][1:]]
    assert roles == [
        ("user", "Hola"),
        ("assistant", f"[{ana.actor.label}] {BRIEF} Le hago 5 % si paga hoy"),
        ("user", "¿Cuánto me descontaban?"),
    ]


def test_a_takeover_while_the_model_thinks_keeps_the_agent_silent(live_tenants, acme, story, llm, ana):
    employ(acme, llm)

    def taken_meanwhile(_request):
        with tenant_context(acme):
            row = Conversation.objects.get(pk=story.conversation.pk)
            takeover.take_over(conversation=row, by=ana.actor, user=ana.user)
        connection.close()
        return Reply(text="Llego tarde")

    llm.brain = taken_meanwhile
    run = story.hear("Hola")
    assert story.said() == []
    assert run.status == "superseded"
    assert story.fresh().mode == "human"


def test_a_customer_who_writes_during_the_turn_gets_one_answer_to_everything(live_tenants, acme, story, llm):
    employ(acme, llm)

    def writes_more(_request):
        if len(llm.requests) == 1:
            with tenant_context(acme):
                Conversation.objects.filter(pk=story.conversation.pk).update(reply_first_at=timezone.now())
            story.customer_says("y otra cosa: ¿hacen envíos?")
            connection.close()
        return Reply(text=f"Respuesta {len(llm.requests)}")

    llm.brain = writes_more
    first = story.hear("¿Precio?")
    second = story.answer()
    assert (first.status, second.status) == ("superseded", "done")
    assert story.said() == ["Respuesta 2"]
    assert llm.requests[1]["messages"][-1]["content"] == "¿Precio?\ny otra cosa: ¿hacen envíos?"


def test_only_the_holder_of_the_token_may_answer(acme, story, llm):
    employ(acme, llm)
    story.customer_says("Hola")
    turn = story.begin()
    with tenant_context(acme):
        Conversation.objects.filter(pk=story.conversation.pk).update(turn_until=timezone.now() - timedelta(seconds=1))
    story.begin()
    stale = run_turn(
        tenant=acme, conversation_id=story.conversation.pk, turn_token=turn.token, upto_sequence=turn.upto_sequence
    )
    assert stale is None
    assert llm.requests == []


def test_a_turn_that_died_is_closed_in_the_trace_and_its_acts_are_not_repeated(acme, story, llm, monkeypatch):
    employ(acme, llm)
    llm.call("qualify_lead", {"interest": "high"})
    llm.say("Primera")

    def power_cut(**_arguments):
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr("messaging.services.outbound.commit_reply", power_cut)
        with pytest.raises(SystemExit):
            story.hear("Quiero avanzar con la compra")
    with tenant_context(acme):
        assert AgentRun.objects.get(conversation_id=story.conversation.pk).status == "running"
        Conversation.objects.filter(pk=story.conversation.pk).update(turn_until=timezone.now() - timedelta(seconds=1))
    llm.call("qualify_lead", {"interest": "high"})
    llm.say("Segunda")
    run = story.answer()
    assert story.said() == ["Segunda"]
    assert next(step for step in run.steps if step["type"] == "tool")["replayed"] is True
    with tenant_context(acme):
        assert ToolCall.objects.filter(tool="qualify_lead").count() == 1
        assert AgentRun.objects.exclude(pk=run.pk).get(conversation_id=story.conversation.pk).error == "Se interrumpió."


@pytest.mark.parametrize("text", ["Quiero hablar con una persona", "pasame con un humano", "I want to talk to a human"])
def test_a_request_for_a_person_hands_over_without_asking_any_model(acme, story, llm, text):
    employ(acme, llm, tools=[])
    run = story.hear(text)
    conversation = story.fresh()
    assert (run.status, conversation.mode, llm.requests) == ("handed_off", "human", [])
    assert len(story.said()) == 1
    assert story.notes()


def test_the_model_may_hand_over_and_still_say_its_last_words(acme, story, llm):
    employ(acme, llm)
    llm.call("handoff_to_human", {"reason": "reclamo", "summary": "Llegó roto, quiere devolución"})
    llm.say("Te paso con una persona del equipo que resuelve tu reclamo.")
    run = story.hear("Me llegó roto, es una vergüenza")
    assert story.said() == ["Te paso con una persona del equipo que resuelve tu reclamo."]
    assert (run.status, story.fresh().mode) == ("handed_off", "human")
    assert "Llegó roto" in story.notes()[0]


def test_a_handover_without_words_gets_the_platforms_own(acme, story, llm):
    employ(acme, llm)
    llm.call("handoff_to_human", {"reason": "reclamo"})
    llm.say("")
    story.hear("Me llegó roto")
    assert story.said() == [HANDED]


def test_where_no_agent_is_published_people_get_the_chat(acme, story):
    with tenant_context(acme):
        Agent.objects.update(is_active=False)
    run = story.hear("Hola")
    assert (run.status, story.fresh().mode, story.said()) == ("handed_off", "human", [])
    assert "Ningún agente" in story.notes()[0]


def test_a_new_company_is_answered_by_the_labelled_demo_model_on_its_web_chat(story):
    run = story.hear("Hola, buenas")
    assert (run.is_demo, run.model, run.status) == (True, "demo", "done")
    assert story.said()[0].startswith("¡Hola! Soy el asistente automático de")


def test_of_two_agents_on_a_channel_the_lower_number_answers_and_then_the_older(acme, story, llm):
    employ(acme, llm, name="Vieja")
    employ(acme, llm, name="Nueva")
    with tenant_context(acme):
        assert story.hear("Hola").agent.name == "Vieja"
    employ(acme, llm, name="Primera", priority=1)
    with tenant_context(acme):
        assert story.hear("Hola de nuevo").agent.name == "Primera"


def test_a_change_counts_from_its_publication_on_and_switching_off_at_once(acme, story, llm, ana):
    agent = employ(acme, llm)
    with tenant_context(acme):
        update_agent(agent=agent, by=TEAM, system_prompt_template="PALABRA NUEVA", temperature="0.20")
    story.hear("Hola")
    assert "PALABRA NUEVA" not in llm.requests[-1]["messages"][0]["content"]
    with tenant_context(acme):
        publish_agent(agent=agent, by=TEAM)
    story.hear("¿Hola?")
    assert "PALABRA NUEVA" in llm.requests[-1]["messages"][0]["content"]
    assert llm.requests[-1]["temperature"] == 0.2
    with tenant_context(acme):
        update_agent(agent=agent, by=TEAM, is_active=False)
    assert story.hear("¿Siguen ahí?").is_demo, "the company's first agent is next in line"


def test_another_companys_turn_cannot_be_run(acme, globex, story, llm):
    employ(acme, llm)
    story.customer_says("Hola")
    turn = story.begin()
    assert (
        run_turn(
            tenant=globex,
            conversation_id=story.conversation.pk,
            turn_token=turn.token,
            upto_sequence=turn.upto_sequence,
        )
        is None
    )
    assert llm.requests == []


class TestWhenTheModelFails:
    def test_a_dead_key_goes_to_people_at_once_with_the_reason_and_one_true_sentence(self, acme, story, llm):
        employ(acme, llm)
        llm.then(out_of_funds())
        run = story.hear("Hola")
        assert (run.status, story.fresh().mode, story.said()) == ("failed", "human", [HANDED])
        assert "insufficient_quota" in run.error
        assert "La IA no pudo responder" in story.notes()[0]

    def test_a_missing_key_is_said_to_the_team_in_words(self, acme, story):
        employ(acme, model_provider="google", model_version="gemini-3.5-flash")
        run = story.hear("Hola")
        assert run.status == "failed"
        assert "google/API_KEY" in story.notes()[0]

    def test_trouble_that_may_pass_is_tried_in_three_turns_and_then_people_get_the_chat(self, acme, story, llm):
        employ(acme, llm)
        llm.then(rate_limited(600), lasting_error())
        story.customer_says("Hola")
        for expected in ("ai", "ai", "human"):
            run = story.answer()
            assert run.status == "failed"
            assert story.fresh().mode == expected
            with tenant_context(acme):
                Conversation.objects.filter(pk=story.conversation.pk, mode="ai").update(reply_due_at=timezone.now())
        assert story.said() == [HANDED]

    def test_an_endless_loop_of_tools_ends_and_people_get_the_chat(self, acme, story, llm):
        employ(acme, llm)
        llm.then(Reply(tool_calls=[("create_customer", {"name": "Ana"})], lasting=True))
        run = story.hear("Hola")
        assert len(llm.requests) == 6
        assert (run.status, story.fresh().mode) == ("failed", "human")
        assert "limit:steps" in run.flags

    def test_bad_calls_are_answered_with_their_problem_and_the_turn_goes_on(self, acme, story, llm):
        employ(acme, llm)
        llm.then(
            Reply(
                tool_calls=[
                    ("create_customer", '{"name": "Ana"'),
                    ("drop_tables", {}),
                    ("qualify_lead", {"interest": "enorme"}),
                    ("create_customer", {"name": "Ana", "contact_id": "1"}),
                    ("qualify_lead", ["x"]),
                ]
            )
        )
        llm.say("¿En qué te ayudo?")
        run = story.hear("Hola")
        assert story.said() == ["¿En qué te ayudo?"]
        answers = [m for m in llm.requests[1]["messages"] if m["role"] == "tool"]
        assert len(answers) == 5
        assert all('"ok": false' in m["content"] for m in answers)
        with tenant_context(acme):
            assert ToolCall.objects.filter(run=run, ok=False).count() == 5

    def test_characters_that_no_database_keeps_do_not_break_the_turn(self, acme, story, llm):
        employ(acme, llm)
        odd = '{"choices":[{"message":{"content":"Ho\\u0000la \\ud800","role":"assistant"},"finish_reason":"\\u0000"}],"model":"\\u0000"}'
        llm.then(Reply(tool_calls=[("cre\x00ate", '{"a\\u0000": "\\ud800"}')]), Reply(body=odd))
        assert story.hear("Hola").status == "done"
        assert story.said() == ["Hola ?"]

    @pytest.mark.parametrize("reply", [Reply(text=""), Reply(text="Una frase cort", finish_reason="length")])
    def test_an_empty_or_cut_answer_is_asked_for_again(self, acme, story, llm, reply):
        employ(acme, llm)
        llm.then(reply)
        llm.say("Completa.")
        story.hear("Hola")
        assert story.said() == ["Completa."]
        assert llm.requests[1]["max_completion_tokens"] > llm.requests[0]["max_completion_tokens"]

    def test_a_refusal_of_the_provider_goes_to_people(self, acme, story, llm):
        employ(acme, llm)
        llm.then(Reply(refusal="No"))
        assert story.hear("Hola").status == "failed"
        assert story.fresh().mode == "human"

    def test_the_fallback_model_answers_when_the_first_is_unknown(self, acme, story, llm):
        employ(acme, llm, config={"fallback_model": "gpt-4.1-mini"})
        llm.then(Reply(status=404, error={"message": "x", "code": "model_not_found"}))
        llm.say("Soy el otro.")
        run = story.hear("Hola")
        assert (run.model, run.status) == ("gpt-4.1-mini", "done")


def lasting_error() -> Reply:
    return Reply(status=429, headers={"Retry-After": "600"}, error={"message": "busy"}, lasting=True)


class TestTheSpendingCeiling:
    def test_past_it_the_chat_leaves_the_ai_and_the_customer_gets_a_normal_sentence(self, acme, story, llm):
        employ(acme, llm)
        limit(acme, "0.01")
        llm.say("Primera", usage={"prompt_tokens": 100_000, "completion_tokens": 0})
        assert story.hear("Hola").status == "done"
        run = story.hear("¿Sigue ahí?")
        assert (run.flags, story.fresh().mode) == (["budget"], "human")
        assert story.said()[-1] == HANDED
        assert len(llm.requests) == 1

    def test_a_model_of_unknown_price_counts_too(self, acme, story, llm):
        employ(acme, llm, model_version="modelo-propio")
        limit(acme, "0.10")
        llm.say("Primera", usage={"prompt_tokens": 100_000, "completion_tokens": 0})
        run = story.hear("Hola")
        assert run.cost_usd is None
        assert story.hear("¿Sigue ahí?").flags == ["budget"]

    def test_a_server_that_tells_no_tokens_is_counted_by_length(self, acme, story, llm):
        employ(acme, llm)
        limit(acme, "0.00001")
        llm.say("Primera", usage=None)
        run = story.hear("Hola")
        assert run.cost_usd is None
        assert run.prompt_tokens > 100
        assert story.hear("¿Sigue ahí?").flags == ["budget"]

    def test_the_demo_model_costs_nothing(self, story):
        run = story.hear("Hola")
        assert (run.cost_usd, run.prompt_tokens) == (0, 0)

    def test_yesterdays_money_does_not_count(self, acme, story, llm):
        employ(acme, llm)
        limit(acme, "0.01")
        llm.say("Primera", usage={"prompt_tokens": 100_000, "completion_tokens": 0})
        story.hear("Hola")
        with tenant_context(acme):
            LedgerEntry.objects.update(created_at=timezone.now() - timedelta(days=1, hours=1))
        assert story.hear("¿Sigue ahí?").status == "done"


def limit(tenant, amount):
    tenant.settings = {**tenant.settings, "ai_daily_spend_usd": amount}


def test_two_companies_use_their_own_keys_and_prompts(acme, globex, llm):
    employ(acme, llm, system_prompt_template="De acme")
    employ(globex, llm, system_prompt_template="De globex")
    for tenant, words in ((acme, "De acme"), (globex, "De globex")):
        make_story(tenant).hear("Hola")
        assert llm.requests[-1]["messages"][0]["content"].startswith(words)
