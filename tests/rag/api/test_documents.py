"""Documents and search through the API."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from tests.support.tasks import Queue

Api = Callable[..., APIClient]
TEXT = "# Horarios\n\nAtendemos de lunes a viernes de 9 a 18. Los sábados cerramos al mediodía."


def upload(api: APIClient, *, name: str = "horarios.md", text: str = TEXT, **fields: str) -> Any:
    body = {"file": SimpleUploadedFile(name, text.encode()), **fields}
    return api.post("/api/v1/documents/", body, format="multipart")


def test_an_uploaded_document_is_read_and_answers_questions(api_as: Api, queued: Queue) -> None:
    api = api_as("ana")
    made = upload(api, title="Horarios", collection="general")
    assert made.status_code == 201
    assert (made.json()["status"], made.json()["title"]) == ("queued", "Horarios")
    queued.drain()
    url = f"/api/v1/documents/{made.json()['id']}/"
    assert api.get(url).json()["status"] == "ready"
    found = api.get("/api/v1/knowledge/search", {"q": "¿A qué hora atienden los lunes?"}).json()["results"]
    assert found[0]["document"] == made.json()["id"]
    assert "lunes a viernes" in found[0]["text"]
    assert 0 < found[0]["score"] <= 1
    assert api.get("/api/v1/knowledge/search", {"q": "lunes", "collection": "shadow"}).json()["results"] == []
    removal = api.delete(url).json()
    assert removal["vectors"] > 0
    assert removal["metadata"] == 1
    assert removal["file"] is True
    assert api.get(url).status_code == 404
    assert api.get("/api/v1/knowledge/search/", {"q": "lunes"}).json()["results"] == []


def test_the_same_content_is_stored_once(api_as: Api) -> None:
    api = api_as("ana")
    first, second = upload(api), upload(api, name="otro.md")
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["id"] == second.json()["id"]


@pytest.mark.parametrize(
    ("name", "text", "fields", "field"),
    [
        ("virus.exe", "x", {}, "file"),
        ("vacio.txt", "", {}, "file"),
        ("nota.txt", "Hola", {"collection": "secret"}, "collection"),
        ("nota.txt", "Hola", {"title": "x" * 201}, "title"),
    ],
)
def test_what_cannot_be_read_is_refused_by_field(
    api_as: Api, name: str, text: str, fields: dict[str, str], field: str
) -> None:
    answer = upload(api_as("ana"), name=name, text=text, **fields)
    assert answer.status_code in (400, 422)
    assert field in answer.json()["error"]["fields"]


def test_an_upload_without_a_file_is_a_400(api_as: Api) -> None:
    answer = api_as("ana").post("/api/v1/documents/", {"title": "x"}, format="multipart")
    assert answer.status_code == 400
    assert "file" in answer.json()["error"]["fields"]
    assert api_as("ana").post("/api/v1/documents/", {"title": "x"}, format="json").status_code == 415


def test_an_endless_upload_is_refused_before_it_is_read(api_as: Api) -> None:
    assert upload(api_as("ana"), text="x" * (10 * 1024 * 1024 + 100_000)).status_code == 413


def test_documents_are_listed_by_collection_and_state(api_as: Api) -> None:
    api = api_as("ana")
    upload(api, collection="adn_personal")

    def count(**query: str) -> int:
        return len(api.get("/api/v1/documents/", query).json()["results"])

    assert count() == count(collection="adn_personal") == count(status="queued") == count(search="HORAR") == 1
    assert count(collection="general") == count(status="ready") == count(search="zzz") == 0


def test_a_document_that_did_not_fail_is_not_tried_again(api_as: Api) -> None:
    api = api_as("ana")
    made = upload(api).json()
    assert api.post(f"/api/v1/documents/{made['id']}/retry").status_code == 409


@pytest.mark.parametrize(
    "query", [{}, {"q": ""}, {"q": "x", "collection": "secret"}, {"q": "x", "limit": "0"}, {"q": "\x00"}]
)
def test_a_malformed_question_is_a_400(api_as: Api, query: dict[str, str]) -> None:
    assert api_as("ana").get("/api/v1/knowledge/search", query).status_code == 400


def test_knowledge_is_the_companys_own_and_written_by_its_office(api_as: Api, queued: Queue) -> None:
    made = upload(api_as("rita")).json()
    queued.drain()
    assert api_as("paz").get("/api/v1/documents/").status_code == 200
    assert upload(api_as("paz"), text="Otro").status_code == 403
    assert api_as("sol").get("/api/v1/knowledge/search", {"q": "lunes"}).status_code == 403
    gus = api_as("gus")
    assert gus.get("/api/v1/knowledge/search", {"q": "lunes a viernes"}).json()["results"] == []
    assert gus.delete(f"/api/v1/documents/{made['id']}/").status_code == 404
