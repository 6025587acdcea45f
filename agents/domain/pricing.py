"""What a call costs, in US dollars per million tokens.

What the company entered for a name, else the list prices that the providers published; a name that is in neither has an
unknown price, which is shown as unknown. For the spending limit an unknown price counts as `CEILING`, so that the limit still
holds.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType

from tenants.domain.spending import ModelPrice

MILLION = Decimal(1_000_000)
EXACT = Decimal("0.000000001")  # of a call: exact for prices of three decimals per million, else rounded once


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars per million tokens: input, cached input, output."""

    prompt: Decimal
    cached: Decimal
    completion: Decimal


Prices = Mapping[str, Price]  # a company's own, by the name in small letters
NONE: Prices = MappingProxyType({})


def _price(prompt: str, cached: str, completion: str) -> Price:
    return Price(Decimal(prompt), Decimal(cached), Decimal(completion))


# Longest names first: "gpt-5-mini" must not be read as "gpt-5".
PRICES: tuple[tuple[str, Price], ...] = (
    ("gpt-4o-mini", _price("0.15", "0.075", "0.60")),
    ("gpt-4o", _price("2.50", "1.25", "10")),
    ("gpt-4.1-nano", _price("0.10", "0.025", "0.40")),
    ("gpt-4.1-mini", _price("0.40", "0.10", "1.60")),
    ("gpt-4.1", _price("2", "0.50", "8")),
    ("gpt-5-nano", _price("0.05", "0.005", "0.40")),
    ("gpt-5-mini", _price("0.25", "0.025", "2")),
    ("gpt-5.1", _price("1.25", "0.125", "10")),
    ("gpt-5.2", _price("1.75", "0.175", "14")),
    ("gpt-5", _price("1.25", "0.125", "10")),
    ("o4-mini", _price("1.10", "0.275", "4.40")),
    ("o3", _price("2", "0.50", "8")),
    ("gemini-2.5-flash-lite", _price("0.10", "0.025", "0.40")),
    ("gemini-2.5-flash", _price("0.30", "0.075", "2.50")),
    ("gemini-2.5-pro", _price("1.25", "0.31", "10")),
    ("gemini-3-flash-preview", _price("0.50", "0.05", "3")),
    ("gemini-3-pro-preview", _price("2", "0.20", "12")),
)
# Above the dearest everyday model of the table.
CEILING = _price("5", "5", "20")


def prices_of(entered: Mapping[str, ModelPrice]) -> Prices:
    """A company's own table; where it names no price of cached input, that of the input."""
    return {
        name: Price(each.input, each.input if each.cached is None else each.cached, each.output)
        for name, each in entered.items()
    }


def price_of(model: str, own: Prices = NONE) -> Price | None:
    """The price of exactly this model, or of the one it is a dated edition of (`gpt-4o-2024-11-20`); None when unknown."""
    full, name = model.strip().lower(), _bare(model)
    exact = own.get(full) or own.get(name)
    if exact is not None:
        return exact
    for known, price in (*((_bare(each), price) for each, price in own.items()), *PRICES):
        if name == known or re.fullmatch(rf"{re.escape(known)}-(?:\d{{4}}-\d\d-\d\d|\d{{4,8}}|latest)", name):
            return price
    return None


def _bare(model: str) -> str:
    return model.strip().lower().removeprefix("models/").removeprefix("openai/").removeprefix("google/")


def cost(model: str, *, prompt: int, completion: int, cached: int = 0, own: Prices = NONE) -> Decimal | None:
    """Dollars for these tokens, None when the price is unknown; no tokens cost nothing. `cached` tokens are a part of `prompt`."""
    price = price_of(model, own)
    if prompt == completion == 0:
        return Decimal(0)
    return None if price is None else _total(price, prompt, completion, cached)


def counted_cost(model: str, *, prompt: int, completion: int, cached: int = 0, own: Prices = NONE) -> Decimal:
    """Dollars for the spending limit: the known cost, or the ceiling for an unknown price."""
    return _total(price_of(model, own) or CEILING, prompt, completion, cached)


def _total(price: Price, prompt: int, completion: int, cached: int) -> Decimal:
    fresh = max(prompt - cached, 0)
    total = price.prompt * fresh + price.cached * min(cached, prompt) + price.completion * completion
    return (total / MILLION).quantize(EXACT)
