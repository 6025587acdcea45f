"""How far a channel is: each step tells from what is known whether it is done, and what to do next."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from messaging.models import Channel, Provider
from messaging.services.channels import PROVEN


@dataclass(frozen=True)
class Step:
    """`help` says what to do; `href` leads there, `post` says that it is a button and not a link."""

    title: str
    done: bool
    help: str
    action: str = ""
    href: str = ""
    post: bool = False


def steps_of(channel: Channel, *, missing: list[str], heard: bool, answered: bool) -> list[Step]:
    """`missing`: credentials that are not stored; `heard`, `answered`: whether a customer wrote, and something left."""
    off = [_switch(channel)] if channel.status == Channel.Status.DISABLED else []
    first = _site(channel) if channel.provider == Provider.WEB else _account(channel, missing)
    return [*off, *first, *_talk(channel, heard=heard, answered=answered)]


def _switch(channel: Channel) -> Step:
    """Before everything else: no test and no message goes through a channel that is off."""
    help_text = _("Está apagado: no recibe ni envía.")
    return Step(_("Canal encendido"), False, help_text, _("Encender"), f"/canales/{channel.pk}/encender/", post=True)


def _site(channel: Channel) -> list[Step]:
    return [
        Step(
            _("Sitio permitido"),
            bool(channel.config.get("allowed_domains")),
            _("Decir en qué sitios puede aparecer el chat."),
            _("Agregar el sitio"),
            f"/canales/{channel.pk}/editar/",
        )
    ]


def _account(channel: Channel, missing: list[str]) -> list[Step]:
    works = PROVEN in channel.facts and channel.status != Channel.Status.NEEDS_RECONNECT
    called = channel.last_webhook_at is not None or bool(channel.facts.get("subscribed")) or _setup(channel) == {"ok"}
    by_meta = channel.provider == Provider.META_DIRECT
    return [
        Step(
            _("Credenciales cargadas"),
            not missing,
            _("Falta: %(names)s.") % {"names": ", ".join(missing)} if missing else "",
            _("Conectar con Meta") if by_meta else _("Cargar"),
            f"/canales/{channel.pk}/reconectar/" if by_meta else "#keys-title",
        ),
        _address(channel, called),
        Step(
            _("Conexión probada"),
            works,
            _("Pregunta al proveedor por la cuenta; no envía nada."),
            _("Probar la conexión"),
            f"/canales/{channel.pk}/probar/",
            post=True,
        ),
    ]


def _address(channel: Channel, called: bool) -> Step:
    title = _("Dirección cargada en el proveedor")
    if channel.provider == Provider.YCLOUD:
        help_text, action = (
            _("Se registra con un botón; también se puede pegar allí a mano."),
            _("Registrar la dirección"),
        )
        return Step(title, called, help_text, action, f"/canales/{channel.pk}/ycloud/", post=True)
    if "failed" in _setup(channel):
        help_text = _("Un paso de la conexión con Meta no salió; se puede repetir.")
        return Step(title, called, help_text, _("Ver los pasos"), f"/canales/{channel.pk}/conexion/")
    help_text = _("Copiar la dirección de esta página y pegarla donde el proveedor pide el webhook.")
    return Step(title, called, help_text, _("Ver la dirección"), "#hook-title")


def _setup(channel: Channel) -> set[str]:
    """How the address was registered by a sign-in at Meta; empty where there was none."""
    steps = channel.facts.get("setup") or {}
    return {steps[name].get("state", "") for name in ("hook", "subscribe") if name in steps}


def _talk(channel: Channel, *, heard: bool, answered: bool) -> list[Step]:
    return [
        Step(_("Primer mensaje recibido"), heard, _("Escribir a este canal como lo haría un cliente.")),
        Step(
            _("Primera respuesta enviada"),
            answered,
            _("Responder desde la bandeja, o dejar que responda el agente."),
            _("Abrir la bandeja"),
            f"/bandeja/?canal={channel.channel_source}",
        ),
    ]
