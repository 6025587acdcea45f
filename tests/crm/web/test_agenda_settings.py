"""The settings of the agenda."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from crm.agenda import settings
from crm.models import HoursException, Seller, Service
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.factories.agenda import make_agenda_settings, make_event, make_hours_exception, make_service
from tests.factories.crm import make_seller
from tests.support.cast import Person

Browser = Callable[..., Client]
HOME = "/ajustes/agenda/"


@pytest.fixture
def ceo(client_as: Browser) -> Client:
    return client_as("ana")


def soon(days: int = 3) -> date:
    return timezone.localdate() + timedelta(days=days)


def filled(**over: Any) -> dict[str, Any]:
    """The form of a service as a browser sends it."""
    usual = {"duration_minutes": "60", "step_minutes": "60", "buffer_before": "0", "buffer_after": "0"}
    return {"name": "Consulta", "notice_minutes": "0", "horizon_days": "60", "is_active": "on", **usual, **over}


def test_without_services_the_page_says_what_is_booked_then(ceo: Client) -> None:
    body = ceo.get(HOME).content.decode()
    assert "Todavía no hay servicios" in body
    assert f'href="{HOME}servicios/nuevo/"' in body
    assert f'href="{HOME}"' in ceo.get("/ajustes/").content.decode()


def test_a_service_is_added_shown_changed_and_archived(ceo: Client, acme: Tenant) -> None:
    with tenant_context(acme):
        seller = make_seller(name="Uno")
    said = filled(price="1.500,50", notice_minutes="120", daily_limit="4", sellers=[str(seller.pk)], color="teal")
    assert ceo.post(f"{HOME}servicios/nuevo/", said).status_code == 303
    with tenant_context(acme):
        service = Service.objects.get()
        assert (service.price, service.notice_minutes, service.daily_limit) == (Decimal("1500.50"), 120, 4)
        assert (service.currency, service.is_public, list(service.sellers.all())) == (acme.currency, False, [seller])
    body = ceo.get(HOME).content.decode()
    for words in ("Consulta", "1 hora", "Uno", "Solo para el equipo"):
        assert words in body
    page = f"{HOME}servicios/{service.pk}/"
    assert "1500.5" in ceo.get(page).content.decode()
    assert ceo.post(page, filled(name="Visita", duration_minutes="30")).status_code == 303
    with tenant_context(acme):
        make_event(service=service)
    ceo.post(f"{page}eliminar/")
    with tenant_context(acme):
        service.refresh_from_db()
        assert (service.name, service.duration_minutes, service.is_active) == ("Visita", 30, False)
    assert "Archivado" in ceo.get(HOME).content.decode()


def test_a_service_that_nobody_booked_is_taken_away(ceo: Client, acme: Tenant) -> None:
    with tenant_context(acme):
        service = make_service()
    assert ceo.post(f"{HOME}servicios/{service.pk}/eliminar/").status_code == 303
    with tenant_context(acme):
        assert not Service.objects.exists()


def test_a_bad_service_keeps_what_was_typed(ceo: Client, acme: Tenant) -> None:
    answer = ceo.post(f"{HOME}servicios/nuevo/", filled(name="Larga", duration_minutes="9999", price="mucho"))
    assert answer.status_code == 422
    body = answer.content.decode()
    assert "Larga" in body
    assert "mucho" in body
    assert 'aria-invalid="true"' in body
    with tenant_context(acme):
        assert not Service.objects.exists()


def test_holidays_are_chosen_and_the_coming_ones_are_listed(ceo: Client, acme: Tenant) -> None:
    said = {"holidays": "ES", "offer_minutes": "45", "reminder_hours": "2, 24", "reminder_template": "cita_es"}
    assert ceo.post(f"{HOME}general/", said).status_code == 303
    with tenant_context(acme):
        now = settings.current()
        assert (now.holidays, now.offer_minutes, now.reminder_hours) == ("ES", 45, [24, 2])
        assert now.reminder_template == "cita_es"
    page = ceo.get(HOME)
    body = page.content.decode()
    assert "Próximos feriados de España" in body
    assert len(page.context["holidays"]) == 10
    assert "24, 2" in body


@pytest.mark.parametrize(
    "over",
    [{"reminder_hours": "mañana"}, {"reminder_hours": "0"}, {"reminder_hours": "1,2,3,4"}, {"offer_minutes": "0"}],
    ids=str,
)
def test_general_settings_that_make_no_sense_are_refused(ceo: Client, acme: Tenant, over: dict[str, str]) -> None:
    answer = ceo.post(f"{HOME}general/", {"holidays": "AR", "offer_minutes": "30", "reminder_hours": "", **over})
    assert answer.status_code == 422
    with tenant_context(acme):
        assert settings.current().holidays == ""


def test_a_day_of_the_company_or_of_a_seller_is_noted_and_taken_back(ceo: Client, acme: Tenant) -> None:
    with tenant_context(acme):
        seller = make_seller(name="Uno")
    day = soon().isoformat()
    assert ceo.post(f"{HOME}dias/nuevo/", {"day-day": day, "day-reason": "Inventario"}).status_code == 303
    ceo.post(f"{HOME}dias/nuevo/", {"day-day": day, "day-spans": "9 a 13", "day-seller": str(seller.pk)})
    body = ceo.get(HOME).content.decode()
    for words in ("Inventario", "Cerrado", "09:00-13:00", "Uno"):
        assert words in body
    with tenant_context(acme):
        rows = list(HoursException.objects.order_by("seller_id"))
        assert {(row.seller_id, str(row.spans)) for row in rows} == {(None, "[]"), (seller.pk, "[['09:00', '13:00']]")}
    for row in rows:
        assert ceo.post(f"{HOME}dias/{row.pk}/quitar/").status_code == 303
    assert "Ninguno previsto" in ceo.get(HOME).content.decode()


@pytest.mark.parametrize("spans", ["a la tarde", "13:00-09:00", "9-13, 12-15"])
def test_hours_of_a_day_that_cannot_be_read_are_refused(ceo: Client, acme: Tenant, spans: str) -> None:
    answer = ceo.post(f"{HOME}dias/nuevo/", {"day-day": soon().isoformat(), "day-spans": spans})
    assert answer.status_code == 422
    assert spans in answer.content.decode()
    with tenant_context(acme):
        assert not HoursException.objects.exists()


# --- who may ---------------------------------------------------------------------------------------------------
def test_a_seller_sets_days_of_their_own_and_no_others(client_as: Browser, acme: Tenant, sol: Person) -> None:
    with tenant_context(acme):
        own, other = make_seller(user=sol.user), make_seller()
        foreign, general = make_hours_exception(seller=other), make_hours_exception(reason="Inventario")
    browser = client_as("sol")
    said = {"day-day": soon().isoformat(), "day-spans": "", "day-seller": str(other.pk)}
    assert browser.post(f"{HOME}dias/nuevo/", said).status_code == 303
    with tenant_context(acme):
        made = HoursException.objects.exclude(pk__in=[foreign.pk, general.pk]).get()
        assert made.seller_id == own.pk
    body = browser.get(HOME).content.decode()
    assert "Inventario" in body
    assert str(foreign.pk) not in body
    assert str(made.pk) in body
    assert "servicios/nuevo" not in body
    assert "general/" not in body
    for row in (foreign, general):
        assert browser.post(f"{HOME}dias/{row.pk}/quitar/").status_code == 403
    assert browser.post(f"{HOME}dias/{made.pk}/quitar/").status_code == 303
    with tenant_context(acme):
        assert set(HoursException.objects.all()) == {foreign, general}


def test_who_attends_nobody_has_no_day_to_set(client_as: Browser, acme: Tenant) -> None:
    browser = client_as("teo")
    with tenant_context(acme):
        Seller.objects.all().delete()
    assert "dias/nuevo" not in browser.get(HOME).content.decode()
    assert browser.post(f"{HOME}dias/nuevo/", {"day-day": soon().isoformat()}).status_code == 403


@pytest.mark.parametrize("path", ["general/", "servicios/nuevo/"])
def test_only_who_manages_the_agenda_changes_it(client_as: Browser, path: str) -> None:
    assert client_as("sol").post(f"{HOME}{path}", filled()).status_code == 403


def test_the_page_costs_the_same_however_much_there_is(ceo: Client, acme: Tenant, statements: Any) -> None:
    costs = []
    with tenant_context(acme):
        make_agenda_settings(holidays="AR")
    for number in (3, 40):
        with tenant_context(acme):
            for _each in range(number):
                make_service().sellers.add(make_seller())
                make_hours_exception(seller=make_seller())
        with statements() as seen:
            assert ceo.get(HOME).status_code == 200
        costs.append(seen.count)
    assert costs[0] == costs[1] <= 8


# --- sellers ---------------------------------------------------------------------------------------------------
def test_the_sellers_own_page_has_services_and_weight(ceo: Client, acme: Tenant) -> None:
    with tenant_context(acme):
        seller, service = make_seller(name="Uno"), make_service(name="Consulta")
    page = f"/vendedores/{seller.pk}/"
    week = {f"day_{number}": "" for number in range(7)}
    said = {"name": "Uno", "is_active": "on", "always": "on", "services": [str(service.pk)], "weight": "3", **week}
    assert ceo.post(f"{page}editar/", said).status_code == 303
    with tenant_context(acme):
        seller.refresh_from_db()
        assert (seller.weight, list(seller.services.all())) == (3, [service])
    body = ceo.get(page).content.decode()
    assert "Consulta" in body
    assert "Peso en el reparto" in body
    assert ceo.post(f"{page}editar/", {**said, "weight": "0"}).status_code == 422
