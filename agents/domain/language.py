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
        "are",
        "you",
        "have",
        "would",
        "like",
    ]
)

# Said when a person takes over. All of them are true the moment they are said: the chat is then in people's hands.
HANDED_OVER = {
    "es": "Te paso con una persona del equipo. Te responde por este mismo chat.",
    "en": "I'm passing you to a person of the team. They will answer in this same chat.",
}


def language_of(text: str, *, default: str = "es") -> str:
    """`es` or `en`; the company's own when the words do not tell."""
    if re.search(r"[ñ¿¡áéíóú]", text.lower()):
        return "es"
    words = re.findall(r"[a-z']+", plain(text))
    shared = len(_ENGLISH.intersection(words))
    if shared >= 2 or (shared == 1 and len(words) <= 3):
        return "en"
    return default if default in HANDED_OVER else "es"
