"""The pages, their files and their API: numbers that open exactly the rows they count."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date
from html import unescape
from typing import Any

import pytest
import time_machine
from django.test import Client

from crm.models import Seller
from crm.reports import ahead, catalogue, dashboard, people, sales
from crm.reports.base import Scope
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.crm.reports.conftest import at, lead
from tests.factories.crm_more import make_assignment
from tests.support.statements import Statements

CUSTOM = "period=custom&from=2026-11-01&to=2026-11-30"
Look = Callable[..., Scope]
PAGES = ["/tablero/", *(f"/informes/{entry.slug}/" for entry in catalogue.ENTRIES)]


@pytest.fixture
def month(acme: Tenant, vera: Seller) -> None:
    """Some of everything."""
    with tenant_context(acme):
        lead(source="feria", came=at(2), owner=vera)
        lead(source="feria", stage="calificado", came=at(3), expected_close=date(2026, 12, 20), value=10)
        lead(source="", stage="ganado", came=at(4), closed=at(9), owner=vera, value=100)
        lead(source="web", stage="ganado", came=at(4, month=9), closed=at(9), value=50)
        lead(source="web", stage="perdido", came=at(5), closed=at(9), lost_reason="Precio")
        lead(source="web", stage="perdido", came=at(5, month=10), closed=at(9, month=10), lost_reason="Precio")
        given = make_assignment(
            lead=lead(source="feria", came=at(30, month=10), expected_close=date(2026, 10, 1)), seller=vera
        )
        type(given).objects.filter(pk=given.pk).update(at=at(7))


def listed(client: Client, href: str) -> int:
    """How many rows the page behind a number lists."""
    page = client.get(href).content.decode()
    assert "no se aplicó" not in page, href
    return len(re.findall(r"<tr[^>]*data-row", page))


def test_every_number_with_a_link_opens_as_many_rows(
    month: None, looked_at: Look, acme: Tenant, client_as: Callable[..., Client]
) -> None:
    with tenant_context(acme):
        scope = looked_at()
        arrivals, sources = dashboard.arrivals_and_sources(scope)
        reports = [
            sales.funnel(scope), sales.sources(scope), sales.losses(scope), arrivals, sources,
            ahead.forecast(scope, date(2026, 11, 21)), people.sellers(scope),
        ]  # fmt: skip
        numbers = {
            cell.href: cell.value
            for report in reports
            for row in report.rows
            for cell in row
            if cell.href and isinstance(cell.value, int)
        }
        numbers |= {
            card.href: card.value
            for card in dashboard.cards(scope)
            if card.href.startswith("/leads/") and isinstance(card.value, int)
        }
    client = client_as("ana")
    assert len(numbers) > 40
    assert sum(1 for value in numbers.values() if value) > 15
    wrong = {href: (value, found) for href, value in numbers.items() if (found := listed(client, href)) != value}
    assert wrong == {}


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("name", ["ana", "sol"])
def test_pages_show_bars_and_a_table(month: None, path: str, name: str, client_as: Callable[..., Client]) -> None:
    page = client_as(name).get(f"{path}?{CUSTOM}")
    assert page.status_code == 200
    assert b"<h1>" in page.content


@pytest.mark.parametrize("path", PAGES)
def test_nonsense_in_the_address_is_the_usual_month(path: str, client_as: Callable[..., Client]) -> None:
    page = client_as("ana").get(f"{path}?period=nunca&from=x&to=%00&pipeline=y&seller=z")
    assert page.status_code == 200


@pytest.mark.parametrize("path", PAGES)
def test_no_data_is_a_dash_or_said_in_words(path: str, client_as: Callable[..., Client]) -> None:
    text = unescape(client_as("ana").get(path).content.decode())
    assert "—" in text or "Sin datos" in text or "No hay" in text
    assert "NaN" not in text
    assert "None" not in text


def test_a_file_holds_the_table_and_runs_nothing(month: None, acme: Tenant, client_as: Callable[..., Client]) -> None:
    with tenant_context(acme):
        lead(source="=cmd|' /c calc'!A1", came=at(6))
    answer = client_as("ana").get(f"/informes/origenes/?{CUSTOM}&format=csv")
    assert answer["Content-Type"].startswith("text/csv")
    lines = answer.content.decode().lstrip("\ufeff").splitlines()
    assert lines[0].startswith("Origen,Leads,")
    assert any(line.startswith(("\"'=cmd", "'=cmd")) for line in lines)


def test_the_dashboard_costs_few_statements(
    month: None, client_as: Callable[..., Client], statements: Callable[[], AbstractContextManager[Statements]]
) -> None:
    client = client_as("ana")
    for path in PAGES:
        with statements() as seen:
            client.get(path)
        assert seen.count <= 8, f"{path}\n{seen}"


def test_goals_are_set_on_their_page_by_whoever_directs(
    acme: Tenant, vera: Seller, client_as: Callable[..., Client]
) -> None:
    said = {"seller": str(vera.pk), "month": "2026-11", "measure": "won_count", "target": "5"}
    assert client_as("sol").post("/informes/metas/nueva/", said).status_code == 403
    client = client_as("ana")
    answer = client.post("/informes/metas/nueva/", said)
    assert answer.status_code == 302
    page = client.get(answer["Location"]).content.decode()
    assert "Sol vende" in page
    wrong = client.post("/informes/metas/nueva/", {**said, "target": "poco"})
    assert wrong.status_code == 422
    assert "poco" in wrong.content.decode()


@time_machine.travel("2026-11-21T15:00:00Z", tick=True)
def test_the_api_tells_the_same(month: None, api_as: Callable[..., Any], vera: Seller) -> None:
    api = api_as("ana")
    board = api.get(f"/api/v1/reports/dashboard/?{CUSTOM}").json()
    assert board["period"] == {"name": "custom", "from": "2026-11-01", "to": "2026-11-30"}
    cards = {card["key"]: card for card in board["cards"]}
    assert cards["leads"]["value"] == 4
    assert cards["won_value"]["value"] == [{"amount": "150.00", "currency": "ARS"}]
    assert cards["first_response"]["value"] is None
    funnel = api.get(f"/api/v1/reports/funnel/?{CUSTOM}").json()
    assert funnel["rows"][0]["reached"] == 4
    assert api.get("/api/v1/reports/funnel/?period=ayer").status_code == 400
    assert api.get("/api/v1/reports/nothing/").status_code == 404
    body = {"seller": str(vera.pk), "month": "2026-11-05", "measure": "won_value", "target": "1000.00"}
    goal = api.post("/api/v1/goals/", body)
    assert (goal.status_code, goal.json()["currency"]) == (201, "ARS")
    assert api_as("sol").post("/api/v1/goals/", body).status_code == 403
    assert api.delete(f"/api/v1/goals/{goal.json()['id']}/").status_code == 204
    assert api.get("/api/v1/goals/").json()["results"] == []
