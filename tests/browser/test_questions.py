"""A question of the agent in the chat: what is typed into it stays while the chat moves on, and it is answered there."""

import os
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from agents.models import Agent, Question
from messaging.models import Conversation
from messaging.services.conversations import locked, note
from tenants.context import tenant_context
from tests.agents.services.story import employ
from tests.browser.conftest import Site, overflows
from tests.browser.test_inbox import with_messages, write_in
from tests.factories.agents import make_question, make_run
from tests.support.thorough import dealt

pytestmark = [pytest.mark.browser, pytest.mark.slow]
ASK = "¿Hay lugar en el taller este viernes, o recién la semana que viene?"
FREE = "Sí, el viernes a las 9 hay lugar."


def shot(page: Page, name: str) -> None:
    """For looking at: `SHOTS=/tmp/shots pytest …`."""
    if folder := os.environ.get("SHOTS"):
        page.screenshot(path=f"{folder}/question-{name}.png")


def asked(site: Site) -> Conversation:
    chat = with_messages(site, 2)

    def ask() -> None:
        with tenant_context(site.cast.acme):
            Agent.objects.all().delete()
            row = make_question(run=make_run(conversation_id=chat.pk), question=ASK)
            held = locked(chat.pk)
            assert held is not None
            text = f"La IA pregunta al equipo: {ASK}"
            note(held, text, cause="Pregunta al equipo", payload={"question": str(row.pk)})
            held.save()
        employ(site.cast.acme)

    site.do(ask)
    return chat


@pytest.mark.parametrize("phone", dealt([True, False], 0, share=2))
def test_it_is_answered_in_the_chat(site: Site, open_as: Callable[..., Page], phone: bool) -> None:
    chat, size = asked(site), "360" if phone else "1280"
    page = open_as("ana", f"/bandeja/{chat.pk}/", phone=phone, dark=phone)
    box = page.get_by_label("Respuesta")
    expect(box).to_be_visible()
    assert not overflows(page)
    shot(page, f"open-{size}")
    box.fill(FREE)
    write_in(site, chat, "¿Y? ¿Se sabe algo?")
    expect(page.locator("#thread").get_by_text("¿Y? ¿Se sabe algo?")).to_be_visible()
    expect(box).to_have_value(FREE)
    page.get_by_role("button", name="Responder a la IA").click()
    expect(page.get_by_text("La IA se lo va a contar al contacto con sus palabras.")).to_be_visible()
    expect(box).to_be_hidden()
    assert not overflows(page)
    shot(page, f"answered-{size}")

    def kept() -> str:
        with tenant_context(site.cast.acme):
            return Question.objects.get().answer

    assert site.do(kept) == FREE
    assert page.complaints == []  # type: ignore[attr-defined]
