"""The numbers in force for a company."""

from django.conf import settings

from tenants.domain.tenant_settings import TenantSettings, merged
from tenants.models import Tenant

FIRST_RESPONSE_MINUTES = 15


def of(tenant: Tenant) -> TenantSettings:
    return merged(
        tenant.settings,
        {
            "buffer_seconds": settings.INBOUND_BUFFER_SECONDS,
            "buffer_max_seconds": settings.INBOUND_BUFFER_MAX_SECONDS,
            "spacing_seconds": settings.OUTBOUND_SPACING_SECONDS,
            "human_override_hours": settings.HUMAN_OVERRIDE_HOURS,
            "first_response_minutes": FIRST_RESPONSE_MINUTES,
        },
    )
