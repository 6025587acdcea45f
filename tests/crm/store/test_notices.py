"""What the store tells by itself: believed with its signature only, answered at once, looked at soon."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from django.test import Client

from config.asgi import Root
from crm.models import Store, StoreNotice, StoreProduct, Task
from crm.store import connecting, looking, notices
from crm.store.wire import Keys
from crm.tasks import sweep_stores
from tenants.context import tenant_context
from tenants.models import SystemEvent, Tenant
from tests.crm.store.conftest import BY, connect
from tests.factories.crm import make_contact
from tests.fakes.tiendanube import Shop, TiendanubeFake, notice, order, product, sign, variant
from tests.support.tasks import Queue

Tell = Callable[..., int]


@pytest.fixture
def tell(connected: Tenant, client: Client) -> Tell:
    """`tell(event, number)`: the store says so at acme's door; the status it is answered with."""
    with tenant_context(connected):
        door = f"{notices.DOOR}{Store.objects.get().route_key}/"

    def said(event: str, number: int | None = None, *, path: str = door, **more: Any) -> int:
        return client.post(path, **notice(event, number, **more)).status_code

    return said


def inside(tenant: Tenant, read: Callable[[], Any]) -> Any:
    with tenant_context(tenant):
        return read()


def names(tenant: Tenant) -> list[str]:
    return sorted(inside(tenant, lambda: list(StoreProduct.objects.values_list("name", flat=True))))


def test_a_product_comes_changes_and_goes(connected: Tenant, nube: TiendanubeFake, queued: Queue, tell: Tell) -> None:
    nube.shop.add(product(1, "Remera"))
    assert tell("product/created", 1) == 200
    assert names(connected) == []  # the answer waits for nothing
    queued.drain()
    assert names(connected) == ["Remera"]
    nube.shop.add(product(1, "Remera lisa"))
    tell("product/updated", 1)
    queued.drain()
    assert names(connected) == ["Remera lisa"]
    del nube.shop.products[1]
    tell("product/deleted", 1)
    queued.drain()
    assert names(connected) == []
    assert inside(connected, StoreNotice.objects.count) == 0


def test_ten_equal_notices_are_read_once(connected: Tenant, nube: TiendanubeFake, queued: Queue, tell: Tell) -> None:
    nube.shop.add(product(1, "Remera"))
    before = len(nube.calls)
    assert {tell("product/updated", 1) for _ in range(10)} == {200}
    assert inside(connected, StoreNotice.objects.count) == 1
    queued.drain()
    assert len(nube.calls) - before == 1


def test_an_order_has_its_products_read_again_and_nothing_of_the_buyer_is_asked_for(
    connected: Tenant, nube: TiendanubeFake, queued: Queue, tell: Tell
) -> None:
    nube.shop.add(product(1, "Remera", variant(10, "1.00", 5)))
    nube.shop.orders[9] = order(100)
    tell("product/created", 1)
    queued.drain()
    nube.shop.add(product(1, "Remera", variant(10, "1.00", 0)))
    assert tell("order/paid", 9) == 200
    queued.drain()
    assert inside(connected, lambda: StoreProduct.objects.get().has_stock) is False
    assert [each["fields"] for each in nube.asked("orders/9")] == ["id,products"]
    assert tell("order/paid", 404) == 200
    queued.drain()
    assert inside(connected, StoreNotice.objects.count) == 0


@pytest.mark.parametrize("spoil", ["secret", "store", "body", "none", "garbage"])
def test_only_a_signed_notice_of_our_store_is_believed(
    connected: Tenant, client: Client, tell: Tell, spoil: str
) -> None:
    door = f"{notices.DOOR}{inside(connected, lambda: Store.objects.get().route_key)}/"
    if spoil == "secret":
        assert tell("app/uninstalled", secret="guessed") == 401
    elif spoil == "store":
        assert tell("app/uninstalled", store="88") == 400
    elif spoil == "body":
        made = notice("product/updated", 1)
        made["data"] = made["data"].replace(b"product/updated", b"app/uninstalled")
        assert client.post(door, **made).status_code == 401
    elif spoil == "none":
        assert client.post(door, data=b"{}", content_type="application/json").status_code == 401
    else:
        raw = b"[" * 5000
        headers = {"X-Linkedstore-HMAC-SHA256": sign(raw)}
        assert client.post(door, data=raw, content_type="application/json", headers=headers).status_code == 400
    assert inside(connected, lambda: Store.objects.get().state) == "connected"


