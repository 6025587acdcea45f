"""Acme has a store at Tienda Nube, on this machine."""

from collections.abc import Iterator

import pytest
from django.conf import settings

from crm.models import Store
from crm.store import connecting
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tenants.models import Tenant
from tests.fakes.tiendanube import APP_ID, SECRET, STORE, TOKEN, TiendanubeFake
from tests.support.tasks import Queue

BY = Actor.system("Prueba")


@pytest.fixture
def nube(monkeypatch: pytest.MonkeyPatch) -> Iterator[TiendanubeFake]:
    with TiendanubeFake() as fake:
        monkeypatch.setattr(settings, "TIENDANUBE_BASE_URL", fake.base_url)
        monkeypatch.setattr(settings, "TIENDANUBE_AUTH_BASE_URL", fake.auth_url)
        monkeypatch.setattr(settings, "PUBLIC_URL", "https://crm.example")
        yield fake


def connect(tenant: Tenant, *, app: bool = True, store: str = STORE, token: str = TOKEN) -> Store:
    """As somebody of the company would, with the app's keys unless not."""
    with tenant_context(tenant):
        if app:
            connecting.store_app(app_id=APP_ID, app_secret=SECRET, by=BY)
        return connecting.connect(store_id=store, token=token, by=BY)


@pytest.fixture
def connected(acme: Tenant, nube: TiendanubeFake, queued: Queue) -> Tenant:
    """Acme, whose store was read; what was read is in `nube`."""
    connect(acme)
    queued.drain()
    return acme
