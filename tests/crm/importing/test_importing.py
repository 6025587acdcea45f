"""A file's people become contacts and leads: once each, by the chosen policy, and back again."""

from typing import Any

import pytest
from django.db import connection

from crm.importing import batches, running
from crm.models import Contact, CustomField, ImportBatch, ImportRow, Lead, Note, Touch
from crm.services.contacts import update_contact
from tenants.context import tenant_context
from tenants.models import SystemEvent
from tenants.services import teams
from tests.crm.importing.sheets import again, check_file, counts, csv_of, import_file, undo_file, xlsx_of
from tests.factories.crm import initial_stage, make_contact, make_lead, make_seller
from tests.support.cast import Cast, Person
from tests.support.tasks import Queue

pytestmark = pytest.mark.usefixtures("db")
Status, Outcome = ImportBatch.Status, ImportRow.Outcome


@pytest.fixture
def world(acme: Any, ana: Person, queued: Queue) -> dict[str, Any]:
    with tenant_context(acme):
        initial_stage()
    return {"tenant": acme, "person": ana, "queued": queued}


def test_a_check_says_what_would_happen_and_writes_nothing(world: dict[str, Any]) -> None:
    with tenant_context(world["tenant"]):
        make_contact(name="Sabida", phone="+5491155550001", email="")
        before = Contact.objects.count()
    batch = check_file(
        csv_of(
            "Nombre;Teléfono;Correo",
            "Muñoz, José;11 5555 0002;JOSE@example.com",
            "Sabida;+54 11 5555-0001;sabida@example.com",
            "Sin número;;no es un correo",
            "Otra;123;",
        ),
        **world,
    )
    assert batch.status == Status.CHECKED
    assert counts(batch) == (1, 1, 0, 2)
    with tenant_context(world["tenant"]):
        assert Contact.objects.count() == before
        assert not Lead.objects.exists()
        wrong = {row.number: row.before["errors"] for row in batch.rows.all()}
    assert wrong[4][0][:2] == ["Correo", "no es un correo"]
    assert wrong[5][0][:2] == ["Teléfono", "123"]


def test_the_import_makes_contacts_with_leads_and_their_first_touch(world: dict[str, Any]) -> None:
    content = csv_of("nombre,apellido,celular,mail,ciudad", "José,Muñoz,11 5555 0002,JOSE@example.com,Ñuñoa")
    batch = import_file(content, source="Feria", labels=["Feria 2026"], **world)
    assert batch.status == Status.DONE
    assert counts(batch) == (1, 0, 0, 0)
    with tenant_context(world["tenant"]):
        contact = Contact.objects.get(phone__in=["+541155550002", "+5491155550002"])
        assert (contact.name, contact.email, contact.city) == ("José Muñoz", "jose@example.com", "Ñuñoa")
        assert contact.tags == ["Feria 2026"]
        lead = contact.leads.get()
        assert (lead.source, lead.tags) == ("Feria", ["Feria 2026"])
        assert contact.touches.get().kind == Touch.Kind.IMPORT


def test_the_same_file_twice_doubles_nobody(world: dict[str, Any]) -> None:
    content = csv_of(
        "name,phone,email,source",
        "Ana Uno,+5491155550001,,web",
        "Beto,,beto@example.com,web",
        "Solo Nombre,,,web",
    )
    assert counts(import_file(content, **world)) == (3, 0, 0, 0)
    assert counts(import_file(content, **world)) == (0, 0, 3, 0)
    with tenant_context(world["tenant"]):
        assert (Contact.objects.count(), Lead.objects.count()) == (3, 3)


def test_a_person_twice_in_one_file_is_told_and_used_once(world: dict[str, Any]) -> None:
    content = csv_of("name,phone", "Ana,+5491155550001", "Otra Ana,+541155550001")
    checked = check_file(content, **world)
    assert counts(checked) == (1, 0, 1, 0)
    batch = import_file(content, **world)
    assert counts(batch) == (1, 0, 1, 0)
    with tenant_context(world["tenant"]):
        assert Contact.objects.get().name == "Ana"
        assert "2" in batch.rows.get(number=3).error


