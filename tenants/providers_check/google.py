"""Google: Gemini by its key; calendars by a person's consent or by a service account."""

import json
import time
from typing import Any

import jwt
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tenants.providers_check import formats
from tenants.providers_check.base import Answer, Field, Group, Kind, Refused, Secrets, accepted, call, object_of, works
from tenants.providers_check.openai import models_of

PROVIDER = "Google"
SCOPE = "https://www.googleapis.com/auth/calendar.events"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"  # RFC 7523 §2.1


def ask_gemini(secrets: Secrets) -> Answer:
    return models_of(secrets.get("BASE_URL") or settings.GEMINI_BASE_URL, secrets["API_KEY"], "Gemini")


def ask_consent(secrets: Secrets) -> Answer:
    """A fresh access token, thrown away at once."""
    form = {
        "grant_type": "refresh_token",
        "client_id": secrets["CLIENT_ID"],
        "client_secret": secrets["CLIENT_SECRET"],
        "refresh_token": secrets["REFRESH_TOKEN"],
    }
    return _token(settings.GOOGLE_TOKEN_URI, form)


def ask_service_account(secrets: Secrets) -> Answer:
    account: dict[str, Any] = json.loads(secrets["SERVICE_ACCOUNT_JSON"])
    now = int(time.time())
    claims = {"iss": account["client_email"], "scope": SCOPE, "aud": account["token_uri"], "iat": now, "exp": now + 600}
    try:
        signed = jwt.encode(claims, account["private_key"], algorithm="RS256")
    except (jwt.PyJWTError, ValueError, TypeError):
        raise Refused(_("La clave privada del archivo no se puede leer.")) from None
    return _token(account["token_uri"], {"grant_type": GRANT, "assertion": signed})


def _token(address: str, form: dict[str, str]) -> Answer:
    answer = accepted(call("POST", address, provider=PROVIDER, data=form), provider=PROVIDER)
    if not object_of(answer, provider=PROVIDER).get("access_token"):
        raise Refused(_("En esa dirección responde otra cosa, no %(provider)s.") % {"provider": PROVIDER})
    return works()


KIND = Kind(
    "google",
    "Google",
    gettext_lazy("Los modelos Gemini y el calendario."),
    (
        Group(
            "Gemini",
            (
                Field("API_KEY", gettext_lazy("Clave de Gemini"), gettext_lazy("Se crea en Google AI Studio.")),
                Field(
                    "BASE_URL",
                    gettext_lazy("Dirección propia"),
                    gettext_lazy("Solo si los modelos se sirven desde otro lugar."),
                    formats.web_address,
                    optional=True,
                    shown=True,
                ),
            ),
            ask_gemini,
        ),
        Group(
            gettext_lazy("Calendario con permiso de una persona"),
            (
                Field(
                    "CLIENT_ID", gettext_lazy("Id de cliente"), gettext_lazy("De la app en Google Cloud."), shown=True
                ),
                Field("CLIENT_SECRET", gettext_lazy("Secreto de cliente")),
                Field("REFRESH_TOKEN", gettext_lazy("Token de renovación")),
            ),
            ask_consent,
        ),
        Group(
            gettext_lazy("Calendario con cuenta de servicio"),
            (
                Field(
                    "SERVICE_ACCOUNT_JSON",
                    gettext_lazy("Archivo de la cuenta de servicio"),
                    gettext_lazy("El contenido completo del archivo JSON."),
                    formats.service_account,
                    long=True,
                ),
            ),
            ask_service_account,
        ),
    ),
)
