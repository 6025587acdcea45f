"""Moments as people say them."""

from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from config.templatetags.moments import calendar_words, exact_words, money, relative, waited

ZONE = ZoneInfo("America/Argentina/Buenos_Aires")
NOW = datetime(2026, 11, 20, 18, 0, tzinfo=ZONE)


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        (datetime(2026, 11, 20, 15, 4, tzinfo=ZONE), "hoy 15:04"),
        (datetime(2026, 11, 19, 23, 59, tzinfo=ZONE), "ayer 23:59"),
        (datetime(2026, 11, 21, 9, 0, tzinfo=ZONE), "mañana 09:00"),
        (datetime(2026, 11, 24, 9, 0, tzinfo=ZONE), "mar 24 nov 09:00"),
        (datetime(2026, 11, 10, 9, 0, tzinfo=ZONE), "mar 10 nov"),
        (datetime(2025, 11, 24, 9, 0, tzinfo=ZONE), "24 nov 2025"),
    ],
)
def test_days_are_said_as_in_spanish(moment: datetime, words: str) -> None:
    with translation.override("es"):
        assert calendar_words(moment, NOW) == words


def test_the_exact_moment_is_complete() -> None:
    with translation.override("es"):
        assert exact_words(NOW) == "vie 20 nov 2026, 18:00:00"


def test_minutes_are_said_under_an_hour_only() -> None:
    with translation.override("es"):
        assert relative(NOW - timedelta(seconds=20), NOW) == "ahora"
        assert relative(NOW - timedelta(minutes=5), NOW) == "hace 5 min"
        assert relative(NOW - timedelta(minutes=60), NOW) is None
        assert relative(NOW + timedelta(minutes=1), NOW) is None


@given(st.integers(min_value=-(10**8), max_value=10**8))
def test_every_moment_has_words(seconds: int) -> None:
    with translation.override("es"):
        assert calendar_words(NOW + timedelta(seconds=seconds), NOW)
        assert waited(NOW + timedelta(seconds=seconds), NOW)


@pytest.mark.parametrize(
    ("amount", "currency", "words"),
    [
        (None, "ARS", "—"),
        (Decimal(0), "ARS", "$ 0,00"),
        (Decimal("6000000"), "ARS", "$ 6.000.000,00"),
        (Decimal("1250.5"), "USD", "US$ 1,250.50"),
        (Decimal("12"), "XYZ", "XYZ 12,00"),
    ],
)
def test_money_is_written_as_its_currency_is_at_home(amount: Decimal | None, currency: str, words: str) -> None:
    assert money(amount, currency).replace("\N{NO-BREAK SPACE}", " ") == words
