"""Judges how each stretch of a chat with an agent ended, from what the database knows. What a person corrected stays.

A stretch is judged when the chat was closed or nobody wrote for a day, and no question to the team waits in it. The turns
of a judged stretch are marked, so a sweep finds only what is left, may stop anywhere and be run twice.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import DatabaseError
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Left
from django.utils import timezone

from agents.domain import assessment as rules
from agents.domain.assessment import AGENT, ASKED_AGAIN, CONTACT, QUIET, Judgement, Line, Marks
from agents.models import AgentRun, Assessment, AssistanceReport, Question, ToolCall
from agents.services.briefs import AGENT as BY_AGENT
from crm.models import AgendaEvent, Conversion
from messaging.models import Conversation, Message, MessageStatus
from messaging.services.turns import LONGEST_SECONDS
from tenants.context import current_tenant, tenant_context
from tenants.models import SystemEvent, Tenant

logger = logging.getLogger(__name__)
MOST_CHATS = 100  # in one sweep; what is left is found by the next
MOST_LINES = 4000  # of one chat at a time; a part of them is read from before the first turn that is left
LONGEST = 1000  # characters of a message that are read
ORDER_TOOL = "order_status"
AFTERWARDS = timedelta(minutes=5)  # an act may be written a moment after its words
LOST = (MessageStatus.CANCELLED, MessageStatus.FAILED)
NO_END = (AgentRun.Status.SUPERSEDED, AgentRun.Status.RUNNING)  # overtaken by new words, or left by a dead worker


@dataclass(frozen=True, slots=True)
class Row:
    """A message, or a grey line of a hand-over (`handed` is its code, `line` what nobody said)."""

    line: Line
    handed: str = ""

    @property
    def at(self) -> datetime:
        return self.line.at


@dataclass(slots=True)
class Stretch:
    """What was said between two ends, with the turns of agents in it."""

    lines: list[Line]
    handovers: list[Row]
    runs: list[AgentRun]
    closed: bool
    calls: list[ToolCall] = field(default_factory=list)

    @property
    def begins(self) -> Line:
        """The first words of the customer, after the last ones of a person, that an agent answered."""
        upto = min(run.upto_sequence for run in self.runs)
        before = [line for line in self.lines if line.sequence <= upto]
        persons = [line.sequence for line in before if line.author == rules.PERSON]
        asked = [line for line in before if line.author == CONTACT and line.sequence > max(persons, default=0)]
        return (asked or before or self.lines)[0]


def sweep(*, tenant: Tenant, now: datetime | None = None, after: UUID | None = None) -> list[UUID]:
    """Judge what has ended in the company's chats, in their order; the chats that were looked at.

    As many as MOST_CHATS: there may be more `after` the last of them. A chat that cannot be judged stands in nobody's way.
    """
    now = now or timezone.now()
    with tenant_context(tenant):
        due: list[UUID] = list(_due(now, after)[:MOST_CHATS])
    for chat in due:
        try:
            with tenant_context(tenant):
                assess(chat, now)
        except DatabaseError:
            logger.exception("judging chat %s of company %s", chat, tenant.pk)
    if len(due) < MOST_CHATS:
        look_again(tenant=tenant, now=now)
    return due


def _due(now: datetime, after: UUID | None) -> Any:
    """Chats with turns that nobody judged, that are closed or in which nobody wrote for a day. None that waits for the team."""
    left = AgentRun.objects.filter(
        assessed=False, purpose=AgentRun.Purpose.TURN, conversation_id__isnull=False
    ).order_by()
    over = Q(status=Conversation.Status.CLOSED) | Q(last_message_at__lte=now - QUIET) | Q(last_message_at=None)
    since = now - timedelta(seconds=LONGEST_SECONDS)
    running = left.filter(conversation_id=OuterRef("pk"), status=AgentRun.Status.RUNNING, created_at__gt=since)
    waiting = Question.objects.filter(conversation_id=OuterRef("pk"), state=Question.State.WAITING)
    rows = Conversation.objects.filter(over, ~Exists(running), ~Exists(waiting), pk__in=left.values("conversation_id"))
    if after is not None:
        rows = rows.filter(pk__gt=after)
    return rows.order_by("pk").values_list("pk", flat=True)


def assess(conversation_id: UUID, now: datetime) -> int:
    """Judge every ended stretch of one chat that was not judged yet; how many were. Run inside the company."""
    # One sweep at a time in a chat; whoever writes to it does not wait for us for long.
    rows = Conversation.objects.select_for_update(of=("self",), no_key=True, skip_locked=True)
    chat = rows.filter(pk=conversation_id).only("pk", "contact_id", "status").first()
    if chat is None:
        return 0
    known = Assessment.objects.filter(conversation_id=chat.pk)
    last = known.order_by("-last_sequence").values_list("last_sequence", flat=True).first() or 0
    left = _runs(chat).filter(assessed=False)
    # What was said long before the first turn that is left was judged, or is of no agent.
    first = min((run.upto_sequence for run in left), default=0)
    said = _rows(chat, max(last, first - 1 - MOST_LINES // 8))
    closed = _closings(chat)
    parts = rules.stretches(said, closed, _handed_over)
    cut = len(said) == MOST_LINES and parts[-1][0].line.sequence > first  # its end was not read yet
    if parts and (cut or not _ended(chat, parts[-1][-1].at, closed, now)):
        parts.pop()
    runs = [run for run in left if run.status not in NO_END]
    found = [_stretch(part, runs, closed, is_closed=chat.status == Conversation.Status.CLOSED) for part in parts]
    kept = [stretch for stretch in found if stretch is not None]
    _note_calls(kept)
    for stretch in kept:
        _keep(chat, stretch, [row.line for row in said if row.line.sequence > stretch.lines[-1].sequence])
    _mark(chat, parts, said)
    return len(kept)


def _rows(chat: Conversation, after: int) -> list[Row]:
    """What was said after that message: words that reached the customer, and grey lines of a hand-over."""
    spoken = Q(author__in=(CONTACT, AGENT, rules.PERSON)) & ~Q(kind__in=("note", "reaction"))
    rows = Message.objects.filter(conversation=chat, sequence__gt=after).exclude(
        direction=Message.Direction.OUT, status__in=LOST
    )
    rows = rows.filter(spoken | Q(kind="note", payload__has_key="handoff")).order_by("sequence")
    columns = ("sequence", "author", "kind", "payload__handoff", "payload__farewell")
    found = rows.annotate(words=Left("text", LONGEST))
    return [
        Row(
            Line(sequence, created, author, "" if kind == "note" else words, answers=not farewell),
            handed=str(code or "") if kind == "note" else "",
        )
        for sequence, author, kind, code, farewell, words, created in found.values_list(
            *columns, "words", "created_at"
        )[:MOST_LINES]
    ]


def _closings(chat: Conversation) -> list[datetime]:
    events = SystemEvent.objects.filter(
        tenant_id=current_tenant().pk,  # for the index
        resource_type="conversation",
        resource_id=str(chat.pk),
        action="conversation.closed",
    )
    return list(events.order_by("id").values_list("at", flat=True))


def _ended(chat: Conversation, last: datetime, closed: Sequence[datetime], now: datetime) -> bool:
    shut = chat.status == Conversation.Status.CLOSED or any(each >= last for each in closed)
    return shut or now - last >= QUIET


def _handed_over(row: Row) -> bool:
    """Nobody wrote since: it can only be about what was said before, as when no colleague answered over a weekend."""
    return bool(row.handed)


def _runs(chat: Conversation) -> QuerySet[AgentRun]:
    """Turns in the order of the chat."""
    rows = AgentRun.objects.filter(conversation_id=chat.pk, purpose=AgentRun.Purpose.TURN)
    return rows.only("pk", "agent_id", "status", "upto_sequence").order_by("upto_sequence", "created_at")


def _stretch(
    part: Sequence[Row], runs: Sequence[AgentRun], closed: Sequence[datetime], *, is_closed: bool
) -> Stretch | None:
    """None where no agent had a turn, or nobody said anything."""
    lines = [row.line for row in part if row.line.author in (CONTACT, AGENT, rules.PERSON)]
    if not lines:
        return None
    here = [run for run in runs if part[0].line.sequence <= run.upto_sequence <= part[-1].line.sequence]
    if not here:
        return None
    shut = is_closed or any(each >= lines[-1].at for each in closed)
    stretch = Stretch(lines, [row for row in part if row.handed], here, shut)
    stretch.lines = [line for line in lines if line.sequence >= stretch.begins.sequence]
    return stretch


def _note_calls(stretches: Sequence[Stretch]) -> None:
    runs = {run.pk: stretch for stretch in stretches for run in stretch.runs}
    calls = ToolCall.objects.filter(run__in=list(runs), ok=True, undone_at__isnull=True)
    for call in calls.only("run_id", "tool", "created_at"):
        runs[call.run_id].calls.append(call)


def _marks(chat: Conversation, stretch: Stretch) -> Marks:
    used = {call.tool for call in stretch.calls}
    last = stretch.runs[-1].status
    handed, handed_at = _handed(stretch)
    return Marks(
        handed=handed,
        handed_at=handed_at,
        booked="book_appointment" in used and _booked(chat, stretch),
        converted="convert_to_client" in used and _converted(chat, stretch),
        order=ORDER_TOOL in used,
        failed=last == AgentRun.Status.FAILED,
        blocked=last == AgentRun.Status.BLOCKED,
        closed=stretch.closed,
    )


def _handed(stretch: Stretch) -> tuple[str, int]:
    """Why the first hand-over was, and where in the chat; a turn says so where no line does."""
    if stretch.handovers:
        return stretch.handovers[0].handed, stretch.handovers[0].line.sequence
    given = [run for run in stretch.runs if run.status == AgentRun.Status.HANDED_OFF]
    return (BY_AGENT, given[0].upto_sequence) if given else ("", 0)


def _booked(chat: Conversation, stretch: Stretch) -> bool:
    """An appointment that the agent made in this stretch and that still stands."""
    made = AgendaEvent.objects.filter(contact=chat.contact_id, source=AgendaEvent.Source.AGENT)
    made = made.exclude(status__in=(AgendaEvent.Status.HELD, AgendaEvent.Status.CANCELLED))
    return made.filter(created_at__range=_span(stretch)).exists()


def _converted(chat: Conversation, stretch: Stretch) -> bool:
    sales = Conversion.objects.filter(lead__contact=chat.contact_id, actor_kind="agent", undone_at__isnull=True)
    return sales.filter(at__range=_span(stretch)).exists()


def _span(stretch: Stretch) -> tuple[datetime, datetime]:
    moments = [call.created_at for call in stretch.calls]
    return stretch.lines[0].at, max([stretch.lines[-1].at, *moments]) + AFTERWARDS


def _keep(chat: Conversation, stretch: Stretch, later: Sequence[Line]) -> None:
    """Write the judgement once; a repeated sweep finds it there."""
    found = _judged(chat, stretch, later)
    first, last = stretch.lines[0], stretch.lines[-1]
    agents = [run.agent_id for run in stretch.runs if run.agent_id is not None]
    Assessment.objects.get_or_create(
        conversation_id=chat.pk,
        first_sequence=first.sequence,
        defaults={
            "agent_id": agents[-1] if agents else None,
            "last_sequence": last.sequence,
            "began_at": first.at,
            "ended_at": last.at,
            "outcome": found.outcome,
            "reason": found.reason,
            "facts": list(found.facts),
            "reported": _reported(stretch),
            "response_seconds": _response(stretch.lines),
        },
    )


def _judged(chat: Conversation, stretch: Stretch, later: Sequence[Line]) -> Judgement:
    found = rules.judge(stretch.lines, _marks(chat, stretch))
    return again(found) if found.outcome == rules.UNKNOWN and rules.asked_again(stretch.lines, later) else found


def judge_anew(call: ToolCall) -> bool:
    """After the act was undone: what is known now of the stretch it belongs to, where that was judged already."""
    if call.conversation_id is None:
        return False
    upto = call.run.upto_sequence
    known = Assessment.objects.filter(conversation_id=call.conversation_id, first_sequence__lte=upto)
    row = known.filter(last_sequence__gte=upto).first()
    return row is not None and _anew(row)


def _anew(row: Assessment) -> bool:
    """Judge a stretch again, its lines as they were. What a person said of the outcome stays, with the reason."""
    chats = Conversation.objects.select_for_update(of=("self",), no_key=True, skip_locked=True)
    chat = chats.filter(pk=row.conversation_id).only("pk", "contact_id", "status").first()
    held = Assessment.objects.select_for_update(no_key=True, of=("self",)).filter(pk=row.pk).first()
    if chat is None or held is None:
        return False
    part, later = _as_judged(_rows(chat, held.first_sequence - 1), _closings(chat), held.last_sequence)
    runs = _runs(chat).filter(assessed=True, upto_sequence__gte=held.first_sequence).exclude(status__in=NO_END)
    ended = list(runs.filter(upto_sequence__lte=part[-1].line.sequence)) if part else []
    stretch = _stretch(part, ended, (), is_closed=rules.CLOSED in held.facts) if ended else None
    if stretch is None:
        return False
    _note_calls([stretch])
    found = _judged(chat, stretch, later)
    held.facts = list(found.facts)
    if not held.corrected:
        held.outcome, held.reason = found.outcome, found.reason
    held.save(update_fields=["facts", "outcome", "reason"])
    return True


def _as_judged(said: Sequence[Row], closed: Sequence[datetime], last: int) -> tuple[list[Row], list[Line]]:
    """The first stretch up to its last words, with a hand-over after them; then what was said later."""
    parts = rules.stretches(said, closed, _handed_over)
    part = [row for row in parts[0] if row.line.sequence <= last or row.handed] if parts else []
    return part, [row.line for row in said if row.line.sequence > last and not row.handed]


def again(found: Judgement) -> Judgement:
    return Judgement(rules.UNRESOLVED, ASKED_AGAIN, (*found.facts, ASKED_AGAIN))


def _reported(stretch: Stretch) -> Any:
    """What the agent said of its help last."""
    reports = AssistanceReport.objects.filter(run__in=[run.pk for run in stretch.runs])
    return reports.order_by("-created_at").values_list("score", flat=True).first()


def _response(lines: Sequence[Line]) -> int | None:
    """Seconds from the customer's first words to the agent's first ones, the time to gather them in it."""
    spoke = next((line.at for line in lines if line.author == AGENT), None)
    return None if spoke is None else max(0, round((spoke - lines[0].at).total_seconds()))


def _mark(chat: Conversation, parts: Sequence[Sequence[Row]], said: Sequence[Row]) -> None:
    """Every turn before what is still open was judged, or has nothing to be judged by."""
    judged = parts[-1][-1].line.sequence if parts else 0
    rows = AgentRun.objects.filter(conversation_id=chat.pk, purpose=AgentRun.Purpose.TURN, assessed=False)
    if parts or said:
        after = [row.line.sequence for row in said if row.line.sequence > judged]
        if not after and len(said) == MOST_LINES:
            after = [judged + 1]  # what comes next was not read yet
        rows = rows.filter(upto_sequence__lt=min(after)) if after else rows
    rows.update(assessed=True)


def look_again(*, tenant: Tenant, now: datetime) -> int:
    """Ends that what happened since shows in another light, of two days; how many were written anew."""
    return _each(tenant, _came_back(now), _is_the_same) + _each(tenant, _fallen(now), _anew)


def _each(tenant: Tenant, rows: QuerySet[Assessment], look: Callable[[Assessment], bool]) -> int:
    """All of them, MOST_CHATS at a time and in their order: one that stays as it is stands in nobody's way."""
    changed, left = 0, rows.order_by("pk")
    while True:
        with tenant_context(tenant):
            found = list(left[:MOST_CHATS])
        for row in found:
            with tenant_context(tenant):
                changed += look(row)
        if len(found) < MOST_CHATS:
            return changed
        left = rows.filter(pk__gt=found[-1].pk).order_by("pk")


