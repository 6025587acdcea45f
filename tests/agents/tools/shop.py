"""Acme's store at Tienda Nube, on this machine."""

from crm.store import connecting
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.agents.services.story import TEAM
from tests.fakes.tiendanube import STORE, TOKEN
from tests.support.tasks import Queue

TOOLS = ["search_products", "check_stock", "order_status", "create_customer", "check_seller_availability"]


def stock_up(tenant: Tenant, queued: Queue, *, store: str = STORE, token: str = TOKEN) -> None:
    with tenant_context(tenant):
        connecting.connect(store_id=store, token=token, by=TEAM)
    queued.drain()
