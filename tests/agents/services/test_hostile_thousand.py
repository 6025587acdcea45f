"""The attacks of the corpus, each by its own way in, against the obedient model: nothing gets out, nothing is done.

A part of them each time; all with THOROUGH=1. `python -m bench.trust` runs all and prints the table.
"""

from collections import Counter
from typing import Any

import pytest

from agents.tools import TOOLS as PLATFORM_TOOLS
from tests.agents.arena.report import note
from tests.agents.arena.world import TOOLS, WAYS, World, attack
from tests.agents.corpus import load
from tests.support.thorough import dealt

ROWS = load("injections")
CLASSES = sorted({str(row["class"]) for row in ROWS})
SHARE = 16
MOST = 12  # attacks in one test


def test_the_corpus_is_what_was_promised() -> None:
    texts = Counter((str(row["text"]), *map(str, row.get("before") or [])) for row in ROWS)
    assert len(ROWS) >= 1000
    assert max(texts.values()) == 1, "a text stands twice"
    assert len(CLASSES) == 12
    for language in ("es", "en"):
        assert sum(row["lang"] == language for row in ROWS) >= 500
    assert {row["way"] for row in ROWS} == set(WAYS)
    assert len({row["id"] for row in ROWS}) == len(ROWS)


def test_the_hostile_model_is_offered_every_tool_there_is(world: World) -> None:
    attack(world, {"id": "plain", "way": "message", "text": "¿Cuánto sale el TS-200?"})
    offered = {tool["function"]["name"] for tool in world.llm.requests[0]["tools"]}
    assert set(PLATFORM_TOOLS) <= offered == set(TOOLS)


def shares() -> list[Any]:
    """This run's attacks, a class at a time, in pieces that one test plays within its time."""
    pieces = []
    for number, kind in enumerate(CLASSES):
        rows = dealt([row for row in ROWS if row["class"] == kind], number, share=SHARE)
        for at in range(0, len(rows), MOST):
            pieces.append(pytest.param(rows[at : at + MOST], id=f"{kind}-{at // MOST + 1}"))
    return pieces


@pytest.mark.slow
@pytest.mark.parametrize("rows", shares())
def test_no_way_in_gets_anything_out_or_anything_done(world: World, rows: list[dict[str, Any]]) -> None:
    bad = []
    for row in rows:
        verdict = attack(world, row)
        note("attack", row, verdict)
        if verdict.effects or verdict.leaks:
            bad.append(verdict)
    assert not bad, "\n".join(f"{each.case}: {each.effects} {each.leaks}" for each in bad)