@pytest.mark.parametrize(
    ("policy", "name", "city", "tags"),
    [
        ("skip", "Vieja", "", ["vip"]),
        ("fill", "Vieja", "Lima", ["vip", "nueva"]),
        ("replace", "Nueva", "Lima", ["nueva"]),
    ],
)
def test_the_policy_decides_about_who_exists(
    world: dict[str, Any], policy: str, name: str, city: str, tags: list[str]
) -> None:
    with tenant_context(world["tenant"]):
        contact = make_contact(name="Vieja", phone="+5491155550001", tags=["vip"])
    import_file(csv_of("name,phone,city,tags", "Nueva,+5491155550001,Lima,nueva"), policy=policy, **world)
    with tenant_context(world["tenant"]):
        contact.refresh_from_db()
        assert (contact.name, contact.city, contact.tags) == (name, city, tags)


def test_own_fields_are_read_by_their_name_and_checked(world: dict[str, Any]) -> None:
    with tenant_context(world["tenant"]):
        CustomField.objects.create(on="contact", key="edad", label="Edad", kind="number")
        CustomField.objects.create(on="lead", key="plan", label="Plan", kind="choice", options=["Oro", "Plata"])
    content = csv_of(
        "name,phone,Edad,Plan,Documento", "Ana,+5491155550001,31,oro,20.111", "Beto,+5491155550002,mucha,Oro,1"
    )
    batch = import_file(content, **world)
    assert counts(batch) == (1, 0, 0, 1)
    with tenant_context(world["tenant"]):
        contact = Contact.objects.get()
        assert contact.custom == {"edad": 31, "document": "20.111"}
        assert contact.leads.get().custom == {"plan": "Oro"}
        assert batch.rows.get(outcome=Outcome.REFUSED).before["errors"][0][0] == "Edad"


def test_numbers_that_the_spreadsheet_mangled_are_mended_or_refused(world: dict[str, Any]) -> None:
    content = csv_of("name,phone", "Entero,5491155550001.0", "Roto,5.49113E+12", "Largo,5.491155550003E+12")
    batch = check_file(content, **world)
    assert counts(batch) == (2, 0, 0, 1)
    with tenant_context(world["tenant"]):
        assert "redondeó" in batch.rows.get(number=3).error


def test_a_blocked_person_is_refused(world: dict[str, Any]) -> None:
    with tenant_context(world["tenant"]):
        contact = make_contact(phone="+5491155550001")
        contact.blocked_at = contact.created_at
        contact.save()
    batch = import_file(csv_of("name,phone", "Ana,+5491155550001"), **world)
    assert counts(batch) == (0, 0, 0, 1)


def test_whoever_sees_only_their_own_does_not_touch_a_colleagues_contact(
    world: dict[str, Any], rita_of_her_own: Person, sol: Person
) -> None:
    with tenant_context(world["tenant"]):
        seller = make_seller(user=sol.user)
        make_lead(contact=make_contact(name="De Sol", phone="+5491155550001"), owner=seller)
    batch = import_file(
        csv_of("name,phone,email", "Otra,+5491155550001,x@example.com"),
        **{**world, "person": rita_of_her_own},
        policy="replace",
    )
    assert counts(batch) == (0, 0, 0, 1)
    with tenant_context(world["tenant"]):
        assert Contact.objects.get(phone="+5491155550001").name == "De Sol"


@pytest.fixture
def rita_of_her_own(cast: Cast, acme: Any) -> Person:
    with tenant_context(acme):
        teams.set_scope(member=cast["rita"].member, scope="own", team=None, by=cast["ana"].actor)
    return cast["rita"]


def test_a_household_with_one_email_stays_two_people(world: dict[str, Any]) -> None:
    content = csv_of("name,phone,email", "Ana,+5491155550001,casa@example.com", "Beto,+5491155550002,casa@example.com")
    assert counts(import_file(content, **world)) == (2, 0, 0, 0)


def test_formulas_stay_text(world: dict[str, Any]) -> None:
    rows = [["Nombre", "Teléfono"], ["=1+1", "+5491155550001"], ["@SUM(A1)", 5491155550002]]
    batch = import_file(xlsx_of(rows), **world)
    assert counts(batch) == (2, 0, 0, 0)
    with tenant_context(world["tenant"]):
        assert set(Contact.objects.values_list("name", flat=True)) == {"=1+1", "@SUM(A1)"}


