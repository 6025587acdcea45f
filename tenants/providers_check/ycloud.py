"""YCloud: WhatsApp through a partner. The balance is its cheapest answer."""

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from tenants.providers_check.base import Answer, Field, Group, Kind, Secrets, get, works

PROVIDER = "YCloud"


def ask(secrets: Secrets) -> Answer:
    get(f"{settings.YCLOUD_BASE_URL.rstrip('/')}/balance", provider=PROVIDER, headers={"X-API-Key": secrets["API_KEY"]})
    return works()


KIND = Kind(
    "ycloud",
    PROVIDER,
    _("WhatsApp a través de YCloud."),
    (
        Group("WhatsApp", (Field("API_KEY", _("Clave"), _("En YCloud, en Developers, API Keys.")),), ask),
        Group(
            _("Avisos"),
            (
                Field(
                    "WEBHOOK_SECRET",
                    _("Secreto de los avisos"),
                    _("Empieza con whsec_. Firma cada aviso de YCloud."),
                    optional=True,
                ),
            ),
        ),
    ),
)
