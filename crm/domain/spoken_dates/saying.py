"""The way back: a time as it is said to a customer. The reader understands every sentence of it."""

from datetime import datetime

ES_DAYS = ("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo")
ES_MONTHS = (
    "enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre", "noviembre",
    "diciembre",
)  # fmt: skip
EN_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
EN_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
PREFIXES = {"es": {0: "hoy", 1: "mañana"}, "en": {0: "today", 1: "tomorrow"}}
FAR = 270  # days from which the year is said: nobody takes "2 de enero" in December for another year


def say(start: datetime, *, now: datetime, locale: str) -> str:
    """ "martes 24 de noviembre a las 15:00", "tomorrow, Tuesday 24 November, at 15:00"; in the zone of `now`.

    `locale`: "en…" is English, anything else Spanish.
    """
    local = start.astimezone(now.tzinfo)
    language = "en" if locale.lower().startswith("en") else "es"
    away = (local.date() - now.date()).days
    prefix = PREFIXES[language].get(away, "")
    far = abs(away) > FAR
    if language == "en":
        day = f"{EN_DAYS[local.weekday()]} {local.day} {EN_MONTHS[local.month - 1]}{f' {local.year}' if far else ''}"
        at = f"at {local:%H:%M}"
    else:
        day = f"{ES_DAYS[local.weekday()]} {local.day} de {ES_MONTHS[local.month - 1]}{f' de {local.year}' if far else ''}"
        at = f"a las {local:%H:%M}"
    return f"{prefix}, {day}, {at}" if prefix else f"{day} {at}"
