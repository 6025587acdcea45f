"""Two currencies that agree to the last digit, whatever way they are added."""

from collections import defaultdict
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.domain.money import Totals, added, in_currency, rate_for, shown
from agents.domain.pricing import CEILING, PRICES, Price, cost, counted_cost, price_of, prices_of
from tenants.domain.spending import ModelPrice

DOLLARS = st.decimals(min_value=0, max_value=1000, places=9)
RATES = st.decimals(min_value="0.000001", max_value=100_000, places=6)
BOOKED = st.lists(
    st.tuples(st.integers(0, 40), st.sampled_from(["ARS", "UYU"]), DOLLARS | st.none(), RATES | st.none())
)


def one(currency: str, usd: Decimal | None, rate: Decimal | None) -> Totals:
    amount = in_currency(usd, rate)
    return Totals(
        entries=1,
        unknown=int(usd is None),
        unrated=int(usd is not None and amount is None),
        usd=usd or Decimal(0),
        amounts=() if amount is None else ((currency, amount),),
    )


@given(BOOKED, st.randoms())
def test_turns_equal_days_equal_the_month(entries: list[tuple], random: object) -> None:
    turns = [one(currency, usd, rate) for _day, currency, usd, rate in entries]
    days = defaultdict(list)
    for (day, *_rest), turn in zip(entries, turns, strict=True):
        days[day].append(turn)
    whole = added(turns)
    assert added(added(day) for day in days.values()) == whole
    random.shuffle(turns)
    assert added(turns) == whole
    assert whole.usd == sum((usd for _d, _c, usd, _r in entries if usd is not None), Decimal(0))
    assert whole.entries == len(entries)


@given(DOLLARS, RATES)
def test_an_amount_is_rounded_once_to_six_decimals(usd: Decimal, rate: Decimal) -> None:
    booked = in_currency(usd, rate)
    assert booked is not None
    assert abs(booked - usd * rate) <= Decimal("0.0000005")
    assert booked == round(booked, 6)


def test_a_dollar_is_a_dollar_and_an_unknown_rate_is_no_rate() -> None:
    assert rate_for("USD", None) == rate_for("USD", Decimal(7)) == 1
    assert rate_for("ARS", Decimal("1450.5")) == Decimal("1450.5")
    assert rate_for("ARS", None) is None
    assert in_currency(Decimal(1), None) is None
    assert in_currency(None, Decimal(1)) is None


@given(DOLLARS, st.integers(0, 6))
def test_a_figure_never_shows_nothing_of_something(amount: Decimal, places: int) -> None:
    less, figure = shown(amount, places)
    assert figure == round(figure, places)
    if less:
        assert 0 < amount < figure
    else:
        assert abs(figure - amount) <= Decimal(1).scaleb(-places) / 2
        assert bool(figure) == bool(amount)


def test_what_nobody_can_price_is_not_nothing() -> None:
    assert Totals().known
    assert not Totals(entries=2, unknown=2).known
    assert Totals(entries=2, unknown=2).per(2) is None
    assert Totals(entries=2, usd=Decimal(1)).per(0) is None
    each = Totals(entries=2, usd=Decimal(1), amounts=(("ARS", Decimal(1450)),)).per(3)
    assert each is not None
    assert (each.usd, each.amounts) == (Decimal("0.333333333"), (("ARS", Decimal("483.333333")),))


@pytest.mark.parametrize("name", [name for name, _price in PRICES])
def test_the_cost_of_one_token_is_exact_for_every_price_of_the_list(name: str) -> None:
    price = dict(PRICES)[name]
    assert cost(name, prompt=1, completion=0) == price.prompt / 1_000_000
    assert cost(name, prompt=1, completion=1, cached=1) == (price.cached + price.completion) / 1_000_000


PER_MILLION = st.decimals(min_value=0, max_value=10_000, places=3)


@given(PER_MILLION, PER_MILLION | st.none(), PER_MILLION, st.lists(st.integers(0, 10**6), min_size=1, max_size=20))
def test_at_a_companys_price_the_calls_add_up_to_the_invoice(
    fresh: Decimal, cached: Decimal | None, out: Decimal, calls: list[int]
) -> None:
    """To the last digit, at prices of up to three decimals: however the tokens came, in one call or in many."""
    own = prices_of({"gpt-5.5": ModelPrice(fresh, out, cached)})
    parts = [cost("gpt-5.5", prompt=n, completion=n // 3, cached=n // 2, own=own) for n in calls]
    tokens = sum(calls), sum(n // 3 for n in calls), sum(n // 2 for n in calls)
    whole = cost("gpt-5.5", prompt=tokens[0], completion=tokens[1], cached=tokens[2], own=own)
    assert sum((part for part in parts if part is not None), Decimal(0)) == whole
    assert (
        whole
        == (fresh * (tokens[0] - tokens[2]) + (fresh if cached is None else cached) * tokens[2] + out * tokens[1])
        / 10**6
    )


def test_a_companys_price_is_for_exactly_this_name_or_its_dated_edition() -> None:
    one, dated, listed = (ModelPrice(Decimal(n), Decimal(n)) for n in (1, 2, 3))
    own = prices_of({"gpt-5.5": one, "gpt-5.5-2026-08-01": dated, "gpt-4o": listed, "models/gemini-3.8-flash": one})
    for name, price in (
        ("gpt-5.5", 1),
        (" OpenAI/GPT-5.5", 1),
        ("gpt-5.5-2026-09-09", 1),
        ("gpt-5.5-2026-08-01", 2),
        ("gpt-4o", 3),
        ("gpt-4o-2024-11-20", 3),
        ("gemini-3.8-flash", 1),
    ):
        assert price_of(name, own) == Price(*[Decimal(price)] * 3), name
    assert price_of("gpt-4o-mini", own) == dict(PRICES)["gpt-4o-mini"]
    for name in ("gpt-5.5-mini", "gpt-5", "gemini-3.8-flash-lite"):
        assert price_of(name, own) == dict(PRICES).get(name), name
    assert price_of("gpt-5.5") is None
    assert counted_cost("gpt-5.5", prompt=10**6, completion=0) == CEILING.prompt
    assert counted_cost("gpt-5.5", prompt=10**6, completion=0, own=own) == 1
