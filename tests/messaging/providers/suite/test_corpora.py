"""What providers send: no shape raises, each becomes what it is, and whatever is broken about it stays visible."""

import copy
import importlib
import pkgutil
import random
from typing import Any

import pytest

from messaging.providers import provider_class
from messaging.providers.base import MEDIA_KINDS, Notice, Provider
from tests.messaging import providers
from tests.messaging.providers.suite.benches import BENCHES, Bench, can
from tests.messaging.providers.test_meta_hostile import places, replaced, storable
from tests.support.thorough import times

#: corpus_<name>.py → the channel whose adapter reads it
READ_BY = {
    "meta": ("meta_direct", "whatsapp"),
    "ycloud": ("ycloud", "whatsapp"),
    "chatwoot": ("chatwoot", "whatsapp"),
}
ODD: list[Any] = [None, True, 0, -1, 10**30, 1e308, "", " ", "\x00", "\ud83d", "x" * 5000, [], [[]], {}, {"a": None}]
ODD += [[1, "a"], {"type": "text"}, {"id": {}, "type": []}, "²²²²²²²²²²", "2026-13-45T99:99:99Z", float("nan")]


def corpora() -> dict[str, list[tuple[str, Any, tuple[type, ...]]]]:
    named = [one.name for one in pkgutil.iter_modules(providers.__path__) if one.name.startswith("corpus_")]
    return {
        name.removeprefix("corpus_"): importlib.import_module(f"{providers.__name__}.{name}").CORPUS for name in named
    }


CORPORA = corpora()
SHAPES = [
    pytest.param(name, body, wanted, id=f"{name}-{title}")
    for name, all_ in CORPORA.items()
    for title, body, wanted in all_
]


def adapter_of(name: str) -> type[Provider]:
    return provider_class(*READ_BY[name])


def test_the_corpora_are_as_wide_as_promised() -> None:
    assert set(CORPORA) == set(READ_BY)
    assert sum(map(len, CORPORA.values())) >= 150
    for name, shapes in CORPORA.items():
        titles = [title for title, _body, _wanted in shapes]
        assert len(set(titles)) == len(titles), name


@pytest.mark.parametrize("name, body, wanted", SHAPES)
def test_a_shape_becomes_what_it_is(name: str, body: Any, wanted: tuple[type, ...]) -> None:
    before = copy.deepcopy(body)
    found = adapter_of(name).parse(body)
    assert [type(item).__name__ for item in found] == [kind.__name__ for kind in wanted]
    assert body == before, "a body is only read"
    for item in found:
        assert storable(item)
        words = getattr(item, "text", None)
        assert words is None or words.strip() or getattr(item, "media", ()), "whatever comes can be seen"
        if getattr(item, "kind", "") in MEDIA_KINDS and not isinstance(item, Notice):
            assert all(ref.url or ref.provider_media_id for ref in item.media)


@pytest.mark.parametrize("name", CORPORA)
def test_a_broken_shape_is_borne_and_leaves_a_trace(name: str) -> None:
    """Every shape with values of the wrong type, size or depth in it, or without some: the same ones in every run."""
    parse, chance = adapter_of(name).parse, random.Random(f"broken {name}")
    # A provider that passes our own notes on too: what looks like one is nothing to keep.
    silent = any(not wanted for _title, _body, wanted in CORPORA[name])
    for title, body, _wanted in CORPORA[name]:
        spots = list(places(body))
        for _time in range(times(12, 200)):
            broken = body
            for spot in chance.sample(spots, k=min(len(spots), chance.choice((1, 1, 2)))):
                try:
                    broken = replaced(broken, spot, chance.choice(ODD))
                except (KeyError, IndexError, TypeError):  # it lay inside of what was replaced before
                    continue
            _borne(parse(broken), title, silent=silent)
        for spot in spots[1:]:
            _borne(parse(without(body, spot)), title, silent=silent)


def _borne(found: list[Any], title: str, *, silent: bool = False) -> None:
    assert found or silent, title
    assert all(storable(item) for item in found), title


def without(document: Any, path: tuple[Any, ...]) -> Any:
    document = copy.deepcopy(document)
    node = document
    for key in path[:-1]:
        node = node[key]
    del node[path[-1]]
    return document


@can("batches")
def test_one_bad_item_does_not_take_the_others_with_it(bench: Bench) -> None:
    name = next(name for name, kind in READ_BY.items() if kind[0] == bench.kind[0])
    bodies = [body for _title, body, wanted in CORPORA[name] if not {Notice} & set(wanted) and _batchable(body)]
    first, last = bodies[0], bodies[-1]
    alone = [*bench.adapter_class.parse(first), *bench.adapter_class.parse(last)]
    for bad in (None, 7, "x", [], {}, {"id": [], "type": {}}):
        found = bench.adapter_class.parse(bench.batch(first, bad, last))
        kinds = [type(item) for item in found]
        assert [kind for kind in kinds if kind is not Notice] == [type(item) for item in alone]
        assert Notice in kinds


def _batchable(body: Any) -> bool:
    return isinstance(body, dict) and body.get("object", "whatsapp_business_account") == "whatsapp_business_account"


@pytest.mark.parametrize("kind", sorted({bench.kind for bench in BENCHES}), ids="-".join)
def test_any_body_at_all_leaves_a_trace(kind: tuple[str, str]) -> None:
    parse = provider_class(*kind).parse
    deep: Any = "x"
    for _time in range(5000):
        deep = [deep]
    for place, body in enumerate([*ODD, deep, {"entry": deep}, {"event": deep, "type": "a", "id": "b"}]):
        _borne(parse(body), f"the {place}th")
