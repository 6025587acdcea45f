"""A score says what it is made of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.domain.qualification import Said, evidence, score, timeline_points

words = st.text(max_size=80)
interests = st.sampled_from(["high", "medium", "low", "none", ""])


@given(interests, words, words, words, words)
def test_points_are_the_sum_of_their_reasons_and_stay_between_0_and_100(
    interest: str, budget: str, timeline: str, needs: str, quote: str
) -> None:
    result = score(interest=interest, budget=budget, timeline=timeline, needs=needs, heard=[Said("m1", quote)])

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
    reasons = score(
        interest="high", budget="", timeline="mañana", needs="", heard=[Said("m1", "lo quiero mañana")]
    ).reasons

    assert [reason["factor"] for reason in reasons] == ["interest", "timeline"]
    assert all((reason["quote"], reason["message"]) == ("lo quiero mañana", "m1") for reason in reasons)


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


@given(interests, words, words, words, st.integers(-100, 100))
def test_a_correction_keeps_the_score_between_0_and_100(
    interest: str, budget: str, timeline: str, needs: str, adjustment: int
) -> None:
    plain = score(interest=interest, budget=budget, timeline=timeline, needs=needs).points
    corrected = score(
        interest=interest, budget=budget, timeline=timeline, needs=needs, adjustment=adjustment, adjusted={"said": "x"}
    )

    assert corrected.points == max(0, min(100, plain + adjustment))


def test_the_message_with_most_of_the_words_is_the_evidence() -> None:
    heard = [Said("m1", "busco remeras negras"), Said("m2", "remeras negras talle M"), Said("m3", "gracias")]

    assert evidence("remeras negras talle M", heard) == heard[1]
    assert evidence("remeras", heard) == heard[1]  # the latest of equals
    assert evidence("high", heard) == heard[1]  # no word in common: the longest
    assert evidence("high", []) is None


def test_what_is_as_it_was_keeps_its_words_and_what_is_new_gets_todays() -> None:
    before = score(interest="high", budget="", timeline="", needs="", heard=[Said("m1", "me encanta")]).reasons
    after = score(
        interest="high", budget="100", timeline="", needs="", heard=[Said("m2", "tengo 100")], before=before
    ).reasons

    assert {reason["factor"]: reason["message"] for reason in after} == {"interest": "m1", "budget": "m2"}


def test_a_fact_that_a_person_wrote_is_not_put_into_the_customers_mouth() -> None:
    before = score(interest="high", budget="", timeline="", needs="").reasons
    after = score(interest="high", budget="", timeline="", needs="", heard=[Said("m1", "hola")], before=before).reasons

    assert "quote" not in after[0]
