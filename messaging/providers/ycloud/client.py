"""Calls to YCloud for one WhatsApp number."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar
from urllib.parse import quote

from django.utils.translation import gettext as _

from config.lib import http
from config.lib.errors import ProviderError
from messaging.providers import base
from messaging.providers.channel_config import ChannelConfig
from messaging.providers.clean import identifier, items, mapping, phone, text
from messaging.providers.meta_direct.choices import choices_of
from messaging.providers.meta_direct.files import MAX_MEDIA_BYTES, MEDIA_SECONDS, file_of, named
from messaging.providers.meta_direct.shapes import media_of, template_of
from messaging.providers.ycloud import errors, inbound, signature
from messaging.providers.ycloud.config import CONFIG

SEND_SECONDS = 20.0
PAGE, MOST_PAGES = 100, 10
#: Its hosts that serve files and may see the key; besides them only the configured one.
_FILE_HOSTS = ".ycloud.com"


class YCloudWhatsApp(base.Provider):
    """`base_url` with the version, for example https://api.ycloud.com/v2; `phone_number` in E.164."""

    text_limit: ClassVar[int] = 4096
    config: ClassVar[ChannelConfig] = CONFIG
    per_second: ClassVar[float] = 80.0  # Meta's own limit of a number; YCloud's is 200 (rate limits page)

    def __init__(self, *, base_url: str, phone_number: str, api_key: str) -> None:
        self.phone_number = phone_number
        self._root = base_url.rstrip("/")
        self._headers = {"X-API-Key": api_key}

    def __repr__(self) -> str:
        return f"YCloudWhatsApp(phone_number={self.phone_number!r})"

    @classmethod
    def connected(
        cls, *, config: Mapping[str, Any], secret: base.Secret, endpoints: base.Endpoints
    ) -> "YCloudWhatsApp":
        return cls(
            base_url=endpoints.ycloud,
            phone_number=str(config.get("phone_number", "")),
            api_key=secret("ycloud", "API_KEY"),
        )

    @staticmethod
    def verify(raw: bytes, headers: Mapping[str, str], secrets: Iterable[str]) -> bool:
        return signature.verify(raw, headers, secrets)

    @staticmethod
    def parse(payload: object) -> list[base.Item]:
        return inbound.parse(payload)

    def send(self, outgoing: base.Outgoing) -> base.Delivery:
        content = self._content(outgoing)
        body: dict[str, Any] = {"from": self.phone_number} | _recipient(outgoing.to) | content
        if outgoing.reply_to and outgoing.kind != "reaction":
            body["context"] = {"message_id": outgoing.reply_to}
        if outgoing.client_ref:
            body["externalId"] = outgoing.client_ref
        # The other door only queues: this one says at once what WhatsApp refused.
        sent = mapping(self._post("whatsapp", "messages", "sendDirectly", json=body).json())
        # Replies, reactions and most statuses name WhatsApp's id.
        message_id = identifier(sent.get("wamid")) or identifier(sent.get("id"))
        if not message_id:
            message = _("YCloud aceptó el mensaje pero no dijo cuál es.")
            raise ProviderError(message, kind="unknown", code="no_message_id")
        if sent.get("status") == "failed":
            verdict = errors.verdict_of(sent.get("errorCode"), sent.get("whatsappApiError"))
            raise ProviderError(verdict.text, kind=verdict.kind, code=verdict.code, retry_after=verdict.retry_after)
        return base.Delivery(message_id, raw=sent, ids=_revealed(sent))

    def fetch_media(self, ref: base.MediaRef) -> base.MediaFile:
        """By its link, which YCloud keeps for about a month; there is no way from an id alone."""
        if not ref.url:
            raise _gone()
        trusted = self._trusted(ref.url)
        answer = http.request(
            "GET",
            ref.url,
            headers=self._headers if trusted else {},
            timeout=MEDIA_SECONDS,
            max_bytes=MAX_MEDIA_BYTES,
            follow=True,
        )
        # A store's link that ran out says 403, which says nothing about our key.
        if answer.status in (404, 410) or (answer.status in (400, 401, 403) and not trusted):
            raise _gone()
        errors.raise_for(answer)
        return file_of(answer, ref.mime, ref)

    def mark_read(self, message_id: str, typing: bool = False, to: base.Address | None = None) -> None:
        self._post("whatsapp", "inboundMessages", message_id, "markAsRead")
        if typing:
            self._post("whatsapp", "inboundMessages", message_id, "typingIndicator")

    def facts(self) -> dict[str, Any]:
        for one in self.numbers():
            if one.get("phoneNumber") == self.phone_number:
                known = {
                    "name": text(one.get("verifiedName") or one.get("displayName"), 160),
                    "number": text(one.get("displayPhoneNumber") or one.get("phoneNumber"), 40),
                    "quality": text(one.get("qualityRating"), 20),
                    "limit": text(one.get("messagingLimit") or one.get("whatsappBusinessManagerMessagingLimit"), 40),
                    "status": text(one.get("status"), 40),
                    "name_status": text(one.get("newNameStatus") or one.get("nameStatus"), 40),
                }
                return {key: value for key, value in known.items() if value}
        message = _("El número %(number)s no está en esta cuenta de YCloud.") % {"number": self.phone_number}
        raise ProviderError(message, kind="permanent", code="number_missing")

    def check(self) -> str:
        found = mapping(self._get("balance").json())
        amount = " ".join(filter(None, (text(found.get("amount"), 30), text(found.get("currency"), 10))))
        balance = _("saldo %(amount)s") % {"amount": amount} if amount else ""
        return " · ".join(filter(None, (self.phone_number, balance))) or "YCloud"

    # --- the account ---

    def numbers(self) -> Iterator[dict[str, Any]]:
        """The WhatsApp numbers of the key's account."""
        return self._listed("whatsapp", "phoneNumbers")

    def webhooks(self) -> Iterator[dict[str, Any]]:
        """The addresses that the account's events go to: {"id", "url", "enabledEvents", "status", "secret"?}."""
        return self._listed("webhookEndpoints")

    def add_webhook(self, *, url: str, events: Iterable[str], description: str) -> dict[str, Any]:
        body = {"url": url, "enabledEvents": list(events), "description": description, "status": "active"}
        return mapping(self._post("webhookEndpoints", json=body).json())

    def change_webhook(self, webhook_id: str, *, events: Iterable[str]) -> dict[str, Any]:
        """Switched on, for these events."""
        body = {"enabledEvents": list(events), "status": "active"}
        answer = self._call("PATCH", "webhookEndpoints", webhook_id, json=body)
        return mapping(answer.json())

    def remove_webhook(self, webhook_id: str) -> None:
        self._call("DELETE", "webhookEndpoints", webhook_id)

    def new_secret(self, webhook_id: str) -> str:
        """Another secret for an address, which is told only now."""
        return text(mapping(self._post("webhookEndpoints", webhook_id, "rotateSecret").json()).get("secret"), 300)

    # --- content ---

    def _content(self, outgoing: base.Outgoing) -> dict[str, Any]:
        kind, words = outgoing.kind, outgoing.text
        if kind == "text" and words.strip():
            return {"type": "text", "text": {"body": words, "preview_url": False}}
        if kind == "template" and outgoing.template:
            return {"type": "template", "template": template_of(outgoing.template)}
        if kind == "media" and outgoing.media:
            return {"type": outgoing.media.kind, outgoing.media.kind: self._media(outgoing.media)}
        if kind == "interactive" and words.strip() and outgoing.choices:
            return choices_of(words, outgoing.choices)
        if kind == "reaction" and outgoing.reply_to:
            return {"type": "reaction", "reaction": {"message_id": outgoing.reply_to, "emoji": words}}
        raise ProviderError(_("El mensaje está vacío."), kind="permanent", code="empty")

    def _media(self, media: base.OutgoingMedia) -> dict[str, Any]:
        media_id = media.provider_media_id
        if not media_id and media.content is not None:
            media_id = self._upload(media, media.content)
        if not media_id and not media.link:
            raise ProviderError(_("El mensaje está vacío."), kind="permanent", code="empty")
        return media_of(media, media_id)

    def _upload(self, media: base.OutgoingMedia, content: bytes) -> str:
        file = {"file": (named(media), content, media.mime)}
        try:
            answer = self._post("whatsapp", "media", self.phone_number, "upload", files=file, timeout=MEDIA_SECONDS)
            media_id = identifier(mapping(answer.json()).get("id"))
        except ProviderError as error:
            # A file uploaded twice is seen by nobody: a lost answer is no reason to stop.
            if error.kind == "unknown":
                error.kind = "retry"
            raise
        if not media_id:
            raise ProviderError(_("YCloud no pudo usar el archivo."), kind="retry", code="no_media_id")
        return media_id

    # --- the wire ---

    def _get(self, *path: str, params: Mapping[str, Any] | None = None) -> http.Response:
        return self._call("GET", *path, params=params)

    def _post(self, *path: str, **options: Any) -> http.Response:
        return self._call("POST", *path, **options)

    def _call(self, method: str, *path: str, timeout: float = 0, **options: Any) -> http.Response:
        url = "/".join((self._root, *(quote(part, safe="+") for part in path)))
        answer = http.request(method, url, headers=self._headers, timeout=timeout or SEND_SECONDS, **options)
        errors.raise_for(answer)
        return answer

    def _listed(self, *path: str) -> Iterator[dict[str, Any]]:
        for page in range(1, MOST_PAGES + 1):
            answer = self._get(*path, params={"page": page, "limit": PAGE}).json()
            # Some lists come bare, without the envelope of a page.
            found = items(answer) or items(mapping(answer).get("items"))
            yield from map(mapping, found)
            if len(found) < PAGE:
                return

    def _trusted(self, url: str) -> bool:
        """Whether a file's address may be shown the key."""
        asked = http.origin_of(url)
        if asked is None or asked == http.origin_of(self._root):
            return asked is not None
        scheme, host, _port = asked
        return scheme == "https" and f".{host}".endswith(_FILE_HOSTS)


def _recipient(to: base.Address) -> dict[str, str]:
    """A person known by their WhatsApp user id only is named in another field than a phone."""
    if to.kind != "wa_id":
        return {"recipient": to.external_id}
    return {"to": phone(to.external_id) or to.external_id}


def _revealed(sent: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    pairs = (
        ("wa_id", identifier(sent.get("to")).removeprefix("+")),
        ("bsuid", identifier(sent.get("recipientUserId") or sent.get("toUserId"))),
    )
    return tuple((kind, external) for kind, external in pairs if external)


def _gone() -> ProviderError:
    return ProviderError(_("YCloud ya no tiene el archivo."), kind="permanent", code="media_gone")
