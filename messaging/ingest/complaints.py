"""What a channel's owner must hear about refused webhooks: on the channel, in the audit trail, in the log. Not for each one."""

import asyncio
import logging
import time

from django.db import Error as DatabaseError
from django.utils import translation
from django.utils.translation import gettext as _

from messaging.ingest.routes import Route
from messaging.models import Channel
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tenants.live.services import emit
from tenants.live.threads import in_thread
from tenants.services import registry
from tenants.services.audit import log_security_event

logger = logging.getLogger("security.webhooks")

APART_SECONDS = 60.0
MOST_REMEMBERED = 10_000


class Complaints:
    """One notice a minute for each channel and reason; whoever floods the door writes no rows with it."""

    def __init__(self) -> None:
        self._noted: dict[tuple[str, str], float] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def note(self, route: Route, reason: str, secret: str = "") -> None:
        """`reason`: no_secret, bad_signature, bad_verify_token. Never the body, never a header's value.

        `secret`: the name it has in the vault.
        """
        now, key = time.monotonic(), (route.channel_id, reason)
        if now - self._noted.get(key, -APART_SECONDS) < APART_SECONDS:
            return
        if len(self._noted) > MOST_REMEMBERED:
            self._noted.clear()
        self._noted[key] = now
        logger.warning("webhook of channel %s (company %s) refused: %s", route.channel_id, route.tenant_id, reason)
        task = asyncio.create_task(_tell(route, reason, secret))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def settled(self) -> None:
        """Wait for the notices under way."""
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def _tell(route: Route, reason: str, secret: str) -> None:
    try:
        await in_thread(_write, route, reason, secret)
    except DatabaseError as error:
        logger.warning("the refusal could not be written down: %s", error)


def _write(route: Route, reason: str, secret: str) -> None:
    tenant = registry.by_id(route.tenant_id)
    if tenant is None:
        return
    with tenant_context(tenant), translation.override(tenant.locale):
        log_security_event(
            action="webhook.refused", by=Actor.system("webhook"), channel=route.channel_id, reason=reason
        )
        changed = Channel.objects.filter(pk=route.channel_id).update(status_detail=_detail(reason, secret))
        if changed:
            emit("CHANNEL_UPDATED", object="channel", id=route.channel_id)


def _detail(reason: str, secret: str) -> str:
    words = {
        "no_secret": _("Llegan avisos, pero falta cargar %(secret)s en Credenciales: se rechazan."),
        "bad_signature": _("Se rechazó un aviso con la firma equivocada: revisar %(secret)s en Credenciales."),
        "bad_verify_token": _("Se rechazó una verificación: el token no coincide con el del canal."),
    }[reason]
    return words % {"secret": secret}
