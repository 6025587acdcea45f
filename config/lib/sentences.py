"""Stored sentences of ours, said in the language of whoever reads them now.

What a worker or somebody's request writes down ("Una persona tomó el chat.") stays in the language of that moment. The
catalogues hold each sentence in both languages, so it is recognised and said again; what they do not know stays as it is.
Only for texts that the product wrote itself: what a customer or a person of the team wrote never comes through here.
"""

import gettext as catalogues
import re
from functools import cache, lru_cache
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.utils.translation import get_language, gettext

MOST = 300  # letters of a text that is looked up
FEWEST = 6  # letters that a sentence has beside its values
SPEAKING = ("tenants", "crm", "messaging", "agents")  # the apps whose sentences are stored
TELLING = ("why", "reason")  # values that are themselves sentences
VALUE = re.compile(r"%\((\w+)\)([sd])")
POINTED, WORDS = re.compile("[.:;«“]"), 4  # marks or words that make a sentence; "Cambiar %(name)s" is a button


def worded(text: str) -> str:
    """A sentence of ours in the reader's language; anything else as it is."""
    return _worded(text, get_language() or "") if text and len(text) <= MOST else text


@lru_cache(maxsize=4096)
def _worded(text: str, _language: str) -> str:
    known = _known()
    if text in known:
        return gettext(known[text])
    for stem, form, msgid in _with_values():
        found = _pattern(form).fullmatch(text) if stem in text else None
        if found:
            return _filled(gettext(msgid), found.groupdict())
    words, rest = _head(text)
    return gettext(known[words]) + rest if words in known else text


def _head(text: str) -> tuple[str, str]:
    """What stands before the details that follow a colon, or before the full stop; a single word is no sentence."""
    words, colon, details = text.partition(": ")
    if colon and " " in words:
        return words, colon + details
    return text.removesuffix("."), "." if text.endswith(".") else ""


def _filled(sentence: str, values: dict[str, str]) -> str:
    said = {name: worded(value) if name in TELLING else value for name, value in values.items()}
    return VALUE.sub(lambda found: said[found[1]], sentence)


@cache
def _known() -> dict[str, str]:
    """Each sentence as it is written in either language → its name in the catalogue, which is the Spanish one."""
    found = _catalogue()
    return {english: spanish for spanish, english in found.items()} | {spanish: spanish for spanish in found}


@cache
def _with_values() -> list[tuple[str, str, str]]:
    """(its longest part without values, the sentence in either language, its name): whoever says most comes first."""
    forms = []
    for spanish, english in _catalogue().items():
        for form in {spanish, english}:
            parts = VALUE.split(form)[::3]
            names = [name for name, _kind in VALUE.findall(form)]
            clear = names and len(names) == len(set(names)) and "%%" not in form
            if clear and (POINTED.search(form) or _many(parts) >= WORDS) and _letters(parts) >= FEWEST:
                forms.append((_letters(parts), max(parts, key=len), form, spanish))
    return [each[1:] for each in sorted(forms, reverse=True)]


def _many(parts: list[str]) -> int:
    return sum(len(part.split()) for part in parts)


def _letters(parts: list[str]) -> int:
    return sum(len(part.replace(" ", "")) for part in parts)


@cache
def _pattern(form: str) -> re.Pattern[str]:
    pieces = VALUE.split(form)
    made = re.escape(pieces[0])
    for name, kind, after in zip(pieces[1::3], pieces[2::3], pieces[3::3], strict=True):
        value = r"\d+" if kind == "d" else ".+?"
        made += f"(?P<{name}>{value})" + re.escape(after)
    return re.compile(made, re.DOTALL)


@cache
def _catalogue() -> dict[str, str]:
    """Spanish → English. Of plural forms, which stand there numbered, none is stored."""
    places = [*settings.LOCALE_PATHS, *(Path(apps.get_app_config(app).path) / "locale" for app in SPEAKING)]
    found: dict[str, str] = {}
    for place in places:
        entries = getattr(catalogues.translation("django", str(place), ["en"], fallback=True), "_catalog", {})
        found |= {key: text for key, text in entries.items() if isinstance(key, str) and key and text}
    return found
