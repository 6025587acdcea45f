"""Everything a turn needs to know, read in one short transaction."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Q, Sum
from django.utils import timezone

from agents.domain.history import BRIEF, UNHEARD, Line, Speaker, recent_turns
from agents.domain.language import language_of
from agents.domain.pricing import counted_cost
from agents.domain.prompt import AgentText, Facts, SystemPrompt, assemble
from agents.domain.prompt_security import Screening, screen, worst
from agents.llm.base import ChatMessage
from agents.models import Agent, AgentRun, AgentVersion
from agents.tools.base import Tool
from crm.models import Contact
from crm.services.custom_fields import told
from messaging.models import Attachment, Conversation, Message, MessageStatus
from messaging.services import hearing
from tenants.models import Tenant
from tenants.services import tenant_settings

LINES = 60
MOST_PICTURES = 3
Details = Mapping[str, tuple[str, str]]  # a field's key → its name and the value in words
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

    @property
    def snapshot(self) -> dict[str, Any]:
        """The published agent; empty when none answers here."""
        return self.version.snapshot if self.version else {}

    def language(self, tenant: Tenant) -> str:
        """The language of the customer's last words."""
        return language_of("\n".join(self.burst), default=tenant.locale[:2].lower())


def gather(*, tenant: Tenant, conversation_id: UUID, upto_sequence: int) -> Scene:
    """Run inside a tenant transaction."""
    conversation = Conversation.objects.select_related("contact", "channel").get(pk=conversation_id)
    version = answering_version(conversation.channel_source)
    rows = _rows(conversation, upto_sequence)
    lines = [_line(row) for row in rows]
    burst = _burst(lines)
    return Scene(
        conversation=conversation,
        contact=conversation.contact,
        agent=version.agent if version else None,
        version=version,
        lines=_without_old_orders(lines, len(burst)),
        burst=burst,
        screening=worst([screen(text) for text in burst]),
        over_budget=spending_is_over(tenant),
        details=told(conversation.contact),
        pictures=_pictures(rows[len(rows) - len(burst) :]),
    )


def answering_version(channel_source: str) -> AgentVersion | None:
    """The published agent of a channel. Where several are active the lowest priority number answers, then the oldest."""
    agents = Agent.objects.filter(is_active=True, published__isnull=False).select_related("published")
    for agent in agents.order_by("priority", "created_at", "id"):
        version = agent.published
        if version is not None and channel_source in (version.snapshot.get("channels") or []):
            version.agent = agent
            return version
    return None


def _rows(conversation: Conversation, upto_sequence: int) -> list[Message]:
    spoken = ~Q(kind__in=("note", "reaction")) & ~Q(author=Message.Author.SYSTEM)
    said = Message.objects.filter(spoken | _BRIEF, conversation=conversation).exclude(status__in=UNSAID)
    said = said.filter(Q(direction=Message.Direction.OUT) | Q(sequence__lte=upto_sequence))
    # A reply that the customer wrote past belongs before what it did not answer, else that would never be answered.
    return sorted(
        said.order_by("-sequence")[:LINES], key=lambda row: (row.payload.get("answers", row.sequence), row.sequence)
    )


def _line(row: Message) -> Line:
    """A picture says that it is one; a voice note that nobody could hear, that too; a note of the team, whom it is for."""
    text, ours = row.text.strip(), bool(row.payload.get("placeholder"))
    if row.kind == "note":
        return Line("user", f"{BRIEF} {text}", row.author_name)
    if row.kind == "audio" and ours and row.direction == Message.Direction.IN:
        return Line(_speaker(row), UNHEARD, row.author_name)
    if row.kind == "image":
        shown = "[imagen]" if ours or not text else f"[imagen: {text}]"
        return Line(_speaker(row), shown, row.author_name, said="" if ours else text)
    return Line(_speaker(row), text or f"[{row.kind}]", row.author_name)


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
    kept = [line for line in old if line.speaker != "contact" or not screen(line.text).suspicious]
    return (*kept, *lines[len(lines) - burst :])


def spending_is_over(tenant: Tenant, *, now: datetime | None = None) -> bool:
    """Whether today's model cost has reached the company's ceiling."""
    ceiling = tenant_settings.of(tenant).ai_daily_spend_usd
    return ceiling is not None and spent_today(tenant, now=now) >= ceiling


def spent_today(tenant: Tenant, *, now: datetime | None = None) -> Decimal:
    """US dollars since midnight in the company's zone, voice notes included; unknown prices count at the ceiling rate."""
    local = (now or timezone.now()).astimezone(ZoneInfo(tenant.timezone))
    since = local.replace(hour=0, minute=0, second=0, microsecond=0)
    runs = AgentRun.objects.filter(created_at__gte=since, is_demo=False)
    known = runs.aggregate(total=Sum("cost_usd"))["total"] or Decimal(0)
    unknown = runs.filter(cost_usd__isnull=True).aggregate(
        prompt=Sum("prompt_tokens"), completion=Sum("completion_tokens")
    )
    guessed = counted_cost("", prompt=unknown["prompt"] or 0, completion=unknown["completion"] or 0)
    return known + guessed + hearing.spent_since(since)


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
