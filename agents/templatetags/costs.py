"""Costs as people read them: "US$ 0.0021", "$ 3,05", "—" where nobody knows."""

from decimal import Decimal

from django import template
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from agents.domain.money import DOLLAR, Totals, shown
from config.lib import amounts as home

register = template.Library()
PLACES, CENTS = 4, 2  # a turn costs parts of a cent
EXACT = 9
NOTHING = "—"


@register.filter
def usd(value: Decimal | Totals | None) -> str:
    """Dollars at four decimals; "< US$ 0.0001" rather than nothing of something."""
    if isinstance(value, Totals):
        value = value.usd if value.known else None
    return written(value, DOLLAR, PLACES)


@register.filter
def took(milliseconds: int | None) -> str:
    """How long a turn or a step took: "0,8 s", "12,4 s"."""
    if milliseconds is None:
        return NOTHING
    return _("%(n)s s") % {"n": number_format(milliseconds / 1000, decimal_pos=1)}


@register.filter
def exact(value: Decimal | None) -> str:
    """Dollars to the last digit that is not 0, at least four."""
    if value is None:
        return NOTHING
    places = min(max(PLACES, -int(value.normalize().as_tuple().exponent)), EXACT)
    return written(value, DOLLAR, places)


@register.filter
def typed(value: Decimal | None) -> str:
    """Dollars as a person gave them: cents, and more digits only if there are."""
    if value is None:
        return NOTHING
    places = min(max(CENTS, -int(value.normalize().as_tuple().exponent)), EXACT)
    return written(value, DOLLAR, places)


@register.filter
def amounts(totals: Totals | None) -> list[str]:
    """In each currency that something was booked in, dollars left out: they stand beside it already."""
    if totals is None:
        return []
    return [written(amount, currency, CENTS) for currency, amount in totals.amounts if currency != DOLLAR]


@register.simple_tag
def amount(value: Decimal | None, currency: str) -> str:
    """One amount, at as many decimals as show something."""
    return written(value, currency, PLACES if value is not None and 0 < value < 1 else CENTS)


def written(value: Decimal | None, currency: str, places: int) -> str:
    if value is None:
        return NOTHING
    places = places if value else 0  # nothing is 0, not 0.0000
    less, figure = shown(value, places)
    text = home.written(figure, currency, places)
    return f"{less}\N{NO-BREAK SPACE}{text}" if less else text
