"""A word in every column and file of a person: all of them in the copy, none of them anywhere once she is erased."""

import io
import json
import zipfile
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from agents.models import PrivacyRequest
from agents.privacy import export, registry
from crm.models import Contact
from crm.services import privacy as crm
from messaging.services import privacy_raw as raw
from tenants.context import tenant_context
from tenants.models import SystemEvent, Tenant
from tests.fakes import graph_events as wire
from tests.messaging.services.saying import make_number
from tests.privacy import places
from tests.privacy.person import EMAIL, FILE, MARK, NAME, PHONE, VISITOR, WAMID, Story, Zoe
from tests.support.cast import PASSWORD, Cast
from tests.support.services import Services
from tests.support.tasks import Queue

ClientAs = Callable[..., Client]


def shown_name(zoe: Zoe) -> str:
    return f"{NAME} {zoe.words['crm.Contact.name']}"


def copy_of(zoe: Zoe) -> str:
    """Everything in the ZIP, as one text."""
    file = io.BytesIO()
    export.write(tenant=zoe.tenant, contact_id=zoe.contact_id, file=file)
    with zipfile.ZipFile(file) as archive:
        return "\n".join(f"{name} {archive.read(name).decode('utf-8', 'replace')}" for name in archive.namelist())


def missing(zoe: Zoe, text: str) -> list[str]:
    """Her words that the copy lacks; those declared to be word for word elsewhere need not be in it twice."""
    declared = registry.declared()
    wanted = {name: word for name, word in zoe.words.items() if declared[name.rpartition(".")[0]].noun}
    fixed = {"name": NAME, "email": EMAIL, "phone": PHONE, "visitor": VISITOR, "wamid": WAMID, "file": FILE.decode()}
    spoken = ("primero", "respuesta", "epígrafe", "dni", "plata", "necesidad", "razón", "nota de la dueña", "campo")
    spoken += ("etiqueta", "a-mano", "motivo", "resumen", "perdido", "relevo", "web", "stop")
    acts = {each: f"{MARK}-{each}" for each in spoken}
    return [f"{name}: {word}" for name, word in {**wanted, **fixed, **acts}.items() if word not in text]


def erase(zoe: Zoe, client_as: ClientAs, queued: Queue) -> PrivacyRequest:
    """As ana does it, on the page."""
    client = client_as("ana")
    answer = client.post(f"/contactos/{zoe.contact_id}/borrar/", {"confirm": shown_name(zoe), "password": PASSWORD})
    assert answer.status_code == 302, answer.content.decode()
    assert client.get(answer["Location"]).status_code == 200
    queued.drain()
    with tenant_context(zoe.tenant):
        return PrivacyRequest.objects.get(kind="erase")


def everywhere(zoe: Zoe, services: Services) -> list[str]:
    needles = [*zoe.needles, *zoe.words.values()]
    return [
        *places.in_tables(services, needles),
        *places.in_dump(services, needles),
        *places.in_redis(needles),
        *places.in_files(needles),
    ]


@pytest.mark.slow
def test_the_copy_holds_every_word_and_nothing_of_anybody_else(zoe: Zoe) -> None:
    text = copy_of(zoe)
    assert missing(zoe, text) == []
    assert "Luz Vera" not in text
    assert "5491177778888" not in text
    assert "Ana" not in text.replace(f"Soy Ana, {MARK}-a-mano", "")  # who of the team wrote is about them


@pytest.mark.slow
def test_a_column_that_the_copy_forgot_would_be_seen(zoe: Zoe, monkeypatch: pytest.MonkeyPatch) -> None:
    contact = crm.DECLARED["crm.Contact"]
    monkeypatch.setitem(crm.DECLARED, "crm.Contact", replace(contact, personal=contact.personal.replace("notes ", "")))
    assert any("crm.Contact.notes" in each for each in missing(zoe, copy_of(zoe)))


@pytest.mark.slow
def test_once_erased_no_word_is_left_anywhere_and_nobody_else_lost_one(
    zoe: Zoe,
    client_as: ClientAs,
    queued: Queue,
    test_services: Services,
    said: pytest.LogCaptureFixture,
    live_tenants: Cast,
) -> None:
    assert everywhere(zoe, test_services)  # the search finds what is there
    client_as("ana").post(f"/contactos/{zoe.contact_id}/datos/copia/")
    queued.drain()
    assert places.in_files([MARK])
    before = places.rows(test_services)
    said.clear()

    row = erase(zoe, client_as, queued)

    assert (row.state, row.subject) == ("done", {})
    assert row.counts["messages"] > 5
    assert everywhere(zoe, test_services) == []
    assert places.found(said.text, zoe.needles) == []
    _only_hers_changed(zoe, before, places.rows(test_services), live_tenants)


