"""The page of Google Calendar, from nothing to whose calendar is whose."""

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from crm.calendars import google_wire
from crm.models import CalendarConnection, ExternalCalendar
from tenants.context import tenant_context
from tenants.models import Credential, SystemEvent, Tenant
from tenants.services.vault import get_tenant_credential
from tests.factories.agenda import make_calendar, make_calendar_connection, make_conflict
from tests.factories.crm import make_seller
from tests.fakes import google_tokens
from tests.fakes.google_calendar import GoogleFake
from tests.support.tasks import Queue

HOME = "/ajustes/google-calendar/"
KEYS = {"client_id": google_tokens.CLIENT_ID, "client_secret": google_tokens.CLIENT_SECRET}


@pytest.fixture(autouse=True)
def _no_tokens() -> None:
    google_wire._tokens.clear()


@pytest.fixture
def office(client_as: Any, google: GoogleFake) -> Client:
    return client_as("ana")


def text(answer: Any) -> str:
    return answer.content.decode()


def consent(office: Client, google: GoogleFake) -> str:
    """What the person's browser is sent back with."""
    asked = office.get(f"{HOME}permiso/")
    assert asked.status_code == 302
    return google.tokens.consent(asked["Location"])


def test_a_person_connects_their_account_step_by_step(
    office: Client, google: GoogleFake, acme: Tenant, queued: Queue
) -> None:
    google.add_calendar("duena@acme.test", "Acme", primary=True)
    google.add_calendar("sol@acme.test", "Agenda Sol Ríos")
    with tenant_context(acme):
        seller = make_seller(name="Sol Ríos")
    assert "Hay dos maneras" in text(office.get(HOME))
    steps = text(office.get(f"{HOME}conectar/"))
    assert "localhost/ajustes/google-calendar/vuelta/</code>" in steps
    assert f"{HOME}permiso/" not in steps
    assert office.post(f"{HOME}conectar/", KEYS).status_code == 303
    steps = text(office.get(f"{HOME}conectar/"))
    assert f"{HOME}permiso/" in steps
    assert google_tokens.CLIENT_SECRET not in steps
    address = consent(office, google)
    assert urlsplit(address).path == f"{HOME}vuelta/"
    answer = office.get(address)
    assert (answer.status_code, answer["Location"]) == (302, HOME)
    with tenant_context(acme):
        assert get_tenant_credential(acme.pk, "google", "REFRESH_TOKEN").startswith("refresh-")
    assert "Probando…" in text(office.get(HOME))
    queued.drain()
    page = text(office.get(HOME))
    assert "Probando…" not in page
    assert "duena@acme.test" in page
    assert "Agenda Sol Ríos" in page
    assert "automático" in page
    with tenant_context(acme):
        assert ExternalCalendar.objects.get(calendar_id="sol@acme.test").seller_id == seller.pk
        assert SystemEvent.objects.filter(action="calendar.connected").exists()


def test_what_is_asked_of_google_is_as_much_as_needed_and_bound(office: Client) -> None:
    office.post(f"{HOME}conectar/", KEYS)
    asked = parse_qs(urlsplit(office.get(f"{HOME}permiso/")["Location"]).query)
    assert asked["access_type"] == ["offline"]
    assert asked["prompt"] == ["consent"]
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["scope"] == [" ".join(google_tokens.SCOPES)]
    assert google_tokens.CLIENT_SECRET not in str(asked)


def test_a_state_of_another_person_session_or_company_is_refused(
    office: Client, client_as: Any, google: GoogleFake, acme: Tenant, queued: Queue
) -> None:
    office.post(f"{HOME}conectar/", KEYS)
    address = consent(office, google)
    other_session, outsider = client_as("ana"), client_as("gus")
    for each in (other_session, outsider):
        if each is outsider:
            each.post(f"{HOME}conectar/", KEYS)
        assert each.get(address).status_code == 302
    office.get(address.replace("state=", "state=x"))
    office.get(f"{HOME}vuelta/")
    assert google.calls("token") == []
    with tenant_context(acme):
        assert not CalendarConnection.objects.exists()
    office.get(address)
    with tenant_context(acme):
        assert CalendarConnection.objects.get().state == "connected"


def test_a_late_state_is_refused(office: Client, google: GoogleFake, monkeypatch: pytest.MonkeyPatch) -> None:
    office.post(f"{HOME}conectar/", KEYS)
    address = consent(office, google)
    monkeypatch.setattr("crm.agenda.connecting.STATE_SECONDS", -1)
    answer = office.get(address, follow=True)
    assert "venció" in text(answer)
    assert google.calls("token") == []


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        ({"denies": True}, "no se conectó nada"),
        ({"granted": google_tokens.SCOPES[:1]}, "marcar todas las casillas"),
        ({"revoked": True}, "conectar la cuenta de nuevo"),
    ],
    ids=["denied", "half", "revoked"],
)
def test_a_permission_that_was_not_given_is_told_in_words(
    office: Client, google: GoogleFake, acme: Tenant, spoil: dict[str, Any], said: str
) -> None:
    office.post(f"{HOME}conectar/", KEYS)
    for name, value in spoil.items():
        setattr(google.tokens, name, value)
    answer = office.get(consent(office, google), follow=True)
    assert said in text(answer)
    with tenant_context(acme):
        assert not Credential.objects.filter(category="google", name="REFRESH_TOKEN").exists()


