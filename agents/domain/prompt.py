"""Assembly of the system prompt.

The company's text comes first and whole. Variables are `{{name}}` and are filled in one pass: braces in a
company's text or in a value never break a turn and are never filled twice.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from agents.domain.prompt_security import screen
from agents.domain.prompt_texts import Words, words_of

_VARIABLE = re.compile(r"\{\{\s*([A-Za-z_]{1,40}|campo\.[A-Za-z0-9_-]{1,40})\s*\}\}")
OWN = "campo."  # {{campo.zona}}: a field of the company's own
# What a company may write, in either language of the interface.
ALIASES = {
    "nombre_agente": "agent_name", "agente": "agent_name", "empresa": "company", "negocio": "company",
    "business_name": "company", "tenant_name": "company", "rubro": "trade", "fecha": "today", "date": "today",
    "hora": "time", "dia": "weekday", "zona": "timezone", "canal": "channel", "contacto": "contact_name",
    "nombre_contacto": "contact_name", "rol": "role",
}  # fmt: skip
VARIABLES = frozenset({"agent_name", "role", "company", "trade", "today", "time", "weekday", "timezone", "channel", "contact_name"})  # fmt: skip


@dataclass(frozen=True, slots=True)
class AgentText:
    """What the company wrote about its agent. `dictionary` maps a word to the words customers use for it."""

    name: str
    role: str = ""
    template: str = ""
    tone: str = ""
    rules: tuple[str, ...] = ()
    dictionary: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is true at this moment. `now` carries the company's zone, whose name is `timezone`."""

    company: str
    now: datetime
    timezone: str
    trade: str = ""
    channel: str = ""
    locale: str = "es"
    contact: Mapping[str, str] = field(default_factory=dict)
    details: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """The company's own fields: key → its name and what is known."""


@dataclass(frozen=True, slots=True)
class SystemPrompt:
    """`text` goes to the model; `ours` and `theirs` are its two authors, for the outbound filter."""

    text: str
    ours: str
    theirs: str


def fill(template: str, values: Mapping[str, str]) -> str:
    """Replace `{{name}}` by its value, once; a name that nobody knows stays as written, a field without value is empty."""

    def value(match: re.Match[str]) -> str:
        name = match.group(1).lower()
        return values.get(ALIASES.get(name, name), "" if name.startswith(OWN) else match.group())

    return _VARIABLE.sub(value, template)


def unknown_variables(template: str) -> tuple[str, ...]:
    """Names that `fill` would leave as written, so that a page can say so before publishing."""
    names = (match.lower() for match in _VARIABLE.findall(template))
    known = (name for name in names if not name.startswith(OWN))
    return tuple(dict.fromkeys(name for name in known if ALIASES.get(name, name) not in VARIABLES))


def safe_value(value: str, *, longest: int = 80) -> str:
    """A person's own text (a profile name) as one short line; empty when it tries to give orders."""
    line = " ".join("".join(ch if ch.isprintable() else " " for ch in value).split())[:longest]
    return "" if screen(line).suspicious else line.replace("{{", "{").replace("}}", "}")


def assemble(
    agent: AgentText, facts: Facts, *, protocols: Sequence[tuple[str, str]] = (), suspicious: bool = False
) -> SystemPrompt:
    """The whole system prompt. `protocols` are (tool name, how to use it) of the enabled tools, in order."""
    words = words_of(facts.locale)
    contact = {name: safe_value(value) for name, value in facts.contact.items()}
    contact |= {label: safe_value(value) for label, value in facts.details.values()}
    template = agent.template.strip() or words["default_role"]
    theirs = [fill(template, _values(agent, facts, words, contact.get("name", "")))]
    if agent.tone:
        theirs.append(f"# {words['tone']}\n{agent.tone}")
    if agent.rules:
        theirs.append(f"# {words['rules']}\n" + _list(agent.rules))
    if agent.dictionary:
        lines = [f"{word}: {', '.join(others)}" for word, others in agent.dictionary.items()]
        theirs.append(f"# {words['dictionary']}\n" + _list(lines))
    facts_text = f"# {words['facts']}\n" + _list(_fact_lines(facts, words, contact))
    ours: list[str] = []
    if protocols:
        ours.append(f"# {words['tools']}\n" + _list([f"{name}: {text}" for name, text in protocols]))
    ours.append(f"# {words['platform']}\n" + _list(words["platform_rules"]))
    if suspicious:
        ours.append(words["suspicious"])
    company_text, platform_text = "\n\n".join(theirs), "\n\n".join(ours)
    return SystemPrompt("\n\n".join([company_text, facts_text, platform_text]), ours=platform_text, theirs=company_text)


def spoken_date(now: datetime, words: Words) -> str:
    """A day as people say it, weekday included."""
    return f"{words['weekdays'][now.weekday()]} {now.day} {words['months'][now.month - 1]} {now.year}"


def _values(agent: AgentText, facts: Facts, words: Words, contact_name: str) -> dict[str, str]:
    return {
        "agent_name": agent.name,
        "role": agent.role,
        "company": facts.company,
        "trade": facts.trade,
        "today": spoken_date(facts.now, words),
        "weekday": words["weekdays"][facts.now.weekday()],
        "time": f"{facts.now:%H:%M}",
        "timezone": facts.timezone,
        "channel": facts.channel,
        "contact_name": contact_name,
        **{f"{OWN}{key}": safe_value(value) for key, (_label, value) in facts.details.items()},
    }


def _fact_lines(facts: Facts, words: Words, contact: Mapping[str, str]) -> list[str]:
    now = words["now"].format(
        weekday=words["weekdays"][facts.now.weekday()],
        day=facts.now.day,
        month=words["months"][facts.now.month - 1],
        year=facts.now.year,
        time=f"{facts.now:%H:%M}",
        zone=facts.timezone,
    )
    lines = [now, words["company"].format(facts.company)]
    if facts.trade:
        lines.append(words["trade"].format(facts.trade))
    if facts.channel:
        lines.append(words["channel"].format(facts.channel))
    known = {name: value for name, value in contact.items() if value}
    if known:
        lines.append(words["contact"].format(json.dumps(known, ensure_ascii=False)))
    return lines


def _list(lines: Sequence[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)
