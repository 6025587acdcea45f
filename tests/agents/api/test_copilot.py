"""Help with writing through the API: asked for, read under its id, never sent."""

from collections.abc import Callable

import pytest
from rest_framework.test import APIClient

from messaging.models import Conversation, Message
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.agents.services.story import employ
from tests.factories.crm import make_contact
from tests.factories.messaging import make_conversation, make_message
from tests.fakes.llm import FakeLLM
from tests.support.tasks import Queue

Api = Callable[..., APIClient]


@pytest.fixture
def chat(acme: Tenant) -> Conversation:
    with tenant_context(acme):
        chat = make_conversation(contact=make_contact(name="Marta"))
        make_message(conversation=chat, text="¿Tienen en azul?")
    return chat


def test_asked_for_and_read(acme: Tenant, chat: Conversation, api_as: Api, llm: FakeLLM, queued: Queue) -> None:
    employ(acme, llm)
    llm.say("Sí, en azul.")
    api, where = api_as("ana"), f"/api/v1/conversations/{chat.pk}/copilot"
    queued.clear()
    answer = api.post(where, {"kind": "draft"}, format="json")
    assert answer.status_code == 202
    begun = answer.json()
    assert (begun["status"], begun["text"], begun["cost"]) == ("running", "", None)
    queued.drain()
    found = api.get(f"{where}/{begun['id']}").json()
    assert (found["status"], found["text"], found["is_demo"]) == ("done", "Sí, en azul.", False)
    assert (found["sources"], found["numbers"], found["moved"], found["suspicious"]) == ([], [], 0, False)
    assert (found["cost_usd"], found["currency"]) == ("0.000027000", acme.currency)
    with tenant_context(acme):
        assert not Message.objects.filter(direction="out").exists()
    assert api.post(f"{where}/{begun['id']}/note").status_code == 409


def test_a_summary_becomes_a_note_once(acme: Tenant, chat: Conversation, api_as: Api, queued: Queue) -> None:
    api, where = api_as("ana"), f"/api/v1/conversations/{chat.pk}/copilot"
    queued.clear()
    begun = api.post(where, {"kind": "summary"}, format="json").json()
    queued.drain()
    for _time in range(2):
        assert api.post(f"{where}/{begun['id']}/note").status_code == 200
    with tenant_context(acme):
        assert Message.objects.filter(conversation=chat, kind="note").count() == 1


def test_refusals(chat: Conversation, api_as: Api, queued: Queue) -> None:
    api, where = api_as("ana"), f"/api/v1/conversations/{chat.pk}/copilot"
    assert api.post(where, {"kind": "dance"}, format="json").status_code in (400, 422)
    assert api.post(where, {"kind": "formal"}, format="json").status_code == 422
    assert api_as("rita").post(where, {"kind": "draft"}, format="json").status_code == 202
    assert api_as("gus").post(where, {"kind": "draft"}, format="json").status_code == 404
    begun = api.post(where, {"kind": "draft"}, format="json").json()
    assert api_as("gus").get(f"{where}/{begun['id']}").status_code == 404
    for _time in range(20):
        last = api.post(where, {"kind": "draft"}, format="json")
    assert last.status_code == 429
    assert int(last.headers["Retry-After"]) > 0
