"""The company's app at Meta: its id and secret together make a token that Meta recognises."""

from django.utils.translation import gettext_lazy as _

from tenants.providers_check import formats, graph
from tenants.providers_check.base import Answer, Field, Group, Kind, Secrets, works


def ask(secrets: Secrets) -> Answer:
    token = f"{secrets['APP_ID']}|{secrets['APP_SECRET']}"
    found, _until = graph.inspect(token, by=token)
    return works(found.get("application"))


KIND = Kind(
    "meta",
    "Meta",
    _("La app de Meta por la que llegan WhatsApp, Instagram y Facebook."),
    (
        Group(
            _("App"),
            (
                Field(
                    "APP_ID", _("Id de la app"), _("En developers.facebook.com, arriba."), formats.number, shown=True
                ),
                Field(
                    "APP_SECRET", _("Clave secreta de la app"), _("En Configuración, Básica. Firma cada aviso de Meta.")
                ),
            ),
            ask,
        ),
        Group(
            _("Registro de WhatsApp"),
            (
                Field(
                    "SIGNUP_CONFIG_ID",
                    _("Configuración de registro"),
                    _(
                        "El id de la configuración de «Registro insertado» de la app; sin ella se piden permisos sueltos."
                    ),
                    formats.number,
                    optional=True,
                    shown=True,
                ),
            ),
        ),
        Group(
            _("Avisos"),
            (
                Field(
                    "VERIFY_TOKEN",
                    _("Token de verificación"),
                    _("Un texto inventado, el mismo que se carga en Meta al conectar el canal."),
                    optional=True,
                ),
            ),
        ),
    ),
)
