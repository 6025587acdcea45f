"""English before it is read: numbers as digits, ordinals as 5th, hours as the clock words of `spanish_words`."""

import re

from crm.domain.spoken_dates.letters import Spelling
from crm.domain.spoken_dates.spanish_words import word

DAYS = "monday tuesday wednesday thursday friday saturday sunday"
YEAR = "january february march april may june july august september october november december"
WEEKDAYS = {name: n for n, name in enumerate(DAYS.split())}
MONTHS = {name: n for n, name in enumerate(YEAR.split(), 1)}
SHORT_MONTHS = {name[:3]: name for name in MONTHS if name != "may"} | {"sept": "september"}
SHORT_DAYS = {
    "mon": "monday", "tue": "tuesday", "tues": "tuesday", "weds": "wednesday", "thu": "thursday", "thur": "thursday",
    "thurs": "thursday", "fri": "friday",
}  # fmt: skip
UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty"
)
NUMBERS = {each: n for n, each in enumerate(UNITS.split()) if n > 1} | {"thirty": 30, "forty": 40, "fifty": 50}
PLACES = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth "
    "sixteenth seventeenth eighteenth nineteenth twentieth"
)
ORDINALS = {each: n for n, each in enumerate(PLACES.split(), 1)} | {"thirtieth": 30}
ENDINGS = {1: "st", 2: "nd", 3: "rd"}

spelling = Spelling(
    frozenset(WEEKDAYS)
    | {"january", "february", "august", "september", "october", "november", "december", "tomorrow", "afternoon"},
    "sundae sundry mondays tuesdays wednesdays thursdays fridays saturdays sundays",
    {
        "wensday": "wednesday", "wendsday": "wednesday", "wendesday": "wednesday", "wedensday": "wednesday",
        "tommorow": "tomorrow", "tommorrow": "tomorrow", "tmrw": "tomorrow", "tmr": "tomorrow", "tmw": "tomorrow",
        "2moro": "tomorrow", "tonite": "tonight", "nite": "night", "arvo": "afternoon", "nxt": "next", "wk": "week",
        "wknd": "weekend", "hr": "hour", "hrs": "hours", "mins": "minutes", "min": "minutes", **SHORT_DAYS,
        **SHORT_MONTHS,
    },
)  # fmt: skip
# "Sat", "sun" and "wed" are words too: days only where a day may stand.
SHORT_AND_WORD = re.compile(
    r"(?:^|(?<=\b(?:on|by|or) )|(?<=\b(?:this|next) )|(?<=[.,] )|(?<=\band )|(?<=\bafter )|(?<=\bfor )|(?<=\buntil ))"
    r"(sat|sun|wed)\b|\b(sat|sun|wed)\b(?= (?:\d|at\b|morning|afternoon|evening|night|or\b|the\b))"
)
FULL = {"sat": "saturday", "sun": "sunday", "wed": "wednesday"}

ONE_OCLOCK = re.compile(r"\bone(?= ?(?:am|pm|oclock)\b)")
TENS = re.compile(
    r"\b(twenty|thirty|forty|fifty)[ -](one|two|three|four|five|six|seven|eight|nine|"
    r"first|second|third|fourth|fifth|sixth|seventh|eighth|ninth)\b"
)
NUMBER = re.compile(rf"\b(?:{'|'.join((*NUMBERS, *ORDINALS))})\b")
ONE = re.compile(r"\b(at|by|around|about|after|before|until|past|to|from|between|and) one\b(?! of| day| more)")

NOON = re.compile(r"\b(?:12 )?noon\b")
H, M = r"(?P<h>[01]?\d|2[0-4])", r"(?P<m>[0-5]\d)"
IN = r"(?: in the (?:morning|afternoon|evening)\b| at night\b)"
HALF = rf"(?P<half> ?(?:am|pm)\b|{IN})"
EDGE = r"(?![\d/:%]|[.,]\d)"
FREE = r"(?<![\d:/.,])"
AT = r"(?:(?<=\bat )|(?<=\bby )|(?<=\baround )|(?<=\babout )|(?<=\bafter )|(?<=\bbefore )|(?<=day )|(?<=tomorrow ))"
NO_DAY = "".join(f"(?<!{each} )" for each in MONTHS)
CLOCKS = tuple(
    re.compile(each)
    for each in (
        rf"\b(?:a )?(?P<less>quarter|5|10|20|25)(?: minutes)? (?:to|till) {H}{EDGE}{HALF}?(?! \d| [a-z]*day)",
        rf"\b(?:a )?(?P<m>half|quarter|5|10|20|25)(?: minutes)? past (?P<h>\d{{1,2}}){EDGE}{HALF}?",
        rf"{AT}(?P<m>half) (?P<h>\d{{1,2}}){EDGE}{HALF}?",
        rf"{FREE}{H}[:.]{M} ?{HALF}",
        rf"{FREE}{H}:{M}{EDGE}(?::\d\d)?",
        rf"{AT}{H}\.{M}{EDGE}",
        rf"{FREE}(?P<h>1[0-2]|[1-9]){M}(?P<half> ?(?:am|pm)\b)",
        rf"{AT}{H} (?P<m>[0-5][05]){EDGE}{HALF}?",
        rf"{FREE}{H}(?: ?oclock)?(?P<half> ?(?:am|pm)\b)",
        rf"{FREE}{NO_DAY}{H}(?: ?oclock)?(?P<half>{IN})",
        rf"{FREE}{H} ?(?P<m>oclock)\b",
        rf"{FREE}{H}(?P<m> ?- ?ish|ish)\b",
    )
)
MINUTES = {"half": 30, "quarter": 15}


def canonical(plain: str) -> str:
    """The text, spelt right already, with its numbers and hours in one form."""
    text = SHORT_AND_WORD.sub(lambda found: FULL[found[1] or found[2]], plain)
    text = TENS.sub(tens, ONE.sub(r"\1 1", ONE_OCLOCK.sub("1", text)))
    text = NUMBER.sub(digits, text)
    text = text.replace("noonish", "around noon")
    text = NOON.sub("t1200", text).replace("midnight", "t2400")
    for each in CLOCKS:
        text = each.sub(clock, text)
    return text


def digits(found: re.Match[str]) -> str:
    said = found[0]
    return str(NUMBERS[said]) if said in NUMBERS else ordinal(ORDINALS[said])


def tens(found: re.Match[str]) -> str:
    if found[2] in ORDINALS:
        return ordinal(NUMBERS.get(found[1], 20) + ORDINALS[found[2]])
    return str(NUMBERS.get(found[1], 20) + NUMBERS.get(found[2], 1))


def ordinal(number: int) -> str:
    return f"{number}{'th' if 10 < number < 14 else ENDINGS.get(number % 10, 'th')}"


def clock(found: re.Match[str]) -> str:
    groups = found.groupdict()
    hour, half = int(groups["h"]), (groups.get("half") or "").split()
    said = groups.get("m") or ""
    minutes = hour * 60 + MINUTES.get(said, int(said) if said.isdigit() else 0)
    if less := groups.get("less"):
        minutes -= MINUTES.get(less, 0) or int(less)
    if hour > 24 or not 0 <= minutes <= 24 * 60:
        return found[0]
    about = "around " if "ish" in said else ""
    return about + word(minutes, half[-1] if half else "", zero=groups["h"].startswith("0"))
