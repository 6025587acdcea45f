"""Chatwoot on the company's own server: whose token it is."""

from django.utils.translation import gettext_lazy as _

from tenants.providers_check import formats
from tenants.providers_check.base import Answer, Field, Group, Kind, Secrets, get, works

PROVIDER = "Chatwoot"


def ask(secrets: Secrets) -> Answer:
    address = f"{secrets['BASE_URL'].rstrip('/')}/api/v1/profile"
    return works(get(address, provider=PROVIDER, headers={"api_access_token": secrets["API_TOKEN"]}).get("name"))


KIND = Kind(
    "chatwoot",
    PROVIDER,
    _("Conversaciones que pasan por el Chatwoot de la empresa."),
    (
        Group(
            _("Servidor"),
            (
                Field(
                    "BASE_URL",
                    _("Dirección"),
                    _("Como https://chat.empresa.com."),
                    formats.web_address,
                    shown=True,
                ),
                Field("API_TOKEN", _("Token de acceso"), _("Del perfil de una persona con permiso para escribir.")),
                Field(
                    "BOT_TOKEN", _("Token del bot"), _("Del bot de agente, si responde con su nombre."), optional=True
                ),
            ),
            ask,
        ),
        Group(
            _("Avisos"),
            (Field("WEBHOOK_SECRET", _("Secreto de los avisos"), _("Con el que Chatwoot los firma."), optional=True),),
        ),
    ),
)
