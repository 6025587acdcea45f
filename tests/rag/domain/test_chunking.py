from hypothesis import given
from hypothesis import strategies as st

from rag.domain.chunking import MAX_WORD, chunk, estimate_tokens


def words(text: str) -> int:
    return len(text.split())


_LINE = st.text(alphabet="aáñ b.,;:!? cd\t", max_size=120)
_TEXTS = st.lists(
    st.one_of(_LINE, st.sampled_from(["", "# Uno", "## Dos tres", "```", "- punto", "x" * 300])), max_size=60
).map("\n".join)


@given(_TEXTS)
def test_no_word_is_lost_cut_or_moved(text: str) -> None:
    pieces = chunk(text, count=words, target=12, maximum=15, overlap=4)
    kept = [piece.text.split() for piece in pieces]
    remaining = iter(word for part in kept for word in part)
    assert all(word in remaining for word in text.split())
    assert {word for part in kept for word in part} <= set(text.split())


@given(_TEXTS)
def test_no_passage_is_longer_than_the_model_reads(text: str) -> None:
    for piece in chunk(text, count=words, target=12, maximum=15, overlap=4):
        assert piece.tokens == words(piece.text) <= 15


@given(_TEXTS)
def test_passages_are_numbered_and_never_blank(text: str) -> None:
    pieces = chunk(text, count=words, target=12, maximum=15, overlap=4)
    assert [piece.position for piece in pieces] == list(range(len(pieces)))
    assert all(piece.text.strip() for piece in pieces)


def test_each_section_is_a_passage_that_knows_its_headings() -> None:
    pieces = chunk("# Envíos\n\n## Interior\nCinco días.\n\n## Ciudad\nDos días.\n")
    assert [piece.heading for piece in pieces] == ["Envíos > Interior", "Envíos > Ciudad"]
    assert pieces[0].text == "# Envíos\n\n## Interior\nCinco días."


def test_a_hash_inside_code_is_no_heading() -> None:
    pieces = chunk("# Guía\n```\n# comentario\n```\nfin")
    assert [piece.heading for piece in pieces] == ["Guía"]


def test_a_long_section_repeats_its_last_sentence_in_the_next_passage() -> None:
    text = "\n\n".join(f"Frase número {n} de la guía. Cierre {n}." for n in range(10))
    pieces = chunk(text, count=words, target=16, maximum=20, overlap=3)
    assert len(pieces) > 2
    assert pieces[1].text.startswith("Cierre ")


def test_a_short_text_is_one_passage() -> None:
    assert len(chunk("Abrimos de 9 a 18.")) == 1
    assert chunk(" \n\n ") == []


def test_encoded_data_without_spaces_is_bounded() -> None:
    pieces = chunk("A" * 50_000, count=estimate_tokens)
    assert max(len(piece.text) for piece in pieces) <= MAX_WORD
    assert sum(len(piece.text) for piece in pieces) == 50_000
