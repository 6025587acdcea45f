"""Asking for a copy or an erasure: on the page, through the API, on the command line."""

import io
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from agents.models import PrivacyRequest
from agents.privacy import copies
from crm.models import Contact
from messaging.models import Message
from messaging.services import privacy
from tenants.context import tenant_context
from tenants.models import SystemEvent, Tenant
from tests.factories.crm import make_contact, make_lead
from tests.factories.messaging import make_conversation, make_message
from tests.support.cast import PASSWORD, Cast
from tests.support.tasks import Queue, run_task

ClientAs = Callable[..., Client]
ApiAs = Callable[..., Any]


def make_person(tenant: Tenant) -> Contact:
    with tenant_context(tenant):
        contact = make_contact(name="Luz Vera", phone="+5491155552222")
        make_lead(contact=contact)
        make_message(conversation=make_conversation(contact=contact), text="hola, soy Luz")
    return contact


def state_of(tenant: Tenant, kind: str) -> PrivacyRequest | None:
    with tenant_context(tenant):
        return PrivacyRequest.objects.filter(kind=kind).first()


def test_the_lead_page_leads_to_the_persons_data(acme: Tenant, client_as: ClientAs) -> None:
    contact = make_person(acme)
    with tenant_context(acme):
        lead = contact.leads.get()
    address = f"/contactos/{contact.pk}/datos/"
    assert address in client_as("ana").get(f"/leads/{lead.pk}/").content.decode()
    assert address not in client_as("teo").get(f"/leads/{lead.pk}/").content.decode()


@pytest.mark.parametrize("name", ["sol", "teo", "rita", "paz"])
def test_only_who_leads_the_company_copies_or_erases(name: str, acme: Tenant, client_as: ClientAs) -> None:
    contact = make_person(acme)
    client = client_as(name)
    assert client.get(f"/contactos/{contact.pk}/datos/").status_code == 403
    assert client.post(f"/contactos/{contact.pk}/datos/copia/").status_code == 403
    given = {"confirm": "Luz Vera", "password": PASSWORD}
    assert client.post(f"/contactos/{contact.pk}/borrar/", given).status_code == 403
    assert state_of(acme, "erase") is None


def test_a_person_of_another_company_does_not_exist(globex: Tenant, client_as: ClientAs, api_as: ApiAs) -> None:
    contact = make_person(globex)
    assert client_as("ana").get(f"/contactos/{contact.pk}/datos/").status_code == 404
    body = {"confirm": "Luz Vera", "password": PASSWORD}
    assert api_as("ana").post(f"/api/v1/contacts/{contact.pk}/erase/", body).status_code == 404
    assert state_of(globex, "erase") is None


def test_the_page_says_what_goes_and_what_cannot(acme: Tenant, client_as: ClientAs) -> None:
    contact = make_person(acme)
    text = client_as("ana").get(f"/contactos/{contact.pk}/borrar/").content.decode()
    assert "servidores de WhatsApp" in text
    assert "<dt>Mensajes</dt><dd>1</dd>" in text
    english = client_as("ana", HTTP_ACCEPT_LANGUAGE="en").get(f"/contactos/{contact.pk}/borrar/").content.decode()
    assert "servers of WhatsApp" in english


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"confirm": "Luz", "password": PASSWORD}, "Escribir el nombre tal como se ve"),
        ({"confirm": "Luz Vera", "password": "otra cosa"}, "La contraseña no coincide"),
        ({"confirm": "Luz Vera"}, "No se guardó"),
    ],
)
def test_a_wrong_name_or_password_erases_nothing_and_says_why(
    given: dict[str, str], words: str, acme: Tenant, client_as: ClientAs
) -> None:
    contact = make_person(acme)
    answer = client_as("ana").post(f"/contactos/{contact.pk}/borrar/", given)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert PASSWORD not in answer.content.decode()
    assert state_of(acme, "erase") is None


def test_the_api_asks_for_the_password_too_and_for_a_person(acme: Tenant, api_as: ApiAs) -> None:
    contact = make_person(acme)
    address = f"/api/v1/contacts/{contact.pk}/erase/"
    wrong = api_as("ana").post(address, {"confirm": "Luz Vera", "password": "no"})
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (403, "reauthentication_failed")
    unnamed = api_as("ana").post(address, {"confirm": "x", "password": PASSWORD})
    assert (unnamed.status_code, list(unnamed.json()["error"]["fields"])) == (422, ["confirm"])
    assert state_of(acme, "erase") is None


