"""How English says days and hours. Rules are tried from the top at each word: the longer way of saying goes first."""

import re
from collections.abc import Sequence
from functools import partial

from crm.domain.spoken_dates import days
from crm.domain.spoken_dates.dates import Names, ago_or_ahead, shifted
from crm.domain.spoken_dates.english_words import MONTHS, WEEKDAYS
from crm.domain.spoken_dates.items import Days, Hours, Item
from crm.domain.spoken_dates.reading import Builder, Rules, Seen, at_fixed, from_now, hours, mark, part
from crm.domain.spoken_dates.reading import days as just

NAMES = Names(WEEKDAYS, MONTHS)
COUNTED = (
    "people|persons?|guests?|adults?|kids|children|years?|months?|weeks?|days?|minutes?|hours?|bedrooms?|rooms?|beds?|"
    "dollars|bucks|euros|pounds|percent|per cent|times|options?|units?|meters?|metres?|miles?|km|kg|of us|or more|bathrooms?|"
    "floors?|cars?|houses?|tickets?|ones?|slots?|appointments?|st|nd|rd|th"
)
NOT_COUNTED = rf"(?![\d/:%]|[.,]\d|-[\dtbz]| ?#| \d{{3}}| (?:{COUNTED})\b)"
MACROS = (
    ("@T", rf"(?:[tbz]\d{{4}}|\d{{1,2}}){NOT_COUNTED}"),
    ("@R", r"(?:[tbz]\d{4}|\d{1,2})"),
    ("@C", r"[tbz]\d{4}"),
    ("@N", rf"\d{{1,2}}{NOT_COUNTED}"),
    ("@WDS", f"(?P<wd>{'|'.join(WEEKDAYS)})s"),
    ("@WDG", f"(?P<wd>{'|'.join(WEEKDAYS)})"),
    ("@WD", f"(?:{'|'.join(WEEKDAYS)})"),
    ("@MONG", f"(?P<mon>{'|'.join(MONTHS)})"),
    ("@MON", f"(?:{'|'.join(MONTHS)})"),
    ("@YEAR", r"(?:,? (?P<y>20\d\d))?"),
)
MOVING = r"mov(?:e|ing)|reschedul\w+|chang(?:e|ing)|switch(?:ing)?|push|shift"
PLACES = {"1st": 1, "2nd": 2, "3rd": 3, "4th": 4, "last": -1}
POSITIONS = {
    "early": "start", "beginning": "start", "start": "start", "mid": "middle", "middle": "middle", "late": "end", "end": "end",
}  # fmt: skip
UNITS = {
    "minute": "minute", "minutes": "minute", "hour": "hour", "hours": "hour", "day": "day", "days": "day", "week": "week",
    "weeks": "week", "month": "month", "months": "month",
}  # fmt: skip
RELATIVE = {"today": 0, "tomorrow": 1}
PARTS = {"morning": "morning", "afternoon": "afternoon", "evening": "evening", "night": "night"}
COUNT = r"(?P<count>\d{1,3}|an?) (?P<unit>minutes?|hours?|days?|weeks?|months?)"


def part_said(match: re.Match[str], seen: Seen) -> Sequence[Item]:
    return (Hours("part", part=PARTS[match["part"]]),)


def part_of_today(match: re.Match[str], seen: Seen) -> Sequence[Item]:
    return (days.one(seen.today), *part_said(match, seen))


def hour_behind(match: re.Match[str], seen: Seen) -> Sequence[Item]:
    """ "Tomorrow 4-6": bare numbers are hours only right behind a day."""
    return hours("between")(match, seen) if seen.after_day else ()


def nth(match: re.Match[str], seen: Seen) -> Sequence[Item]:
    month = match["mon"]
    ahead = days.months_ahead(seen.today, MONTHS[month]) if month else int(bool(match["next"]))
    return (days.nth(seen.today, WEEKDAYS[match["wd"]], PLACES[match["place"]], ahead, yearly=bool(month)),)


def position(match: re.Match[str], seen: Seen) -> Sequence[Item]:
    """The beginning, the middle or the end of a week or a month."""
    where, ahead = POSITIONS[match["where"]], int(bool(match["next"]))
    if match["unit"] == "week":
        return (days.part_of_week(seen.today, where, ahead),)
    if match["mon"]:
        ahead = days.months_ahead(seen.today, MONTHS[match["mon"]])
    return (days.part_of_month(seen.today, where, ahead, yearly=bool(match["mon"])),)


