"""Undoing what an agent did, once each: by whoever may do the same by hand, in a chat that they see.

Locks as everywhere: the contact, what hangs on it, the conversation. Outside calendars are asked before.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from agents.models import ToolCall
from agents.services import evaluator
from agents.services.undo_ways import WAYS, Way, hold, way_of
from agents.tools import tool_named
from config.lib.errors import AppError, Conflict, Forbidden, NotFound
from config.lib.ids import key_of
from config.lib.sentences import worded
from crm.models import Contact
from messaging.access import visible_conversations
from messaging.models import Conversation
from messaging.services.conversations import locked, note
from messaging.services.receipts import strike
from tenants.domain.actor import Actor
from tenants.models import Membership
from tenants.services.audit import record

TOLD = ("book_appointment", "reschedule_appointment", "cancel_appointment")  # the chat promised it to the customer


@dataclass(frozen=True)
class Prospect:
    """An act as its page shows it. `back` and `left` are lines: what goes back, or went; what stays and why.

    `refusal` says why it cannot be undone now, empty where it can or has been. `values`: (name, value) that would come back.
    """

    call: ToolCall
    what: str
    back: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    refusal: str = ""
    promised: bool = False
    values: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Shown:
    """One act of a turn: its receipt, and where it can be undone by the member who looks."""

    call: ToolCall
    what: str
    href: str = field(default="")


def call_for(member: Membership, pk: object) -> ToolCall:
    """An act of a chat that the member sees. Raises NotFound for anything else, a look or a failed call included."""
    rows = ToolCall.objects.select_related("run__agent").filter(ok=True, result__has_key="receipt")
    call = rows.filter(pk=key_of(pk)).first()
    if call is None or not visible_conversations(member).filter(pk=key_of(call.conversation_id)).exists():
        raise NotFound(_("Eso que hizo la IA no existe, o el chat no está a su cargo."))
    return call


def may_undo(member: Membership, call: ToolCall) -> bool:
    """Whether the act is of a kind that can be undone, still stands, and is one the member may do by hand."""
    return bool(call.tool in WAYS and call.back and call.undone_at is None and member.may(needs(call.tool)))


def needs(tool: str) -> str:
    """The permission of doing the same by hand."""
    found = tool_named(tool)
    return found.permission if found is not None else "agents.write"


def prospect(call: ToolCall, member: Membership) -> Prospect:
    """What undoing it would do now, or did. Reads only; what an outside calendar says is asked when it is undone."""
    promised = call.tool in TOLD
    if call.undone_at is not None:
        back, left = (tuple(worded(str(each)) for each in call.back.get(name) or []) for name in ("done", "left"))
        return Prospect(call, worded(words_of(call)), back, left, promised=promised)
    try:
        way = _way(call, _contact(call), member)
    except AppError as error:
        return Prospect(call, worded(words_of(call)), refusal=str(error.message), promised=promised)
    return Prospect(call, worded(words_of(call)), way.back, way.left, promised=promised, values=way.values)


def of_run(calls: Iterable[ToolCall], member: Membership) -> list[Shown]:
    """What a turn changed, in order, for its page. Costs no statement."""
    acts = [call for call in calls if call.ok and call.result.get("receipt") and (call.back or call.undone_at)]
    return [
        Shown(call, worded(words_of(call)), f"/agentes/hechos/{call.pk}/" if may_undo(member, call) else "")
        for call in acts
    ]


def words_of(call: ToolCall) -> str:
    """The act as its receipt says it, in the company's language."""
    receipt = call.result.get("receipt")
    return str(receipt.get("text") or "") if isinstance(receipt, dict) else ""


def undo(*, call: ToolCall, member: Membership, by: Actor) -> ToolCall:
    """Undo it, once. Raises Conflict that says why not, Forbidden for whoever may not do the same by hand.

    Somebody else was quicker: Conflict too, so that nobody believes they did it.
    """
    way = _way(call, _contact(call), member)
    if way.look is not None:
        way.look()
    with transaction.atomic():
        contact = _contact(call, held=True)
        call = ToolCall.objects.select_for_update(no_key=True, of=("self",)).get(pk=call.pk)
        _still_stands(call)
        hold(call)
        way = _way(call, contact, member)
        way.act(by)
        _keep(call, way, by)
    return call


def _way(call: ToolCall, contact: Contact, member: Membership) -> Way:
    if not member.may(needs(call.tool)):
        raise Forbidden(_("Su rol no permite hacer esto a mano, así que tampoco deshacerlo."))
    _still_stands(call)
    return way_of(call, contact, member)


def _still_stands(call: ToolCall) -> None:
    if call.undone_at is not None:
        raise Conflict(_("Ya lo deshizo %(who)s.") % {"who": call.undone_by or "—"}, code="undone")


def _contact(call: ToolCall, *, held: bool = False) -> Contact:
    """Whose chat it is now. Contacts are held before conversations, so the chat is read without its lock."""
    chats = Conversation.objects.filter(pk=key_of(call.conversation_id)).values("contact")
    rows = Contact.objects.select_for_update(no_key=True) if held else Contact.objects.all()
    contact = rows.filter(pk__in=chats).first()
    if contact is None:
        raise Conflict(_("El chat ya no existe: corregirlo a mano."), code="gone")
    return contact


def _keep(call: ToolCall, way: Way, by: Actor) -> None:
    """Who undid it and what became of it; nothing of the old values stays. The chat and its receipts say so."""
    what, now = words_of(call), timezone.now()
    call.undone_at, call.undone_by = now, by.label[:160]
    call.back = {"done": list(way.back), "left": list(way.left)}
    call.save(update_fields=["undone_at", "undone_by", "back"])
    record(action="act.undone", resource=call, by=by, diff={"tool": call.tool})
    conversation = locked(key_of(call.conversation_id))
    if conversation is None:
        return
    if conversation.turn_until is not None and conversation.turn_until > now:
        raise Conflict(_("La IA está respondiendo en este chat: esperar unos segundos y probar de nuevo."), code="busy")
    strike(conversation, call.pk, by=call.undone_by, at=now)
    words: dict[str, Any] = {"who": call.undone_by, "what": what}
    note(conversation, _("%(who)s deshizo lo que hizo la IA: %(what)s") % words, cause=_("Deshecho"))
    conversation.save()
    evaluator.judge_anew(call)
