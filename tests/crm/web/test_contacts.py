"""The pages of people: list, form, consent, blacklist, doubles, uniting."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from crm.models import Consent, Contact, ContactMerge, DuplicatePair
from crm.services import duplicates, points
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tenants.models import Tenant
from tests.factories.crm import make_contact, make_lead
from tests.factories.crm_more import make_client, make_custom_field, make_point

As = Callable[..., Client]
BY = Actor.system("Prueba")


def words(answer: Any) -> str:
    return str(answer.content.decode())


def one(acme: Tenant, **which: object) -> Contact:
    with tenant_context(acme):
        return Contact.objects.prefetch_related("points").get(**which)


def test_an_empty_list_says_what_fills_it(client_as: As) -> None:
    assert "Todavía no hay contactos" in words(client_as("ana").get("/contactos/"))


def test_people_are_found_by_what_one_remembers(client_as: As, acme: Tenant) -> None:
    with tenant_context(acme):
        jose = make_contact(name="José Núñez", city="Rosario", tags=["vip"])
        points.add_point(contact=jose, kind="phone", value="+5491155559999", by=BY)
        make_client(contact=make_contact(name="Marta Paz", opted_out_at="2026-11-01T00:00:00Z"))
    page = client_as("ana")
    for asked in ("q=nunez", "q=55559999", "city=rosario", "tag=vip", "client=no"):
        found = words(page.get(f"/contactos/?{asked}"))
        assert ("José Núñez" in found, "Marta Paz" in found) == (True, False), asked
    whole = words(page.get("/contactos/"))
    assert "Cliente" in whole
    assert "No recibir" in whole
    assert "Ningún contacto coincide" in words(page.get("/contactos/?q=zzz"))


def test_a_contact_is_created_with_everything(client_as: As, acme: Tenant) -> None:
    with tenant_context(acme):
        make_custom_field(on="contact", key="plan", label="Plan", kind="choice", options=["oro"])
    said = {
        "name": "Ana Paz", "phone": "11 5555 1111", "email": "ANA@b.test", "city": "Salta", "notes": "Llama de tarde",
        "phones": "11 5555 2222\r\n\r\n+54 9 11 5555 3333", "emails": "otra@b.test", "tags": "vip, feria", "custom.plan": "oro",
    }  # fmt: skip
    answer = client_as("sol").post("/contactos/nuevo/", said)
    ana = one(acme, name="Ana Paz")
    assert answer["Location"] == f"/contactos/{ana.pk}/"
    assert (ana.phone, ana.email, ana.tags, ana.custom) == (
        "+541155551111", "ana@b.test", ["vip", "feria"], {"plan": "oro"},
    )  # fmt: skip
    assert sorted(point.value for point in ana.points.all()) == ["+541155552222", "+5491155553333", "otra@b.test"]


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ({}, "Falta el nombre, el teléfono o el correo."),
        ({"name": "Ana", "phone": "abc"}, "El teléfono no se entiende"),
        ({"name": "Ana", "phones": "11 5555 4444\nno"}, "no: El teléfono no se entiende"),
        ({"name": "Ana", "phone": "+541155559999"}, "Ya hay un contacto con ese teléfono."),
        ({"name": "Ana", "phones": "11 5555 9999"}, "Ya hay un contacto con ese teléfono."),
    ],
)
def test_a_wrong_form_keeps_what_was_typed_and_saves_nothing(
    client_as: As, acme: Tenant, said: dict[str, str], complaint: str
) -> None:
    with tenant_context(acme):
        make_contact(phone="+5491155559999")
    answer = client_as("sol").post("/contactos/nuevo/", {"city": "Salta", **said})
    assert answer.status_code == 422
    assert complaint in words(answer)
    assert 'value="Salta"' in words(answer)
    with tenant_context(acme):
        assert Contact.objects.count() == 1


def test_what_is_taken_out_of_the_form_goes(client_as: As, acme: Tenant) -> None:
    with tenant_context(acme):
        contact = make_contact(name="Ana", tags=["vip"], city="Salta")
        make_point(contact=contact, value="+5491155552222")
    page = client_as("ana")
    assert "+5491155552222" in words(page.get(f"/contactos/{contact.pk}/editar/"))
    answer = page.post(
        f"/contactos/{contact.pk}/editar/", {"name": "Ana", "phone": contact.phone, "phones": "", "tags": ""}
    )
    assert answer.status_code == 302
    found = one(acme, pk=contact.pk)
    assert (found.tags, found.city, list(found.points.all())) == ([], "", [])


def test_consent_is_noted_on_its_page(client_as: As, acme: Tenant) -> None:
    with tenant_context(acme):
        contact = make_contact()
    page, url = client_as("sol"), f"/contactos/{contact.pk}/consentimientos/"
    assert page.post(url, {"purpose": "marketing", "granted": "0", "source": ""}).status_code == 422
    assert page.post(url, {"purpose": "marketing", "granted": "0", "source": "Por teléfono"}).status_code == 302
    assert "rechazó" in words(page.get(url))
    page.post(f"/contactos/{contact.pk}/no-recibir/")
    assert one(acme).opted_out_at is not None
    page.post(f"/contactos/{contact.pk}/no-recibir/", {"again": "1"})
    assert one(acme).opted_out_at is None
    with tenant_context(acme):
        assert Consent.objects.filter(purpose="marketing").count() == 3


def test_somebody_is_blocked_with_a_reason_and_freed_from_the_list(client_as: As, acme: Tenant) -> None:
    with tenant_context(acme):
        contact = make_contact(name="Insistente")
    page = client_as("sol")
    assert "Nadie está bloqueado" in words(page.get("/contactos/bloqueados/"))
    assert page.post(f"/contactos/{contact.pk}/bloquear/", {"reason": " "}).status_code == 422
    assert page.post(f"/contactos/{contact.pk}/bloquear/", {"reason": "Insultos"}).status_code == 302
    listed = words(page.get("/contactos/bloqueados/"))
    assert "Insistente" in listed
    assert "Insultos" in listed
    answer = page.post(f"/contactos/{contact.pk}/desbloquear/", {"back": "list"})
    assert answer["Location"] == "/contactos/bloqueados/"
    assert one(acme).blocked_at is None


def test_a_pair_is_looked_at_side_by_side_and_put_aside(client_as: As, acme: Tenant) -> None:
    with tenant_context(acme):
        first, _second = make_contact(name="Ana", email="a@b.test"), make_contact(name="Ana Paz", email="a@b.test")
        duplicates.find_for(first.pk)
        pair = DuplicatePair.objects.get()
    page = client_as("ana")
    shown = words(page.get("/contactos/duplicados/"))
    assert "El mismo correo: a@b.test" in shown
    assert shown.count("Unir y conservar este") == 2
    page.post(f"/contactos/duplicados/{pair.pk}/distintos/")
    assert "No hay contactos que parezcan repetidos" in words(page.get("/contactos/duplicados/"))
    assert page.post(f"/contactos/duplicados/{pair.pk}/distintos/").status_code == 404


def test_uniting_is_looked_at_first_done_and_taken_back(client_as: As, acme: Tenant) -> None:
    with tenant_context(acme):
        kept, other = make_contact(name="Ana", city=""), make_contact(name="Ana Paz", city="Salta")
        make_lead(contact=other)
    page = client_as("ana")
    assert "Ana Paz" in words(page.get(f"/contactos/{kept.pk}/unir/?q=ana+paz"))
    before = words(page.get(f"/contactos/{kept.pk}/unir/{other.pk}/"))
    for shown in ("Salta", f"{kept.phone}, {other.phone}", "leads: 1"):
        assert shown in before
    assert page.post(f"/contactos/{kept.pk}/unir/{other.pk}/")["Location"] == f"/contactos/{kept.pk}/"
    assert one(acme).city == "Salta"
    assert page.get(f"/contactos/{kept.pk}/unir/{other.pk}/").status_code == 404
    with tenant_context(acme):
        merge = ContactMerge.objects.get()
    page.post(f"/contactos/{kept.pk}/uniones/{merge.pk}/deshacer/")
    assert one(acme, name="Ana Paz").pk == other.pk
    answer = page.post(f"/contactos/{kept.pk}/uniones/{merge.pk}/deshacer/", follow=True)
    assert "Esa unión ya se deshizo." in words(answer)


def test_one_cannot_be_united_with_oneself(client_as: As, acme: Tenant) -> None:
    with tenant_context(acme):
        contact = make_contact()
    answer = client_as("ana").post(f"/contactos/{contact.pk}/unir/{contact.pk}/")
    assert answer.status_code == 422
    assert "Es el mismo contacto." in words(answer)


@pytest.mark.parametrize("path", ["/contactos/", "/contactos/duplicados/", "/contactos/bloqueados/"])
def test_the_lists_cost_the_same_with_many(client_as: As, acme: Tenant, statements: Any, path: str) -> None:
    page, counts = client_as("ana"), []
    for size in (2, 20):
        with tenant_context(acme):
            for number in range(size):
                pair = [make_contact(email=f"{size}-{number}@b.test", tags=["vip"]) for _side in range(2)]
                make_point(contact=make_contact(blocked_at="2026-11-01T00:00:00Z", blocked_reason="x"))
                make_client(contact=pair[0])
                duplicates.find_for(pair[0].pk)
        with statements() as seen:
            assert page.get(path).status_code == 200
        counts.append(seen.count)
    assert counts[0] == counts[1] <= 8, seen.sql
