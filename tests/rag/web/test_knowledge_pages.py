"""Pages of knowledge: documents with their states, uploading, removing with a report, a trial question."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from rag.models import Document
from rag.services import files, process
from rag.services.ingest import add_document
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tenants.models import Tenant
from tests.factories.rag import make_chunk, make_document
from tests.support.tasks import Queue

MOST = 8
BY = Actor.system("prueba")
PRICES = "# Precios\n\nEl termotanque solar de 150 litros sale $ 890.000.\n\n# Horario\n\nAbrimos de 9 a 18."


def upload(browser: Client, name: str = "precios.md", content: bytes = PRICES.encode(), **over: Any) -> Any:
    form = {"file": SimpleUploadedFile(name, content), "title": "Lista", "collection": "general", **over}
    return browser.post("/conocimiento/subir/", form)


def test_a_file_is_received_and_queued(acme: Tenant, client_as: Callable[..., Client], queued: Queue) -> None:
    browser = client_as("ana")
    assert upload(browser).status_code == 303
    with tenant_context(acme):
        document = Document.objects.get()
    assert (document.title, document.status) == ("Lista", "queued")
    assert any(task.name == "rag.tasks.process_document" for task in queued.waiting)
    page = browser.get("/conocimiento/").content.decode()
    assert "Lista" in page
    assert "En cola" in page


def test_the_same_content_is_not_stored_twice(acme: Tenant, client_as: Callable[..., Client]) -> None:
    browser = client_as("ana")
    upload(browser)
    answer = upload(browser, title="Otra vez")
    assert answer.status_code == 303
    assert "ya estaba cargado" in browser.get("/conocimiento/").content.decode()
    with tenant_context(acme):
        assert Document.objects.count() == 1


@pytest.mark.parametrize(
    ("name", "content", "over", "said"),
    [
        ("foto.png", b"\x89PNG", {}, "no se puede leer"),
        ("vacio.txt", b"", {}, "está vacío"),
        ("a.md", b"hola", {"collection": "otra"}, "no es una de las opciones"),
        ("grande.txt", b"a" * (10 * 1024 * 1024 + 1), {}, "supera los 10"),
    ],
)
def test_what_cannot_be_read_is_refused_in_words(
    acme: Tenant, client_as: Callable[..., Client], name: str, content: bytes, over: dict[str, str], said: str
) -> None:
    answer = upload(client_as("ana"), name, content, **over)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    with tenant_context(acme):
        assert not Document.objects.exists()


def test_a_failed_document_says_why_and_is_tried_again(acme: Tenant, client_as: Callable[..., Client]) -> None:
    with tenant_context(acme):
        failed = make_document(status="failed", error="El archivo ya no está.")
        ready = make_document()
    browser = client_as("ana")
    assert "El archivo ya no está." in browser.get("/conocimiento/").content.decode()
    browser.post(f"/conocimiento/{failed.pk}/reintentar/")
    browser.post(f"/conocimiento/{ready.pk}/reintentar/")
    with tenant_context(acme):
        assert Document.objects.get(pk=failed.pk).status == "queued"
        assert Document.objects.get(pk=ready.pk).status == "ready"


def test_removing_asks_first_and_reports_what_went(acme: Tenant, client_as: Callable[..., Client]) -> None:
    with tenant_context(acme):
        document = add_document(file_name="a.md", content=b"Hola", collection="general", by=BY)
        make_chunk(document=document)
    browser = client_as("ana")
    assert "No se puede deshacer" in browser.get(f"/conocimiento/{document.pk}/eliminar/").content.decode()
    with tenant_context(acme):
        assert Document.objects.filter(pk=document.pk).exists()
    browser.post(f"/conocimiento/{document.pk}/eliminar/")
    page = browser.get("/conocimiento/").content.decode()
    assert "1 fragmentos" in page
    assert "archivo: sí" in page
    assert not files.path_of(acme, document.file).exists()


def test_a_trial_question_shows_the_passage_and_its_source(acme: Tenant, client_as: Callable[..., Client]) -> None:
    with tenant_context(acme):
        document = add_document(
            file_name="precios.md", content=PRICES.encode(), title="Lista", collection="general", by=BY
        )
    assert process.process_document(tenant=acme, document_id=str(document.pk)) == "ready"
    browser = client_as("ana")
    page = browser.get("/conocimiento/probar/", {"q": "cuánto sale el termotanque de 150"}).content.decode()
    assert "$ 890.000" in page
    assert "Lista" in page
    nothing = browser.get("/conocimiento/probar/", {"q": "¿quién ganó el mundial de 1978?"}).content.decode()
    assert "la IA diría que no lo sabe" in nothing


def test_collections_are_kept_apart(acme: Tenant, client_as: Callable[..., Client]) -> None:
    with tenant_context(acme):
        make_document(title="De todos")
        make_document(title="Muy propio", collection="adn_personal")
    page = client_as("ana").get("/conocimiento/?coleccion=adn_personal").content.decode()
    assert "Muy propio" in page
    assert "De todos" not in page


@pytest.mark.parametrize(
    "path", ["/conocimiento/", "/conocimiento/probar/", "/conocimiento/probar/?q=horario", "/conocimiento/subir/"]
)
def test_pages_cost_the_same_with_few_and_with_many_rows(
    acme: Tenant, client_as: Callable[..., Client], statements: Callable[..., Any], path: str
) -> None:
    counts = []
    for rows in (2, 49):
        with tenant_context(acme):
            for _number in range(rows):
                make_document()
        browser = client_as("ana")
        with statements() as seen:
            assert browser.get(path).status_code == 200
        counts.append(seen.count)
    assert counts[0] == counts[1] <= MOST, str(seen)


def test_a_reader_changes_nothing(acme: Tenant, client_as: Callable[..., Client]) -> None:
    with tenant_context(acme):
        document = make_document()
    browser = client_as("paz")  # a professional reads knowledge and does not write it
    page = browser.get("/conocimiento/").content.decode()
    assert "/eliminar/" not in page
    assert upload(browser).status_code == 403
    assert browser.post(f"/conocimiento/{document.pk}/eliminar/").status_code == 403


def test_the_outsider_gets_nothing(acme: Tenant, client_as: Callable[..., Client]) -> None:
    with tenant_context(acme):
        document = make_document(title="De Acme")
    browser = client_as("gus")
    assert "De Acme" not in browser.get("/conocimiento/").content.decode()
    assert browser.get(f"/conocimiento/{document.pk}/eliminar/").status_code == 404
    assert browser.post(f"/conocimiento/{document.pk}/reintentar/").status_code == 404
