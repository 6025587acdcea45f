"""Calls to the Send API, as far as Messenger and Instagram have it in common."""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar
from urllib.parse import quote

from django.utils.translation import gettext as _

from config.lib import http
from config.lib.errors import ProviderError
from messaging.providers import base
from messaging.providers.clean import identifier, items, mapping, text
from messaging.providers.meta_direct import errors, files, parsing, signature
from messaging.providers.meta_direct.choices import quick_replies
from messaging.providers.meta_direct.files import MAX_MEDIA_BYTES, MEDIA_SECONDS, SEND_SECONDS
from messaging.providers.meta_direct.pages_errors import judge_of

#: What the two apps call a file in a message.
ATTACHMENTS = {"image": "image", "sticker": "image", "video": "video", "audio": "audio", "document": "file"}
#: A file whose link has run out.
GONE = (403, 404, 410)
#: Nothing is told of this person, which is no failure of the connection: unknown to us, or without consent (230).
UNTOLD = ("100", "230")


class MetaPages(base.Provider):
    """`node`: whose inbox is spoken from, a page or an Instagram account. `app_secret` proves calls to graph.facebook.com."""

    app: ClassVar[str]
    address_kind: ClassVar[str]
    #: fields of a profile that make a name
    profile_fields: ClassVar[str]

    def __init__(self, *, root: str, node: str, token: str, app_secret: str = "", carries_ref: bool = True) -> None:
        self.node = node
        self._root = root
        self._carries_ref = carries_ref
        self._headers = {"Authorization": f"Bearer {token}"}
        self._proof = signature.proof(app_secret, token)
        self._judge = judge_of(self.app)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(node={self.node!r})"

    @staticmethod
    def verify(raw: bytes, headers: Mapping[str, str], secrets: Iterable[str]) -> bool:
        return signature.verify(raw, headers, secrets)

    @staticmethod
    def parse(payload: object) -> list[base.Item]:
        return parsing.parse(payload)

    def send(self, outgoing: base.Outgoing) -> base.Delivery:
        if outgoing.kind == "reaction":
            return self._react(outgoing)
        parts = self._parts(outgoing)
        delivery = self._say(outgoing, parts[0])
        for part in parts[1:]:
            try:
                delivery = self._say(outgoing, part)
            except ProviderError as error:
                # The words before the file are there already: sent again, they would stand there twice.
                if error.kind == "retry":
                    error.kind, error.code = "unknown", "half_sent"
                raise
        return delivery

    def fetch_media(self, ref: base.MediaRef) -> base.MediaFile:
        gone = ProviderError(
            _("%(app)s ya no tiene el archivo.") % {"app": self.app}, kind="permanent", code="media_gone"
        )
        if not ref.url:
            raise gone
        # The address alone opens the file; the token would be shown to whatever a webhook names.
        answer = http.request("GET", ref.url, timeout=MEDIA_SECONDS, max_bytes=MAX_MEDIA_BYTES, follow=True)
        if answer.status in GONE:
            raise gone
        errors.raise_for(answer, self._judge)
        return files.file_of(answer, ref.mime, ref)

    def mark_read(self, message_id: str, typing: bool = False, to: base.Address | None = None) -> None:
        """Told by person, not by message: without `to` nobody is told anything."""
        if to is None:
            return
        for action in ("mark_seen", "typing_on") if typing else ("mark_seen",):
            self._post("messages", json={"recipient": {"id": to.external_id}, "sender_action": action})

    def profile(self, external_id: str) -> base.Sender:
        """Name and user name of a person who wrote; both empty where Meta does not tell them."""
        who = ((self.address_kind, external_id),)
        try:
            found = self._get(external_id, fields=self.profile_fields)
        except ProviderError as error:
            if error.code in UNTOLD:
                return base.Sender(who)
            raise
        names = (text(found.get(key), 80).strip() for key in ("name", "first_name", "last_name"))
        return base.Sender(who, name=" ".join(filter(None, names)), username=text(found.get("username"), 160).strip())

    # --- content ---

    def _parts(self, outgoing: base.Outgoing) -> list[dict[str, Any]]:
        """The messages that say it all: neither app has words beside a file."""
        words, media = outgoing.text.strip(), outgoing.media
        if outgoing.kind == "text" and words:
            return [{"text": self._fitting(outgoing.text)}]
        if outgoing.kind == "interactive" and words and outgoing.choices:
            message = quick_replies(outgoing.text, outgoing.choices)
            self._fitting(message["text"])
            return [message]
        if outgoing.kind == "template":
            raise ProviderError(_("Las plantillas son de WhatsApp."), kind="permanent", code="no_templates")
        if outgoing.kind == "media" and media is not None:
            caption = [{"text": self._fitting(media.caption)}] if media.caption.strip() else []
            return [*caption, {"attachment": self._attachment(media)}]
        raise ProviderError(_("El mensaje está vacío."), kind="permanent", code="empty")

    def _fitting(self, words: str) -> str:
        if not self._fits(words):
            message = _("El mensaje pasa del largo que admite %(app)s.") % {"app": self.app}
            raise ProviderError(message, kind="permanent", code="too_long")
        return words

    def _fits(self, words: str) -> bool:
        return len(words) <= self.text_limit

    def _attachment(self, media: base.OutgoingMedia) -> dict[str, Any]:
        kind = ATTACHMENTS.get(media.kind, "file")
        if media.provider_media_id:
            return {"type": kind, "payload": {"attachment_id": media.provider_media_id}}
        if media.link:
            return {"type": kind, "payload": {"url": media.link}}
        if media.content is None:
            raise ProviderError(_("El mensaje está vacío."), kind="permanent", code="empty")
        return {"type": kind, "payload": {"attachment_id": self._upload(kind, media, media.content)}}

    def _upload(self, kind: str, media: base.OutgoingMedia, content: bytes) -> str:
        """The id of a file given to the provider; Messenger and Instagram each have their own way."""
        raise NotImplementedError

    # --- the wire ---

    def _say(self, outgoing: base.Outgoing, message: dict[str, Any]) -> base.Delivery:
        if outgoing.client_ref and self._carries_ref:
            message = {**message, "metadata": outgoing.client_ref}
        body = {"recipient": {"id": outgoing.to.external_id}, "messaging_type": "RESPONSE", "message": message}
        try:
            answer = self._post("messages", json=body)
        except ProviderError as closed:
            if closed.kind != "window" or not outgoing.by_person:
                raise
            answer = self._post_as_person(body, closed)
        accepted = mapping(answer.json())
        message_id = identifier(accepted.get("message_id"))
        if not message_id:
            words = _("%(app)s aceptó el mensaje pero no dijo cuál es.") % {"app": self.app}
            raise ProviderError(words, kind="unknown", code="no_message_id")
        return base.Delivery(message_id, raw=accepted, ids=self._revealed(accepted))

    def _post_as_person(self, body: dict[str, Any], closed: ProviderError) -> http.Response:
        """Once more as a person's answer, which may come up to seven days later. Needs a feature that Meta grants to apps."""
        try:
            return self._post("messages", json={**body, "messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"})
        except ProviderError as error:
            if error.kind in ("retry", "unknown"):
                raise
            # An app without that feature is not broken: what the person needs to know is that the time is over.
            raise closed from error

    def _react(self, outgoing: base.Outgoing) -> base.Delivery:
        if not outgoing.reply_to:
            raise ProviderError(_("El mensaje está vacío."), kind="permanent", code="empty")
        payload = {"message_id": outgoing.reply_to}
        if outgoing.text:
            payload["reaction"] = "love" if outgoing.text.startswith("❤") else outgoing.text
        action = "react" if outgoing.text else "unreact"
        body = {"recipient": {"id": outgoing.to.external_id}, "sender_action": action, "payload": payload}
        accepted = mapping(self._post("messages", json=body).json())
        reference = f"reaction:{outgoing.client_ref or outgoing.reply_to}"
        return base.Delivery(identifier(accepted.get("message_id")) or reference, accepted, self._revealed(accepted))

    def _revealed(self, accepted: dict[str, Any]) -> tuple[tuple[str, str], ...]:
        person = identifier(accepted.get("recipient_id"))
        return ((self.address_kind, person),) if person else ()

    def _subscribed(self, node: str) -> dict[str, bool]:
        """Whether new messages are told to us; nothing where the token may not ask."""
        try:
            apps = items(self._get(node, "subscribed_apps").get("data"))
        except ProviderError as error:
            if error.kind == "retry":
                raise
            return {}
        return {"subscribed": any("messages" in items(mapping(one).get("subscribed_fields")) for one in apps)}

    def _path(self, *parts: str) -> str:
        return "/".join((self._root, *(quote(part, safe="") for part in parts)))

    def _get(self, *parts: str, **params: str) -> dict[str, Any]:
        url, asked = self._path(*parts), {**params, **self._proof}
        answer = http.request("GET", url, headers=self._headers, params=asked, timeout=SEND_SECONDS)
        errors.raise_for(answer, self._judge)
        return mapping(answer.json())

    def _post(self, edge: str, *, timeout: float = 0, **body: Any) -> http.Response:
        url = self._path(self.node, edge)
        waiting = timeout or SEND_SECONDS
        answer = http.request("POST", url, headers=self._headers, params=self._proof, timeout=waiting, **body)
        errors.raise_for(answer, self._judge)
        return answer
