"""All declarations together: which columns hold words of a person, and which hold none and why."""

from agents.services import privacy as agents
from crm.services import privacy as crm
from messaging.services import privacy as messaging
from rag.services import privacy as rag
from tenants.domain.privacy import Columns, Declaration
from tenants.services import redaction as tenants

PORTS: tuple[Declaration, ...] = (tenants.DECLARED, crm.DECLARED, messaging.DECLARED, rag.DECLARED, agents.DECLARED)


def declared() -> dict[str, Columns]:
    """Label of a model → its columns. A model may be declared once."""
    found: dict[str, Columns] = {}
    for port in PORTS:
        twice = found.keys() & port.keys()
        if twice:
            raise ValueError(f"declared twice: {sorted(twice)}")
        found |= port
    return found
