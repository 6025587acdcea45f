"""Handing a chat to people, with five lines that say what whoever takes it needs to know.

Every way to people goes through `hand_over`: a tool, a rule, the ceiling, a failure, triage, a reply that was held back.
The lines are built in code from what the database knows; a model's summary is one source of them, cut and screened.
"""

from datetime import datetime, timedelta
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from agents.domain.booking_gate import CLINIC
from agents.domain.language import language_of
from agents.domain.prompt_security import screen
from agents.domain.register import handed_over
from agents.models import AgentRun, PendingAct, ToolCall
from agents.services import ceiling, hours, triage
from agents.tools import tool_named
from crm.domain.names import is_full, name_words
from crm.models import Absence, Contact, Lead, Notification, Seller
from crm.services import assignment
from crm.services.notifications import notify
from crm.services.sellers import may_attend
from messaging.access import visible_conversations
from messaging.models import Conversation, Message
from messaging.services import outbound, takeover, turns
from messaging.services.conversations import locked
from tenants.domain import roles
from tenants.domain.actor import Actor
from tenants.models import Membership, Tenant, User

LONGEST_LINE = 300
LOOKED_BACK = timedelta(days=7)
MOST_RECEIPTS, MOST_WORDS, MOST_TOLD = 4, 5, 50
PERSON, EMERGENCY, NO_AGENT, BUDGET, INPUT, WITHHELD, FAILURE, LIMITS, HOPS, AGENT, UNJUDGED, UNANSWERED = CODES = (
    "person",
    "emergency",
    "no_agent",
    "budget",
    "input",
    "withheld",
    "failure",
    "limits",
    "hops",
    "agent",
    "unjudged",
    "unanswered",
)
FOR_PEOPLE = frozenset({PERSON, EMERGENCY, INPUT, UNJUDGED, UNANSWERED})  # what an agent cannot do better later


def hand_over(
    *,
    tenant: Tenant,
    conversation: Conversation,
    code: str,
    reason: str,
    by: Actor,
    cause: str = takeover.Cause.AGENT,
    turn_token: UUID | None = None,
    summary: str = "",
) -> Conversation:
    """Give the locked chat to people with its brief, name who gets it and tell them. `code` is one of CODES.

    With `turn_token` that turn may still say its last words. Run inside a transaction of the company.
    """
    lead = _lead(conversation.contact)
    user = _attends(conversation, lead)
    given = takeover.hand_off(
        conversation=conversation,
        reason=reason,
        by=by,
        summary=brief(tenant, conversation, code=code, lead=lead, summary=summary, user=user),
        turn_token=turn_token,
        cause=cause,
        code=code,
        user=user,
        until=_until(tenant, conversation, code),
    )
    _tell(tenant, conversation, code, user)
    return given


def _until(tenant: Tenant, conversation: Conversation, code: str) -> datetime | None:
    """When an agent may answer again, where that is known: the hours of the channel's agents, the company's midnight."""
    if code == NO_AGENT:
        return hours.next_on_duty(conversation.channel_source)
    return ceiling.day_begins(tenant) + timedelta(days=1) if code == BUDGET else None


def take_up(*, tenant: Tenant, conversation: Conversation) -> None:
    """The time of people ended by itself and the customer still waits: an agent on duty answers, else people are told.

    On the locked row, inside a transaction of the company.
    """
    code = _code_of(conversation)
    if code in FOR_PEOPLE or ceiling.spending_is_over(tenant) or not hours.answering(conversation.channel_source):
        _tell_of_waiting(tenant, conversation, code)
        return
    _put_farewells_back(conversation)
    turns.arm(conversation, timezone.now())
    conversation.save(update_fields=["reply_due_at", "reply_first_at"])


def _code_of(conversation: Conversation) -> str:
    """Why the chat went to people; empty when somebody of the team has written since."""
    rows = Message.objects.filter(conversation=conversation).order_by("-sequence")
    given = rows.filter(kind="note", payload__has_key="handoff").values_list("sequence", "payload__handoff").first()
    if given is None or rows.filter(author=Message.Author.USER, sequence__gt=given[0]).exists():
        return ""
    return str(given[1])


