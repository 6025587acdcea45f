"""The permission table in plain words, for the page that shows it. Every permission has its sentence (a test looks)."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

AREAS: Mapping[Promise, Mapping[str, Promise]] = {
    _("Conversaciones"): {
        "inbox.read": _("Leer las conversaciones y sus archivos"),
        "inbox.write": _("Responder, tomar, asignar y cerrar conversaciones"),
        "messages.relay": _("Enviar mensajes desde otro sistema"),
        "events.read": _("Recibir los avisos en vivo"),
    },
    _("Contactos y embudo"): {
        "leads.read": _("Ver leads, su historia y sus etapas"),
        "leads.write": _("Crear, mover, calificar y asignar leads"),
        "contacts.read": _("Ver contactos"),
        "contacts.write": _("Crear y corregir contactos"),
        "contacts.export": _("Llevarse todo lo que se sabe de una persona"),
        "contacts.erase": _("Borrar a una persona para siempre"),
        "leads.import": _("Importar contactos y leads de una planilla"),
        "leads.export": _("Descargar listas de leads, contactos y clientes"),
        "leads.approve": _("Aprobar pasos del embudo que lo piden"),
        "clients.read": _("Ver clientes"),
        "clients.write": _("Convertir leads en clientes y deshacerlo"),
        "tasks.read": _("Ver tareas"),
        "tasks.write": _("Crear, cambiar y terminar tareas"),
        "agenda.read": _("Ver la agenda"),
        "agenda.write": _("Agendar, mover y cancelar citas"),
        "agenda.manage": _("Cambiar servicios, horarios, la página de reservas y Google Calendar"),
        "reports.read": _("Ver el tablero y los informes"),
        "views.share": _("Guardar vistas para todos"),
        "pipeline.read": _("Ver etapas, campos, etiquetas y reglas"),
        "pipeline.write": _("Cambiar etapas, campos y etiquetas"),
        "forms.read": _("Ver formularios y entradas de otros sistemas"),
        "forms.write": _("Crear y cambiar formularios y entradas"),
        "sellers.read": _("Ver quiénes atienden y sus horarios"),
        "sellers.write": _("Cambiar quiénes atienden, sus horarios, reglas y metas"),
    },
    _("IA y conocimiento"): {
        "agents.read": _("Ver los agentes de IA"),
        "agents.write": _("Cambiar, publicar y probar agentes de IA"),
        "runs.read": _("Ver paso a paso lo que hizo la IA"),
        "knowledge.read": _("Ver y consultar el conocimiento"),
        "knowledge.write": _("Cargar y quitar conocimiento"),
    },
    _("Canales y claves"): {
        "channels.read": _("Ver los canales y cómo están"),
        "channels.write": _("Conectar, cambiar y apagar canales"),
        "credentials.read": _("Ver qué credenciales hay, nunca su valor"),
        "credentials.write": _("Cargar, probar y mostrar credenciales"),
        "keys.read": _("Ver las claves de integración"),
        "keys.write": _("Crear y anular claves de integración"),
    },
    _("Empresa"): {
        "members.read": _("Ver al equipo, sus roles y las visitas de la plataforma"),
        "members.write": _("Dar, cambiar y suspender accesos; terminar visitas"),
        "settings.read": _("Ver los ajustes de la empresa"),
        "settings.write": _("Cambiar los ajustes de la empresa"),
        "audit.read": _("Leer la auditoría"),
        "audit.export": _("Descargar la auditoría"),
        "admin.open": _("Abrir la administración"),
    },
}
ROLE_NAMES = {
    "ceo": _("CEO"),
    "professional": _("Profesional"),
    "secretary": _("Secretaría"),
    "setter": _("Setter"),
    "closer": _("Closer"),
}
SCOPES = {
    "own": _("Lo propio: sus leads y chats, y los que nadie tiene"),
    "team": _("Su equipo: lo de su equipo, y lo que nadie tiene"),
    "all": _("Todo: los leads y chats de toda la empresa"),
}
SCOPE_NAMES = {"own": _("Lo propio"), "team": _("Su equipo"), "all": _("Todo")}
ROLE_CHOICES = list(ROLE_NAMES.items())
SCOPE_CHOICES = list(SCOPE_NAMES.items())