@pytest.mark.slow
def test_erasing_through_the_api_and_following_it(
    live_tenants: Cast, api_as: ApiAs, client_as: ClientAs, queued: Queue
) -> None:
    acme = live_tenants.acme
    contact = make_person(acme)
    asked = {"confirm": " luz  VERA ", "password": PASSWORD}
    address = f"/api/v1/contacts/{contact.pk}/erase/"
    first = api_as("ana").post(address, asked, headers={"Idempotency-Key": "a"})
    again = api_as("ana").post(address, asked)
    assert first.status_code == again.status_code == 202
    assert first.json()["id"] == again.json()["id"]
    assert api_as("ana").post(f"/api/v1/contacts/{contact.pk}/export/").status_code == 409
    queued.drain()
    told = api_as("ana").get(f"/api/v1/privacy-requests/{first.json()['id']}/").json()
    assert (told["state"], told["counts"]["messages"], told["asked_by"]) == ("done", 1, "Ana")
    assert api_as("ana").get(f"/api/v1/contacts/{contact.pk}/").status_code == 404
    with tenant_context(acme):
        assert not Contact.objects.filter(pk=contact.pk).exists()
        assert not Message.objects.exists()
    listed = client_as("ana").get("/datos-personales/").content.decode()
    assert "Luz" not in listed
    assert "Borrado" in listed


def test_a_copy_is_made_by_the_worker_fetched_and_gone_after_a_week(
    acme: Tenant, client_as: ClientAs, queued: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    contact = make_person(acme)
    client = client_as("ana")
    page = client.post(f"/contactos/{contact.pk}/datos/copia/")["Location"]
    assert 'hx-trigger="every 2s"' in client.get(page).content.decode()
    assert client.get(f"{page}archivo/").status_code == 404  # not yet
    queued.drain()
    assert "Descargar la copia" in client.get(page).content.decode()
    answer = client.get(f"{page}archivo/")
    assert "no-store" in answer["Cache-Control"]
    assert "attachment" in answer["Content-Disposition"]
    with zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))) as archive:  # type: ignore[attr-defined]
        assert archive.testzip() is None
        assert "hola, soy Luz" in archive.read("messages.txt").decode()
        readme = archive.read("README.html").decode()
        assert "Data kept by Acme" in readme
        assert "Datos que guarda Acme" in readme
    assert client_as("sol").get(f"{page}archivo/").status_code == 403
    with tenant_context(acme):
        assert SystemEvent.objects.filter(tenant=acme, action="person.exported", resource_id=contact.pk).count() == 1
    later = timezone.now() + copies.KEPT + timedelta(minutes=1)
    monkeypatch.setattr(timezone, "now", lambda: later)
    run_task("agents.tasks.privacy_sweep")
    assert not list(Path(settings.MEDIA_ROOT).rglob("*.zip"))
    row = state_of(acme, "export")
    assert row is not None
    assert (row.state, row.file) == ("expired", "")


def test_a_copy_through_the_api(acme: Tenant, api_as: ApiAs, queued: Queue) -> None:
    contact = make_person(acme)
    address = f"/api/v1/contacts/{contact.pk}/export/"
    assert api_as("ana").get(address).status_code == 404
    first, twice = api_as("ana").post(address), api_as("ana").post(address)
    assert first.status_code == 202
    assert first.json()["id"] == twice.json()["id"]
    queued.drain()
    assert api_as("ana").get(address).json()["state"] == "done"
    file = api_as("ana").get(f"{address}file/")
    assert zipfile.is_zipfile(io.BytesIO(b"".join(file.streaming_content)))
    assert api_as("teo").post(address).status_code == 403


def test_a_request_whose_wake_up_was_lost_is_found_by_the_sweep(
    acme: Tenant, client_as: ClientAs, queued: Queue
) -> None:
    contact = make_person(acme)
    client_as("ana").post(f"/contactos/{contact.pk}/datos/copia/")
    queued.clear()
    run_task("agents.tasks.privacy_sweep")
    queued.drain()
    row = state_of(acme, "export")
    assert row is not None
    assert row.state == "done"


def test_a_file_that_no_message_names_goes_after_an_hour(acme: Tenant) -> None:
    folder = Path(settings.MEDIA_ROOT) / acme.schema_name / "messages"
    folder.mkdir(parents=True)
    stray = folder / "0192f000-0000-7000-8000-000000000000.jpg"
    stray.write_bytes(b"x")
    run_task("agents.tasks.privacy_sweep")
    assert stray.exists()
    copies_of_it = folder / "tmpabc"
    copies_of_it.write_bytes(b"x")
    with tenant_context(acme):
        assert privacy.sweep_files(acme, now=stray.stat().st_mtime + 3700) == 2
    assert not stray.exists()


@pytest.mark.slow
def test_the_commands_copy_and_erase(live_tenants: Cast, tmp_path: Path) -> None:
    acme = live_tenants.acme
    contact = make_person(acme)
    target = tmp_path / "luz.zip"
    call_command("export_contact", acme.slug, str(contact.pk), "--to", str(target), stdout=io.StringIO())
    assert zipfile.is_zipfile(target)
    with pytest.raises(CommandError, match="exists already"):
        call_command("export_contact", acme.slug, str(contact.pk), "--to", str(target))
    out = io.StringIO()
    call_command("erase_contact", acme.slug, str(contact.pk), "--yes", stdout=out)
    assert "Erased" in out.getvalue()
    with tenant_context(acme):
        assert not Contact.objects.filter(pk=contact.pk).exists()
    call_command("erase_contact", acme.slug, str(contact.pk), "--yes", stdout=out)  # again: nothing left to do
    with pytest.raises(CommandError, match="no such contact"):
        call_command("erase_contact", live_tenants.globex.slug, str(contact.pk), "--yes")
