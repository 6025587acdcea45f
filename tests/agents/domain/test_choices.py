"""Which offered time somebody means."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.domain.choices import Option, chosen

ZONE = ZoneInfo("America/Argentina/Buenos_Aires")
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=ZONE)  # a Monday
OPTIONS = [
    Option(1, datetime(2026, 11, 24, 10, 0, tzinfo=ZONE), "Sol"),
    Option(2, datetime(2026, 11, 24, 16, 0, tzinfo=ZONE), "Teo"),
    Option(3, datetime(2026, 11, 26, 10, 30, tzinfo=ZONE), "Sol"),
    Option(4, datetime(2026, 11, 27, 18, 0, tzinfo=ZONE), "Dra. Paz"),
]


@pytest.mark.parametrize(
    ("said", "numbers"),
    [
        ("2", [2]),
        ("la 2", [2]),
        ("La 2 porfa, gracias", [2]),
        ("opción 3", [3]),
        ("#4", [4]),
        ("the 3", [3]),
        ("number two", [2]),
        ("la primera", [1]),
        ("la segunda", [2]),
        ("dale, la tercera!", [3]),
        ("la última", [4]),
        ("the last one", [4]),
        ("the first one please", [1]),
        ("el de las 4", [2]),
        ("el de las 4 de la tarde", [2]),
        ("a las 16", [2]),
        ("16:00", [2]),
        ("16hs", [2]),
        ("4pm", [2]),
        ("at 4 pm", [2]),
        ("a las 10 y media", [3]),
        ("10:30", [3]),
        ("el jueves", [3]),
        ("el martes a la tarde", [2]),
        ("martes 24 de noviembre a las 10:00 con Sol", [1]),
        ("el martes", [1, 2]),
        ("mañana a la mañana", [1]),
        ("mañana", [1, 2]),
        ("tomorrow at 4", [2]),
        ("thursday", [3]),
        ("el 27", [4]),
        ("27/11", [4]),
        ("November 27", [4]),
        ("con Teo", [2]),
        ("con la Dra. Paz", [4]),
        ("cualquiera me sirve", [1]),
        ("whichever, any of them", [1]),
        ("el viernes el más temprano", [4]),
        ("no, mejor la 3", [3]),
        ("en realidad prefiero el viernes a las 6", [4]),
        ("a la noche", [4]),
        ("las seis", [4]),
        # Nothing that can be told:
        ("ninguna me sirve", []),
        ("no puedo el martes", []),
        ("otro día", []),
        ("7", []),
        ("el lunes", []),
        ("a las 11", []),
        ("mejor otro día", []),
        ("can't on Tuesday", []),
        ("gracias", []),
        ("dale", []),
        ("", []),
    ],
)
def test_the_words_choose_what_they_say(said, numbers):
    assert chosen(said, OPTIONS, now=NOW) == numbers


@pytest.mark.parametrize("said", ["dale", "sí", "Sí, perfecto", "ok gracias", "yes please", "me sirve", "that works"])
def test_a_yes_takes_the_only_one(said):
    assert chosen(said, OPTIONS[:1], now=NOW) == [1]


@given(st.text(max_size=80))
def test_any_words_choose_only_what_was_offered(said):
    assert set(chosen(said, OPTIONS, now=NOW)) <= {1, 2, 3, 4}
