"""A customer writes to a company and a turn is due: the smallest true beginning of most tests here."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from agents.models import Agent, AgentRun
from agents.services.agents import create_agent
from agents.services.turns import run_turn
from config.lib.ids import uuid7
from messaging.models import Conversation, Message
from messaging.services import turns
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tenants.models import Tenant
from tenants.services.vault import put_credential
from tests.factories.crm import make_contact
from tests.factories.messaging import make_conversation, make_message
from tests.fakes.llm import FakeLLM

TOOLS = ["rag_search", "create_customer", "qualify_lead", "handoff_to_human", "report_assistance"]
TEAM = Actor.system("Prueba")


@dataclass
class Story:
    """One conversation of one company."""

    tenant: Tenant
    conversation: Conversation

    def customer_says(self, *texts: str) -> None:
        """Messages arrive and a turn becomes due now."""
        with tenant_context(self.tenant):
            for text in texts:
                last = make_message(conversation=self.conversation, text=text)
            Conversation.objects.filter(pk=self.conversation.pk).update(
                reply_sequence=last.sequence, reply_due_at=timezone.now() - timedelta(seconds=1)
            )

    def begin(self) -> turns.Turn:
        """Take the due turn, as the worker does."""
        with tenant_context(self.tenant):
            turn = turns.begin(self.conversation.pk)
        assert turn is not None
        return turn

    def answer(self, turn: turns.Turn | None = None) -> AgentRun:
        """Run the due turn to its end."""
        turn = turn or self.begin()
        run = run_turn(
            tenant=self.tenant,
            conversation_id=self.conversation.pk,
            turn_token=turn.token,
            upto_sequence=turn.upto_sequence,
        )
        assert run is not None
        return run

    def hear(self, *texts: str) -> AgentRun:
        """The customer writes and is answered."""
        self.customer_says(*texts)
        return self.answer()

    def token(self) -> UUID:
        """The token of the turn that has the chat; begins one where none has."""
        with tenant_context(self.tenant):
            rows = Conversation.objects.filter(pk=self.conversation.pk)
            rows.filter(turn_token=None).update(turn_token=uuid7())
            token = rows.values_list("turn_token", flat=True).get()
        assert token is not None
        return token

    def fresh(self) -> Conversation:
        """The conversation as it is in the database."""
        with tenant_context(self.tenant):
            return Conversation.objects.select_related("contact").get(pk=self.conversation.pk)

    def said(self) -> list[str]:
        """What the customer was told, in order; withdrawn bubbles left out."""
        with tenant_context(self.tenant):
            rows = Message.objects.filter(conversation=self.conversation, direction="out").exclude(kind="note")
            return list(rows.exclude(status="cancelled").order_by("sequence").values_list("text", flat=True))

    def notes(self) -> list[str]:
        """Grey lines for the team."""
        with tenant_context(self.tenant):
            rows = Message.objects.filter(conversation=self.conversation, kind="note").order_by("sequence")
            return [f"{row.text} | {row.cause}" for row in rows]


def make_story(tenant: Tenant, **contact: Any) -> Story:
    """A web chat with a fresh contact."""
    with tenant_context(tenant):
        return Story(tenant, make_conversation(contact=make_contact(**contact)))


def employ(tenant: Tenant, llm: FakeLLM | None = None, *, tools: Iterable[str] = TOOLS, **over: Any) -> Agent:
    """A published agent on the web channel: with `llm` an OpenAI one whose address and key are in the vault."""
    fields: dict[str, Any] = {
        "name": "Sol",
        "system_prompt_template": "Sos {{agent_name}} de {{company}}.",
        "enabled_tools": list(tools),
        "channels": ["web"],
    }
    if llm is not None:
        fields |= {"model_provider": "openai", "model_version": "gpt-4o-mini"}
    with tenant_context(tenant):
        if llm is not None:
            put_credential(category="openai", name="API_KEY", value=llm.key or "sk-of-acme", by=TEAM)
            put_credential(category="openai", name="BASE_URL", value=llm.base_url, by=TEAM)
        return create_agent(by=TEAM, **{**fields, **over})
