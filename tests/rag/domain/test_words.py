import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.domain.synonyms import related_terms
from rag.domain.words import fold, is_near, term, terms


@pytest.mark.parametrize(
    "typed, written",
    [
        ("envio", "envío"),
        ("ENVÍO", "envio"),
        ("enbio", "envío"),
        ("garantya", "garantía"),
        ("aser", "hacer"),
        ("instalasion", "instalación"),
        ("direcion", "dirección"),
        ("orario", "horario"),
        ("kuotas", "cuotas"),
        ("yave", "llave"),
        ("cuesta", "costar"),
        ("cierran", "cerrar"),
        ("entregás", "entregan"),
        ("comprarlo", "comprar"),
        ("precios", "precio"),
        ("prices", "price"),
        ("niño", "NIÑOS"),
    ],
)
def test_a_word_meets_its_other_spellings_and_endings(typed: str, written: str) -> None:
    assert term(fold(typed)) == term(fold(written))


@pytest.mark.parametrize(("one", "other"), [("casa", "cosa"), ("pago", "pego"), ("turno", "tarde"), ("mes", "meta")])
def test_different_words_stay_apart(one: str, other: str) -> None:
    assert term(one) != term(other)


@pytest.mark.parametrize("typed", ["TS-150", "ts150", "ts 150", "Ts/150"])
def test_a_product_code_is_found_however_it_is_written(typed: str) -> None:
    assert set(terms(typed)) & set(terms("El modelo TS-150 rinde mucho"))


def test_a_price_is_found_with_and_without_points() -> None:
    assert "1450000" in terms("cuesta $1.450.000")
    assert "1450000" in terms("1450000 pesos")


def test_small_talk_holds_no_term() -> None:
    assert terms("Hola, buenas tardes, ¿qué tal? Quería saber si...") == []


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("manteniminet", "mantenim"), ("garnt", "garant"), ("tremotank", "termotank"), ("mantenimient", "manten")],
)
def test_a_slip_of_the_finger_is_near(typed: str, meant: str) -> None:
    assert is_near(typed, meant)


@pytest.mark.parametrize(("one", "other"), [("150", "151"), ("sol", "sal"), ("factur", "ventan")])
def test_numbers_short_and_other_words_are_not_near(one: str, other: str) -> None:
    assert not is_near(one, other)


def test_words_for_the_same_thing_are_related() -> None:
    assert term("entrega") in related_terms("envío")
    assert term("precio") in related_terms("cuánto")
    assert related_terms("bicicleta") == frozenset()


def test_a_stop_word_that_looks_like_a_synonym_brings_none() -> None:
    assert related_terms("mucho") == frozenset()


@given(st.text(max_size=200))
def test_terms_never_break_a_search_expression(text: str) -> None:
    assert all(found.isascii() and found.isalnum() and len(found) <= 64 for found in terms(text))


@given(st.text(alphabet="abcdefghijklmnñopqrstuvwxyzáéíóúü ", max_size=80))
def test_case_and_accents_make_no_difference(text: str) -> None:
    assert terms(text.upper()) == terms(text) == terms(fold(text))
