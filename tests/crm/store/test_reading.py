"""Reading a whole store and keeping up with it, against a server that is as strict as the real one."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from crm.models import Store, StoreProduct
from crm.store import connecting, connection, finding, reading, wire
from crm.tasks import sweep_stores
from tenants.context import tenant_context
from tenants.models import SystemEvent, Tenant
from tests.crm.store.conftest import BY, connect
from tests.fakes.tiendanube import STORE, TOKEN, Shop, TiendanubeFake, product, variant
from tests.support.tasks import Queue


def row(tenant: Tenant) -> Store:
    with tenant_context(tenant):
        return Store.objects.get()


def names(tenant: Tenant) -> list[str]:
    with tenant_context(tenant):
        return sorted(StoreProduct.objects.values_list("name", flat=True))


def read(tenant: Tenant, queued: Queue) -> None:
    """As the sweep would once it is due."""
    with tenant_context(tenant):
        Store.objects.update(sync_after=timezone.now())
    reading.read_due(tenant=tenant)
    queued.drain()


def test_after_connecting_the_whole_store_is_read(acme: Tenant, nube: TiendanubeFake, queued: Queue) -> None:
    nube.shop.add(
        product(
            1, "Remera", variant(10, "2500.00", 3, "S", promotional_price="1999.00"), variant(11, "2500.00", 0, "M")
        ),
        product(2, "Gorra", variant(20, None, None)),
    )
    connect(acme)
    assert row(acme).synced_at is None
    queued.drain()
    store = row(acme)
    assert (store.name, store.currency, store.language, store.state, store.told) == (
        "Acme Ropa", "ARS", "es", "connected", True
    )  # fmt: skip
    assert (store.synced_at is not None, store.sync_began_at, store.page) == (True, None, 0)
    with tenant_context(acme):
        shirt, cap = StoreProduct.objects.order_by("product_id")
        assert (shirt.price, shirt.has_stock, cap.price, cap.has_stock) == (Decimal("1999.00"), True, None, True)
        assert SystemEvent.objects.filter(action="store.connected").exists()


def test_the_right_header_the_right_address_and_the_token_nowhere_else(connected: Tenant, nube: TiendanubeFake) -> None:
    """The seed sent `Authorization` to a wrong address, and the token in bodies."""
    asked = [each for each in nube.seen_headers if "authentication" in each]
    assert asked
    assert all(each["authentication"] == f"bearer {TOKEN}" for each in asked)
    assert all("SovereignCRM (https://crm.example)" in each["user-agent"] for each in asked)
    assert not any("authorization" in each for each in nube.seen_headers)
    assert all(path.startswith(f"/2025-03/{STORE}/") for _method, path, _query in nube.calls)
    assert TOKEN not in f"{nube.calls} {nube.bodies}"


def test_pages_follow_the_link_but_never_to_another_host(
    acme: Tenant, nube: TiendanubeFake, queued: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "PER_PAGE", 2)
    nube.shop.add(*(product(number, f"P{number}") for number in range(1, 6)))
    connect(acme)
    queued.drain()
    assert names(acme) == ["P1", "P2", "P3", "P4", "P5"]
    assert [query["page"] for query in nube.asked("products")] == ["1", "2", "3"]


def test_a_big_store_is_read_in_turns_and_goes_on_where_it_stopped(
    acme: Tenant, nube: TiendanubeFake, queued: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "PER_PAGE", 1)
    monkeypatch.setattr(reading, "PAGES_AT_ONCE", 2)
    nube.shop.add(*(product(number, f"P{number}") for number in range(1, 6)))
    connect(acme)
    queued.clear()
    assert reading.read_due(tenant=acme) == 2
    assert (row(acme).page, row(acme).synced_at) == (3, None)
    with tenant_context(acme):  # the worker died after page 3 was asked for
        Store.objects.update(sync_after=timezone.now() + reading.LEASE)
    assert reading.read_due(tenant=acme) == 0  # somebody has it
    with tenant_context(acme):
        Store.objects.update(sync_after=timezone.now())
    queued.clear()
    sweep_stores()
    queued.drain()
    assert names(acme) == ["P1", "P2", "P3", "P4", "P5"]
    assert [query["page"] for query in nube.asked("products")] == ["1", "2", "3", "4", "5"]


def test_a_bucket_that_runs_low_is_left_to_who_waits_in_a_chat(
    acme: Tenant, nube: TiendanubeFake, queued: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "PER_PAGE", 1)
    nube.shop.add(*(product(number, f"P{number}") for number in range(1, 4)))
    connect(acme, app=False)
    queued.clear()
    nube.bucket = wire.SPARE_CALLS + 2
    assert reading.read_due(tenant=acme) == 1
    (again,) = queued.named("read_store")
    assert again.countdown == 1.5  # the header's milliseconds
    assert row(acme).page == 2
    assert row(acme).sync_after > timezone.now()


def test_too_many_calls_wait_as_long_as_the_store_says(acme: Tenant, nube: TiendanubeFake, queued: Queue) -> None:
    connect(acme)
    nube.bucket, nube.reset_ms = 0, 9000
    queued.drain()
    store = row(acme)
    assert store.state == "failing"
    wait = store.sync_after - timezone.now()
    assert timedelta(seconds=7) < wait <= timedelta(seconds=9)
    nube.shop.add(product(1, "Remera"))
    read(acme, queued)
    assert (row(acme).state, row(acme).error, names(acme)) == ("connected", "", ["Remera"])


def test_an_empty_store_is_empty_and_a_wrong_address_is_not(acme: Tenant, nube: TiendanubeFake, queued: Queue) -> None:
    connect(acme)
    queued.drain()
    assert (row(acme).state, names(acme)) == ("connected", [])
    nube.shop.add(product(1, "Remera"))
    read(acme, queued)
    shop = nube.shops.pop(STORE)
    read(acme, queued)
    assert row(acme).state == "attention"
    assert "no conoce esa tienda" in row(acme).error
    assert names(acme) == ["Remera"]  # a 404 that is not the end of a list takes nothing away
    nube.shops[STORE] = shop


@pytest.mark.parametrize(
    ("status", "state", "said"),
    [
        (401, "attention", "Conectar la tienda de nuevo"),
        (402, "attention", "pago pendiente"),
        (403, "attention", "permiso"),
        (500, "failing", "no pudo responder"),
        (422, "attention", "no entendió"),
    ],
)
def test_what_is_wrong_is_said_in_words(
    connected: Tenant, nube: TiendanubeFake, queued: Queue, status: int, state: str, said: str
) -> None:
    nube.shop.status = status
    read(connected, queued)
    store = row(connected)
    assert store.state == state
    assert said in store.error
    assert TOKEN not in store.error
    nube.shop.status = 0
    read(connected, queued)
    assert (row(connected).state, row(connected).error) == ("connected", "")


def test_what_the_store_sells_no_more_goes_only_after_a_whole_reading(
    connected: Tenant, nube: TiendanubeFake, queued: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "PER_PAGE", 1)
    nube.shop.add(product(1, "P1"), product(2, "P2"), product(3, "P3"))
    read(connected, queued)
    del nube.shop.products[2]
    nube.broken = []
    with tenant_context(connected):
        Store.objects.update(sync_after=timezone.now())
    monkeypatch.setattr(reading, "PAGES_AT_ONCE", 1)
    reading.read_due(tenant=connected)
    queued.clear()
    assert names(connected) == ["P1", "P2", "P3"]
    read(connected, queued)
    assert names(connected) == ["P1", "P3"]


def test_a_page_that_shifted_while_reading_loses_no_product(
    connected: Tenant, nube: TiendanubeFake, queued: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "PER_PAGE", 1)
    monkeypatch.setattr(reading, "PAGES_AT_ONCE", 1)
    nube.shop.add(product(1, "P1"), product(2, "P2"), product(3, "P3"))
    read(connected, queued)
    with tenant_context(connected):
        Store.objects.update(sync_after=timezone.now())
    reading.read_due(tenant=connected)
    queued.clear()
    del nube.shop.products[1]  # P2 is on page 1 now, which was read already
    nube.shop.add(product(4, "P4"))
    read(connected, queued)
    assert names(connected) == ["P1", "P2", "P3", "P4"]
    read(connected, queued)
    assert names(connected) == ["P2", "P3", "P4"]


def test_of_very_many_that_are_gone_the_count_decides(
    connected: Tenant, nube: TiendanubeFake, queued: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MOST_DOUBTFUL", 1)
    nube.shop.add(*(product(number, f"P{number}") for number in range(1, 5)))
    read(connected, queued)
    nube.shop.products = {4: nube.shop.products[4]}
    read(connected, queued)
    assert names(connected) == ["P4"]
    nube.shop.products = {}
    read(connected, queued)
    assert names(connected) == []


def test_an_older_page_does_not_write_over_a_newer_product(connected: Tenant, nube: TiendanubeFake) -> None:
    nube.shop.add(product(1, "Nueva"))
    reading.read_product(tenant=connected, number=1, seconds=5)
    with tenant_context(connected):
        old = wire.languages("es")
        stale = [each for raw in [product(1, "Vieja")] if (each := reading.shapes.product_of(raw, old))]
        reading.keep(stale, timezone.now() - timedelta(minutes=1))
    assert names(connected) == ["Nueva"]


def test_by_night_where_the_store_tells_its_changes_else_every_few_hours(acme: Tenant) -> None:
    now = timezone.now()
    with tenant_context(acme):
        assert reading.next_reading(now, told=False) - now == reading.UNTOLD
        night = reading.next_reading(now, told=True)
    assert timedelta(hours=1) < night - now <= timedelta(hours=25)


def test_two_companies_never_mix(acme: Tenant, globex: Tenant, nube: TiendanubeFake, queued: Queue) -> None:
    nube.shops["88"] = Shop(token="token-of-88", name="Globex")
    nube.shop.add(product(1, "De acme"))
    nube.shops["88"].add(product(1, "De globex"))
    connect(acme)
    connect(globex, store="88", token="token-of-88")
    queued.drain()
    assert (names(acme), names(globex)) == (["De acme"], ["De globex"])
    with tenant_context(acme):
        assert [each.name for each in finding.search("de").products] == ["De acme"]


def test_another_store_begins_from_nothing(connected: Tenant, nube: TiendanubeFake, queued: Queue) -> None:
    nube.shop.add(product(1, "De antes"))
    read(connected, queued)
    nube.shops["88"] = Shop(token="token-of-88", name="Otra")
    connect(connected, store="88", token="token-of-88")
    assert names(connected) == []
    queued.drain()
    assert row(connected).name == "Otra"


def test_connected_is_only_who_has_both(acme: Tenant, nube: TiendanubeFake) -> None:
    with tenant_context(acme):
        connecting.put_credential(category="tiendanube", name="STORE_ID", value=STORE, by=BY)
        assert connection.keys() is None
        connecting.put_credential(category="tiendanube", name="ACCESS_TOKEN", value=TOKEN, by=BY)
        found = connection.keys()
        assert found is not None
        assert TOKEN not in repr(found)


def test_disconnecting_forgets_everything_and_takes_the_notices_back(
    connected: Tenant, nube: TiendanubeFake, queued: Queue
) -> None:
    nube.shop.add(product(1, "Remera"))
    read(connected, queued)
    assert len(nube.shop.hooks) == 9
    with tenant_context(connected):
        connecting.disconnect(by=BY)
    assert nube.shop.hooks == []
    with tenant_context(connected):
        assert not Store.objects.exists()
        assert not StoreProduct.objects.exists()
        assert connection.keys() is None
        assert connection.app() is not None


def test_an_app_that_may_not_read_orders_is_told_of_products(acme: Tenant, nube: TiendanubeFake, queued: Queue) -> None:
    nube.forbidden_hooks = {"order/created", "order/paid", "order/cancelled", "order/packed", "order/fulfilled"}
    connect(acme)
    queued.drain()
    assert (row(acme).told, row(acme).state) == (True, "connected")
    nube.shop.hooks.clear()
    nube.forbidden_hooks = {"product/deleted"}
    read(acme, queued)
    assert row(acme).told is False


def test_asking_for_notices_again_asks_for_none_twice(connected: Tenant, nube: TiendanubeFake, queued: Queue) -> None:
    before = len(nube.shop.hooks)
    read(connected, queued)
    assert len(nube.shop.hooks) == before
