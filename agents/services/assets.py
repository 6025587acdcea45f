"""Texts of the business that agents' instructions take in by name: `{{activo.clave}}`.

A change is what customers meet from the next message on: what was published holds the name, not the text. Such a text is
there to be said, so it must hold nothing that a customer may not read.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from agents.domain.history import tokens_of
from agents.domain.prompt import ASSET, OWN, keys_in, unknown_variables
from agents.models import Agent, BusinessAsset
from config.lib.errors import Invalid, NotFound
from config.lib.ids import key_of
from crm.models import CustomField
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tenants.models import Tenant
from tenants.services.audit import record

EDITABLE = frozenset({"key", "kind", "title", "content", "is_active"})
LONGEST = 8_000  # letters of one text
MOST = 200  # texts of a company
LONG_PROMPT = 8_000  # tokens: from here on every message gets dear and slow
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_")


def create_asset(*, by: Actor, **fields: Any) -> BusinessAsset:
    """A new text. Raises Invalid with the fields that are wrong."""
    if BusinessAsset.objects.count() >= MOST:
        raise Invalid(_("Una empresa tiene hasta %(most)d activos: borrar los que no se usan.") % {"most": MOST})
    asset = BusinessAsset()
    _assign(asset, fields)
    asset.save(force_insert=True)
    record(action="asset.created", resource=asset, by=by, diff={"key": asset.key})
    return asset


def update_asset(*, asset: BusinessAsset, by: Actor, **fields: Any) -> BusinessAsset:
    """Other words, from the next message on. Its key cannot change while an agent uses it."""
    before = {name: getattr(asset, name) for name in fields if name in EDITABLE}
    using = used_by(asset.key) if fields.get("key", asset.key) != asset.key else []
    _assign(asset, fields)
    if using and asset.key != before["key"]:
        words = _("La usa %(names)s: cambiar antes sus instrucciones.") % {"names": _names(using)}
        raise Invalid(words, fields={"key": words})
    changed = sorted(name for name, old in before.items() if getattr(asset, name) != old)
    if changed:
        asset.save(update_fields=[*changed, "updated_at"])
        record(action="asset.updated", resource=asset, by=by, diff={"key": asset.key, "fields": changed})
    return asset


def remove_asset(*, asset: BusinessAsset, by: Actor) -> None:
    """Refused while an agent uses it: its sentence would lose a piece without anybody noticing."""
    using = used_by(asset.key)
    if using:
        raise Invalid(_("Lo usa %(names)s: quitarlo antes de sus instrucciones.") % {"names": _names(using)})
    record(action="asset.removed", resource=asset, by=by, diff={"key": asset.key})
    asset.delete()


def asset_for(pk: object) -> BusinessAsset:
    asset = BusinessAsset.objects.filter(pk=key_of(pk)).first()
    if asset is None:
        raise NotFound(_("Ese activo no existe."))
    return asset


def used_by(key: str) -> list[Agent]:
    """Agents whose working copy or published version names it."""
    return uses([key])[key]


def uses(keys: Iterable[str]) -> dict[str, list[Agent]]:
    """Key → agents that name it. Two queries, whatever their number."""
    found: dict[str, list[Agent]] = {key: [] for key in keys}
    for agent in Agent.objects.select_related("published"):
        published = agent.published.snapshot if agent.published else {}
        named = keys_in(ASSET, *texts_of(_working(agent)), *texts_of(published))
        for key in set(named) & found.keys():
            found[key].append(agent)
    return found


def texts_of(snapshot: Mapping[str, Any]) -> tuple[str, ...]:
    """Where variables are filled: instructions, tone and rules."""
    config = snapshot.get("config")
    config = config if isinstance(config, dict) else {}
    rules = config.get("rules") or []
    lines = [str(each) for each in rules] if isinstance(rules, list) else [str(rules)]
    return (str(snapshot.get("system_prompt_template") or ""), str(config.get("tone") or ""), *lines)


def contents_of(tenant: Tenant, snapshot: Mapping[str, Any]) -> dict[str, str]:
    """Key → text of what these instructions name; what is missing or switched off is left out. No query without names."""
    keys = keys_in(ASSET, *texts_of(snapshot))
    if not keys:
        return {}
    with tenant_context(tenant):
        rows = BusinessAsset.objects.filter(key__in=keys, is_active=True)
        return {key: content[:LONGEST] for key, content in rows.values_list("key", "content")}


def warnings_of(snapshot: Mapping[str, Any], *, prompt: str = "") -> list[str]:
    """What a person should know before publishing these instructions, in words. Nothing here forbids it."""
    texts = texts_of(snapshot)
    said = [
        _("{{%(name)s}} no existe: el cliente podría leerla tal cual. Corregirla o quitarla.") % {"name": name}
        for name in unknown_variables("\n".join(texts))
    ]
    said += _missing_assets(texts)
    own = keys_in(OWN, *texts)
    known = set(CustomField.objects.filter(key__in=own, is_active=True).values_list("key", flat=True)) if own else set()
    said += [
        _("{{campo.%(key)s}} queda vacío: no hay ningún campo propio con esa clave.") % {"key": key}
        for key in own
        if key not in known
    ]
    tokens = tokens_of(prompt)
    if tokens > LONG_PROMPT:
        said.append(
            _("Las instrucciones son muy largas (unos %(tokens)d tokens en cada respuesta): cuestan y tardan más.")
            % {"tokens": tokens}
        )
    return said


def _missing_assets(texts: tuple[str, ...]) -> list[str]:
    keys = keys_in(ASSET, *texts)
    active = dict(BusinessAsset.objects.filter(key__in=keys).values_list("key", "is_active")) if keys else {}
    off = _("{{activo.%(key)s}} queda vacío: ese activo está apagado.")
    absent = _("{{activo.%(key)s}} queda vacío: ese activo no existe.")
    return [(off if key in active else absent) % {"key": key} for key in keys if not active.get(key)]


def _working(agent: Agent) -> dict[str, Any]:
    return {"system_prompt_template": agent.system_prompt_template, "config": agent.config}


def _names(agents: list[Agent]) -> str:
    shown = ", ".join(f"«{agent.name}»" for agent in agents[:3])
    rest = len(agents) - 3
    more = ngettext(" y %(count)d agente más", " y %(count)d agentes más", rest) % {"count": rest}
    return shown + (more if rest > 0 else "")


def _assign(asset: BusinessAsset, fields: dict[str, Any]) -> None:
    unknown = set(fields) - EDITABLE
    if unknown:
        raise Invalid(_("No se puede cambiar: %(names)s.") % {"names": ", ".join(sorted(unknown))})
    for name, value in fields.items():
        setattr(
            asset, name, value.replace("\x00", "").replace("\r\n", "\n").strip() if isinstance(value, str) else value
        )
    asset.key = asset.key.lower()
    wrong = _problems(asset)
    if wrong:
        raise Invalid(next(iter(wrong.values())), fields=wrong)


def _problems(asset: BusinessAsset) -> dict[str, str]:
    wrong: dict[str, str] = {}
    if not 1 <= len(asset.key) <= 40 or not set(asset.key) <= _LETTERS:
        wrong["key"] = _("La clave lleva de 1 a 40 letras sin acento, números o guiones: guion-de-cierre.")
    elif BusinessAsset.objects.filter(key=asset.key).exclude(pk=asset.pk).exists():
        wrong["key"] = _("Ya hay un activo con esa clave.")
    if asset.kind not in BusinessAsset.Kind.values:
        wrong["kind"] = _("Valor desconocido.")
    if not 1 <= len(asset.title) <= 120:
        wrong["title"] = _("El título lleva de 1 a 120 letras.")
    if not asset.content:
        wrong["content"] = _("Falta el texto.")
    elif len(asset.content) > LONGEST:
        words = {"count": len(asset.content), "most": LONGEST}
        wrong["content"] = _("El texto tiene %(count)d letras y puede tener %(most)d.") % words
    return wrong