def _put_farewells_back(conversation: Conversation) -> None:
    """Words that only said that people would answer stand before what they did not answer, so that it wants an answer."""
    said = Message.objects.filter(conversation=conversation, direction=Message.Direction.OUT)
    said = said.exclude(kind__in=("note", "reaction")).exclude(author=Message.Author.SYSTEM)
    rows = list(said.exclude(status__in=("cancelled", "failed")).order_by("-sequence")[:MOST_TOLD])
    answer = next((number for number, row in enumerate(rows) if not row.payload.get("farewell")), len(rows))
    before = rows[answer].sequence if answer < len(rows) else 0
    for row in rows[:answer]:
        row.payload["answers"] = before
        row.save(update_fields=["payload"])


def brief(
    tenant: Tenant,
    conversation: Conversation,
    *,
    code: str,
    lead: Lead | None = None,
    summary: str = "",
    user: User | None = None,
) -> str:
    """The five lines: who, what they want, what was done and said, what is missing, what to do next."""
    lines = (
        (_("Quién"), _who(conversation, lead)),
        (_("Qué quiere"), _wants(conversation, lead, summary)),
        (_("Qué se hizo"), _done(conversation)),
        (_("Qué falta"), _missing(tenant, conversation, lead)),
        (_("Qué sigue"), _next(code, user)),
    )
    return "\n".join(f"{name}: {_line(text)}" for name, text in lines)


def _line(text: str) -> str:
    flat = " ".join(text.replace("\x00", "").split())
    return flat if len(flat) <= LONGEST_LINE else f"{flat[: LONGEST_LINE - 1]}…"


def _lead(contact: Contact) -> Lead | None:
    rows = Lead.objects.filter(contact=contact, closed_at__isnull=True).select_related("owner", "stage", "contact")
    return rows.order_by("-created_at").first()


def _who(conversation: Conversation, lead: Lead | None) -> str:
    contact = conversation.contact
    name = contact.name if contact.name and not screen(contact.name).suspicious else _("sin nombre")
    known = [name, contact.phone or "", contact.email, conversation.get_channel_source_display()]
    if lead is not None:
        known.append(lead.stage.name)
        known.append(_("interés %(level)s") % {"level": lead.get_interest_display().lower()} if lead.interest else "")
    return " · ".join(each for each in known if each)


def _wants(conversation: Conversation, lead: Lead | None, summary: str) -> str:
    """The agent's summary where it is clean, else the customer's last words; before them how urgent it is."""
    level = triage.urgency_of(conversation.pk)
    urgent = {"emergency": _("EMERGENCIA."), "high": _("URGENTE, en 48 a 72 horas.")}.get(level, "")
    said = _said(conversation)
    summary = " ".join(summary.split())
    if summary and not screen(summary).suspicious:
        words = summary
    elif said and screen(said).suspicious:
        words = _("el mensaje parece una trampa: leerlo en el chat")
    elif said:
        words = f"«{said}»"
    else:
        words = (lead.needs if lead else "") or _("no lo dijo")
    return f"{urgent} {words}".strip()


def _said(conversation: Conversation) -> str:
    """What the customer wrote last, oldest first."""
    rows = Message.objects.filter(
        conversation=conversation, direction=Message.Direction.IN, author=Message.Author.CONTACT
    ).exclude(kind__in=("note", "reaction"))
    texts = [text.strip() for text in rows.order_by("-sequence").values_list("text", flat=True)[:3] if text.strip()]
    return " / ".join(reversed(texts))


def _done(conversation: Conversation) -> str:
    """Acts with a receipt, newest last; without any, what the customer was told last."""
    calls = ToolCall.objects.filter(
        conversation_id=conversation.pk, ok=True, created_at__gte=timezone.now() - LOOKED_BACK, undone_at=None
    )
    rows = calls.order_by("-created_at", "-position").values_list("result", flat=True)[:20]
    receipts = [row["receipt"] for row in rows if isinstance(row, dict) and isinstance(row.get("receipt"), dict)]
    texts = [str(each.get("text") or "") for each in receipts if each.get("kind") != "handoff"]
    acts = list(dict.fromkeys(text for text in texts if text))[:MOST_RECEIPTS]
    told = _told(conversation)
    return "; ".join([*reversed(acts), *([told] if told else [])]) or _("nada todavía")


