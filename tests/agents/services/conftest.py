"""The company under attack, with one store at Tienda Nube for all of its cases."""

from collections.abc import Iterator

import pytest
from django.conf import settings

from tenants.models import Tenant
from tests.agents.arena.service import Service
from tests.agents.arena.world import HER_ORDER, World
from tests.fakes.llm import FakeLLM
from tests.fakes.tiendanube import TiendanubeFake, product, variant


@pytest.fixture(scope="session")
def market() -> Iterator[TiendanubeFake]:
    """A shop with one product and the victim's order; nobody writes to it."""
    with TiendanubeFake() as fake:
        fake.shop.add(product(1, "Remera lisa", variant(10, "2500.00", 3, "M")))
        fake.shop.orders[HER_ORDER["id"]] = HER_ORDER
        yield fake


@pytest.fixture
def world(
    acme: Tenant, globex: Tenant, llm: FakeLLM, market: TiendanubeFake, monkeypatch: pytest.MonkeyPatch
) -> Iterator[World]:
    monkeypatch.setattr(settings, "TIENDANUBE_BASE_URL", market.base_url)
    with Service() as service:
        yield World(acme, globex, llm, service, market)
