"""Which messages ask to be left alone, and which only speak of it."""

import unicodedata
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messaging.domain import opt_out

OUT = [
    "BAJA", "STOP", "ALTO", "Cancelar suscripción", "no me escriban más", "No quiero recibir más mensajes",
    "unsubscribe", "stop messaging me", "Quiero darme de baja", "dejen de escribirme", "don't text me",
    "Take me off your list", "SAIR", "não quero receber mais mensagens", "me tire da lista", "Por favor, no me escriban más",
    "Baja, gracias", "stop please", "No me manden mas mensajes!!!", "desuscribirme",
]  # fmt: skip
NOT = [
    "¿puedo dar de baja el servicio?", "quiero dar de baja mi línea de internet", "el precio baja?", "la baja de precio",
    "¿hacen stop motion?", "alto precio", "hola", "", "no", "no me escriban a la noche, de día sí",
    "cancelar", "quiero cancelar el turno", "parada", "sin parar", "mi hermano pidió la baja médica",
    "no quiero recibir el envío en casa", "stop by the office tomorrow", "bajar", "👎", "b a j a",
]  # fmt: skip


@pytest.mark.parametrize("text", OUT)
def test_a_whole_message_that_asks_for_it_is_a_wish(text: str) -> None:
    assert opt_out.wish(text) == "out"


@pytest.mark.parametrize("text", NOT)
def test_a_longer_sentence_or_another_word_is_none(text: str) -> None:
    assert opt_out.wish(text) == ""


@pytest.mark.parametrize("text", ["ALTA", "Alta.", "start", "UNSTOP", "volver a recibir"])
def test_who_wants_to_hear_again_says_so(text: str) -> None:
    assert opt_out.wish(text) == "in"


@given(
    st.sampled_from(OUT),
    st.lists(st.booleans(), min_size=80, max_size=80),
    st.booleans(),
    st.sampled_from(["", " ", ".", "!!", "…", " 🙏", "\n"]),
    st.sampled_from(["", " ", "¡", "- "]),
)
def test_case_accents_and_signs_do_not_count(
    words: str, upper: list[bool], plain: bool, after: str, before: str
) -> None:
    said = "".join(letter.upper() if up else letter.lower() for letter, up in zip(words, upper, strict=False))
    if plain:
        said = "".join(each for each in unicodedata.normalize("NFD", said) if not unicodedata.combining(each))
    assert opt_out.wish(before + said + after) == "out"


@given(st.sampled_from(OUT), st.sampled_from(["mañana", "el servicio", "¿cómo hago", "internet", "my dog"]))
def test_one_more_word_makes_it_something_for_a_person(words: str, more: str) -> None:
    assert opt_out.wish(f"{words} {more}") == ""


@given(st.text(max_size=300))
def test_any_text_is_read(text: str) -> None:
    assert opt_out.wish(text) in ("", "out", "in")


NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("asked", "wrote", "answered"),
    [
        (None, None, True),
        (NOW, None, False),
        (NOW, NOW, False),
        (NOW, NOW - timedelta(hours=1), False),
        (NOW - timedelta(hours=2), NOW - timedelta(hours=1), True),
        (NOW - timedelta(days=9), NOW - timedelta(hours=23), True),
        (NOW - timedelta(days=9), NOW - timedelta(hours=24), False),
    ],
)
def test_who_was_left_alone_is_answered_for_a_day_after_writing_again(
    asked: datetime | None, wrote: datetime | None, answered: bool
) -> None:
    assert opt_out.may_answer(opted_out=asked, last_inbound=wrote, now=NOW) is answered
