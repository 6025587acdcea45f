"""Messenger and Instagram webhook events → items. Nothing raises: what cannot be read becomes a `Notice`."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from messaging.providers.base import (
    Echo,
    Edit,
    InboundMessage,
    Item,
    Notice,
    Reaction,
    ReadUpTo,
    Revoke,
    Sender,
    StatusUpdate,
)
from messaging.providers.clean import digest, identifier, items, mapping, milliseconds, small, text
from messaging.providers.meta_direct import pages_content
from messaging.providers.meta_direct.content import Content, said
from messaging.providers.meta_direct.inbound import CLIENT_REF_LENGTH, EMOJI_LENGTH, UNREADABLE

#: what a reaction without an emoji of its own looks like
EMOJIS = {
    "love": "❤️",
    "like": "👍",
    "dislike": "👎",
    "smile": "😆",
    "haha": "😆",
    "wow": "😮",
    "sad": "😢",
    "angry": "😡",
}
OTHER_EMOJI = "❤️"

#: key of an event, or field of a change, that carries no message → sentence
SENTENCES: dict[str, Promise] = {
    "optin": gettext_lazy("La persona aceptó recibir avisos."),
    "pass_thread_control": gettext_lazy("Otra aplicación entregó la conversación."),
    "take_thread_control": gettext_lazy("Otra aplicación tomó la conversación."),
    "request_thread_control": gettext_lazy("Otra aplicación pidió la conversación."),
    "app_roles": gettext_lazy("Cambió qué aplicación atiende la página."),
    "policy_enforcement": gettext_lazy("Meta tomó una medida sobre la página por sus políticas."),
    "account_linking": gettext_lazy("La persona vinculó o desvinculó su cuenta."),
    "feed": gettext_lazy("Hubo actividad en las publicaciones de la página."),
    "comments": gettext_lazy("Hubo un comentario en una publicación."),
    "mentions": gettext_lazy("Mencionaron a la empresa en una publicación."),
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where an event stood: the page or account, and whether another app has the conversation (`standby`)."""

    account: str
    instagram: bool
    standby: bool
    sent: datetime

    @classmethod
    def of(cls, entry: dict[str, Any], named: str, *, standby: bool) -> Self:
        sent = milliseconds(entry.get("time")) or datetime.now(UTC)
        return cls(identifier(entry.get("id")), named == "instagram", standby, sent)

    @property
    def app(self) -> str:
        return "Instagram" if self.instagram else "Messenger"

    def person(self, given: object) -> Sender:
        """Nobody, where the account speaks with itself."""
        external = identifier(mapping(given).get("id"))
        known = external and external != self.account
        return Sender(((("igsid" if self.instagram else "psid"), external),)) if known else Sender()


@dataclass(frozen=True, slots=True)
class _Event:
    """One event with what all kinds have in common."""

    raw: dict[str, Any]
    key: str
    place: Place
    from_business: bool
    person: Sender
    at: datetime

    @property
    def inner(self) -> dict[str, Any]:
        return mapping(self.raw.get(self.key))

    @property
    def mid(self) -> str:
        return identifier(self.inner.get("mid"))

    @property
    def own_id(self) -> str:
        """For what has no id, the same each time it is told."""
        return digest([self.key, self.inner, self.raw.get("sender"), self.raw.get("timestamp")])


def is_event(value: object) -> bool:
    """Whether the value of a change is an event of a page: so come the dashboard's tests."""
    given = mapping(value)
    return "messaging_product" not in given and any(isinstance(given.get(key), dict) for key in ("sender", "recipient"))


def change(one: object, place: Place) -> list[Item]:
    given = mapping(one)
    field, value = text(given.get("field"), 60), given.get("value")
    if is_event(value):
        return read(value, place)
    return [_notice(field, value, place)] if isinstance(value, dict) else [_unreadable(one, place)]


def read(one: object, place: Place) -> list[Item]:
    """The items of one event; at least one."""
    if not isinstance(one, dict):
        return [_unreadable(one, place)]
    key = next((key for key in READERS if isinstance(one.get(key), dict)), "")
    try:
        return READERS[key](_event(one, key, place)) if key else [_notice(_named(one), one, place)]
    except UNREADABLE:
        return [_unreadable(one, place)]


def _event(one: dict[str, Any], key: str, place: Place) -> _Event:
    sender = identifier(mapping(one.get("sender")).get("id"))
    echoed = mapping(one.get(key)).get("is_echo") is True
    ours = echoed or bool(sender and sender == place.account)
    person = place.person(one.get("recipient" if ours else "sender"))
    return _Event(one, key, place, ours, person, milliseconds(one.get("timestamp")) or place.sent)


def _unreadable(item: object, place: Place) -> Notice:
    words = _("Llegó algo de %(app)s que no se pudo leer.") % {"app": place.app}
    return Notice("unreadable", words, {"item": small(item)}, channel_ref=place.account)


