"""Every kind of credential, in the order in which the page shows them."""

from tenants.providers_check import (
    chatwoot,
    facebook,
    google,
    instagram,
    meta,
    openai,
    smtp,
    supabase,
    tiendanube,
    webhook,
    whatsapp_cloud,
    ycloud,
)
from tenants.providers_check.base import Field, Group, Kind

_MODULES = (
    openai,
    google,
    meta,
    whatsapp_cloud,
    instagram,
    facebook,
    ycloud,
    chatwoot,
    smtp,
    tiendanube,
    supabase,
    webhook,
)
KINDS: dict[str, Kind] = {module.KIND.category: module.KIND for module in _MODULES}


def group_of(category: str, name: str) -> Group | None:
    """The names that work together with this one; `name` without a channel."""
    kind = KINDS.get(category)
    return kind.group_of(name) if kind else None


def field_of(category: str, name: str) -> Field | None:
    kind = KINDS.get(category)
    return kind.field_of(name) if kind else None
