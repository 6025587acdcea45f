"""Calls that somebody has to allow first: kept as they were proposed, and the team told where it is asked."""

from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from agents.models import PendingAct
from agents.models.tool import OPEN
from agents.services.argument_words import in_words
from agents.tools.base import CUSTOMER, JSON, PERSON, Receipt, Tool, ToolContext, ToolResult
from config.lib.errors import Conflict
from crm.models import Notification
from crm.services.notifications import notify
from messaging.models import Conversation
from messaging.services.conversations import locked, note
from tenants.context import current_tenant
from tenants.domain import roles
from tenants.models import Membership
from tenants.services.audit import record

WAITS = {CUSTOMER: timedelta(hours=24), PERSON: timedelta(hours=72)}
MOST_WAITING = 5  # of one chat for the team
LONGEST_WORDS = 220
ASK = "No está hecho. Preguntale en una frase si confirma: {what}. Con su sí se hace solo; no vuelvas a pedirlo acá."
TEAM = "No está hecho. Decile que lo tiene que aprobar alguien del equipo y que le van a avisar: {what}."


def propose(context: ToolContext, tool: Tool, arguments: JSON, *, key: str, upto_sequence: int) -> ToolResult:
    """Keep the call for whoever has to allow it. Inside the tenant's transaction. Raises Conflict where too much waits.

    The same call that waits already stays one: asked again it belongs to the turn that asks now.
    """
    waiting = PendingAct.objects.select_for_update(no_key=True).filter(
        conversation_id=context.conversation_id, state__in=OPEN
    )
    rows = list(waiting.order_by("created_at"))
    act = next((row for row in rows if row.tool == tool.name and row.arguments == arguments), None)
    if act is not None and act.state == PendingAct.State.RUNNING:
        raise Conflict(_("No se sabe si ya se hizo: no hay que repetirlo. Lo mira una persona del equipo."))
    if act is None:
        _room(rows, context, tool)
        act = PendingAct.objects.create(
            run_id=context.run_id,
            conversation_id=context.conversation_id,
            contact_id=context.contact_id,
            key=key,
            tool=tool.name,
            arguments=arguments,
            level=tool.confirmation,
            upto_sequence=upto_sequence,
            expires_at=timezone.now() + WAITS[tool.confirmation],
        )
        record(action="act.proposed", resource=act, by=context.actor, diff={"tool": tool.name, "level": act.level})
        if act.level == PERSON:
            _tell_team(context, act, tool)
    elif act.level == CUSTOMER:
        act.run_id, act.upto_sequence = context.run_id, upto_sequence
        act.save(update_fields=["run", "upto_sequence"])
    what = words_of(str(tool.label), arguments)
    ask = ASK if act.level == CUSTOMER else TEAM
    who = (
        _("Espera que quien escribe confirme: %(what)s") if act.level == CUSTOMER else _("Espera aprobación: %(what)s")
    )
    data = {"waiting_for": "customer" if act.level == CUSTOMER else "team", "do": ask.format(what=what)}
    receipt = Receipt("pending", who % {"what": tool.label}, f"/agentes/actos/{act.pk}/")
    return ToolResult(True, data, receipt=receipt)


def words_of(label: str, arguments: JSON) -> str:
    """The act in one line, with what it would be made with."""
    given = "; ".join(f"{name}: {value}" for name, value in in_words(arguments))
    return (f"{label} ({given})" if given else label)[:LONGEST_WORDS]


def _room(rows: list[PendingAct], context: ToolContext, tool: Tool) -> None:
    """One question at a time for the customer, and not without end for the team."""
    if tool.confirmation == PERSON:
        if sum(row.level == PERSON for row in rows) >= MOST_WAITING:
            raise Conflict(_("Ya hay demasiado esperando aprobación en este chat."))
        return
    for row in rows:
        if row.level != CUSTOMER or row.state != PendingAct.State.WAITING:
            continue
        if row.run_id == context.run_id:
            raise Conflict(_("Ya se le pregunta por otra cosa: primero tiene que contestar eso."))
        row.state, row.outcome, row.decided_at = PendingAct.State.EXPIRED, _("Se propuso otra cosa."), timezone.now()
        row.save(update_fields=["state", "outcome", "decided_at"])


def _tell_team(context: ToolContext, act: PendingAct, tool: Tool) -> None:
    conversation = locked(context.conversation_id)
    if conversation is None:
        return
    text = _("La IA pide aprobar: %(what)s") % {"what": words_of(str(tool.label), act.arguments)}
    note(conversation, text, cause=_("Espera aprobación"), payload={"act": str(act.pk)})
    conversation.save()
    for user_id in _deciders(conversation):
        notify(
            user_id=user_id,
            kind=Notification.Kind.APPROVAL,
            key=f"act:{act.pk}",
            contact=conversation.contact,
            href=f"/bandeja/{conversation.pk}/",
            facts={"act": str(tool.label), "by": context.actor.label},
            urgent=True,
        )


def _deciders(conversation: Conversation) -> list:
    """Who attends the chat, and who sees all of them."""
    members = Membership.objects.active().filter(tenant_id=current_tenant().pk).select_related("user")
    chosen = [
        member.user_id
        for member in members
        if member.may("inbox.write") and (member.user_id == conversation.assignee_id or member.sees == roles.ALL)
    ]
    return list(dict.fromkeys(chosen))
