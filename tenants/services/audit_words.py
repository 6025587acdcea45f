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
ACTIONS = {
    "bulk.started": gettext_lazy("Cambio en lote empezado"),
    "bulk.stopped": gettext_lazy("Cambio en lote detenido"),
    "bulk.undone": gettext_lazy("Cambio en lote deshecho"),
    "view.created": gettext_lazy("Vista guardada"),
    "view.deleted": gettext_lazy("Vista borrada"),
    "view.updated": gettext_lazy("Vista cambiada"),
    "clients.export_finished": gettext_lazy("Exportación de clientes terminada"),
    "clients.exported": gettext_lazy("Clientes exportados"),
    "contacts.export_finished": gettext_lazy("Exportación de contactos terminada"),
    "contacts.exported": gettext_lazy("Contactos exportados"),
    "custom_field.created": gettext_lazy("Campo propio creado"),
    "custom_field.removed": gettext_lazy("Campo propio eliminado"),
    "custom_field.reordered": gettext_lazy("Campos propios ordenados"),
    "custom_field.updated": gettext_lazy("Campo propio cambiado"),
    "form.created": gettext_lazy("Formulario o entrada creado"),
    "form.removed": gettext_lazy("Formulario o entrada eliminado"),
    "form.token_renewed": gettext_lazy("Clave de una entrada cambiada"),
    "form.updated": gettext_lazy("Formulario o entrada cambiado"),
    "form.viewed": gettext_lazy("Envíos de un formulario vistos"),
    "import.finished": gettext_lazy("Importación terminada"),
    "import.received": gettext_lazy("Planilla subida"),
    "import.started": gettext_lazy("Importación comenzada"),
    "import.stopped": gettext_lazy("Importación detenida"),
    "import.undone": gettext_lazy("Importación deshecha"),
    "import.viewed": gettext_lazy("Importación vista"),
    "imports.listed": gettext_lazy("Importaciones consultadas"),
    "leads.export_finished": gettext_lazy("Exportación de leads terminada"),
    "leads.exported": gettext_lazy("Leads exportados"),
    "note.added": gettext_lazy("Nota agregada"),
    "note.removed": gettext_lazy("Nota borrada"),
    "note.restored": gettext_lazy("Nota recuperada"),
    "note.updated": gettext_lazy("Nota cambiada"),
    "note.viewed": gettext_lazy("Nota vista"),
    "notes.listed": gettext_lazy("Notas consultadas"),
    "notifications.listed": gettext_lazy("Avisos consultados"),
    "access.refused": gettext_lazy("Pidió algo que su rol no permite"),
    "agent.created": gettext_lazy("Agente creado"),
    "agent.published": gettext_lazy("Agente publicado"),
    "agent.removed": gettext_lazy("Agente eliminado"),
    "agent.rolled_back": gettext_lazy("Agente vuelto a una versión anterior"),
    "agent.updated": gettext_lazy("Agente cambiado"),
    "api_key.created": gettext_lazy("Clave de integración creada"),
    "api_key.revoked": gettext_lazy("Clave de integración anulada"),
    "attachment.viewed": gettext_lazy("Archivo de un chat abierto"),
    "audit.exported": gettext_lazy("Auditoría exportada"),
    "audit.viewed": gettext_lazy("Auditoría consultada"),
    "channel.created": gettext_lazy("Canal creado"),
    "channel.disabled": gettext_lazy("Canal apagado"),
    "channel.enabled": gettext_lazy("Canal encendido"),
    "channel.removed": gettext_lazy("Canal eliminado"),
    "channel.tested": gettext_lazy("Canal probado"),
    "channel.updated": gettext_lazy("Canal cambiado"),
    "company.created": gettext_lazy("Empresa creada"),
    "company.updated": gettext_lazy("Datos de la empresa cambiados"),
    "contact.created": gettext_lazy("Contacto creado"),
    "contact.updated": gettext_lazy("Datos del contacto cambiados"),
    "contact.blocked": gettext_lazy("Contacto bloqueado"),
    "contact.unblocked": gettext_lazy("Contacto desbloqueado"),
    "contact.consented": gettext_lazy("Consentimiento anotado"),
    "contact.duplicate_dismissed": gettext_lazy("Dos contactos marcados como personas distintas"),
    "contact.merged": gettext_lazy("Contactos unidos"),
    "contact.unmerged": gettext_lazy("Unión de contactos deshecha"),
    "contact.opted_in": gettext_lazy("El contacto volvió a aceptar mensajes"),
    "contact.opted_out": gettext_lazy("El contacto pidió no recibir mensajes"),
    "contact.viewed": gettext_lazy("Contacto visto"),
    "contacts.listed": gettext_lazy("Contactos consultados"),
    "conversation.assigned": gettext_lazy("Conversación asignada"),
    "conversation.closed": gettext_lazy("Conversación cerrada"),
    "conversation.handed_off": gettext_lazy("Conversación derivada a una persona"),
    "conversation.open": gettext_lazy("Conversación reabierta"),
    "conversation.released": gettext_lazy("Conversación devuelta a la IA"),
    "conversation.snoozed": gettext_lazy("Conversación pospuesta"),
    "conversation.taken_over": gettext_lazy("Conversación tomada por una persona"),
    "conversation.viewed": gettext_lazy("Conversación vista"),
    "conversations.listed": gettext_lazy("Bandeja consultada"),
    "credential.expiry_set": gettext_lazy("Vencimiento de una credencial cambiado"),
    "credential.removed": gettext_lazy("Credencial eliminada"),
    "credential.revealed": gettext_lazy("Credencial mostrada"),
    "credential.saved": gettext_lazy("Credencial guardada"),
    "credential.tested": gettext_lazy("Credencial probada"),
    "day.viewed": gettext_lazy("Mi día consultado"),
    "document.added": gettext_lazy("Documento agregado"),
    "document.removed": gettext_lazy("Documento eliminado"),
    "document.retried": gettext_lazy("Documento procesado de nuevo"),
    "invitation.created": gettext_lazy("Invitación enviada"),
    "invitation.resent": gettext_lazy("Invitación enviada otra vez"),
    "invitation.revoked": gettext_lazy("Invitación anulada"),
    "invitations.listed": gettext_lazy("Invitaciones consultadas"),
    "lead.assigned": gettext_lazy("Vendedor cambiado"),
    "client.updated": gettext_lazy("Estado de un cliente cambiado"),
    "client.viewed": gettext_lazy("Cliente visto"),
    "clients.listed": gettext_lazy("Clientes consultados"),
    "lead.approval_approved": gettext_lazy("Paso aprobado"),
    "lead.approval_asked": gettext_lazy("Paso pedido, espera aprobación"),
    "lead.approval_refused": gettext_lazy("Paso rechazado"),
    "lead.approval_stale": gettext_lazy("Pedido de un paso que perdió sentido"),
    "lead.converted": gettext_lazy("Lead convertido en cliente"),
    "lead.score_corrected": gettext_lazy("Puntaje corregido"),
    "lead.unconverted": gettext_lazy("Conversión deshecha"),
    "lost_reason.removed": gettext_lazy("Motivo de pérdida eliminado"),
    "lost_reason.saved": gettext_lazy("Motivo de pérdida guardado"),
    "pipeline.created": gettext_lazy("Embudo creado"),
    "pipeline.removed": gettext_lazy("Embudo eliminado"),
    "pipeline.steps_set": gettext_lazy("Pasos de un embudo cambiados"),
    "pipeline.updated": gettext_lazy("Embudo cambiado"),
    "stage.created": gettext_lazy("Etapa creada"),
    "stage.removed": gettext_lazy("Etapa quitada"),
    "stage.updated": gettext_lazy("Etapa cambiada"),
    "lead.created": gettext_lazy("Lead creado"),
    "lead.qualified": gettext_lazy("Interés actualizado"),
    "lead.stage_changed": gettext_lazy("Lead movido de etapa"),
    "lead.step_explained": gettext_lazy("Lead sin próximo paso, con su motivo"),
    "lead.updated": gettext_lazy("Datos del lead cambiados"),
    "lead.viewed": gettext_lazy("Lead visto"),
    "leads.listed": gettext_lazy("Leads consultados"),
    "limit.reached": gettext_lazy("Límite de intentos alcanzado"),
    "link.minted": gettext_lazy("Enlace copiado"),
    "login": gettext_lazy("Ingreso"),
    "login.refused": gettext_lazy("Ingreso rechazado"),
    "logout": gettext_lazy("Salida"),
    "member.activated": gettext_lazy("Acceso dado a una persona"),
    "member.added": gettext_lazy("Persona agregada al equipo"),
    "member.changed": gettext_lazy("Acceso de una persona cambiado"),
    "member.rejected": gettext_lazy("Pedido de acceso rechazado"),
    "member.role_changed": gettext_lazy("Rol de una persona cambiado"),
    "member.scope_changed": gettext_lazy("Alcance de una persona cambiado"),
    "member.suspended": gettext_lazy("Acceso de una persona suspendido"),
    "member.viewed": gettext_lazy("Persona del equipo vista"),
    "members.listed": gettext_lazy("Equipo consultado"),
    "membership.changed": gettext_lazy("Cambio de acceso pedido"),
    "message.relayed": gettext_lazy("Mensaje enviado por integración"),
    "message.retried": gettext_lazy("Mensaje reintentado"),
    "message.sent": gettext_lazy("Mensaje enviado por una persona"),
    "onboarding.finished": gettext_lazy("Primeros pasos terminados"),
    "password.changed": gettext_lazy("Contraseña cambiada"),
    "password.reset": gettext_lazy("Contraseña nueva por correo"),
    "person.data_viewed": gettext_lazy("Datos de una persona vistos"),
    "person.erased": gettext_lazy("Datos de una persona borrados"),
    "person.erasure_asked": gettext_lazy("Borrado de una persona pedido"),
    "person.export_asked": gettext_lazy("Exportación de una persona pedida"),
    "person.exported": gettext_lazy("Datos de una persona exportados"),
    "person.requests_viewed": gettext_lazy("Pedidos sobre datos de personas vistos"),
    "person.registered": gettext_lazy("Persona registrada"),
    "platform_credential.lent": gettext_lazy("Credencial de la plataforma prestada"),
    "platform_credential.removed": gettext_lazy("Credencial de la plataforma eliminada"),
    "platform_credential.saved": gettext_lazy("Credencial de la plataforma guardada"),
    "reauthentication.refused": gettext_lazy("Confirmación de contraseña rechazada"),
    "run.viewed": gettext_lazy("Turno de un agente visto"),
    "runs.listed": gettext_lazy("Turnos de agentes consultados"),
    "sample.loaded": gettext_lazy("Datos de ejemplo cargados"),
    "sample.removed": gettext_lazy("Datos de ejemplo quitados"),
    "rule.created": gettext_lazy("Regla de asignación creada"),
    "rule.removed": gettext_lazy("Regla de asignación quitada"),
    "rule.updated": gettext_lazy("Regla de asignación cambiada"),
    "seller.absence_added": gettext_lazy("Ausencia de un vendedor anotada"),
    "seller.absence_removed": gettext_lazy("Ausencia de un vendedor quitada"),
    "seller.activated": gettext_lazy("Vendedor activado"),
    "seller.created": gettext_lazy("Vendedor creado"),
    "seller.deactivated": gettext_lazy("Vendedor desactivado"),
    "seller.handed_over": gettext_lazy("Cartera traspasada"),
    "seller.handover_undone": gettext_lazy("Traspaso de cartera deshecho"),
    "seller.updated": gettext_lazy("Datos del vendedor cambiados"),
    "tag.created": gettext_lazy("Etiqueta creada"),
    "tag.removed": gettext_lazy("Etiqueta eliminada"),
    "tag.united": gettext_lazy("Etiquetas unidas"),
    "tag.updated": gettext_lazy("Etiqueta cambiada"),
    "task.created": gettext_lazy("Tarea creada"),
    "task.deleted": gettext_lazy("Tarea quitada"),
    "task.finished": gettext_lazy("Tarea hecha"),
    "task.reopened": gettext_lazy("Tarea reabierta"),
    "task.restored": gettext_lazy("Tarea recuperada"),
    "task.updated": gettext_lazy("Tarea cambiada"),
    "task.viewed": gettext_lazy("Tarea vista"),
    "tasks.listed": gettext_lazy("Tareas consultadas"),
    "session.ended": gettext_lazy("Sesión terminada"),
    "settings.updated": gettext_lazy("Ajustes cambiados"),
    "team.created": gettext_lazy("Equipo creado"),
    "team.removed": gettext_lazy("Equipo eliminado"),
    "team.renamed": gettext_lazy("Equipo renombrado"),
    "team.viewed": gettext_lazy("Equipo visto"),
    "token.reused": gettext_lazy("Una sesión ya usada se presentó otra vez"),
    "vault.data_key_made": gettext_lazy("Clave de cifrado creada"),
    "vault.rotated": gettext_lazy("Claves de cifrado renovadas"),
    "visit.begun": gettext_lazy("Visita de la plataforma comenzada"),
    "visit.ended": gettext_lazy("Visita de la plataforma terminada"),
    "visit.page": gettext_lazy("Página abierta por la plataforma"),
    "visits.listed": gettext_lazy("Visitas de la plataforma consultadas"),
    "webhook.refused": gettext_lazy("Aviso de un proveedor rechazado"),
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