@pytest.mark.parametrize("path", ["t1.abc", "t999999.{}", "x", "t{}.{}"])
def test_a_door_nobody_has_is_no_door(connected: Tenant, tell: Tell, path: str) -> None:
    made = path.format(connected.pk, "k" * 32)
    assert tell("product/updated", 1, path=f"{notices.DOOR}{made}/") == 404


def test_without_the_apps_secret_nothing_is_believed(
    acme: Tenant, nube: TiendanubeFake, queued: Queue, client: Client
) -> None:
    connect(acme, app=False)
    queued.drain()
    key = inside(acme, lambda: Store.objects.get().route_key)
    assert inside(acme, lambda: Store.objects.get().told) is False
    assert client.post(f"{notices.DOOR}{key}/", **notice("app/uninstalled", secret="")).status_code == 401


def test_a_body_that_is_too_large_is_not_read(connected: Tenant, client: Client) -> None:
    key = inside(connected, lambda: Store.objects.get().route_key)
    answer = client.post(f"{notices.DOOR}{key}/", data=b"x" * 70_000, content_type="application/json")
    assert answer.status_code == 413
    assert client.get(f"{notices.DOOR}{key}/").status_code == 405


def test_a_notice_reaches_its_own_company_only(
    connected: Tenant, globex: Tenant, nube: TiendanubeFake, queued: Queue, tell: Tell
) -> None:
    nube.shops["88"] = Shop(token="token-of-88")
    connect(globex, store="88", token="token-of-88")
    queued.drain()
    nube.shop.add(product(1, "De acme"))
    tell("product/created", 1)
    queued.drain()
    assert (names(connected), names(globex)) == (["De acme"], [])
    other = inside(globex, lambda: Store.objects.get().route_key)
    assert tell("product/created", 1, path=f"{notices.DOOR}{other}/") == 400  # signed, but of another store


def test_a_lost_wake_up_is_found_by_the_sweep(
    connected: Tenant, nube: TiendanubeFake, queued: Queue, tell: Tell
) -> None:
    nube.shop.add(product(1, "Remera"))
    tell("product/created", 1)
    queued.clear()
    sweep_stores()
    assert len(queued.named("look_at_store_notices")) == 1
    queued.drain()
    assert names(connected) == ["Remera"]


def test_what_cannot_be_read_now_is_tried_later_and_not_for_ever(
    connected: Tenant, nube: TiendanubeFake, queued: Queue, tell: Tell
) -> None:
    nube.shop.add(product(1, "Remera"))
    tell("product/created", 1)
    nube.broken = [503]
    queued.drain()
    waiting = inside(connected, StoreNotice.objects.get)
    assert waiting.fails == 1
    for _ in range(looking.MOST_FAILS):
        nube.broken = [503]
        inside(connected, lambda: StoreNotice.objects.update(due_at=waiting.due_at - looking.timedelta(hours=1)))
        looking.look(tenant=connected)
    assert inside(connected, StoreNotice.objects.count) == 0  # by night everything is read anyway


def test_a_flood_of_notices_ends_in_one_reading(
    connected: Tenant, queued: Queue, tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notices, "MOST_WAITING", 3)
    for number in range(1, 5):
        assert tell("product/updated", number) == 200
    assert inside(connected, StoreNotice.objects.count) == 0
    sweep_stores()
    assert queued.named("read_store")


def test_in_a_flood_the_removal_of_the_app_is_not_lost(
    connected: Tenant, nube: TiendanubeFake, queued: Queue, tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notices, "MOST_WAITING", 3)
    nube.shop.token = "none-any-more"
    for number in range(1, 4):
        tell("product/updated", number)
    tell("app/uninstalled")
    tell("product/updated", 9)
    queued.drain()
    assert inside(connected, lambda: Store.objects.get().state) == "uninstalled"


# --- the app goes, and people's data -----------------------------------------------------------------------------
def test_a_removed_app_disables_the_store_and_its_data_goes_when_asked(
    connected: Tenant, nube: TiendanubeFake, queued: Queue, tell: Tell
) -> None:
    nube.shop.add(product(1, "Remera"))
    tell("product/created", 1)
    queued.drain()
    assert tell("store/redact") == 200  # not before the app is gone
    assert names(connected) == ["Remera"]
    nube.shop.token = "none-any-more"
    assert tell("app/uninstalled") == 200
    queued.drain()
    store = inside(connected, Store.objects.get)
    assert (store.state, store.works) == ("uninstalled", False)
    assert "conectar la tienda de nuevo" in store.error
    sweep_stores()
    assert not queued.named("read_store")
    assert tell("store/redact") == 200
    assert names(connected) == []
    assert not inside(connected, Store.objects.exists)
    actions = inside(connected, lambda: set(SystemEvent.objects.values_list("action", flat=True)))
    assert {"store.uninstalled", "store.redacted", "store.redact_not_due"} <= actions


