"""Every phrase of the corpus means what is written beside it.

A line is `phrase | meaning`, after a line `@ date time zone` that says when and where it is said. A meaning is windows
apart by ";": `11-24` a day, `11-23..11-29` days, `11-24 13:00-20:00` hours of a day, `11-24 15:00!` that very time,
`11-18 10:00 .. 11-23 00:00` anything else; `daily 15:00!` or `daily 13:00-20:00` on each of the two weeks to come. `?why`
before them: not sure.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from crm.domain.spoken_dates import Window, understand
from tests.crm.domain.spoken_dates import corpus_en, corpus_es, corpus_es_talk

FEWEST = {"es": 230, "en": 80}
WHY = "nothing past two_readings weekday_mismatch no_such_date no_such_time no_day only_excluded contradiction"


def moment(said: str, now: datetime) -> datetime:
    """`11-24 15:00` of the year of `now`; 24:00 is the next midnight."""
    day, _, clock = said.strip().partition(" ")
    day = day if len(day) > 5 else f"{now.year}-{day}"
    hours, minutes = (int(each) for each in (clock or "00:00").split(":"))
    naive = datetime.fromisoformat(day) + timedelta(hours=hours, minutes=minutes)
    return naive.replace(tzinfo=now.tzinfo)


def window(said: str, now: datetime) -> Window:
    if said.endswith("!"):
        start = moment(said[:-1], now)
        return Window(start, (start.astimezone(UTC) + timedelta(hours=1)).astimezone(now.tzinfo), exact=True)
    if " .. " in said:
        first, last = said.split(" .. ")
        return Window(moment(first, now), moment(last, now))
    if " " in said:
        day, hours = said.split()
        first, last = hours.split("-")
        return Window(moment(f"{day} {first}", now), moment(f"{day} {last}", now))
    first, last = said.split("..") if ".." in said else (said, said)
    return Window(moment(first, now), moment(f"{last} 24:00", now))


def phrases(*texts: str) -> list[tuple[str, str, datetime]]:
    found = []
    now = datetime.now(UTC)
    for line in "".join(texts).splitlines():
        if line.startswith("@"):
            _, day, clock, zone = line.split()
            now = datetime.fromisoformat(f"{day} {clock}").replace(tzinfo=ZoneInfo(zone))
        elif "|" in line:
            phrase, _, meaning = line.rpartition("|")
            found.append((phrase.strip(), meaning.strip(), now))
    return found


SPOKEN = {
    "es": phrases(corpus_es.PHRASES, corpus_es_talk.PHRASES),
    "en": phrases(corpus_en.PHRASES),
}


def shown(windows: tuple[Window, ...], why: str) -> str:
    return f"{why or 'sure'} " + " ; ".join(
        f"{each.start:%a %m-%d %H:%M}{'!' if each.exact else f' .. {each.end:%a %m-%d %H:%M}'}" for each in windows
    )


def wanted(meaning: str, now: datetime) -> tuple[tuple[Window, ...], str]:
    why = ""
    if meaning.startswith("?"):
        why, _, meaning = meaning[1:].partition(" ")
        assert why in WHY.split()
    if meaning.startswith("daily "):
        days = [(now + timedelta(days=n)).date() for n in range(14)]
        ahead = [window(f"{day} {meaning.removeprefix('daily ')}", now) for day in days]
        return tuple(replace(each, start=max(each.start, now)) for each in ahead if each.end > now), why
    said = [window(each.strip(), now) for each in meaning.split(" ; ")] if meaning else []
    return tuple(sorted(said)), why


@pytest.mark.parametrize("language", ["es", "en"])
def test_every_phrase_means_what_people_mean_by_it(language):
    assert len(SPOKEN[language]) >= FEWEST[language]
    misses = []
    for phrase, meaning, now in SPOKEN[language]:
        windows, why = wanted(meaning, now)
        found = understand(phrase, now=now)
        if (found.windows, found.why, found.sure) != (windows, why, not why):
            misses.append(
                f"{phrase} (on {now:%a %m-%d %H:%M})\n  wanted {shown(windows, why)}\n  got    {shown(found.windows, found.why)}"
            )
    assert not misses, f"{len(misses)} of {len(SPOKEN[language])}\n" + "\n".join(misses)
