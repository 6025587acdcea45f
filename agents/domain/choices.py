"""Which of the offered times somebody means: "la 2", "la segunda", "el de las 4", "martes a la tarde", "the last one".

The numbers are those that were shown. Nothing is guessed: words that fit several options name them all.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from agents.domain.readings import plain

_WEEKDAYS = (
    ("lunes", "monday", "mon"), ("martes", "tuesday", "tue"), ("miercoles", "wednesday", "wed"),
    ("jueves", "thursday", "thu"), ("viernes", "friday", "fri"), ("sabado", "saturday", "sat"),
    ("domingo", "sunday", "sun"),
)  # fmt: skip
_MONTHS = (
    "enero|january|jan", "febrero|february|feb", "marzo|march|mar", "abril|april|apr", "mayo|may", "junio|june|jun",
    "julio|july|jul", "agosto|august|aug", "septiembre|setiembre|september|sep", "octubre|october|oct",
    "noviembre|november|nov", "diciembre|december|dec",
)  # fmt: skip
_MONTH = "|".join(_MONTHS)
_NUMBERS = {
    word: number
    for number, words in enumerate(
        (
            "primer primera primero uno first one 1ra 1ro 1st",
            "segunda segundo dos second two 2da 2do 2nd",
            "tercer tercera tercero tres third three 3ra 3ro 3rd",
            "cuarta cuarto cuatro fourth four 4ta 4to 4th",
            "quinta quinto cinco fifth five 5ta 5to 5th",
            "sexta sexto seis sixth six 6ta 6to 6th",
        ),
        1,
    )
    for word in words.split()
}
_HOUR_WORDS = {
    word: hour
    for hour, words in enumerate(
        (
            "una one", "dos two", "tres three", "cuatro four", "cinco five", "seis six", "siete seven", "ocho eight",
            "nueve nine", "diez ten", "once eleven", "doce twelve",
        ),
        1,
    )
    for word in words.split()
}  # fmt: skip
# What is wanted stands behind these: "no, mejor la 2".
_RATHER = re.compile(r"^.*\b(?:mejor|prefiero|en realidad|rather|prefer|instead|actually|make it)\b")
_REFUSED = re.compile(
    r"\b(?:no|ningun[oa]?|tampoco|otr[oa]s?|none|neither|not|can't|cant|cannot|don't|another|other|cuando|when)\b"
)
_ANY = re.compile(
    r"\b(?:cualquiera|me da igual|la que sea|el que sea|any of them|whichever|either)\b"
    r"|\b(?:lo antes posible|cuanto antes|(?:mas|lo mas) tempran[oa]|soonest|earliest)\b"
)
_LAST = re.compile(r"\b(?:ultim[oa]|last one|last|latest)\b")
_YES = re.compile(
    r"(?:(?:si|dale|ok|okey|okay|perfecto|genial|listo|bueno|joya|barbaro|va|sale|claro|me sirve|me viene bien|esa?|ese"
    r"|por favor|gracias|confirmo|confirmado|reserva(?:lo|la|me)?|agenda(?:lo|la|me)?|yes|sure|great|perfect|please"
    r"|sounds good|that works|works|book it|thanks)\s*)+"
)
_CLOCK = re.compile(r"\b(\d{1,2})[:.h](\d{2})\s*(am|pm|a\.m|p\.m)?\b")
_HOUR = re.compile(
    r"\b(?:las|at|hora|(?:a|de) la)\s(\d{1,2}|" + "|".join(_HOUR_WORDS) + r")\b"
    r"(?:\s(?:y|:)\s?(media|cuarto|\d{2}))?(?:\s?(am|pm|a\.m|p\.m))?(?!\s?/)"
)
_BARE_HOUR = re.compile(r"\b(\d{1,2})\s?(am|pm|hs|hrs|horas|o'?clock)\b()")
_DAY = re.compile(rf"\b(\d{{1,2}})(?:st|nd|rd|th)?(?:/(\d{{1,2}})|\s(?:de |of )?({_MONTH}))\b")
_MONTH_DAY = re.compile(rf"\b({_MONTH})\s(\d{{1,2}})\b")
_PARTS = (
    (re.compile(r"\b(?:a|de|por|en) la manana\b|\bmorning\b"), range(12)),
    (re.compile(r"\bmediodia\b|\bnoon\b"), range(12, 14)),
    (re.compile(r"\b(?:a|de|por|en) la tarde\b|\bafternoon\b"), range(12, 20)),
    (re.compile(r"\b(?:a|de|por|en) la noche\b|\bevening\b|\bnight\b"), range(18, 24)),
)


@dataclass(frozen=True, slots=True)
class Option:
    """A time that was offered; `start` in the zone in which it was said, `who` is the seller's name."""

    number: int
    start: datetime
    who: str = ""