def _notice(kind: str, item: object, place: Place) -> Notice:
    known = SENTENCES.get(kind)
    words = str(known) if known else _("%(app)s avisó algo que todavía no se interpreta.") % {"app": place.app}
    return Notice(kind if known else "unknown", words, {"field": kind, "item": small(item)}, channel_ref=place.account)


def _named(one: dict[str, Any]) -> str:
    """What the event is called by its own key: what all of them have tells nothing."""
    keys = [text(key, 60).replace("-", "_") for key in one if key not in ("sender", "recipient", "timestamp")]
    return next((key for key in keys if key in SENTENCES), keys[0] if keys else "")


# --- the kinds of events -------------------------------------------------------------------------------


def _message(event: _Event) -> list[Item]:
    given = event.inner
    if given.get("is_deleted") is True and event.mid:
        ref = event.place.account
        return [Revoke(ref, event.mid, event.mid, event.person, event.at, from_business=event.from_business)]
    return [_said(event, pages_content.read(given), given.get("referral"))]


def _postback(event: _Event) -> list[Item]:
    """A tapped button or menu entry; what another app answers comes without its payload."""
    given = event.inner
    button = {"payload": text(given.get("payload"), 300)}
    return [_said(event, said("button", text(given.get("title")), _("Botón"), button=button), given.get("referral"))]


def _referral(event: _Event) -> list[Item]:
    """An old chat was opened again through a link or an ad; nothing was written yet."""
    content = Content("request_welcome", _("Abrió el chat desde un enlace"), payload={"placeholder": True}, turn=False)
    return [_said(event, content, event.inner)]


def _said(event: _Event, content: Content, referral: object) -> Item:
    place, payload = event.place, dict(content.payload)
    if not event.person.ids:
        return _unreadable(event.raw, place)
    if place.standby:
        payload["standby"] = True
    reply_to = identifier(mapping(event.inner.get("reply_to")).get("mid"))
    if event.from_business:
        return Echo(
            channel_ref=place.account,
            message_id=event.mid or event.own_id,
            recipient=event.person,
            kind=content.kind,
            text=content.text,
            timestamp=event.at,
            media=content.media,
            reply_to=reply_to,
            payload=payload | _origin(event.inner),
        )
    return InboundMessage(
        channel_ref=place.account,
        message_id=event.mid or event.own_id,
        sender=event.person,
        kind=content.kind,
        text=content.text,
        timestamp=event.at,
        media=content.media,
        reply_to=reply_to,
        referral=small(referral) if isinstance(referral, dict) and referral else None,
        # Who has the conversation answers it; what is said there is still part of what we know.
        starts_turn=content.turn and not place.standby,
        payload=payload,
    )


def _origin(given: dict[str, Any]) -> dict[str, str]:
    """Which app sent an echoed message, and our own name for it if it was this one."""
    # One too long came from another tool: cut, it could join something.
    named = text(given.get("metadata"))
    found = {"client_ref": named if len(named) <= CLIENT_REF_LENGTH else "", "app_id": identifier(given.get("app_id"))}
    return {key: value for key, value in found.items() if value}


def _edit(event: _Event) -> list[Item]:
    words = text(event.inner.get("text"))
    if not event.mid or not words:
        return [_notice("message_edit", event.raw, event.place)]
    return [
        Edit(
            channel_ref=event.place.account,
            original_id=event.mid,
            message_id=f"{event.mid}:{text(event.inner.get('num_edit'), 10) or event.own_id}",
            sender=event.person,
            kind="text",
            text=words,
            timestamp=event.at,
            from_business=event.from_business,
        )
    ]


def _reaction(event: _Event) -> list[Item]:
    given = event.inner
    if not event.mid or not event.person.ids:
        return [_unreadable(event.raw, event.place)]
    emoji = text(given.get("emoji"), EMOJI_LENGTH) or EMOJIS.get(text(given.get("reaction"), 60), OTHER_EMOJI)
    return [
        Reaction(
            channel_ref=event.place.account,
            target_id=event.mid,
            message_id=event.own_id,
            sender=event.person,
            emoji="" if given.get("action") == "unreact" else emoji,
            timestamp=event.at,
            from_business=event.from_business,
        )
    ]


def _delivery(event: _Event) -> list[Item]:
    return _seen(event, "delivered", [identifier(one) for one in items(event.inner.get("mids"))[:50]])


def _read(event: _Event) -> list[Item]:
    return _seen(event, "read", [event.mid])


def _seen(event: _Event, status: str, named: list[str]) -> list[Item]:
    """By the ids of the messages where they are told, else by a time that covers all before it."""
    place, until = event.place, milliseconds(event.inner.get("watermark"))
    ids = [one for one in named if one]
    if ids:
        return [StatusUpdate(place.account, one, status, until or event.at, recipient=event.person) for one in ids]
    if until and event.person.ids:
        return [ReadUpTo(place.account, event.person, status, until)]
    return [_unreadable(event.raw, place)]


READERS: dict[str, Callable[[_Event], list[Item]]] = {
    "message": _message,
    "message_edit": _edit,
    "postback": _postback,
    "reaction": _reaction,
    "delivery": _delivery,
    "read": _read,
    "referral": _referral,
}
