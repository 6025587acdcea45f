"""Calls to the WhatsApp Cloud API for one number."""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar
from urllib.parse import quote

from django.utils.translation import gettext as _

from config.lib import http
from config.lib.errors import ProviderError
from messaging.providers import base
from messaging.providers.channel_config import ChannelConfig
from messaging.providers.clean import identifier, items, mapping, text
from messaging.providers.meta_direct import errors, files, parsing, signature
from messaging.providers.meta_direct.choices import choices_of
from messaging.providers.meta_direct.config import CONFIG
from messaging.providers.meta_direct.files import MAX_MEDIA_BYTES, MEDIA_SECONDS, SEND_SECONDS
from messaging.providers.meta_direct.shapes import media_of, template_of

#: Meta fixes it for a number that is also used in the WhatsApp Business app.
SHARED_PER_SECOND = 20.0

#: Graph's name of a fact about a number → ours
FACTS = {
    "verified_name": "name",
    "display_phone_number": "phone",
    "quality_rating": "quality",
    "messaging_limit_tier": "limit",
    "status": "status",
    "name_status": "name_status",
    "platform_type": "platform",
}

#: What is asked about a number, and what only some versions and accounts tell: one unknown field refuses the whole question.
ASKED = "verified_name,display_phone_number,quality_rating,status,platform_type"
OPTIONAL = "messaging_limit_tier,throughput,name_status,is_on_biz_app"

#: Hosts of Meta's that serve files and may see the token; besides them only the configured one.
_FILE_HOSTS = (".facebook.com", ".fbsbx.com", ".fbcdn.net", ".whatsapp.net", ".whatsapp.com")


