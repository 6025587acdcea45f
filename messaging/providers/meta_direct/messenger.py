"""Messenger: the inbox of a Facebook page."""

import json
from collections.abc import Mapping
from typing import Any, ClassVar, Self

from config.lib.errors import ProviderError
from messaging.providers import base
from messaging.providers.channel_config import ChannelConfig
from messaging.providers.clean import identifier, mapping, text
from messaging.providers.meta_direct import files
from messaging.providers.meta_direct.config import FACEBOOK
from messaging.providers.meta_direct.files import MEDIA_SECONDS
from messaging.providers.meta_direct.pages import MetaPages
from messaging.providers.meta_direct.pages_errors import PARAMETER


class MetaMessenger(MetaPages):
    """Speaks as one page, with the page's own token."""

    app: ClassVar[str] = "Messenger"
    address_kind: ClassVar[str] = "psid"
    profile_fields: ClassVar[str] = "first_name,last_name"
    text_limit: ClassVar[int] = 2000
    config: ClassVar[ChannelConfig] = FACEBOOK

    @classmethod
    def connected(cls, *, config: Mapping[str, Any], secret: base.Secret, endpoints: base.Endpoints) -> Self:
        return cls(
            root=f"{endpoints.graph}/{endpoints.graph_version}",
            node=str(config.get("page_id", "")),
            token=secret("facebook", "PAGE_ACCESS_TOKEN"),
            app_secret=secret("meta", "APP_SECRET", ""),
        )

    def check(self) -> str:
        return text(self._get(self.node, fields="id,name").get("name"), 200) or self.node

    def facts(self) -> dict[str, Any]:
        return {"name": self.check(), **self._subscribed(self.node)}

    def _upload(self, kind: str, media: base.OutgoingMedia, content: bytes) -> str:
        message = {"attachment": {"type": kind, "payload": {"is_reusable": False}}}
        file = (files.named(media), content, media.mime)
        try:
            form = {"message": json.dumps(message)}
            answer = self._post("message_attachments", data=form, files={"filedata": file}, timeout=MEDIA_SECONDS)
            kept = identifier(mapping(answer.json()).get("attachment_id"))
        except ProviderError as error:
            # A file uploaded twice is seen by nobody: a lost answer is no reason to stop.
            if error.kind == "unknown":
                error.kind = "retry"
            raise
        if not kept:
            raise ProviderError(str(PARAMETER) % {"app": self.app}, kind="retry", code="no_media_id")
        return kept
