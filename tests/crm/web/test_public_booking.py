"""Visitors who book by themselves, and what they may do with the address they are given."""

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from icalendar import Calendar

from crm.agenda import manage_links, offers
from crm.models import AgendaEvent, AgendaSettings, Consent, Contact, Lead, Seller, Service, Touch
from crm.services import blocking
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tenants.live.models import LiveEvent
from tenants.models import Tenant
from tests.factories.agenda import make_agenda_settings, make_calendar, make_event, make_service
from tests.factories.crm import make_contact, make_lead, make_seller
from tests.support.statements import Statements

HOME = "/reservar/acme/"
EVERY_DAY = {str(day): [["09:00", "18:00"]] for day in range(7)}
PERSON = {"name": "Luz Vera", "phone": "11 5555-9876", "email": "luz@example.test", "consent": "on"}
BY = Actor.system("Prueba")


@pytest.fixture
def seller(acme: Tenant) -> Seller:
    """The only one who attends."""
    with tenant_context(acme):
        Seller.objects.update(is_active=False)
        return make_seller(name="Sol Paz", working_hours=EVERY_DAY)


@pytest.fixture
def service(acme: Tenant, seller: Seller) -> Service:
    with tenant_context(acme):
        Service.objects.update(is_active=False)
        make_agenda_settings(page_on=True, page_title="Visitas", page_color="blue")
        return make_service(name="Visita", place="Calle 1", notice_minutes=120)


@pytest.fixture
def visitor(client_as: Callable[..., Client]) -> Client:
    return client_as(None)


def links(page: HttpResponse) -> list[str]:
    """Where each free time of a page leads."""
    return [unescape(each) for each in re.findall(r'class="booking-time"[^>]*href="([^"]+)"', page.content.decode())]


def times(service: Service) -> str:
    return f"{HOME}{service.pk}/"


def offered(visitor: Client, service: Service, at: int = -1) -> str:
    """The offer of one of the times shown."""
    page = visitor.get(times(service))
    assert page.status_code == 200
    return parse_qs(urlsplit(links(page)[at]).query)["oferta"][0]


def send(visitor: Client, service: Service, **over: Any) -> Any:
    given = {"oferta": over.pop("oferta", None) or offered(visitor, service), **PERSON, **over}
    return visitor.post(f"{times(service)}datos/", given)


def booked(acme: Tenant) -> list[AgendaEvent]:
    with tenant_context(acme):
        return list(AgendaEvent.objects.select_related("contact", "lead", "seller").order_by("created_at"))


