"""An agent's settings: what each known one may hold. Others are kept as they are.

Too much is said, never cut: a rule that silently falls away is worse than one that has to be shortened.
"""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from agents.domain import budget, hours, register
from agents.domain.triage import SPECIALTIES
from tenants.domain.weekly_hours import problem

LONGEST_TONE = 500
MOST_RULES, LONGEST_RULE = 60, 400
MOST_WORDS, MOST_SYNONYMS, LONGEST_WORD = 200, 20, 60
DISCLOSURES = ("asked", "first")  # it says that it is an AI: when somebody asks, or in its first message as well
LEAST_TOKENS = 2_000  # below, not even the instructions fit
LIMITS = {
    "max_steps": (1, budget.MAX_STEPS),
    "max_seconds": (5, budget.MAX_SECONDS),
    "max_tokens": (LEAST_TOKENS, budget.MAX_TOKENS),
}


def problems_of(config: Mapping[str, Any]) -> dict[str, str]:
    """`config.<name>` → what is wrong with it, in words."""
    wrong = {}
    for name, check in _CHECKS.items():
        value = config.get(name)
        if value in (None, "", [], {}):
            continue
        if said := check(value):
            wrong[f"config.{name}"] = said
    for name, (least, most) in LIMITS.items():
        value = config.get(name)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            wrong[f"config.{name}"] = _("Va un número de %(least)d a %(most)d.") % {"least": least, "most": most}
    return wrong


def _text(longest: int) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        if not isinstance(value, str):
            return _("Debe ser un texto.")
        if len(value) > longest:
            return _("Tiene %(count)d letras y puede tener %(most)d.") % {"count": len(value), "most": longest}
        return ""

    return check


def _one_of(*values: str) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        return "" if value in values else _("Valor desconocido. Puede ser: %(values)s.") % {"values": ", ".join(values)}

    return check


def _rules(value: Any) -> str:
    lines = value.splitlines() if isinstance(value, str) else value
    if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
        return _("Debe ser una lista de textos.")
    if len(lines) > MOST_RULES:
        return _("Hay %(count)d reglas y pueden ser %(most)d.") % {"count": len(lines), "most": MOST_RULES}
    long = next((line for line in lines if len(line) > LONGEST_RULE), None)
    if long is not None:
        words = {"line": long[:40], "count": len(long), "most": LONGEST_RULE}
        return _("La regla «%(line)s…» tiene %(count)d letras y puede tener %(most)d.") % words
    return ""


def _dictionary(value: Any) -> str:
    if not isinstance(value, dict):
        return _("Debe ser un objeto: palabra y sus equivalentes.")
    if len(value) > MOST_WORDS:
        return _("Hay %(count)d palabras y pueden ser %(most)d.") % {"count": len(value), "most": MOST_WORDS}
    for word, others in value.items():
        alike = others if isinstance(others, list) else [others]
        if not all(isinstance(each, str) for each in alike):
            return _("«%(word)s» debe llevar una lista de textos.") % {"word": str(word)[:40]}
        if len(alike) > MOST_SYNONYMS:
            words = {"word": str(word)[:40], "count": len(alike), "most": MOST_SYNONYMS}
            return _("«%(word)s» tiene %(count)d equivalentes y puede tener %(most)d.") % words
        long = next((each for each in (str(word), *alike) if len(each) > LONGEST_WORD), None)
        if long is not None:
            words = {"word": long[:40], "most": LONGEST_WORD}
            return _("«%(word)s…» es demasiado largo: hasta %(most)d letras.") % words
    return ""


def _hours(value: Any) -> str:
    if not isinstance(value, dict):
        return _("Debe ser un objeto.")
    mode = value.get("mode", hours.ALWAYS)
    if mode not in hours.MODES:
        return _("Valor desconocido. Puede ser: %(values)s.") % {"values": ", ".join(hours.MODES)}
    week = value.get("week") or {}
    if problem(week):
        return _("Los tramos van hacia adelante y sin pisarse.")
    if mode == hours.OWN and not any(week.values()):
        return _("Falta decir en qué días y horas responde.")
    away = value.get("away") or ""
    return _text(hours.LONGEST_AWAY)(away)


def _address(value: Any) -> str:
    if not isinstance(value, str) or len(value) > 300:
        return _("Debe ser una dirección.")
    try:
        parts = urlsplit(value)
    except ValueError:
        return _("Debe ser una dirección.")
    return "" if parts.scheme in ("http", "https") and parts.hostname else _("La dirección empieza con https://.")


_CHECKS: dict[str, Callable[[Any], str]] = {
    "tone": _text(LONGEST_TONE),
    "rules": _rules,
    "dictionary": _dictionary,
    "register": _one_of(*register.SPANISH),
    "register_en": _one_of(*register.ENGLISH),
    "disclosure": _one_of(*DISCLOSURES),
    "hours": _hours,
    "specialty": _one_of(*SPECIALTIES),
    "fallback_model": _text(80),
    "side_model": _text(80),
    "vision": _one_of("yes", "no"),
    "base_url": _address,
}