def _told(conversation: Conversation) -> str:
    rows = Message.objects.filter(conversation=conversation, direction=Message.Direction.OUT)
    rows = rows.exclude(kind="note").exclude(author=Message.Author.SYSTEM).exclude(status__in=("cancelled", "failed"))
    text = rows.order_by("-sequence").values_list("text", flat=True).first()
    return _("se le dijo «%(text)s»") % {"text": " ".join(text.split())[:140]} if text else ""


def _missing(tenant: Tenant, conversation: Conversation, lead: Lead | None) -> str:
    contact = conversation.contact
    lacks = {
        _("nombre y apellido"): not is_full(name_words(contact.name)),
        _("teléfono o correo"): not contact.phone and not contact.email,
        _("cuánto le interesa"): lead is None or not lead.interest,
    }
    if tenant.trade == CLINIC:
        lacks |= {
            _("documento"): not str(contact.custom.get("document") or "").strip(),
            _("obra social o seguro"): not str(contact.custom.get("insurance") or "").strip(),
        }
    waiting = PendingAct.objects.filter(conversation_id=conversation.pk, state="waiting", expires_at__gt=timezone.now())
    names = waiting.order_by("created_at").values_list("tool", flat=True)[:MOST_WORDS]
    acts = [_("confirmar: %(act)s") % {"act": tool.label if (tool := tool_named(name)) else name} for name in names]
    return ", ".join([*(word for word, lacking in lacks.items() if lacking), *acts]) or _("nada")


def _next(code: str, user: User | None) -> str:
    steps = {
        PERSON: _("responder en el chat: espera a una persona"),
        EMERGENCY: _("llamar o responder ya"),
        NO_AGENT: _("responder, o publicar un agente para este canal"),
        BUDGET: _("responder; la IA vuelve cuando cambie el día"),
        INPUT: _("leer el mensaje con cuidado y no dar datos de nadie más"),
        WITHHELD: _("ver en el turno qué iba a decir la IA y responder lo que es cierto"),
        FAILURE: _("responder, y revisar la conexión con el modelo"),
        LIMITS: _("responder: la IA no llegó a una respuesta"),
        HOPS: _("preguntar qué quiere en total: cambió de tema varias veces"),
        UNJUDGED: _("preguntar los síntomas y decidir la urgencia"),
        UNANSWERED: _("averiguar lo que preguntó la IA y responder"),
    }
    step = steps.get(code, _("retomar desde el último mensaje"))
    return _("%(step)s. Le toca a %(name)s") % {"step": step, "name": user} if user else step


def to_be_asked(tenant: Tenant, conversation: Conversation) -> set[UUID]:
    """Users who are asked something about a chat that the agent keeps: who attends it, else everybody who may answer.

    Asking assigns nothing: whoever attends is asked only where they can open the chat and write in it.
    """
    user = _attends(conversation, _lead(conversation.contact))
    if user is not None and _may_answer(tenant, conversation, user):
        return {user.pk}
    return _all_who_answer(tenant)


def _may_answer(tenant: Tenant, conversation: Conversation, user: User) -> bool:
    member = Membership.objects.active().filter(tenant_id=tenant.pk, user_id=user.pk).first()
    if member is None or not member.may("inbox.write"):
        return False
    return visible_conversations(member).filter(pk=conversation.pk).exists()


def _attends(conversation: Conversation, lead: Lead | None) -> User | None:
    """Who has the chat already, else the lead's owner or who covers for them, else whom the rules would give the lead;
    nobody when none of them attends now. Writes nothing: a lead is given by its own rules."""
    if conversation.assignee_id is not None and conversation.assignee_id in may_attend([conversation.assignee_id]):
        return conversation.assignee
    seller = lead.owner if lead is not None else None
    if lead is not None and seller is None:
        seller = assignment.would_get(lead)[1]
    seller = _present(seller) if seller is not None else None
    if seller is None or seller.user_id is None or seller.user_id not in may_attend([seller.user_id]):
        return None
    return seller.user


