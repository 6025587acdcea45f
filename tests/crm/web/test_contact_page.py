"""The page of one person: the whole story, for whoever may see it, for eight statements."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils.html import strip_tags

from crm.domain.qualification import Said
from crm.models import Contact, Lead, Note, StageTransition
from crm.services import leads
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tenants.models import SystemEvent, Tenant
from tests.factories.crm import make_contact, make_lead, make_seller
from tests.factories.crm_more import (
    make_client,
    make_consent,
    make_custom_field,
    make_merge,
    make_note,
    make_pair,
    make_point,
    make_task,
    make_touch,
)
from tests.factories.messaging import make_conversation, make_message
from tests.support.cast import Person

ClientAs = Callable[..., Client]


@pytest.fixture
def contact(acme: Tenant) -> Contact:
    """A person with something of everything."""
    with tenant_context(acme):
        field = make_custom_field(on="contact", label="Obra social")
        contact = make_contact(name="Marta", tags=["vip"], custom={field.key: "OSDE"})
        lead = leads.create_lead(contact=contact, by=Actor("agent", "", "Ventas"))
        said = Said("m1", "tengo un millón para gastar")
        leads.qualify_lead(lead=lead, by=Actor("agent", "", "Ventas"), budget="un millón", heard=[said])
        make_lead(contact=contact)
        make_message(conversation=make_conversation(contact=contact), text="Quiero un termotanque")
        make_note(contact=contact, text="Llamar el lunes")
        make_task(contact=contact, title="Mandar precio")
        make_consent(contact=contact, granted=False)
        make_touch(contact=contact, source="feria del norte")
        make_point(contact=contact, label="trabajo")
        make_merge(kept=contact, other_name="Marta G.")
        make_client(contact=contact)
        make_pair(first=contact)
        return contact


def page(client: Client, contact: Contact, query: str = "", **headers: Any) -> str:
    answer = client.get(f"/contactos/{contact.pk}/{query}", **headers)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_whole_person_is_on_one_page(client_as: ClientAs, contact: Contact) -> None:
    words = strip_tags(page(client_as("ana"), contact))

    for expected in (
        "Marta",
        "Cliente",
        "vip",
        "OSDE",
        "tengo un millón",
        "Quiero un termotanque",
        "Llamar el lunes",
        "Mandar precio",
        "rechazó",
        "feria del norte",
        "trabajo",
        "Se unió con Marta G.",
        "puede ser la misma persona",
        "Sin próximo paso",
    ):
        assert expected in words, expected


@pytest.mark.parametrize("query", ["", "?ver=notas", "historia/?ver=chats"])
def test_it_costs_eight_statements_however_much_there_is(
    client_as: ClientAs, acme: Tenant, contact: Contact, statements: Callable, query: str
) -> None:
    ana, counts = client_as("ana"), []
    for more in (0, 40):
        with tenant_context(acme):
            for number in range(more):
                make_note(contact=contact, text=str(number))
                make_message(conversation=make_conversation(contact=contact))
                make_task(lead=make_lead(contact=contact))
        with statements() as seen:
            ana.get(f"/contactos/{contact.pk}/{query}", headers={"HX-Request": "true"} if "historia" in query else {})
        counts.append(seen.count)

    assert max(counts) <= 8, counts
    assert counts[1] <= counts[0], counts


def test_a_closer_does_not_see_another_sellers_leads_on_it(client_as: ClientAs, acme: Tenant, sol: Person) -> None:
    with tenant_context(acme):
        contact = make_contact(name="Marta")
        make_lead(contact=contact, owner=make_seller(user=sol.user), needs="lo mío")
        hidden = make_lead(contact=contact, owner=make_seller(name="Otro Vendedor"))
        make_note(contact=contact, lead=hidden, text="asunto ajeno")

    words = page(client_as("sol"), contact)

    assert str(hidden.pk) not in words
    assert "Otro Vendedor" not in words
    assert "asunto ajeno" not in words


def test_a_contact_of_somebody_else_is_not_there(client_as: ClientAs, acme: Tenant, teo: Person) -> None:
    with tenant_context(acme):
        contact = make_lead(owner=make_seller(user=teo.user)).contact
    sol = client_as("sol")

    assert sol.get(f"/contactos/{contact.pk}/").status_code == 404
    assert sol.get(f"/contactos/{contact.pk}/historia/", headers={"HX-Request": "true"}).status_code == 404
    assert sol.post(f"/contactos/{contact.pk}/notas/", {"text": "x"}).status_code == 404


def test_the_kind_of_story_is_in_the_address(client_as: ClientAs, contact: Contact) -> None:
    words = page(client_as("ana"), contact, "?ver=notas")
    story = words[words.index('id="story"') :]

    assert "Llamar el lunes" in story
    assert "Quiero un termotanque" not in story


def test_older_lines_are_a_link_that_works_without_scripts(client_as: ClientAs, acme: Tenant) -> None:
    with tenant_context(acme):
        contact = make_contact()
        for number in range(35):
            make_note(contact=contact, text=f"nota {number:02}.")
    ana = client_as("ana")

    first = page(ana, contact)
    found = re.search(rf'href="(/contactos/{contact.pk}/\?ver=&amp;antes=[^"#]*)', first)
    assert found is not None
    second = ana.get(found[1].replace("&amp;", "&")).content.decode()

    assert "nota 34." in first
    assert "nota 04." not in first
    assert "nota 04." in second
    assert "nota 34." not in second
    assert "Volver a lo último" in second


def test_a_part_asked_for_without_htmx_is_the_page(client_as: ClientAs, contact: Contact) -> None:
    answer = client_as("ana").get(f"/contactos/{contact.pk}/historia/?ver=notas")

    assert answer["Location"] == f"/contactos/{contact.pk}/?ver=notas"


def test_the_stage_is_moved_from_here(client_as: ClientAs, acme: Tenant) -> None:
    with tenant_context(acme):
        lead = leads.create_lead(contact=make_contact(), by=Actor("user", "", "Sol"))
    ana = client_as("ana")

    words = page(ana, lead.contact)
    assert f'action="/leads/{lead.pk}/etapa/"' in words
    assert 'value="contactado"' in words
    ana.post(f"/leads/{lead.pk}/etapa/", {"stage": "contactado"})

    with tenant_context(acme):
        assert Lead.objects.get(pk=lead.pk).stage.code == "contactado"
        StageTransition.objects.filter(source__code="contactado").update(requires_comment=True)
    words = page(ana, lead.contact)
    assert 'value="calificado"' not in words  # asks something first: the lead's page does that


def test_a_step_is_taken_back_from_the_story(client_as: ClientAs, acme: Tenant) -> None:
    with tenant_context(acme):
        lead = leads.create_lead(contact=make_contact(), by=Actor("user", "", "Sol"))
    ana = client_as("ana")
    ana.post(f"/leads/{lead.pk}/etapa/", {"stage": "contactado"})

    assert "Deshacer" in page(ana, lead.contact)
    ana.post(f"/leads/{lead.pk}/etapa/", {"stage": "nuevo"})

    with tenant_context(acme):
        assert Lead.objects.get(pk=lead.pk).stage.code == "nuevo"


def test_who_looked_is_noted(client_as: ClientAs, acme: Tenant, contact: Contact) -> None:
    page(client_as("ana"), contact)

    with tenant_context(acme):
        event = SystemEvent.objects.filter(tenant_id=acme.pk, action="contact.viewed").get()
    assert (event.actor_label, event.resource_id) == ("Ana", str(contact.pk))


def test_hostile_words_stay_words(client_as: ClientAs, acme: Tenant) -> None:
    with tenant_context(acme):
        contact = make_contact(name="<script>alert(1)</script>")
        make_note(contact=contact, text="<img src=x onerror=alert(2)>")
        make_message(conversation=make_conversation(contact=contact), text="<b>hola</b>")

    words = page(client_as("ana"), contact)

    assert "<script>alert" not in words
    assert "<img src=x" not in words
    assert "<b>hola" not in words


def test_a_note_is_written_and_what_was_typed_stays_after_an_error(
    client_as: ClientAs, acme: Tenant, contact: Contact
) -> None:
    ana = client_as("ana")

    refused = ana.post(f"/contactos/{contact.pk}/notas/", {"text": "Hola @Ana" + "x" * 4000})
    ana.post(f"/contactos/{contact.pk}/notas/", {"text": "Quiere el azul", "kind": "call", "pinned": "on"})

    assert refused.status_code == 422
    assert "Hola @Ana" in refused.content.decode()
    with tenant_context(acme):
        note = Note.objects.get(text="Quiere el azul")
    assert (note.kind, note.is_pinned, note.actor_label) == ("call", True, "Ana")


def test_a_removed_note_comes_back_with_one_press(client_as: ClientAs, acme: Tenant, contact: Contact) -> None:
    ana = client_as("ana")
    ana.post(f"/contactos/{contact.pk}/notas/", {"text": "Importante"})
    with tenant_context(acme):
        note = Note.objects.get(text="Importante")

    gone = ana.post(f"/notas/{note.pk}/borrar/")
    offered = ana.get(gone["Location"]).content.decode()
    with tenant_context(acme):
        assert not Note.objects.filter(pk=note.pk).exists()
    assert f"/notas/{note.pk}/restaurar/" in offered
    ana.post(f"/notas/{note.pk}/restaurar/")

    with tenant_context(acme):
        again = Note.objects.get(pk=note.pk)
    assert (again.text, again.created_at) == ("Importante", note.created_at)


def test_a_note_about_a_lead_stands_on_both_pages(client_as: ClientAs, acme: Tenant, contact: Contact) -> None:
    with tenant_context(acme):
        lead = Lead.objects.filter(contact=contact).latest("created_at")
    ana = client_as("ana")

    ana.post(f"/leads/{lead.pk}/notas/", {"text": "Del lead"})

    assert "Del lead" in ana.get(f"/leads/{lead.pk}/").content.decode()
    assert "Del lead" in page(ana, contact)
