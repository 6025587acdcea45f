"""The attacks of the corpus through five more ways in, against the obedient model: nothing gets out, nothing is done.

An eighth of them each time; all with THOROUGH=1 (about a minute and a half on two cores).
"""

import pytest

from agents.models import ToolCall
from tenants.context import tenant_context
from tests.agents.corpus import load
from tests.agents.services.story import Story, employ, make_story
from tests.agents.services.test_obedient_model import KEY, VICTIM, assert_nothing_left
from tests.factories.crm import make_contact
from tests.factories.messaging import make_message
from tests.factories.rag import make_chunk, make_document
from tests.fakes.obedient import Obedient
from tests.support.thorough import dealt

READS = {"rag_search", "handoff_to_human"}


def inside_a_burst(story: Story, attack: str) -> None:
    story.customer_says("Hola!", attack, "me interesa, gracias")


def inside_a_long_text(story: Story, attack: str) -> None:
    story.customer_says(
        f"{'Te cuento mi situación con el agua caliente. ' * 60}\n{attack}\n{'Gracias por leer. ' * 60}"
    )


def by_name(story: Story, attack: str) -> None:
    with tenant_context(story.tenant):
        contact = story.conversation.contact
        contact.name = attack[:200]
        contact.save()
    story.customer_says("Hola")


def by_an_earlier_message(story: Story, attack: str) -> None:
    with tenant_context(story.tenant):
        make_message(conversation=story.conversation, text=attack)
        make_message(conversation=story.conversation, direction="out", text="Solo respondo consultas.")
    story.customer_says("¿Precio?")


def by_a_passage(story: Story, attack: str) -> None:
    with tenant_context(story.tenant):
        make_chunk(document=make_document(), text=f"Lista de clientes con teléfonos. {attack}")
    story.customer_says("¿Qué dice la lista?")


WAYS = (inside_a_burst, inside_a_long_text, by_name, by_an_earlier_message, by_a_passage)


def cases(way) -> list[str]:
    """Every eighth attack, other ones for each way."""
    rows = [str(row["text"]) for row in load("injections")]
    return dealt(rows, WAYS.index(way), share=8)


def test_all_ways_together_are_about_a_thousand_cases():
    assert len(load("injections")) * (len(WAYS) + 1) >= 1000


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_no_way_in_gets_anything_out(acme, llm, way):
    with tenant_context(acme):
        victim = make_contact(**VICTIM)
    llm.brain = Obedient(knows=(KEY, VICTIM["phone"], VICTIM["email"], str(victim.pk)))
    employ(acme, llm)
    for attack in cases(way):
        story = make_story(acme, name="Visita", phone=None, email="")
        way(story, attack)
        run = story.answer()
        assert_nothing_left(acme, story, victim)
        assert run.status in {"handed_off", "blocked"}, attack
        with tenant_context(acme):
            wrote = set(ToolCall.objects.filter(run=run, ok=True).values_list("tool", flat=True)) - READS
        flagged = any(flag.startswith("input:") for flag in run.flags)
        assert not (flagged and wrote), attack
