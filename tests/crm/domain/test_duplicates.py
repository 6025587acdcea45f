"""What speaks for two contacts being one person."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.domain.duplicates import WORTH_SHOWING, Person, likeness


def of(name: str = "", phone: str = "", email: str = "", city: str = "") -> Person:
    return Person(name, city, frozenset(filter(None, [phone])), frozenset(filter(None, [email])))


@pytest.mark.parametrize(
    ("left", "right", "score", "kinds"),
    [
        (of(phone="+5491155551111"), of(phone="+541155551111"), 90, ["phone"]),
        (of(phone="+5215512345678"), of(phone="+525512345678"), 90, ["phone"]),
        (of(phone="+5511987654321"), of(phone="+551187654321"), 90, ["phone"]),
        (of(email="a@b.test"), of(email="a@b.test"), 85, ["email"]),
        (of("José Álvarez", email="a@b.test"), of("alvarez JOSE", email="a@b.test"), 90, ["email", "name"]),
        (of("Dra. Ana de la Paz"), of("ana paz"), 50, ["name"]),
        (of("Ana Paz", city="Rosario"), of("Ana Paz", city="ROSARIO "), 60, ["name", "city"]),
        (of("Ana Paz", "+5491155551111"), of("Ana", "+5493455551111"), 55, ["ending"]),
    ],
)  # fmt: skip
def test_what_is_shown_and_how_strongly(left: Person, right: Person, score: int, kinds: list[str]) -> None:
    found = likeness(left, right)
    assert (found.score, [each["kind"] for each in found.evidence]) == (score, kinds)
    assert found.score >= WORTH_SHOWING


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (of(phone="+551132123456"), of(phone="+5511932123456")),  # a landline and the mobile that ends alike
        (of("Ana", "+5491155551111"), of("Marta", "+5493455551111")),  # only the ending
        (of("Ana"), of("Ana")),
        (of("Ana Paz", city="Salta"), of("Ana Paz", city="Rosario")),
        (of("J. A."), of("J. A.")),
        (of(), of()),
    ],
)
def test_what_is_not(left: Person, right: Person) -> None:
    assert likeness(left, right).score < WORTH_SHOWING


words = st.builds(
    of,
    st.sampled_from(["", "Ana Paz", "paz ana", "José"]),
    st.sampled_from(["", "+5491155551111", "+541155551111", "+5493455551111", "+551132123456", "+5511932123456"]),
    st.sampled_from(["", "a@b.test"]),
    st.sampled_from(["", "Salta", "salta"]),
)


@given(words, words)
def test_it_is_the_same_seen_from_either_side(left: Person, right: Person) -> None:
    one, other = likeness(left, right), likeness(right, left)
    assert one.score == other.score
    assert 0 <= one.score <= 100
    assert [each["kind"] for each in one.evidence] == [each["kind"] for each in other.evidence]
    assert bool(one.score) == bool(one.evidence)
