"""Who of a channel's agents takes a turn, and how urgent it is: the rule of agents.domain.triage with what it needs.

A decision is kept whole on the run (`AgentRun.triage`), codes and ids only, and can be made again from there.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from agents.domain.booking_gate import CLINIC
from agents.domain.triage import Case, Decision, again, needs_router, read, seats, specialised, stored
from agents.domain.urgency import EMERGENCY, LEVELS, URGENT
from agents.models import AgentRun, AgentVersion, Desk
from agents.services.loop import Trace
from agents.services.router import ask_router
from messaging.models import Conversation, Message
from tenants.models import Tenant

TOOL = "triage_urgency"
FORGOTTEN = timedelta(days=1)  # after this, changes of agent and what was urgent are no longer today's
VERSION = 1


@dataclass(frozen=True, slots=True)
class Desked:
    """What is to be decided in a turn: the case by rules alone, and the versions of its team by agent."""

    case: Case
    versions: dict[str, AgentVersion]
    digest: str


def specialty_of(snapshot: Mapping[str, Any]) -> str:
    """What was published as the agent's specialty."""
    config = snapshot.get("config")
    return str(config.get("specialty") or "") if isinstance(config, dict) else ""


def watches(tenant: Tenant, team: Sequence[Mapping[str, Any]]) -> bool:
    """Whether urgency is judged in every message: in a clinic, where an agent has the tool, and between specialists."""
    if tenant.trade == CLINIC:
        return True
    if any(TOOL in (snapshot.get("enabled_tools") or []) for snapshot in team):
        return True
    return specialised(seats((str(number), specialty_of(snapshot)) for number, snapshot in enumerate(team)))


def look(tenant: Tenant, conversation: Conversation, team: Sequence[AgentVersion], burst: Sequence[str]) -> Desked:
    """Read the burst by the rules. Inside a company; one or two statements where there is something to decide, else none."""
    watched = watches(tenant, [version.snapshot for version in team])
    reading = read(burst, watches=watched)
    table = seats((str(version.agent_id), specialty_of(version.snapshot)) for version in team)
    desk = _desk_of(conversation.pk) if specialised(table) else None
    current = str(desk.agent_id) if desk and desk.agent_id else ""
    hops = desk.hops if desk and not _is_over(conversation, desk) else 0
    digest = hashlib.sha256("\n".join(burst).encode()).hexdigest()[:16]
    return Desked(Case(table, current, hops, reading), {str(version.agent_id): version for version in team}, digest)


def _desk_of(conversation_id: UUID) -> Desk | None:
    return Desk.objects.filter(conversation_id=conversation_id).first()


def _is_over(conversation: Conversation, desk: Desk) -> bool:
    """Whether changes of agent are counted anew: a day went by, or a person had the chat since."""
    if not desk.hops:
        return False
    if desk.since < timezone.now() - FORGOTTEN:
        return True
    people = Message.objects.filter(conversation=conversation, author=Message.Author.USER)
    return people.filter(created_at__gt=desk.since).exists()


def keep(conversation_id: UUID, case: Case, decision: Decision) -> None:
    """Write who has the chat from now on, and what was judged urgent. Inside a transaction of the company."""
    changed: dict[str, Any] = {}
    if specialised(case.team):
        changed = {"intent": decision.subject, "reason": decision.why, "hops": 0 if decision.person else decision.hops}
        if decision.agent != case.current:
            changed |= {"agent_id": decision.agent, "since": timezone.now()}
    if changed:
        Desk.objects.update_or_create(conversation_id=conversation_id, defaults=changed)
    if case.router is not None and case.router.urgency in URGENT:
        judge(conversation_id, case.router.urgency, by="router")


def note_rules(conversation_id: UUID, desked: Desked) -> None:
    """Keep how urgent the rules found the burst, where they found anything."""
    level = desked.case.reading.urgency.level
    if level:
        judge(conversation_id, level, by="rules")


