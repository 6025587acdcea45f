"""The web chat as a provider: what we send is already there once its row is, so nothing leaves over HTTP."""

import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

from django.utils.translation import gettext as _

from config.lib.errors import ProviderError
from messaging.providers import base
from messaging.providers.channel_config import ChannelConfig
from messaging.providers.clean import NAME_LENGTH, digest, identifier, mapping, seconds, small, text
from messaging.providers.web.config import CONFIG


class WebChat(base.Provider):
    """`{"visitor_id", "text", "name"?, "message_id"?, "message_key"?, "channel_id"?}` in; a live event, sent by the caller, out.

    `message_id` is the visitor's own and another one may choose the same; `message_key`, the door's, is the channel's only one.
    """

    text_limit: ClassVar[int] = 10_000
    config: ClassVar[ChannelConfig] = CONFIG

    @classmethod
    def connected(cls, *, config: Mapping[str, Any], secret: base.Secret, endpoints: base.Endpoints) -> "WebChat":
        return cls()

    @staticmethod
    def verify(raw: bytes, headers: Mapping[str, str], secrets: Iterable[str]) -> bool:
        """A visitor has no secret to sign with: the door checks `Origin` and the visitor's own token instead."""
        return True

    @staticmethod
    def parse(payload: object) -> list[base.Item]:
        given = mapping(payload)
        visitor = identifier(given.get("visitor_id"))
        body = text(given.get("text"))
        channel = identifier(given.get("channel_id"))
        if not visitor or not body.strip():
            words = _("Llegó algo del chat web que no se pudo leer.")
            return [base.Notice("unreadable", words, {"item": small(payload)}, channel_ref=channel)]
        name = text(given.get("name"), NAME_LENGTH).strip()
        own_id = identifier(given.get("message_id"))
        message = base.InboundMessage(
            channel_ref=channel,
            message_id=identifier(given.get("message_key")) or own_id or digest(payload),
            sender=base.Sender(ids=(("visitor", visitor),), name=name),
            kind="text",
            text=body,
            timestamp=seconds(given.get("timestamp")) or datetime.now(UTC),
            payload={"widget_id": own_id} if own_id else {},
        )
        return [message]

    def send(self, outgoing: base.Outgoing) -> base.Delivery:
        if outgoing.kind == "text" and not outgoing.text.strip():
            raise ProviderError(_("El mensaje está vacío."), kind="permanent", code="empty")
        # The same bubble handed over again is the same message, so a repeat shows nothing twice.
        return base.Delivery(f"web:{outgoing.client_ref or uuid.uuid4()}")

    def fetch_media(self, ref: base.MediaRef) -> base.MediaFile:
        raise ProviderError(_("El chat web no recibe archivos."), kind="permanent", code="no_media")

    def mark_read(self, message_id: str, typing: bool = False, to: base.Address | None = None) -> None:
        """Nothing to tell: the widget hears live events."""

    def check(self) -> str:
        return _("Chat web")
