from hypothesis import given
from hypothesis import strategies as st

from rag.domain.ranking import Question, Scale, concepts_of, rank
from rag.domain.words import terms

SCALE = Scale(floor=0.4, strong=0.8)
PASSAGES = ["El envío al interior cuesta 5000", "Abrimos de lunes a viernes", "La garantía es de cinco años"]


def question(query: str) -> Question:
    held = [set(terms(passage)) for passage in PASSAGES]
    frequencies = {term: sum(term in each for each in held) for term in set().union(*held)}
    return Question(concepts_of(query), total=len(PASSAGES), frequencies=frequencies)


def found(query: str, cosines: list[float | None]) -> list[int]:
    candidates = [(terms(passage), cosine) for passage, cosine in zip(PASSAGES, cosines, strict=True)]
    return [scored.index for scored in rank(question(query), candidates, scale=SCALE, limit=5)]


def test_the_passage_with_the_words_comes_first() -> None:
    assert found("cuanto cuesta el envio", [0.5, 0.5, 0.5])[0] == 0


def test_words_find_it_without_any_vector() -> None:
    assert found("que garantia tiene", [None, None, None]) == [2]


def test_a_strong_vector_finds_it_without_any_word() -> None:
    assert found("mandan paquetes lejos", [0.85, 0.1, 0.1]) == [0]


def test_another_subject_finds_nothing() -> None:
    assert found("capital de Francia", [0.4, 0.42, 0.41]) == []


def test_a_mistyped_word_still_counts() -> None:
    assert found("grantia", [0.1, 0.1, 0.1]) == [2]


def test_a_question_word_alone_asks_for_its_usual_thing() -> None:
    assert any("presi" in concept.forms for concept in concepts_of("¿Cuánto?"))


@given(st.floats(-1, 1), st.floats(-1, 1))
def test_of_two_passages_with_the_same_words_the_nearer_one_is_ahead(one: float, other: float) -> None:
    held = terms(PASSAGES[0])
    best = rank(question("envío al interior"), [(held, one), (held, other)], scale=SCALE, limit=5)
    assert [scored.index for scored in best] == ([0, 1] if one >= other else [1, 0])


@given(st.text(max_size=100), st.lists(st.floats(-1, 1), min_size=3, max_size=3))
def test_scores_stay_within_their_bounds(query: str, cosines: list[float]) -> None:
    candidates = [(terms(passage), cosine) for passage, cosine in zip(PASSAGES, cosines, strict=True)]
    for scored in rank(question(query), candidates, scale=SCALE, limit=5):
        assert 0 <= scored.words <= 1
        assert 0 <= scored.fused <= 1
