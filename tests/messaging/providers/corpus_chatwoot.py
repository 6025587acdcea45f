"""What Chatwoot sends, one shape each: (name, body, what it must become). Composed from the documented field names."""

from typing import Any

from messaging.providers.base import Echo, Edit, InboundMessage, Notice, Revoke, StatusUpdate
from tests.fakes import chatwoot_events as wire

Shape = tuple[str, Any, tuple[type, ...]]
CLIP = "https://chat.acme.test/rails/active_storage/blobs/redirect/x/nota.ogg"
CARD = {"firstName": "Luz", "lastName": "Vera"}
CHOICE = [{"title": "Sí, mañana", "value": "si"}]
SURVEY = {"csat_survey_response": {"rating": 5, "feedback_message": "Todo bien"}}
OPTIONS = [{"title": "Sí", "value": "si"}, {"title": "No", "value": "no"}]
CHANGED = [{"content": {"previous_value": "Hola", "current_value": "Hola!"}}]
NAME_CHANGED = [{"name": {"previous_value": "Ana", "current_value": "Ana Paz"}}]
NO_PHONE = wire.contact(
    phone_number=None, name="ana.paz", additional_attributes={"social_profiles": {"instagram": "ana"}}
)


def _with(*files: dict[str, Any], text: str | None = None, **more: Any) -> dict[str, Any]:
    return wire.message(text, attachments=list(files), **more)


def _updated(outgoing: bool = True, **more: Any) -> dict[str, Any]:
    make = wire.outgoing if outgoing else wire.message
    return make("Hola!", event="message_updated", **more)


def _without(body: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key not in keys}


_M, _E, _S, _N = (InboundMessage,), (Echo,), (StatusUpdate,), (Notice,)

