"""YCloud's webhook bodies → items. The message objects are Meta's under other names, so Meta's reader reads them.

Numbers are E.164 with a plus; an identity `wa_id` is the bare digits, so that it is the same one at Meta.
"""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from django.utils.translation import gettext as _

from messaging.providers.base import MEDIA_KINDS, Item, Notice, Sender, StatusUpdate
from messaging.providers.clean import identifier, mapping, phone, rfc3339, small, text
from messaging.providers.meta_direct import inbound as meta
from messaging.providers.meta_direct.errors import code_of
from messaging.providers.ycloud.errors import verdict_of
from messaging.providers.ycloud.notices import notice_of

Json = dict[str, Any]

#: Accepted is what the answer to our call says too: for a call whose answer was lost it is the first sign of life.
STATUSES = {"accepted": "sent", **meta.STATUSES}

#: Objects that may come in camel case, and how deep they are read.
_SNAKED = (
    *("interactive", "context", "referral", "reaction", "button", "edit", "revoke", "system"),
    *("order", "contacts", "location", *MEDIA_KINDS),
)
_DEPTH = 4


def parse(payload: object) -> list[Item]:
    """Every item in the order of the body: one event or a list of them. At least one, so that nothing leaves no trace."""
    found = [item for event in (payload if isinstance(payload, list) else [payload]) for item in _event(event)]
    return found or [meta.unreadable(payload, "")]


def _event(event: object) -> list[Item]:
    given = mapping(event)
    kind = text(given.get("type"), 80)
    reader = READERS.get(kind)
    if not kind:
        return [meta.unreadable(event, "")]
    if reader is None:
        return [notice_of(kind, given)]
    try:
        found = list(reader(given))
    except meta.UNREADABLE:
        found = []
    return found or [meta.unreadable(event, "")]


# --- messages ------------------------------------------------------------------------------------------


def _message(event: Json) -> Iterator[Item]:
    one = event.get("whatsappInboundMessage")
    if not isinstance(one, dict):
        return
    people = {"from": _digits(one.get("from"))}
    people["from_user_id"] = identifier(one.get("fromUserId"))
    people["from_parent_user_id"] = identifier(one.get("fromParentUserId"))
    card = {
        "profile": mapping(one.get("customerProfile")),
        "wa_id": people["from"],
        "user_id": people["from_user_id"],
        "parent_user_id": people["from_parent_user_id"],
    }
    yield from _as_meta("messages", one, people, event, channel=one.get("to"), contacts=[card])


def _echo(event: Json) -> Iterator[Item]:
    """The business wrote from its phone or another tool of its own."""
    one = event.get("whatsappMessage")
    if not isinstance(one, dict):
        return
    people = {"to": _digits(one.get("to"))}
    people["to_user_id"] = identifier(one.get("toUserId") or one.get("recipientUserId"))
    people["to_parent_user_id"] = identifier(one.get("toParentUserId") or one.get("parentRecipientUserId"))
    yield from _as_meta("message_echoes", one, people, event, channel=one.get("from"), contacts=[])


def _echo_or_status(event: Json) -> Iterator[Item]:
    """What became of an echo; some senders repeat the echo itself, which is known by its id."""
    known = text(mapping(event.get("whatsappMessage")).get("status"), 60) in meta.STATUSES
    yield from (_status if known else _echo)(event)


def _as_meta(
    key: str, one: Json, people: Json, event: Json, *, channel: object, contacts: list[Json]
) -> Iterator[Item]:
    made = {name: value for name, value in one.items() if name not in ("from", "to", "timestamp")}
    made |= {name: value for name, value in people.items() if value}
    made["id"] = identifier(one.get("wamid")) or identifier(one.get("id"))
    made["timestamp"] = _seconds(one, event)
    for name in _SNAKED:
        if name in one:
            made[name] = _inner(one[name], _DEPTH)
    for name in MEDIA_KINDS:
        file = made.get(name)
        if isinstance(file, dict) and not file.get("url"):
            file["url"] = file.get("link")
    if isinstance(one.get("errors"), list):
        made["errors"] = [mapping(each) | {"code": code_of(each)} for each in one["errors"][:10]]
    if group := one.get("groupId"):
        made["group_id"] = group
    value = {"metadata": {"phone_number_id": _channel(channel)}, "contacts": contacts, key: [made]}
    yield from meta.change({"field": key, "value": value}, {"id": one.get("wabaId")})


