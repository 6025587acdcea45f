"""When the company works, and how soon it means to answer. Kept among the company's settings."""

from datetime import datetime

from crm.domain import business_time
from crm.models import Seller
from tenants.context import current_tenant
from tenants.services import tenant_settings


def seconds(start: datetime, end: datetime, *, seller: Seller | None = None) -> int:
    """Working seconds between two times: by the seller's own hours when they have some, else by the company's."""
    tenant = current_tenant()
    if seller is not None and seller.working_hours:
        return business_time.seconds(start, end, seller.working_hours, seller.timezone or tenant.timezone)
    return business_time.seconds(start, end, tenant_settings.of(tenant).business_hours, tenant.timezone)


def first_response_minutes() -> float:
    """Working minutes within which a customer should get a first answer of a person."""
    return tenant_settings.of(current_tenant()).first_response_minutes
