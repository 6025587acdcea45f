"""The agent a company starts with: the demo model on the web chat, which needs no key."""

from django.utils.translation import gettext as _

from agents.models import Agent
from agents.services.agents import LAST, create_from_template
from agents.templates import AGENDA
from messaging.models import Source
from tenants.domain.actor import Actor
from tenants.models import Tenant

TOOLS = ["rag_search", "create_customer", "save_details", *AGENDA, "handoff_to_human", "report_assistance"]


def seed(*, tenant: Tenant) -> None:
    """Make it once; a company with any agent is left alone."""
    if Agent.objects.exists():
        return
    create_from_template(
        template_type="leads",
        name=str(_("Asistente")),
        by=Actor.system("Alta de la empresa"),
        model_provider="demo",
        enabled_tools=TOOLS,
        channels=[Source.WEB, Source.WHATSAPP],
        # Behind any agent that the company adds: the first real one answers without switching this one off.
        priority=LAST,
        is_active=True,
    )