def test_a_new_attempt_that_fails_leaves_the_connection_as_it_was(
    office: Client, google: GoogleFake, acme: Tenant
) -> None:
    office.post(f"{HOME}conectar/", KEYS)
    with tenant_context(acme):
        make_calendar_connection(way="oauth", state="connected")
    google.fail(503, call="token")
    assert "no responde bien" in text(office.get(consent(office, google), follow=True))
    with tenant_context(acme):
        assert CalendarConnection.objects.get().state == "connected"


def test_a_service_account_says_with_whom_to_share(
    office: Client, google: GoogleFake, acme: Tenant, queued: Queue
) -> None:
    google.add_calendar("sala", "Sala", listed=False)
    bad = office.post(f"{HOME}cuenta/", {"value": '{"client_email": "x"}'})
    assert bad.status_code == 422
    assert "pegar el JSON completo" in text(bad)
    answer = office.post(f"{HOME}cuenta/", {"value": json.dumps(google.tokens.service_account())})
    assert answer.status_code == 303
    assert google_tokens.ACCOUNT in text(office.get(HOME))
    assert office.post(f"{HOME}agregar/", {"calendar": "sala"}).status_code == 303
    queued.drain()
    assert "Sala" in text(office.get(HOME))
    assert office.post(f"{HOME}agregar/", {"calendar": ""}).status_code == 422


def test_a_calendar_is_given_to_somebody_by_hand(office: Client, acme: Tenant) -> None:
    with tenant_context(acme):
        seller, calendar = make_seller(name="Sol Ríos"), make_calendar(seller=None, name="Sin nombre")
        make_calendar_connection()
    address = f"{HOME}{calendar.pk}/"
    assert "Sol Ríos" in text(office.get(address))
    assert office.post(address, {"seller": str(seller.pk), "is_main": "on"}).status_code == 303
    with tenant_context(acme):
        calendar.refresh_from_db()
    assert (calendar.seller_id, calendar.is_main, calendar.matched) == (seller.pk, True, "hand")
    assert office.post(address, {"seller": str(seller.pk)}).status_code == 303
    assert office.post(address, {"seller": "x"}).status_code == 422
    with tenant_context(acme):
        calendar.refresh_from_db()
        assert (calendar.seller_id, calendar.is_main) == (seller.pk, False)
    assert office.post(address, {"seller": ""}).status_code == 303
    with tenant_context(acme):
        assert ExternalCalendar.objects.get(pk=calendar.pk).seller_id is None


def test_what_is_wrong_is_said_with_what_it_means_and_what_to_do(office: Client, acme: Tenant) -> None:
    with tenant_context(acme):
        make_calendar_connection(state="revoked", error="Google ya no acepta el permiso.")
        sol, teo = make_seller(name="Sol Ríos"), make_seller(name="Teo Gil")
        make_seller(name="Sin Nada")
        make_calendar(seller=sol, state="failing", error="No responde.")
        make_calendar(seller=teo, state="gone")
        make_conflict()
    page = text(office.get(HOME))
    assert "Sin permiso" in page
    assert "Conectar de nuevo" in page
    assert "No responde. Se vuelve a intentar solo. Mientras tanto no se ofrecen los horarios de Sol Ríos." in page
    assert "compartir el calendario otra vez" in page
    assert "Sin Nada" in page
    assert "Hay citas que dicen otra cosa en Google." in page


def test_a_calendar_that_is_gone_can_be_removed(office: Client, acme: Tenant) -> None:
    with tenant_context(acme):
        calendar = make_calendar(state="gone")
    assert "Quitar de la lista" in text(office.get(f"{HOME}{calendar.pk}/"))
    assert office.post(f"{HOME}{calendar.pk}/quitar/").status_code == 303
    assert office.get(f"{HOME}{calendar.pk}/").status_code == 404


def test_letting_go_is_explained_first(office: Client, acme: Tenant) -> None:
    with tenant_context(acme):
        make_calendar_connection()
        make_calendar()
    assert "Las citas siguen en la agenda" in text(office.get(f"{HOME}desconectar/"))
    assert office.post(f"{HOME}desconectar/").status_code == 303
    with tenant_context(acme):
        assert not CalendarConnection.objects.exists()
        assert not ExternalCalendar.objects.exists()


def test_only_who_manages_the_agenda_comes_in(client_as: Any, acme: Tenant) -> None:
    for name in ("sol", "teo"):
        assert client_as(name).get(HOME).status_code == 403
        assert client_as(name).post(f"{HOME}desconectar/").status_code == 403


def test_the_page_costs_the_same_with_many_calendars(office: Client, acme: Tenant, statements: Any) -> None:
    with tenant_context(acme):
        make_calendar_connection()
        make_calendar()
    office.get(HOME)
    with statements() as few:
        office.get(HOME)
    with tenant_context(acme):
        for _number in range(30):
            make_calendar()
    with statements() as many:
        office.get(HOME)
    assert few.count == many.count <= 8
