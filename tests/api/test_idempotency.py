"""A repeated write has one effect and one answer."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.utils import timezone
from rest_framework.test import APIClient

from crm.models import Contact
from messaging.models import Message
from tenants.context import tenant_context
from tenants.live.models import IdempotentRequest
from tenants.live.services import forget_old
from tenants.models import Tenant
from tests.factories.messaging import make_conversation
from tests.support.cast import Cast
from tests.support.clients import integration

Api = Callable[..., APIClient]
URL = "/api/v1/contacts/"


def test_the_same_key_and_body_answer_the_same_and_act_once(api_as: Api) -> None:
    api = api_as("ana")
    first = api.post(URL, {"name": "Ada"}, HTTP_IDEMPOTENCY_KEY="k1")
    again = api.post(URL.rstrip("/"), {"name": "Ada"}, HTTP_IDEMPOTENCY_KEY="k1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert again["Content-Type"] == "application/json"
    assert len(api.get(URL).json()["results"]) == 1


def test_another_body_with_a_used_key_is_refused(api_as: Api) -> None:
    api = api_as("ana")
    api.post(URL, {"name": "Ada"}, HTTP_IDEMPOTENCY_KEY="k1")
    answer = api.post(URL, {"name": "Bob"}, HTTP_IDEMPOTENCY_KEY="k1")
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "idempotency_mismatch"
    assert len(api.get(URL).json()["results"]) == 1


def test_keys_belong_to_one_person_and_one_address(api_as: Api) -> None:
    for name in ("ana", "sol"):
        for path in (URL, "/api/v1/leads/"):
            body = {"name": "Ada"} if path == URL else {"contact": {"name": "Ada"}}
            assert api_as(name).post(path, body, HTTP_IDEMPOTENCY_KEY="k1").status_code == 201
    assert len(api_as("ana").get(URL).json()["results"]) == 4


def test_a_refused_write_leaves_its_key_free(api_as: Api) -> None:
    api = api_as("ana")
    for _turn in range(2):
        assert api.post(URL, {"email": "no"}, HTTP_IDEMPOTENCY_KEY="k1").status_code == 400
    assert api.post(URL, {"name": "Ada"}, HTTP_IDEMPOTENCY_KEY="k1").status_code == 201


def test_a_message_is_sent_once(api_as: Api, acme: Tenant) -> None:
    with tenant_context(acme):
        chat = make_conversation()
    api = api_as("ana")
    for _turn in range(3):
        url = f"/api/v1/conversations/{chat.pk}/messages"
        assert api.post(url, {"text": "Hola"}, HTTP_IDEMPOTENCY_KEY="k1").status_code == 201
        body = {"conversation_id": str(chat.pk), "text": "Hola"}
        assert api.post("/api/v1/messages/relay", body, HTTP_IDEMPOTENCY_KEY="k1").status_code == 202
    with tenant_context(acme):
        assert Message.objects.count() == 2


def test_an_empty_answer_and_an_upload_are_repeated_too(api_as: Api) -> None:
    api = api_as("ana")
    api.put("/api/v1/credentials/openai/API_KEY", {"value": "sk-live-0123456789"})
    for _turn in range(2):
        assert api.delete("/api/v1/credentials/openai/API_KEY", HTTP_IDEMPOTENCY_KEY="k1").status_code == 204
    answers = [
        api.post(
            "/api/v1/documents/",
            {"file": SimpleUploadedFile("nota.txt", content)},
            format="multipart",
            HTTP_IDEMPOTENCY_KEY="k2",
        )
        for content in (b"Hola", b"Hola", b"Chau")
    ]
    assert [answer.status_code for answer in answers] == [201, 201, 422]


@pytest.mark.parametrize("key", ["x" * 201, "a\x7fb"])
def test_a_malformed_key_is_refused(api_as: Api, key: str) -> None:
    answer = api_as("ana").post(URL, {"name": "Ada"}, HTTP_IDEMPOTENCY_KEY=key)
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "bad_idempotency_key"


def test_a_key_is_no_way_around_the_gate(api_as: Api) -> None:
    body = {"value": "sk-live-0123456789"}
    url = "/api/v1/credentials/openai/API_KEY"
    assert api_as("ana").put(url, body, HTTP_IDEMPOTENCY_KEY="k1").status_code == 200
    assert api_as("sol").put(url, body, HTTP_IDEMPOTENCY_KEY="k1").status_code == 403


def test_answers_are_kept_a_day(api_as: Api, acme: Tenant) -> None:
    api_as("ana").post(URL, {"name": "Ada"}, HTTP_IDEMPOTENCY_KEY="k1")
    with tenant_context(acme):
        forget_old(timezone.now() + timedelta(hours=23))
        assert IdempotentRequest.objects.count() == 1
        forget_old(timezone.now() + timedelta(hours=25))
        assert IdempotentRequest.objects.count() == 0


def test_fifty_at_once_have_one_effect_and_one_answer(live_tenants: Cast) -> None:
    person = live_tenants["ana"]

    def send(_turn: int) -> tuple[int, bytes]:
        try:
            answer: Any = integration(person).post(URL, {"name": "Ada"}, HTTP_IDEMPOTENCY_KEY="k1")
            return answer.status_code, answer.content
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=10) as pool:
        answers = set(pool.map(send, range(50)))
    assert len(answers) == 1
    assert next(iter(answers))[0] == 201
    with tenant_context(live_tenants.acme):
        assert Contact.objects.count() == 1