class TestBooking:
    def test_a_visitor_chooses_a_time_and_gets_an_appointment(
        self, acme: Tenant, service: Service, seller: Seller, visitor: Client
    ) -> None:
        start = visitor.get(HOME)
        assert (start.status_code, start["Location"]) == (302, times(service))
        sent = send(visitor, service)
        assert sent.status_code == 303
        done = visitor.get(sent["Location"]).content.decode()
        assert "Listo, la cita está agendada." in done
        assert "Sol Paz" in done
        assert "Calle 1" in done
        (event,) = booked(acme)
        assert event.contact is not None
        assert (event.status, event.source, event.title) == ("scheduled", "public", "Visita")
        assert (event.contact.name, event.contact.phone) == ("Luz Vera", "+541155559876")
        with tenant_context(acme):
            assert event.lead == Lead.objects.get(contact=event.contact)
            assert Touch.objects.get(contact=event.contact).source == "Página de reservas"
            consent = Consent.objects.get(contact=event.contact)
            assert (consent.purpose, consent.granted) == ("reminders", True)
            assert consent.source.startswith("Página de reservas: Acepto")
            assert LiveEvent.objects.filter(type="NEW_APPOINTMENT", data__id=str(event.pk)).count() == 1

    def test_no_cookie_is_set_and_none_is_needed(self, service: Service) -> None:
        visitor = Client(enforce_csrf_checks=True)
        page = visitor.get(times(service))
        sent = send(visitor, service)
        assert sent.status_code == 303
        assert not page.cookies
        assert not sent.cookies

    def test_an_impatient_finger_books_once(self, acme: Tenant, service: Service, visitor: Client) -> None:
        offer = offered(visitor, service)
        first, second = (send(visitor, service, oferta=offer) for _each in range(2))
        assert first["Location"] == second["Location"]
        assert len(booked(acme)) == 1

    def test_what_was_written_stays_after_an_error(self, acme: Tenant, service: Service, visitor: Client) -> None:
        offer = offered(visitor, service)
        page = send(visitor, service, oferta=offer, phone="12", consent="")
        text = page.content.decode()
        assert page.status_code == 422
        assert "Luz Vera" in text
        assert "El teléfono no se entiende" in text
        assert "Sin esto no se puede tomar la cita" in text
        assert offer in text
        assert not booked(acme)

    def test_somebody_known_is_the_same_person_and_hears_the_same(
        self, acme: Tenant, service: Service, visitor: Client
    ) -> None:
        with tenant_context(acme):
            known = make_contact(name="Luz de la otra vez", phone="+5491155559876", email="")
            lead = make_lead(contact=known)
        sent = send(visitor, service)
        page = visitor.get(sent["Location"]).content.decode()
        (event,) = booked(acme)
        assert (event.contact_id, event.lead_id) == (known.pk, lead.pk)
        assert "otra vez" not in page
        with tenant_context(acme):
            known.refresh_from_db()
            assert (known.name, known.email) == ("Luz de la otra vez", "luz@example.test")

    def test_the_owner_of_the_lead_attends_when_free(
        self, acme: Tenant, service: Service, seller: Seller, visitor: Client
    ) -> None:
        with tenant_context(acme):
            owner = make_seller(name="Zoe", working_hours=EVERY_DAY)
            known = make_contact(phone="+5491155559876")
            make_lead(contact=known, owner=owner)
        offer = offered(visitor, service)
        sent = [send(visitor, service, oferta=offer) for _again in range(2)]
        (event,) = booked(acme)
        assert (event.seller_id, event.why["code"]) == (owner.pk, "owner")
        assert sent[0]["Location"] == sent[1]["Location"]

    def test_who_comes_too_late_is_offered_three_others_and_keeps_what_they_wrote(
        self, acme: Tenant, service: Service, visitor: Client
    ) -> None:
        offer = offered(visitor, service)
        assert send(visitor, service, oferta=offer).status_code == 303
        late = send(visitor, service, oferta=offer, name="Teo Ruiz", phone="11 5555-0001")
        text = late.content.decode()
        assert late.status_code == 409
        assert "Alguien tomó ese horario" in text
        assert "Teo Ruiz" in text
        others = [unescape(each) for each in re.findall(r'type="radio" name="oferta" value="([^"]+)"', text)]
        assert len(others) == 3
        with tenant_context(acme):
            assert not Contact.objects.filter(name="Teo Ruiz").exists()
        assert send(visitor, service, oferta=others[1], name="Teo Ruiz", phone="11 5555-0001").status_code == 303
        assert len(booked(acme)) == 2

    @pytest.mark.parametrize("case", ["blocked", "robot"])
    def test_blocked_people_and_programs_are_refused_politely(
        self, acme: Tenant, service: Service, visitor: Client, case: str
    ) -> None:
        if case == "blocked":
            with tenant_context(acme):
                blocking.block(contact=make_contact(phone="+5491155559876"), reason="Grita", by=BY)
        page = send(visitor, service, **({"website": "http://spam"} if case == "robot" else {}))
        assert page.status_code == 409
        assert "No se puede tomar la cita por aquí. Comunicarse con Acme." in page.content.decode()
        assert "bloque" not in page.content.decode().casefold()
        assert not booked(acme)

    @pytest.mark.parametrize("case", ["made_up", "expired", "of_another", "bound"])
    def test_only_what_this_page_offered_can_be_booked(
        self, acme: Tenant, service: Service, seller: Seller, visitor: Client, case: str
    ) -> None:
        start = timezone.now().replace(minute=0, second=0, microsecond=0) + timedelta(days=1)
        with tenant_context(acme):
            given: dict[str, Any] = {"seller": seller, "service": service, "start": start}
            more = {
                "made_up": {},
                "expired": {"minutes": -1},
                "of_another": {"service": None},
                "bound": {"contact": make_contact()},
            }[case]
            offer = offers.make(**{**given, "end": start + timedelta(hours=1), **more})
        page = send(visitor, service, oferta="x" + offer if case == "made_up" else offer)
        assert page.status_code in (409, 422)
        assert not booked(acme)

    def test_too_many_are_asked_to_wait(self, acme: Tenant, service: Service, visitor: Client) -> None:
        offer = offered(visitor, service)
        answers = [send(visitor, service, oferta=offer, phone="12") for _each in range(6)]
        assert [each.status_code for each in answers] == [422] * 5 + [429]
        assert answers[-1]["Retry-After"]
        assert "Luz Vera" in answers[-1].content.decode()


