"""Whose calendar is whose, and how the connection fares."""

import json
from collections.abc import Callable

import pytest

from config.lib.errors import Invalid, ProviderError
from crm.agenda import connecting, connection
from crm.models import AgendaEvent, CalendarBlock, CalendarConnection, ExternalCalendar
from tenants.context import tenant_context
from tenants.db.current import connection as database
from tenants.domain.actor import Actor
from tenants.models import Credential, SystemEvent, Tenant
from tests.factories.agenda import make_block, make_calendar, make_calendar_connection, make_event
from tests.factories.crm import make_seller
from tests.fakes import google_tokens
from tests.fakes.google_calendar import GoogleFake
from tests.support.tasks import Queue

BY = Actor.system("Prueba")


def test_keys_in_the_vault_are_enough_to_read(keys: Callable[[], None], google: GoogleFake) -> None:
    with pytest.raises(ProviderError) as refused:
        connection.client()
    assert (refused.value.kind, refused.value.code) == ("auth", "not_connected")
    keys()
    google.add_calendar("sol")
    assert [each.calendar_id for each in connection.client().list_calendars()] == ["sol"]


def test_a_service_account_works_without_being_connected_on_the_page(in_acme: Tenant, google: GoogleFake) -> None:
    text = json.dumps(google.tokens.service_account(token_uri="https://evil.example/token"))
    connecting.connect_service_account(text=text, by=BY)
    google.add_calendar("sol")
    assert len(connection.client().list_calendars()) == 1
    row = CalendarConnection.objects.get()
    assert (row.way, row.account, row.state) == ("service_account", google_tokens.ACCOUNT, "connected")


def test_the_list_is_matched_by_names_once(in_acme: Tenant, keys: Callable[[], None], google: GoogleFake) -> None:
    keys()
    ana, sol, teo = make_seller(name="Dra. Ana Paz"), make_seller(name="Sol"), make_seller(email="teo@acme.test")
    google.add_calendar("dueña@acme.test", "Acme", primary=True)
    google.add_calendar("c1", "Agenda Ana Paz", zone="America/Argentina/Buenos_Aires")
    google.add_calendar("teo@acme.test", "teo@acme.test", role="reader")
    google.add_calendar("feriados", "Feriados en Argentina", role="reader")
    connecting.refresh(tenant=in_acme)
    rows = {row.calendar_id: row for row in ExternalCalendar.objects.all()}
    assert len(rows) == 4
    assert (rows["c1"].seller_id, rows["c1"].matched, rows["c1"].is_main) == (ana.pk, "name", True)
    assert (rows["teo@acme.test"].seller_id, rows["teo@acme.test"].is_main) == (teo.pk, False)  # only to be read
    assert rows["feriados"].seller_id is None
    assert CalendarConnection.objects.get().account == "dueña@acme.test"
    # A person's word stands: what was taken off by hand is not matched again.
    connection.assign(calendar=rows["c1"], seller=None, by=BY)
    connecting.refresh(tenant=in_acme)
    assert ExternalCalendar.objects.get(calendar_id="c1").seller_id is None
    assert not ExternalCalendar.objects.filter(seller=sol).exists()


def test_what_is_no_longer_listed_goes_unless_somebody_has_it(
    in_acme: Tenant, keys: Callable[[], None], google: GoogleFake
) -> None:
    keys()
    make_calendar(calendar_id="sola", seller=None)
    make_calendar(calendar_id="de-sol", seller=make_seller())
    connecting.refresh(tenant=in_acme)
    assert [row.calendar_id for row in ExternalCalendar.objects.all()] == ["de-sol"]


def test_a_calendar_shared_with_a_service_account_is_found_by_its_address(in_acme: Tenant, google: GoogleFake) -> None:
    connecting.connect_service_account(text=json.dumps(google.tokens.service_account()), by=BY)
    google.add_calendar("sol@acme.test", "Sol Ríos", listed=False)
    sol = make_seller(name="Sol Ríos")
    for address in (" sol@acme.test ", "nadie@acme.test"):
        connecting.add_calendar(calendar_id=address, by=BY)
    connecting.refresh(tenant=in_acme)
    found = ExternalCalendar.objects.get(calendar_id="sol@acme.test")
    assert (found.name, found.seller_id) == ("Sol Ríos", sol.pk)
    lost = ExternalCalendar.objects.get(calendar_id="nadie@acme.test")
    assert lost.state == "gone"
    assert "compartido" in lost.error
    connecting.remove_calendar(calendar=lost, by=BY)
    assert not ExternalCalendar.objects.filter(calendar_id="nadie@acme.test").exists()
    with pytest.raises(Invalid):
        connecting.add_calendar(calendar_id=" ", by=BY)