def _fallen(now: datetime) -> QuerySet[Assessment]:
    """Ends that tell of an appointment or a sale, of customers of whom one made by an agent does not stand any more."""
    lately = now - 2 * QUIET
    cancelled = AgendaEvent.objects.filter(source=AgendaEvent.Source.AGENT, cancelled_at__gt=lately)
    undone = Conversion.objects.filter(actor_kind="agent", undone_at__gt=lately)
    of = Q(contact__in=cancelled.values("contact")) | Q(contact__in=undone.values("lead__contact"))
    told = Q(facts__contains=[rules.BOOKED]) | Q(facts__contains=[rules.CONVERTED])
    return Assessment.objects.filter(told, conversation_id__in=Conversation.objects.filter(of).values("pk"))


def _came_back(now: datetime) -> QuerySet[Assessment]:
    """Unknown ends after which the customer wrote within a day."""
    recent = Assessment.objects.filter(
        ended_at__gt=now - 2 * QUIET, outcome=rules.UNKNOWN, corrected="", facts__contains=[rules.CLOSED]
    )
    back = Message.objects.filter(
        conversation_id=OuterRef("conversation_id"),
        sequence__gt=OuterRef("last_sequence"),
        author=Message.Author.CONTACT,
        created_at__lte=OuterRef("ended_at") + QUIET,
    )
    return recent.filter(Exists(back))


def _is_the_same(found: Assessment) -> bool:
    """Whether they came back with what they had asked, which is written then: so the end was none."""
    lines = _customer(found.conversation_id, found.first_sequence)
    before = [line for line in lines if line.sequence <= found.last_sequence]
    after = [line for line in lines if line.sequence > found.last_sequence]
    if not before or not rules.asked_again([*before, Line(found.last_sequence, found.ended_at, AGENT, "")], after):
        return False
    new = again(Judgement(found.outcome, found.reason, tuple(found.facts)))
    rows = Assessment.objects.filter(pk=found.pk, corrected="", outcome=rules.UNKNOWN)
    return rows.update(outcome=new.outcome, reason=new.reason, facts=list(new.facts)) > 0


def _customer(conversation_id: UUID, first: int) -> list[Line]:
    rows = Message.objects.filter(conversation_id=conversation_id, sequence__gte=first, author=CONTACT)
    rows = rows.exclude(kind="reaction").annotate(words=Left("text", LONGEST)).order_by("sequence")
    found = rows.values_list("sequence", "created_at", "words")[:MOST_LINES]
    return [Line(sequence, at, CONTACT, words) for sequence, at, words in found]
