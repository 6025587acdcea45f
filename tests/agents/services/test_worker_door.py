"""From the worker's task to a queued reply, and what happens when a turn breaks where nobody expected it."""

import pytest

from messaging.models import Message
from tenants.context import tenant_context
from tests.agents.services.story import employ
from tests.support.tasks import run_task


def take_turn(story):
    run_task("messaging.tasks.take_turn", tenant_id=story.tenant.pk, conversation_id=str(story.conversation.pk))


def test_a_due_turn_taken_by_the_worker_is_answered(acme, story, llm):
    employ(acme, llm)
    llm.say("¡Hola!")
    story.customer_says("Hola")
    take_turn(story)
    assert story.said() == ["¡Hola!"]
    take_turn(story)
    assert story.said() == ["¡Hola!"], "a second wake-up finds nothing due"


def test_an_unexpected_error_is_retried_and_in_the_end_people_get_the_chat(acme, story, llm, monkeypatch):
    employ(acme, llm)

    def breaks(**_arguments):
        raise ZeroDivisionError

    monkeypatch.setattr("agents.receivers.run_turn", breaks)
    story.customer_says("Hola")
    for mode in ("ai", "ai", "human"):
        take_turn(story)
        assert story.fresh().mode == mode
        with tenant_context(acme):
            type(story.conversation).objects.filter(pk=story.conversation.pk, mode="ai").update(
                reply_due_at=story.fresh().created_at
            )
    assert "ZeroDivisionError" in story.notes()[0]


@pytest.mark.parametrize("text", ["a" * 12_000, "<script>alert(1)</script>", "\u202e🙂 {{x}} %s {0}", "¿?", "🙂"])
def test_odd_messages_get_an_answer_from_the_demo_model(acme, story, text):
    story.customer_says(text)
    take_turn(story)
    assert story.said()
    with tenant_context(acme):
        assert Message.objects.filter(direction="out", author="agent").exists()