def _snaked(given: Json, depth: int) -> Json:
    """Keys in snake case, as Meta has them; one that is there in both spellings keeps Meta's."""
    made: Json = {}
    for key, value in given.items():
        name = _snake(key)
        if name == key or name not in given:
            made[name] = _inner(value, depth)
    if isinstance(made.get("type"), str):
        made["type"] = _snake(made["type"])
    return made


def _inner(value: Any, depth: int) -> Any:
    if isinstance(value, dict) and depth:
        return _snaked(value, depth - 1)
    return [_inner(each, depth - 1) for each in value] if isinstance(value, list) and depth else value


def _snake(word: str) -> str:
    return re.sub(r"(?<=[a-z])([A-Z])", r"_\1", word).lower() if re.fullmatch(r"[a-z]+([A-Z][a-z]+)+", word) else word


# --- statuses ------------------------------------------------------------------------------------------


def _status(event: Json) -> Iterator[Item]:
    one = event.get("whatsappMessage")
    if not isinstance(one, dict):
        return
    given = text(one.get("status"), 60)
    state, channel = STATUSES.get(given), _channel(one.get("from"))
    message_id = identifier(one.get("wamid")) or identifier(one.get("id"))
    if state is None or not message_id:
        words = _("YCloud avisó un estado de mensaje desconocido.")
        yield Notice("unknown_status", words, {"status": small(one)}, channel_ref=channel)
        return
    failed = state == "failed"
    verdict = verdict_of(one.get("errorCode"), one.get("whatsappApiError")) if failed else None
    keys = ("errorCode", "errorMessage", "whatsappApiError", "totalPrice", "currency", "pricingCategory", "pricingType")
    yield StatusUpdate(
        channel_ref=channel,
        message_id=message_id,
        status=state,
        at=_moment(one, event, f"{given}Time" if given != "delivered" else "deliverTime"),
        client_ref=text(one.get("externalId"), meta.CLIENT_REF_LENGTH) or None,
        recipient=_recipient(one),
        error_code=verdict.code if verdict else "",
        error_kind=verdict.kind if verdict else "",
        error_text=verdict.text if verdict else "",
        payload={key: small(one[key]) for key in keys if one.get(key)},
    )


def _recipient(one: Json) -> Sender:
    wa_id = _digits(one.get("to"))
    bsuid = identifier(one.get("recipientUserId") or one.get("toUserId"))
    pairs = (("wa_id", wa_id), ("bsuid", bsuid))
    return Sender(ids=tuple((kind, external) for kind, external in pairs if external), phone=phone(wa_id))


READERS: dict[str, Callable[[Json], Iterator[Item]]] = {
    "whatsapp.inbound_message.received": _message,
    "whatsapp.message.updated": _status,
    "whatsapp.smb.message.echoes": _echo,
    "whatsapp.smb.message.created": _echo,
    "whatsapp.message.echo": _echo,
    "whatsapp.echo_message.created": _echo,
    "whatsapp.echo_message.updated": _echo_or_status,
}


# --- parts of an item ----------------------------------------------------------------------------------


def _digits(number: object) -> str:
    return identifier(number).removeprefix("+")


def _channel(number: object) -> str:
    """The business's own number, as it stands on the channel."""
    return phone(number) or identifier(number)


def _moment(one: Json, event: Json, *names: str) -> datetime:
    for name in (*names, "sendTime", "updateTime", "createTime"):
        if found := rfc3339(one.get(name)):
            return found
    return rfc3339(event.get("createTime")) or datetime.now(UTC)


def _seconds(one: Json, event: Json) -> str:
    return str(int(_moment(one, event).timestamp()))
