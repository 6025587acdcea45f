"""WhatsApp webhook bodies → items. Nothing raises: one bad item becomes a `Notice`, the rest of the batch goes on."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.utils.translation import gettext as _

from messaging.providers.base import Echo, Edit, InboundMessage, Item, Notice, Reaction, Revoke, Sender, StatusUpdate
from messaging.providers.clean import NAME_LENGTH, digest, identifier, items, mapping, phone, seconds, small, text
from messaging.providers.meta_direct.content import read
from messaging.providers.meta_direct.errors import classify, code_of
from messaging.providers.meta_direct.notices import notice_of

#: A voice note that was played was read.
STATUSES = {"sent": "sent", "delivered": "delivered", "read": "read", "played": "read", "failed": "failed"}

#: Fields that carry old messages or address books, never something new that was said.
ARCHIVES = frozenset({"history", "smb_app_state_sync"})

#: Ours are shorter; one that is longer came from another tool and joins nothing.
CLIENT_REF_LENGTH = 64

#: The longest emoji, a family with skin tones, has 11 code points.
EMOJI_LENGTH = 60

UNREADABLE = (TypeError, ValueError, KeyError, AttributeError, ArithmeticError, RecursionError)


@dataclass(frozen=True, slots=True)
class _Value:
    """A change's value and where it came from."""

    value: dict[str, Any]
    field: str
    account_ref: str

    @property
    def channel_ref(self) -> str:
        return identifier(mapping(self.value.get("metadata")).get("phone_number_id"))


def change(one: object, entry: dict[str, Any]) -> Iterator[Item]:
    """The items of one of the changes of an entry."""
    given = mapping(one).get("value")
    if not isinstance(given, dict):
        yield unreadable(one, "")
    else:
        yield from _change(_Value(given, text(mapping(one).get("field"), 60), identifier(entry.get("id"))))


def _change(where: _Value) -> Iterator[Item]:
    known = False
    if where.field not in ARCHIVES:
        for key, reader in READERS.items():
            listed = where.value.get(key)
            if listed is None:
                continue
            known = True
            for one in listed if isinstance(listed, list) else [listed]:
                yield _guarded(reader, one, where)
    if not known:
        yield notice_of(where.field, where.value, where.channel_ref, where.account_ref)


def _guarded(reader: Callable[[dict[str, Any], _Value], Item], one: object, where: _Value) -> Item:
    if not isinstance(one, dict):
        return unreadable(one, where.channel_ref)
    try:
        return reader(one, where)
    except UNREADABLE:
        return unreadable(one, where.channel_ref)


def unreadable(item: object, channel_ref: str) -> Notice:
    """Kept as it came, as far as that is bounded."""
    words = _("Llegó algo de WhatsApp que no se pudo leer.")
    return Notice("unreadable", words, {"item": small(item)}, channel_ref=channel_ref)


# --- the kinds of items --------------------------------------------------------------------------------


def _message(one: dict[str, Any], where: _Value) -> Item:
    sender = _person(one, where.value, ("from", "from_user_id", "from_parent_user_id"))
    if not sender.ids:
        return unreadable(one, where.channel_ref)
    changed = _changed(one, where, sender, from_business=False)
    if changed is not None:
        return changed
    content = read(one)
    group = identifier(one.get("group_id"))
    referral = one.get("referral")
    return InboundMessage(
        channel_ref=where.channel_ref,
        message_id=_message_id(one),
        sender=sender,
        kind=content.kind,
        text=content.text,
        timestamp=_when(one),
        media=content.media,
        reply_to=_reply_to(one),
        referral=small(referral) if isinstance(referral, dict) and referral else None,
        starts_turn=content.turn and not group,
        group_id=group,
        payload=content.payload | _extras(one),
    )


def _echo(one: dict[str, Any], where: _Value) -> Item:
    recipient = _person(one, where.value, ("to", "to_user_id", "to_parent_user_id"))
    changed = _changed(one, where, recipient, from_business=True)
    if changed is not None:
        return changed
    group = identifier(one.get("group_id"))
    if not recipient.ids and not group:
        return unreadable(one, where.channel_ref)
    content = read(one)
    return Echo(
        channel_ref=where.channel_ref,
        message_id=_message_id(one),
        recipient=recipient,
        kind=content.kind,
        text=content.text,
        timestamp=_when(one),
        media=content.media,
        reply_to=_reply_to(one),
        group_id=group,
        payload=content.payload | _extras(one),
    )


def _changed(one: dict[str, Any], where: _Value, person: Sender, *, from_business: bool) -> Item | None:
    """An edit, a deletion of or a reaction to an earlier message; None for a message of its own."""
    kind = one.get("type")
    if kind == "reaction":
        return _reaction(one, where, person, from_business=from_business)
    if kind not in ("edit", "revoke"):
        return None
    given = mapping(one.get(kind))
    original = identifier(given.get("original_message_id"))
    if not original:
        return unreadable(one, where.channel_ref)
    if kind == "revoke":
        return Revoke(where.channel_ref, original, _message_id(one), person, _when(one), from_business=from_business)
    content = read(mapping(given.get("message")))
    return Edit(
        channel_ref=where.channel_ref,
        original_id=original,
        message_id=_message_id(one),
        sender=person,
        kind=content.kind,
        text=content.text,
        timestamp=_when(one),
        media=content.media,
        from_business=from_business,
        payload=content.payload,
    )


