"""The page of the online store and its API, from nothing to the products that an agent finds."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings
from django.test import Client

from crm.models import Store
from crm.store import connecting
from tenants.context import tenant_context
from tenants.models import SystemEvent, Tenant
from tenants.services.vault import get_tenant_credential
from tests.factories.store import make_product, make_store
from tests.fakes.tiendanube import APP_ID, SECRET, STORE, TOKEN, TiendanubeFake, product
from tests.support.tasks import Queue

HOME = "/ajustes/tienda/"
APP = {"app_id": APP_ID, "app_secret": SECRET}
HAND = {"store_id": STORE, "token": TOKEN}


@pytest.fixture
def nube(monkeypatch: pytest.MonkeyPatch) -> Iterator[TiendanubeFake]:
    with TiendanubeFake() as fake:
        monkeypatch.setattr(settings, "TIENDANUBE_BASE_URL", fake.base_url)
        monkeypatch.setattr(settings, "TIENDANUBE_AUTH_BASE_URL", fake.auth_url)
        yield fake


@pytest.fixture
def office(client_as: Any, nube: TiendanubeFake) -> Client:
    return client_as("ana")


def text(answer: Any) -> str:
    return answer.content.decode()


def consent(office: Client, nube: TiendanubeFake) -> str:
    """What the owner's browser is sent back with."""
    asked = office.get(f"{HOME}permiso/")
    assert asked.status_code == 302
    return f"{HOME}vuelta/?{nube.consent(asked['Location'])}"


def stored(tenant: Tenant) -> Store | None:
    with tenant_context(tenant):
        return Store.objects.first()


def test_the_shops_owner_gives_permission_step_by_step(
    office: Client, nube: TiendanubeFake, acme: Tenant, queued: Queue
) -> None:
    nube.shop.add(product(1, "Remera"))
    assert "Hay dos maneras" in text(office.get(HOME))
    steps = text(office.get(f"{HOME}conectar/"))
    assert "localhost/ajustes/tienda/vuelta/</code>" in steps
    assert f"{HOME}permiso/" not in steps
    assert office.post(f"{HOME}conectar/", APP).status_code == 303
    steps = text(office.get(f"{HOME}conectar/"))
    assert f"{HOME}permiso/" in steps
    assert SECRET not in steps
    answer = office.get(consent(office, nube))
    assert (answer.status_code, answer["Location"]) == (302, HOME)
    with tenant_context(acme):
        assert get_tenant_credential(acme.pk, "tiendanube", "STORE_ID") == STORE
        assert get_tenant_credential(acme.pk, "tiendanube", "ACCESS_TOKEN") == TOKEN
        assert SystemEvent.objects.filter(action="store.connected").exists()
    assert "Leyendo…" in text(office.get(HOME))
    queued.drain()
    page = text(office.get(HOME))
    assert "Leyendo…" not in page
    assert "Acme Ropa" in page
    assert "Conectada" in page
    assert TOKEN not in page
    assert "Remera" in text(office.get(f"{HOME}productos/"))


def test_the_state_names_no_secret(office: Client) -> None:
    office.post(f"{HOME}conectar/", APP)
    asked = office.get(f"{HOME}permiso/")["Location"]
    assert SECRET not in asked
    assert set(parse_qs(urlsplit(asked).query)) == {"state"}


def test_a_state_of_another_person_session_or_company_is_refused(
    office: Client, client_as: Any, nube: TiendanubeFake, acme: Tenant, globex: Tenant, queued: Queue
) -> None:
    office.post(f"{HOME}conectar/", APP)
    address = consent(office, nube)
    other_session, outsider = client_as("ana"), client_as("gus")
    outsider.post(f"{HOME}conectar/", APP)
    for each in (other_session, outsider):
        assert each.get(address).status_code == 302
    office.get(address.replace("state=", "state=x"))
    office.get(f"{HOME}vuelta/")
    assert stored(acme) is None
    assert stored(globex) is None
    assert nube.codes  # the code was never exchanged
    office.get(address)
    assert stored(acme) is not None


