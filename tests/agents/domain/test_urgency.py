"""How soon somebody has to be seen: what is denied, asked about or long past is no symptom."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.domain.urgency import EMERGENCY, HIGH, LEVELS, LOW, NORMAL, UNKNOWN, assess, graver


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("no tengo fiebre", UNKNOWN),
        ("No tengo fiebre ni se me hinchó la cara", UNKNOWN),
        ("no me sangra mucho", UNKNOWN),
        ("sin fiebre, sin dolor", UNKNOWN),
        ("I don't have a fever", UNKNOWN),
        ("no chest pain, no fever", UNKNOWN),
        ("¿Atienden emergencias?", UNKNOWN),
        ("¿Cuál es el teléfono de emergencias?", UNKNOWN),
        ("Do you take emergency patients?", UNKNOWN),
        ("¿Qué hago si me sangra después?", HIGH),  # may be happening: better a question too many
        ("El año pasado me sangraba mucho la encía", UNKNOWN),
        ("no es una emergencia", UNKNOWN),
        ("me muero de ganas de verlo", UNKNOWN),
        ("no es nada urgente, es un control", LOW),
        ("Me duele un poco la muela", NORMAL),
        ("quiero una limpieza", LOW),
        ("Tengo fiebre", HIGH),
        ("no tengo turno y tengo fiebre", HIGH),
        ("no sé qué hacer, tengo fiebre", HIGH),
        ("No aguanto más el dolor", HIGH),
        ("se me salió la corona", HIGH),
        ("no tengo fiebre pero me duele muchísimo, no aguanto el dolor", HIGH),
        ("it's urgent, I broke a tooth", HIGH),
        ("no puedo respirar", EMERGENCY),
        ("no para de sangrar", EMERGENCY),
        ("tengo la cara hinchada y fiebre", EMERGENCY),
        ("se me hinchó la cara y no tengo fiebre", HIGH),
        ("I can't breathe", EMERGENCY),
        ("It won’t stop bleeding", EMERGENCY),
    ],
)
def test_the_level_of_what_is_said(text: str, level: str) -> None:
    found = assess([text]).level
    assert found == level, assess([text])


def test_the_gravest_of_a_burst_counts() -> None:
    assert assess(["quiero un control", "me duele", "no puedo respirar"]).level == EMERGENCY


@given(st.lists(st.sampled_from([*LEVELS, UNKNOWN, "none", "normal!"])))
def test_what_is_unknown_is_never_normal(levels: list[str]) -> None:
    known = [level for level in levels if level in LEVELS]
    assert graver(*levels) == (min(known, key=LEVELS.index) if known else UNKNOWN)


@given(st.text(max_size=300))
def test_any_text_is_judged(text: str) -> None:
    assert assess([text]).level in (*LEVELS, UNKNOWN)
