"""Calls to one inbox of a Chatwoot account. The class says which app stands behind the inbox."""

import mimetypes
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Self

from django.utils.translation import gettext as _

from config.lib import http
from config.lib.errors import ProviderError
from messaging.providers import base
from messaging.providers.channel_config import ChannelConfig
from messaging.providers.chatwoot import errors, inbound, signature
from messaging.providers.chatwoot.config import CONFIG
from messaging.providers.clean import identifier, mapping
from messaging.providers.clean import items as listed

#: Chatwoot's own limit of an upload is 40 MB; a file is held in memory, as everywhere here.
MAX_MEDIA_BYTES = 32 * 1024 * 1024
SEND_SECONDS = 20.0
MEDIA_SECONDS = 60.0


class Chatwoot(base.Provider):
    """`base_url` of the company's own server. `token` writes (the bot's, where there is one); `reader` reads, which bots may not."""

    text_limit: ClassVar[int] = 4096
    config: ClassVar[ChannelConfig] = CONFIG
    #: whether the app shows a choice as buttons; else it is written out
    has_buttons: ClassVar[bool] = False

    def __init__(self, *, base_url: str, account_id: str, inbox_id: str, token: str, reader: str = "") -> None:
        self.account_id, self.inbox_id = account_id, inbox_id
        self._site = base_url.rstrip("/")
        self._token, self._reader = token, reader

    def __repr__(self) -> str:
        return f"{type(self).__name__}(account_id={self.account_id!r}, inbox_id={self.inbox_id!r})"

    @classmethod
    def connected(cls, *, config: Mapping[str, Any], secret: base.Secret, endpoints: base.Endpoints) -> Self:
        bot = secret("chatwoot", "BOT_TOKEN", "")
        reader = secret("chatwoot", "API_TOKEN", "") if bot else secret("chatwoot", "API_TOKEN")
        return cls(
            base_url=secret("chatwoot", "BASE_URL"),
            account_id=str(config.get("account_id", "")),
            inbox_id=str(config.get("inbox_id", "")),
            token=bot or reader,
            reader=reader,
        )

    @staticmethod
    def verify(raw: bytes, headers: Mapping[str, str], secrets: Iterable[str]) -> bool:
        return signature.verify(raw, headers, secrets)

    @staticmethod
    def parse(payload: object) -> list[base.Item]:
        return inbound.parse(payload)

    # --- sending ---

    def send(self, outgoing: base.Outgoing) -> base.Delivery:
        if outgoing.to.kind != "chatwoot" or not outgoing.to.external_id.isdecimal():
            message = _("Por Chatwoot solo se escribe en una conversación que ya existe.")
            raise ProviderError(message, kind="permanent", code="no_conversation")
        path = f"conversations/{outgoing.to.external_id}/messages"
        body = self._body(outgoing)
        if outgoing.kind == "media" and outgoing.media:
            answer = self._upload(path, body, outgoing.media)
        else:
            answer = self._call("POST", path, json=body)
        message_id = identifier(mapping(answer.json()).get("id"))
        if not message_id:
            message = _("Chatwoot aceptó el mensaje pero no dijo cuál es.")
            raise ProviderError(message, kind="unknown", code="no_message_id")
        return base.Delivery(message_id)

    def _body(self, outgoing: base.Outgoing) -> dict[str, Any]:
        body: dict[str, Any] = {"message_type": "outgoing", "private": False, "content": outgoing.text}
        if outgoing.client_ref:
            body["echo_id"] = outgoing.client_ref
        if outgoing.reply_to.isdecimal():
            body["content_attributes"] = {"in_reply_to": int(outgoing.reply_to)}
        if outgoing.kind == "media" and outgoing.media:
            return body | {"content": outgoing.media.caption}
        if outgoing.kind == "template" and outgoing.template:
            made = _template(outgoing.template)
            return body | {"content": outgoing.text or made["name"], "template_params": made}
        if outgoing.kind == "interactive" and outgoing.text.strip() and outgoing.choices:
            return body | self._choices(outgoing, body.get("content_attributes", {}))
        if outgoing.kind in ("text", "interactive") and outgoing.text.strip():
            return body
        if outgoing.kind == "reaction":
            message = _("Chatwoot no puede enviar reacciones.")
            raise ProviderError(message, kind="permanent", code="not_supported")
        raise ProviderError(_("El mensaje está vacío."), kind="permanent", code="empty")

    def _choices(self, outgoing: base.Outgoing, attributes: dict[str, Any]) -> dict[str, Any]:
        if self.has_buttons:
            options = [{"title": title, "value": value} for value, title in outgoing.choices]
            return {"content_type": "input_select", "content_attributes": attributes | {"items": options}}
        lines = [f"{number}. {title}" for number, (_id, title) in enumerate(outgoing.choices, 1)]
        return {"content": "\n".join((outgoing.text, *lines))}

    def _upload(self, path: str, body: dict[str, Any], media: base.OutgoingMedia) -> http.Response:
        content, mime = media.content, media.mime
        if content is None:
            file = self._linked(media)
            content, mime = file.content, file.mime
        if not content:
            raise ProviderError(_("El mensaje está vacío."), kind="permanent", code="empty")
        name = media.filename or f"{media.kind}{mimetypes.guess_extension(mime) or ''}"
        form = {"message_type": "outgoing", "private": "false"}
        form |= {key: str(body[key]) for key in ("content", "echo_id") if body.get(key)}
        files = {"attachments[]": (name, content, mime or "application/octet-stream")}
        return self._call("POST", path, data=form, files=files, timeout=MEDIA_SECONDS)

    def _linked(self, media: base.OutgoingMedia) -> base.MediaFile:
        """The file that an integration names by its address. What its host answers says nothing of Chatwoot."""
        try:
            return self._download(media.link, media.mime, media.filename)
        except ProviderError as error:
            words = _("El archivo del enlace no se pudo leer: revisar que la dirección siga vigente y abra sin clave.")
            raise ProviderError(words, kind="permanent", code="link_unreadable") from error

    def mark_read(self, message_id: str, typing: bool = False, to: base.Address | None = None) -> None:
        """Chatwoot tells nobody what was read; "typing…" shows in the conversation `to`, until the next message."""
        if typing and to is not None and to.kind == "chatwoot" and to.external_id.isdecimal():
            self._call("POST", f"conversations/{to.external_id}/toggle_typing_status", json={"typing_status": "on"})

    def set_status(self, conversation: str, status: str) -> None:
        """`open`: people have it; `pending`: the bot has it. Repeatable."""
        if conversation.isdecimal():
            self._call("POST", f"conversations/{conversation}/toggle_status", json={"status": status}, repeatable=True)

    # --- reading ---

    def fetch_media(self, ref: base.MediaRef) -> base.MediaFile:
        return self._download(ref.url, ref.mime, ref.filename)

    def _download(self, url: str, mime: str, filename: str) -> base.MediaFile:
        if not url:
            raise ProviderError(_("Chatwoot ya no tiene el archivo."), kind="permanent", code="media_gone")
        own = http.origin_of(url) is not None and http.origin_of(url) == http.origin_of(self._site)
        headers = {"api_access_token": self._reader or self._token} if own else {}
        answer = http.request(
            "GET", url, headers=headers, timeout=MEDIA_SECONDS, max_bytes=MAX_MEDIA_BYTES, follow=True
        )
        if answer.status in (404, 410):
            raise ProviderError(_("Chatwoot ya no tiene el archivo."), kind="permanent", code="media_gone")
        errors.raise_for(answer)
        kind = mime or answer.headers.get("content-type", "application/octet-stream")
        extension = mimetypes.guess_extension(kind.partition(";")[0].strip()) or ""
        return base.MediaFile(answer.content, kind, filename or f"file{extension}")

    def check(self) -> str:
        if not self._reader:  # a bot may look at a conversation; that this one is not there says that its token is good
            try:
                self._call("GET", "conversations/0")
            except ProviderError as error:
                if error.code != "http_404":
                    raise
            return _("Bot de agente")
        return str(self._inbox().get("name") or self.inbox_id)

    def facts(self) -> dict[str, Any]:
        """The inbox's name and whether Chatwoot itself lost its connection with the app behind it."""
        if not self._reader:
            return {}
        found = self._inbox()
        facts: dict[str, Any] = {"name": str(found.get("name") or "")}
        if found.get("reauthorization_required") is True:
            facts["status"] = _("Chatwoot perdió la conexión de esta bandeja: volver a autorizarla allá.")
        return facts

    @property
    def can_read(self) -> bool:
        """Whether there is a token of a person: bots may not list anything."""
        return bool(self._reader)

    def latest(self) -> list[dict[str, Any]]:
        """The inbox's conversations with something new, newest first, at most 25; needs a person's token."""
        params = {"inbox_id": self.inbox_id, "status": "all", "assignee_type": "all", "page": "1"}
        found = mapping(self._get("conversations", params=params).get("data"))
        return [mapping(one) for one in listed(found.get("payload"))]

    def messages(self, conversation: str) -> list[dict[str, Any]]:
        """The last 20 messages of a conversation, oldest first; needs a person's token."""
        return [mapping(one) for one in listed(self._get(f"conversations/{conversation}/messages").get("payload"))]

    def _inbox(self) -> dict[str, Any]:
        return self._get(f"inboxes/{self.inbox_id}")

    # --- the wire ---

    def _get(self, path: str, *, params: Mapping[str, str] | None = None) -> dict[str, Any]:
        answer = self._call("GET", path, params=params)
        try:
            return mapping(answer.json())
        except ProviderError:
            raise ProviderError(str(errors.NOT_CHATWOOT), kind="permanent", code="not_chatwoot") from None

    def _call(
        self, method: str, path: str, *, timeout: float = SEND_SECONDS, repeatable: bool = False, **more: Any
    ) -> http.Response:
        token = self._reader or self._token if method == "GET" else self._token
        url = f"{self._site}/api/v1/accounts/{self.account_id}/{path}"
        try:
            answer = http.request(method, url, headers={"api_access_token": token}, timeout=timeout, **more)
            errors.raise_for(answer)
        except ProviderError as error:
            if error.kind == "unknown" and (repeatable or method == "GET"):
                error.kind = "retry"
            raise
        return answer


