"""One gate a noun: fetch what the member may see, or answer as if it did not exist."""

from typing import TypeVar

from django.db.models import Exists, Model, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from agents.models import Agent, AgentRun, AgentVersion, Assessment, LedgerEntry, TestCase
from config.lib.errors import Forbidden, NotFound
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


def visible_costs(member: Membership) -> QuerySet[LedgerEntry]:
    """What was spent in chats that the member may see, and outside of any chat."""
    return within_chats(LedgerEntry.objects.all(), member)


def visible_assessments(member: Membership) -> QuerySet[Assessment]:
    return within_chats(Assessment.objects.all(), member)


def assessment_for(member: Membership, pk: object) -> Assessment:
    found = visible_assessments(member).select_related("agent").filter(pk=key_of(pk)).first()
    if found is None:
        raise NotFound(_("Ese resultado no existe."))
    return found


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


def visible_cases(member: Membership) -> QuerySet[TestCase]:
    """Of any agent, for whoever may read agents; one made from a real chat only for whoever may read what chats were."""
    rows = TestCase.objects.all()
    return rows if member.may("runs.read") else rows.filter(conversation_id=None)


def may_read_cases_of_chats(member: Membership) -> None:
    """Raises Forbidden: a case shows what a chat was, so making one needs what reading it needs."""
    if not member.may("runs.read"):
        raise Forbidden(_("Su rol no permite ver los turnos de la IA: pedirlo a quien dirige la empresa."))


def case_of(member: Membership, pk: object) -> TestCase:
    """A test case of any agent."""
    case = visible_cases(member).select_related("agent__published").filter(pk=key_of(pk)).first()
    if case is None:
        raise NotFound(_("Ese caso no existe."))
    return case
