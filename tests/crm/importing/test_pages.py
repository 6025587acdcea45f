"""The import as a person does it, page by page, and as an integration does it in one call."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from rest_framework.test import APIClient

from crm.models import Contact, ImportBatch, Lead
from tenants.context import tenant_context
from tests.crm.importing.sheets import csv_of, xlsx_of
from tests.factories.crm import initial_stage, make_contact, make_lead
from tests.support.tasks import Queue

pytestmark = pytest.mark.usefixtures("db", "stage")
Browser = Callable[..., Client]
Api = Callable[..., APIClient]
GOOD = csv_of("Nombre,Teléfono", "Ana,+5491155550001", "Beto,mal")


@pytest.fixture
def stage(acme: Any) -> None:
    with tenant_context(acme):
        initial_stage()


def file(content: bytes = GOOD, name: str = "contactos.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def choose(client: Client, address: str, **over: str) -> Any:
    return client.post(address, {"policy": "fill", "makes_leads": "on", "c0": "name", "c1": "phone", **over})


def test_a_person_uploads_chooses_checks_imports_and_undoes(client_as: Browser, acme: Any, queued: Queue) -> None:
    ana = client_as("ana")
    answer = ana.post("/importaciones/nueva/", {"file": file()})
    columns = answer["Location"]
    shown = ana.get(columns).content.decode()
    assert "Teléfono" in shown
    assert "+5491155550001" in shown
    page = choose(ana, columns)["Location"]
    assert "hx-trigger" in ana.get(page).content.decode()
    queued.drain()
    checked = ana.get(page).content.decode()
    assert "Todavía no se guardó nada" in checked
    assert "Fila 3" in checked
    with tenant_context(acme):
        assert not Contact.objects.exists()
    ana.post(f"{page}importar/")
    queued.drain()
    assert "Deshacer la importación" in ana.get(page).content.decode()
    with tenant_context(acme):
        assert Contact.objects.get().leads.count() == 1
    ana.post(f"{page}deshacer/")
    queued.drain()
    assert "Se deshizo por completo" in ana.get(page).content.decode()
    with tenant_context(acme):
        assert not Contact.objects.exists()
    assert "contactos.csv" in ana.get("/importaciones/").content.decode()


def test_the_errors_come_as_a_file_that_runs_nothing(client_as: Browser, queued: Queue) -> None:
    ana = client_as("ana")
    columns = ana.post("/importaciones/nueva/", {"file": file(csv_of("Nombre,Teléfono", "Ana,=1+1"))})["Location"]
    page = choose(ana, columns)["Location"]
    queued.drain()
    answer = ana.get(f"{page}errores/")
    lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()
    assert lines[0] == "Fila,Columna,Valor,Problema"
    assert lines[1].startswith("2,Teléfono,'=1+1,")


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7 no", b"Nombre\n", b"PK\x03\x04 nada", b"\xd0\xcf\x11\xe0 viejo"])
def test_what_is_no_spreadsheet_is_refused_in_words(client_as: Browser, content: bytes) -> None:
    answer = client_as("ana").post("/importaciones/nueva/", {"file": file(content)})
    assert answer.status_code == 422
    assert 'role="alert"' in answer.content.decode()


def test_wrong_columns_are_refused_and_what_was_chosen_stays(client_as: Browser) -> None:
    ana = client_as("ana")
    columns = ana.post("/importaciones/nueva/", {"file": file()})["Location"]
    answer = choose(ana, columns, c0="city", c1="", source="Feria")
    assert answer.status_code == 422
    assert "nombre, el teléfono o el correo" in answer.content.decode()
    assert 'value="Feria"' in answer.content.decode()
    assert choose(ana, columns, c1="name").status_code == 422


def test_only_who_may_import_opens_it(client_as: Browser, api_as: Api) -> None:
    assert client_as("sol").get("/importaciones/").status_code == 403
    assert api_as("sol").post("/api/v1/leads/import", {"file": file()}, format="multipart").status_code == 403


def test_another_companys_import_does_not_exist(client_as: Browser, api_as: Api) -> None:
    page = client_as("ana").post("/importaciones/nueva/", {"file": file()})["Location"].replace("columnas/", "")
    assert client_as("gus").get(page).status_code == 404
    pk = re.findall(r"[0-9a-f-]{36}", page)[0]
    assert api_as("gus").get(f"/api/v1/imports/{pk}").status_code == 404


def test_pages_cost_the_same_however_many_rows(client_as: Browser, statements: Any, queued: Queue) -> None:
    ana = client_as("ana")
    rows = [f"P {n},mal" for n in range(60)]
    columns = ana.post("/importaciones/nueva/", {"file": file(csv_of("Nombre,Teléfono", *rows))})["Location"]
    page = choose(ana, columns)["Location"]
    queued.drain()
    for address in ("/importaciones/", page, columns, "/importaciones/nueva/"):
        with statements() as seen:
            assert ana.get(address).status_code == 200
        assert seen.count <= 8, address


# --- API ---------------------------------------------------------------------------------------------------------
def send(client: APIClient, content: bytes = GOOD, **more: Any) -> Any:
    return client.post("/api/v1/leads/import", {"file": file(content), **more}, format="multipart")


def test_a_small_file_is_imported_within_the_call(api_as: Api, acme: Any) -> None:
    content = csv_of("name,phone,email,source", "Ana,+5491155550001,ana@example.com,web", "Beto,x,,web")
    answer = send(api_as("ana"), content)
    assert answer.status_code == 201, answer.json()
    body = answer.json()
    assert (body["status"], body["created"], body["failed"]) == ("done", 1, 1)
    assert body["errors"][0]["row"] == 3
    assert body["errors"][0]["column"] == "phone"
    with tenant_context(acme):
        assert Lead.objects.get().source == "web"
    again = send(api_as("ana"), content).json()
    assert (again["created"], again["skipped"]) == (0, 1)


def test_a_dry_run_writes_nothing_and_can_be_started(api_as: Api, acme: Any, queued: Queue) -> None:
    ana = api_as("ana")
    answer = send(ana, dry_run="true")
    assert (answer.status_code, answer.json()["status"], answer.json()["created"]) == (200, "checked", 1)
    with tenant_context(acme):
        assert not Contact.objects.exists()
    batch = answer.json()["id"]
    assert ana.post(f"/api/v1/imports/{batch}/start").status_code == 202
    queued.drain()
    assert ana.get(f"/api/v1/imports/{batch}").json()["status"] == "done"
    assert ana.post(f"/api/v1/imports/{batch}/start").status_code == 409
    assert ana.post(f"/api/v1/imports/{batch}/undo").status_code == 202
    queued.drain()
    assert ana.get("/api/v1/imports").json()["results"][0]["status"] == "undone"


def test_a_large_file_is_a_workers(api_as: Api, acme: Any, queued: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crm.api.imports.AT_ONCE", 1)
    answer = send(api_as("ana"))
    assert answer.status_code == 202
    queued.drain()
    body = api_as("ana").get(f"/api/v1/imports/{answer.json()['id']}").json()
    assert (body["status"], body["created"]) == ("done", 1)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_every_usual_writing_is_read(api_as: Api, acme: Any, encoding: str, separator: str) -> None:
    rows = [("nombre", "teléfono"), ("José Ñandú", "+5491155550001"), ("Inés Peña", "+5491155550002")]
    content = "\n".join(separator.join(row) for row in rows).encode(encoding)
    assert send(api_as("ana"), content).json()["created"] == 2
    with tenant_context(acme):
        assert Contact.objects.get(phone="+5491155550001").name == "José Ñandú"


def test_xlsx_is_read_by_what_it_is_and_not_by_its_name(api_as: Api) -> None:
    content = xlsx_of([["Nombre", "Teléfono"], ["Ñandú", 5491155550001]])
    assert send(api_as("ana"), content).json()["created"] == 1


def test_wrong_bodies_are_told(api_as: Api) -> None:
    ana = api_as("ana")
    assert ana.post("/api/v1/leads/import", {}, format="multipart").status_code == 400
    assert send(ana, mapping="[1]").status_code == 400
    assert send(ana, mapping='{"Nombre": "nada"}').status_code == 422
    assert send(ana, b"\x00\x01").status_code == 422
    assert send(ana, owner="00000000-0000-0000-0000-000000000001").status_code == 404


def test_an_import_of_the_same_key_happens_once(api_as: Api, acme: Any) -> None:
    ana = api_as("ana")
    first = ana.post("/api/v1/leads/import", {"file": file()}, format="multipart", headers={"Idempotency-Key": "k1"})
    second = ana.post("/api/v1/leads/import", {"file": file()}, format="multipart", headers={"Idempotency-Key": "k1"})
    assert first.json()["id"] == second.json()["id"]
    with tenant_context(acme):
        assert ImportBatch.objects.count() == 1


def test_a_known_person_is_completed(api_as: Api, acme: Any) -> None:
    with tenant_context(acme):
        known = make_contact(name="", phone="+5491155550001", email="")
    send(api_as("ana"), csv_of("name,phone,email", "Ana,011 15 5555-0001,ANA@example.com"))
    with tenant_context(acme):
        known.refresh_from_db()
        assert (known.name, known.email) == ("Ana", "ana@example.com")


def test_a_file_with_nothing_new_offers_no_import(client_as: Browser, acme: Any, queued: Queue) -> None:
    with tenant_context(acme):
        make_lead(contact=make_contact(name="Ana", phone="+5491155550001"))
    ana = client_as("ana")
    page = choose(ana, ana.post("/importaciones/nueva/", {"file": file()})["Location"])["Location"]
    queued.drain()
    shown = ana.get(page).content.decode()
    assert "No hay nada que importar" in shown
    assert f"{page}importar/" not in shown