def test_undo_takes_back_what_nobody_touched_and_leaves_the_rest(world: dict[str, Any]) -> None:
    tenant, ana = world["tenant"], world["person"]
    with tenant_context(tenant):
        known = make_contact(name="Conocida", phone="+5491155550001", city="")
        other = make_contact(name="Otra", phone="+5491155550002", city="")
    content = csv_of(
        "name,phone,city",
        "Conocida,+5491155550001,Lima",
        "Otra,+5491155550002,Quito",
        "Nueva,+5491155550003,Lima",
        "Con nota,+5491155550004,Lima",
        "Renombrada,+5491155550005,Lima",
    )
    batch = import_file(content, **world)
    with tenant_context(tenant):
        noted = Contact.objects.get(name="Con nota")
        Note.objects.create(contact=noted, text="Llamó", actor_kind="user")
        update_contact(contact=Contact.objects.get(name="Renombrada"), by=ana.actor, name="Cambiada")
        update_contact(contact=other, by=ana.actor, city="Cusco")
    batch = undo_file(batch, **world)
    assert batch.status == Status.UNDONE
    with tenant_context(tenant):
        cities = dict(Contact.objects.values_list("name", "city"))
        assert cities == {"Conocida": "", "Otra": "Cusco", "Con nota": "Lima", "Cambiada": "Lima"}
        known.refresh_from_db()
        assert not known.leads.exists()
        assert not known.touches.exists()
        assert batches.left_as_is(batch) == 3


def test_an_undone_import_can_come_in_again(world: dict[str, Any]) -> None:
    content = csv_of("name,phone", "Nueva,+5491155550003")
    undo_file(import_file(content, **world), **world)
    assert counts(import_file(content, **world)) == (1, 0, 0, 0)


def test_a_killed_worker_is_followed_by_one_that_goes_on(
    world: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant, ana = world["tenant"], world["person"]
    monkeypatch.setattr(running, "CHUNK", 2)
    rows = [f"Persona {n},+54911555500{n:02}" for n in range(7)]
    batch = check_file(csv_of("name,phone", *rows, rows[0]), **world)
    with tenant_context(tenant):
        batches.start(batch=batches.import_for(ana.member, batch.pk, lock=True), by=ana.actor)
    taken = running._take(tenant, batch.pk)
    steps = running.run_steps(tenant, taken)
    next(steps)
    next(steps)
    del steps, taken  # the worker is gone, its lease still stands
    world["queued"].drain()
    half = again(tenant, batch)
    assert (half.status, half.done) == (Status.IMPORTING, 4)
    with tenant_context(tenant):
        ImportBatch.objects.filter(pk=batch.pk).update(leased_until=half.created_at)
    running.work(tenant=tenant, batch_id=batch.pk)
    batch = again(tenant, batch)
    assert batch.status == Status.DONE
    assert counts(batch) == (7, 0, 1, 0)
    with tenant_context(tenant):
        assert Contact.objects.count() == 7
        assert batch.rows.count() == 8


def test_it_can_be_stopped_and_goes_on_later(world: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    tenant, ana = world["tenant"], world["person"]
    monkeypatch.setattr(running, "CHUNK", 2)
    batch = check_file(csv_of("name,phone", *[f"P {n},+54911555500{n:02}" for n in range(6)]), **world)
    with tenant_context(tenant):
        batches.start(batch=batches.import_for(ana.member, batch.pk, lock=True), by=ana.actor)
    steps = running.run_steps(tenant, running._take(tenant, batch.pk))
    next(steps)
    with tenant_context(tenant):
        batches.stop(batch=batches.import_for(ana.member, batch.pk, lock=True), by=ana.actor)
    with pytest.raises(running.Superseded):
        next(steps)
    assert (again(tenant, batch).status, again(tenant, batch).done) == (Status.STOPPED, 2)
    with tenant_context(tenant):
        batches.resume(batch=batches.import_for(ana.member, batch.pk, lock=True))
    world["queued"].drain()
    assert counts(again(tenant, batch)) == (6, 0, 0, 0)


def test_the_trail_says_who_imported_and_who_undid_it(world: dict[str, Any], cast: Cast) -> None:
    rita = cast["rita"]
    batch = import_file(csv_of("name,phone", "Nueva,+5491155550003"), **{**world, "person": rita})
    undo_file(batch, **world)
    with tenant_context(world["tenant"]):
        connection.run_before_commit()
        told = SystemEvent.objects.filter(action__startswith="import.").values_list("action", "actor_id")
        assert set(told) == {
            ("import.received", str(rita.user.pk)),
            ("import.started", str(rita.user.pk)),
            ("import.finished", str(rita.user.pk)),
            ("import.undone", str(world["person"].user.pk)),
        }
