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
from agents.domain.register import english_of, spanish_of

_VARIABLE = re.compile(r"\{\{\s*([A-Za-z_]{1,40}|(?:campo|field|activo|asset)\.[A-Za-z0-9_-]{1,40})\s*\}\}")
_BRACES = re.compile(r"\{\{\s*([^{}\n]{1,60}?)\s*\}\}")  # what somebody took for a variable
OWN = "campo."  # {{campo.zona}}: a field of the company's own
ASSET = "activo."  # {{activo.marca}}: a text of the business
_ENGLISH_PREFIXES = {"field.": OWN, "asset.": ASSET}
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
    register: str = ""
    """voseo, tuteo, usted, or nothing: see agents.domain.register. `register_en` is casual, formal or nothing."""
    register_en: str = ""
    disclose_first: bool = False
    """Whether it says that it is an AI before anybody asks."""


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
    assets: Mapping[str, str] = field(default_factory=dict)
    """Texts of the business: key → content."""


@dataclass(frozen=True, slots=True)
class SystemPrompt:
    """`text` goes to the model; `ours` and `theirs` are its two authors, for the outbound filter. Texts of the business
    are in neither: the company wrote them to be said."""

    text: str
    ours: str
    theirs: str


def fill(template: str, values: Mapping[str, str]) -> str:
    """Replace `{{name}}` by its value, once; a name that nobody knows stays as written, a field without value is empty."""

    def value(match: re.Match[str]) -> str:
        name = _name(match.group(1))
        return values.get(name, "" if name.startswith((OWN, ASSET)) else match.group())

    return _VARIABLE.sub(value, template)


def _name(written: str) -> str:
    """The one name of a variable, whatever language it was written in."""
    name = written.lower()
    for english, ours in _ENGLISH_PREFIXES.items():
        if name.startswith(english):
            return ours + name.removeprefix(english)
    return ALIASES.get(name, name)


def names_in(*texts: str) -> tuple[str, ...]:
    """Every variable of these texts by its one name, each once, in the order they are written."""
    return tuple(dict.fromkeys(_name(found) for text in texts for found in _VARIABLE.findall(text)))


def keys_in(prefix: str, *texts: str) -> tuple[str, ...]:
    """Keys of the variables that begin with `prefix` (OWN or ASSET)."""
    return tuple(name.removeprefix(prefix) for name in names_in(*texts) if name.startswith(prefix))


def unknown_variables(template: str) -> tuple[str, ...]:
    """Names that `fill` would leave as written, so that a page can say so before publishing."""
    written = (match.group(1) for match in _BRACES.finditer(template))
    names = dict.fromkeys(_name(each) if _VARIABLE.fullmatch(f"{{{{{each}}}}}") else each for each in written)
    return tuple(name for name in names if not name.startswith((OWN, ASSET)) and name not in VARIABLES)


def safe_value(value: str, *, longest: int = 80) -> str:
    """A person's own text (a profile name) as one short line; empty when it tries to give orders."""
    line = " ".join("".join(ch if ch.isprintable() else " " for ch in value).split())[:longest]
    return "" if screen(line).suspicious else line.replace("{{", "{").replace("}}", "}")


def assemble(
    agent: AgentText, facts: Facts, *, protocols: Sequence[tuple[str, str]] = (), suspicious: bool = False
) -> SystemPrompt:
    """The whole system prompt. `protocols` are (tool name, how to use it) of the enabled tools, in order."""
    words = words_of(facts.locale, agent.register)
    contact = {name: safe_value(value) for name, value in facts.contact.items()}
    contact |= {label: safe_value(value) for label, value in facts.details.values()}
    values = _values(agent, facts, words, contact.get("name", ""))
    assets = {f"{ASSET}{key}": content for key, content in facts.assets.items()}
    company_text = _company_text(agent, words, {**values, **assets})
    facts_text = f"# {words['facts']}\n" + _list(_fact_lines(facts, words, contact))
    ours: list[str] = []
    if protocols:
        ours.append(f"# {words['tools']}\n" + _list([f"{name}: {text}" for name, text in protocols]))
    ours.append(f"# {words['platform']}\n" + _list([*words["platform_rules"], *_manners(agent, facts.locale, words)]))
    if suspicious:
        ours.append(words["suspicious"])
    platform_text = "\n\n".join(ours)
    return SystemPrompt(
        "\n\n".join([company_text, facts_text, platform_text]),
        ours=platform_text,
        theirs=_company_text(agent, words, values) if assets else company_text,
    )


def _company_text(agent: AgentText, words: Words, values: Mapping[str, str]) -> str:
    """What the company wrote, its variables filled; an empty template gets a plain role."""
    theirs = [fill(agent.template.strip() or words["default_role"], values)]
    if agent.tone:
        theirs.append(f"# {words['tone']}\n{fill(agent.tone, values)}")
    if agent.rules:
        theirs.append(f"# {words['rules']}\n" + _list([fill(rule, values) for rule in agent.rules]))
    if agent.dictionary:
        lines = [f"{word}: {', '.join(others)}" for word, others in agent.dictionary.items()]
        theirs.append(f"# {words['dictionary']}\n" + _list(lines))
    return "\n\n".join(theirs)


def _manners(agent: AgentText, locale: str, words: Words) -> list[str]:
    """How customers are addressed, where the company chose it, and when the agent says what it is."""
    said = [words["disclose_first"]] if agent.disclose_first else []
    if agent.register:
        said.append(words["treatment"][spanish_of(agent.register, locale)])
    if agent.register or agent.register_en:
        said.append(words["treatment"][english_of(agent.register_en, agent.register)])
    return said


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