def judge(conversation_id: UUID, level: str, *, by: str, lower: bool = False) -> str:
    """Keep how urgent a chat is and answer the level that stands. `by`: rules, router or agent.

    What is graver than before always counts; what is less grave only with `lower`, or when a day went by. Nothing that is
    unknown is written.
    """
    if level not in LEVELS:
        return urgency_of(conversation_id)
    before = urgency_of(conversation_id)
    if before and not lower and LEVELS.index(before) <= LEVELS.index(level):
        return before
    values = {"urgency": level, "urgency_by": by, "urgency_at": timezone.now()}
    Desk.objects.update_or_create(conversation_id=conversation_id, defaults=values)
    return level


def found_emergency(steps: Sequence[dict[str, Any]]) -> bool:
    """Whether the tool found an emergency in this turn."""
    return any(
        step.get("name") == TOOL and step.get("ok") and (step.get("result") or {}).get("level") == EMERGENCY
        for step in steps
    )


def urgency_of(conversation_id: UUID) -> str:
    """What was judged within a day; empty when nobody has."""
    since = timezone.now() - FORGOTTEN
    rows = Desk.objects.filter(conversation_id=conversation_id, urgency_at__gte=since)
    return rows.values_list("urgency", flat=True).first() or ""


def record(desked: Desked, decision: Decision, *, problem: str = "") -> dict[str, Any]:
    """What stays on the run. `problem`: why the router's word is missing. `words` say the decision to the team."""
    told = stored(desked.case, decision)
    return {"v": VERSION, "digest": desked.digest, **told, "problem": problem, "words": in_words(desked, decision)}


def replay(run: AgentRun) -> Decision | None:
    """The decision of a run made again from what it kept; None for a run without one."""
    return again(run.triage) if run.triage.get("v") == VERSION else None


def differs(run: AgentRun) -> bool:
    """Whether the rule of today would decide otherwise than the run did."""
    made = replay(run)
    if made is None:
        return False
    told = run.triage["decision"]
    return (made.agent, made.subject, made.why, made.hops, made.person) != (
        told["agent"],
        told["subject"],
        told["why"],
        told["hops"],
        told["person"],
    )


def in_words(desked: Desked, decision: Decision) -> str:
    """Why this agent, or why people: one sentence for the page of the run."""
    version = desked.versions.get(decision.agent)
    values = {"agent": version.agent.name if version else "—", "subject": _subject(decision.subject)}
    said = {
        "person": _("Pidió una persona: va al equipo."),
        "emergency": _("Parece una emergencia: va al equipo."),
        "router_person": _("El clasificador entendió que quiere una persona: va al equipo."),
        "router_emergency": _("El clasificador entendió que es una emergencia: va al equipo."),
        "hops": _("Cambió de tema muchas veces: va al equipo."),
        "alone": _("%(agent)s es quien responde en este canal."),
        "rules": _("Tema: %(subject)s, por las palabras del mensaje. Responde %(agent)s."),
        "router": _("Tema: %(subject)s, según el clasificador. Responde %(agent)s."),
        "same": _("Tema: %(subject)s. Sigue %(agent)s."),
        "stays": _("No cambia de tema. Sigue %(agent)s."),
        "unsure": _("El tema no está claro. Sigue %(agent)s."),
        "doubtful": _("El clasificador dudó. Sigue %(agent)s."),
    }
    return said.get(decision.why, "%(agent)s") % values


def _subject(code: str) -> str:
    words = {
        "person": _("pedido de una persona"),
        "emergency": _("emergencia"),
        "complaint": _("reclamo"),
        "billing": _("facturas y pagos"),
        "booking": _("turnos"),
        "support": _("soporte"),
        "sales": _("ventas"),
        "symptom": _("síntomas"),
        "greeting": _("saludo"),
        "other": _("otro"),
    }
    return words.get(code, _("sin tema"))


def route(tenant: Tenant, desked: Desked, burst: Sequence[str], trace: Trace, *, trusted: bool) -> tuple[Desked, str]:
    """The same case with the router's word where the rules are unsure, and a code of why it is missing.

    At most one side call, to the model of the agent at the front door; none when the message is not `trusted`. Hold no
    transaction.
    """
    if not burst or not needs_router(desked.case):  # nothing was written: it stays where it is
        return desked, ""
    if not trusted:
        return desked, "suspicious"
    door = next(seat.agent for seat in desked.case.team if seat.front)
    routed, problem = ask_router(tenant, desked.versions[door].snapshot, burst, trace)
    return replace(desked, case=replace(desked.case, router=routed)), problem
