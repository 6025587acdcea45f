"""Dates as customers say them ("el martes que viene a la tarde", "tomorrow after 5"), read and said in es and en."""

from datetime import datetime

from crm.domain.spoken_dates import english, english_words, spanish, spanish_words
from crm.domain.spoken_dates.composing import compose
from crm.domain.spoken_dates.letters import is_english, plain
from crm.domain.spoken_dates.meaning import Understood, Window
from crm.domain.spoken_dates.saying import say

__all__ = ["Understood", "Window", "say", "understand"]


def understand(text: str, *, now: datetime) -> Understood:
    """The times a customer asks for. `now` is aware and in the customer's zone; so are the windows. Never raises."""
    words = plain(text)
    in_english, in_spanish = english_words.spelling(words), spanish_words.spelling(words)
    if is_english(in_english, in_spanish):
        return compose(english.RULES.read(english_words.canonical(in_english), now), now)
    return compose(spanish.RULES.read(spanish_words.canonical(in_spanish), now), now)
