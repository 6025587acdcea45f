"""Public holidays of the countries where companies work, national ones only, by the library `holidays`."""

from collections.abc import Iterable
from datetime import date
from functools import cache

COUNTRIES = ("AR", "MX", "CO", "CL", "ES")
LANGUAGES = {"es": "es", "en": "en_US"}


def closed_days(country: str, years: Iterable[int], *, language: str = "es") -> dict[date, str]:
    """Day → name, of the named years; nothing for a country that is not listed. `language` is es or en."""
    if country not in COUNTRIES:
        return {}
    told = LANGUAGES.get(language[:2], "es")
    return {day: name for year in sorted(set(years)) for day, name in _of(country, year, told)}


@cache
def _of(country: str, year: int, language: str) -> tuple[tuple[date, str], ...]:
    import holidays  # two megabytes that most processes never need

    found = holidays.country_holidays(country, years=[year], language=language)
    return tuple((day, name.replace("; ", ", ")) for day, name in sorted(found.items()))
