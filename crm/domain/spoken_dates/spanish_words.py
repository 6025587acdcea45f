"""Spanish before it is read: numbers as digits, hours as clock words (b0500 bare, t1700 sure, z0500 doubtful)."""

import re

from crm.domain.spoken_dates.letters import Spelling

WEEKDAYS = {"lunes": 0, "martes": 1, "miercoles": 2, "jueves": 3, "viernes": 4, "sabado": 5, "domingo": 6}
SHORT = {
    "lun": "lunes",
    "mie": "miercoles",
    "mier": "miercoles",
    "jue": "jueves",
    "vie": "viernes",
    "sab": "sabado",
    "juev": "jueves",
    "mierc": "miercoles",
}
YEAR = "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"
MONTHS = {name: n for n, name in enumerate(YEAR.split(), 1)}
UNITS = (
    "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciseis "
    "diecisiete dieciocho diecinueve veinte veintiuno veintidos veintitres veinticuatro veinticinco veintiseis "
    "veintisiete veintiocho veintinueve treinta"
)
NUMBERS = {each: n for n, each in enumerate(UNITS.split()) if n > 1} | {"veintiun": 21, "cuarenta": 40, "cincuenta": 50}

spelling = Spelling(
    frozenset(WEEKDAYS) | {"febrero", "agosto", "septiembre", "octubre", "noviembre", "diciembre", "manana"},
    # Words one letter away from the names.
    "luces lunas vienes jueces mates mares marte salado sacado sabido sabados domingos domino dominga martas mantas "
    "angosto agoto mananas manzana setiembre lineas nuevas jugues",
    {
        "biernes": "viernes", "vierns": "viernes", "juebes": "jueves", "miercols": "miercoles", "miercoles": "miercoles",
        "savado": "sabado", "sabados": "sabado", "domingos": "domingo", "setiembre": "septiembre", "mna": "manana",
        "prox": "proximo", "q": "que", "dsp": "despues", "dps": "despues", "x": "por", "xq": "porque", **SHORT,
    },
)  # fmt: skip
of_month = Spelling(frozenset(MONTHS), "julia entero genero marco mario abrir junto cada mano", {})
AFTER_NUMBER = re.compile(r"(?<=\d de )[a-z]+")

MONTH_OF = {each[:3]: each for each in MONTHS} | {"set": "septiembre"}
SHORT_MONTH = re.compile(rf"\b(\d{{1,2}} (?:de )?)({'|'.join(MONTH_OF)}|sept)\b")
MAR = re.compile(r"(?<!\d )(?<!\bde )\bmar(?= \d)")  # "mar 24" is a Tuesday, "24 mar" is March
COMPOUND = re.compile(r"\b(treinta|cuarenta|cincuenta) y (uno|un|dos|tres|cuatro|cinco|seis|siete|ocho|nueve)\b")
NUMBER = re.compile(rf"\b(?:{'|'.join(NUMBERS)})\b")
ORDINAL = re.compile(r"\b(\d{1,2})(?:ro|ero|er|do|to|vo|o)\b")
FIRST = re.compile(r"\bprimero (?=de )")
ONE = re.compile(r"\b(a las?|de las?|tipo|desde la|hasta la|entre la|y la|para la|sobre la) una\b")

