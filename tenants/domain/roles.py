"""The one permission table. Pages, API, admin, websockets and agent tools all ask here."""

from collections.abc import Iterable

CEO, PROFESSIONAL, SECRETARY, SETTER, CLOSER = ROLES = ("ceo", "professional", "secretary", "setter", "closer")
CHOICES = [
    (CEO, "CEO"),
    (PROFESSIONAL, "Profesional"),
    (SECRETARY, "Secretaría"),
    (SETTER, "Setter"),
    (CLOSER, "Closer"),
]

_EVERYONE = frozenset(
    {"inbox.read", "inbox.write", "leads.read", "leads.write", "contacts.read", "contacts.write", "sellers.read"}
)
_OFFICE = _EVERYONE | {"knowledge.read", "knowledge.write", "agents.read", "runs.read", "channels.read", "members.read"}
_OWNER = _OFFICE | {
    "sellers.write",
    "channels.write",
    "agents.write",
    "credentials.read",
    "credentials.write",
    "members.write",
    "settings.read",
    "settings.write",
    "audit.read",
    "messages.relay",
}
TABLE: dict[str, frozenset[str]] = {
    CEO: frozenset(_OWNER),
    PROFESSIONAL: _EVERYONE | {"knowledge.read"},
    SECRETARY: frozenset(_OFFICE),
    SETTER: _EVERYONE,
    CLOSER: _EVERYONE,
}
# Whose leads a role sees: everything, or only what is assigned to the person (and what nobody has).
SEES_ALL = frozenset({CEO, SECRETARY, PROFESSIONAL})


def permissions(role: str) -> frozenset[str]:
    """Unknown roles may do nothing."""
    return TABLE.get(role, frozenset())


def sees_all(role: str) -> bool:
    return role in SEES_ALL


def known(permissions_used: Iterable[str]) -> bool:
    """Whether every name exists in the table; a misspelt one would silently refuse everybody."""
    return set(permissions_used) <= TABLE[CEO]
