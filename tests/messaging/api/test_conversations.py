"""Conversations and messages through the API."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from messaging.models import Conversation, Message
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.factories.crm import make_contact, make_lead, make_seller
from tests.factories.messaging import make_attachment, make_channel, make_conversation, make_message
from tests.support.cast import Person
from tests.support.tasks import Queue

Api = Callable[..., APIClient]
CONVERSATION = {
    "id",
    "contact",
    "channel",
    "channel_source",
    "provider",
    "status",
    "mode",
    "human_override_until",
    "assignee",
    "external_chatwoot_id",
    "external_account_id",
    "last_message_preview",
    "last_message_at",
    "unread_count",
    "waiting_since",
    "window_ends_at",
}
MESSAGE = {
    "id",
    "conversation",
    "direction",
    "author",
    "kind",
    "text",
    "status",
    "provider_message_id",
    "sequence",
    "reply_to",
    "cause",
    "sent_via",
    "edited",
    "revoked",
    "reactions",
    "error",
    "created_at",
}


@pytest.fixture
def chat(acme: Tenant) -> Conversation:
    with tenant_context(acme):
        conversation = make_conversation(contact=make_contact(name="Ádá Ñandú"), unread_count=2)
        make_message(conversation=conversation, text="Hola")
        return conversation


def url_of(chat: Conversation, path: str = "") -> str:
    return f"/api/v1/conversations/{chat.pk}/{path}"


def test_a_conversation_has_its_agreed_shape(api_as: Api, chat: Conversation) -> None:
    row = api_as("rita").get("/api/v1/conversations/").json()["results"][0]
    assert set(row) == CONVERSATION
    assert row == api_as("rita").get(url_of(chat)).json()
    assert (row["mode"], row["status"], row["unread_count"]) == ("ai", "open", 2)


def test_messages_come_newest_first_page_by_page(api_as: Api, acme: Tenant, chat: Conversation) -> None:
    with tenant_context(acme):
        made = [make_message(conversation=chat) for _number in range(4)]
        make_attachment(message=made[-1], filename="foto.png")
    api = api_as("rita")
    seen: list[dict[str, Any]] = []
    url = url_of(chat, "messages") + "?limit=2"
    while url:
        page = api.get(url).json()
        seen += page["results"]
        url = page["next"]
    assert [row["sequence"] for row in seen] == [5, 4, 3, 2, 1]
    assert set(seen[0]) >= MESSAGE
    assert seen[0]["attachments"][0]["filename"] == "foto.png"


def test_answering_takes_the_chat_over_and_queues_the_text(
    api_as: Api, chat: Conversation, queued: Queue, ana: Person
) -> None:
    api = api_as("ana")
    answer = api.post(url_of(chat, "messages"), {"text": "  Hola, soy Ana "})
    assert answer.status_code == 201
    sent = answer.json()
    assert (sent["direction"], sent["author"], sent["status"]) == ("out", "user", "queued")
    assert sent["text"] == "Hola, soy Ana"
    assert sent["message_ids"] == [sent["id"]]
    now = api.get(url_of(chat)).json()
    assert (now["mode"], now["assignee"], now["unread_count"]) == ("human", str(ana.user.pk), 0)
    assert queued.named("deliver")


@pytest.mark.parametrize(
    "body", [{}, {"text": ""}, {"text": " \n "}, {"text": "x" * 20_001}, {"text": None}, {"text": {}}]
)
def test_an_empty_or_endless_answer_is_refused(api_as: Api, chat: Conversation, body: dict[str, Any]) -> None:
    answer = api_as("ana").post(url_of(chat, "messages/"), body)
    assert answer.status_code in (400, 422)
    assert "text" in answer.json()["error"]["fields"]
    assert api_as("ana").get(url_of(chat)).json()["mode"] == "ai"


def test_outside_the_reply_window_free_text_is_refused(api_as: Api, acme: Tenant) -> None:
    with tenant_context(acme):
        channel = make_channel(provider="meta_direct", channel_source="whatsapp", config={"phone_number_id": "1"})
        late = make_conversation(channel=channel, last_inbound_at=timezone.now() - timedelta(hours=25))
    answer = api_as("ana").post(url_of(late, "messages"), {"text": "Hola"})
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "window_closed"


def test_takeover_and_release(api_as: Api, chat: Conversation, ana: Person) -> None:
    api = api_as("ana")
    taken = api.post(url_of(chat, "takeover"), {"hours": 2, "reason": "Reclamo"}).json()
    assert (taken["mode"], taken["assignee"]) == ("human", str(ana.user.pk))
    until = taken["human_override_until"]
    assert timezone.now() < timezone.datetime.fromisoformat(until) < timezone.now() + timedelta(hours=3)
    released = api.post(url_of(chat, "release")).json()
    assert (released["mode"], released["human_override_until"]) == ("ai", None)


def test_a_chat_is_given_back_with_what_was_agreed(api_as: Api, chat: Conversation, acme: Tenant) -> None:
    api = api_as("ana")
    assert api.post(url_of(chat, "release"), {"brief": "Va el martes"}).status_code == 200
    with tenant_context(acme):
        assert Message.objects.get(conversation=chat, kind="note").text == "Va el martes"
    assert api.post(url_of(chat, "release"), {"brief": "x" * 1001}).status_code in (400, 422)


@pytest.mark.parametrize("hours", [0, -1, 24 * 365 + 1, "NaN", "soon"])
def test_hours_of_a_takeover_are_bounded(api_as: Api, chat: Conversation, hours: object) -> None:
    assert api_as("ana").post(url_of(chat, "takeover"), {"hours": hours}).status_code in (400, 422)


def test_a_chat_is_assigned_snoozed_closed_and_opened(
    api_as: Api, chat: Conversation, sol: Person, gus: Person
) -> None:
    api = api_as("ana")
    assert api.post(url_of(chat, "assign"), {"assignee": str(sol.user.pk)}).json()["assignee"] == str(sol.user.pk)
    assert api.post(url_of(chat, "assign"), {"assignee": str(sol.member.pk)}).json()["assignee"] == str(sol.user.pk)
    assert api.post(url_of(chat, "assign"), {"assignee": None}).json()["assignee"] is None
    assert api.post(url_of(chat, "assign"), {"assignee": str(gus.user.pk)}).status_code == 422
    assert api.post(url_of(chat, "assign"), {}).status_code == 400
    for act, status in (("snooze", "snoozed"), ("close", "closed"), ("reopen", "open")):
        assert api.post(url_of(chat, act)).json()["status"] == status
    assert api.post(url_of(chat, "read")).json()["unread_count"] == 0


def test_conversations_are_found_by_contact_mode_status_assignee_channel_and_words(
    api_as: Api, acme: Tenant, chat: Conversation, ana: Person
) -> None:
    with tenant_context(acme):
        other = make_conversation(mode="human", status="closed", assignee=ana.user)
    api = api_as("ana")

    def found(**query: object) -> list[str]:
        return [row["id"] for row in api.get("/api/v1/conversations/", query).json()["results"]]

    assert set(found()) == {str(chat.pk), str(other.pk)}
    assert found(contact=chat.contact_id) == found(channel=chat.channel_id) == [str(chat.pk)]
    assert found(mode="human") == found(status="closed") == found(assignee=ana.user.pk) == [str(other.pk)]
    assert found(assignee="none") == found(search="ada NANDU") == [str(chat.pk)]
    assert found(assignee="nobody") == []
    assert api.get("/api/v1/conversations/", {"mode": "robot"}).status_code == 400


def test_closers_see_their_own_chats_and_those_of_nobody(api_as: Api, acme: Tenant, sol: Person, ana: Person) -> None:
    with tenant_context(acme):
        free = make_conversation()
        mine = make_conversation(contact=make_lead(owner=make_seller(user=sol.user)).contact)
        other = make_conversation(contact=make_lead(owner=make_seller()).contact, assignee=ana.user)
        hidden = make_message(conversation=other, direction="out", status="failed")
    api = api_as("sol")
    assert {row["id"] for row in api.get("/api/v1/conversations/").json()["results"]} == {str(free.pk), str(mine.pk)}
    assert api.get(url_of(other, "messages")).status_code == 404
    assert api.post(url_of(other, "messages"), {"text": "x"}).status_code == 404
    assert api.post(f"/api/v1/messages/{hidden.pk}/retry").status_code == 404


def test_a_failed_message_is_tried_again(api_as: Api, acme: Tenant, chat: Conversation, queued: Queue) -> None:
    with tenant_context(acme):
        failed = make_message(conversation=chat, direction="out", status="failed", error="No")
        sent = make_message(conversation=chat, direction="out")
    api = api_as("ana")
    again = api.post(f"/api/v1/messages/{failed.pk}/retry").json()
    assert (again["status"], again["error"]) == ("queued", "")
    assert api.post(f"/api/v1/messages/{sent.pk}/retry").status_code == 409


def test_what_nobody_confirmed_is_tried_again_by_who_has_looked(
    api_as: Api, acme: Tenant, chat: Conversation, queued: Queue
) -> None:
    with tenant_context(acme):
        message = make_message(conversation=chat, direction="out", status="unknown")
    api, url = api_as("ana"), f"/api/v1/messages/{message.pk}/retry"
    for said in ({}, {"looked": False}):
        refused = api.post(url, said)
        assert refused.status_code == 422
        assert set(refused.json()["error"]["fields"]) == {"looked"}
    assert api.post(url, {"looked": True}).json()["status"] == "queued"


def test_a_chat_says_since_when_it_waits_and_until_when_it_may_be_answered(api_as: Api, acme: Tenant) -> None:
    now = timezone.now()
    with tenant_context(acme):
        number = make_channel(provider="meta_direct", channel_source="whatsapp")
        chats = {
            "asked": make_conversation(channel=number, last_inbound_at=now, waiting_since=now),
            "silent": make_conversation(channel=number),
            "web": make_conversation(last_inbound_at=now),
        }
    api = api_as("ana")
    rows = {name: api.get(url_of(chat)).json() for name, chat in chats.items()}
    assert now + timedelta(hours=23) < datetime.fromisoformat(rows["asked"]["window_ends_at"]) < now + timedelta(days=1)
    assert datetime.fromisoformat(rows["asked"]["waiting_since"]) == now
    assert rows["silent"]["window_ends_at"] is rows["web"]["window_ends_at"] is rows["web"]["waiting_since"] is None


def test_a_message_says_what_it_answers_and_what_became_of_it(api_as: Api, acme: Tenant, chat: Conversation) -> None:
    with tenant_context(acme):
        other = make_channel()
        make_message(
            conversation=chat,
            reply_to="wamid.1",
            cause="Recordatorio",
            sent_via=other,
            payload={"edited": True, "reactions": {"contact": "👍"}},
        )
        make_message(conversation=chat, text="", payload={"revoked": True})
    revoked, edited, plain = api_as("ana").get(url_of(chat, "messages")).json()["results"]
    assert (edited["reply_to"], edited["cause"], edited["sent_via"]) == ("wamid.1", "Recordatorio", str(other.pk))
    assert (edited["edited"], edited["revoked"], edited["reactions"]) == (True, False, {"contact": "👍"})
    assert (revoked["edited"], revoked["revoked"], revoked["reactions"]) == (False, True, {})
    assert (plain["reply_to"], plain["cause"], plain["sent_via"]) == ("", "", None)


def test_another_companys_chat_does_not_exist(api_as: Api, chat: Conversation) -> None:
    api = api_as("gus")
    assert api.get(url_of(chat)).status_code == api.get(url_of(chat, "messages")).status_code == 404
    for act in ("messages", "takeover", "release", "assign", "snooze", "close"):
        assert api.post(url_of(chat, act), {"text": "x"}).status_code == 404


# --- relay ----------------------------------------------------------------------------------------------------


def relay(api: APIClient, **body: object) -> Any:
    return api.post("/api/v1/messages/relay", body)


def test_an_integration_sends_a_long_text_as_bubbles(api_as: Api, acme: Tenant, chat: Conversation) -> None:
    text = "Una frase de prueba. " * 40
    answer = relay(api_as("ana"), conversation_id=str(chat.pk), text=text)
    assert answer.status_code == 202
    assert answer.json()["bubbles"] == len(answer.json()["message_ids"]) > 1
    assert answer.json()["correlation_id"]
    with tenant_context(acme):
        rows = Message.objects.filter(pk__in=answer.json()["message_ids"]).order_by("sequence")
        assert "".join(" ".join(row.text for row in rows).split()) == "".join(text.split())


def test_an_integration_writes_to_a_person_over_the_only_channel(api_as: Api, acme: Tenant) -> None:
    with tenant_context(acme):
        channel = make_channel(provider="meta_direct", channel_source="whatsapp", config={"phone_number_id": "1"})
    body = {"to": "+5491155551111", "provider": "meta_direct", "channel_source": "whatsapp"}
    api = api_as("ana")
    refused = relay(api, **body, text="Hola")
    assert refused.status_code == 422
    template = {"name": "hola", "language": "es_AR", "components": []}
    answer = relay(api, **body, channel=str(channel.pk), template=template)
    assert answer.status_code == 202
    with tenant_context(acme):
        message = Message.objects.get(pk=answer.json()["message_ids"][0])
        assert message.payload["template"] == template


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"text": "x", "conversation_id": "nope"},
        {"text": "x", "conversation_id": "0190a0b0-0000-7000-8000-000000000000"},
        {"text": "x", "provider": "carrier-pigeon"},
        {"text": "x", "to": "+5491155551111", "channel_source": "whatsapp"},
        {"text": "", "template": {"name": "Bad Name", "language": "es"}},
        {"text": "x", "media": {"link": "javascript:alert(1)"}},
    ],
)
def test_a_relay_that_cannot_be_done_is_refused(api_as: Api, chat: Conversation, body: dict[str, Any]) -> None:
    assert relay(api_as("ana"), **body).status_code in (400, 404, 409, 422)


def test_a_relay_for_another_company_is_forbidden(
    api_as: Api, acme: Tenant, globex: Tenant, chat: Conversation
) -> None:
    api = api_as("ana")
    assert relay(api, conversation_id=str(chat.pk), text="x", tenant_id=globex.pk).status_code == 403
    assert relay(api, conversation_id=str(chat.pk), text="x", tenant_id=acme.pk).status_code == 202
    assert relay(api_as("gus"), conversation_id=str(chat.pk), text="x").status_code == 404


def test_relaying_is_not_for_sellers(api_as: Api, chat: Conversation) -> None:
    assert relay(api_as("sol"), conversation_id=str(chat.pk), text="x").status_code == 403
