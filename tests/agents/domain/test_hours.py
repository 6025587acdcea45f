"""When an agent answers: by the company's hours, outside of them, in a week of its own; a broken setting means always."""

from datetime import datetime

import pytest

from agents.domain.hours import MODES, Moment, answers, away_of, mode_of, moments_of_a_week, week_of

THURSDAY = datetime(2026, 11, 19, 15, 4)  # noqa: DTZ001
NIGHT = {"3": [["20:00", "24:00"]], "4": [["00:00", "06:00"]]}


def config(mode, **more):
    return {"hours": {"mode": mode, **more}}


@pytest.mark.parametrize(
    ("settings", "open_now", "closed_now"),
    [
        ({}, True, True),
        (config("always"), True, True),
        (config("business"), True, False),
        (config("outside"), False, True),
    ],
)
def test_the_companys_hours_decide(settings, open_now, closed_now):
    assert answers(settings, Moment(THURSDAY, attends=True)) is open_now
    assert answers(settings, Moment(THURSDAY, attends=False)) is closed_now


@pytest.mark.parametrize(("hour", "fits"), [(19, False), (20, True), (23, True)])
def test_a_week_of_its_own_ignores_the_companys(hour, fits):
    settings = config("own", week=NIGHT)
    for attends in (True, False):
        assert answers(settings, Moment(THURSDAY.replace(hour=hour), attends=attends)) is fits


def test_on_holidays_it_rests_only_where_it_says_so():
    moment = Moment(THURSDAY.replace(hour=21), attends=False, holiday=True)
    assert answers(config("own", week=NIGHT), moment)
    assert not answers(config("own", week=NIGHT, rests_on_holidays=True), moment)


@pytest.mark.parametrize(
    "broken",
    [None, "siempre", [], {"mode": "a veces"}, {"mode": "own"}, {"mode": "own", "week": {"9": []}}, {"mode": 7}],
)
def test_what_cannot_be_read_means_always(broken):
    assert mode_of({"hours": broken}) == "always"
    assert answers({"hours": broken}, Moment(THURSDAY, attends=False))


def test_an_ordinary_week_has_a_moment_for_each_stretch():
    business = {"0": [["09:00", "13:00"]]}
    moments = list(moments_of_a_week(business, [NIGHT]))
    attending = [f"{each.now:%w %H:%M}" for each in moments if each.attends]
    assert attending == ["1 09:00"]
    assert {f"{each.now:%w %H:%M}" for each in moments} >= {"1 13:00", "4 20:00", "5 06:00", "0 00:00"}
    assert len(moments) == 7 + 2 + 2


def test_the_sentence_of_away_is_bounded():
    assert away_of(config("business", away="  Volvemos mañana. ")) == "Volvemos mañana."
    assert len(away_of(config("business", away="x" * 9000))) == 500
    assert week_of({}) == {}
    assert set(MODES) == {"always", "business", "outside", "own"}
