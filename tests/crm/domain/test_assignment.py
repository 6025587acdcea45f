"""Who of a rule gets a lead, and whether a rule speaks of it. Without a database."""

from collections import Counter
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.domain.assignment import (
    Candidate,
    Choice,
    LeadFacts,
    Nobody,
    Turn,
    choose,
    counts_after,
    fits,
    joining,
    unknown,
)

A, B, C = (UUID(int=number) for number in (1, 2, 3))
LEAD = LeadFacts()


def team(*people: Candidate) -> dict[UUID, Candidate]:
    return {each.seller: each for each in people}


def gets(strategy: str, turns: list[Turn], people: dict[UUID, Candidate], lead: LeadFacts = LEAD) -> Choice:
    found = choose(strategy, turns, people, lead)
    assert isinstance(found, Choice)
    return found


def share(strategy: str, turns: list[Turn], people: dict[UUID, Candidate], leads: int) -> Counter[UUID]:
    """Give so many leads one after the other."""
    received: Counter[UUID] = Counter()
    for _each in range(leads):
        choice = gets(strategy, turns, people)
        received[choice.seller] += 1
        after = counts_after(turns, people, choice)
        turns = [Turn(t.seller, t.position, t.weight, after.get(t.seller, t.given)) for t in turns]
    return received


@given(st.lists(st.integers(1, 5), min_size=1, max_size=6), st.integers(0, 200))
def test_turns_are_exact_by_weight_at_every_moment(weights: list[int], leads: int) -> None:
    turns = [Turn(UUID(int=n), n, weight) for n, weight in enumerate(weights)]
    received = share("round_robin", turns, team(*(Candidate(turn.seller) for turn in turns)), leads)
    for turn in turns:
        exact = leads * turn.weight / sum(weights)
        # One heavy seller among many light ones may be one turn of each other seller away from it.
        assert abs(received[turn.seller] - exact) <= max(len(weights) - 1, 1)


@pytest.mark.parametrize("leads", [50, 800, 801])
def test_equal_sellers_differ_by_at_most_one(leads: int) -> None:
    turns = [Turn(each, n) for n, each in enumerate((A, B, C))]
    received = share("round_robin", turns, team(Candidate(A), Candidate(B), Candidate(C)), leads)
    assert max(received.values()) - min(received.values()) <= 1


@pytest.mark.parametrize(
    ("state", "why"),
    [
        ({"active": False}, "inactive"),
        ({"absent": True}, "absent"),
        ({"on_time": False}, "off_hours"),
        ({"full": True}, "full"),
    ],
)
def test_who_cannot_take_it_gets_nothing_and_the_reason_says_why(state: dict[str, Any], why: str) -> None:
    turns = [Turn(A, 0), Turn(B, 1, given=9)]
    assert gets("round_robin", turns, team(Candidate(A, **state), Candidate(B))).seller == B
    alone = choose("round_robin", turns[:1], team(Candidate(A, **state)), LEAD)
    assert isinstance(alone, Nobody)
    assert alone.reason == {"code": "nobody", "why": {why: 1}}


def test_whoever_covers_stands_in_on_the_turn_of_the_absent() -> None:
    turns = [Turn(A, 0), Turn(B, 1, given=1)]
    people = team(Candidate(A, "Ana", absent=True, cover=C), Candidate(B), Candidate(C))
    choice = gets("round_robin", turns, people)
    assert (choice.seller, choice.turn, choice.reason["covers"]) == (C, A, "Ana")
    assert counts_after(turns, people, choice) == {A: 1}


def test_covers_that_are_away_too_are_followed_and_a_circle_of_them_ends() -> None:
    turns = [Turn(A)]
    away = Candidate(A, absent=True, cover=B)
    assert gets("round_robin", turns, team(away, Candidate(B, absent=True, cover=C), Candidate(C))).seller == C
    circle = team(away, Candidate(B, absent=True, cover=A))
    assert isinstance(choose("round_robin", turns, circle, LEAD), Nobody)


def test_whoever_comes_back_is_not_flooded_with_what_they_missed() -> None:
    turns = [Turn(A, 0), Turn(B, 1)]
    away = team(Candidate(A, absent=True), Candidate(B))
    for _each in range(20):
        after = counts_after(turns, away, gets("round_robin", turns, away))
        turns = [Turn(t.seller, t.position, t.weight, after.get(t.seller, t.given)) for t in turns]
    received = share("round_robin", turns, team(Candidate(A), Candidate(B)), 10)
    assert received == {A: 5, B: 5} or received == {A: 6, B: 4}


