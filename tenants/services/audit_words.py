"""The trail in words: what an action is called, what a field is called, where a thing is looked at."""

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.apps import apps
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.lib.ids import as_uuid
from tenants.models import Membership, SystemEvent
from tenants.services.audit_actions import ACTIONS

NOTHING = "—"
OUTCOMES = {
    "ok": gettext_lazy("Hecho"),
    "refused": gettext_lazy("Rechazado"),
    "failed": gettext_lazy("Falló"),
}
KINDS = {
    "user": gettext_lazy("Personas"),
    "agent": gettext_lazy("Agentes de IA"),
    "contact": gettext_lazy("Contactos"),
    "system": gettext_lazy("El sistema"),
    "platform": gettext_lazy("La plataforma"),
}
# The beginning of an action's name → what such actions are about.
FAMILIES = {
    "note": gettext_lazy("Notas"),
    "lead": gettext_lazy("Leads"),
    "task": gettext_lazy("Tareas"),
    "agenda": gettext_lazy("Agenda"),
    "appointment": gettext_lazy("Citas"),
    "service": gettext_lazy("Servicios"),
    "calendar": gettext_lazy("Calendarios"),
    "store": gettext_lazy("Tienda en línea"),
    "contact": gettext_lazy("Contactos"),
    "client": gettext_lazy("Clientes"),
    "pipeline": gettext_lazy("Embudos"),
    "stage": gettext_lazy("Etapas"),
    "lost_reason": gettext_lazy("Motivos de pérdida"),
    "conversation": gettext_lazy("Conversaciones"),
    "message": gettext_lazy("Mensajes"),
    "member": gettext_lazy("Equipo"),
    "credential": gettext_lazy("Credenciales"),
    "api_key": gettext_lazy("Claves de integración"),
    "agent": gettext_lazy("Agentes IA"),
    "run": gettext_lazy("Turnos de agentes"),
    "channel": gettext_lazy("Canales"),
    "template": gettext_lazy("Plantillas"),
    "scheduled": gettext_lazy("Mensajes programados"),
    "document": gettext_lazy("Conocimiento"),
    "settings": gettext_lazy("Ajustes"),
    "login": gettext_lazy("Ingresos"),
    "access": gettext_lazy("Accesos rechazados"),
    "person": gettext_lazy("Datos de personas"),
    "visit": gettext_lazy("Visitas de la plataforma"),
    "audit": gettext_lazy("Auditoría"),
    "custom_field": gettext_lazy("Campos propios"),
    "tag": gettext_lazy("Etiquetas"),
    "form": gettext_lazy("Formularios y entradas"),
    "import": gettext_lazy("Importaciones"),
    "bulk": gettext_lazy("Cambios en lote"),
    "view": gettext_lazy("Vistas guardadas"),
}
# What the admin's pages tell of any model.
VERBS = {
    "added": gettext_lazy("Agregado: %(thing)s"),
    "changed": gettext_lazy("Cambiado: %(thing)s"),
    "listed": gettext_lazy("Consultado: %(thing)s"),
    "removed": gettext_lazy("Eliminado: %(thing)s"),
    "retried": gettext_lazy("Reintentado: %(thing)s"),
    "viewed": gettext_lazy("Visto: %(thing)s"),
}
FIELDS: dict[str, Promise] = {
    "after": gettext_lazy("Después"),
    "assignee": gettext_lazy("Quien atiende"),
    "before": gettext_lazy("Antes"),
    "bubbles": gettext_lazy("Mensajes"),
    "cause": gettext_lazy("Motivo"),
    "created": gettext_lazy("Nuevos"),
    "format": gettext_lazy("Formato"),
    "left": gettext_lazy("Sin deshacer"),
    "refused": gettext_lazy("Con error"),
    "rows": gettext_lazy("Filas"),
    "skipped": gettext_lazy("Sin cambio"),
    "steps": gettext_lazy("Pasos"),
    "conversion_requires": gettext_lazy("Datos para convertir"),
    "client": gettext_lazy("Cliente"),
    "counts": gettext_lazy("Cantidades"),
    "email": gettext_lazy("Correo"),
    "face": gettext_lazy("Por dónde"),
    "fields": gettext_lazy("Campos"),
    "granted": gettext_lazy("Aceptó"),
    "other": gettext_lazy("El otro contacto"),
    "purpose": gettext_lazy("Para qué"),
    "filters": gettext_lazy("Filtros"),
    "hours": gettext_lazy("Horas"),
    "interest": gettext_lazy("Interés"),
    "method": gettext_lazy("Pedido"),
    "name": gettext_lazy("Nombre"),
    "owner": gettext_lazy("Vendedor"),
    "phone": gettext_lazy("Teléfono"),
    "reason": gettext_lazy("Motivo"),
    "role": gettext_lazy("Rol"),
    "route": gettext_lazy("Dirección pedida"),
    "scope": gettext_lazy("Alcance"),
    "score": gettext_lazy("Puntaje"),
    "search": gettext_lazy("Con búsqueda"),
    "source": gettext_lazy("Origen"),
    "stage": gettext_lazy("Etapa"),
    "status": gettext_lazy("Estado"),
    "title": gettext_lazy("Título"),
    "until": gettext_lazy("Hasta"),
    "updated": gettext_lazy("Completados"),
    "version": gettext_lazy("Versión"),
}
LISTS = frozenset({"fields", "filters", "redacted", "scopes"})  # two entries of these are no before and after
# Where a thing is looked at: (name of the address, permission). By name: the pages lie in layers above this one.
PAGES = {
    "lead": ("lead", "leads.read"),
    "task": ("task", "tasks.read"),
    "conversation": ("conversation", "inbox.read"),
    "agent": ("agent", "agents.read"),
    "agentrun": ("agent-run", "runs.read"),
    "channel": ("channel", "channels.read"),
    "importbatch": ("import", "leads.import"),
}
LISTED = {
    "contact": ("inbox", "inbox.read", "?contact="),
    "person": ("inbox", "inbox.read", "?contact="),
    "credential": ("credentials", "credentials.write", ""),
    "document": ("documents", "knowledge.read", ""),
}


