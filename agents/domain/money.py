"""Two currencies: dollars as the providers charge them, and the company's own at the rate it gave.

Dollars are exact (prices have at most three decimals per million tokens, so nine hold every cost). An amount in the
company's currency is rounded once, to six decimals, when it is booked. Totals add up what was booked and are rounded only
to be shown, so that turns, days and months agree to the last digit whatever way they are added.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

BOOKED = Decimal("0.000001")
EXACT = Decimal("0.000000001")
DOLLAR = "USD"


def in_currency(usd: Decimal | None, rate: Decimal | None) -> Decimal | None:
    """`usd` at `rate` units per dollar, as it is booked; None when either is unknown."""
    return None if usd is None or rate is None else (usd * rate).quantize(BOOKED, ROUND_HALF_EVEN)


def rate_for(currency: str, given: Decimal | None) -> Decimal | None:
    """Units of the company's currency per dollar: a dollar is a dollar, else what the company gave."""
    return Decimal(1) if currency == DOLLAR else given


@dataclass(frozen=True, slots=True)
class Totals:
    """What some entries cost together. `unknown` of them have no known price and are in no sum; `unrated` have a price in
    dollars only. `amounts` are pairs of currency and sum: currencies are never added up."""

    entries: int = 0
    unknown: int = 0
    unrated: int = 0
    tokens: int = 0
    usd: Decimal = Decimal(0)
    amounts: tuple[tuple[str, Decimal], ...] = ()

    @property
    def known(self) -> bool:
        """Whether `usd` says anything: nothing is 0, what nobody can price is not."""
        return self.entries == 0 or self.entries > self.unknown

    def per(self, count: int) -> "Totals | None":
        """Shared out among `count`; None among nobody, or when no price is known."""
        if not count or not self.entries or not self.known:
            return None
        shares = tuple((currency, (amount / count).quantize(BOOKED)) for currency, amount in self.amounts)
        return Totals(self.entries, self.unknown, self.unrated, self.tokens, (self.usd / count).quantize(EXACT), shares)


def added(parts: Iterable[Totals]) -> Totals:
    """All of them together."""
    entries = unknown = unrated = tokens = 0
    usd, amounts = Decimal(0), dict[str, Decimal]()
    for each in parts:
        entries, unknown, unrated = entries + each.entries, unknown + each.unknown, unrated + each.unrated
        tokens, usd = tokens + each.tokens, usd + each.usd
        for currency, amount in each.amounts:
            amounts[currency] = amounts.get(currency, Decimal(0)) + amount
    return Totals(entries, unknown, unrated, tokens, usd, tuple(sorted(amounts.items())))


def shown(amount: Decimal, places: int) -> tuple[str, Decimal]:
    """The figure for people: rounded half to even, and "<" with the smallest figure where rounding would say nothing of
    something."""
    smallest = Decimal(1).scaleb(-places)
    figure = amount.quantize(smallest, ROUND_HALF_EVEN)
    return ("<", smallest) if amount > 0 and not figure else ("", figure)