class TestTimes:
    def test_they_are_said_in_the_visitors_zone(self, acme: Tenant, service: Service, visitor: Client) -> None:
        page = visitor.get(times(service), {"zona": "Europe/Madrid"}).content.decode()
        assert re.search(r'<option value="Europe/Madrid" selected', page)
        assert "está en la zona de Buenos Aires (GMT-3)" in page
        clocks = set(re.findall(r"</span>(\d\d:\d\d)</a>", page))
        here = set(re.findall(r"</span>(\d\d:\d\d)</a>", visitor.get(times(service)).content.decode()))
        assert "09:00" in here
        assert "09:00" not in clocks
        assert visitor.get(times(service), {"zona": "../etc/passwd", "desde": "nunca"}).status_code == 200

    def test_two_sellers_free_at_one_time_are_one_choice(self, acme: Tenant, service: Service, visitor: Client) -> None:
        alone = len(links(visitor.get(times(service))))
        with tenant_context(acme):
            make_seller(working_hours=EVERY_DAY)
        assert len(links(visitor.get(times(service)))) == alone

    def test_a_taken_time_is_not_offered(self, acme: Tenant, service: Service, seller: Seller, visitor: Client) -> None:
        before = links(visitor.get(times(service)))
        with tenant_context(acme):
            said = offers.read(parse_qs(urlsplit(before[-1]).query)["oferta"][0])
            make_event(seller=seller, starts_at=said.start)
        assert len(links(visitor.get(times(service)))) == len(before) - 1

    def test_a_week_without_times_names_the_first_day_that_has_some(
        self, acme: Tenant, service: Service, seller: Seller, visitor: Client
    ) -> None:
        now = timezone.now()
        with tenant_context(acme):
            make_event(seller=seller, starts_at=now, ends_at=now + timedelta(days=9))
        page = visitor.get(times(service)).content.decode()
        assert "No hay horarios libres en estos días." in page
        where = re.search(r'href="(\?desde=[^"]+)">El primero:', page)
        assert where
        assert links(visitor.get(times(service) + unescape(where[1])))

    def test_a_calendar_that_cannot_be_read_offers_nothing_and_says_what_to_do(
        self, acme: Tenant, service: Service, seller: Seller, visitor: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        offer = offered(visitor, service)
        with tenant_context(acme):
            make_calendar(seller=seller, state="failing", synced_at=None)
        page = visitor.get(times(service))
        assert not links(page)
        assert "Ahora no se puede ver la agenda. Comunicarse con Acme." in page.content.decode()
        refused = send(visitor, service, oferta=offer)
        assert refused.status_code == 422
        assert not booked(acme)

    def test_the_page_speaks_the_visitors_language(self, service: Service, visitor: Client) -> None:
        page = visitor.get(times(service), headers={"Accept-Language": "en"}).content.decode()
        assert '<html lang="en">' in page
        assert "Times in" in page

    def test_its_statements_are_few_and_do_not_grow(
        self, acme: Tenant, service: Service, seller: Seller, visitor: Client, statements: Callable[[], Any]
    ) -> None:
        visitor.get(times(service))
        seen: Statements
        with statements() as seen:
            visitor.get(times(service))
        few = seen.count
        with tenant_context(acme):
            for _each in range(10):
                make_event(seller=seller)
                make_seller(working_hours=EVERY_DAY)
        with statements() as seen:
            visitor.get(times(service))
        assert seen.count == few <= 8

    def test_closed_unknown_and_inner_pages_do_not_exist(self, acme: Tenant, service: Service, visitor: Client) -> None:
        with tenant_context(acme):
            inner = make_service(is_public=False)
        assert visitor.get(times(inner)).status_code == 404
        assert visitor.get(f"/reservar/globex/{service.pk}/").status_code == 404
        assert visitor.get("/reservar/nadie/").status_code == 404
        with tenant_context(acme):
            AgendaSettings.objects.update(page_on=False)
        for where in (HOME, times(service), f"{times(service)}datos/"):
            assert visitor.get(where).status_code == 404
        assert visitor.post(f"{times(service)}datos/", PERSON).status_code == 404


class TestWhatWasBooked:
    @pytest.fixture
    def where(self, acme: Tenant, service: Service, visitor: Client) -> str:
        return urlsplit(send(visitor, service)["Location"]).path

    def test_the_file_goes_into_their_calendar(self, acme: Tenant, where: str, visitor: Client) -> None:
        answer = visitor.get(f"{where}cita.ics")
        (entry,) = Calendar.from_ical(answer.content).walk("VEVENT")
        (event,) = booked(acme)
        assert entry.start == event.starts_at
        assert where in str(entry["URL"])

    def test_they_move_it_to_another_free_time(
        self, acme: Tenant, service: Service, where: str, visitor: Client
    ) -> None:
        (before,) = booked(acme)
        page = visitor.get(f"{where}mover/")
        choice = links(page)[0]
        look = visitor.get(f"{where}mover/{choice}").content.decode()
        assert "Pasa a" in look
        offer = re.search(r'name="oferta" value="([^"]+)"', look)
        assert offer
        sent = visitor.post(f"{where}mover/", {"oferta": unescape(offer[1])})
        assert sent.status_code == 303
        (after,) = booked(acme)
        assert (after.pk, after.moves) == (before.pk, 1)
        assert after.starts_at != before.starts_at
        assert "cambió de horario" in visitor.get(sent["Location"]).content.decode()

    def test_they_cancel_it_and_its_time_is_free_again(
        self, acme: Tenant, service: Service, where: str, visitor: Client
    ) -> None:
        busy = len(links(visitor.get(times(service))))
        assert "Dejarla como está" in visitor.get(f"{where}cancelar/").content.decode()
        gone = visitor.get(visitor.post(f"{where}cancelar/")["Location"])
        assert "La cita está cancelada." in gone.content.decode()
        (event,) = booked(acme)
        assert (event.status, event.cancel_reason) == ("cancelled", "La canceló en la página de reservas")
        assert len(links(visitor.get(times(service)))) == busy + 1
        assert visitor.post(f"{where}cancelar/").status_code == 409

    def test_inside_the_notice_they_are_told_to_call(
        self, acme: Tenant, service: Service, where: str, visitor: Client
    ) -> None:
        with tenant_context(acme):
            Service.objects.update(notice_minutes=60 * 24 * 30)
        page = visitor.get(where).content.decode()
        assert "Ya no se puede mover ni cancelar por aquí. Comunicarse con Acme." in page
        assert visitor.post(f"{where}cancelar/").status_code == 409
        assert visitor.get(f"{where}mover/").status_code == 409
        assert booked(acme)[0].status == "scheduled"

    def test_the_address_works_while_the_page_is_closed(self, acme: Tenant, where: str, visitor: Client) -> None:
        with tenant_context(acme):
            AgendaSettings.objects.update(page_on=False)
        assert visitor.get(where).status_code == 200

    def test_another_address_opens_nothing(self, acme: Tenant, where: str, visitor: Client) -> None:
        with tenant_context(acme):
            busy = make_event(kind="busy", contact=None)
            held = manage_links.path_of(busy)
        for wrong in (where.replace("acme", "globex"), where[:-3] + "/", held, f"{HOME}cita/x/"):
            assert visitor.get(wrong).status_code == 404, wrong


class TestSettings:
    def test_the_office_opens_the_page(self, acme: Tenant, service: Service, client_as: Callable[..., Client]) -> None:
        with tenant_context(acme):
            AgendaSettings.objects.update(page_on=False)
        browser = client_as("ana")
        page = browser.get("/ajustes/agenda/pagina/").content.decode()
        assert "/reservar/acme/" in page
        assert "La página está cerrada" in page
        sent = browser.post("/ajustes/agenda/pagina/", {"page_on": "on", "page_title": "Turnos", "page_color": "green"})
        assert sent.status_code == 303
        assert client_as(None).get(times(service)).status_code == 200

    def test_a_wrong_colour_is_refused_and_a_seller_may_not(
        self, acme: Tenant, client_as: Callable[..., Client]
    ) -> None:
        assert client_as("ana").post("/ajustes/agenda/pagina/", {"page_color": "#fff"}).status_code == 422
        assert client_as("sol").get("/ajustes/agenda/pagina/").status_code == 403
