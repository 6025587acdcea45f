"""The agenda's pages, as somebody without scripts uses them, and what the calendar of the scripts is fed with."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import timezone

from crm.models import AgendaEvent, Seller
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.factories.agenda import make_block, make_calendar, make_conflict, make_event
from tests.factories.crm import make_seller
from tests.support.agenda import at, day_of, seller_of, text
from tests.support.cast import Person
from tests.support.statements import Statements

ClientAs = Callable[..., Client]
ROOF = 8


def lines(answer: Any) -> list[tuple[str, str]]:
    return [(line.clock, line.entry.words) for group in answer.context["groups"] for line in group.lines]


# --- the pages --------------------------------------------------------------------------------------------------
def test_the_week_shows_what_is_booked_by_day_and_hour(client_as: ClientAs, acme: Tenant, booked: AgendaEvent) -> None:
    day = day_of(booked.starts_at)

    answer = client_as("sol").get(f"/agenda/?ver=semana&fecha={day}")

    assert lines(answer) == [("10:00–11:00", "Marta Giménez · Demostración")]
    assert f'href="/agenda/citas/{booked.pk}/"' in answer.content.decode()


def test_ones_own_week_comes_first_and_the_team_for_who_has_no_agenda(
    client_as: ClientAs, acme: Tenant, booked: AgendaEvent
) -> None:
    with tenant_context(acme):
        make_seller(name="Abel")

    assert client_as("sol").get("/agenda/").context["asked"].seller.name == "Sol"
    assert client_as("ana").get("/agenda/").context["asked"].look == "equipo"


def test_what_cannot_be_read_in_the_address_is_the_usual(client_as: ClientAs, booked: AgendaEvent) -> None:
    answer = client_as("sol").get("/agenda/?ver=siglo&fecha=2026-13-45&vendedor=nadie&pagina=x")

    assert answer.status_code == 200
    assert answer.context["asked"].look == "semana"
    assert answer.context["asked"].day == timezone.localdate(timezone=ZoneInfo("America/Argentina/Buenos_Aires"))


def test_somebody_elses_time_is_busy_without_a_name(
    client_as: ClientAs, acme: Tenant, teo: Person, booked: AgendaEvent
) -> None:
    query = f"?ver=dia&fecha={day_of(booked.starts_at)}&vendedor={booked.seller_id}"

    answer = client_as("teo").get(f"/agenda/{query}")

    assert lines(answer) == [("10:00–11:00", "Ocupado")]
    assert "Marta" not in answer.content.decode()
    assert client_as("teo").get(f"/agenda/citas/{booked.pk}/").status_code == 404


def test_a_title_of_google_is_only_its_sellers(client_as: ClientAs, acme: Tenant, sol: Person) -> None:
    with tenant_context(acme):
        seller = seller_of(sol)
        make_block(calendar=make_calendar(seller=seller), starts_at=at(acme, 15), title="Dentista")
    query = f"?ver=dia&fecha={day_of(at(acme, 15))}&vendedor={seller.pk}"

    assert lines(client_as("sol").get(f"/agenda/{query}")) == [("15:00–16:00", "Dentista")]
    assert lines(client_as("ana").get(f"/agenda/{query}")) == [("15:00–16:00", "Ocupado")]


def test_cancelled_ones_and_expired_holds_are_not_in_the_way(client_as: ClientAs, acme: Tenant, sol: Person) -> None:
    with tenant_context(acme):
        seller = seller_of(sol)
        make_event(seller=seller, starts_at=at(acme, 9), status="cancelled")
        make_event(
            seller=seller, starts_at=at(acme, 11), status="held", hold_until=timezone.now() - timedelta(minutes=1)
        )

    assert lines(client_as("sol").get(f"/agenda/?ver=dia&fecha={day_of(at(acme, 9))}")) == []


def test_the_team_has_a_column_for_each_seller(client_as: ClientAs, acme: Tenant, booked: AgendaEvent) -> None:
    with tenant_context(acme):
        for number in range(13):
            make_seller(name=f"Vendedora {number:02}")
        late = make_event(seller=Seller.objects.get(name="Vendedora 00"), starts_at=at(acme, 22, minute=30))
    query = f"?ver=equipo&fecha={day_of(booked.starts_at)}"

    answer = client_as("ana").get(f"/agenda/{query}")

    columns = {each.label: each.lines for each in answer.context["columns"]}
    assert len(columns) == 12
    assert [(line.clock, line.row, line.rows) for line in columns["Sol"]] == [("10:00–11:00", 9, 4)]  # from 8:00
    assert [(line.clock, line.row, line.rows) for line in columns["Vendedora 00"]] == [("22:30–23:30", 59, 4)], late
    assert len(client_as("ana").get(answer.context["next_page"]).context["columns"]) == 2


def test_whose_calendar_cannot_be_read_is_named(client_as: ClientAs, acme: Tenant, sol: Person) -> None:
    with tenant_context(acme):
        make_calendar(seller=seller_of(sol), state="failing")

    page = text(client_as("sol").get("/agenda/"))
    assert "No se puede leer el calendario de Sol: no se ofrecen sus horarios." in page
    assert "/ajustes/google-calendar/" not in page
    assert "/ajustes/google-calendar/" in text(client_as("ana").get("/agenda/"))


def test_what_google_says_otherwise_leads_to_the_choice(client_as: ClientAs, acme: Tenant, booked: AgendaEvent) -> None:
    sol, link = client_as("sol"), "/agenda/conflictos/"
    assert link not in text(sol.get("/agenda/"))
    with tenant_context(acme):
        make_conflict(event=booked)

    assert link in text(sol.get("/agenda/"))
    assert "La de Google" in text(sol.get(f"/agenda/citas/{booked.pk}/"))


def test_an_appointment_says_who_when_and_why_this_seller(client_as: ClientAs, booked: AgendaEvent) -> None:
    page = text(client_as("sol").get(f"/agenda/citas/{booked.pk}/"))

    for words in ("Marta Giménez", "10:00–11:00", "Demostración", "Ya atiende a este contacto.", "Agendada"):
        assert words in page
    assert f'href="/bandeja/?contact={booked.contact_id}"' in page


# --- the feed ---------------------------------------------------------------------------------------------------
def feed(client: Client, booked: AgendaEvent, *, days: int = 7, seller: Any = None) -> Any:
    start = booked.starts_at.replace(hour=0, tzinfo=None)
    query = {"start": start.isoformat(), "end": (start + timedelta(days=days)).isoformat()}
    return client.get("/agenda/citas.json", {**query, "vendedor": seller or booked.seller_id})


def test_the_feed_speaks_by_the_companys_clock(client_as: ClientAs, acme: Tenant, booked: AgendaEvent) -> None:
    rows = json.loads(feed(client_as("sol"), booked).content)

    mine = [row for row in rows if row.get("id") == str(booked.pk)]
    assert [(row["start"], row["end"], row["title"], row["editable"]) for row in mine] == [
        (
            booked.starts_at.isoformat(timespec="seconds"),
            booked.ends_at.isoformat(timespec="seconds"),
            "Marta Giménez · Demostración",
            True,
        )
    ]
    opened = [row["start"][11:16] for row in rows if row.get("display") == "inverse-background"]
    assert set(opened) == {"09:00"}


def test_the_feed_of_others_is_busy_and_nothing_more(client_as: ClientAs, booked: AgendaEvent) -> None:
    rows = [row for row in json.loads(feed(client_as("teo"), booked).content) if "display" not in row]

    assert [(row["title"], row.get("url"), row.get("id")) for row in rows] == [("Ocupado", None, None)]


@pytest.mark.parametrize("days", [46, 0, -3])
def test_the_feed_answers_up_to_45_days(client_as: ClientAs, booked: AgendaEvent, days: int) -> None:
    assert feed(client_as("sol"), booked, days=days).status_code == 422
    assert feed(client_as("sol"), booked, days=45).status_code == 200


def test_an_outsider_sees_nothing_of_it(client_as: ClientAs, booked: AgendaEvent) -> None:
    gus = client_as("gus")

    assert json.loads(feed(gus, booked).content) == []
    assert "Marta" not in text(gus.get(f"/agenda/?vendedor={booked.seller_id}&fecha={day_of(booked.starts_at)}"))
    assert gus.get(f"/agenda/citas/{booked.pk}/").status_code == 404
    assert gus.post(f"/agenda/citas/{booked.pk}/cancelar/").status_code == 404


@pytest.mark.parametrize("who", ["ana", "sol"])
def test_statements_do_not_grow_with_what_is_booked(
    client_as: ClientAs,
    acme: Tenant,
    booked: AgendaEvent,
    who: str,
    statements: Callable[[], AbstractContextManager[Statements]],
) -> None:
    browser = client_as(who)
    day = day_of(booked.starts_at)
    addresses = [
        f"/agenda/?ver=semana&fecha={day}&vendedor={booked.seller_id}",
        f"/agenda/?ver=equipo&fecha={day}",
        f"/agenda/citas/{booked.pk}/",
        f"/agenda/citas/{booked.pk}/mover/",
        f"/agenda/nueva/?contact={booked.contact_id}",
        f"/agenda/nueva/?lead={booked.lead_id}",
        "/agenda/nueva/?q=marta",
    ]

    def counts() -> list[int]:
        found = []
        for address in addresses:
            browser.get(address)  # told to the audit once
            with statements() as seen:
                assert browser.get(address).status_code == 200
            found.append(seen.count)
        with statements() as seen:
            assert feed(browser, booked).status_code == 200
        return [*found, seen.count]

    few = counts()
    with tenant_context(acme):
        for hour in range(11, 18):
            make_event(seller=Seller.objects.get(pk=booked.seller_id), starts_at=at(acme, hour))
        for number in range(5):
            make_event(seller=make_seller(name=f"Otra {number}"), starts_at=at(acme, 12))

    assert counts() == few
    assert max(few) <= ROOF, dict(zip([*addresses, "feed"], few, strict=True))
