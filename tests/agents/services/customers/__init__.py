"""Fifty customers who want an appointment, as they write, and what has to stand in the agenda when they have left.

`says`: (words, what a reasonable model makes of them). `ends`: the appointments that stand, in the company's time.
"""

import tomllib
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Customer:
    """One script. `taken`: times of somebody else; `services`: what the company books, when it is more than one thing."""

    name: str
    language: str
    says: list[tuple[str, str]]
    ends: list[str]
    now: str = "2026-11-23 09:00"
    taken: list[str] = field(default_factory=list)
    services: list[str] = field(default_factory=list)
    seller: str = ""
    phone: str = ""
    trade: str = "sales"
    person: dict[str, str] = field(default_factory=dict)
    hears: str = ""
    again: str = ""

    @property
    def asks_again(self) -> str:
        return self.again or ("¿Cuándo es mi turno?" if self.language == "es" else "When is my appointment?")


def load() -> list[Customer]:
    """Everybody, in the order of the files."""
    found = []
    for language in ("es", "en"):
        rows = tomllib.loads((Path(__file__).parent / f"{language}.toml").read_text(encoding="utf-8"))["customer"]
        found += [
            Customer(**{**row, "language": language, "says": [tuple(each) for each in row["says"]]}) for row in rows
        ]
    return found