def test_a_removal_told_late_does_not_end_a_store_that_was_connected_again(
    connected: Tenant, nube: TiendanubeFake, queued: Queue, tell: Tell
) -> None:
    nube.shop.add(product(1, "Remera"))
    assert tell("app/uninstalled") == 200
    queued.drain()
    assert inside(connected, lambda: Store.objects.get().state) == "connected"
    assert inside(connected, StoreNotice.objects.count) == 0


def test_a_store_that_cannot_say_whether_the_app_is_gone_is_asked_again(
    connected: Tenant, nube: TiendanubeFake, queued: Queue, tell: Tell
) -> None:
    nube.broken = [503]
    tell("app/uninstalled")
    queued.drain()
    waiting = inside(connected, StoreNotice.objects.get)
    assert (waiting.fails, inside(connected, lambda: Store.objects.get().state)) == (1, "connected")
    nube.shop.token = "none-any-more"
    inside(connected, lambda: StoreNotice.objects.update(due_at=waiting.due_at - looking.timedelta(hours=1)))
    looking.look(tenant=connected)
    assert inside(connected, lambda: Store.objects.get().state) == "uninstalled"


def test_a_token_that_was_put_in_while_the_old_one_was_tried_stays(
    connected: Tenant, nube: TiendanubeFake, queued: Queue
) -> None:
    with tenant_context(connected):
        notices.uninstalled(Keys("77", "token-before"))
        assert Store.objects.get().state == "connected"


def test_the_address_pasted_at_tienda_nube_holds_after_connecting_anew(
    connected: Tenant, globex: Tenant, nube: TiendanubeFake, queued: Queue, tell: Tell
) -> None:
    """The address of the notices of privacy is written there by hand, once."""
    with tenant_context(connected):
        connecting.disconnect(by=BY)
    queued.drain()
    assert tell("customers/redact", customer={"id": 3}) == 404
    connect(connected)
    queued.drain()
    assert tell("customers/redact", customer={"id": 3}) == 200
    keys = {inside(each, notices.new_route_key) for each in (connected, globex)}
    assert len(keys) == 2
    assert all(notices.tenant_id_of(each) for each in keys)


@pytest.mark.parametrize("event", ["customers/redact", "customers/data_request"])
def test_a_buyer_who_is_a_contact_becomes_a_task_for_a_person(connected: Tenant, tell: Tell, event: str) -> None:
    who = {"id": 3, "email": "Ana@Example.com", "phone": "+54 9 11 5555-1111"}
    assert tell(event, customer=who) == 200
    assert inside(connected, lambda: Task.objects.filter(contact__isnull=False).count()) == 0  # nobody we know
    contact = inside(connected, lambda: make_contact(email="ana@example.com"))
    assert {tell(event, customer=who) for _ in range(3)} == {200}
    task = inside(connected, Task.objects.get)
    assert task.contact_id == contact.pk
    assert task.assignee_id is not None
    events = inside(connected, lambda: list(SystemEvent.objects.filter(action__startswith="store.customer_").values()))
    assert len(events) == 4
    assert "Ana" not in str(events)  # the trail keeps a number, and no address


def test_odd_people_in_a_request_do_no_harm(connected: Tenant, tell: Tell) -> None:
    for customer in (None, "x", {"email": 7, "phone": ["1"]}, {"phone": "no"}):
        assert tell("customers/redact", customer=customer) == 200


@pytest.mark.parametrize("path", [f"{notices.DOOR}t1.k/", "/webhooks/ycloud/x/"])
def test_at_the_one_port_notices_of_stores_go_to_django(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    root, taken = Root(), []  # type: tuple[Root, list[str]]

    def taker(name: str) -> Callable[..., Awaitable[None]]:
        async def take(*_: object) -> None:
            taken.append(name)

        return take

    monkeypatch.setattr(root, "_page", taker("django"))
    monkeypatch.setattr(root, "_door", taker("door"))
    scope = {"type": "http", "path": path, "headers": [], "method": "POST", "query_string": b"", "scheme": "https"}
    nobody: Any = None
    asyncio.run(root(scope, nobody, nobody))
    assert taken == ["django" if path.startswith(notices.DOOR) else "door"]
