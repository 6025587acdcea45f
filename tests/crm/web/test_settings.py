"""Fields, labels and doors as their pages show and change them; the page that leads to all of them."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.test import Client

from crm.models import CustomField, InboundForm, Submission, Tag
from crm.services.custom_fields import create_field
from crm.services.submissions import Arrival, take
from crm.services.tags import create_tag
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.factories.crm import make_contact, make_lead
from tests.factories.doors import BY, make_form, make_webhook
from tests.support.statements import Statements

FIELDS, TAGS, FORMS = "/ajustes/campos/", "/ajustes/etiquetas/", "/ajustes/formularios/"
AsPerson = Callable[..., Client]


@pytest.fixture
def ana_page(client_as: AsPerson) -> Client:
    return client_as("ana")


class TestHub:
    def test_it_leads_to_what_exists_and_is_permitted(self, ana_page: Client, client_as: AsPerson) -> None:
        text = ana_page.get("/ajustes/").content.decode()
        for href in (FIELDS, TAGS, FORMS, "/claves/", "/auditoria/"):
            assert f'href="{href}"' in text
            assert ana_page.get(href).status_code == 200
        office = client_as("rita").get("/ajustes/").content.decode()
        assert f'href="{FIELDS}"' in office
        assert f'href="{FORMS}"' not in office.split("<main", 1)[1]
        assert client_as("sol").get("/ajustes/").status_code == 403


class TestFields:
    def test_an_empty_page_says_what_to_do(self, ana_page: Client) -> None:
        text = ana_page.get(FIELDS).content.decode()
        assert "Todavía no hay campos propios" in text
        assert f'href="{FIELDS}nuevo/"' in text

    def test_one_is_added_changed_and_put_in_order(self, acme: Tenant, ana_page: Client) -> None:
        sent = {"on": "lead", "label": "Zona", "kind": "choice", "options": "Norte\nSur\n\n", "is_active": "on"}
        assert ana_page.post(f"{FIELDS}nuevo/", sent).status_code == 303
        ana_page.post(f"{FIELDS}nuevo/", {"on": "lead", "label": "Edad", "kind": "number", "is_active": "on"})
        with tenant_context(acme):
            zone, age = CustomField.objects.order_by("position")
            assert (zone.key, zone.options) == ("zona", ["Norte", "Sur"])
        ana_page.post(f"{FIELDS}{age.pk}/orden/", {"hacia": "arriba"})
        ana_page.post(
            f"{FIELDS}{zone.pk}/", {"label": "Barrio", "kind": "choice", "options": "Norte", "is_active": "on"}
        )
        with tenant_context(acme):
            assert [row.label for row in CustomField.objects.order_by("position")] == ["Edad", "Barrio"]

    def test_what_was_written_stays_after_an_error(self, ana_page: Client) -> None:
        sent = ana_page.post(f"{FIELDS}nuevo/", {"on": "lead", "label": "Zona", "kind": "choice", "options": ""})
        assert sent.status_code == 422
        assert 'value="Zona"' in sent.content.decode()
        assert "opciones, una por línea" in sent.content.decode()

    def test_removing_asks_about_the_values(self, acme: Tenant, ana_page: Client) -> None:
        with tenant_context(acme):
            field = create_field(on="lead", label="Zona", kind="text", by=BY)
            lead = make_lead(custom={"zona": "Sur"})
        assert "Quedan guardados" in ana_page.get(f"{FIELDS}{field.pk}/eliminar/").content.decode()
        assert ana_page.post(f"{FIELDS}{field.pk}/eliminar/", {"values": "clear"}).status_code == 303
        with tenant_context(acme):
            lead.refresh_from_db()
            assert lead.custom == {}

    def test_who_may_only_look_changes_nothing(self, acme: Tenant, client_as: AsPerson) -> None:
        with tenant_context(acme):
            field = create_field(on="lead", label="Zona", kind="text", by=BY)
        rita = client_as("rita")
        assert "Zona" in rita.get(FIELDS).content.decode()
        assert rita.post(f"{FIELDS}{field.pk}/eliminar/", {"values": "keep"}).status_code == 403
        assert client_as("gus").get(f"{FIELDS}{field.pk}/").status_code == 404


class TestTags:
    def test_made_counted_renamed_united_and_removed(self, acme: Tenant, ana_page: Client) -> None:
        assert ana_page.post(f"{TAGS}crear/", {"name": "Feria", "color": "amber"}).status_code == 303
        assert ana_page.post(f"{TAGS}crear/", {"name": "feria", "color": "red"}).status_code == 422
        with tenant_context(acme):
            fair, expo = Tag.objects.get(), create_tag(name="Expo", by=BY)
            lead = make_lead(tags=["Feria"])
        text = ana_page.get(TAGS).content.decode()
        assert "Leads: 1" in text
        assert 'data-color="amber"' in text
        ana_page.post(f"{TAGS}{fair.pk}/", {"name": "Feria 2026", "color": "teal"})
        with tenant_context(acme):
            lead.refresh_from_db()
            assert lead.tags == ["Feria 2026"]
        assert ana_page.post(f"{TAGS}{fair.pk}/unir/", {"into": ""}).status_code == 422
        ana_page.post(f"{TAGS}{fair.pk}/unir/", {"into": str(expo.pk)})
        ana_page.post(f"{TAGS}{expo.pk}/eliminar/")
        with tenant_context(acme):
            lead.refresh_from_db()
            assert (lead.tags, Tag.objects.count()) == ([], 0)

    def test_one_of_another_company_cannot_be_united(self, acme: Tenant, globex: Tenant, ana_page: Client) -> None:
        with tenant_context(globex):
            theirs = create_tag(name="Suya", by=BY)
        with tenant_context(acme):
            mine = create_tag(name="Mía", by=BY)
        assert ana_page.post(f"{TAGS}{mine.pk}/unir/", {"into": str(theirs.pk)}).status_code == 422


class TestDoors:
    def test_a_new_form_opens_with_the_usual_questions(
        self, acme: Tenant, ana_page: Client, client_as: AsPerson
    ) -> None:
        made = ana_page.post(f"{FORMS}nuevo/", {"kind": "form", "name": "Página de precios"})
        page = ana_page.get(made["Location"]).content.decode()
        assert "/f/acme/pagina-de-precios/" in page
        assert "Todavía no llegó nada" in page
        assert client_as(None).get("/f/acme/pagina-de-precios/").status_code == 200

    def test_the_token_is_shown_once(self, acme: Tenant, ana_page: Client) -> None:
        made = ana_page.post(f"{FORMS}nuevo/", {"kind": "webhook", "name": "Meta Ads"})
        assert "no se vuelve a mostrar" in made.content.decode()
        with tenant_context(acme):
            door = InboundForm.objects.get()
        page = ana_page.get(f"{FORMS}{door.pk}/").content.decode()
        assert "no se vuelve a mostrar" not in page
        assert f"termina en {door.token_last4}" in page
        renewed = ana_page.post(f"{FORMS}{door.pk}/clave/")
        assert "no-store" in renewed["Cache-Control"]
        with tenant_context(acme):
            assert InboundForm.objects.get().token_hash != door.token_hash

    def test_its_questions_are_chosen(self, acme: Tenant, ana_page: Client) -> None:
        with tenant_context(acme):
            create_field(on="lead", label="Zona", kind="text", by=BY)
            door = make_form()
        sent = {
            "name": "Web",
            "slug": "web",
            "title": "Escribinos",
            "consent_text": "Acepto",
            "consent_purpose": "marketing",
            "allowed_domains": "www.acme.test\n",
            "tags": "web, vip",
            "use:phone": "required",
            "use:lead.zona": "optional",
            "use:consent": "required",
        }
        assert ana_page.get(f"{FORMS}{door.pk}/editar/").status_code == 200
        assert ana_page.post(f"{FORMS}{door.pk}/editar/", sent).status_code == 303
        with tenant_context(acme):
            door.refresh_from_db()
            assert door.fields == [
                {"name": "phone", "required": True},
                {"name": "lead.zona", "required": False},
                {"name": "consent", "required": True, "purpose": "marketing"},
            ]
            assert (door.tags, door.allowed_domains) == (["web", "vip"], ["www.acme.test"])
        refused = ana_page.post(
            f"{FORMS}{door.pk}/editar/", {**sent, "use:phone": "", "allowed_domains": "no un sitio"}
        )
        assert refused.status_code == 422
        assert "no un sitio" in refused.content.decode()

    def test_a_mapping_is_written_down(self, acme: Tenant, ana_page: Client) -> None:
        with tenant_context(acme):
            door, _token = make_webhook()
        sent = {"name": "Meta Ads", "slug": "meta-ads", "use:phone": "required", "path:phone": "data.tel"}
        assert ana_page.post(f"{FORMS}{door.pk}/editar/", sent).status_code == 303
        with tenant_context(acme):
            door.refresh_from_db()
            assert door.fields == [{"name": "phone", "required": True, "path": "data.tel"}]

    def test_a_trial_makes_nobody(self, acme: Tenant, ana_page: Client) -> None:
        with tenant_context(acme):
            door = make_form()
        assert ana_page.post(f"{FORMS}{door.pk}/probar/").status_code == 303
        with tenant_context(acme):
            row = Submission.objects.get()
            assert (row.state, row.contact_id, row.error) == ("test", None, "")
        assert "Prueba" in ana_page.get(f"{FORMS}{door.pk}/").content.decode()

    def test_what_was_refused_is_seen_with_its_reason(self, acme: Tenant, ana_page: Client) -> None:
        with tenant_context(acme):
            door, _token = make_webhook()
            take(form=door, arrival=Arrival({"phone": "12"}, {"phone": "12", "token": "s3cr3t"}))
        page = ana_page.get(f"{FORMS}{door.pk}/").content.decode()
        assert "No entró" in page
        assert "El teléfono no se entiende" in page
        assert "s3cr3t" not in page
        assert "El último no entró" in ana_page.get(FORMS).content.decode()

    def test_it_is_closed_opened_and_removed(self, acme: Tenant, ana_page: Client, client_as: AsPerson) -> None:
        with tenant_context(acme):
            door = make_form()
            contact = make_contact()
        ana_page.post(f"{FORMS}{door.pk}/estado/")
        assert client_as(None).get("/f/acme/web/").status_code == 404
        ana_page.post(f"{FORMS}{door.pk}/estado/")
        assert client_as(None).get("/f/acme/web/").status_code == 200
        assert ana_page.get(f"{FORMS}{door.pk}/eliminar/").status_code == 200
        ana_page.post(f"{FORMS}{door.pk}/eliminar/")
        with tenant_context(acme):
            assert not InboundForm.objects.exists()
            contact.refresh_from_db()

    @pytest.mark.parametrize("name", ["rita", "sol", "paz"])
    def test_only_who_directs_sees_them(self, client_as: AsPerson, name: str) -> None:
        assert client_as(name).get(FORMS).status_code == 403


@pytest.mark.parametrize("path", ["/ajustes/", FIELDS, TAGS, FORMS])
def test_a_page_costs_the_same_with_ten_rows_and_a_hundred(
    acme: Tenant, ana_page: Client, path: str, statements: Callable[[], AbstractContextManager[Statements]]
) -> None:
    ana_page.get(path)
    counts = []
    for number in (5, 40):
        with tenant_context(acme):
            for each in range(number):
                create_tag(name=f"t{number}-{each}", by=BY)
                make_form(name=f"f{number}-{each}")
                if each < 20:
                    create_field(on="lead", label=f"c{number}-{each}", kind="text", by=BY)
        with statements() as seen:
            assert ana_page.get(path).status_code == 200
        counts.append(seen.count)
    assert counts[0] == counts[1] <= 8
