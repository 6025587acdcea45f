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

# Said when a person takes over. All of them are true the moment they are said: the chat is then in people's hands.
HANDED_OVER = {
    "es": "Te paso con una persona del equipo. Te responde por este mismo chat.",
    "en": "I'm passing you to a person of the team. They will answer in this same chat.",
}


def language_of(text: str, *, default: str = "es") -> str:
    """`es` or `en`; the company's own when the words do not tell."""
    return told_in(text) or (default if default in HANDED_OVER else "es")


def told_in(text: str) -> str:
    """`es` or `en` where the words tell, else nothing."""
    if re.search(r"[ñ¿¡áéíóú]", text.lower()):
        return "es"
    words = re.findall(r"[a-z']+", plain(text))
    english, spanish = len(_ENGLISH.intersection(words)), len(_SPANISH.intersection(words))
    if english > spanish and (english >= 2 or len(words) <= 3):
        return "en"
    return "es" if spanish > english else ""
