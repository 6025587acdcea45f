"""What a model would be told: the whole instructions of an agent as they stand, with a sample customer and today's date."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Value
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from agents.domain.history import tokens_of
from agents.models import BusinessAsset
from agents.services.assets import warnings_of
from agents.services.llms import PROVIDERS
from agents.services.scene import prompt_of
from agents.services.toolbox import allowed_tools
from crm.models import Contact, CustomField
from tenants.context import current_tenant
from tenants.services.vault import lent_rows, own_rows

MOST_OFFERED = 40  # of the company's own fields and texts, beside the field
# In the order in which they are offered; the Spanish names are ALIASES.
_OFFERED = {
    "agent_name": "agente", "company": "empresa", "trade": "rubro", "role": "rol", "contact_name": "contacto",
    "today": "fecha", "weekday": "dia", "time": "hora", "channel": "canal", "timezone": "zona",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Preview:
    """`tokens` is a rough count, never used for money; `warnings` say what to mend before publishing."""

    text: str
    tokens: int
    warnings: list[str]


def preview_of(snapshot: Mapping[str, Any]) -> Preview:
    """Of the entered company, without writing anything and without asking a model."""
    tenant = current_tenant()
    tools = allowed_tools(snapshot.get("enabled_tools") or [], suspicious=False, tenant=tenant)
    channel = next(iter(snapshot.get("channels") or []), "")
    contact = Contact(name=_("Ana Pérez"), phone="+5491155550100", email="ana@example.com")
    prompt = prompt_of(tenant, dict(snapshot), channel=channel, contact=contact, tools=tools, suspicious=False)
    return Preview(prompt.text, tokens_of(prompt.text), warnings_of(snapshot, prompt=prompt.text))


@dataclass(frozen=True, slots=True)
class Variable:
    """`token` is what is written into the instructions."""

    token: str
    means: str


def variables() -> list[Variable]:
    """What the company may write into instructions: the platform's names, its own fields, its texts."""
    means = {
        "agent_name": _("nombre del agente"),
        "company": _("nombre de la empresa"),
        "trade": _("rubro"),
        "role": _("función del agente"),
        "contact_name": _("nombre del cliente, si se sabe"),
        "today": _("fecha de hoy"),
        "weekday": _("día de la semana"),
        "time": _("hora"),
        "channel": _("canal de la conversación"),
        "timezone": _("zona horaria"),
    }
    spanish = (get_language() or "es").startswith("es")
    words = {"field": "campo", "asset": "activo"} if spanish else {"field": "field", "asset": "asset"}
    found = [Variable(f"{{{{{_OFFERED[name] if spanish else name}}}}}", means[name]) for name in _OFFERED]
    return found + [Variable(f"{{{{{words[of]}.{key}}}}}", title) for of, key, title in _own_words()]


def _own_words() -> Iterable[tuple[str, str, str]]:
    """The company's own fields, then its texts: of which, key and title. One statement."""
    fields = CustomField.objects.filter(is_active=True).order_by("position", "key")
    texts = BusinessAsset.objects.filter(is_active=True).order_by("kind", "title")
    of = fields.annotate(of=Value("field")).values_list("of", "key", "label")[:MOST_OFFERED]
    return of.union(texts.annotate(of=Value("asset")).values_list("of", "key", "title")[:MOST_OFFERED], all=True)


def lacking_key(provider: str) -> str:
    """The vault category where this provider's key is missing; empty where it is there or none is needed."""
    if provider not in PROVIDERS:
        return ""
    category = PROVIDERS[provider][0]
    has = own_rows(category, ["API_KEY"]) or lent_rows(category, ["API_KEY"])
    return "" if has else category
