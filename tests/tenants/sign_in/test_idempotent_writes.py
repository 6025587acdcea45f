"""One Idempotency-Key, fifty times at once, at each of many write addresses: one effect, one answer, another body refused."""

import json
from collections import Counter
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import pytest
from django.apps import apps
from rest_framework.test import APIClient

from agents.models import Agent
from crm.models import Stage
from tenants.context import tenant_context
from tenants.live.models import LiveEvent
from tenants.models import ApiKey, SystemEvent
from tenants.services.vault import put_credential
from tests.factories.agents import make_agent
from tests.factories.crm import make_contact, make_lead, make_seller
from tests.factories.messaging import make_channel, make_conversation
from tests.support.cast import Cast
from tests.support.clients import integration
from tests.support.together import at_once

AT_ONCE = 50
V1 = "/api/v1/"


@dataclass(frozen=True)
class Write:
    verb: str
    path: str
    body: dict[str, Any]
    other: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.verb} {self.path}"


def writes(cast: Cast) -> list[Write]:
    """One of each kind, on rows of its own."""
    with tenant_context(cast.acme):
        lead, contact, seller = make_lead(), make_contact(), make_seller()
        assigned, qualified, moved = make_lead(), make_lead(), make_lead()
        stage = Stage.objects.filter(kind="open").exclude(pk=moved.stage_id).first()
        assert stage
        chats = [make_conversation() for _each in range(6)]
        channel, agent = make_channel(), make_agent()
        assert isinstance(agent, Agent)
        put_credential(category="openai", name="CUSTOM_API_KEY", value="sk-old-0123456789", by=cast["ana"].actor)
    chat = [f"conversations/{each.pk}" for each in chats]
    return [
        Write("post", "contacts/", {"name": "Ada"}, {"name": "Bob"}),
        Write("patch", f"contacts/{contact.pk}/", {"name": "Ada"}, {"name": "Bob"}),
        Write("post", "leads/", {"contact": {"name": "Ada"}}, {"contact": {"name": "Bob"}}),
        Write("patch", f"leads/{lead.pk}/", {"value": "10.00"}, {"value": "20.00"}),
        Write("post", f"leads/{assigned.pk}/assign", {"owner": str(seller.pk)}, {"owner": None}),
        Write("post", f"leads/{qualified.pk}/qualify", {"needs": "uno"}, {"needs": "dos"}),
        Write("post", f"leads/{moved.pk}/stage", {"stage": str(stage.pk)}, {"stage": str(moved.stage_id)}),
        Write("post", "sellers/", {"name": "Vendedora"}, {"name": "Otra"}),
        Write("patch", f"sellers/{seller.pk}/", {"name": "Vendedora 2"}, {"name": "Otra 2"}),
        Write("post", f"{chat[0]}/messages", {"text": "Hola"}, {"text": "Chau"}),
        Write("post", "messages/relay", {"conversation_id": str(chats[1].pk), "text": "Hola"}, {"text": "Chau"}),
        Write("post", f"{chat[2]}/takeover", {}, {"x": 1}),
        Write("post", f"{chat[3]}/close", {}, {"x": 1}),
        Write("post", f"{chat[4]}/snooze", {"until": "2031-01-01T00:00:00Z"}, {"until": "2032-01-01T00:00:00Z"}),
        Write("post", f"{chat[5]}/assign", {"assignee": str(cast["sol"].user.pk)}, {"assignee": None}),
        Write(
            "post",
            "channels/",
            {"provider": "web", "channel_source": "web", "name": "Sitio", "config": {}},
            {"provider": "web", "channel_source": "web", "name": "Otro", "config": {}},
        ),
        Write("patch", f"channels/{channel.pk}/", {"name": "Sitio 2"}, {"name": "Otro 2"}),
        Write("post", "agents/", {"name": "Lía"}, {"name": "Leo"}),
        Write("patch", f"agents/{agent.pk}/", {"name": "Lía 2"}, {"name": "Leo 2"}),
        Write("put", "credentials/openai/API_KEY", {"value": "sk-a-0123456789"}, {"value": "sk-b-0123456789"}),
        Write("delete", "credentials/openai/CUSTOM_API_KEY", {}, {"x": 1}),
        Write("patch", "settings/", {"buffer_seconds": 7}, {"buffer_seconds": 8}),
        Write("post", "teams/", {"name": "Norte"}, {"name": "Sur"}),
        Write("post", "invitations/", {"email": "x@nueva.test", "role": "closer"}, {"email": "y@nueva.test", "role": "closer"}),
    ]  # fmt: skip


