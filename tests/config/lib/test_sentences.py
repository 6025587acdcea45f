"""Stored sentences of ours are said in the reader's language; everything else stays as it is."""

import pytest
from django.utils.translation import override

from config.lib import sentences

PAIRS = [
    ("Una persona tomó el chat.", "A person took the chat."),
    (
        "Falta la credencial meta/TOKEN. Se carga en Ajustes, Credenciales.",
        "The credential meta/TOKEN is missing. It is entered in Settings, Credentials.",
    ),
    ("Conexión probada: Ventas", "Connection tested: Ventas"),
    ("Cambió el estado de una plantilla: aviso · APPROVED", "The state of a template changed: aviso · APPROVED"),
    ("Cambió el estado de una plantilla.", "The state of a template changed."),
    (
        "Derivado a una persona: Ningún agente publicado atiende este canal.",
        "Handed to a person: No published agent serves this channel.",
    ),
    ("La parte 3 no se pudo guardar (IntegrityError).", "Part 3 could not be saved (IntegrityError)."),
]
OTHERS = [
    "",
    "Hola, ¿a qué hora abren?",
    "Cambiar el turno",
    "(#131026) Message undeliverable",
    "(La parte 3 no se pudo guardar).",
    "Una persona tomó el chat. Y después otra.",
]


@pytest.mark.parametrize(("spanish", "english"), PAIRS)
def test_a_sentence_is_said_in_the_readers_language_whichever_it_was_written_in(spanish: str, english: str) -> None:
    for language, said in (("es", spanish), ("en", english)):
        with override(language):
            assert sentences.worded(spanish) == said
            assert sentences.worded(english) == said


@pytest.mark.parametrize("language", ["es", "en"])
@pytest.mark.parametrize("text", OTHERS)
def test_what_is_no_sentence_of_ours_stays_as_it_is(text: str, language: str) -> None:
    with override(language):
        assert sentences.worded(text) == text


def test_a_customers_words_inside_a_sentence_are_not_said_anew() -> None:
    with override("en"):
        said = sentences.worded("Escribió «Una persona tomó el chat.»")
    assert "Una persona tomó el chat." in said
    assert said.startswith("Wrote")


def test_a_long_text_is_not_looked_through() -> None:
    long = "Conexión probada: " + "x" * sentences.MOST
    with override("en"):
        assert sentences.worded(long) == long
