"""A score says what it is made of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.domain.qualification import score, timeline_points

words = st.text(max_size=80)
interests = st.sampled_from(["high", "medium", "low", "none", ""])


@given(interests, words, words, words, words)
def test_points_are_the_sum_of_their_reasons_and_stay_between_0_and_100(
    interest: str, budget: str, timeline: str, needs: str, quote: str
) -> None:
    result = score(interest=interest, budget=budget, timeline=timeline, needs=needs, quote=quote)

    assert 0 <= result.points <= 100
    assert result.points == sum(int(str(reason["points"])) for reason in result.reasons)
    assert all(reason["points"] for reason in result.reasons)


@given(interests, words, words, words)
def test_knowing_more_never_lowers_the_score(interest: str, budget: str, timeline: str, needs: str) -> None:
    less = score(interest=interest, budget="", timeline="", needs="")
    more = score(interest=interest, budget=budget, timeline=timeline, needs=needs)

    assert more.points >= less.points


def test_everything_known_and_wanted_now_is_the_highest_score() -> None:
    assert score(interest="high", budget="$ 100", timeline="hoy mismo", needs="remeras").points == 100


def test_nothing_known_scores_nothing() -> None:
    assert score(interest="", budget=" ", timeline="", needs="").points == 0


def test_the_customers_words_stand_behind_each_point() -> None:
    reasons = score(interest="high", budget="", timeline="mañana", needs="", quote="lo quiero mañana").reasons

    assert [reason["factor"] for reason in reasons] == ["interest", "timeline"]
    assert all(reason["quote"] == "lo quiero mañana" for reason in reasons)


@pytest.mark.parametrize(
    ("said", "points"),
    [
        ("YA", 30),
        ("Lo antes posible, urgente", 30),
        ("mañana", 30),
        ("la semana que viene", 20),
        ("en 10 días", 20),
        ("dentro de tres meses", 10),
        ("algún día", 5),
        ("ayayay", 5),
        ("", 0),
        ("  ", 0),
    ],
)
def test_the_sooner_the_more(said: str, points: int) -> None:
    assert timeline_points(said) == points
