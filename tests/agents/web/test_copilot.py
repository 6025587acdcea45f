"""Help with writing in the inbox: with scripts a part beside the composer, without them a page from which to send."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from agents.models import AgentRun
from messaging.models import Conversation, Message
from tenants.context import tenant_context
from tenants.models import SystemEvent, Tenant
from tests.agents.services.story import employ
from tests.factories.crm import make_contact, make_lead, make_seller
from tests.factories.messaging import make_channel, make_conversation, make_message
from tests.fakes.llm import FakeLLM
from tests.support.tasks import Queue

Browser = Callable[..., Client]
PART = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def chat(acme: Tenant) -> Conversation:
    with tenant_context(acme):
        chat = make_conversation(contact=make_contact(name="Marta Peralta"), last_inbound_at=timezone.now())
        make_message(conversation=chat, text="¿Tienen en azul?")
    return chat


def asked(browser: Client, chat: Conversation, kind: str, text: str = "", **extra: str) -> str:
    """The address of the help, without scripts."""
    answer = browser.post(f"/bandeja/{chat.pk}/ayuda/", {"ayuda": kind, "text": text}, **extra)
    assert answer.status_code == 303
    return answer.headers["Location"]


def sent(acme: Tenant) -> int:
    with tenant_context(acme):
        return Message.objects.filter(direction="out").exclude(kind="note").count()


def test_a_draft_is_polled_shown_and_sent_only_by_hand(
    acme: Tenant, chat: Conversation, client_as: Browser, llm: FakeLLM, queued: Queue
) -> None:
    employ(acme, llm)
    llm.say("Sí, lo tenemos en azul.")
    browser = client_as("ana")
    queued.clear()
    page = browser.get(f"/bandeja/{chat.pk}/").content.decode()
    assert page.count(f'hx-post="/bandeja/{chat.pk}/ayuda/"') == 7
    assert '<div id="copilot" data-keep="true"></div>' in page
    where = f"/bandeja/{chat.pk}/ayuda/"
    part = browser.post(where, {"ayuda": "draft", "text": ""}, **PART).content.decode()
    with tenant_context(acme):
        run = AgentRun.objects.get(purpose="copilot")
    assert f'hx-get="{where}{run.pk}/"' in part
    assert "Escribiendo…" in part
    queued.drain()
    part = browser.get(f"{where}{run.pk}/", **PART).content.decode()
    assert "<html" not in part
    assert "hx-trigger" not in part, "nothing is asked for any more"
    assert '<textarea class="hidden" data-copilot-text' in part
    assert "Sí, lo tenemos en azul." in part
    assert "US$ 0.0001" in part or "US$&nbsp;0" in part or "Costo:" in part
    assert "No se apoya en ningún documento" in part
    assert sent(acme) == 0
    whole = browser.get(f"{where}{run.pk}/").content.decode()
    assert f'action="/bandeja/{chat.pk}/enviar/"' in whole
    assert "Sí, lo tenemos en azul.</textarea>" in whole


def test_without_scripts_it_is_asked_for_read_and_sent(
    acme: Tenant, chat: Conversation, client_as: Browser, queued: Queue
) -> None:
    browser = client_as("ana")
    queued.clear()
    where = asked(browser, chat, "spelling", "hola ,si")
    page = browser.get(where).content.decode()
    assert "Escribiendo…" in page
    assert "Actualizar" in page
    assert "hola ,si" in page, "what was written is not lost"
    queued.drain()
    page = browser.get(where).content.decode()
    assert "Hola, si</textarea>" in page
    assert "demostración" in page
    assert "Sin costo" in page
    key = page.partition('name="key" value="')[2].partition('"')[0]
    answer = browser.post(f"/bandeja/{chat.pk}/enviar/", {"text": "Hola, sí", "key": key})
    assert answer.status_code == 303
    assert sent(acme) == 1


def test_a_summary_is_kept_as_a_note(acme: Tenant, chat: Conversation, client_as: Browser, queued: Queue) -> None:
    browser = client_as("ana")
    queued.clear()
    where = asked(browser, chat, "summary")
    queued.drain()
    part = browser.get(where, **PART).content.decode()
    assert "data-copilot-text" not in part, "a summary never lands in the composer"
    assert f'action="{where}nota/"' in part
    part = browser.post(f"{where}nota/", **PART).content.decode()
    assert "Quedó como nota interna" in part
    assert browser.post(f"{where}nota/").status_code == 303
    thread = browser.get(f"/bandeja/{chat.pk}/").content.decode()
    assert thread.count("Resumen de la IA guardado por") == 1
    assert sent(acme) == 0


def test_a_closed_window_still_offers_a_summary(acme: Tenant, client_as: Browser) -> None:
    with tenant_context(acme):
        channel = make_channel(provider="meta_direct", channel_source="whatsapp")
        old = timezone.now() - timedelta(days=3)
        chat = make_conversation(channel=channel, contact=make_contact(), last_inbound_at=old)
    page = client_as("ana").get(f"/bandeja/{chat.pk}/").content.decode()
    assert page.count(f'hx-post="/bandeja/{chat.pk}/ayuda/"') == 1
    assert 'name="ayuda" value="summary"' in page


def test_what_cannot_be_begun_is_said_where_it_was_asked(chat: Conversation, client_as: Browser) -> None:
    browser, where = client_as("ana"), f"/bandeja/{chat.pk}/ayuda/"
    part = browser.post(where, {"ayuda": "shorter", "text": " "}, **PART)
    assert part.status_code == 422
    assert "Escribir algo en el mensaje para mejorarlo." in part.content.decode()
    page = browser.post(where, {"ayuda": "shorter", "text": "x" * 4001})
    assert page.status_code == 422
    assert "hasta 4000 letras" in page.content.decode()
    assert "x" * 4001 in page.content.decode()
    assert browser.get(where).status_code == 303
    for _time in range(18):
        browser.post(where, {"ayuda": "draft"}, **PART)
    late = browser.post(where, {"ayuda": "draft"}, **PART)
    assert late.status_code == 422
    assert "Demasiados intentos" in late.content.decode()


def test_only_of_chats_that_one_sees_and_of_ones_own(
    acme: Tenant, chat: Conversation, client_as: Browser, queued: Queue
) -> None:
    where = asked(client_as("ana"), chat, "draft")
    assert client_as("gus").get(where).status_code == 404
    assert client_as("gus").post(f"/bandeja/{chat.pk}/ayuda/", {"ayuda": "draft"}).status_code == 404
    assert client_as("paz").get(where).status_code == 404, "somebody else's"
    with tenant_context(acme):
        make_lead(contact=chat.contact, owner=make_seller())
    assert client_as("sol").post(f"/bandeja/{chat.pk}/ayuda/", {"ayuda": "draft"}).status_code == 404


def test_its_trace_says_what_was_asked_and_who_looked_is_told(
    acme: Tenant, chat: Conversation, client_as: Browser, queued: Queue
) -> None:
    browser = client_as("ana")
    queued.clear()
    where = asked(browser, chat, "spelling", "hola ,si")
    queued.drain()
    assert browser.get(where).status_code == 200
    run = where.rstrip("/").rpartition("/")[2]
    page = browser.get(f"/agentes/turnos/{run}/").content.decode()
    assert "Ana pidió ayuda al escribir" in page
    assert "hola ,si" in page
    with tenant_context(acme):
        assert SystemEvent.objects.filter(action="conversation.viewed", resource_id=str(chat.pk)).exists()


def test_the_shortcuts_are_listed(client_as: Browser) -> None:
    assert "En un chat: redactar una respuesta" in client_as("ana").get("/bandeja/").content.decode()