H, M = r"(?P<h>[01]?\d|2[0-4])", r"(?P<m>[0-5]\d)"
HALF = r"(?P<half> ?(?:am|pm)\b| (?:de|por|en) la (?:manana|tarde|noche|tardecita|madrugada)\b| del mediodia\b)?"
UNIT = r"(?: ?(?:hs?|hrs?|horas)\b)?"
EDGE = r"(?![\d/:%]|[.,]\d)"
AT = r"(?<![\d:/.,#-])(?:(?<=\blas )|(?<=\bla )|(?<=\btipo )|(?<=\ba )|(?<=\bde ))"
FREE = r"(?<![\d:/.,-])"
# "El 5 por la mañana" is a day.
NO_DAY = "".join(f"(?<!{each} )" for each in ("el", "dia", "y el", *WEEKDAYS, *MONTHS))
CLOCKS = tuple(
    re.compile(each)
    for each in (
        rf"\b(?<!somos )(?<!para )(?<!de )(?:un )?(?P<less>cuarto|5|10|20|25) para las? (?P<h>\d{{1,2}}){HALF}{EDGE}",
        rf"{FREE}(?P<h>\d{{1,2}}) menos (?P<less>cuarto|5|10|20|25)\b{HALF}",
        rf"{FREE}{H} y (?P<m>media|cuarto)\b{UNIT}{HALF}",
        rf"(?<=\bentre las ){H} y (?P<m>[0-5]\d)(?= y (?:las )?\d)",
        rf"(?<!\bentre las ){AT}{H} y (?P<m>[0-5]?\d){EDGE}{UNIT}{HALF}",
        rf"{FREE}{H}(?::|h){M}{EDGE}(?::\d\d)?{UNIT}{HALF}",
        rf"{FREE}{H}\.{M}{EDGE} ?(?=hs|h\b|hrs|am|pm){UNIT}{HALF}",
        rf"{AT}{H}\.{M}{EDGE}{UNIT}{HALF}",
        rf"(?<=\blas )(?P<h>[01]\d|2[0-3]){M}{EDGE}{UNIT}",
        rf"{FREE}(?P<h>[01]\d|2[0-3]){M} ?hs\b",
        rf"(?:(?<=\blas )|(?<=\bmanana )|(?<=\bhoy )){H} {M}{EDGE}{UNIT}{HALF}",
        rf"{FREE}{H} (?P<m>en punto)\b{HALF}",
        rf"(?<![\d:/.,]){H}{UNIT}(?P<half> ?(?:am|pm)\b| de la (?:manana|tarde|noche|tardecita|madrugada)\b| del mediodia\b)",
        rf"{FREE}{NO_DAY}{H}{UNIT}(?P<half> (?:por|en) la (?:manana|tarde|noche|tardecita|madrugada)\b)",
        rf"{AT}{H} ?(?P<m>hs?|hrs?|horas)\b(?! de)",
        r"(?<![\d:/.,-])(?<!en )(?<!cada )(?<!hace )(?<!dura )(?<!por )(?<!de )(?P<h>[89]|1\d|2[0-3]) ?(?P<m>hs?|hrs?)\b",
    )
)
MINUTES = {"media": 30, "cuarto": 15}


def canonical(plain: str) -> str:
    """The text, spelt right already, with its numbers and hours in one form."""
    text = ONE.sub(r"\1 1", plain)
    text = COMPOUND.sub(lambda found: str(NUMBERS[found[1]] + NUMBERS.get(found[2], 1)), text)
    text = NUMBER.sub(lambda found: str(NUMBERS[found[0]]), text)
    text = ORDINAL.sub(r"\1", FIRST.sub("1 ", text))
    text = AFTER_NUMBER.sub(lambda found: of_month.right(found[0]), text)
    text = MAR.sub("martes", text)
    text = SHORT_MONTH.sub(lambda found: found[1] + MONTH_OF[found[2][:3]], text)
    text = (
        text.replace(" y 1/2", " y media")
        .replace("1/2 hora", "media hora")
        .replace("fin de semana", "finde")
        .replace("fines de semana", "finde")
    )
    for each in CLOCKS:
        text = each.sub(clock, text)
    return text


def clock(found: re.Match[str]) -> str:
    """The clock word for an hour as it was said; the text itself when it is none."""
    groups = found.groupdict()
    hour, half = int(groups["h"]), (groups.get("half") or "").split()
    minute = MINUTES.get(said, int(said) if said.isdigit() else 0) if (said := groups.get("m") or "") else 0
    minutes = hour * 60 + minute
    if less := groups.get("less"):
        minutes -= MINUTES.get(less, 0) or int(less)
    if hour > 24 or minutes > 24 * 60 or minutes < 0:
        return found[0]
    return word(minutes, half[-1] if half else "", zero=groups["h"].startswith("0"))


def word(minutes: int, half: str, *, zero: bool = False) -> str:
    """`half`: the word that says which half of the day, if any; `zero`: the hour was written with one in front."""
    hour = minutes // 60
    if half and hour <= 12:
        minutes = in_half(minutes, half)
        sure = "t"
    elif zero and 1 <= hour <= 7:
        sure = "z"
    else:
        sure = "b" if 1 <= hour <= 12 and not zero else "t"
    return f"{sure}{minutes // 60:02}{minutes % 60:02}"


def in_half(minutes: int, half: str) -> int:
    hour = minutes // 60
    if half in ("am", "madrugada"):
        return minutes % 720
    if half in ("manana", "morning"):
        return minutes  # Spain's "12 de la mañana" is noon
    if half in ("noche", "night"):
        return minutes + 720 if hour == 12 or 5 <= hour < 12 else minutes % 720
    if half == "mediodia":
        return minutes if hour in (11, 12) else minutes % 720 + 720
    return minutes % 720 + 720
