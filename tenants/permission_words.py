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
        "sellers.read": _("Ver quiénes atienden y sus horarios"),
        "sellers.write": _("Cambiar quiénes atienden y sus horarios"),
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
SCOPES = {
    "own": _("Lo propio: sus leads y chats, y los que nadie tiene"),
    "team": _("Su equipo: lo de su equipo, y lo que nadie tiene"),
    "all": _("Todo: los leads y chats de toda la empresa"),
}
SCOPE_NAMES = {"own": _("Lo propio"), "team": _("Su equipo"), "all": _("Todo")}
