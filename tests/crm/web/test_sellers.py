"""The pages of who attends, of the rules and of the hours."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from crm.models import Absence, AssignmentRule, Lead, Seller
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.factories.crm import make_contact, make_lead, make_seller
from tests.factories.crm_more import make_absence, make_custom_field, make_rule, make_rule_seller, make_task
from tests.support.cast import Person

Browser = Callable[..., Client]


@pytest.fixture
def ceo(client_as: Browser) -> Client:
    return client_as("ana")


def week(**over: str) -> dict[str, str]:
    return {f"day_{number}": "" for number in range(7)} | over


def test_the_list_says_who_can_take_something_now_and_why_not(ceo: Client, acme: Tenant, sol: Person) -> None:
    with tenant_context(acme):
        make_seller(name="Uno", user=sol.user, specialties=["Vida"])
        make_seller(name="Dos", is_active=False)
        make_seller(name="Tres", working_hours={"0": []})
        make_lead(owner=make_seller(name="Cuatro", capacity=1))
        make_absence(seller=make_seller(name="Cinco"))
    body = ceo.get("/vendedores/").content.decode()
    for words in ("Disponible", "No atiende", "Fuera de horario", "Completo", "Ausente", "Vida", "de 1"):
        assert words in body


def test_the_list_costs_the_same_with_ten_and_with_a_hundred(ceo: Client, acme: Tenant, statements: Any) -> None:
    costs = []
    for number in (10, 90):
        with tenant_context(acme):
            for _each in range(number):
                make_seller()
        with statements() as seen:
            ceo.get("/vendedores/?limit=200")
        costs.append(seen.count)
    assert costs[0] == costs[1] <= 8


def test_a_seller_is_added_with_a_week_typed_as_people_write(ceo: Client, acme: Tenant, sol: Person) -> None:
    answer = ceo.post(
        "/vendedores/nuevo/",
        {"name": "Sol", "user": str(sol.user.pk), "capacity": "20", "specialties": "Vida, Autos", "is_active": "on"}
        | week(day_0="9 a 13 y 14:30 a 18", day_5="9-12"),
    )
    with tenant_context(acme):
        seller = Seller.objects.get()
    assert answer.headers["Location"] == f"/vendedores/{seller.pk}/"
    assert (seller.user_id, seller.capacity, seller.specialties) == (sol.user.pk, 20, ["Vida", "Autos"])
    assert seller.working_hours == {"0": [["09:00", "13:00"], ["14:30", "18:00"]], "5": [["09:00", "12:00"]]}
    assert "14:30–18:00" in ceo.get(f"/vendedores/{seller.pk}/").content.decode()


def test_a_week_that_cannot_be_read_keeps_what_was_typed(ceo: Client) -> None:
    answer = ceo.post("/vendedores/nuevo/", {"name": "Sol"} | week(day_2="de mañana", day_3="10-9"))
    body = answer.content.decode()
    assert answer.status_code == 422
    assert "de mañana" in body
    assert body.count("Escribir tramos como") >= 1
    assert "Los tramos van hacia adelante" in body


def test_hours_survive_being_looked_at_and_saved(ceo: Client, acme: Tenant) -> None:
    hours = {"0": [["09:00", "13:00"], ["14:00", "24:00"]], "6": [["00:00", "02:30"]]}
    with tenant_context(acme):
        seller = make_seller(working_hours=hours)
    form = ceo.get(f"/vendedores/{seller.pk}/editar/").context["form"]
    sent = {each.html_name: each.value() for each in form if each.value() not in (None, False)}
    assert ceo.post(f"/vendedores/{seller.pk}/editar/", sent).status_code == 303
    with tenant_context(acme):
        assert Seller.objects.get(pk=seller.pk).working_hours == hours


def test_hours_typed_under_the_mark_of_a_new_seller_count_and_a_new_mark_takes_them_away(
    ceo: Client, acme: Tenant
) -> None:
    ceo.post("/vendedores/nuevo/", {"name": "Uno", "always": "on"} | week(day_0="9-13"))
    with tenant_context(acme):
        seller = Seller.objects.get()
        assert seller.working_hours == {"0": [["09:00", "13:00"]]}
    ceo.post(f"/vendedores/{seller.pk}/editar/", {"name": "Uno", "always": "on"} | week(day_0="9-13"))
    with tenant_context(acme):
        assert Seller.objects.get().working_hours == {}


def test_whoever_stops_attending_is_asked_to_hand_over(ceo: Client, acme: Tenant) -> None:
    with tenant_context(acme):
        seller, free = make_seller(), make_seller()
        make_lead(owner=seller)
    for each, where in ((seller, "traspaso/"), (free, "")):
        answer = ceo.post(f"/vendedores/{each.pk}/editar/", {"name": each.name, "always": "on"})
        assert answer.headers["Location"] == f"/vendedores/{each.pk}/{where}"
    assert "todavía tiene leads abiertos" in ceo.get(f"/vendedores/{seller.pk}/").content.decode()


def test_an_absence_is_whole_days_where_the_seller_is(ceo: Client, acme: Tenant) -> None:
    with tenant_context(acme):
        seller, cover = make_seller(timezone="America/Mexico_City"), make_seller(name="Cubre")
    days = {"absence-first": "2031-01-10", "absence-last": "2031-01-12", "absence-cover": str(cover.pk)}
    assert ceo.post(f"/vendedores/{seller.pk}/ausencias/", days).status_code == 303
    with tenant_context(acme):
        row = Absence.objects.get()
    assert (row.starts_at.isoformat(), row.ends_at.isoformat()) == (
        "2031-01-10T06:00:00+00:00",
        "2031-01-13T06:00:00+00:00",
    )
    body = ceo.get(f"/vendedores/{seller.pk}/").content.decode()
    assert "10 Ene 2031 – 12 Ene 2031" in body or "10 ene 2031 – 12 ene 2031" in body.lower()
    again = ceo.post(f"/vendedores/{seller.pk}/ausencias/", days)
    assert again.status_code == 422
    assert "Se pisa con otra ausencia" in again.content.decode()
    assert ceo.post(f"/ausencias/{row.pk}/quitar/").status_code == 303


def test_a_seller_sees_the_page_and_may_not_change_it(client_as: Browser, acme: Tenant) -> None:
    with tenant_context(acme):
        seller, rule = make_seller(), make_rule()
    sol = client_as("sol")
    assert sol.get(f"/vendedores/{seller.pk}/").status_code == 200
    for path in (
        f"/vendedores/{seller.pk}/editar/",
        f"/vendedores/{seller.pk}/traspaso/",
        f"/ajustes/reglas/{rule.pk}/",
    ):
        assert sol.get(path).status_code == 403
    assert sol.get("/ajustes/horario/").status_code == 403


# --- rules -----------------------------------------------------------------------------------------------------------------
def test_a_rule_reads_as_a_sentence(ceo: Client, acme: Tenant) -> None:
    with tenant_context(acme):
        rule = make_rule(
            strategy="load",
            is_active=True,
            filters={"source": ["web", "feria"], "interest": "high", "value_min": "1500.50"},
        )
        make_rule_seller(rule=rule, seller=make_seller(name="Una"), position=0, weight=2)
        make_rule_seller(rule=rule, seller=make_seller(name="Otra"), position=1)
    body = ceo.get("/ajustes/reglas/").content.decode()
    assert (
        "Si el origen es «web» o «feria» y el interés es alto y el valor es al menos 1\xa0500,50: a quien menos tenga entre"
        " Una (2), Otra. Solo en su horario." in body
    )


def test_a_rule_is_made_changed_paused_and_removed(ceo: Client, acme: Tenant) -> None:
    with tenant_context(acme):
        first, second = make_seller(name="A"), make_seller(name="B")
        make_custom_field(key="zona", label="Zona")
    said = {"name": "Feria", "strategy": "specialty", "priority": "5", "is_active": "on", "source": "feria, expo"}
    said |= {f"weight_{first.pk}": "2", f"weight_{second.pk}": "", "custom.zona": "norte", "value_min": "1.500,50"}
    assert ceo.post("/ajustes/reglas/nueva/", said).status_code == 303
    with tenant_context(acme):
        rule = AssignmentRule.objects.get()
        assert [(each.seller_id, each.weight) for each in rule.members.all()] == [(first.pk, 2)]
    assert (rule.strategy, rule.priority, rule.within_hours, rule.is_active) == ("specialty", 5, False, True)
    assert rule.filters == {"source": ["feria", "expo"], "custom.zona": ["norte"], "value_min": "1500.50"}
    shown = ceo.get(f"/ajustes/reglas/{rule.pk}/").content.decode()
    assert "feria, expo" in shown
    assert ceo.post(f"/ajustes/reglas/{rule.pk}/activar/", {"on": "0"}).status_code == 303
    with tenant_context(acme):
        assert not AssignmentRule.objects.get().is_active
    assert ceo.post(f"/ajustes/reglas/{rule.pk}/quitar/").status_code == 303
    with tenant_context(acme):
        assert not AssignmentRule.objects.exists()


def test_a_rule_without_a_name_keeps_what_was_typed(ceo: Client) -> None:
    answer = ceo.post("/ajustes/reglas/nueva/", {"name": "", "strategy": "load", "priority": "5", "city": "Salta"})
    assert answer.status_code == 422
    assert "Salta" in answer.content.decode()


def test_the_dry_run_names_who_would_get_a_real_lead(ceo: Client, acme: Tenant) -> None:
    with tenant_context(acme):
        rule = make_rule(is_active=True, within_hours=False)
        make_rule_seller(rule=rule, seller=make_seller(name="Quien sigue"))
        lead = make_lead(contact=make_contact(name="Zulema Prueba"))
    body = ceo.post("/ajustes/reglas/probar/", {"q": "zulema"}).content.decode()
    assert "Quien sigue" in body
    assert "Era su turno." in body
    assert "Ningún lead coincide." in ceo.post("/ajustes/reglas/probar/", {"q": "nadie"}).content.decode()
    with tenant_context(acme):
        assert Lead.objects.get(pk=lead.pk).owner is None


def test_the_companys_hours_are_kept(ceo: Client, acme: Tenant) -> None:
    assert "09:00-18:00" in ceo.get("/ajustes/horario/").content.decode()
    sent = week(day_0="8-12") | {"first_response_minutes": "30"}
    assert ceo.post("/ajustes/horario/", sent).status_code == 303
    with tenant_context(acme):
        settings = Tenant.objects.get(pk=acme.pk).settings
    assert (settings["business_hours"], settings["first_response_minutes"]) == ({"0": [["08:00", "12:00"]]}, 30)
    assert ceo.post("/ajustes/horario/", week(day_0="25-30") | {"first_response_minutes": "0"}).status_code == 422


# --- hand-over -------------------------------------------------------------------------------------------------------------
@pytest.fixture
def giver(acme: Tenant, teo: Person) -> Seller:
    with tenant_context(acme):
        seller = make_seller(name="Se va", user=teo.user)
        lead = make_lead(owner=seller)
        make_task(lead=lead, assignee=teo.user, due_at=timezone.now() + timedelta(days=1))
    return seller


def test_a_portfolio_is_shown_handed_over_and_taken_back(ceo: Client, acme: Tenant, giver: Seller) -> None:
    with tenant_context(acme):
        taker = make_seller(name="Recibe")
    page = f"/vendedores/{giver.pk}/traspaso/"
    assert ceo.post(page, {"which": "open"}).status_code == 422  # nobody was chosen
    sent = {"to": [str(taker.pk)], "which": "open", "clients": "on", "tasks": "on"}
    assert ceo.post(page, sent).status_code == 303
    with tenant_context(acme):
        assert Lead.objects.get().owner == taker
    form = ceo.get(page).content.decode()
    assert "1 de 1 leads" in form
    undo = form.split("/traspasos/")[1].split("/")[0]
    assert ceo.post(f"/traspasos/{undo}/deshacer/").status_code == 303
    with tenant_context(acme):
        assert Lead.objects.get().owner == giver
