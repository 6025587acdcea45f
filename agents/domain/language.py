"""Which language a customer writes, and the few sentences that the platform itself says to a customer."""

import re

from agents.domain.readings import plain

_ENGLISH = frozenset(
    [
        "the",
        "what",
        "how",
        "much",
        "does",
        "do",
        "is",
        "are",
        "hello",
        "hi",
        "want",
        "need",
        "thanks",
        "thank",
        "please",
        "price",
        "when",
        "where",
        "which",
        "my",
        "your",
        "can",
        "could",
        "would",
        "i'm",
        "i",
        "talk",
        "speak",
        "person",
        "human",
        "agent",
        "you",
        "have",
        "like",
        "with",
        "at",
        "for",
        "it",
        "me",
        "book",
        "appointment",
        "schedule",
        "reschedule",
        "cancel",
        "today",
        "tomorrow",
        "morning",
        "afternoon",
        "evening",
        "next",
        "week",
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
        "any",
        "time",
        "slot",
        "available",
        "first",
        "second",
        "third",
        "last",
        "one",
        "sounds",
        "good",
        "works",
        "great",
        "yes",
        "instead",
        "move",
    ]
)
# Words of appointments and of every day that English has not.
_SPANISH = frozenset(
    [
        "el",
        "la",
        "los",
        "las",
        "un",
        "una",
        "que",
        "quiero",
        "quisiera",
        "necesito",
        "puedo",
        "para",
        "por",
        "con",
        "de",
        "del",
        "al",
        "hola",
        "gracias",
        "turno",
        "cita",
        "reserva",
        "hoy",
        "manana",
        "tarde",
        "noche",
        "semana",
        "lunes",
        "martes",
        "miercoles",
        "jueves",
        "viernes",
        "sabado",
        "domingo",
        "si",
        "dale",
        "bueno",
        "mejor",
        "primera",
        "segunda",
        "tercera",
        "ultima",
        "hora",
        "otra",
        "otro",
        "tengo",
        "tenes",
        "cambiar",
        "cancelar",
        "mover",
        "me",
        "lo",
        "cuando",
        "donde",
        "cuanto",
    ]
)

# Said before a person takes over when somebody may be in danger: what helps sooner than any answer of ours.
SAFETY = {
    "es": "Si hay peligro para una vida, lo primero es llamar al número de emergencias (en Argentina, 107 o 911) o ir a la guardia más cercana.",
    "en": "If anyone's life may be in danger, call your local emergency number now (911; in Argentina also 107) or go to the nearest emergency room.",
}


def language_of(text: str, *, default: str = "es") -> str:
    """`es` or `en`; the company's own when the words do not tell."""
    return told_in(text) or (default if default in SAFETY else "es")


def told_in(text: str) -> str:
    """`es` or `en` where the words tell, else nothing."""
    if re.search(r"[ñ¿¡áéíóú]", text.lower()):
        return "es"
    words = re.findall(r"[a-z']+", plain(text))
    english, spanish = len(_ENGLISH.intersection(words)), len(_SPANISH.intersection(words))
    if english > spanish and (english >= 2 or len(words) <= 3):
        return "en"
    return "es" if spanish > english else ""
