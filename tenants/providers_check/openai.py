"""OpenAI, and any server that speaks as it does: lists the models that the key may use."""

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from tenants.providers_check import formats
from tenants.providers_check.base import Answer, Field, Group, Kind, Refused, Secrets, get, works


def models_of(base_url: str, key: str, provider: str) -> Answer:
    found = get(f"{base_url.rstrip('/')}/models", provider=provider, headers={"Authorization": f"Bearer {key}"})
    if not isinstance(found.get("data"), list):
        raise Refused(str(_("En esa dirección responde otra cosa, no %(provider)s.") % {"provider": provider}))
    return works()


def ask(secrets: Secrets) -> Answer:
    return models_of(secrets.get("BASE_URL") or settings.OPENAI_BASE_URL, secrets["API_KEY"], "OpenAI")


KIND = Kind(
    "openai",
    "OpenAI",
    _("Los modelos de IA que responden y entienden los mensajes."),
    (
        Group(
            _("Modelos"),
            (
                Field("API_KEY", _("Clave"), _("Se crea en platform.openai.com, en API keys. Empieza con sk-.")),
                Field(
                    "BASE_URL",
                    _("Dirección propia"),
                    _("Solo si los modelos se sirven desde otro lugar."),
                    formats.web_address,
                    optional=True,
                    shown=True,
                ),
            ),
            ask,
        ),
        Group(
            _("Modelo propio"),
            (
                Field(
                    "CUSTOM_API_KEY",
                    _("Clave del modelo propio"),
                    _("Para agentes que usan un servidor de la empresa."),
                    optional=True,
                    lendable=False,  # it goes to whatever address an agent names
                ),
            ),
        ),
    ),
)
