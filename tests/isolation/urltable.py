"""Every address of the product, read from the URL table, so that a new page is probed the day it is added."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.converters import IntConverter, UUIDConverter
from django.utils.regex_helper import normalize

from tenants.admin_site import GATE

# From 1 in every company: a key is never foreign.
NUMBERED = {
    "live.LiveEvent",
    "live.LiveCounter",
    "rag.Chunk",
    "crm.AgendaSettings",
    "crm.CalendarConnection",
    "crm.Store",
}
# The word before an id in an address → the model whose id it is.
NOUNS = {
    "test-sets": "agents.TestCase",
    "pruebas": "agents.TestCase",
    "probar": "agents.AgentRun",
    "leads": "crm.Lead",
    "contacts": "crm.Contact",
    "contactos": "crm.Contact",
    "sellers": "crm.Seller",
    "vendedores": "crm.Seller",
    "stages": "crm.Stage",
    "etapas": "crm.Stage",
    "clients": "crm.Client",
    "clientes": "crm.Client",
    "citas": "crm.AgendaEvent",
    "google-calendar": "crm.ExternalCalendar",
    "tasks": "crm.Task",
    "tareas": "crm.Task",
    "notes": "crm.Note",
    "notas": "crm.Note",
    "notifications": "crm.Notification",
    "avisos": "crm.Notification",
    "pipelines": "crm.Pipeline",
    "embudo": "crm.Pipeline",
    "lost-reasons": "crm.LostReason",
    "motivos": "crm.LostReason",
    "stage-requests": "crm.StageRequest",
    "aprobaciones": "crm.StageRequest",
    "tags": "crm.Tag",
    "etiquetas": "crm.Tag",
    "custom-fields": "crm.CustomField",
    "campos": "crm.CustomField",
    "saved-views": "crm.SavedView",
    "vistas": "crm.SavedView",
    "bulk": "crm.BulkAction",
    "lotes": "crm.BulkAction",
    "templates": "messaging.MessageTemplate",
    "plantillas": "messaging.MessageTemplate",
    "scheduled": "messaging.ScheduledMessage",
    "programados": "messaging.ScheduledMessage",
    "forms": "crm.InboundForm",
    "formularios": "crm.InboundForm",
    "submissions": "crm.Submission",
    "envios": "crm.Submission",
    "imports": "crm.ImportBatch",
    "importaciones": "crm.ImportBatch",
    "services": "crm.Service",
    "servicios": "crm.Service",
    "dias": "crm.HoursException",
    "events": "crm.AgendaEvent",
    "holds": "crm.AgendaEvent",
    "absences": "crm.Absence",
    "ausencias": "crm.Absence",
    "assignment-rules": "crm.AssignmentRule",
    "reglas": "crm.AssignmentRule",
    "reservar": "crm.Service",
    "handovers": "crm.BulkAction",
    "traspasos": "crm.BulkAction",
    "goals": "crm.Goal",
    "metas": "crm.Goal",
    "duplicates": "crm.DuplicatePair",
    "duplicados": "crm.DuplicatePair",
    "merges": "crm.ContactMerge",
    "uniones": "crm.ContactMerge",
    "unir": "crm.Contact",
    "consents": "crm.Consent",
    "points": "crm.ContactPoint",
    "conversions": "crm.Conversion",
    "channels": "messaging.Channel",
    "canales": "messaging.Channel",
    "canal": "messaging.Channel",
    "entregas": "messaging.Message",
    "elegir": "messaging.MetaLogin",
    "eventos": "ingest.InboundEvent",
    "widget": "messaging.Channel",
    "conversations": "messaging.Conversation",
    "bandeja": "messaging.Conversation",
    "messages": "messaging.Message",
    "mensajes": "messaging.Message",
    "attachments": "messaging.Attachment",
    "adjuntos": "messaging.Attachment",
    "archivos": "messaging.Attachment",
    "chat": "messaging.Channel",
    "documents": "rag.Document",
    "conocimiento": "rag.Document",
    "documentos": "rag.Document",
    "chunks": "rag.Chunk",
    "agents": "agents.Agent",
    "agentes": "agents.Agent",
    "runs": "agents.AgentRun",
    "turnos": "agents.AgentRun",
    "ayuda": "agents.AgentRun",
    "copilot": "agents.AgentRun",
    "activos": "agents.BusinessAsset",
    "business-assets": "agents.BusinessAsset",
    "actos": "agents.PendingAct",
    "acts": "agents.PendingAct",
    "preguntas": "agents.Question",
    "questions": "agents.Question",
    "members": "tenants.Membership",
    "miembros": "tenants.Membership",
    "equipo": "tenants.Membership",
    "invitaciones": "tenants.OneTimeLink",
    "invitations": "tenants.OneTimeLink",
    "claves": "tenants.ApiKey",
    "api-keys": "tenants.ApiKey",
    "sesiones": "tenants.SignIn",
    "sessions": "tenants.SignIn",
    "equipos": "tenants.Team",
    "teams": "tenants.Team",
    "visitas": "tenants.PlatformAccess",
    "notices": "messaging.ProviderNotice",
    "datos-personales": "agents.PrivacyRequest",
    "privacy-requests": "agents.PrivacyRequest",
    "auditoria": "tenants.SystemEvent",
    "conflictos": "crm.CalendarConflict",
}
PLAIN = {"category": "openai", "name": "API_KEY", "format": "json", "number": "1", "version": "1", "date": "2026-01-01"}
UNSAFE = ("POST", "PATCH", "PUT", "DELETE")


@dataclass(frozen=True)
class Address:
    """`route` is a template such as `leads/%(pk)s/`; `ids` are its parameters that hold keys."""

    route: str
    params: tuple[str, ...]
    ids: frozenset[str]
    view: Any

    def __str__(self) -> str:
        return "/" + self.route

    @property
    def cls(self) -> Any:
        return getattr(self.view, "cls", None) or getattr(self.view, "view_class", None)

    @property
    def is_api(self) -> bool:
        return self.route.startswith("api/")

    @property
    def is_admin(self) -> bool:
        return self.route.startswith("admin/")

    @property
    def scope(self) -> str:
        return getattr(self.view, "scope", None) or getattr(self.cls, "scope", "tenant")

    @property
    def verbs(self) -> tuple[str, ...]:
        actions = getattr(self.view, "actions", None)
        if actions:
            return tuple(verb.upper() for verb in actions if verb.upper() in ("GET", *UNSAFE))
        if self.cls is not None:
            return tuple(verb for verb in ("GET", *UNSAFE) if hasattr(self.cls, verb.lower()))
        return ("GET", "POST")

    def permission(self, verb: str) -> str | None:
        """What a role must have for this verb; None where the address does not say."""
        if self.cls is not None and self.is_api:
            found = getattr(self.cls, "reads" if verb == "GET" else "writes", None)
            return found if isinstance(found, str) else None
        if self.is_admin:
            return GATE  # the site's own views are wrapped once more by their model's
        return getattr(self.view, "permission", None)

    def model(self, param: str) -> str | None:
        """Whose key `param` is, as far as the word before it tells."""
        before = self.route.split(f"%({param})s")[0].strip("/").split("/")
        if before[0] == "admin" and len(before) >= 3:
            try:
                return apps.get_model(before[1], before[2])._meta.label
            except LookupError:
                return None
        return NOUNS.get(before[-1]) or next((NOUNS[word] for word in reversed(before) if word in NOUNS), None)

    def paths(self, keys: dict[str, object]) -> list[str]:
        """The address filled in with these keys: the fitting one where known, else each of them in turn."""
        fixed = {name: PLAIN.get(name, "x") for name in self.params if name not in self.ids}
        known = {name: keys.get(self.model(name) or "") for name in self.ids}
        if all(known.values()):
            return ["/" + self.route % {**fixed, **known}]
        return [
            "/" + self.route % {**fixed, **{name: known[name] or key for name in self.ids}} for key in keys.values()
        ]


def addresses() -> list[Address]:
    return sorted(_walk(get_resolver().url_patterns, "", {}), key=lambda each: each.route)


def _walk(patterns: list[Any], prefix: str, converters: dict[str, Any]) -> Iterator[Address]:
    for each in patterns:
        text, params = normalize(each.pattern.regex.pattern)[0]
        route = prefix + text
        found = {**converters, **dict.fromkeys(params), **getattr(each.pattern, "converters", {})}
        if isinstance(each, URLResolver):
            yield from _walk(each.url_patterns, route, found)
        elif isinstance(each, URLPattern):
            ids = frozenset(name for name, converter in found.items() if _is_key(name, converter))
            yield Address(route, tuple(found), ids, each.callback)


def _is_key(name: str, converter: Any) -> bool:
    if isinstance(converter, UUIDConverter | IntConverter):
        return True
    return name in ("pk", "id", "object_id") or name.endswith(("_id", "_pk"))
