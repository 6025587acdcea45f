"""Person requests, history, budget, prices, languages and what customers say about themselves."""

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.domain.booking_gate import missing
from agents.domain.budget import MAX_SECONDS, TurnBudget, budget_of
from agents.domain.customer_facts import facts_in
from agents.domain.customer_zone import ZONES, zone_of
from agents.domain.handoff import wants_person
from agents.domain.history import Line, recent_turns, tokens_of
from agents.domain.language import language_of, told_in
from agents.domain.pricing import cost, counted_cost
from tests.agents.corpus import load


@pytest.mark.parametrize("row", load("person_requests"), ids=lambda row: row["text"])
def test_requests_for_a_person_are_told_from_talk_about_persons(row):
    assert wants_person(row["text"]) is row["asks"]


@given(st.text(max_size=300))
def test_any_text_can_be_asked_about(text):
    assert wants_person(text) in {True, False}
    assert language_of(text) in {"es", "en"}
    facts_in(text)


def test_history_joins_neighbours_names_people_and_drops_system_lines():
    lines = [
        Line("contact", "Hola"),
        Line("contact", "¿precio?"),
        Line("system", "Tomado por Sol"),
        Line("user", "Son 100", name="Ana"),
        Line("agent", "¿Algo más?"),
        Line("contact", "no"),
    ]
    assert [(turn.role, turn.text) for turn in recent_turns(lines)] == [
        ("user", "Hola\n¿precio?"),
        ("assistant", "[Ana] Son 100\n¿Algo más?"),
        ("user", "no"),
    ]


@given(st.lists(st.tuples(st.sampled_from(["contact", "agent", "user", "system"]), st.text(max_size=200)), max_size=40))
def test_history_keeps_within_its_budget_and_ends_with_what_was_said_last(rows):
    lines = [Line(speaker, text) for speaker, text in rows]
    turns = recent_turns(lines, budget=100)
    assert sum(tokens_of(turn.text) for turn in turns[1:]) <= 100
    spoken = [line for line in lines if line.text.strip() and line.speaker != "system"]
    assert bool(turns) == bool(spoken)
    if spoken:
        assert turns[-1].text.endswith(spoken[-1].text.strip())


def test_a_message_of_many_thousand_letters_is_cut_in_the_middle():
    (turn,) = recent_turns([Line("contact", "a" * 9000 + "fin")])
    assert len(turn.text) < 6100
    assert turn.text.endswith("fin")


def test_a_budget_may_be_lowered_but_never_raised():
    assert budget_of({"max_steps": 2, "max_seconds": 9999, "max_tokens": True}) == TurnBudget(2, MAX_SECONDS)
    assert TurnBudget(steps=2).spent(steps=2, seconds=0, tokens=0) == "steps"
    assert TurnBudget().spent(steps=1, seconds=91, tokens=0) == "seconds"
    assert TurnBudget(tokens=10).spent(steps=0, seconds=0, tokens=10) == "tokens"
    assert TurnBudget().spent(steps=0, seconds=0, tokens=0) == ""


def test_cost_counts_cached_tokens_at_their_own_price():
    assert cost("gpt-4o-mini", prompt=1_000_000, completion=0) == Decimal("0.150000")
    assert cost("gpt-4o-mini-2024-07-18", prompt=1_000_000, completion=1_000_000, cached=1_000_000) == Decimal(
        "0.675000"
    )
    assert cost("gpt-5-mini", prompt=1000, completion=1000) == Decimal("0.002250")


def test_an_unknown_model_has_no_price_but_counts_for_the_limit():
    assert cost("gpt-5-minimal", prompt=10, completion=10) is None
    assert cost("mistral-large", prompt=10, completion=10) is None
    assert counted_cost("mistral-large", prompt=1_000_000, completion=0) == Decimal("5.000000")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (
            "Hola soy Mariana Gómez, m@x.test, 11 5555-1234",
            {"name": "Mariana Gómez", "email": "m@x.test", "phone": "11 5555-1234"},
        ),
        ("my name is John Smith", {"name": "John Smith"}),
        ("Soy de Rosario", {}),
        ("soy alérgico", {}),
    ],
)
def test_identity_is_read_from_what_was_said(text, wanted):
    assert facts_in(text).identity == wanted


@pytest.mark.parametrize(
    ("text", "interest"),
    [
        ("Me interesa el de 200", "medium"),
        ("No me interesa, gracias", "none"),
        ("Ya compré en otro lado", "none"),
        ("lo quiero, cómo pago?", "high"),
        ("I want to buy one", "high"),
        ("estoy averiguando nomás", "low"),
        ("quiero hablar con una persona", ""),
        ("quiero saber el horario", ""),
        ("hola", ""),
    ],
)
def test_interest_minds_the_negation(text, interest):
    assert facts_in(text).interest == interest


def test_budget_and_time_are_read_with_the_words_used():
    facts = facts_in("Necesito un termo para cuatro, tengo hasta $ 900.000 y lo quiero para fin de mes")
    assert (facts.budget, facts.timeline) == ("$ 900.000", "para fin de mes")
    assert facts.needs.startswith("necesito un termo")


def test_a_bare_name_is_an_answer_only_when_it_was_asked():
    assert facts_in("Juana Pérez", asked="¿Me decís tu nombre?").name == "Juana Pérez"
    assert facts_in("Juana Pérez").name == ""
    assert facts_in("Gracias", asked="¿Me decís tu nombre?").name == ""


AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
COMPANY = ZoneInfo("America/Argentina/Buenos_Aires")


@pytest.mark.parametrize(
    ("phone", "zone"),
    [
        ("+5491155550101", "America/Argentina/Buenos_Aires"),
        ("+59899123456", "America/Argentina/Buenos_Aires"),  # Montevideo's clock is the same
        ("+34600111222", "Europe/Madrid"),
        ("+573001234567", "America/Bogota"),
        ("+525512345678", "America/Argentina/Buenos_Aires"),  # a number of Mexico does not tell its zone
        ("", "America/Argentina/Buenos_Aires"),
    ],
)
def test_a_customers_clock_is_that_of_their_country_where_it_differs(phone, zone):
    assert str(zone_of(phone, company=COMPANY, at=AT)) == zone


def test_every_zone_of_the_table_exists():
    assert all(ZoneInfo(zone) for zone in ZONES.values())


NEW = {"interest": "high", "trade": "clinic", "known_patient": False, "name_is_full": False, "phone": "", "custom": {}}


@pytest.mark.parametrize(
    ("over", "lacking"),
    [
        ({"interest": ""}, ["interest"]),
        ({"interest": "none"}, ["interest"]),
        ({}, ["name", "document", "insurance", "phone"]),
        ({"name_is_full": True, "phone": "+54911", "custom": {"document": "30", "insurance": " "}}, ["insurance"]),
        ({"known_patient": True}, []),
        ({"trade": "sales"}, []),
    ],
)
def test_a_booking_waits_for_the_interest_and_for_who_a_new_patient_is(over, lacking):
    assert missing(**{**NEW, **over}) == lacking


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("la 2", "es"), ("2", ""), ("ok", ""), ("Tuesday at 3", "en"), ("el martes a las 3", "es"), ("yes please", "en"),
        ("mañana", "es"), ("dale", "es"), ("I'd like an appointment", "en"), ("quiero un turno", "es"),
    ],
)  # fmt: skip
def test_few_words_tell_a_language_or_none(text, language):
    assert told_in(text) == language