def next_weekend(match: re.Match[str], seen: Seen) -> Sequence[Item]:
    """The coming one for some, the one of next week for others."""
    saturday = days.plus(days.week(seen.today, 1)[0], 5)
    near, far = days.plus(saturday, -7), (saturday, days.plus(saturday, 1))
    if seen.today.weekday() > 4:
        return (Days((far,)),)
    return (Days(((near, days.plus(near, 1)), far), why="two_readings"),)


def weekday_span(match: re.Match[str], seen: Seen) -> Sequence[Item]:
    """ "Tuesday and Thursday" are two days unless "between" or "from" said so."""
    if " and " in match[0] and not match[0].startswith("between"):
        return ()
    return NAMES.span(match, seen)


NOT_ME = (
    r"(?:i |we )?(?:cant|cannot|can not|wont|dont|doesnt|isnt|arent|not available|not free|am not|unable|couldnt)"
    r"(?: (?:do|make|come|work|works|be|it|free|available|on|for me|me))*"
)
MARK_RULES: tuple[tuple[str, Builder], ...] = (
    (
        r"good (?:morning|afternoon|evening|night|day)|24/7|day to day|some ?day|these days|one of these days|in the end",
        mark("nothing"),
    ),
    (
        r"at the latest|at least|not sure(?: if)?|why not|if not|not a problem|no problem|no worries|cant wait|dont mind",
        mark("nothing"),
    ),
    (r"(?:cant|couldnt|dont|isnt|wouldnt) (?:we|you|i|there|it)", mark("nothing")),
    (
        r"(?:but|except(?: for)?|excluding|other than|instead of|rather than)(?= (?:on |the |in |next |this )*(?:@WD|@MON|today|tomorrow|morning|afternoon|evening|\d|week))",
        mark("not"),
    ),
    (
        r"not(?= (?:on |the |in |next |this |before |after |at )*(?:@WD|today|tomorrow|morning|afternoon|evening|\d|week|@C))",
        mark("not"),
    ),
    (NOT_ME, mark("no")),
    (r"neither|nor", mark("not")),
    (r"no|not", mark("bare")),
    (r"actually|sorry|i mean|or rather|rather|scratch that|better", mark("instead")),
)
TIME_RULES: tuple[tuple[str, Builder], ...] = (
    (r"(?:not|no) (?:before|earlier than) (?P<low>@T)", hours("after")),
    (r"not (?:after|later than) (?P<high>@T)", hours("before")),
    (r"(?P<low>@R) ?(?:-|to) ?(?P<high>@T)(?= (?:on )?(?:@WD|today|tomorrow))", hours("between")),
    (r"(?P<low>\d{1,2}) or (?P<also>@C)", hours("at")),
    (r"my (?:@C) (?:to|until) (?P<low>@T)", hours("at")),
    (r"(?:between|from) (?P<low>@R) ?(?:and|to|-|until|till) ?(?P<high>@T)", hours("between")),
    (
        r"(?P<low>@R) ?(?:-|to|until|till) ?(?P<high>@C)||(?P<low>@C) ?(?:-|to|until|till) ?(?P<high>@T)",
        hours("between"),
    ),
    (r"(?P<low>\d{1,2})(?: ?- ?| to )(?P<high>@T)", hour_behind),
    (
        r"(?:from )?(?P<low>@C)(?: onwards?| on\b(?! @WD)| or later)||(?:from|after) (?P<low>@T)(?: onwards?| on\b(?! @WD| the))?||any ?time (?:after|from) (?P<low>@T)||(?:later than|past) (?P<low>@T)",
        hours("after"),
    ),
    (r"(?:any ?time )?(?:before|until|till|by|no later than|earlier than) (?P<high>@T)", hours("before")),
    (
        r"(?:around|about|roughly|approximately|approx|close to|near)(?: at)? (?P<low>@T)||(?P<low>@C) or so||at (?P<low>@T) or so",
        hours("about"),
    ),
    (r"at (?P<low>@T) or (?:at )?(?P<also>@T)", hours("at")),
    (r"at (?P<low>@T)", hours("at")),
    (r"(?P<low>@C) or (?:at )?(?P<also>@T)||(?P<low>@C)", hours("at")),
    # Parts of the day.
    (r"after lunch", part("after_lunch")),
    (r"after work|after (?:the )?office(?: hours)?", part("after_work")),
    (r"before lunch", at_fixed("before", 12)),
    (r"1st thing(?: in the morning)?|bright and early|(?:in the )?early (?:in the )?morning", part("early")),
    (r"(?:in the )?late morning|mid ?morning|late in the morning", part("mid_morning")),
    (r"(?:in the )?early (?:in the )?afternoon", part("early_tarde")),
    (r"mid ?afternoon|(?:in the )?late (?:in the )?afternoon", part("mid_tarde")),
    (
        r"last thing|(?:by |at )?(?:the )?(?:end of (?:the )?(?:work(?:ing)? )?day|close of business|eod|cob)|late in the day",
        part("late"),
    ),
    (r"(?:around |at |during )?(?:midday|lunch ?time|lunch)", part("midday")),
    (
        r"(?:(?:in|during|for) )?(?:the |an? |any )?(?P<part>morning|afternoon|evening)s?||(?:at |in the )?(?P<part>night)s?",
        part_said,
    ),
    (
        r"early(?! (?:next|this|in|@MON|week))",
        lambda match, seen: (Hours("part", part="early"),) if seen.after_day else (),
    ),
)
DAY_RULES: tuple[tuple[str, Builder], ...] = (
    # Gone by.
    (
        r"yesterday|last (?:@WD|week|month|year|weekend|night|time)(?! of)|(?:the )?day before yesterday|the other day|(?:\d+|an?|few) (?:minutes?|hours?|days?|weeks?|months?|years?) ago|past @WD",
        just(lambda today: days.PAST),
    ),
    # Counted from today.
    (r"(?:the )?day after tomorrow", shifted(2)),
    (r"today or tomorrow", just(lambda today: Days(((today, days.plus(today, 1)),)))),
    (r"(?:a|1) week (?:from|after) (?:today|now)|(?:a|1) week today|today week", shifted(7)),
    (r"(?:a|1) week (?:from|after) tomorrow|tomorrow week|a week tomorrow", shifted(8)),
    (r"(?:a|1) week (?:from|after|on) @WDG||@WDG week||a week @WDG||@WDG after next", NAMES.a_week_later),
    (r"(?P<count>[2-4]) weeks (?:from|after|on) @WDG", NAMES.a_week_later),
    (r"(?:in a fortnight|2 weeks today|a fortnight from now)", shifted(14)),
    (
        r"(?:in )?(?:a )?half (?:an )?hour(?: from now)?(?! later| earlier| before| after)",
        lambda match, seen: (from_now(seen, 30),) if match[0] != "half hour" else (),
    ),
    (r"in an hour and a half", lambda match, seen: (from_now(seen, 90),)),
    (rf"in {COUNT}(?: and a (?P<half>half))?", ago_or_ahead(UNITS, frozenset({"a", "an"}))),
    (rf"{COUNT} (?:from now|from today)", ago_or_ahead(UNITS, frozenset({"a", "an"}))),
    (r"this (?P<part>morning|afternoon|evening)", part_of_today),
    (r"later today", shifted(0)),
    (r"to(?P<part>night)", part_of_today),
    (
        r"(?P<rel>today|tomorrow)(?P<comma> ,)? @WDG(?:(?: ,)? (?:the )?(?P<n>\d{1,2})(?:st|nd|rd|th)\b)?",
        NAMES.relative(RELATIVE),
    ),
    (r"(?P<rel>today|tomorrow) (?P<n>@N)", NAMES.relative(RELATIVE)),
    (r"today", shifted(0)),
    (r"tomorrow", shifted(1)),
    # Weeks, weekends and months.
    (
        r"(?P<where>early|beginning|start|mid|middle|late|end)(?: of)?(?: in)?(?: the| this)?(?P<next> next)? (?:(?P<unit>week|month)|@MONG)",
        position,
    ),
    (r"later this week", just(lambda today: days.a_week(today, 0))),
    (r"(?:(?:this|the|over the|on the) )?(?:coming )?weekends?", just(days.weekend)),
    (r"next weekend", next_weekend),
    (r"(?:the )?week after next", just(lambda today: days.a_week(today, 2))),
    (r"(?:the )?(?:next|following|coming) week(?! or)", just(lambda today: days.a_week(today, 1))),
    (r"this week", just(lambda today: days.a_week(today, 0))),
    (
        r"(?:on )?(?:any |a |during the |the )?(?:weekdays?|business days?|working days?)",
        just(lambda today: days.any_day(today, days.WORKDAYS)),
    ),
    (r"next month", just(lambda today: days.a_month(today, 1))),
    (r"this month", just(lambda today: days.a_month(today, 0))),
    (r"(?P<place>1st|2nd|3rd|4th|last) @WDG (?:of|in) (?:(?:the|this) month|(?P<next>next month)|@MONG)", nth),
    # Dates with a number.
    (r"(?:(?P<wd>@WD) ,? ?)?(?P<date>[dy]\d+/\d+/\d+)", partial(NAMES.whole, month_first=True)),
    (
        r"(?:(?P<wd>@WD) ,? ?)?(?:the )?@MONG (?:the )?(?P<n>\d{1,2})(?:st|nd|rd|th)? ?(?:-|to|through|until) ?(?P<to>\d{1,2})(?:st|nd|rd|th)?@YEAR",
        NAMES.of_month,
    ),
    (
        r"@MONG (?P<n>\d{1,2})(?:st|nd|rd|th)? , (?P<also>\d{1,2})(?:st|nd|rd|th)?(?: ,)? (?:or|and) (?P<more>\d{1,2})(?:st|nd|rd|th)?(?![\d:])@YEAR",
        NAMES.of_month,
    ),
    (
        r"the (?P<n>\d{1,2})(?:st|nd|rd|th) , (?:the )?(?P<also>\d{1,2})(?:st|nd|rd|th)(?: ,)? (?:or|and) (?:the )?(?P<more>\d{1,2})(?:st|nd|rd|th)",
        NAMES.numbered,
    ),
    (
        r"(?:(?P<wd>@WD) ,? ?)?@MONG (?:the )?(?P<n>\d{1,2})(?:st|nd|rd|th)? (?:or|and) (?:the )?(?P<also>\d{1,2})(?:st|nd|rd|th)?(?![\d:])@YEAR",
        NAMES.of_month,
    ),
    (r"(?:(?P<wd>@WD) ,? ?)?@MONG (?:the )?(?P<n>\d{1,2})(?:st|nd|rd|th)?(?![\d:/])@YEAR", NAMES.of_month),
    (r"(?:(?P<wd>@WD) ,? ?)?(?:the )?(?P<n>\d{1,2})(?:st|nd|rd|th)? (?:of )?@MONG@YEAR", NAMES.of_month),
    (r"(?:(?P<wd>@WD) ,? ?)?(?P<n>\d{1,2})/(?P<m>\d{1,2})(?![\d/:])", partial(NAMES.slashed, month_first=True)),
    (
        r"(?:from|between) (?:the )?(?P<n>\d{1,2})(?:st|nd|rd|th) (?:to|and|until|-) (?:the )?(?P<to>\d{1,2})(?:st|nd|rd|th)",
        NAMES.numbered,
    ),
    (r"(?P<wd>@WD) ,? ?(?:the )?(?P<n>\d{1,2})(?:st|nd|rd|th)", NAMES.numbered),
    (
        r"(?:the |on the |on )(?P<n>\d{1,2})(?:st|nd|rd|th) (?:or|and) (?:the )?(?P<also>\d{1,2})(?:st|nd|rd|th)",
        NAMES.numbered,
    ),
    (r"(?:the |on the |on )(?P<n>\d{1,2})(?:st|nd|rd|th)(?! (?:one|option|slot|time|choice|floor))", NAMES.numbered),
    # Weekdays.
    (r"(?:from |between )?@WDG (?:to|through|thru|until|till|and|-) (?P<to>@WD)", weekday_span),
    (r"(?:not )?this @WDG (?:but )?the (?:next|following)(?: 1)?(?: one)?", NAMES.a_week_later),
    (r"(?:this )?coming @WDG||(?:the )?following @WDG||this @WDG coming", NAMES.coming),
    (r"this @WDG", NAMES.this),
    (r"@WDG (?=(?:of )?next week)", NAMES.named),
    (r"(?:the )?next @WDG", NAMES.next),
    (r"@WDS", NAMES.plural),
    (r"every @WDG", NAMES.plural),
    (r"@WDG (?P<n>@N)", NAMES.number_or_hour),
    (r"@WDG", NAMES.named),
    (r"(?:in|during|for) @MONG@YEAR", NAMES.month),
    # Whenever.
    (
        r"only(?: (?:free|available|works?))?(?= (?:in|after|before|at|from|mornings|afternoons|evenings)\b)",
        just(days.any_day),
    ),
    (
        r"any ?day|whenever|(?:as soon as possible|asap)|any of (?:the|these) days|(?:the )?next few days|every day|(?:the )?(?:earliest|soonest)(?: possible| available)?|any ?time(?! (?:after|before|from|on|in|this|next|@WD|today|tomorrow))",
        just(days.any_day),
    ),
    # An edge of the days that follow.
    (r"after|following", mark("after")),
    (r"from|starting|as of", mark("from")),
    (r"before", mark("before")),
    (r"until|till|by|no later than", mark("until")),
)
RULES = Rules((*TIME_RULES, *MARK_RULES, *DAY_RULES), MACROS, MOVING)
