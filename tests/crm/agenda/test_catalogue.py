"""What is booked, and the days whose hours differ."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from config.lib.errors import Conflict, Invalid, NotFound
from crm.agenda import catalogue
from crm.models import HoursException, Service
from tenants.db.current import connection
from tenants.domain.actor import Actor
from tenants.models import SystemEvent, Tenant
from tests.factories.agenda import make_event, make_service
from tests.factories.crm import make_seller

BY = Actor.system("Prueba")
DAY = date(2031, 1, 6)
pytestmark = pytest.mark.usefixtures("in_acme")


def test_a_service_is_an_hour_on_the_full_hour_without_limits_unless_said() -> None:
    made = catalogue.create_service(name=" Consulta ", by=BY)
    assert made.name == "Consulta"
    assert (made.duration_minutes, made.step_minutes, made.buffer_before, made.buffer_after) == (60, 60, 0, 0)
    assert (made.notice_minutes, made.daily_limit, made.is_public, made.is_active) == (0, None, True, True)
    assert made.horizon_days >= 21


def test_a_price_without_currency_is_in_the_companys(acme: Tenant) -> None:
    made = catalogue.create_service(name="Consulta", by=BY, price=Decimal("1500.50"))
    assert Service.objects.get(pk=made.pk).currency == acme.currency
    changed = catalogue.update_service(service=made, by=BY, currency="eur")
    assert Service.objects.get(pk=changed.pk).currency == "EUR"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "  "),
        ("name", "x" * 121),
        ("duration_minutes", 4),
        ("duration_minutes", 721),
        ("step_minutes", 0),
        ("buffer_before", -1),
        ("notice_minutes", 600_000),
        ("horizon_days", 0),
        ("daily_limit", 0),
        ("price", Decimal(-1)),
        ("currency", "pesos"),
        ("color", "#ff0000"),
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused_beside_its_field(field: str, value: Any) -> None:
    service = make_service()
    with pytest.raises(Invalid) as refused:
        catalogue.update_service(service=service, by=BY, **{field: value})
    assert set(refused.value.fields) == {field}


def test_only_what_is_named_changes_on_the_row_as_it_is_now() -> None:
    service, seller = make_service(place="Oficina"), make_seller()
    stale = Service.objects.get(pk=service.pk)
    catalogue.update_service(service=service, by=BY, duration_minutes=30)
    catalogue.update_service(service=stale, by=BY, name="Otra", sellers=[seller])
    row = Service.objects.get(pk=service.pk)
    assert (row.name, row.duration_minutes, row.place, list(row.sellers.all())) == ("Otra", 30, "Oficina", [seller])


def test_a_service_that_was_booked_keeps_its_name_for_the_history() -> None:
    booked, bare = make_service(), make_service()
    make_event(service=booked)
    with pytest.raises(Conflict) as refused:
        catalogue.remove_service(service=booked, by=BY)
    assert refused.value.code == "in_use"
    catalogue.remove_service(service=bare, by=BY)
    assert list(Service.objects.all()) == [booked]


def test_an_archived_service_is_found_only_where_asked_for() -> None:
    service = make_service(is_active=False)
    assert catalogue.service_for(service.pk, archived=True) == service
    with pytest.raises(NotFound):
        catalogue.service_for(service.pk)


def test_a_day_set_again_is_changed_and_each_seller_has_their_own() -> None:
    seller = make_seller()
    catalogue.set_exception(day=DAY, spans=[], by=BY, reason="Inventario")
    catalogue.set_exception(day=DAY, spans=[["14:00", "18:00"], ["09:00", "12:00"]], by=BY)
    catalogue.set_exception(day=DAY, spans=[], seller=seller, by=BY)
    rows = HoursException.objects.order_by("seller_id").values_list("seller_id", "spans")
    assert {(pk, str(spans)) for pk, spans in rows} == {
        (None, str([["09:00", "12:00"], ["14:00", "18:00"]])),
        (seller.pk, "[]"),
    }


@pytest.mark.parametrize(
    "spans",
    [[["13:00", "09:00"]], [["09:00", "13:00"], ["12:00", "15:00"]], [["9", "13"]], "09:00-13:00", [[]]],
    ids=str,
)
def test_hours_that_go_backwards_or_overlap_are_refused(spans: Any) -> None:
    with pytest.raises(Invalid) as refused:
        catalogue.set_exception(day=DAY, spans=spans, by=BY)
    assert set(refused.value.fields) == {"spans"}
    assert not HoursException.objects.exists()


def test_the_trail_tells_of_services_and_days(acme: Tenant) -> None:
    service = catalogue.create_service(name="Consulta", by=BY)
    catalogue.update_service(service=service, by=BY, name="Otra")
    catalogue.remove_service(service=service, by=BY)
    day = catalogue.set_exception(day=DAY, spans=[], by=BY)
    catalogue.remove_exception(exception=day, by=BY)
    connection.run_before_commit()
    told = SystemEvent.objects.filter(tenant_id=acme.pk).order_by("pk").values_list("action", flat=True)
    assert list(told)[-5:] == [
        *("service.created", "service.updated", "service.removed"),
        *("agenda.day_set", "agenda.day_removed"),
    ]
