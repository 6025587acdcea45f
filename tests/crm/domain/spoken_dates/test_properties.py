"""What holds whatever is written, and how fast."""

import unicodedata
from datetime import UTC, datetime, timedelta
from time import process_time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bench.phrases import TRAPS
from crm.domain.spoken_dates import say, understand
from tests.crm.domain.spoken_dates.test_corpus import SPOKEN

ZONES = ("America/Argentina/Buenos_Aires", "America/Santiago", "America/Mexico_City", "Europe/Madrid", "UTC")
NOWS = st.builds(
    lambda moment, zone: moment.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)),
    st.datetimes(datetime(2025, 1, 1), datetime(2030, 12, 31)),  # noqa: DTZ001 (made aware by the line above)
    st.sampled_from(ZONES),
)
WORDS = sorted({word for spoken in SPOKEN.values() for phrase, _, _ in spoken for word in phrase.split()})
ALL = [(phrase, now) for spoken in SPOKEN.values() for phrase, _, now in spoken]
TEXTS = st.one_of(st.text(), st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join))


def without_accents(text: str) -> str:
    return "".join(each for each in unicodedata.normalize("NFD", text) if not unicodedata.combining(each))


@given(TEXTS, NOWS)
@example("el 31 a las 24:00 de la noche", datetime(2026, 12, 31, 23, 59, 59, 5, tzinfo=ZoneInfo("America/Santiago")))
@example("99/99 el 0 a las 99 del 0/0/0000 en 999 meses", datetime(2026, 2, 28, tzinfo=UTC))
@example("0000-00-00 entre las 24 y las 0", datetime(2026, 2, 28, tzinfo=UTC))
def test_nothing_written_is_an_error_and_windows_are_ahead_and_in_order(text, now):
    found = understand(text, now=now)
    assert found.sure == (not found.why)
    assert found.windows or not found.sure
    starts = [each.start.astimezone(UTC) for each in found.windows]
    assert starts == sorted(starts)
    for each in found.windows:
        assert each.start.tzinfo is now.tzinfo
        assert each.start.astimezone(UTC) >= now.astimezone(UTC)
        assert each.end.astimezone(UTC) > each.start.astimezone(UTC)
    for one, other in zip(found.windows, found.windows[1:], strict=False):
        assert one.exact or other.exact or one.end.astimezone(UTC) <= other.start.astimezone(UTC)


@pytest.mark.parametrize("written", [str.upper, str.lower, without_accents])
def test_capitals_and_accents_make_no_difference(written):
    different = [text for text, now in ALL if understand(written(text), now=now) != understand(text, now=now)]
    assert not different


@given(NOWS, st.integers(1, 400 * 24 * 4), st.sampled_from(["es", "es-AR", "en", "en-us"]))
def test_what_is_said_is_understood(now, quarters, locale):
    start = now.astimezone(UTC).replace(second=0, microsecond=0) + timedelta(minutes=15 * quarters)
    start = start.astimezone(now.tzinfo).replace(fold=0)
    found = understand(say(start, now=now, locale=locale), now=now)
    early = 1 <= start.hour < 8  # "03:00" may be three in the afternoon
    assert start in [each.start for each in found.windows]
    assert early or (found.sure and found.windows[0].exact)


@pytest.mark.parametrize(
    ("start", "locale", "said"),
    [
        ("2026-11-24 15:00", "es", "martes 24 de noviembre a las 15:00"),
        ("2026-11-24 15:00", "en", "Tuesday 24 November at 15:00"),
        ("2026-11-18 16:30", "es-ar", "hoy, miércoles 18 de noviembre, a las 16:30"),
        ("2026-11-19 09:00", "es", "mañana, jueves 19 de noviembre, a las 09:00"),
        ("2026-11-19 09:00", "en-us", "tomorrow, Thursday 19 November, at 09:00"),
        ("2027-01-02 09:00", "es", "sábado 2 de enero a las 09:00"),
        ("2027-11-20 09:00", "es", "sábado 20 de noviembre de 2027 a las 09:00"),
    ],
)
def test_a_time_is_said_as_people_say_it(start, locale, said):
    zone = ZoneInfo("America/Argentina/Buenos_Aires")
    now = datetime(2026, 11, 18, 10, tzinfo=zone)
    assert say(datetime.fromisoformat(start).replace(tzinfo=zone).astimezone(UTC), now=now, locale=locale) == said


@pytest.mark.parametrize("trap", TRAPS)
def test_a_long_text_is_no_trap(trap):
    """`bench.phrases` says how fast; here only that nothing goes through a text again and again."""
    now = datetime(2026, 11, 18, 10, tzinfo=ZoneInfo("America/Argentina/Buenos_Aires"))
    began = process_time()
    understand(trap * (10_000 // len(trap)), now=now)
    assert process_time() - began < 5
