"""The port between messaging and a channel's provider: plain values in, plain values out.

An adapter translates and classifies. It keeps no row, reads no setting, retries nothing; credentials are passed in.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Self

from messaging.providers.channel_config import ChannelConfig

#: Kinds an `InboundMessage` or an `Echo` may have.
KINDS = (
    "text",
    "image",
    "video",
    "audio",
    "sticker",
    "document",
    "location",
    "contacts",
    "interactive",
    "button",
    "reaction",
    "order",
    "system",
    "unsupported",
    "request_welcome",
)
MEDIA_KINDS = ("image", "video", "audio", "sticker", "document")


@dataclass(frozen=True, slots=True)
class Sender:
    """A person as the provider knows them: any id may be missing, also the phone."""

    ids: tuple[tuple[str, str], ...] = ()
    """(kind, external id), the best for replying first: wa_id, bsuid, parent_bsuid, visitor…"""
    name: str = ""
    phone: str | None = None
    """E.164, as the provider gave it; never rewritten."""
    username: str = ""


@dataclass(frozen=True, slots=True)
class MediaRef:
    """A file that still has to be fetched; `sha256` as sent (base64 or hex), a hint only."""

    provider_media_id: str = ""
    mime: str = ""
    filename: str = ""
    sha256: str = ""
    caption: str = ""
    voice: bool = False
    url: str = ""


@dataclass(frozen=True, slots=True)
class MediaFile:
    content: bytes
    mime: str
    filename: str


@dataclass(frozen=True, slots=True)
class InboundMessage:
    """A person wrote to the business.

    `text` is always readable; `payload["placeholder"]` is true where these words are ours ("Imagen"), not the person's.
    `starts_turn` is false for what no agent may answer: reactions, groups, system notes, an opened chat, the unreadable.
    """

    channel_ref: str
    message_id: str
    sender: Sender
    kind: str
    text: str
    timestamp: datetime
    media: tuple[MediaRef, ...] = ()
    reply_to: str = ""
    referral: dict[str, Any] | None = None
    starts_turn: bool = True
    group_id: str = ""
    payload: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Echo:
    """The business wrote from its own phone or another tool; it was already delivered to `recipient`."""

    channel_ref: str
    message_id: str
    recipient: Sender
    kind: str
    text: str
    timestamp: datetime
    media: tuple[MediaRef, ...] = ()
    reply_to: str = ""
    group_id: str = ""
    payload: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StatusUpdate:
    """What became of a message we sent; may come before the send call answers, twice, or out of order.

    `error_kind` as in `ProviderError.kind`; `error_text` is for a person.
    """

    channel_ref: str
    message_id: str
    status: str
    """sent, delivered, read, failed"""
    at: datetime
    client_ref: str | None = None
    recipient: Sender = Sender()
    error_code: str = ""
    error_kind: str = ""
    error_text: str = ""
    payload: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Edit:
    """The message `original_id` now says `text`; `from_business` when the business edited its own."""

    channel_ref: str
    original_id: str
    message_id: str
    sender: Sender
    kind: str
    text: str
    timestamp: datetime
    media: tuple[MediaRef, ...] = ()
    from_business: bool = False
    payload: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Revoke:
    """The message `original_id` was deleted for everyone."""

    channel_ref: str
    original_id: str
    message_id: str
    sender: Sender
    timestamp: datetime
    from_business: bool = False


@dataclass(frozen=True, slots=True)
class Reaction:
    """Somebody reacted to the message `target_id`; an empty `emoji` takes the reaction back. Never asks for an answer."""

    channel_ref: str
    target_id: str
    message_id: str
    sender: Sender
    emoji: str
    timestamp: datetime
    from_business: bool = False


@dataclass(frozen=True, slots=True)
class ReadUpTo:
    """The person has seen (or got, `status` delivered) everything sent until `at`: what Messenger says in place of ids."""

    channel_ref: str
    sender: Sender
    status: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Notice:
    """Anything that is no message: account, template and number events, the unknown, the unreadable. Kept and shown."""

    kind: str
    text: str
    payload: dict[str, Any] = field(default_factory=dict)
    channel_ref: str = ""
    account_ref: str = ""


Item = InboundMessage | Echo | StatusUpdate | Edit | Revoke | Reaction | ReadUpTo | Notice


@dataclass(frozen=True, slots=True)
class Address:
    """Where a message goes: one of the ids of a `Sender`."""

    kind: str
    external_id: str


@dataclass(frozen=True, slots=True)
class OutgoingMedia:
    """One of `content`, `provider_media_id` and `link` says which file."""

    kind: str
    content: bytes | None = None
    provider_media_id: str = ""
    link: str = ""
    mime: str = ""
    filename: str = ""
    caption: str = ""
    voice: bool = False


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message to send. `client_ref` comes back in status updates where the provider can carry it."""

    kind: str
    """text, template, media, interactive, reaction"""
    to: Address
    text: str = ""
    template: Mapping[str, Any] | None = None
    """{"name", "language": "es_AR", "components": [...]}"""
    media: OutgoingMedia | None = None
    choices: tuple[tuple[str, str], ...] = ()
    """(id, title) of the answers that an interactive message offers under `text`; what a provider cannot show as buttons
    it writes as a numbered list"""
    by_person: bool = False
    """written by a person of the team, which some windows allow for longer"""
    reply_to: str = ""
    client_ref: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """The provider accepted the message. `ids` are identities of the recipient that the answer revealed."""

    provider_message_id: str
    raw: dict[str, Any] = field(default_factory=dict)
    ids: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where the providers are (settings), without a slash at the end."""

    graph: str
    graph_version: str
    instagram: str
    ycloud: str


#: (category, NAME, default None = needed) → the company's own secret; raises ProviderError `auth` when a needed one is missing
Secret = Callable[..., str]


class Provider:
    """One channel at one provider. Every failure is a `config.lib.errors.ProviderError`; see its kinds.

    `verify` and `parse` need no credential and are static: the webhook door calls them on the class.
    """

    #: Longest text of one message, in characters.
    text_limit: ClassVar[int] = 4096
    #: What a channel of this kind has to be told.
    config: ClassVar[ChannelConfig] = ChannelConfig()
    #: Messages a second that the provider takes from one channel.
    per_second: ClassVar[float] = 50.0

    @classmethod
    def speed(cls, config: Mapping[str, Any]) -> float:
        """Messages a second that this channel may send; `config` as kept on it. Asked before any secret is read."""
        return cls.per_second

    @classmethod
    def connected(cls, *, config: Mapping[str, Any], secret: Secret, endpoints: Endpoints) -> Self:
        """The adapter of one channel: `config` as kept on it, its secrets read through `secret`."""
        raise NotImplementedError

    @staticmethod
    def verify(raw: bytes, headers: Mapping[str, str], secrets: Iterable[str]) -> bool:
        """True if one of `secrets` signed these bytes. No secret, no signature or a wrong one: False."""
        raise NotImplementedError

    @staticmethod
    def parse(payload: object) -> list[Item]:
        """Every item of a webhook body, in order. Never raises: what cannot be read becomes a `Notice`."""
        raise NotImplementedError

    def send(self, outgoing: Outgoing) -> Delivery:
        """Hand over one message. Not repeatable: kind `unknown` means that it may have been sent."""
        raise NotImplementedError

    def fetch_media(self, ref: MediaRef) -> MediaFile:
        """The file behind `ref`, held in memory and limited in size. Repeatable until the provider forgets the file."""
        raise NotImplementedError

    def mark_read(self, message_id: str, typing: bool = False, to: "Address | None" = None) -> None:
        """Show the person that their message was read, and "typing…" for some seconds. Repeatable.

        `to` is who wrote it: some providers are told by person, not by message.
        """
        raise NotImplementedError

    def facts(self) -> dict[str, Any]:
        """What the provider says of the account: name, quality, limit, expires_at (ISO), subscribed. Empty: says nothing."""
        return {}

    def check(self) -> str:
        """Prove with the cheapest call that the credential works; returns what a person may recognise it by."""
        raise NotImplementedError
