"""What calendars of other programs are given: one appointment, and a seller's feed."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from icalendar import Calendar

from crm.agenda import feed, ics, manage_links
from crm.models import AgendaEvent, Seller
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tenants.models import Tenant
from tests.factories.agenda import make_event, make_service
from tests.factories.crm import make_contact, make_seller
from tests.support.cast import Person
from tests.support.statements import Statements

START = datetime(2027, 3, 2, 18, 0, tzinfo=UTC)


def entries(content: bytes) -> list[Any]:
    return list(Calendar.from_ical(content).walk("VEVENT"))


@pytest.fixture
def seller(acme: Tenant, sol: Person) -> Seller:
    with tenant_context(acme):
        return Seller.objects.filter(user=sol.user).first() or make_seller(name="Sol", user=sol.user)


def address(acme: Tenant, seller: Seller) -> str:
    with tenant_context(acme):
        return "/" + manage_links.feed_address(seller).split("/", 3)[3]


def test_an_appointment_is_one_entry_in_utc_with_what_the_customer_needs(in_acme: Tenant) -> None:
    service = make_service(name="Visita, con café; té")
    event = make_event(title="", service=service, starts_at=START, place="Calle 1", note="No paga nunca")
    content = ics.attachment(event)
    (entry,) = entries(content)
    assert Calendar.from_ical(content)["METHOD"] == "PUBLISH"
    assert b"DTSTART:20270302T180000Z" in content
    assert entry.end == START + timedelta(hours=1)
    assert str(entry["SUMMARY"]) == "Visita, con café; té · Acme"
    assert (str(entry["LOCATION"]), str(entry["STATUS"]), entry["SEQUENCE"]) == ("Calle 1", "CONFIRMED", 0)
    assert str(entry["URL"]) == manage_links.address_of(event)
    assert b"No paga" not in content


def test_moved_and_cancelled_it_is_the_same_entry_and_a_later_one(in_acme: Tenant) -> None:
    event = make_event(starts_at=START)
    (before,) = entries(ics.attachment(event))
    event.moves, event.starts_at = 1, START + timedelta(days=1)
    event.ends_at = event.starts_at + timedelta(hours=1)
    (moved,) = entries(ics.attachment(event))
    event.status = AgendaEvent.Status.CANCELLED
    (off,) = entries(ics.attachment(event))
    assert before["UID"] == moved["UID"] == off["UID"]
    assert (before["SEQUENCE"], moved["SEQUENCE"], off["SEQUENCE"]) == (0, 1, 2)
    assert str(off["STATUS"]) == "CANCELLED"


def test_an_appointments_token_opens_it_alone_and_only_in_its_company(acme: Tenant, globex: Tenant) -> None:
    with tenant_context(acme):
        event, other = make_event(), make_event()
        token = manage_links.token_of(event)
        assert manage_links.event_of(token) == event
        assert manage_links.event_of(token.replace(event.pk.hex, other.pk.hex)) is None
        assert manage_links.event_of("x") is None
    with tenant_context(globex):
        assert manage_links.event_of(token) is None


class TestFeed:
    def test_it_holds_the_sellers_own_coming_and_recent_appointments(
        self, acme: Tenant, seller: Seller, client_as: Callable[..., Client]
    ) -> None:
        now = timezone.now()
        with tenant_context(acme):
            mine = make_event(seller=seller, contact=make_contact(name="Luz Vera"), title="Visita")
            make_event(seller=seller, starts_at=now - timedelta(days=40))
            make_event(seller=seller, starts_at=now + timedelta(days=200))
            make_event(seller=seller, status="cancelled")
            make_event(seller=seller, status="held", hold_until=now + timedelta(minutes=5))
            make_event(title="De otro")
        answer = client_as(None).get(address(acme, seller))
        assert answer.status_code == 200
        assert answer["Content-Type"] == "text/calendar; charset=utf-8"
        (entry,) = entries(answer.content)
        assert str(entry["SUMMARY"]) == "Luz Vera · Visita"
        assert str(entry["UID"]).startswith(str(mine.pk))

    def test_who_has_it_already_is_told_so(
        self, acme: Tenant, seller: Seller, client_as: Callable[..., Client]
    ) -> None:
        where, program = address(acme, seller), client_as(None)
        with tenant_context(acme):
            event = make_event(seller=seller)
        first = program.get(where)
        assert program.get(where, headers={"If-None-Match": first["ETag"]}).status_code == 304
        assert program.get(where, headers={"If-Modified-Since": first["Last-Modified"]}).status_code == 304
        with tenant_context(acme):
            event.title = "Otra cosa"
            event.save()
        assert program.get(where, headers={"If-None-Match": first["ETag"]}).status_code == 200

    def test_a_renewed_address_ends_the_one_before(
        self, acme: Tenant, seller: Seller, client_as: Callable[..., Client]
    ) -> None:
        old, program = address(acme, seller), client_as(None)
        with tenant_context(acme):
            feed.renew(seller=seller, by=Actor.system("Prueba"))
        assert program.get(old).status_code == 404
        assert program.get(address(acme, seller)).status_code == 200

    def test_made_up_foreign_and_retired_addresses_do_not_exist(
        self, acme: Tenant, globex: Tenant, seller: Seller, client_as: Callable[..., Client]
    ) -> None:
        where, program = address(acme, seller), client_as(None)
        foreign = where.replace(f"/{acme.pk}.", f"/{globex.pk}.")
        assert foreign != where
        for wrong in (foreign, where[:-9] + "AAAAA.ics", "/agenda/ics/x.ics", "/agenda/ics/9.9.9.ics"):
            assert program.get(wrong).status_code == 404, wrong
        with tenant_context(acme):
            Seller.objects.filter(pk=seller.pk).update(is_active=False)
        assert program.get(where).status_code == 404

    def test_its_statements_do_not_grow_with_the_appointments(
        self, acme: Tenant, seller: Seller, client_as: Callable[..., Client], statements: Callable[[], Any]
    ) -> None:
        with tenant_context(acme):
            for _each in range(12):
                make_event(seller=seller, service=make_service())
        where, program = address(acme, seller), client_as(None)
        seen: Statements
        with statements() as seen:
            assert program.get(where).status_code == 200
        assert seen.count <= 6

    def test_the_page_shows_ones_own_address_and_renews_it(
        self, acme: Tenant, seller: Seller, client_as: Callable[..., Client]
    ) -> None:
        browser = client_as("sol")
        before = address(acme, seller)
        assert before in browser.get("/agenda/feed/").content.decode()
        assert browser.post("/agenda/feed/renovar/").status_code == 303
        with tenant_context(acme):
            seller.refresh_from_db()
        assert address(acme, seller) != before
        assert address(acme, seller) in browser.get("/agenda/feed/").content.decode()

    def test_somebody_without_an_agenda_is_told_so(self, acme: Tenant, client_as: Callable[..., Client]) -> None:
        with tenant_context(acme):
            Seller.objects.update(user=None)
        assert "No tiene una agenda propia" in client_as("ana").get("/agenda/feed/").content.decode()
        assert client_as("ana").post("/agenda/feed/renovar/").status_code == 404
