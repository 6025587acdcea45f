"""What a tool gave may be said again, as it stands in its values and not as JSON writes them."""

import pytest

from agents.domain.prompt import SystemPrompt
from agents.domain.untrusted import as_data
from agents.services.gates import Gate, in_words
from tenants.models import Tenant
from tests.agents.services.helped import helped, writes
from tests.agents.services.story import Story, employ
from tests.fakes.llm import FakeLLM
from tests.support.cast import Person

NUMBER = "Tu pedido 1234 fue enviado."


@pytest.fixture
def gate() -> Gate:
    return Gate(
        prompt=SystemPrompt(text="", ours="", theirs=""),
        secrets=(),
        internal_words=(),
        belongs_to_other=lambda phones, emails: False,
        suspicious=False,
    )


def told(gate: Gate, **result: object) -> None:
    gate.hear(as_data({"ok": True, **result}, longest=8000).content, {})


@pytest.mark.parametrize("after", ["\n", "\n\n", "\t", '"'])
def test_a_link_may_be_said_whatever_stands_behind_it(gate: Gate, after: str) -> None:
    told(gate, text=f"Mirá https://acme.example/guia{after}Ahí está todo.")
    assert gate.check("Está en https://acme.example/guia", receipts=(), attempt=1).action == "pass"
    assert gate.check("Está en https://robo.test/guia", receipts=(), attempt=1).action == "retry"


def test_how_an_order_stands_may_be_said_once_it_was_looked_up(gate: Gate) -> None:
    assert gate.check(NUMBER, receipts=(), attempt=1).action == "retry"
    told(gate, order={"number": 1234, "state": "abierto", "payment": "pagado", "shipping": "enviado"})
    assert gate.check(NUMBER, receipts=(), attempt=1).action == "pass"
    assert gate.check("Te envié la factura por mail.", receipts=(), attempt=1).action == "retry"


def test_a_text_about_orders_proves_nothing_of_one(gate: Gate) -> None:
    passage = "Cuando el pedido 1234 fue enviado, llega un correo con el número de seguimiento. " * 3
    told(gate, passages=[{"text": passage}])
    assert gate.check(NUMBER, receipts=(), attempt=1).action == "retry"


@pytest.mark.parametrize("result", [{"shipped": False}, {"order": {"sent": None}}, {"you_asked_for": "enviado"}])
def test_a_name_in_a_result_or_what_the_model_asked_with_says_nothing_of_how_it_stands(
    gate: Gate, result: dict
) -> None:
    content = as_data({"ok": True, "number": 1234, **result}, longest=8000).content
    gate.hear(content, {"codigo": "enviado"})
    assert gate.check(NUMBER, receipts=(), attempt=1).action == "retry"


class TestADenialOfBeingAnAI:
    def test_it_gets_one_more_try_with_advice_and_then_a_person(self, gate: Gate) -> None:
        first = gate.check("No soy un robot, soy Sol.", receipts=(), attempt=1)
        assert (first.action, first.reasons) == ("retry", ("denies_ai",))
        assert "decí que sos una IA" in first.advice
        assert gate.check("Soy una persona.", receipts=(), attempt=2).action == "replace"
        assert in_words(first.reasons) == "negaba ser una IA"

    def test_the_advice_itself_is_never_said(self, gate: Gate) -> None:
        advice = gate.check("No soy un robot.", receipts=(), attempt=1).advice
        assert gate.check(advice, receipts=(), attempt=1).reasons == ("prompt_leak",)

    def test_a_customer_who_insists_is_told_or_gets_a_person(self, acme: Tenant, story: Story, llm: FakeLLM) -> None:
        employ(acme, llm)
        llm.say("No, soy una persona de verdad.")
        llm.say("Soy una IA de Acme. Si preferís, te paso con una persona.")
        run = story.hear("¿Sos un robot?")
        assert (run.status, run.flags) == ("done", ["denies_ai"])
        assert story.said() == ["Soy una IA de Acme. Si preferís, te paso con una persona."]
        llm.say("No soy un bot.")
        llm.say("Te juro que soy humana.")
        run = story.hear("¿Seguro?")
        assert (run.status, story.fresh().mode) == ("blocked", "human")
        assert not any("humana" in said for said in story.said())

    def test_a_person_who_sends_the_text_may_say_it(
        self, acme: Tenant, story: Story, llm: FakeLLM, ana: Person
    ) -> None:
        employ(acme, llm)
        writes(story, "¿Sos un robot?")
        llm.say("No, soy una persona del equipo.")
        found = helped(story, ana, "draft")
        assert (found.run.status, found.run.reply) == ("done", "No, soy una persona del equipo.")
