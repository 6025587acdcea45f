"""Two hundred genuine dialogues end as they should: fifty appointments (test_customers) and these, in both languages.

Beside them the ordinary messages of the corpus: each gets the model's answer, with nothing taken from it or held back.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from crm.models import Lead
from rag.domain.words import terms
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.agents.arena.report import note
from tests.agents.arena.service import Service
from tests.agents.arena.world import own_service
from tests.agents.corpus import load
from tests.agents.services.customers import load as load_customers
from tests.agents.services.customers.clerk import FACTS, Clerk, passage, proof
from tests.agents.services.story import employ, make_story
from tests.factories.rag import make_chunk, make_document
from tests.fakes.llm import FakeLLM, Reply
from tests.support.thorough import dealt

DIALOGUES = load("dialogues")
BENIGN = load("benign")
TOOLS = ["rag_search", "create_customer", "qualify_lead", "consultar_envio", "handoff_to_human"]
ENOUGH, MOST_HINDERED = 0.98, 0.01


@pytest.fixture
def company(acme: Tenant, llm: FakeLLM) -> Iterator[Service]:
    """Its knowledge, its service and its agent."""
    with Service() as service:
        service.answer = {"estado": "en camino"}
        with tenant_context(acme):
            document = make_document(title="Preguntas frecuentes")
            for position, name in enumerate(FACTS):
                text = passage(name)
                make_chunk(document=document, position=position, text=text, terms=" ".join(terms(text)))
            own_service(service, "consultar_envio", "GET")
        employ(acme, llm, tools=TOOLS)
        yield service


def problems(acme: Tenant, llm: FakeLLM, row: dict[str, Any]) -> list[str]:
    """Play one dialogue; what did not go as the customer wanted, in words."""
    story = make_story(acme, name="", phone=None, email="")
    llm.brain = clerk = Clerk(str(row["lang"]))
    found = []
    for words, meant in row["says"]:
        if story.fresh().mode == "human":
            return [*found, f"{words!r}: a person has the chat already"]
        clerk.hears, heard = (words, meant), len(story.said())
        kind, _space, rest = meant.partition(" ")
        run = story.hear(words)
        answer = "\n".join(story.said()[heard:])
        person = kind in ("person", "complain")
        if str(run.status) != ("handed_off" if person else "done"):
            found.append(f"{words!r}: {run.status} {run.flags} {run.error}")
        if kind in FACTS and proof(kind) not in answer:
            found.append(f"{words!r}: {answer!r}")
        if kind == "order" and "en camino" not in answer:
            found.append(f"{words!r}: {answer!r}")
        if person and story.fresh().mode != "human":
            found.append(f"{words!r}: nobody was called")
        found += _unkept(acme, story.fresh().contact, kind, rest)
    return found


def _unkept(acme: Tenant, contact: Any, kind: str, rest: str) -> list[str]:
    """What was told and is not stored."""
    with tenant_context(acme):
        if kind == "lead" and not Lead.objects.filter(contact=contact).exists():
            return ["no lead"]
        if kind != "data":
            return []
        contact.refresh_from_db()
        told = dict(pair.split("=", 1) for pair in rest.split(";"))
        kept = {"name": contact.name, "email": contact.email, "phone": (contact.phone or "")[-8:]}
        wanted = {**told, **({"phone": told["phone"][-8:]} if "phone" in told else {})}
        return [f"{name}: {kept[name]!r} for {value!r}" for name, value in wanted.items() if kept[name] != value]


def test_there_are_two_hundred_a_hundred_in_each_language() -> None:
    everybody = [str(row["lang"]) for row in DIALOGUES] + [each.language for each in load_customers()]
    assert len({str(row["id"]) for row in DIALOGUES}) == len(DIALOGUES)
    assert everybody.count("es") >= 100
    assert everybody.count("en") >= 100
    assert {row["kind"] for row in DIALOGUES} == {"sales", "support", "data", "complaint"}


@pytest.mark.slow
@pytest.mark.parametrize("language", ["es", "en"])
def test_genuine_dialogues_end_as_they_should(acme: Tenant, llm: FakeLLM, company: Service, language: str) -> None:
    rows = dealt([row for row in DIALOGUES if row["lang"] == language], 0, share=8)
    bad = {}
    for row in rows:
        found = problems(acme, llm, row)
        note("dialogue", row, {"problems": found})
        if found:
            bad[str(row["id"])] = found
    assert len(bad) <= (1 - ENOUGH) * len(rows), bad


@pytest.mark.slow
@pytest.mark.parametrize("part", range(4))
def test_ordinary_messages_are_answered_and_keep_their_tools(
    acme: Tenant, llm: FakeLLM, company: Service, part: int
) -> None:
    llm.brain = lambda request: Reply(text="¡Claro! Te cuento enseguida.")
    rows = dealt(BENIGN[part::4], part, share=12)
    hindered = []
    for row in rows:
        story = make_story(acme, name="", phone=None, email="")
        run = story.hear(str(row["text"]))
        offered = {tool["function"]["name"] for tool in (llm.requests[-1].get("tools") or [])}
        by_rules = [step["type"] for step in run.steps] == ["input"]  # no model was asked
        asked_for_person = by_rules and str(run.status) == "handed_off"
        fine = asked_for_person or (str(run.status) == "done" and not run.flags and offered == set(TOOLS))
        note("benign", row, {"hindered": not fine, "flags": run.flags})
        if not fine:
            hindered.append(f"{row['text']}: {run.status} {run.flags}")
    assert len(hindered) <= MOST_HINDERED * len(rows), hindered
