"""One gate a noun: fetch what the member may see, or answer as if it did not exist."""

from django.utils.translation import gettext as _

from agents.models import Agent, AgentRun, AgentVersion
from config.lib.errors import NotFound
from config.lib.ids import key_of
from tenants.models import Membership


def agent_for(member: Membership, pk: object) -> Agent:
    agent = Agent.objects.select_related("published").filter(pk=key_of(pk)).first()
    if agent is None:
        raise NotFound(_("Ese agente no existe."))
    return agent


def version_for(agent: Agent, number: int) -> AgentVersion:
    version = AgentVersion.objects.filter(agent=agent, number=number).first()
    if version is None:
        raise NotFound(_("Esa versión no existe."))
    return version


def run_for(member: Membership, pk: object) -> AgentRun:
    run = (
        AgentRun.objects.select_related("agent", "version").prefetch_related("tool_calls").filter(pk=key_of(pk)).first()
    )
    if run is None:
        raise NotFound(_("Ese turno no existe."))
    return run