def test_a_permission_taken_back_is_said_until_it_works_again(
    in_acme: Tenant, keys: Callable[[], None], google: GoogleFake
) -> None:
    keys()
    connecting.refresh(tenant=in_acme)
    assert CalendarConnection.objects.get().state == "connected"
    google.revoke()
    connecting.refresh(tenant=in_acme)
    row = CalendarConnection.objects.get()
    assert (row.state, "conectar" in row.error) == ("revoked", True)
    google.tokens.revoked = False
    connecting.refresh(tenant=in_acme)
    row.refresh_from_db()
    assert (row.state, row.error) == ("connected", "")


def test_a_bad_moment_is_no_lost_permission_and_one_calendar_is_not_the_account(in_acme: Tenant) -> None:
    make_calendar_connection(state="connected")
    connection.failed(ProviderError("no responde", kind="retry", code="away"))
    assert CalendarConnection.objects.get().state == "failing"
    connection.worked()
    connection.failed(ProviderError("solo lectura", kind="auth", code="forbidden"))
    connection.failed(ProviderError("no está", kind="permanent", code="not_found"))
    assert CalendarConnection.objects.get().state == "connected"


def test_a_calendar_of_somebody_new_is_read_at_once(acme: Tenant, queued: Queue) -> None:
    with tenant_context(acme):
        calendar = make_calendar(seller=None)
        connection.assign(calendar=calendar, seller=make_seller(), by=BY)
    assert [each.arguments for each in queued.named("read_calendars")] == [{"calendar_id": str(calendar.pk)}]


def test_a_calendar_that_changes_hands_takes_nothing_along(in_acme: Tenant) -> None:
    sol, teo = make_seller(), make_seller()
    calendar = make_calendar(seller=sol, sync_token="antes")
    make_block(calendar=calendar)
    connection.assign_by_hand(seller=teo, calendar_id=calendar.calendar_id, by=BY)
    calendar.refresh_from_db()
    assert (calendar.seller_id, calendar.is_main, calendar.matched) == (teo.pk, True, "hand")
    assert (calendar.sync_token, calendar.synced_at, calendar.state) == ("", None, "new")
    assert not CalendarBlock.objects.exists()
    database.run_before_commit()
    assert SystemEvent.objects.filter(action="calendar.assigned", resource_id=str(calendar.pk)).exists()


def test_the_calendar_named_by_hand_gets_the_appointments_and_an_empty_name_takes_all_off(in_acme: Tenant) -> None:
    sol = make_seller()
    first = make_calendar(seller=sol)
    connection.assign_by_hand(seller=sol, calendar_id="nueva@acme.test", by=BY)
    assert [row.calendar_id for row in ExternalCalendar.objects.filter(seller=sol, is_main=True)] == ["nueva@acme.test"]
    first.refresh_from_db()
    assert (first.seller_id, first.is_main) == (sol.pk, False)
    connection.assign_by_hand(seller=sol, calendar_id="nueva@acme.test", by=BY)  # said again, nothing changes
    connection.assign_by_hand(seller=sol, calendar_id="", by=BY)
    assert not ExternalCalendar.objects.filter(seller=sol).exists()
    assert not ExternalCalendar.objects.filter(is_main=True).exists()


@pytest.mark.parametrize("name", ["x" * 301, "a\x00b", "dos\nlíneas"])
def test_an_impossible_address_is_refused(in_acme: Tenant, name: str) -> None:
    with pytest.raises(Invalid) as refused:
        connection.assign_by_hand(seller=make_seller(), calendar_id=name, by=BY)
    assert "calendar" in refused.value.fields


def test_what_cannot_be_written_gets_no_appointments(in_acme: Tenant) -> None:
    calendar = make_calendar(seller=None, can_write=False)
    connection.assign(calendar=calendar, seller=make_seller(), by=BY)
    calendar.refresh_from_db()
    assert not calendar.is_main
    with pytest.raises(Invalid):
        connection.make_main(calendar=calendar, by=BY)


def test_letting_go_forgets_the_permission_and_keeps_the_appointments(
    in_acme: Tenant, keys: Callable[[], None], google: GoogleFake
) -> None:
    keys()
    make_calendar_connection(way="oauth")
    calendar = make_calendar(channel_id="canal", channel_resource="recurso")
    make_block(calendar=calendar)
    event = make_event(seller=calendar.seller, google_calendar_id=calendar.calendar_id, google_calendar_event_id="crm1")
    connecting.disconnect(by=BY)
    assert not ExternalCalendar.objects.exists()
    assert not CalendarBlock.objects.exists()
    assert not CalendarConnection.objects.exists()
    assert AgendaEvent.objects.get(pk=event.pk).google_calendar_event_id == "crm1"
    names = set(Credential.objects.filter(category="google").values_list("name", flat=True))
    assert names == {"CLIENT_ID", "CLIENT_SECRET"}
