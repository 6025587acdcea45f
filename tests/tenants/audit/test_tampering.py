"""A thousand ways of tampering with the trail, by the role that owns its table: every one is found."""

import importlib
import random
from collections.abc import Callable

import pytest
from django.db import connections

from tenants.services import anchor, verifying
from tests.support.cast import Cast
from tests.support.services import Services
from tests.tenants.audit.tampering import (
    OWNER,
    SEEN_BY_ANCHORS,
    SEEN_BY_THE_CHAIN,
    Hand,
    edit,
    empty,
    found,
    mend_the_end,
    rewrite_all,
    undone,
)
from tests.tenants.audit.trail import problems, tell

TAMPERINGS = 1000
EMPTIED = (3, 7)
SEED = 20_261


@pytest.fixture
def hand(live_tenants: Cast, test_services: Services) -> Hand:
    """A trail of which two rows were rightly emptied when a person was erased; its end was anchored."""
    acme = live_tenants.acme
    tell(acme, 24)
    first = problems(acme)
    assert first == []
    with test_services.inside() as inside:
        inside.execute(
            "update tenants_systemevent set redacted_at = now(), salt = null, actor_label = '', diff = '{}'"
            " where tenant_id = %s and position = any(%s)",
            [acme.pk, list(EMPTIED)],
        )
    tell(acme, 1, action="person.erased", redacted=list(EMPTIED))
    tell(acme, 4)
    anchor.write()
    with test_services.inside() as inside:
        (length,) = inside.execute(
            "select count(*) from tenants_systemevent where tenant_id = %s", [acme.pk]
        ).fetchone()  # type: ignore[misc]  # a count has a row
    return Hand(acme.pk, length, frozenset(EMPTIED), random.Random(SEED))


def anchors() -> list[anchor.Anchored]:
    return anchor.read(anchor.path().read_text().splitlines())


def test_every_one_of_a_thousand_tamperings_is_found(hand: Hand) -> None:
    kept, missed = anchors(), []
    assert found(hand.company, kept) == []
    ways = [*SEEN_BY_THE_CHAIN, *SEEN_BY_ANCHORS]
    for number in range(TAMPERINGS):
        way = ways[number % len(ways)]
        with undone():
            way(hand)
            if not found(hand.company, kept):
                missed.append((number, way.__name__))
    assert missed == []
    assert found(hand.company, kept) == []


@pytest.mark.parametrize("way", SEEN_BY_THE_CHAIN, ids=lambda way: way.__name__)
def test_the_chain_alone_shows_what_was_not_written_anew(hand: Hand, way: Callable[[Hand], None]) -> None:
    for _each in range(10):
        with undone():
            way(hand)
            assert found(hand.company)


def test_only_anchors_show_a_trail_that_was_written_anew(hand: Hand) -> None:
    with undone():
        rewrite_all(hand)
        assert found(hand.company) == []
        assert [each for each in found(hand.company, anchors()) if "anchored" in each.what]


def test_only_anchors_show_a_trail_without_its_last_rows(hand: Hand) -> None:
    with undone():
        hand.do("delete from tenants_systemevent where tenant_id = %s and position > %s", hand.company, hand.length - 2)
        mend_the_end(hand)
        assert found(hand.company) == []
        assert [each.position for each in found(hand.company, anchors())] == [hand.length]


def test_a_check_that_forgets_the_words_is_noticed(hand: Hand, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the planted bug the tests above would fail: a changed name is no longer found."""
    whole = verifying.CHECK
    assert "digest is distinct from" in whole
    monkeypatch.setattr(
        verifying, "CHECK", whole.replace("redacted_at is null and digest is distinct from", "false and digest <>")
    )
    with undone():
        hand.at(5, "actor_label = 'Somebody else'")
        assert found(hand.company, anchors()) == []
    monkeypatch.undo()
    with undone():
        hand.at(5, "actor_label = 'Somebody else'")
        assert [(each.position, each.what) for each in found(hand.company)] == [(5, verifying.WORDS["edited"])]


def test_an_emptied_row_needs_a_later_event_that_names_it(hand: Hand) -> None:
    with undone():
        empty(hand)
        assert [each.what for each in found(hand.company)] == [verifying.WORDS["unaccounted"]]
    with undone():  # an event before it accounts for nothing
        hand.at(hand.length, "redacted_at = now(), salt = null, actor_label = '', diff = '{}'")
        assert [each.position for each in found(hand.company)] == [hand.length]


def test_it_says_where_the_trail_was_touched(hand: Hand) -> None:
    with undone():
        hand.do("delete from tenants_systemevent where tenant_id = %s and position = 10", hand.company)
        first = found(hand.company)[0]
        assert (first.chain, first.position) == (hand.company, 11)


def test_a_long_list_of_problems_is_cut(hand: Hand) -> None:
    with undone():
        hand.do("update tenants_systemevent set agent = 'x' where tenant_id = %s", hand.company)
        told = found(hand.company)
        assert len(told) == verifying.MOST_TOLD + 1
        assert "more problems" in told[-1].what


def test_events_from_before_there_was_a_chain_become_its_beginning(hand: Hand) -> None:
    """What the migration did to the rows it found."""
    migration = importlib.import_module("tenants.migrations.0003_people")
    with undone(), connections[OWNER].cursor() as cursor:
        cursor.execute("delete from tenants_audithead")
        cursor.execute(
            "update tenants_systemevent set position = -id, digest = '', hash = '', salt = null, redacted_at = null"
        )
        assert found(hand.company)
        cursor.execute(migration.CHAIN)
        assert verifying.verify(using=OWNER).problems == []


def test_an_edit_of_each_column_is_found(hand: Hand) -> None:
    for _each in range(60):
        with undone():
            edit(hand)
            assert found(hand.company)
