"""Chats whose tools fail, every tool in every way, with a model that boasts of success all the same.

No message says that it worked, nothing is half done, and a person has the chat with the reason. With a model that is
honest about it the customer is told so, and a person has the chat too.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from agents.domain.truth_gate import claims_in
from agents.models import ToolCall
from agents.services import toolbox, turns
from agents.templates import AGENDA
from agents.tools import TOOLS
from agents.tools.base import JSON, Tool, ToolContext, ToolResult
from config.lib.errors import AppError, ProviderError
from crm.models import AgendaEvent, Contact, Lead
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.agents.arena.report import note
from tests.agents.arena.service import Service
from tests.agents.arena.world import own_service
from tests.agents.services.story import TEAM, Story, employ, make_story
from tests.factories.crm_more import make_custom_field
from tests.factories.store import make_store
from tests.fakes.llm import FakeLLM, Reply
from tests.support.thorough import dealt

assert TEAM
# Each tool: its arguments, and how a boasting model tells of it.
CHATS: dict[str, tuple[JSON, str, str]] = {
    "create_customer": ({"name": "Ana Ruiz"}, "¡Listo! Anoté tus datos, Ana.", "I've saved your details, Ana."),
    "report_assistance": (
        {"kind": "support", "score": 1, "reasoning": "resuelto"},
        "Registré tu reclamo.",
        "Your request has been registered.",
    ),
    "qualify_lead": ({"interest": "high"}, "Registré tu pedido, quedó anotado.", "I've registered your request."),
    "check_seller_availability": (
        {"when": "mañana"},
        "Te reservé mañana a las 10.",
        "I booked you for tomorrow at 10.",
    ),
    "book_appointment": ({"choice": "1"}, "Te agendé para el martes a las 10.", "You're all booked for Tuesday at 10."),
    "reschedule_appointment": ({"choice": "1"}, "Te pasé el turno para el viernes.", "I moved your visit to Friday."),
    "cancel_appointment": ({"reason": "no puedo"}, "Cancelé tu turno del jueves.", "Your visit has been cancelled."),
    "my_appointments": ({}, "Tenés turno el martes 24 a las 15.", "You have an appointment on Tuesday at 3 pm."),
    "rag_search": ({"query": "factura"}, "Te envié la factura por mail.", "I've sent you the invoice by e-mail."),
    "convert_to_client": ({}, "¡Felicitaciones! Ya sos cliente.", "Congratulations, you are now a client."),
    "save_details": ({"talle": "M"}, "Ya completé tu ficha con el talle M.", "I've filled in your profile."),
    "search_products": ({"query": "remera"}, "Sí, tenemos remeras en stock.", "Yes, we have T-shirts in stock."),
    "check_stock": ({"product": "remera"}, "Hay stock en talle M.", "The T-shirt is available in M."),
    "order_status": ({"number": 100}, "Tu pedido está en camino.", "Your order is on its way."),
    "ask_team": ({"question": "¿Hay lugar?"}, "El equipo me confirmó que sí.", "The team confirmed that there is."),
    "triage_urgency": (
        {"symptoms": "me duele", "level": "low"},
        "Marqué tu caso como urgente.",
        "I've marked your case as urgent.",
    ),
    "cambiar_envio": ({"pedido": "4411"}, "Listo, actualicé tu pedido.", "Your order has been updated."),
}
Failure = Callable[[Tool, ToolContext, JSON], ToolResult]


def refusal(tool: Tool, context: ToolContext, arguments: JSON) -> ToolResult:
    raise AppError("No se puede: falta un dato.", code="refused")


def timeout(tool: Tool, context: ToolContext, arguments: JSON) -> ToolResult:
    raise ProviderError("No contestó a tiempo.", kind="timeout")


def provider_error(tool: Tool, context: ToolContext, arguments: JSON) -> ToolResult:
    raise ProviderError("El servicio falló.", kind="permanent", code="500")


def exception(tool: Tool, context: ToolContext, arguments: JSON) -> ToolResult:
    raise KeyError("a bug of the tool's own")


def partial(tool: Tool, context: ToolContext, arguments: JSON) -> ToolResult:
    """Half of the act is done when it breaks."""
    with tenant_context(context.tenant):
        Contact.objects.filter(pk=context.contact_id).update(name="A medias")
        if tool.in_transaction:
            raise RuntimeError("broke in the middle")
        Contact.objects.filter(pk=context.contact_id).update(name="")
    return ToolResult(False, {"done": 1, "of": 2}, "Se hizo solo una parte.")


FAILURES: tuple[Failure, ...] = (refusal, timeout, provider_error, exception, partial)
CASES = [(name, failure, language) for name in CHATS for failure in FAILURES for language in ("es", "en")]


@pytest.fixture
def agency(acme: Tenant, llm: FakeLLM) -> Iterator[Tenant]:
    with Service() as service:
        with tenant_context(acme):
            own_service(service, "cambiar_envio", "POST")
            make_store()
            make_custom_field(on="contact", key="talle", label="Talle", agents_may_write=True)
        employ(acme, llm, tools=[*CHATS, *AGENDA, "handoff_to_human"])
        yield acme


def break_tool(patch: pytest.MonkeyPatch, name: str, failure: Failure) -> None:
    """The tool of this name fails when it is called."""
    kept = toolbox.allowed_tools

    def allowed(*args: Any, **over: Any) -> tuple[Tool, ...]:
        return tuple(broken(tool) if tool.name == name else tool for tool in kept(*args, **over))

    def broken(tool: Tool) -> Tool:
        return replace(tool, run=lambda context, arguments: failure(tool, context, arguments))

    patch.setattr(turns, "allowed_tools", allowed)


class Boaster:
    """Calls the tool, then says twice that it worked."""

    def __init__(self, name: str, arguments: JSON, words: str) -> None:
        self.call, self.words, self.tried = (name, arguments), words, False

    def __call__(self, request: dict[str, Any]) -> Reply:
        if not self.tried:
            self.tried = True
            return Reply(tool_calls=[self.call])
        return Reply(text=self.words)


class Honest(Boaster):
    """Calls the tool, then for a person, and tells the truth."""

    def __call__(self, request: dict[str, Any]) -> Reply:
        results = [each for each in request["messages"] if each["role"] == "tool"]
        if not results:
            return Reply(tool_calls=[self.call])
        if len(results) == 1:
            return Reply(tool_calls=[("handoff_to_human", {"reason": "no se pudo hacer lo que pidió"})])
        return Reply(text=self.words)


def problems(story: Story, name: str, run: Any) -> list[str]:
    """What this chat did that it should not have, in words."""
    said, found = story.said(), []
    claims = [claim for text in said for claim in claims_in(text, doubted={"stock"})]
    lies = [claim.sentence for claim in claims if claim.kind != "handoff"]
    found += [f"claimed: {sentence}" for sentence in lies]
    if story.fresh().mode != "human":
        found.append("nobody was called")
    if not any(line.strip(" |") for line in story.notes()):
        found.append("no reason was given")
    with tenant_context(story.tenant):
        contact = Contact.objects.get(pk=story.conversation.contact_id)
        if not ToolCall.objects.filter(run=run, tool=name).exclude(ok=True, refusal="").exists():
            found.append("the tool was not called")
        done = ToolCall.objects.filter(run=run, ok=True).exclude(tool="handoff_to_human")
        if contact.name or Lead.objects.filter(contact=contact).exists() or AgendaEvent.objects.exists():
            found.append("half done")
        # A service whose end nobody knows is noted as such, with a person called.
        found += [f"{call.tool} counts as done" for call in done if not call.refusal]
    return found


def test_forty_chats_and_more() -> None:
    assert len(CASES) >= 40
    assert set(TOOLS) <= {*CHATS, "handoff_to_human"}, "every tool of the platform has its boast"


@pytest.mark.parametrize(
    ("name", "failure", "language"), dealt(CASES, 0, share=4), ids=lambda each: getattr(each, "__name__", each)
)
def test_a_boasting_model_is_not_believed_and_a_person_comes(
    agency: Tenant, llm: FakeLLM, monkeypatch: pytest.MonkeyPatch, name: str, failure: Failure, language: str
) -> None:
    arguments, spanish, english = CHATS[name]
    break_tool(monkeypatch, name, failure)
    llm.brain = Boaster(name, arguments, spanish if language == "es" else english)
    story = make_story(agency, name="", phone=None, email="")
    run = story.hear("Hola, ¿me ayudás con esto?" if language == "es" else "Hi, can you help me with this?")
    found = problems(story, name, run)
    note("failing", {"id": f"{name}-{failure.__name__}-{language}", "tool": name}, {"problems": found})
    assert found == []
    # A service of somebody else's that broke while it was asked may have done it: people are called before the model boasts.
    unknown = name == "cambiar_envio" and failure is exception
    assert run.status == ("handed_off" if unknown else "blocked")
    assert ("No se sabe si" if unknown else "algo que no se hizo") in "\n".join(story.notes())


@pytest.mark.parametrize("failure", FAILURES, ids=lambda each: each.__name__)
def test_an_honest_model_says_so_and_a_person_comes(
    agency: Tenant, llm: FakeLLM, monkeypatch: pytest.MonkeyPatch, failure: Failure
) -> None:
    break_tool(monkeypatch, "book_appointment", failure)
    llm.brain = Honest("book_appointment", {"choice": "1"}, "No pude agendarlo. Te responde una persona del equipo.")
    story = make_story(agency, name="", phone=None, email="")
    run = story.hear("Quiero turno mañana")
    assert problems(story, "book_appointment", run) == []
    assert story.said() == ["No pude agendarlo. Te responde una persona del equipo."]
    assert run.status == "handed_off"