def _only_hers_changed(zoe: Zoe, before: dict[str, Any], after: dict[str, Any], cast: Cast) -> None:
    """Whatever row is not as it was named her; what is new belongs to the request or the trail of it."""
    ours = {"agents_privacyrequest", "tenants_systemevent", "tenants_audithead", "live_liveevent", "live_livecounter"}
    ours |= {"django_session", "tenants_signin", "tenants_password"}
    marks = [*zoe.needles, *zoe.ids, str(zoe.contact_id), *zoe.words.values()]
    for table, held in before.items():
        name, schema = table.partition(".")[2], table.partition(".")[0]
        gone, new = held - after[table], after[table] - held
        if schema == cast.globex.schema_name:
            assert not gone, table
            assert not new, table
        if name in ours:
            continue
        assert [text for text in gone if not places.found(text, marks)] == [], table
        kept = {
            "ingest_inboundevent",
            "agents_agentrun",
            "agents_ledgerentry",
            "agents_assistancereport",
            "live_idempotentrequest",
            "crm_importbatch",
        }
        assert not new or name in kept, (table, list(new)[:2])


@pytest.mark.slow
def test_the_trail_accounts_for_every_emptied_row_and_still_holds(
    zoe: Zoe, client_as: ClientAs, queued: Queue, test_services: Services
) -> None:
    with tenant_context(zoe.tenant):
        hashes = dict(SystemEvent.objects.filter(tenant=zoe.tenant).values_list("position", "hash"))
    row = erase(zoe, client_as, queued)
    with tenant_context(zoe.tenant):
        events = SystemEvent.objects.filter(tenant=zoe.tenant)
        accounts = events.get(action="person.erased")
        emptied = list(events.filter(redacted_at__isnull=False).order_by("position"))
        assert [each.position for each in emptied] == accounts.diff["redacted"] == row.redacted != []
        assert all((each.actor_label, each.diff, each.salt) == ("", {}, None) for each in emptied)
        assert accounts.position > emptied[-1].position
        assert accounts.actor_label == "Ana"
        assert not {"name", "phone"} & accounts.diff.keys()
        now = dict(events.values_list("position", "hash"))
    call_command("verify_audit", "--company", zoe.tenant.slug, stdout=io.StringIO())  # would end with an error
    assert {position: bytes(now[position]) for position in hashes} == {p: bytes(h) for p, h in hashes.items()}


@pytest.mark.slow
def test_somebody_in_the_same_webhook_keeps_their_part_of_it(
    zoe: Zoe, client_as: ClientAs, queued: Queue, test_services: Services
) -> None:
    erase(zoe, client_as, queued)
    with test_services.inside() as inside:
        held = inside.execute(
            "select raw from ingest_inboundevent where tenant_id = %s and raw like '%%5491177778888%%'", [zoe.tenant.pk]
        ).fetchall()
    both = [json.loads(raw) for (raw,) in held]
    value = both[0]["entry"][0]["changes"][0]["value"]
    assert [each["from"] for each in value["messages"]] == ["5491177778888"]
    assert [each["profile"]["name"] for each in value["contacts"]] == ["Luz Vera"]


@pytest.mark.slow
def test_the_same_phone_writing_later_is_a_new_person_and_old_webhooks_do_not_bring_her_back(
    zoe: Zoe, story: Story, client_as: ClientAs, queued: Queue
) -> None:
    erase(zoe, client_as, queued)
    story.number.says("Hola de nuevo", sender=PHONE, name="Zoe")
    with tenant_context(zoe.tenant):
        again = Contact.objects.get(phone=f"+{PHONE}")
        assert again.pk != zoe.contact_id
        assert (again.notes, again.email) == ("", "")
        assert again.conversations.get().messages.count() == 1


@pytest.mark.slow
def test_a_place_that_erasing_forgot_would_be_seen(
    zoe: Zoe, client_as: ClientAs, queued: Queue, test_services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(raw, "forget_notices", lambda _subject: 0)
    erase(zoe, client_as, queued)
    left = everywhere(zoe, test_services)
    assert any("providernotice" in each for each in left)
    assert any("pendingstatus" in each for each in left)


@pytest.mark.slow
def test_the_same_person_at_another_company_is_not_touched(
    zoe: Zoe, story: Story, live_tenants: Cast, client_as: ClientAs, queued: Queue, test_services: Services
) -> None:
    """Same phone, same name, even the same message ids."""
    globex = live_tenants.globex
    theirs = make_number(globex, phone_number_id="222")
    picture = wire.media("image", story.graph.add_media(b"globex", "image/jpeg"), sender=PHONE)
    cards = [wire.contact(name=NAME, wa_id=PHONE)]
    theirs.sends(wire.text("Hola Globex", sender=PHONE, id=WAMID), picture, contacts=cards)
    story.worker.run(seconds=120)
    before, files = _of(globex, test_services), _files_of(globex)
    assert any(PHONE in each for each in before)
    assert files

    erase(zoe, client_as, queued)

    assert _of(globex, test_services) == before
    assert _files_of(globex) == files


def _of(company: Tenant, services: Services) -> Counter[str]:
    """Every row of a company: of its schema, and of the shared tables where it is named."""
    held: Counter[str] = Counter()
    for table, rows in places.rows(services).items():
        own = table.startswith(f"{company.schema_name}.")
        held.update(f"{table}: {row}" for row in rows if own or str(company.pk) in row)
    return held


def _files_of(company: Tenant) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in places.files() if company.schema_name in path.parts}