def test_a_late_state_is_refused(
    office: Client, nube: TiendanubeFake, acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.post(f"{HOME}conectar/", APP)
    address = consent(office, nube)
    monkeypatch.setattr(connecting, "STATE_SECONDS", -1)
    assert "venció" in text(office.get(address, follow=True))
    assert stored(acme) is None


@pytest.mark.parametrize(
    "answered",
    [
        {"error": "invalid_grant", "error_description": "code 123 expired"},
        {"access_token": "", "user_id": 77},
        {"access_token": "t", "user_id": None},
        {"access_token": "t\nx", "user_id": 77},
        {},
    ],
)
def test_an_error_that_comes_as_a_200_is_an_error(
    office: Client, nube: TiendanubeFake, acme: Tenant, answered: dict[str, Any]
) -> None:
    office.post(f"{HOME}conectar/", APP)
    nube.exchange_as = answered
    office.get(consent(office, nube))
    page = text(office.get(HOME))
    assert "no aceptó el permiso" in page
    assert "expired" not in page
    with tenant_context(acme):
        assert connecting.connection.keys() is None
    store = stored(acme)
    assert store is not None
    assert not store.works


def test_a_refused_permission_leaves_the_store_that_was_connected(
    office: Client, nube: TiendanubeFake, acme: Tenant, queued: Queue
) -> None:
    office.post(f"{HOME}token/", HAND)
    office.post(f"{HOME}conectar/", APP)
    queued.drain()
    nube.exchange_as = {"error": "invalid_grant"}
    office.get(consent(office, nube))
    store = stored(acme)
    assert store is not None
    assert (store.state, "no aceptó" in store.error) == ("connected", True)


def test_number_and_token_by_hand(office: Client, nube: TiendanubeFake, acme: Tenant, queued: Queue) -> None:
    wrong = office.post(f"{HOME}token/", {"store_id": "../1", "token": TOKEN})
    assert wrong.status_code == 422
    assert TOKEN not in text(wrong)
    assert office.post(f"{HOME}token/", HAND).status_code == 303
    queued.drain()
    page = text(office.get(HOME))
    assert "Conectada" in page
    assert "cada tres horas" in page  # without the app's secret no notice is believed
    nube.shop.token = "another"
    assert office.post(f"{HOME}leer/").status_code == 303
    queued.drain()
    page = text(office.get(HOME))
    assert "ya no acepta el permiso" in page
    assert "Necesita atención" in page


def test_keys_that_came_into_the_vault_by_another_way_are_offered(
    office: Client, nube: TiendanubeFake, acme: Tenant, queued: Queue
) -> None:
    with tenant_context(acme):
        for name, value in (("STORE_ID", STORE), ("ACCESS_TOKEN", TOKEN)):
            connecting.put_credential(category="tiendanube", name=name, value=value, by=connecting.notices.BY)
    assert "Usar esas credenciales" in text(office.get(HOME))
    office.post(f"{HOME}leer/")
    queued.drain()
    assert "Acme Ropa" in text(office.get(HOME))


def test_disconnecting(office: Client, nube: TiendanubeFake, acme: Tenant, queued: Queue) -> None:
    office.post(f"{HOME}token/", HAND)
    queued.drain()
    assert "Se olvidan el token" in text(office.get(f"{HOME}desconectar/"))
    assert office.post(f"{HOME}desconectar/").status_code == 303
    assert stored(acme) is None
    assert "Hay dos maneras" in text(office.get(HOME))


def test_who_may_not_change_channels_only_looks(client_as: Any, nube: TiendanubeFake, acme: Tenant) -> None:
    with tenant_context(acme):
        make_store()
    secretary, setter = client_as("rita"), client_as("sol")
    page = text(secretary.get(HOME))
    assert "Acme Ropa" in page
    assert "Desconectar" not in page
    assert secretary.post(f"{HOME}token/", HAND).status_code == 403
    assert setter.get(HOME).status_code == 403


def test_the_products_page_shows_what_an_agent_finds(office: Client, acme: Tenant) -> None:
    with tenant_context(acme):
        make_store()
        make_product(name="Remera azul")
        make_product(name="Gorra <b>", has_stock=False, price=None)
    page = text(office.get(f"{HOME}productos/?q=remeras"))
    assert "Remera azul" in page
    assert "Gorra" not in page
    everything = text(office.get(f"{HOME}productos/"))
    assert "Gorra &lt;b&gt;" in everything
    assert "consultar precio" in everything
    assert "$\N{NO-BREAK SPACE}2.500,00" in everything
    assert "Ningún producto" in text(office.get(f"{HOME}productos/?q=heladera"))


@pytest.mark.parametrize("path", [f"{HOME}productos/", "/api/v1/store/products/"])
def test_a_list_costs_the_same_for_3_and_for_30(office: Client, acme: Tenant, statements: Any, path: str) -> None:
    counted = []
    with tenant_context(acme):
        make_store()
    for more in (3, 27):
        with tenant_context(acme):
            for _ in range(more):
                make_product()
        office.get(path)
        with statements() as seen:  # type: Statements
            assert office.get(path).status_code == 200
        counted.append(seen.count)
    assert counted[0] == counted[1] <= 8


def test_a_long_list_has_pages(office: Client, acme: Tenant) -> None:
    with tenant_context(acme):
        make_store()
        for number in range(60):
            make_product(name=f"P{number:02}")
    page = text(office.get(f"{HOME}productos/"))
    assert "P49" in page
    assert ">P50" not in page
    first = office.get("/api/v1/store/products/?limit=50").json()
    assert first["next"]
    last = office.get(first["next"]).json()["results"]
    assert [each["name"] for each in last] == [f"P{number}" for number in range(50, 60)]


def test_the_api_tells_state_and_products(office: Client, acme: Tenant) -> None:
    assert office.get("/api/v1/store/").status_code == 404
    with tenant_context(acme):
        make_store(state="attention", error="Falta un pago.")
        make_product(name="Remera azul")
        make_product(name="Escondida", is_published=False)
    found = office.get("/api/v1/store/").json()
    assert (found["state"], found["error"], found["products"], found["store_id"]) == (
        "attention", "Falta un pago.", 1, "77"
    )  # fmt: skip
    assert "route_key" not in found
    listed = office.get("/api/v1/store/products/").json()["results"]
    assert [each["name"] for each in listed] == ["Remera azul"]
    assert (listed[0]["price"], listed[0]["variants"][0]["stock"]) == ("2500.00", 3)
    assert office.get("/api/v1/store/products/?search=remeras").json()["results"][0]["name"] == "Remera azul"