@dataclass(frozen=True)
class Change:
    """One field. `before` is None where only one value is known."""

    name: str
    before: str | None
    after: str


def sentence(action: str) -> str:
    """What was done, in words; an action nobody wrote words for by its own name."""
    found = ACTIONS.get(action)
    if found is not None:
        return str(found)
    noun, _dot, verb = action.rpartition(".")
    model, words = _models().get(noun.removesuffix("s") if verb == "listed" else noun), VERBS.get(verb)
    if model is None or words is None:
        return action
    thing = model._meta.verbose_name_plural if verb == "listed" else model._meta.verbose_name
    return str(words) % {"thing": thing}


def outcome(code: str) -> str:
    return str(OUTCOMES.get(code, code))


@cache
def _models() -> dict[str, Any]:
    return {model._meta.model_name or "": model for model in apps.get_models()}


def thing(event: SystemEvent) -> str:
    """What was acted on: "lead 0190…"."""
    model = _models().get(event.resource_type)
    kind = str(model._meta.verbose_name) if model is not None else event.resource_type
    return f"{kind} {event.resource_id[:8]}".strip()


def page_for(event: SystemEvent, member: Membership) -> str:
    """The address of its page, if it has one and the member may open it; else empty."""
    plain, listed = PAGES.get(event.resource_type), LISTED.get(event.resource_type)
    try:
        if plain and member.may(plain[1]) and as_uuid(event.resource_id):
            return reverse(plain[0], args=[event.resource_id])
        if listed and member.may(listed[1]):
            return reverse(listed[0]) + (f"{listed[2]}{event.resource_id}" if listed[2] else "")
    except NoReverseMatch:
        return ""
    return ""


def changes(diff: dict[str, Any], prefix: str = "") -> list[Change]:
    """Field by field, nested ones by their path; a pair is before and after, and what is not known is "—"."""
    before, after = diff.get("before"), diff.get("after")
    if isinstance(before, dict) and isinstance(after, dict):
        pairs = {name: [before.get(name), after.get(name)] for name in sorted({*before, *after})}
        diff = {**{name: value for name, value in diff.items() if name not in ("before", "after")}, **pairs}
    found = []
    for name, value in diff.items():
        label = f"{prefix}{FIELDS.get(name, name)}"
        if isinstance(value, dict):
            found += changes(value, f"{label} · ")
        elif isinstance(value, list) and len(value) == 2 and name not in LISTS:
            found.append(Change(label, said(value[0]), said(value[1])))
        else:
            found.append(Change(label, None, said(value)))
    return found


def said(value: Any) -> str:
    """A value of a diff as a person reads it."""
    if value is None or value in ("", [], {}):
        return NOTHING
    if isinstance(value, bool):
        return _("sí") if value else _("no")
    if isinstance(value, list):
        return ", ".join(said(each) for each in value)
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else str(value)