def counted(cast: Cast) -> Counter[str]:
    """Rows of every table of the company, and what its trail says was done."""
    found: Counter[str] = Counter()
    with tenant_context(cast.acme):
        for model in apps.get_models():
            if model._meta.app_label in ("crm", "messaging", "agents", "rag"):
                found[model._meta.label] = model._base_manager.count()
        found["heard"] = LiveEvent.objects.count()
        found.update(f"did {action}" for action in SystemEvent.objects.values_list("action", flat=True))
    return found


def send(cast: Cast, write: Write, body: dict[str, Any], key: str) -> tuple[int, bytes]:
    answer = getattr(integration(cast["ana"]), write.verb)(V1 + write.path, body, HTTP_IDEMPOTENCY_KEY=key)
    return answer.status_code, answer.content


def one_effect(cast: Cast, write: Write, key: str) -> list[str]:
    """What is wrong with fifty at once of one write; empty when all is well."""
    before = counted(cast)
    answers = at_once([lambda: send(cast, write, write.body, key)] * AT_ONCE, nullcontext)
    after = counted(cast)
    wrong = [f"{write}: {len(set(answers))} answers: {str(set(answers))[:300]}"] if len(set(answers)) != 1 else []
    status = answers[0][0] if isinstance(answers[0], tuple) else 0
    if not 200 <= status < 300:
        wrong.append(f"{write}: {answers[0]!r}"[:300])
    # One write may tell of several changes; it does each thing once.
    many = {name: after[name] - before[name] for name in after if name != "heard" and after[name] - before[name] > 1}
    nothing = after == before
    if many or nothing:
        wrong.append(f"{write}: {many or 'no effect'}")
    refused = send(cast, write, write.other, key)
    if refused[0] != 422 or json.loads(refused[1])["error"]["code"] != "idempotency_mismatch":
        wrong.append(f"{write}: another body → {refused!r}"[:300])
    if counted(cast) != after:
        wrong.append(f"{write}: the other body had an effect")
    return wrong


@pytest.mark.slow
def test_fifty_at_once_at_twenty_addresses_have_one_effect_each(live_tenants: Cast) -> None:
    chosen = writes(live_tenants)
    assert len(chosen) >= 20
    wrong = [line for number, write in enumerate(chosen) for line in one_effect(live_tenants, write, f"key-{number}")]
    assert not wrong, "\n".join(wrong)


def test_fifty_keys_of_an_integration_asked_for_at_once_are_one_and_shown_once(live_tenants: Cast) -> None:
    write = Write("post", "api-keys/", {"name": "x", "scopes": ["leads:read"]}, {"name": "y", "scopes": ["leads:read"]})
    answers = at_once([lambda: send(live_tenants, write, write.body, "k")] * AT_ONCE, nullcontext)
    bodies = [json.loads(content) for _status, content in answers]  # type: ignore[misc]
    assert sum(body["key"] is not None for body in bodies) == 1
    assert len({body["id"] for body in bodies}) == 1
    with tenant_context(live_tenants.acme):
        assert ApiKey.objects.count() == 1


def test_a_write_that_forgets_the_key_would_be_noticed(live_tenants: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: the key is looked at by nobody."""
    monkeypatch.setattr("tenants.api.base.CompanyView._claim", lambda view, request, key: None)
    write = Write("post", "contacts/", {"name": "Ada"}, {"name": "Bob"})
    assert one_effect(live_tenants, write, "k")


def test_keys_of_two_people_do_not_meet(live_tenants: Cast) -> None:
    clients: list[APIClient] = [integration(live_tenants[name]) for name in ("ana", "sol")]
    ids = {each.post(f"{V1}contacts/", {"name": "Ada"}, HTTP_IDEMPOTENCY_KEY="k").json()["id"] for each in clients}
    assert len(ids) == 2
