"""What leaves: by permission, the same as the list, harmless, told, and able to come back without changing anything."""

import csv
import io
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from rest_framework.test import APIClient

from crm.models import Client as Buyer
from crm.models import Contact, CustomField, Lead
from tenants.context import tenant_context
from tenants.models import SystemEvent
from tests.factories.crm import make_contact, make_lead, make_seller

pytestmark = pytest.mark.usefixtures("db")
Browser = Callable[..., Client]
Api = Callable[..., APIClient]


def rows_of(answer: Any, separator: str = ",") -> list[dict[str, str]]:
    text = b"".join(answer.streaming_content).decode()
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), delimiter=separator))


@pytest.fixture
def leads(acme: Any) -> None:
    with tenant_context(acme):
        CustomField.objects.create(on="contact", key="edad", label="Edad", kind="number")
        CustomField.objects.create(on="lead", key="planes", label="Planes", kind="choices", options=["Oro", "Plata"])
        ana = make_contact(
            name="=HYPERLINK(1)", phone="+5491155550001", email="a@example.com", city="Ñuñoa", notes="dos\nlíneas; y más",
            tags=["vip", "feria"], custom={"edad": 31, "document": "20.111"},
        )  # fmt: skip
        make_lead(
            contact=ana, source="web", value=Decimal("1500.50"), currency="ARS", custom={"planes": ["Oro", "Plata"]}
        )
        make_lead(contact=ana, source="feria")
        make_lead(contact=make_contact(name="Sin teléfono", phone=None), source="web", interest="high")


def test_the_list_leaves_as_csv(client_as: Browser, leads: None) -> None:
    answer = client_as("ana").get("/leads/exportar/?format=csv&source=web")
    assert answer["Content-Type"].startswith("text/csv")
    rows = rows_of(answer)
    assert [row["Nombre"] for row in rows] == ["Sin teléfono", "'=HYPERLINK(1)"]
    lead = rows[1]
    assert (lead["Teléfono"], lead["Valor"], lead["Moneda"]) == ("'+5491155550001", "1500.50", "ARS")
    assert (lead["Edad"], lead["Planes"], lead["Ciudad"]) == ("31", "Oro, Plata", "Ñuñoa")
    assert rows[0]["Teléfono"] == ""


def test_semicolons_for_whose_spreadsheet_wants_them(client_as: Browser, leads: None) -> None:
    rows = rows_of(client_as("ana").get("/contactos/exportar/?format=csv-semicolon&q=hyperlink"), ";")
    assert [row["Correo"] for row in rows] == ["a@example.com"]


def test_xlsx_has_no_formula_and_numbers_that_count(client_as: Browser, leads: None) -> None:
    answer = client_as("ana").get("/leads/exportar/?format=xlsx&source=web")
    sheet = openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content))).active
    found = {cell.value: cell for row in sheet.iter_rows() for cell in row if cell.value is not None}
    assert not any(cell.data_type == "f" for cell in found.values())
    assert "'=HYPERLINK(1)" in found
    assert "+5491155550001" in found
    assert found[1500.5].data_type == "n"


def test_without_a_format_the_page_asks_for_one(client_as: Browser, leads: None) -> None:
    shown = client_as("ana").get("/leads/exportar/?source=web").content.decode()
    assert 'name="source" value="web"' in shown
    assert "Origen: web" in shown


def test_only_who_may_export_gets_it_and_each_time_is_told(
    client_as: Browser, api_as: Api, leads: None, acme: Any
) -> None:
    for address in ("/leads/exportar/?format=csv", "/contactos/exportar/?format=csv", "/clientes/exportar/?format=csv"):
        assert client_as("sol").get(address).status_code == 403
    assert api_as("sol").get("/api/v1/leads/export?format=csv").status_code == 403
    list(client_as("ana").get("/leads/exportar/?format=csv&source=web").streaming_content)
    with tenant_context(acme):
        connection.run_before_commit()
        ok = SystemEvent.objects.filter(action="leads.exported", outcome="ok").get()
    assert ok.diff == {"filters": ["source"], "format": "csv", "rows": 2}


def test_how_many_rows_of_a_long_list_left_is_told_at_the_end(
    client_as: Browser, leads: None, acme: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crm.exporting.writing.CHUNK", 2)
    ana = client_as("ana")
    list(ana.get("/leads/exportar/?format=csv").streaming_content)
    cut = ana.get("/leads/exportar/?format=csv")
    pieces = iter(cut.streaming_content)
    next(pieces), next(pieces)
    cut.close()
    with tenant_context(acme):
        connection.run_before_commit()
        ends = SystemEvent.objects.filter(action="leads.export_finished").order_by("pk")
        assert [(event.outcome, event.diff) for event in ends] == [("ok", {"rows": 3}), ("failed", {"rows": 0})]


def test_another_company_gets_its_own_only(client_as: Browser, api_as: Api, leads: None) -> None:
    assert rows_of(client_as("gus").get("/leads/exportar/?format=csv")) == []
    assert rows_of(api_as("gus").get("/api/v1/contacts/export?format=csv")) == []


def test_more_rows_than_a_chunk_all_leave_once(client_as: Browser, acme: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crm.exporting.writing.CHUNK", 3)
    with tenant_context(acme):
        names = {make_contact(name=f"Persona {n}").name for n in range(10)}
    rows = rows_of(client_as("ana").get("/contactos/exportar/?format=csv"))
    assert sorted(row["Nombre"] for row in rows) == sorted(names)


@pytest.mark.parametrize("noun", ["leads", "contacts"])
@pytest.mark.parametrize("kind", ["csv", "csv-semicolon", "xlsx"])
@pytest.mark.parametrize("policy", ["fill", "replace"])
def test_what_left_comes_back_and_changes_nothing(
    api_as: Api, leads: None, acme: Any, noun: str, kind: str, policy: str
) -> None:
    ana = api_as("ana")
    content = b"".join(ana.get(f"/api/v1/{noun}/export?format={kind}").streaming_content)
    with tenant_context(acme):
        before = [list(Contact.objects.order_by("pk").values()), list(Lead.objects.order_by("pk").values())]
    answer = ana.post(
        "/api/v1/leads/import", {"file": SimpleUploadedFile("x", content), "policy": policy}, format="multipart"
    )
    body = answer.json()
    assert (body["created"], body["updated"], body["failed"]) == (0, 0, 0), body
    with tenant_context(acme):
        assert [list(Contact.objects.order_by("pk").values()), list(Lead.objects.order_by("pk").values())] == before


def test_clients_leave_with_who_attends_them(api_as: Api, acme: Any) -> None:
    with tenant_context(acme):
        contact = make_contact(name="Compradora")
        Buyer.objects.create(contact=contact, owner=make_seller(name="Sol"), since=contact.created_at)
    rows = rows_of(api_as("ana").get("/api/v1/clients/export?format=csv"))
    assert [(row["Nombre"], row["Vendedor"], row["Estado"]) for row in rows] == [("Compradora", "Sol", "Activo")]
