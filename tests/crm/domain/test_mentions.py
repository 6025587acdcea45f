"""Who is named in a note."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.domain.mentions import Found, find

PEOPLE = {1: "Ana Paz", 2: "Ana Gil", 3: "Sol", 4: "José María López", 5: "Solange Ruiz", 6: "Íñigo"}


@pytest.mark.parametrize(
    ("text", "people", "unclear"),
    [
        ("Hola @Sol, llamala", (3,), ()),
        ("@sol", (3,), ()),
        ("@Solange lo sabe", (5,), ()),
        ("@Ana Paz y @ana gil", (1, 2), ()),
        ("@Ana llamó", (), ("Ana",)),
        ("@jose maria", (4,), ()),
        ("@JOSÉ", (4,), ()),
        ("@inigo", (6,), ()),
        ("(@Sol)", (3,), ()),
        ("@Sol @Sol @sol", (3,), ()),
        ("@Ana\nPaz", (), ("Ana",)),
        ("sin nadie", (), ()),
        ("@nadie", (), ()),
        ("escribir a sol@ana.test", (), ()),
        ("@@Sol", (), ()),
        ("@ Sol", (), ()),
        ("precio @ 500", (), ()),
        ("", (), ()),
    ],
)
def test_the_longest_name_that_fits_one_person_is_meant(
    text: str, people: tuple[int, ...], unclear: tuple[str, ...]
) -> None:
    assert find(text, PEOPLE) == Found(people, unclear)


def test_a_whole_name_beats_the_beginning_of_a_longer_one() -> None:
    assert find("@Ana", {1: "Ana", 2: "Ana Paz"}).people == (1,)


def test_two_of_the_same_name_are_unclear() -> None:
    assert find("@Ana Paz", {1: "Ana Paz", 2: "ana páz"}) == Found((), ("Ana Paz",))


def test_somebody_without_a_name_is_never_meant() -> None:
    assert find("@Sol", {1: "", 2: "···", 3: "Sol"}).people == (3,)


@given(st.text(), st.dictionaries(st.integers(), st.text(max_size=30), max_size=5))
def test_any_text_is_read_without_an_accident(text: str, names: dict[int, str]) -> None:
    found = find(text, names)

    assert set(found.people) <= set(names)
    assert len(set(found.people)) == len(found.people)


@given(
    st.sampled_from(list(PEOPLE)), st.text(alphabet=st.characters(categories=["P", "Zs"], exclude_characters="@._'’-"))
)
def test_a_full_name_is_always_found(key: int, around: str) -> None:
    assert key in find(f"{around} @{PEOPLE[key]}{around}", PEOPLE).people
