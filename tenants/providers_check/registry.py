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
    tools,
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
# Kinds without a card of their own: their secrets are written where they are used.
ELSEWHERE: dict[str, Kind] = {tools.KIND.category: tools.KIND}


def kind_of(category: str) -> Kind | None:
    return KINDS.get(category) or ELSEWHERE.get(category)


def group_of(category: str, name: str) -> Group | None:
    """The names that work together with this one; `name` without a channel."""
    kind = kind_of(category)
    return kind.group_of(name) if kind else None


def field_of(category: str, name: str) -> Field | None:
    kind = kind_of(category)
    return kind.field_of(name) if kind else None
