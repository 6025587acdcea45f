"""Moments and amounts as people say them: "hace 5 min", "hoy 15:04", "mar 24 nov", "$ 12.500,00"."""

from datetime import datetime, timedelta, tzinfo
from decimal import Decimal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django import template
from django.template import Context
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from config.lib.amounts import written

register = template.Library()
NOTHING = "—"


def relative(value: datetime, now: datetime) -> str | None:
    """ "hace 5 min" for moments less than an hour in the past, otherwise None."""
    age = now - value
    if not timedelta(0) <= age < timedelta(hours=1):
        return None
    minutes = int(age.total_seconds() // 60)
    return _("ahora") if minutes == 0 else _("hace %(minutes)d min") % {"minutes": minutes}


def calendar_words(value: datetime, now: datetime) -> str:
    """ "hoy 15:04", "ayer 15:04", "mar 24 nov", "24 nov 2025"; both moments in the reader's zone."""
    clock = value.strftime("%H:%M")
    days = (value.date() - now.date()).days
    near = {0: _("hoy"), -1: _("ayer"), 1: _("mañana")}.get(days)
    if near:
        return f"{near} {clock}"
    if value.year != now.year:
        return _lowered(date_format(value, "j M Y"))
    day = _lowered(date_format(value, "D j M"))
    return f"{day} {clock}" if days > 0 else day


def exact_words(value: datetime) -> str:
    return f"{_lowered(date_format(value, 'D j M Y'))}, {value.strftime('%H:%M:%S')}"


def waited(since: datetime, now: datetime) -> str:
    """How long somebody has been waiting: "4 min", "2 h", "3 días"."""
    minutes = max(0, int((now - since).total_seconds() // 60))
    if minutes < 60:
        return _("%(n)d min") % {"n": minutes}
    if minutes < 48 * 60:
        return _("%(n)d h") % {"n": minutes // 60}
    days = minutes // (24 * 60)
    return ngettext("%(n)d día", "%(n)d días", days) % {"n": days}


def _lowered(words: str) -> str:
    return words.lower() if (get_language() or "es").startswith("es") else words


def _zone(context: Context) -> tzinfo:
    tenant = getattr(context.get("request"), "tenant", None)
    try:
        return ZoneInfo(tenant.timezone) if tenant else timezone.get_current_timezone()
    except (ZoneInfoNotFoundError, ValueError):
        return timezone.get_current_timezone()


@register.simple_tag(takes_context=True)
def moment(context: Context, value: datetime | None, css: str = "") -> str | SafeString:
    """`<time>` in the company's zone; scripts keep the relative words true."""
    if value is None:
        return NOTHING
    zone = _zone(context)
    here, now = value.astimezone(zone), timezone.now().astimezone(zone)
    words = calendar_words(here, now)
    return format_html(
        '<time datetime="{}" title="{}" data-exact="{}" data-relative{}>{}</time>',
        here.isoformat(timespec="seconds"),
        exact_words(here),
        words,
        format_html(' class="{}"', css) if css else "",
        relative(here, now) or words,
    )


@register.filter
def waiting_time(since: datetime | None) -> str:
    return waited(since, timezone.now()) if since else NOTHING


@register.simple_tag
def money(amount: Decimal | None, currency: str = "", short: bool = False) -> str:
    """An amount as its currency is written at home: "$ 6.000.000,00", "US$ 1,250.00"; `short` without cents if there are none."""
    if amount is None:
        return NOTHING
    return written(amount, currency, 0 if short and amount == int(amount) else 2)
