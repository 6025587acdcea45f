"""A company's first steps, from its facts to the first answered chat. What really happened counts, not what was clicked."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from agents.models import Agent
from agents.services.agents import publish_agent, update_agent
from config.lib.errors import Conflict, Invalid
from messaging.models import Channel, Message, MessageStatus, Provider
from rag.models import Document
from rag.services.ingest import add_document
from tenants.context import current_tenant
from tenants.domain.actor import Actor
from tenants.models import Onboarding
from tenants.services import vault
from tenants.services.audit import record

STEPS: dict[str, Promise] = {
    "company": _("La empresa"),
    "channels": _("Canales"),
    "agent": _("El primer agente"),
    "knowledge": _("Qué sabe la IA"),
    "test": _("Chat de prueba"),
}
SAID = (MessageStatus.SENT, MessageStatus.DELIVERED, MessageStatus.READ)
KNOWLEDGE_FILE = "primeras-respuestas.md"


@dataclass(frozen=True)
class Step:
    """`state` is done, skipped or open; `next` marks the one to do now; `really`: it happened, whatever was clicked."""

    name: str
    title: str
    state: str
    next: bool = False
    really: bool = False


def progress() -> list[Step]:
    """Every step of the entered company in order."""
    row = Onboarding.objects.filter(tenant_id=current_tenant().pk).first()
    steps = row.steps if row is not None else {}
    really = {"knowledge": Document.objects.exists, "test": answered_test}
    found, first = [], True
    for name, title in STEPS.items():
        kept = steps.get(name, {})
        happened = name in really and really[name]()
        done = happened or "done_at" in kept
        state = "done" if done else "skipped" if "skipped_at" in kept else "open"
        found.append(Step(name, str(title), state, next=first and state == "open", really=happened))
        first = first and state != "open"
    return found


def mark(*, step: str, by: Actor, skipped: bool = False) -> None:
    """Note a step as done or left out. Ends the first steps once none is open. Raises Invalid for an unknown one."""
    if step not in STEPS:
        raise Invalid(str(_("Ese paso no existe.")))
    row, _created = Onboarding.objects.get_or_create(tenant=current_tenant())
    row = Onboarding.objects.select_for_update(no_key=True).get(pk=row.pk)
    what = "skipped_at" if skipped else "done_at"
    if what not in row.steps.get(step, {}):
        row.steps[step] = {what: timezone.now().isoformat()}
        row.save(update_fields=["steps"])
        record(action=f"onboarding.{'skipped' if skipped else 'done'}", resource=step, by=by)
    if row.finished_at is None and not any(each.state == "open" for each in progress()):
        row.finished_at = timezone.now()
        row.save(update_fields=["finished_at"])
        record(action="onboarding.finished", by=by)


def first_agent() -> Agent:
    """The agent that the first steps set up: the oldest active one. Raises Conflict when there is none."""
    agent = Agent.objects.filter(is_active=True).order_by("created_at").first()
    if agent is None:
        raise Conflict(str(_("No hay ningún agente activo. Encender uno en Agentes.")))
    return agent


def set_up_agent(*, name: str, about: str, tone: str, openai_key: str, model: str, by: Actor) -> Agent:
    """Name, words and model of the first agent, published at once. A key goes to the vault; without one the demo answers,
    with one and no `model` the first of `FIRST_MODELS`."""
    agent = first_agent()
    config = {**agent.config, "tone": tone.strip(), "rules": about.strip()}
    fields: dict[str, Any] = {"name": name.strip() or agent.name, "config": config}
    if openai_key:
        vault.put_credential(category="openai", name="API_KEY", value=openai_key, by=by)
    if model or openai_key:
        fields |= {"model_provider": "openai", "model_version": model or settings.FIRST_MODELS[0]}
    elif agent.model_provider == "openai":
        fields |= {"model_provider": "demo", "model_version": ""}
    update_agent(agent=agent, by=by, **fields)
    publish_agent(agent=agent, by=by)
    mark(step="agent", by=by)
    return agent


def teach(*, text: str, by: Actor) -> Document:
    """Keep what was written as the company's first document. Raises Invalid when it is empty."""
    if not text.strip():
        raise Invalid(str(_("Falta el texto.")), fields={"text": str(_("Escribir al menos una respuesta."))})
    document = add_document(
        file_name=KNOWLEDGE_FILE,
        content=text.strip().encode(),
        title=str(_("Primeras respuestas")),
        collection="general",
        by=by,
    )
    mark(step="knowledge", by=by)
    return document


def web_chat() -> Channel | None:
    """The channel of the test chat."""
    return Channel.objects.filter(provider=Provider.WEB).order_by("created_at").first()


def answered_test() -> bool:
    """Whether the AI ever answered in the web chat."""
    return Message.objects.filter(
        conversation__provider=Provider.WEB,
        direction=Message.Direction.OUT,
        author=Message.Author.AGENT,
        status__in=SAID,
    ).exists()


@dataclass(frozen=True)
class TestChat:
    """How far the test is: `state` is waiting, received or answered; the words are the newest ones of each side."""

    state: str
    asked: str = ""
    reply: str = ""
    conversation_id: str = ""


def test_state(*, answered: bool) -> str:
    """The same in one word, for somebody who knows already whether the AI answered."""
    if answered:
        return "answered"
    asked = Message.objects.filter(conversation__provider=Provider.WEB, direction=Message.Direction.IN).exists()
    return "received" if asked else "waiting"


def test_chat() -> TestChat:
    rows = Message.objects.filter(conversation__provider=Provider.WEB).order_by("-created_at")
    asked = rows.filter(direction=Message.Direction.IN).first()
    if asked is None:
        return TestChat("waiting")
    reply = rows.filter(
        conversation_id=asked.conversation_id,
        direction=Message.Direction.OUT,
        author=Message.Author.AGENT,
        status__in=SAID,
        sequence__gt=asked.sequence,
    ).last()
    state = "answered" if reply is not None else "received"
    return TestChat(state, asked.text[:200], reply.text[:400] if reply else "", str(asked.conversation_id))
