"""Public holidays of five countries."""

from datetime import date

import pytest

from crm.agenda.holidays import closed_days


@pytest.mark.parametrize(
    ("country", "day", "spanish", "english"),
    [
        ("AR", date(2026, 7, 9), "Día de la Independencia", "Independence Day"),
        ("MX", date(2026, 9, 16), "Día de la Independencia", "Independence Day"),
        ("CO", date(2026, 7, 20), "Día de la Independencia", "Independence Day"),
        ("CL", date(2026, 9, 18), "Día de la Independencia", "Independence Day"),
        ("ES", date(2026, 10, 12), "Fiesta Nacional de España", "National Day"),
    ],
)
def test_a_holiday_has_a_name_in_the_readers_language(country: str, day: date, spanish: str, english: str) -> None:
    assert closed_days(country, [2026])[day] == spanish
    assert closed_days(country, [2026], language="en")[day] == english


def test_a_day_moved_by_law_is_where_it_moved_to() -> None:
    days = closed_days("AR", [2026])
    assert date(2026, 11, 23) in days  # the 20th, carried to a Monday
    assert date(2026, 11, 20) not in days


def test_days_come_in_order_and_only_of_the_years_asked_for() -> None:
    days = list(closed_days("CO", [2027, 2026]))
    assert days == sorted(days)
    assert {day.year for day in days} == {2026, 2027}


@pytest.mark.parametrize("country", ["", "XX", "US"])
def test_a_country_that_is_not_listed_has_none(country: str) -> None:
    assert closed_days(country, [2026]) == {}
