"""Numbers as people read them: "1.234", "12,5 %", "3 min"."""

from datetime import date
from typing import Any

from django import template
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from config.lib import days

register = template.Library()
NOTHING = "—"


@register.filter
def whole(value: Any) -> str:
    """Grouped thousands; what is no number stays as it is."""
    if value is None:
        return NOTHING
    return number_format(value, force_grouping=True) if isinstance(value, int | float) else str(value)


@register.filter
def percent(value: float | None) -> str:
    return NOTHING if value is None else f"{number_format(value, decimal_pos=1)}\N{NO-BREAK SPACE}%"


@register.filter
def span(seconds: float | None) -> str:
    """How long something took: "45 s", "12 min", "3 h 20 min", "2 d 4 h"."""
    if seconds is None:
        return NOTHING
    total = int(seconds)
    if total < 60:
        return _("%(n)d s") % {"n": total}
    minutes = total // 60
    if minutes < 60:
        return _("%(n)d min") % {"n": minutes}
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return _("%(h)d h %(m)d min") % {"h": hours, "m": minutes} if minutes else _("%(n)d h") % {"n": hours}
    days, hours = divmod(hours, 24)
    return _("%(d)d d %(h)d h") % {"d": days, "h": hours}


@register.filter
def full_day(day: date) -> str:
    """ "3 nov 2026"."""
    return days.full(day)


@register.filter
def month_name(day: date) -> str:
    """ "noviembre 2026"."""
    return days.month(day)


@register.filter
def is_amounts(value: Any) -> bool:
    """Pairs of currency and amount."""
    return isinstance(value, list)


@register.filter
def rounded(value: float) -> int:
    """Without sign and decimals, for "12 % más"."""
    return abs(round(value))