def _present(seller: Seller) -> Seller | None:
    """The seller, or who covers for them today."""
    now = timezone.now()
    away = Absence.objects.filter(seller=seller, starts_at__lte=now, ends_at__gt=now).select_related("cover").first()
    found = seller if away is None else away.cover
    return found if found is not None and found.is_active else None


def _tell(tenant: Tenant, conversation: Conversation, code: str, user: User | None) -> None:
    """Whoever gets it; of an emergency everybody who sees all chats and may answer."""
    told = {user.pk} if user is not None else set()
    if code == EMERGENCY:
        told |= _all_who_answer(tenant)
    for user_id in told:
        notify(
            user_id=user_id,
            kind=Notification.Kind.WAITING,
            key=f"handed:{conversation.pk}:{conversation.sequence}",
            contact=conversation.contact,
            href=f"/bandeja/{conversation.pk}/",
            facts={"emergency": True} if code == EMERGENCY else {},
            urgent=code == EMERGENCY,
        )


def _all_who_answer(tenant: Tenant) -> set[UUID]:
    """Everybody who sees all chats and may answer in them."""
    may = [role for role in roles.TABLE if "inbox.write" in roles.permissions(role)]
    rows = Membership.objects.active().filter(tenant_id=tenant.pk, role__in=may).order_by("created_at")
    return {row.user_id for row in rows[:MOST_TOLD] if row.sees == roles.ALL}


def _tell_of_waiting(tenant: Tenant, conversation: Conversation, code: str) -> None:
    """Whoever has the chat, else everybody who may take it: nobody answered within the time of people."""
    holder = conversation.assignee_id
    told = {holder} if holder is not None and holder in may_attend([holder]) else _all_who_answer(tenant)
    since = conversation.waiting_since or timezone.now()
    facts = {"minutes": int((timezone.now() - since).total_seconds() // 60)}
    for user_id in told:
        notify(
            user_id=user_id,
            kind=Notification.Kind.WAITING,
            key=f"waits:{conversation.pk}:{since.isoformat()}",
            contact=conversation.contact,
            href=f"/bandeja/{conversation.pk}/",
            facts={"emergency": True} if code == EMERGENCY else facts,
            urgent=code == EMERGENCY,
        )


def surrender(*, tenant: Tenant, conversation_id: UUID, token: UUID, reason: str, by: Actor) -> None:
    """A turn broke where nobody expected it: try it again later, and after the last try hand the chat over in words.

    Run inside a transaction of the company. Nothing happens when somebody else has the turn by now.
    """
    conversation = locked(conversation_id)
    if conversation is None or conversation.turn_token != token:
        return
    runs = AgentRun.objects.filter(conversation_id=conversation_id, turn_token=token)
    runs.filter(status=AgentRun.Status.RUNNING).update(
        status=AgentRun.Status.FAILED, error=reason[:400], finished_at=timezone.now()
    )
    if conversation.turn_failures + 1 < turns.MOST_FAILURES:
        turns.fail(conversation_id=conversation_id, token=token, reason=reason, by=by)
        return
    run = runs.select_related("version").first()
    snapshot = run.version.snapshot if run and run.version else {}
    hand_over(
        tenant=tenant,
        conversation=conversation,
        code=FAILURE,
        reason=_("La IA no pudo responder: %(reason)s") % {"reason": reason},
        by=by,
        cause=takeover.Cause.FAILURE,
        turn_token=token if run else None,
    )
    if run:
        language = language_of(_said(conversation), default=tenant.locale[:2].lower())
        outbound.commit_reply(
            conversation_id=conversation_id,
            turn_token=token,
            text=handed_over(language, snapshot.get("config") or {}, tenant.locale),
            run_id=run.pk,
            author_name=by.label,
        )
