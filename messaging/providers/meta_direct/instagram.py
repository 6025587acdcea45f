"""The inbox of a professional Instagram account, reached through its Facebook page or by itself."""

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from django.utils.translation import gettext as _

from config.lib.errors import ProviderError
from messaging.providers import base
from messaging.providers.channel_config import ChannelConfig
from messaging.providers.clean import text
from messaging.providers.meta_direct.config import INSTAGRAM
from messaging.providers.meta_direct.pages import MetaPages

MOST_BYTES = 1000


class MetaInstagram(MetaPages):
    """With a `page_id` the sign-in was Facebook's: the page's token, at graph.facebook.com. Else it was Instagram's own."""

    app: ClassVar[str] = "Instagram"
    address_kind: ClassVar[str] = "igsid"
    profile_fields: ClassVar[str] = "name,username"
    # Instagram counts bytes, not letters: so many fit however many accents they have; `_fits` counts exactly.
    text_limit: ClassVar[int] = MOST_BYTES // 2
    config: ClassVar[ChannelConfig] = INSTAGRAM

    def __init__(self, *, account: str, **more: Any) -> None:
        super().__init__(**more)
        self.account = account

    @classmethod
    def connected(cls, *, config: Mapping[str, Any], secret: base.Secret, endpoints: base.Endpoints) -> Self:
        account, page = str(config.get("ig_user_id", "")), str(config.get("page_id", ""))
        own = not page
        return cls(
            account=account,
            root=f"{endpoints.instagram if own else endpoints.graph}/{endpoints.graph_version}",
            node=page or account,
            token=secret("instagram", "ACCESS_TOKEN"),
            app_secret="" if own else secret("meta", "APP_SECRET", ""),
            carries_ref=not own,
        )

    def check(self) -> str:
        found = self._me()
        username = text(found.get("username"), 160)
        return f"@{username}" if username else text(found.get("name"), 200) or self.account

    def facts(self) -> dict[str, Any]:
        found = self._me()
        told = {key: text(found.get(key), 200) for key in ("name", "username")}
        return {**{key: value for key, value in told.items() if value}, **self._subscribed(self.node)}

    def _me(self) -> dict[str, Any]:
        return self._get("me" if self.node == self.account else self.account, fields="name,username")

    def _fits(self, words: str) -> bool:
        return len(words.encode(errors="replace")) <= MOST_BYTES

    def _upload(self, kind: str, media: base.OutgoingMedia, content: bytes) -> str:
        message = _("Instagram recibe archivos solo por una dirección pública.")
        raise ProviderError(message, kind="permanent", code="needs_link")
