"""Instagram: the token of the company's professional account."""

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from tenants.providers_check import formats, graph
from tenants.providers_check.base import Answer, Field, Group, Kind, Secrets, works


def ask(secrets: Secrets) -> Answer:
    base_url = settings.INSTAGRAM_GRAPH_BASE_URL
    return works(graph.ask("me", secrets["ACCESS_TOKEN"], base_url=base_url, fields="id,username").get("username"))


KIND = Kind(
    "instagram",
    "Instagram",
    _("Los mensajes de la cuenta profesional de Instagram."),
    (
        Group(
            "Instagram",
            (Field("ACCESS_TOKEN", _("Token de acceso"), _("Dura 60 días: anotar abajo cuándo vence.")),),
            ask,
        ),
        Group(
            _("App de Instagram"),
            (
                Field(
                    "APP_ID",
                    _("Id de la app de Instagram"),
                    _("Solo para entrar con Instagram sin página de Facebook."),
                    formats.number,
                    optional=True,
                    shown=True,
                ),
                Field(
                    "APP_SECRET",
                    _("Clave secreta de la app de Instagram"),
                    _("También firma los avisos de esas cuentas."),
                    optional=True,
                ),
            ),
        ),
    ),
)
