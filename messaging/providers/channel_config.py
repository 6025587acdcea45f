"""What a channel of a kind has to be told, declared beside its adapter; forms and the API read it from here."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from config.lib.errors import Invalid


@dataclass(frozen=True, slots=True)
class ConfigField:
    """One plain value of a channel; `pattern` matches the whole of it. `many`: a list of such values; `flag`: yes or no."""

    name: str
    label: Promise | str
    required: bool = False
    pattern: str = r".{1,200}"
    help: Promise | str = ""
    many: bool = False
    flag: bool = False


@dataclass(frozen=True, slots=True)
class ChannelConfig:
    """Fields kept on the channel, and the vault's names of what must never be kept there."""

    fields: tuple[ConfigField, ...] = ()
    credentials: tuple[tuple[str, str], ...] = ()
    """(category, NAME) of each credential the channel needs"""
    account_field: str = ""
    """the field whose value is `channel_ref` in parsed items"""
    server_secret: tuple[str, str] | None = None
    """the credential that says where the provider is, when each company runs its own: numbers are unique there only"""

    def clean(self, raw: Mapping[str, Any]) -> dict[str, Any]:
        """The known fields of `raw`, checked; raises `Invalid` with a sentence for each wrong one."""
        cleaned: dict[str, Any] = {}
        wrong: dict[str, str] = {}
        for one in self.fields:
            if one.flag:
                if str(raw.get(one.name)).lower() in ("true", "on", "1"):
                    cleaned[one.name] = True
                continue
            values = _values(raw.get(one.name), many=one.many)
            if one.required and not values:
                wrong[one.name] = _("Falta este dato.")
            elif bad := [value for value in values if not re.fullmatch(one.pattern, value)]:
                wrong[one.name] = _not_fitting(bad[0]) if one.many else _("Este dato no tiene la forma esperada.")
            elif values:
                cleaned[one.name] = values if one.many else values[0]
        if wrong:
            raise Invalid(_("Revisar los datos del canal."), fields=wrong)
        return cleaned

    def channel_ref(self, config: Mapping[str, Any]) -> str:
        """How the provider names the channel in its webhooks; empty if it does not."""
        return str(config.get(self.account_field, "")) if self.account_field else ""


def _not_fitting(value: str) -> str:
    return _("«%(value)s» no tiene la forma esperada.") % {"value": value[:100]}


def _values(given: object, *, many: bool) -> list[str]:
    if many and isinstance(given, str):
        given = re.split(r"[\s,]+", given)
    listed = given if many and isinstance(given, list | tuple) else [given]
    return [str(one).strip() for one in listed if one is not None and str(one).strip()]
