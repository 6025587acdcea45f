"""From the story of a person to the page of an act, its button and what it says afterwards."""

from collections.abc import Callable

import pytest
from django.test import Client

from agents.models import AgentRun, ToolCall
from crm.models import Lead
from messaging.models import Conversation
from tenants.context import auth_scope, tenant_context
from tenants.models import Tenant, User
from tests.agents.services.story import Story, make_story
from tests.agents.tools.undoing import box_of, call_of, contact_of, use
from tests.factories.crm import make_seller
from tests.factories.messaging import make_message
from tests.support.cast import Cast, Person

ClientAs = Callable[..., Client]
pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture
def story(acme: Tenant) -> Story:
    return make_story(acme, name="", phone=None, email="")


@pytest.fixture
def saved(acme: Tenant, story: Story) -> ToolCall:
    """An act with its receipt under the agent's message."""
    receipt = use(box_of(acme, story, "create_customer"), "create_customer", name="Ana Ruiz").receipt
    assert receipt is not None
    call = call_of(acme, "create_customer")
    with tenant_context(acme):
        given = {"receipts": [receipt.as_json()]}
        make_message(
            conversation=story.conversation, direction="out", author="agent", agent_run_id=call.run_id, payload=given
        )
    return call


def act(call: ToolCall) -> str:
    return f"/agentes/hechos/{call.pk}/"


def body(answer: object) -> str:
    return answer.content.decode()  # type: ignore[attr-defined]  # any answer of Django's client


def test_from_the_story_to_the_button_and_back(
    acme: Tenant, story: Story, saved: ToolCall, client_as: ClientAs
) -> None:
    browser = client_as("ana")
    person = f"/contactos/{story.conversation.contact_id}/"
    assert f'href="{act(saved)}"' in body(browser.get(person))
    page = body(browser.get(act(saved)))
    for piece in ("Datos guardados: nombre", "Vuelve a quedar vacío: nombre.", "Lo que queda como está", "deshacer/"):
        assert piece in page
    answer = browser.post(f"{act(saved)}deshacer/")
    assert (answer.status_code, answer["Location"]) == (303, act(saved))
    assert contact_of(acme, story).name == ""
    page = body(browser.get(act(saved)))
    assert "<s>Datos guardados: nombre</s>" in page
    assert "Deshecho por Ana" in page
    assert "deshacer/" not in page
    page = body(browser.get(person))
    assert "<s>" in page
    assert "Deshecho por Ana" in page
    assert f'href="{act(saved)}"' not in page


def test_the_receipt_in_the_chat_is_crossed_out(story: Story, saved: ToolCall, client_as: ClientAs) -> None:
    browser, chat = client_as("ana"), f"/bandeja/{story.conversation.pk}/"
    assert f'<a class="link" href="{act(saved)}">Deshacer</a>' in body(browser.get(chat))
    browser.post(f"{act(saved)}deshacer/")
    page = body(browser.get(chat))
    assert "<s>Datos guardados: nombre</s> · Deshecho por Ana" in page
    assert "Ana deshizo lo que hizo la IA: Datos guardados: nombre" in page
    assert ">Deshacer</a>" not in page


def test_the_page_of_the_turn_has_it_too(acme: Tenant, saved: ToolCall, client_as: ClientAs) -> None:
    browser, turn = client_as("ana"), f"/agentes/turnos/{saved.run_id}/"
    assert f'href="{act(saved)}"' in body(browser.get(turn))
    browser.post(f"{act(saved)}deshacer/")
    page = body(browser.get(turn))
    assert "Deshecho por Ana" in page
    assert f'href="{act(saved)}"' not in page


def test_a_second_click_is_told_who_was_first(saved: ToolCall, client_as: ClientAs) -> None:
    client_as("rita").post(f"{act(saved)}deshacer/")
    answer = client_as("ana").post(f"{act(saved)}deshacer/")
    assert answer.status_code == 409
    assert "Deshecho por Rita" in body(answer)


def test_whoever_decides_sees_what_comes_back_and_it_is_not_kept(acme: Tenant, client_as: ClientAs) -> None:
    story = make_story(acme, name="A. Ruiz", phone=None, email="vieja@correo.test")
    use(box_of(acme, story, "create_customer"), "create_customer", name="Ana Ruiz", email="nueva@correo.test")
    call, browser = call_of(acme, "create_customer"), client_as("ana")
    page = body(browser.get(act(call)))
    assert "<dt>correo</dt><dd>vieja@correo.test</dd>" in page
    browser.post(f"{act(call)}deshacer/")
    assert "vieja@correo.test" not in str(call_of(acme, "create_customer").back)


def test_whoever_reads_english_reads_it_in_english(saved: ToolCall, client_as: ClientAs, ana: Person) -> None:
    client_as("rita").post(f"{act(saved)}deshacer/")
    with auth_scope():
        User.objects.filter(pk=ana.user.pk).update(locale="en")
    page = body(client_as("ana").get(act(saved)))
    for english, spanish in (("Data stored: nombre", "Datos guardados"), ("Empty again: nombre.", "Vuelve a quedar")):
        assert english in page
        assert spanish not in page


def test_what_cannot_be_undone_says_why_and_has_no_button(acme: Tenant, story: Story, client_as: ClientAs) -> None:
    with tenant_context(acme):
        run = AgentRun.objects.create(conversation_id=story.conversation.pk)
        receipt = {"receipt": {"kind": "handoff", "text": "Derivado a una persona"}}
        call = ToolCall.objects.create(
            run=run, conversation_id=story.conversation.pk, key="k", tool="handoff_to_human", ok=True, result=receipt
        )
    page = body(client_as("ana").get(act(call)))
    assert "Esto no se puede deshacer." in page
    assert "deshacer/" not in page
    assert act(call) not in body(client_as("ana").get(f"/contactos/{story.conversation.contact_id}/"))
    assert client_as("ana").post(f"{act(call)}deshacer/").status_code == 409


def test_nobody_else_sees_it(acme: Tenant, story: Story, saved: ToolCall, client_as: ClientAs, cast: Cast) -> None:
    with tenant_context(acme):
        Conversation.objects.filter(pk=story.conversation.pk).update(assignee=cast["teo"].user)
        Lead.objects.update(owner=make_seller(name="Teo", user=cast["teo"].user))
    for name in ("sol", "gus"):
        assert client_as(name).get(act(saved)).status_code == 404
        assert client_as(name).post(f"{act(saved)}deshacer/").status_code == 404
    assert client_as("teo").get(act(saved)).status_code == 200
    assert contact_of(acme, story).name == "Ana Ruiz"


def test_opening_the_page_changes_nothing(acme: Tenant, story: Story, saved: ToolCall, client_as: ClientAs) -> None:
    browser = client_as("ana")
    browser.get(act(saved))
    assert browser.get(f"{act(saved)}deshacer/").status_code == 405
    assert contact_of(acme, story).name == "Ana Ruiz"
