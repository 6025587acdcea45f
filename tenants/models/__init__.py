from tenants.models.audit import SystemEvent
from tenants.models.tenant import Domain, SchemaSnapshot, Tenant, Trade
from tenants.models.user import Membership, RefreshToken, User
from tenants.models.vault import Category, Credential, DataKey

__all__ = [
    "Category",
    "Credential",
    "DataKey",
    "Domain",
    "Membership",
    "RefreshToken",
    "SchemaSnapshot",
    "SystemEvent",
    "Tenant",
    "Trade",
    "User",
]
