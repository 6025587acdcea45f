"""Mail: greet, encrypt, sign in, leave, exactly as an e-mail would; nothing is sent."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tenants.providers_check import formats
from tenants.providers_check.base import Answer, Away, Field, Group, Kind, Refused, Secrets, works
from tenants.services import smtp

DEFAULT_PORT = "587"


def ask(secrets: Secrets) -> Answer:
    port = int(secrets.get("PORT") or DEFAULT_PORT)
    server = smtp.Server(
        secrets["HOST"],
        port,
        secrets.get("FROM", ""),
        secrets["USER"],
        secrets["PASSWORD"],
        smtp.usual_security(port),
        guarded=True,
    )
    try:
        with smtp.conversation(server):
            return works()
    except smtp.NotSent as refusal:
        raise (Away if refusal.later else Refused)(_(refusal.reason)) from None


KIND = Kind(
    "smtp",
    "SMTP",
    gettext_lazy("El correo de la empresa: invitaciones, avisos y respuestas."),
    (
        Group(
            gettext_lazy("Correo"),
            (
                Field(
                    "HOST", gettext_lazy("Servidor"), gettext_lazy("Como smtp.empresa.com."), formats.host, shown=True
                ),
                Field(
                    "PORT",
                    gettext_lazy("Puerto"),
                    gettext_lazy("587 si no se indica."),
                    formats.mail_port,
                    optional=True,
                    shown=True,
                ),
                Field("USER", gettext_lazy("Usuario"), shown=True),
                Field("PASSWORD", gettext_lazy("Contraseña"), clean=formats.password),
                Field(
                    "FROM",
                    gettext_lazy("Remitente"),
                    gettext_lazy("El correo que ve quien recibe. Sin él, el usuario."),
                    formats.mail_sender,
                    optional=True,
                    shown=True,
                ),
            ),
            ask,
        ),
    ),
)
