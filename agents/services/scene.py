"""Everything a turn needs to know, read in one short transaction."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.utils import timezone

from agents.domain import summary
from agents.domain.history import BRIEF, MEMORY, UNHEARD, Line, Speaker, recent_turns
from agents.domain.language import language_of
from agents.domain.prompt import AgentText, Facts, SystemPrompt, assemble
from agents.domain.prompt_security import Screening, screen, worst
from agents.domain.untrusted import harmless, marked
from agents.llm.base import ChatMessage
from agents.models import Agent, AgentVersion, ChatSummary
from agents.services import ceiling, hours, question_prompt
from agents.services.assets import contents_of
from agents.tools.base import Tool
from config.lib import commit
from crm.models import Contact
from crm.services.custom_fields import told
from messaging.models import Attachment, Conversation, Message, MessageStatus
from tenants.models import Tenant

LINES = 60
MOST_PICTURES = 3
Details = Mapping[str, tuple[str, str]]  # a field's key → its name and the value in words
FILES = {"image": "imagen", "document": "documento", "video": "video"}
VOICE = "nota de voz"
UNSAID = (MessageStatus.CANCELLED, MessageStatus.FAILED)
_BRIEF = Q(kind="note", payload__brief=True)  # what a person told the agent when they gave the chat back


@dataclass(frozen=True, slots=True)
class Scene:
    """A conversation at the moment of a turn. `lines` are what was said, oldest first; `burst` is what wants an answer,
    `pictures` the newest ones in it."""

    conversation: Conversation
    contact: Contact
    agent: Agent | None
    version: AgentVersion | None
    lines: tuple[Line, ...]
    burst: tuple[str, ...]
    screening: Screening
    over_budget: bool
    details: Details
    pictures: tuple[Attachment, ...] = ()
    nobody: hours.Nobody | None = None  # why, where no agent answers
    team: tuple[AgentVersion, ...] = ()  # every agent of the channel who is on duty, `version` first
    asked: question_prompt.Asked = question_prompt.NOTHING  # of the team

    @property
    def snapshot(self) -> dict[str, Any]:
        """The published agent; empty when none answers here."""
        return self.version.snapshot if self.version else {}

    def language(self, tenant: Tenant) -> str:
        """The language of the customer's last words."""
        last = [line.said or line.text for line in self.lines if line.speaker == "contact"][-3:]
        return language_of("\n".join(self.burst or last), default=tenant.locale[:2].lower())


def gather(*, tenant: Tenant, conversation_id: UUID, upto_sequence: int) -> Scene:
    """Run inside a tenant transaction."""
    conversation = Conversation.objects.select_related("contact", "channel").get(pk=conversation_id)
    team = tuple(hours.answering(conversation.channel_source))
    version = next(iter(team), None)
    rows = _rows(conversation, upto_sequence)
    lines = [_line(row) for row in rows]
    burst = _burst(lines)
    memory = ChatSummary.objects.filter(conversation_id=conversation_id).first()
    _ask_for_summary(conversation, rows, memory)
    return Scene(
        conversation=conversation,
        contact=conversation.contact,
        agent=version.agent if version else None,
        version=version,
        lines=(*_remembered(memory), *_without_old_orders(lines, len(burst))),
        burst=burst,
        screening=worst([screen(text) for text in burst]),
        over_budget=ceiling.spending_is_over(tenant),
        details=told(conversation.contact),
        pictures=_pictures(rows[len(rows) - len(burst) :]),
        nobody=None if version else hours.why_nobody(conversation),
        team=team,
        asked=question_prompt.of_chat(conversation_id),
    )


def answering_version(channel_source: str) -> AgentVersion | None:
    """The published agent that answers a channel now: the first by the rule of agents.services.hours."""
    return next(iter(hours.answering(channel_source)), None)


def _remembered(memory: ChatSummary | None) -> tuple[Line, ...]:
    """What was said before all lines, as data."""
    return (Line("memory", marked(MEMORY, memory.text)),) if memory else ()


def _ask_for_summary(conversation: Conversation, rows: Sequence[Message], memory: ChatSummary | None) -> None:
    """For the turns to come: this one does not wait for it."""
    since = [row.text for row in rows if memory is None or row.sequence > memory.upto_sequence]
    if summary.due(since):
        commit.queue("agents.tasks.summarise_chat", queue="agents", conversation_id=str(conversation.pk))


def spoken(conversation: Conversation, *, after: int, most: int) -> list[tuple[int, Line]]:
    """Numbers and lines of what was said after message `after`, oldest first, the newest `most`; without earlier orders."""
    rows = [row for row in _rows(conversation, conversation.sequence, most) if row.sequence > after]
    lines = [(row.sequence, _line(row)) for row in rows]
    return [(number, line) for number, line in lines if not _gave_orders(line)]


def _gave_orders(line: Line) -> bool:
    return line.speaker == "contact" and screen(line.said or line.text).suspicious


def _rows(conversation: Conversation, upto_sequence: int, most: int = LINES) -> list[Message]:
    spoken = ~Q(kind__in=("note", "reaction")) & ~Q(author=Message.Author.SYSTEM)
    said = Message.objects.filter(spoken | _BRIEF, conversation=conversation).exclude(status__in=UNSAID)
    said = said.filter(Q(direction=Message.Direction.OUT) | Q(sequence__lte=upto_sequence))
    # A reply that the customer wrote past belongs before what it did not answer, else that would never be answered.
    return sorted(
        said.order_by("-sequence")[:most], key=lambda row: (row.payload.get("answers", row.sequence), row.sequence)
    )


