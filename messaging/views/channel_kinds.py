"""What can be connected, in plain words: what is needed, how long it takes, and where it begins."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Kind:
    """`guided` leads step by step; the form of `/canales/nuevo/<name>/` is the way by hand."""

    name: str
    source: str
    title: Promise | str
    needs: Promise
    minutes: int
    guided: str = ""


KINDS = (
    Kind(
        "whatsapp",
        "whatsapp",
        "WhatsApp",
        _(
            "Una cuenta de Meta Business con permiso de administración. Sirve también un número que se usa en el teléfono."
        ),
        10,
        "/canales/meta/whatsapp/conectar/",
    ),
    Kind(
        "instagram",
        "instagram",
        "Instagram",
        _("Una cuenta profesional de Instagram y su usuario."),
        5,
        "/canales/meta/instagram/conectar/",
    ),
    Kind(
        "facebook",
        "facebook",
        "Facebook Messenger",
        _("Ser administrador de la página."),
        5,
        "/canales/meta/facebook/conectar/",
    ),
    Kind(
        "ycloud",
        "whatsapp",
        _("WhatsApp por YCloud"),
        _("Una cuenta de YCloud que ya tenga el número, y su clave de API."),
        5,
        "/canales/ycloud/conectar/",
    ),
    Kind(
        "chatwoot",
        "web",
        "Chatwoot",
        _("La dirección del Chatwoot, un token de acceso y la bandeja que se quiere traer."),
        10,
        "/canales/chatwoot/conectar/",
    ),
    Kind("web", "web", _("Chat web"), _("El sitio donde va a aparecer; se pega una línea en su página."), 2),
)
TITLES = {kind.name: kind.title for kind in KINDS}
