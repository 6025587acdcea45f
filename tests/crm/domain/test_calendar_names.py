import pytest

from crm.domain.calendar_names import matches, person_words


@pytest.mark.parametrize(
    "name",
    [
        "Dra. Ana Paz",
        "ana paz",
        "PAZ, Ana",
        "Agenda de Ana Paz",
        "Ana Páz",
        "Dra Ana Paz - Consultorio",
        "Ana Paz's calendar",
    ],
)
def test_a_name_is_the_same_however_it_is_written(name: str) -> None:
    assert person_words(name) == {"ana", "paz"}


def test_a_calendar_goes_to_the_one_person_of_its_name() -> None:
    calendars = {"c1": "Dra. Ana Paz", "c2": "Turnos Teo Gil", "c3": "Feriados en Argentina", "c4": "Agenda"}
    assert matches(calendars, {"ana": "Ana Paz", "teo": "Teo Gil", "sol": "Sol Ríos"}) == {"c1": "ana", "c2": "teo"}


def test_a_longer_name_fits_when_both_are_full() -> None:
    assert matches({"c": "Ana María Paz"}, {"ana": "Ana Paz"}) == {"c": "ana"}
    assert matches({"c": "Ana"}, {"ana": "Ana Paz"}) == {}
    assert matches({"c": "Paz"}, {"ana": "Ana Paz"}) == {}


def test_when_two_fit_nobody_gets_it() -> None:
    assert matches({"c": "Ana Paz"}, {"one": "Ana Paz", "two": "Dra. Ana Paz"}) == {}
    assert matches({"c1": "Ana Paz", "c2": "Ana Paz (turnos)"}, {"ana": "Ana Paz"}) == {}
    assert matches({"c": "Ana Paz Gil"}, {"one": "Ana Paz", "two": "Ana Gil"}) == {}


def test_the_same_words_win_over_words_within() -> None:
    calendars = {"c1": "Ana Paz", "c2": "Ana María Paz"}
    assert matches(calendars, {"ana": "Ana Paz"}) == {"c1": "ana"}
    assert matches(calendars, {"ana": "Ana Paz", "maria": "Ana María Paz"}) == {"c1": "ana", "c2": "maria"}
