"""The one permission table. Pages, API, admin, websockets, exports and agent tools all ask here."""

from collections.abc import Iterable

CEO, PROFESSIONAL, SECRETARY, SETTER, CLOSER = ROLES = ("ceo", "professional", "secretary", "setter", "closer")
# Whose leads and chats a person sees: their own and nobody's, their team's too, or everybody's.
OWN, TEAM, ALL = SCOPES = ("own", "team", "all")
# The platform's staff on a visit. No row of a company ever holds this role.
SUPPORT = "support"

_EVERYONE = frozenset(
    {
        "inbox.read",
        "inbox.write",
        "leads.read",
        "leads.write",
        "contacts.read",
        "contacts.write",
        "sellers.read",
        "clients.read",
        "clients.write",
        "tasks.read",
        "tasks.write",
        "reports.read",
        "leads.approve",
        "agenda.read",
        "agenda.write",
        "events.read",
    }
)
_OFFICE = _EVERYONE | {
    "leads.import",
    "agenda.manage",
    "pipeline.read",
    "knowledge.read",
    "knowledge.write",
    "agents.read",
    "runs.read",
    "channels.read",
    "members.read",
}
_OWNER = _OFFICE | {
    "sellers.write",
    "pipeline.write",
    "forms.read",
    "forms.write",
    "leads.export",
    "views.share",
    "channels.write",
    "agents.write",
    "credentials.read",
    "credentials.write",
    "members.write",
    "keys.read",
    "keys.write",
    "settings.read",
    "settings.write",
    "audit.read",
    "audit.export",
    "contacts.export",
    "contacts.erase",
    "admin.open",
    "messages.relay",
}
# Enough to see why something does not work; nothing that a customer said, nothing that changes. The trail and the admin
# show what people and agents noted of customers, so neither is here.
_SUPPORT = frozenset(
    {"agents.read", "channels.read", "credentials.read", "members.read", "settings.read", "events.read"}
)
# What an agent's tools may need at most, whatever a company enables. An agent stands in one conversation and no other.
AGENT = frozenset({"inbox.write", "leads.write", "contacts.write", "clients.write", "agenda.write", "knowledge.read"})
TABLE: dict[str, frozenset[str]] = {
    CEO: frozenset(_OWNER),
    PROFESSIONAL: _EVERYONE | {"knowledge.read"},
    SECRETARY: frozenset(_OFFICE),
    SETTER: _EVERYONE,
    CLOSER: _EVERYONE,
}
_DEFAULT_SCOPE = {CEO: ALL, SECRETARY: ALL, PROFESSIONAL: ALL, SETTER: OWN, CLOSER: OWN}
# What no key of an integration may do: these need a person.
PEOPLE_ONLY = frozenset({"keys.read", "keys.write", "admin.open", "contacts.erase", "members.write"})


def permissions(role: str) -> frozenset[str]:
    """Unknown roles may do nothing."""
    return _SUPPORT if role == SUPPORT else TABLE.get(role, frozenset())


def default_scope(role: str) -> str:
    """Whose leads and chats a role sees unless the company says otherwise for one person."""
    return _DEFAULT_SCOPE.get(role, OWN)


def scope_of(role: str, chosen: str) -> str:
    """Whose leads and chats somebody sees: what the company chose for the person, else what the role says.

    Who directs the company sees all of it: somebody must.
    """
    return ALL if role == CEO else chosen or default_scope(role)


def scopes_of(permission: Iterable[str]) -> list[str]:
    """Permissions as API keys name them: `leads.read` → `leads:read`."""
    return sorted(each.replace(".", ":") for each in permission)


def permission_of(scope: str) -> str | None:
    """The permission an API key's scope stands for; None for one that does not exist or is for people only."""
    named = scope.replace(":", ".")
    return named if ":" in scope and named in TABLE[CEO] - PEOPLE_ONLY else None