def _template(given: Mapping[str, Any]) -> dict[str, Any]:
    """Meta's components as Chatwoot's `processed_params`: what stands in each variable, by its number or name."""
    language = given.get("language") or "es"
    made: dict[str, Any] = {
        "name": str(given.get("name", "")),
        "language": str(language.get("code", "es") if isinstance(language, Mapping) else language),
    }
    if given.get("category"):
        made["category"] = str(given["category"])
    body: dict[str, str] = {}
    header: dict[str, str] = {}
    buttons: list[dict[str, str]] = []
    for one in listed(given.get("components")):
        part = mapping(one)
        kind, values = str(part.get("type", "")).lower(), [mapping(each) for each in listed(part.get("parameters"))]
        if kind == "body":
            body |= {str(each.get("parameter_name") or number): _value(each) for number, each in enumerate(values, 1)}
        elif kind == "header" and values:
            media = str(values[0].get("type", "text"))
            link = mapping(values[0].get(media)).get("link")
            header = {"media_url": str(link), "media_type": media} if link else {"1": _value(values[0])}
        elif kind == "button" and values:
            buttons.append({"type": str(part.get("sub_type", "url")).lower(), "parameter": _value(values[0])})
    # Versions before 4.5 know the variables of the body alone, and later ones still read that form.
    made["processed_params"] = (
        {"body": body} | ({"header": header} if header else {}) | ({"buttons": buttons} if buttons else {})
        if header or buttons
        else body
    )
    return made


def _value(parameter: dict[str, Any]) -> str:
    kind = str(parameter.get("type", "text"))
    given = parameter.get(kind)
    if isinstance(given, dict):  # money and dates carry the words to fall back on
        given = given.get("fallback_value")
    return str(given if given is not None else parameter.get("payload") or "")


class ChatwootWhatsApp(Chatwoot):
    """An inbox of a WhatsApp number."""


class ChatwootInstagram(Chatwoot):
    """An inbox of an Instagram account."""

    text_limit: ClassVar[int] = 1000


class ChatwootFacebook(Chatwoot):
    """An inbox of a Facebook page."""

    text_limit: ClassVar[int] = 2000


class ChatwootWeb(Chatwoot):
    """The chat of a web site, or an inbox of Chatwoot's own API."""

    text_limit: ClassVar[int] = 10_000
    has_buttons: ClassVar[bool] = True
