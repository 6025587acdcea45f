"""Secrets of a company's own tools: names that it chooses, each tied to one tool as `CLAVE@<id of the tool>`."""

import re
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from tenants.providers_check.base import Field, Kind

NAME = re.compile(r"[A-Z][A-Z0-9_]{0,39}")


@dataclass(frozen=True)
class OwnNames(Kind):
    """Any name that is written like one; never lent, for it goes to an address that the company wrote."""

    def field_of(self, name: str) -> Field | None:
        return Field(name, name, lendable=False) if NAME.fullmatch(name) else None

    @property
    def names(self) -> tuple[str, ...]:
        return ("CLAVE",)


KIND = OwnNames("tools", "Herramientas", _("Claves de las herramientas propias de los agentes."))
