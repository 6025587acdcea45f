"""A Chatwoot webhook body → items. Also reads what the API lists: the same object with a number for its type."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from messaging.providers import base
from messaging.providers.chatwoot import content, errors
from messaging.providers.clean import NAME_LENGTH, digest, identifier, items, mapping, phone, seconds, small, text

IN, OUT, TEMPLATE, ACTIVITY = "incoming", "outgoing", "template", "activity"
#: as a webhook writes it, and as the API does
TYPES = {IN: IN, OUT: OUT, TEMPLATE: TEMPLATE, ACTIVITY: ACTIVITY, "0": IN, "1": OUT, "2": ACTIVITY, "3": TEMPLATE}
STATUS = "chatwoot.status"
_STATUS_EVENTS = ("conversation_status_changed", "conversation_opened", "conversation_resolved")
_SILENT = ("conversation_typing_on", "conversation_typing_off")
_KNOWN = ("inbox_created", "inbox_updated", "webwidget_triggered")
_TOLD = ("sent", "delivered", "read", "failed")


def parse(payload: object) -> list[base.Item]:
    """Every item of a body. Private notes, typing and Chatwoot's own lines give none."""
    given = mapping(payload)
    event = text(given.get("event"), 60)
    if event in ("message_created", "message_updated"):
        return _message(event, given)
    if event in _SILENT:
        return []
    if event.startswith("conversation_"):
        return [_conversation(event, given)]
    ref = _inbox(given)
    if event in ("contact_created", "contact_updated"):
        facts = {"contact": identifier(given.get("id")), "changed": sorted(_changes(given))}
        return [base.Notice(event, _("Chatwoot: cambiaron los datos de un contacto."), facts)]
    if event:
        kind = event if event in _KNOWN else "unknown"
        return [base.Notice(kind, _("Chatwoot: %(event)s") % {"event": event}, {"item": small(payload)}, ref)]
    return [_unreadable(payload, ref)]


def _unreadable(payload: object, ref: str) -> base.Notice:
    return base.Notice("unreadable", _("Llegó algo de Chatwoot que no se pudo leer."), {"item": small(payload)}, ref)


# --- messages ---


def _message(event: str, given: dict[str, Any]) -> list[base.Item]:
    direction = TYPES.get(text(given.get("message_type"), 20))
    message_id, chat, ref = identifier(given.get("id")), _chat(given), _inbox(given)
    if given.get("private") is True or direction == ACTIVITY:
        return []
    if not message_id or not chat or direction is None:
        return [_unreadable(given, ref)]
    attributes = mapping(given.get("content_attributes"))
    if event == "message_updated":
        return _updated(given, direction, attributes)
    if attributes.get("deleted") is True:
        return []
    if direction == IN:
        return [_inbound(given, content.read(given), message_id)]
    return [_echo(given, attributes)]


def _inbound(given: dict[str, Any], said: content.Content, message_id: str) -> base.InboundMessage:
    attributes = mapping(given.get("content_attributes"))
    referral = attributes.get("referral")
    return base.InboundMessage(
        channel_ref=_inbox(given),
        message_id=message_id,
        sender=_person(given),
        kind=said.kind,
        text=said.text,
        timestamp=moment(given.get("created_at")),
        media=said.media,
        reply_to=identifier(attributes.get("in_reply_to")),
        referral=small(referral) if isinstance(referral, dict) and referral else None,
        starts_turn=said.turn and not _attended(given),
        payload=said.payload,
    )


def _attended(given: dict[str, Any]) -> bool:
    """Whether somebody at Chatwoot has the conversation. `pending` waits for a bot, whoever had it before."""
    chat = mapping(given.get("conversation"))
    meta = mapping(chat.get("meta"))
    person = bool(mapping(meta.get("assignee"))) and text(meta.get("assignee_type"), 20) in ("", "User")
    return person and chat.get("status") == "open"


def _echo(given: dict[str, Any], attributes: dict[str, Any]) -> base.Echo:
    said, author = content.read(given), mapping(given.get("sender"))
    payload = dict(said.payload)
    if name := text(author.get("name"), NAME_LENGTH).strip():
        payload["by"] = name
    if not _by_person(given, attributes, author):
        payload["automatic"] = True
    return base.Echo(
        channel_ref=_inbox(given),
        message_id=identifier(given.get("id")),
        recipient=_person(given),
        kind=said.kind,
        text=said.text,
        timestamp=moment(given.get("created_at")),
        media=said.media,
        reply_to=identifier(attributes.get("in_reply_to")),
        payload=payload,
    )


def _by_person(given: dict[str, Any], attributes: dict[str, Any], author: dict[str, Any]) -> bool:
    """Whether somebody typed it: rules and campaigns write with a person's name too."""
    extra = mapping(given.get("additional_attributes"))
    made = attributes.get("automation_rule_id") or extra.get("campaign_id") or extra.get("automation_rule_id")
    if made or TYPES.get(text(given.get("message_type"), 20)) == TEMPLATE:
        return False
    if attributes.get("external_echo") is True:  # from the business's own phone
        return True
    return "user" in (text(author.get("type"), 20).lower(), text(given.get("sender_type"), 20).lower())