def _line(row: Message) -> Line:
    """A picture says that it is one; a voice note that nobody could hear, that too; a note of the team, whom it is for."""
    text, ours = row.text.strip(), bool(row.payload.get("placeholder"))
    if row.kind == "note":
        return Line("user", f"{BRIEF} {text}", row.author_name)
    if row.kind == "audio" and ours and row.direction == Message.Direction.IN:
        return Line(_speaker(row), UNHEARD, row.author_name)
    if row.direction == Message.Direction.IN:
        return _from_customer(row, "" if ours and row.kind in FILES else text)
    shown = "[imagen]" if ours or not text else f"[imagen: {text}]"
    return Line(_speaker(row), shown if row.kind == "image" else text or f"[{row.kind}]", row.author_name)


def _from_customer(row: Message, text: str) -> Line:
    """Their words as they are, what came with a file or was heard under its name; none of it can imitate our own marks."""
    if row.kind in FILES:
        return Line("contact", marked(FILES[row.kind], text), row.author_name, said=text)
    heard = f"[{VOICE}] " if row.kind == "audio" else ""
    return Line("contact", f"{heard}{harmless(text)}" if text else f"[{row.kind}]", row.author_name, said=text)


def _pictures(burst: Sequence[Message]) -> tuple[Attachment, ...]:
    """The newest pictures of the messages that want an answer, in the order they came."""
    shown = [row.pk for row in burst if row.kind == "image"]
    if not shown:
        return ()
    files = Attachment.objects.filter(message__in=shown, state=Attachment.State.READY, mime__startswith="image/")
    return tuple(reversed(files.order_by("-created_at", "-id")[:MOST_PICTURES]))


def _speaker(row: Message) -> Speaker:
    if row.direction == Message.Direction.IN:
        return "contact"
    return "agent" if row.author == Message.Author.AGENT else "user"


def _burst(lines: list[Line]) -> tuple[str, ...]:
    """The customer's messages since somebody last answered."""
    burst: list[str] = []
    for line in reversed(lines):
        if line.speaker != "contact":
            break
        burst.append(line.said or line.text)
    return tuple(reversed(burst))


def _without_old_orders(lines: list[Line], burst: int) -> tuple[Line, ...]:
    """Earlier messages that gave orders stay out: they were dealt with in their own turn and must not work later."""
    old = lines[: len(lines) - burst]
    kept = [line for line in old if not _gave_orders(line)]
    return (*kept, *lines[len(lines) - burst :])


def prompt_of(
    tenant: Tenant,
    snapshot: dict[str, Any],
    *,
    channel: str,
    contact: Contact | None,
    tools: Collection[Tool],
    suspicious: bool,
    details: Details | None = None,
    now: datetime | None = None,
) -> SystemPrompt:
    """The system prompt of a published agent for this company, moment and contact."""
    config = snapshot.get("config") or {}
    agent = AgentText(
        name=str(snapshot.get("name") or ""),
        role=str(snapshot.get("role") or ""),
        template=str(snapshot.get("system_prompt_template") or ""),
        tone=str(config.get("tone") or ""),
        rules=_texts(config.get("rules")),
        dictionary=_dictionary(config.get("dictionary")),
        register=str(config.get("register") or ""),
        register_en=str(config.get("register_en") or ""),
        disclose_first=config.get("disclosure") == "first",
    )
    known = {"name": contact.name, "phone": contact.phone or "", "email": contact.email} if contact else {}
    facts = Facts(
        company=tenant.name,
        now=(now or timezone.now()).astimezone(ZoneInfo(tenant.timezone)),
        timezone=tenant.timezone,
        trade=tenant.trade,
        channel=channel,
        locale=tenant.locale,
        contact=known,
        details=details or {},
        assets=contents_of(tenant, snapshot),
    )
    return assemble(agent, facts, protocols=[(tool.name, tool.protocol) for tool in tools], suspicious=suspicious)


def dialogue(prompt: SystemPrompt, lines: tuple[Line, ...], images: tuple[str, ...] = ()) -> tuple[ChatMessage, ...]:
    """System prompt and recent turns as messages; pictures go with what the customer said last."""
    turns = [ChatMessage(turn.role, turn.text) for turn in recent_turns(lines)]
    if images and turns and turns[-1].role == "user":
        turns[-1] = replace(turns[-1], images=images)
    return (ChatMessage("system", prompt.text), *turns)


def _texts(value: object) -> tuple[str, ...]:
    """Rules come as a list or as lines of one text."""
    if isinstance(value, str):
        return tuple(line.strip(" -•\t") for line in value.splitlines() if line.strip(" -•\t"))
    return tuple(str(item) for item in value if str(item).strip()) if isinstance(value, list) else ()


def _dictionary(value: object) -> dict[str, list[str]]:
    if not isinstance(value, dict):
        return {}
    return {
        str(word): [str(item) for item in (others if isinstance(others, list) else [others])]
        for word, others in value.items()
    }