def _reaction(one: dict[str, Any], where: _Value, person: Sender, *, from_business: bool) -> Item:
    given = mapping(one.get("reaction"))
    target, emoji = identifier(given.get("message_id")), text(given.get("emoji"), EMOJI_LENGTH)
    if not target:
        return unreadable(one, where.channel_ref)
    return Reaction(where.channel_ref, target, _message_id(one), person, emoji, _when(one), from_business=from_business)


def _status(one: dict[str, Any], where: _Value) -> Item:
    state = STATUSES.get(text(one.get("status"), 60))
    message_id = identifier(one.get("id"))
    if state is None or not message_id:
        words = _("WhatsApp avisó un estado de mensaje desconocido.")
        return Notice("unknown_status", words, {"status": small(one)}, channel_ref=where.channel_ref)
    error = mapping(next(iter(items(one.get("errors"))), None))
    failed = state == "failed"
    verdict = classify(code_of(error)) if failed else None
    details = {key: small(one[key]) for key in ("errors", "pricing", "conversation") if one.get(key)}
    return StatusUpdate(
        channel_ref=where.channel_ref,
        message_id=message_id,
        status=state,
        at=_when(one),
        client_ref=text(one.get("biz_opaque_callback_data"), CLIENT_REF_LENGTH) or None,
        recipient=_person(one, where.value, ("recipient_id", "recipient_user_id", "recipient_parent_user_id")),
        error_code=verdict.code if verdict else "",
        error_kind=verdict.kind if verdict else "",
        error_text=verdict.text if verdict else "",
        payload=details,
    )


def _error(one: dict[str, Any], where: _Value) -> Item:
    """An error of the whole app or number, sent in place of messages."""
    verdict = classify(code_of(one))
    facts = {"error": small(one), "code": verdict.code, "kind": verdict.kind}
    return Notice("provider_error", verdict.text, facts, where.channel_ref, where.account_ref)


READERS: dict[str, Callable[[dict[str, Any], _Value], Item]] = {
    "messages": _message,
    "message_echoes": _echo,
    "statuses": _status,
    "errors": _error,
}


# --- parts of an item ----------------------------------------------------------------------------------


def _person(one: dict[str, Any], value: dict[str, Any], keys: tuple[str, str, str]) -> Sender:
    """Every id that the item or its contact card gives; any may be missing, so also the phone."""
    given = dict(zip(("wa_id", "bsuid", "parent_bsuid"), (identifier(one.get(key)) for key in keys), strict=True))
    card = _card(given, [mapping(entry) for entry in items(value.get("contacts"))])
    carded = {
        "wa_id": identifier(card.get("wa_id")),
        "bsuid": identifier(card.get("user_id")),
        "parent_bsuid": identifier(card.get("parent_user_id")),
    }
    # A lone card that contradicts the item may still tell the name, but never another identity.
    agrees = all(not given[kind] or not carded[kind] or given[kind] == carded[kind] for kind in given)
    ids = {kind: given[kind] or (carded[kind] if agrees else "") for kind in given}
    profile = mapping(card.get("profile"))
    return Sender(
        ids=tuple((kind, external) for kind, external in ids.items() if external),
        name=text(profile.get("name"), NAME_LENGTH).strip(),
        phone=phone(ids["wa_id"]),
        username=text(profile.get("username"), NAME_LENGTH).strip(),
    )


def _card(given: dict[str, str], cards: list[dict[str, Any]]) -> dict[str, Any]:
    for card in cards:
        names = (("wa_id", "wa_id"), ("bsuid", "user_id"), ("parent_bsuid", "parent_user_id"))
        if any(given[kind] and given[kind] == identifier(card.get(key)) for kind, key in names):
            return card
    return cards[0] if len(cards) == 1 else {}


def _message_id(one: dict[str, Any]) -> str:
    return identifier(one.get("id")) or digest(one)


def _when(one: dict[str, Any]) -> datetime:
    return seconds(one.get("timestamp")) or datetime.now(UTC)


def _reply_to(one: dict[str, Any]) -> str:
    return identifier(mapping(one.get("context")).get("id"))


def _extras(one: dict[str, Any]) -> dict[str, Any]:
    context = mapping(one.get("context"))
    kept = {
        key: small(context[key])
        for key in ("forwarded", "frequently_forwarded", "referred_product")
        if context.get(key)
    }
    if one.get("errors"):
        kept["errors"] = small(one["errors"])
    moved = _number_change(one)
    return kept | ({"number_change": moved} if moved else {})


def _number_change(one: dict[str, Any]) -> dict[str, str]:
    """Old and new WhatsApp id of a person who changed the number; the message still comes from the old one."""
    given = mapping(one.get("system"))
    old, new = identifier(one.get("from")), identifier(given.get("wa_id") or given.get("new_wa_id"))
    if given.get("type") not in ("user_changed_number", "customer_changed_number") or not new or new == old:
        return {}
    return {"old": old, "new": new}
