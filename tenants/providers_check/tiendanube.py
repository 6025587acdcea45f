"""Tienda Nube: the store that the token opens."""

from urllib.parse import quote

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from tenants.providers_check import formats
from tenants.providers_check.base import Answer, Field, Group, Kind, Secrets, get, works

PROVIDER = "Tienda Nube"


def ask(secrets: Secrets) -> Answer:
    headers = {
        "Authentication": f"bearer {secrets['ACCESS_TOKEN']}",  # the name really is this one, and lower case
        "User-Agent": f"SovereignCRM ({settings.PUBLIC_URL})",  # calls without a contact are refused
    }
    address = f"{settings.TIENDANUBE_BASE_URL.rstrip('/')}/{quote(secrets['STORE_ID'], safe='')}/store"
    found = get(address, provider=PROVIDER, headers=headers, params={"fields": "id,name"})
    name = found.get("name")
    return works(next(iter(name.values()), "") if isinstance(name, dict) else name)


KIND = Kind(
    "tiendanube",
    PROVIDER,
    _("Productos y pedidos de la tienda en línea."),
    (
        Group(
            _("Tienda"),
            (
                Field("STORE_ID", _("Número de tienda"), clean=formats.number, shown=True),
                Field("ACCESS_TOKEN", _("Token de acceso"), _("El que entrega Tienda Nube al instalar la app.")),
            ),
            ask,
        ),
        Group(
            _("App"),
            (
                # The company's own app: its one return address and its notices lead to one company only.
                Field("APP_ID", _("Id de la app"), clean=formats.number, shown=True, lendable=False),
                Field(
                    "APP_SECRET",
                    _("Secreto de la app"),
                    _("En el panel de socios de Tienda Nube. Firma cada aviso de la tienda."),
                    lendable=False,
                ),
            ),
        ),
    ),
)