def _updated(given: dict[str, Any], direction: str, attributes: dict[str, Any]) -> list[base.Item]:
    """What changed: deleted, answered, edited, or what became of it. Most updates say none of these."""
    message_id, ref, ours = identifier(given.get("id")), _inbox(given), direction != IN
    at = moment(given.get("updated_at") or mapping(given.get("conversation")).get("updated_at"))
    if attributes.get("deleted") is True:
        return [base.Revoke(ref, message_id, f"{message_id}:deleted", _person(given), at, from_business=ours)]
    found: list[base.Item] = []
    if ours and (words := content.answer(attributes)):
        chosen = content.Content("interactive", words, payload={"interactive": {"type": "submitted", "id": message_id}})
        found.append(_inbound(given | {"created_at": at.isoformat()}, chosen, f"{message_id}:answer"))
    if "content" in _changes(given):
        said = content.read(given)
        edit = digest([message_id, said.text])
        found.append(
            base.Edit(ref, message_id, edit, _person(given), said.kind, said.text, at, said.media, from_business=ours)
        )
    failure = text(attributes.get("external_error"), 400)
    status = "failed" if failure else text(given.get("status"), 20)
    if ours and status in _TOLD:
        code, kind, words = errors.delivery_failure(failure) if status == "failed" else ("", "", "")
        found.append(
            base.StatusUpdate(
                ref,
                message_id,
                status,
                at,
                error_code=code,
                error_kind=kind,
                error_text=words,
                recipient=_person(given),
            )
        )
    return found


# --- who and where ---


def _inbox(given: dict[str, Any]) -> str:
    chat = mapping(given.get("conversation"))
    return identifier(mapping(given.get("inbox")).get("id") or given.get("inbox_id") or chat.get("inbox_id"))


def _chat(given: dict[str, Any]) -> str:
    return identifier(mapping(given.get("conversation")).get("id") or given.get("conversation_id"))


def _person(given: dict[str, Any]) -> base.Sender:
    """The customer of the conversation, whoever wrote: of their own messages the author, else who the conversation is with."""
    chat = mapping(given.get("conversation"))
    author = mapping(given.get("sender"))
    known = mapping(mapping(chat.get("meta")).get("sender"))
    if TYPES.get(text(given.get("message_type"), 20)) == IN and text(author.get("type"), 20) in ("", "contact"):
        card = known | {key: value for key, value in author.items() if value}
    else:
        card = known
    ids = [("chatwoot", _chat(given)), ("chatwoot_contact", identifier(card.get("id")))]
    extra = mapping(card.get("additional_attributes"))
    profiles = mapping(extra.get("social_profiles"))
    username = profiles.get("instagram") or extra.get("social_instagram_user_name") or extra.get("username")
    number = phone(card.get("phone_number"))
    if number is None and text(chat.get("channel"), 60) == "Channel::Whatsapp":
        number = phone(mapping(chat.get("contact_inbox")).get("source_id"))
    return base.Sender(
        ids=tuple((kind, external) for kind, external in ids if external),
        name=text(card.get("name"), NAME_LENGTH).strip(),
        phone=number,
        username=text(username, NAME_LENGTH).strip().lstrip("@"),
    )


def whose(payload: object) -> set[tuple[str, str]]:
    """(kind, id) of the one person that a body speaks of, as in `Sender.ids`, and ("phone", digits)."""
    given = mapping(payload)
    event, number = text(given.get("event"), 60), identifier(given.get("id"))
    if event.startswith("conversation_"):
        given = {"conversation": given}
    sender = _person(given | {"message_type": IN})
    found = {*sender.ids, ("phone", (sender.phone or "").lstrip("+"))}
    if event.startswith("contact_"):
        found |= {("chatwoot_contact", number), ("phone", (phone(given.get("phone_number")) or "").lstrip("+"))}
    found.add(("chatwoot_contact", identifier(mapping(given.get("contact")).get("id"))))
    return {pair for pair in found if pair[1]}


def moment(value: object) -> datetime:
    """Chatwoot's times: ISO in a webhook's message, unix seconds (whole or not) elsewhere; now when it is none of these."""
    given = text(value, 40).strip()
    whole, _dot, part = given.partition(".")
    unix = seconds(whole)
    if unix is not None:
        return unix + timedelta(seconds=float(f"0.{part}")) if re.fullmatch(r"[0-9]{1,9}", part) else unix
    try:
        read = datetime.fromisoformat(given)
    except ValueError:
        return datetime.now(UTC)
    aware = read if read.tzinfo else read.replace(tzinfo=UTC)
    return aware if 2009 <= aware.year <= 2100 else datetime.now(UTC)


# --- conversations ---


def _conversation(event: str, given: dict[str, Any]) -> base.Notice:
    """Who has it at Chatwoot, when that is what changed; the rest is only kept."""
    changes = _changes(given)
    facts: dict[str, Any] = {"conversation": identifier(given.get("id")), "event": event, "changed": sorted(changes)}
    if event not in _STATUS_EVENTS and "status" not in changes:
        words = _("Chatwoot: novedades de la conversación %(number)s.") % {"number": facts["conversation"]}
        return base.Notice(event, words, facts, _inbox(given))
    status = text(given.get("status"), 20)
    before = text(mapping(changes.get("status")).get("previous_value"), 20)
    if event == "conversation_opened":  # told to a bot, whose conversations wait as pending
        status, before = status or "open", before or "pending"
    facts |= {"status": status, "previous": before}
    if given.get("updated_at"):
        facts["at"] = moment(given["updated_at"]).timestamp()
    named = {"open": _("abierta"), "pending": _("pendiente"), "resolved": _("resuelta"), "snoozed": _("pospuesta")}
    shown = {"number": facts["conversation"], "status": named.get(status, status)}
    return base.Notice(
        STATUS, _("Chatwoot: la conversación %(number)s quedó %(status)s.") % shown, facts, _inbox(given)
    )


def _changes(given: dict[str, Any]) -> dict[str, Any]:
    """`changed_attributes` as one mapping: Chatwoot sends a list of mappings, or null."""
    found: dict[str, Any] = {}
    for one in items(given.get("changed_attributes"))[:50]:
        found |= {text(key, 60): value for key, value in mapping(one).items()}
    return found