def chosen(text: str, options: Sequence[Option], *, now: datetime) -> list[int]:
    """The numbers that the words fit: one is a choice, several want a question, none means that they choose nothing."""
    said = re.sub(r"[^\w\s:./'#]+", " ", plain(text).replace("\n", " "))
    said = _RATHER.sub("", re.sub(r"\s+", " ", said)).strip(" .")
    if not said or not options or _REFUSED.search(said):
        return []
    if _YES.fullmatch(said):
        return [option.number for option in options] if len(options) == 1 else []
    fitting = [option for option in options if _fits(said, option, now)]
    number = _number(said, options)
    if number is not None and (
        number in [option.number for option in fitting] or not _names_a_time(said, options, now)
    ):
        return [number]
    if not _names_a_time(said, options, now):
        return [options[0].number] if _ANY.search(said) else []
    if len(fitting) > 1 and _LAST.search(said):
        return [fitting[-1].number]
    return [fitting[0].number] if fitting and _ANY.search(said) else [option.number for option in fitting]


def _number(said: str, options: Sequence[Option]) -> int | None:
    known = {option.number for option in options}
    bare = re.fullmatch(
        r"(?:(?:la|el|opcion|option|numero|number|turno|slot|quiero|dale|si|ok|yes|the)\s)*#?\s?(\d{1,2})[).]?(?:\s(?:por favor|please|gracias|thanks|esta bien|me sirve|dale))*",
        said,
    )
    if bare and int(bare[1]) in known:
        return int(bare[1])
    named = re.search(
        r"\b(?:opcion|option|numero|number|nro)\s#?\s?(\d{1,2})\b|(?<!a )\bla (\d)\b(?! (?:de|am|pm|hs)\b)", said
    )
    if named and int(named[1] or named[2]) in known:
        return int(named[1] or named[2])
    if _LAST.search(said):
        return options[-1].number
    word = re.search(r"(?<!a )\b(?:la|el|the|opcion|option|numero|number)\s(\w+)\b", said)
    found = _NUMBERS.get(word[1]) if word else None
    return found if found in known else None


def _names_a_time(said: str, options: Sequence[Option], now: datetime) -> bool:
    return any(_wanted(said, option, now) for option in options)


def _fits(said: str, option: Option, now: datetime) -> bool:
    wanted = _wanted(said, option, now)
    return bool(wanted) and all(wanted)


def _wanted(said: str, option: Option, now: datetime) -> list[bool]:
    """One answer for each thing that the words tell about the time: does the option have it?"""
    found: list[bool] = []
    start = option.start
    named = [day for day, words in enumerate(_WEEKDAYS) if re.search(rf"\b(?:{'|'.join(words)})\b", said)]
    if named:
        found.append(start.weekday() in named)
    if days := _days(said, now):
        found.append(start.date() in days)
    if (dates := [(int(each[1]), int(each[2]) if each[2] else _month(each[3])) for each in _DAY.finditer(said)]) or (
        dates := [(int(each[2]), _month(each[1])) for each in _MONTH_DAY.finditer(said)]
    ):
        found.append((start.day, start.month) in dates)
    elif (day := re.search(r"\b(?:el|dia|the)\s(\d{1,2})(?:st|nd|rd|th)?\b(?![:/])", said)) and int(day[1]) > 6:
        found.append(start.day == int(day[1]))
    if clock := _clock(said):
        found.append((start.hour, start.minute) in clock)
    found += [start.hour in hours for pattern, hours in _PARTS if pattern.search(said)]
    who = [word for word in plain(option.who).split() if len(word) > 2]
    if who and re.search(r"\b(?:con|with)\s", said):
        found.append(any(re.search(rf"\b{re.escape(word)}\b", said) for word in who))
    return found


def _days(said: str, now: datetime) -> set[date]:
    """Days named from today: "mañana" that is no morning, "pasado mañana"."""
    rest = re.sub(r"\b(?:a|de|por|en) la manana\b", " ", said)
    rest, after = re.subn(r"\bpasado manana\b|\bday after tomorrow\b", " ", rest)
    ahead = [days for days, found in ((2, after), (0, re.search(r"\b(?:hoy|today)\b", rest)), (1, re.search(r"\b(?:manana|tomorrow)\b", rest))) if found]  # fmt: skip
    return {now.date() + timedelta(days=each) for each in ahead}


def _month(word: str) -> int:
    return next(number for number, words in enumerate(_MONTHS, 1) if word in words.split("|"))


def _clock(said: str) -> set[tuple[int, int]]:
    """The hours and minutes that are meant; an hour of one to eleven without more may be of the afternoon."""
    found = _CLOCK.search(said) or _HOUR.search(said)
    if found:
        hour, minute, half = _HOUR_WORDS.get(found[1]) or int(found[1]), found[2] or "0", found[3] or ""
    elif bare := _BARE_HOUR.search(said):
        hour, minute, half = int(bare[1]), "0", bare[2] if bare[2] in {"am", "pm"} else ""
    elif re.search(r"\b(?:al mediodia|at noon)\b", said):
        return {(12, 0)}
    else:
        return set()
    minutes = {"media": 30, "cuarto": 15}.get(minute) or (int(minute) if minute.isdigit() else 0)
    if half:
        return {(hour % 12 + (12 if half.startswith("p") else 0), minutes)}
    return {(hour, minutes), (hour + 12, minutes)} if hour < 12 else {(hour, minutes)}