class MetaWhatsApp(base.Provider):
    """`base_url` without version, for example https://graph.facebook.com; `version` for example v25.0.

    `app_secret` proves the calls, which an app may be set to demand.
    """

    text_limit: ClassVar[int] = 4096
    config: ClassVar[ChannelConfig] = CONFIG
    per_second: ClassVar[float] = 80.0  # Meta's throughput of a number; Meta raises it by itself

    def __init__(
        self,
        *,
        base_url: str,
        version: str,
        phone_number_id: str,
        access_token: str,
        waba_id: str = "",
        app_secret: str = "",
    ) -> None:
        self.phone_number_id = phone_number_id
        self.waba_id = waba_id
        self._root = f"{base_url.rstrip('/')}/{version.strip('/')}"
        self._headers = {"Authorization": f"Bearer {access_token}"}
        self._proof = signature.proof(app_secret, access_token)

    def __repr__(self) -> str:
        return f"MetaWhatsApp(phone_number_id={self.phone_number_id!r})"

    @classmethod
    def speed(cls, config: Mapping[str, Any]) -> float:
        return SHARED_PER_SECOND if config.get("coexistence") else cls.per_second

    @classmethod
    def connected(cls, *, config: Mapping[str, Any], secret: base.Secret, endpoints: base.Endpoints) -> "MetaWhatsApp":
        return cls(
            base_url=endpoints.graph,
            version=endpoints.graph_version,
            phone_number_id=str(config.get("phone_number_id", "")),
            access_token=secret("whatsapp_cloud", "ACCESS_TOKEN"),
            waba_id=str(config.get("waba_id", "")),
            app_secret=secret("meta", "APP_SECRET", ""),
        )

    @staticmethod
    def verify(raw: bytes, headers: Mapping[str, str], secrets: Iterable[str]) -> bool:
        return signature.verify(raw, headers, secrets)

    @staticmethod
    def parse(payload: object) -> list[base.Item]:
        return parsing.parse(payload)

    def send(self, outgoing: base.Outgoing) -> base.Delivery:
        body: dict[str, Any] = {"messaging_product": "whatsapp", "recipient_type": "individual"}
        # A person known by their WhatsApp user id only is named in another field than a phone.
        body["to" if outgoing.to.kind == "wa_id" else "recipient"] = outgoing.to.external_id
        body |= self._content(outgoing)
        if outgoing.reply_to and outgoing.kind != "reaction":
            body["context"] = {"message_id": outgoing.reply_to}
        if outgoing.client_ref:
            body["biz_opaque_callback_data"] = outgoing.client_ref
        answer = self._post(self._path(self.phone_number_id, "messages"), json=body)
        accepted = mapping(answer.json())
        sent = mapping(next(iter(items(accepted.get("messages"))), None))
        message_id = identifier(sent.get("id"))
        if not message_id:
            message = _("WhatsApp aceptó el mensaje pero no dijo cuál es.")
            raise ProviderError(message, kind="unknown", code="no_message_id")
        return base.Delivery(message_id, raw=accepted, ids=_revealed(accepted))

    def fetch_media(self, ref: base.MediaRef) -> base.MediaFile:
        url, mime = ref.url, ref.mime
        # The direct link of the webhook lives five minutes; the id lives for days and gives a fresh one.
        if ref.provider_media_id:
            params = {"phone_number_id": self.phone_number_id}
            found = mapping(self._get(self._path(ref.provider_media_id), params=params).json())
            url, mime = str(found.get("url") or ""), str(found.get("mime_type") or mime)
            size = str(found.get("file_size") or "")
            if size.isdecimal() and len(size) < 20 and int(size) > MAX_MEDIA_BYTES:
                raise ProviderError(_("El archivo es demasiado grande."), kind="permanent", code="too_large")
        if not url:
            raise ProviderError(_("WhatsApp ya no tiene el archivo."), kind="permanent", code="media_gone")
        return self._download(url, mime, ref)

    def mark_read(self, message_id: str, typing: bool = False, to: base.Address | None = None) -> None:
        body: dict[str, Any] = {"messaging_product": "whatsapp", "status": "read", "message_id": message_id}
        if typing:
            body["typing_indicator"] = {"type": "text"}
        self._post(self._path(self.phone_number_id, "messages"), json=body)

    def check(self) -> str:
        found = self._number("id,display_phone_number,verified_name")
        names = (str(found.get(key) or "") for key in ("verified_name", "display_phone_number"))
        return " · ".join(filter(None, names)) or self.phone_number_id

    def facts(self) -> dict[str, Any]:
        try:
            found = self._number(f"{ASKED},{OPTIONAL}")
        except ProviderError as error:
            if error.code != "100":
                raise
            found = self._number(ASKED)
        told = {ours: text(found.get(theirs), 200) for theirs, ours in FACTS.items()}
        told["throughput"] = text(mapping(found.get("throughput")).get("level"), 40)
        facts: dict[str, Any] = {key: value for key, value in told.items() if value}
        if isinstance(found.get("is_on_biz_app"), bool):
            facts["coexistence"] = found["is_on_biz_app"]
        return facts | self._subscribed()

    def _number(self, fields: str) -> dict[str, Any]:
        return mapping(self._get(self._path(self.phone_number_id), params={"fields": fields}).json())

    def _subscribed(self) -> dict[str, bool]:
        """Whether what happens is told to us; nothing where the token may not ask or the account is not known."""
        if not self.waba_id:
            return {}
        try:
            apps = self._get(self._path(self.waba_id, "subscribed_apps"), params={})
        except ProviderError as error:
            if error.kind == "retry":
                raise
            return {}
        return {"subscribed": bool(items(mapping(apps.json()).get("data")))}

    # --- content ---

    def _content(self, outgoing: base.Outgoing) -> dict[str, Any]:
        if outgoing.kind == "text" and outgoing.text.strip():
            return {"type": "text", "text": {"body": outgoing.text, "preview_url": False}}
        if outgoing.kind == "template" and outgoing.template:
            return {"type": "template", "template": template_of(outgoing.template)}
        if outgoing.kind == "interactive" and outgoing.text.strip() and outgoing.choices:
            return choices_of(outgoing.text, outgoing.choices)
        if outgoing.kind == "reaction" and outgoing.reply_to:
            return {"type": "reaction", "reaction": {"message_id": outgoing.reply_to, "emoji": outgoing.text}}
        if outgoing.kind == "media" and outgoing.media:
            return {"type": outgoing.media.kind, outgoing.media.kind: self._media(outgoing.media)}
        raise ProviderError(_("El mensaje está vacío."), kind="permanent", code="empty")

    def _media(self, media: base.OutgoingMedia) -> dict[str, Any]:
        media_id = media.provider_media_id
        if not media_id and media.content is not None:
            media_id = self._upload(media, media.content)
        return media_of(media, media_id)

    def _upload(self, media: base.OutgoingMedia, content: bytes) -> str:
        file = (files.named(media), content, media.mime)
        form = {"messaging_product": "whatsapp", "type": media.mime}
        path = self._path(self.phone_number_id, "media")
        try:
            answer = self._post(path, data=form, files={"file": file}, timeout=MEDIA_SECONDS)
            media_id = identifier(mapping(answer.json()).get("id"))
        except ProviderError as error:
            # A file uploaded twice is seen by nobody: a lost answer is no reason to stop.
            if error.kind == "unknown":
                error.kind = "retry"
            raise
        if not media_id:
            raise ProviderError(str(errors.MEDIA), kind="retry", code="no_media_id")
        return media_id

    # --- the wire ---

    def _path(self, *parts: str) -> str:
        return "/".join((self._root, *(quote(part, safe="") for part in parts)))

    def _get(self, url: str, *, params: Mapping[str, str]) -> http.Response:
        answer = http.request("GET", url, headers=self._headers, params={**params, **self._proof}, timeout=SEND_SECONDS)
        errors.raise_for(answer)
        return answer

    def _post(self, url: str, *, timeout: float = 0, **body: Any) -> http.Response:
        waiting = timeout or SEND_SECONDS
        answer = http.request("POST", url, headers=self._headers, params=self._proof, timeout=waiting, **body)
        errors.raise_for(answer)
        return answer

    def _download(self, url: str, mime: str, ref: base.MediaRef) -> base.MediaFile:
        headers = self._headers if self._trusted(url) else {}
        answer = http.request(
            "GET", url, headers=headers, timeout=MEDIA_SECONDS, max_bytes=MAX_MEDIA_BYTES, follow=True
        )
        if answer.status == 404:
            raise ProviderError(_("WhatsApp ya no tiene el archivo."), kind="permanent", code="media_gone")
        errors.raise_for(answer)
        return files.file_of(answer, mime, ref)

    def _trusted(self, url: str) -> bool:
        """Whether a file's address may be shown the token."""
        asked = http.origin_of(url)
        if asked is None or asked == http.origin_of(self._root):
            return asked is not None
        scheme, host, _port = asked
        return scheme == "https" and f".{host}".endswith(_FILE_HOSTS)


def _revealed(accepted: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    card = mapping(next(iter(items(accepted.get("contacts"))), None))
    pairs = (("wa_id", identifier(card.get("wa_id"))), ("bsuid", identifier(card.get("user_id"))))
    return tuple((kind, external) for kind, external in pairs if external)
