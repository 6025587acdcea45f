"""WhatsApp Cloud API: the token that sends messages."""

from django.utils.translation import gettext_lazy as _

from tenants.providers_check import formats, graph
from tenants.providers_check.base import Answer, Field, Group, Kind, Secrets, works


def ask(secrets: Secrets) -> Answer:
    """With the app's own token Meta also tells until when; without it, at least whose it is."""
    token, app = secrets["ACCESS_TOKEN"], graph.app_token(secrets)
    if app:
        found, until = graph.inspect(token, by=app)
        answer = works(found.get("application"))
        return Answer(answer.state, answer.detail, until)
    return works(graph.ask("me", token, fields="id,name").get("name"))


KIND = Kind(
    "whatsapp_cloud",
    "WhatsApp Cloud",
    _("El número de WhatsApp de la empresa, directo con Meta."),
    (
        Group(
            "WhatsApp",
            (
                Field(
                    "ACCESS_TOKEN",
                    _("Token de acceso"),
                    _("De un usuario del sistema en Meta Business, con permiso para enviar mensajes."),
                ),
            ),
            ask,
            also=(graph.APP_ID, graph.APP_SECRET),
        ),
        Group(
            _("Verificación en dos pasos"),
            (
                Field(
                    "PIN",
                    _("PIN"),
                    _("Seis números. Con él se registra el número en la nube de WhatsApp."),
                    formats.number,
                    optional=True,
                    lendable=False,
                ),
            ),
        ),
    ),
)