MESSAGES: list[Shape] = [
    ("text", wire.message("Hola"), _M),
    ("accents and emoji", wire.message("¿Qué tal? 😀"), _M),
    ("no content at all", wire.message(None), _M),
    ("a number for the type, as the API lists it", wire.message(message_type=0, created_at=1795000000), _M),
    ("time with a fraction", wire.message(created_at=1795000000.18), _M),
    ("time that is none", wire.message(created_at="ayer"), _M),
    ("an answer to another message", wire.message(content_attributes={"in_reply_to": 801}), _M),
    ("from an ad", wire.message(content_attributes={"referral": {"source_id": "12", "headline": "Oferta"}}), _M),
    ("nobody knows the phone", wire.message(sender=NO_PHONE), _M),
    ("sender only in the conversation", _without(wire.message(), "sender"), _M),
    ("web widget", wire.message(conversation=wire.conversation(channel="Channel::WebWidget")), _M),
    ("API inbox", wire.message(conversation=wire.conversation(channel="Channel::Api")), _M),
    ("Instagram", wire.message(conversation=wire.conversation(channel="Channel::Instagram"), sender=NO_PHONE), _M),
    ("Facebook page", wire.message(conversation=wire.conversation(channel="Channel::FacebookPage")), _M),
    ("mail", wire.message(content_type="incoming_email", content_attributes={"email": {"subject": "Turno"}}), _M),
    ("sticker", wire.message(None, content_type="sticker"), _M),
    ("unsupported", wire.message(None, content_attributes={"is_unsupported": True}), _M),
    ("a content type of tomorrow", wire.message(None, content_type="voice_call"), _M),
    ("image", _with(wire.attachment("image")), _M),
    ("image with words", _with(wire.attachment("image"), text="Mirá"), _M),
    ("audio", _with(wire.attachment("audio", data_url=CLIP)), _M),
    ("audio heard by Chatwoot", _with(wire.attachment("audio", data_url=CLIP, transcribed_text="Quiero un turno")), _M),
    ("video", _with(wire.attachment("video", data_url="https://chat.acme.test/x/clip.mp4")), _M),
    ("document", _with(wire.attachment("file", data_url="https://chat.acme.test/x/a%C3%B1o.pdf")), _M),
    ("location", _with(wire.attachment("location", coordinates_lat=-34.6, coordinates_long=-58.4)), _M),
    ("location with a name", _with(wire.attachment("location", coordinates_lat=-34.6, fallback_title="Obelisco")), _M),
    ("contact card", _with(wire.attachment("contact", fallback_title="+5491155552222", meta=CARD)), _M),
    ("fallback link", _with(wire.attachment("fallback", fallback_title="Una nota", data_url="https://x.test/1")), _M),
    ("shared post", _with(wire.attachment("share")), _M),
    ("story mention", _with(wire.attachment("story_mention")), _M),
    ("reel", _with(wire.attachment("ig_reel", data_url="https://cdn.test/reel.mp4")), _M),
    ("post", _with(wire.attachment("ig_post")), _M),
    ("story", _with(wire.attachment("ig_story")), _M),
    ("embed", _with(wire.attachment("embed", external_url="https://video.test/1", data_url=None)), _M),
    ("an attachment of tomorrow", _with({"id": 1, "file_type": "hologram"}), _M),
    ("a file without an address", _with(wire.attachment("image", data_url=None)), _M),
    ("several files", _with(wire.attachment(), wire.attachment("file"), text="Los dos"), _M),
    ("attachments that are none", wire.message(attachments=[None, "x", 7]), _M),
    ("private note", wire.message(private=True), ()),
    ("Chatwoot's own line", wire.message("Ana se sumó", message_type=2), ()),
    ("deleted before it was read", wire.message(content_attributes={"deleted": True}), ()),
]
ECHOES: list[Shape] = [
    ("a person answers", wire.outgoing(), _E),
    ("a person sends a file", wire.outgoing(None, attachments=[wire.attachment()]), _E),
    ("a person's private note", wire.outgoing(private=True), ()),
    ("the bot answers", wire.outgoing(author=wire.bot()), _E),
    ("an automation answers", wire.outgoing(content_attributes={"automation_rule_id": 3}), _E),
    ("a campaign", wire.outgoing(additional_attributes={"campaign_id": 4}, sender=None), _E),
    ("nobody in particular", wire.outgoing(sender=None), _E),
    ("a greeting", wire.outgoing(message_type="template"), _E),
    ("choices", wire.outgoing(content_type="input_select", content_attributes={"items": OPTIONS}), _E),
    ("as the API lists it", wire.outgoing(message_type=1, sender={"id": 3, "name": "Sol", "type": "user"}), _E),
]
UPDATES: list[Shape] = [
    ("delivered", _updated(status="delivered"), _S),
    ("read", _updated(status="read"), _S),
    ("failed", _updated(status="failed", content_attributes={"external_error": "131047: Re-engagement message"}), _S),
    ("failed in other words", _updated(content_attributes={"external_error": "Invalid token"}), _S),
    ("nothing that matters", _updated(status="progress"), ()),
    ("a customer's message, nothing that matters", _updated(False, status="sent"), ()),
    ("deleted by the business", _updated(content_attributes={"deleted": True}), (Revoke,)),
    ("deleted by the customer", _updated(False, content_attributes={"deleted": True}), (Revoke,)),
    ("edited", _updated(False, changed_attributes=CHANGED), (Edit,)),
    ("a choice", _updated(content_attributes={"items": OPTIONS, "submitted_values": CHOICE}), _M),
    ("a form", _updated(content_attributes={"submitted_values": [{"name": "dni", "value": "30111222"}]}), _M),
    ("a mail address", _updated(content_attributes={"submitted_email": "ana@acme.test"}), _M),
    ("a survey", _updated(content_attributes={"submitted_values": SURVEY}), _M),
]
EVENTS: list[Shape] = [
    ("taken by people", wire.status_changed("open"), _N),
    ("resolved", wire.status_changed("resolved", "open"), _N),
    ("with the account, as 4.15", wire.status_changed("pending", "open", account=wire.account()), _N),
    ("no list of changes", wire.status_changed("open", None), _N),
    ("opened, told to a bot", wire.conversation(status="open") | {"event": "conversation_opened"}, _N),
    ("resolved, told to a bot", wire.conversation(status="resolved") | {"event": "conversation_resolved"}, _N),
    ("conversation created", wire.conversation() | {"event": "conversation_created"}, _N),
    ("conversation updated", wire.conversation() | {"event": "conversation_updated", "changed_attributes": None}, _N),
    ("typing", wire.conversation() | {"event": "conversation_typing_on"}, ()),
    ("contact created", wire.contact() | {"event": "contact_created"}, _N),
    ("contact updated", wire.contact() | {"event": "contact_updated", "changed_attributes": NAME_CHANGED}, _N),
    ("inbox updated", {"event": "inbox_updated", "id": 7, "changed_attributes": []}, _N),
    ("widget opened", {"event": "webwidget_triggered", "id": 1, "contact": wire.contact(), "inbox": {"id": 7}}, _N),
    ("an event of tomorrow", {"event": "call_created", "id": 1}, _N),
    ("no event", {"id": 1}, _N),
    ("a message without a conversation", _without(wire.message(), "conversation"), _N),
    ("a message without an id", _without(wire.message(), "id"), _N),
    ("a type of tomorrow", wire.message(message_type="whisper"), _N),
    ("a list", [wire.message()], _N),
    ("nothing", None, _N),
]
CORPUS: list[Shape] = [*MESSAGES, *ECHOES, *UPDATES, *EVENTS]
