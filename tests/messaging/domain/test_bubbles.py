"""A long reply becomes bubbles that a phone shows well, and not one word is lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messaging.domain.bubbles import LIMIT, split
from messaging.domain.bubbles import pieces as bubbles_of_few

BLANKS = [" ", "  ", "\n", "\n\n", "\r\n", "\t", "\u00a0", "\u2028", "\x0b"]
words = st.text(st.characters(blacklist_categories=("Z", "C")), min_size=1, max_size=60)


@st.composite
def prose(draw: st.DrawFn) -> str:
    """Words of any alphabet with any white space between them, some ending a sentence."""
    parts = draw(
        st.lists(st.tuples(words, st.sampled_from(["", ".", "!", "…"]), st.sampled_from(BLANKS)), max_size=120)
    )
    return "".join("".join(part) for part in parts)


@given(prose())
def test_joined_with_a_space_the_bubbles_give_back_every_word_in_order(text: str) -> None:
    assert " ".join(split(text)).split() == text.split()


@given(st.text(max_size=3000))
def test_no_bubble_is_empty_or_longer_than_the_limit(text: str) -> None:
    bubbles = split(text)

    assert all(bubble.strip() for bubble in bubbles)
    assert all(len(bubble) <= LIMIT for bubble in bubbles)


@given(st.text(st.characters(blacklist_categories=("Z", "C")), min_size=1, max_size=2000))
def test_a_word_without_an_end_is_cut_and_nothing_of_it_is_lost(word: str) -> None:
    assert "".join(split(word)) == word


def test_paragraphs_become_bubbles_of_their_own() -> None:
    assert split("Hola Ana.\n\nTenemos remeras y gorras.\nEnviamos gratis.\n\n\n¿Cuál te gusta?") == [
        "Hola Ana.",
        "Tenemos remeras y gorras.\nEnviamos gratis.",
        "¿Cuál te gusta?",
    ]


def test_a_long_paragraph_is_cut_after_a_sentence() -> None:
    first = "La remera azul cuesta quince mil pesos y viene en cuatro talles. " * 5
    bubbles = split(first + "Después " + "de eso " * 30)

    assert bubbles[0].endswith("talles.")
    assert bubbles[1].startswith("Después")


@pytest.mark.parametrize("blank", BLANKS)
def test_without_a_sentence_it_is_cut_at_any_white_space(blank: str) -> None:
    bubbles = split(f"palabra{blank}" * 100)

    assert all(set(bubble.split()) == {"palabra"} for bubble in bubbles)


@given(prose(), st.integers(70, 300))
def test_pieces_keep_the_words_too_and_are_few(text: str, limit: int) -> None:
    pieces = bubbles_of_few(text, limit)

    assert " ".join(pieces).split() == text.split()
    assert all(0 < len(piece) <= limit for piece in pieces)
    assert len(pieces) <= 1 + 3 * len(text) // limit


def test_a_persons_paragraphs_stay_together() -> None:
    assert bubbles_of_few("Hola.\n\nChau.", 400) == ["Hola.\n\nChau."]


def test_a_short_reply_stays_one_bubble() -> None:
    assert split("  ¡Hola! 👋  ") == ["¡Hola! 👋"]


def test_nothing_makes_no_bubble() -> None:
    assert split(" \n\t\r\n ") == []