def test_whoever_joins_begins_with_the_share_of_the_one_who_got_least() -> None:
    assert joining([Turn(A, given=40), Turn(B, given=30, weight=2)], weight=3) == 45
    assert joining([], weight=3) == 0


def test_load_looks_at_what_each_has_open_for_their_weight() -> None:
    turns = [Turn(A, 0), Turn(B, 1, weight=2)]
    people = team(Candidate(A, open_leads=3), Candidate(B, open_leads=5))
    choice = gets("load", turns, people)
    assert (choice.seller, choice.reason["open"]) == (B, 5)


def test_performance_takes_the_best_of_those_who_closed_enough() -> None:
    turns = [Turn(A, 0), Turn(B, 1), Turn(C, 2)]
    people = team(Candidate(A, won=4, closed=4), Candidate(B, won=3, closed=10), Candidate(C, won=6, closed=10))
    choice = gets("performance", turns, people)
    assert (choice.seller, choice.reason["won"], choice.reason["closed"]) == (C, 6, 10)
    few = gets("performance", turns, team(Candidate(A, won=4, closed=4), Candidate(B), Candidate(C)))
    assert (few.seller, few.reason["code"]) == (A, "no_sales")


def test_specialty_is_what_the_lead_speaks_of_and_not_the_first_seller() -> None:
    turns = [Turn(A, 0), Turn(B, 1, given=50)]
    people = team(Candidate(A, specialties=("Blanqueamiento",)), Candidate(B, specialties=("Ortodoncia",)))
    for lead in (
        LeadFacts(tags=("ortodoncia",)),
        LeadFacts(needs="Pregunta por ORTODONCIA para su hija"),
        LeadFacts(custom={"tratamiento": ["Limpieza", "Ortodóncia"]}),
        LeadFacts(source="ortodoncia"),
    ):
        choice = gets("specialty", turns, people, lead)
        assert (choice.seller, choice.reason["words"]) == (B, ["Ortodoncia"])
    other = gets("specialty", turns, people, LeadFacts(needs="Ortodonciana"))
    assert (other.seller, other.reason["code"]) == (A, "no_specialty")


@pytest.mark.parametrize(
    ("filters", "fitting"),
    [
        ({}, True),
        ({"source": "Feria"}, True),
        ({"source": ["web", "feria"]}, True),
        ({"source": "web"}, False),
        ({"channel": "feria"}, True),
        ({"tag": "vip"}, True),
        ({"tag": "otra"}, False),
        ({"interest": "high"}, True),
        ({"interest": ["low"]}, False),
        ({"city": "cordoba"}, True),
        ({"city": "Rosario"}, False),
        ({"pipeline": "p1"}, True),
        ({"pipeline": "p2"}, False),
        ({"value_min": "100"}, True),
        ({"value_min": 150.01}, False),
        ({"value_max": "150"}, True),
        ({"value_max": "149"}, False),
        ({"custom.zona": "norte"}, True),
        ({"custom.zona": "sur"}, False),
        ({"custom.planes": "oro"}, True),
        ({"custom.acepta": "true"}, True),
        ({"custom.nada": "x"}, False),
        ({"source": "feria", "tag": "otra"}, False),  # all of them must hold
        ({"source": ""}, True),
        ({"algo": "x"}, False),
    ],
)
def test_each_condition_is_applied(filters: dict[str, Any], fitting: bool) -> None:
    lead = LeadFacts(
        pipeline="p1",
        source="feria",
        city="Córdoba",
        interest="high",
        value=Decimal(150),
        tags=("VIP",),
        custom={"zona": "Norte", "planes": ["oro", "plata"], "acepta": True},
    )
    assert fits(filters, lead) is fitting


def test_a_limit_of_value_fits_no_lead_without_value() -> None:
    assert not fits({"value_min": 0}, LEAD)
    assert not fits({"value_max": 100}, LEAD)
    assert not fits({"value_max": "mucho"}, LeadFacts(value=Decimal(1)))


def test_conditions_that_do_not_exist_are_named() -> None:
    assert unknown({"source": "x", "custom.zona": 1, "custom.": 1, "role": "setter"}) == ["custom.", "role"]
