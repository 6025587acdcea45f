"""One gate a noun: fetch what the member may see, or answer as if it did not exist."""

from typing import TypeVar

from django.db.models import Exists, Model, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from agents.models import Agent, AgentRun, AgentVersion
from config.lib.errors import NotFound
from config.lib.ids import key_of
from messaging.access import visible_conversations
from tenants.domain import roles
from tenants.models import Membership

Row = TypeVar("Row", bound=Model)


def within_chats(rows: QuerySet[Row], member: Membership, column: str = "conversation_id") -> QuerySet[Row]:
    """What agents did in chats that the member may see, and outside of any chat (trying an agent out)."""
    if member.sees == roles.ALL:
        return rows
    visible = visible_conversations(member).filter(pk=OuterRef(column))
    return rows.filter(Q(**{f"{column}__isnull": True}) | Q(Exists(visible)))


def visible_runs(member: Membership) -> QuerySet[AgentRun]:
    return within_chats(AgentRun.objects.all(), member)


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
    rows = visible_runs(member).select_related("agent", "version").prefetch_related("tool_calls")
    run = rows.filter(pk=key_of(pk)).first()
    if run is None:
        raise NotFound(_("Ese turno no existe."))
    return run
