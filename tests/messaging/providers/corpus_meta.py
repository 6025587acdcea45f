"""What Meta sends, one shape each: (name, body, what it must become). Composed from the documented field names."""

from typing import Any

from messaging.providers.base import (
    Echo,
    Edit,
    InboundMessage,
    Notice,
    Reaction,
    ReadUpTo,
    Revoke,
    StatusUpdate,
)
from tests.fakes import graph_events as wa
from tests.fakes import graph_pages as fb

Shape = tuple[str, Any, tuple[type, ...]]
_M, _S, _N, _E, _R = (InboundMessage,), (StatusUpdate,), (Notice,), (Echo,), (Reaction,)
AD = {
    "ref": "verano",
    "ad_id": "120",
    "source": "ADS",
    "type": "OPEN_THREAD",
    "ads_context_data": {"ad_title": "Oferta"},
}
LINK = {"ref": "folleto", "source": "SHORTLINK", "type": "OPEN_THREAD"}
PRODUCT = {"product": {"elements": [{"id": "1", "title": "Remera azul", "subtitle": "$ 15.000"}]}}
STORY = {"story": {"id": "179", "url": fb.FILE_URL}}


def _wa(one: dict[str, Any]) -> dict[str, Any]:
    return wa.inbound(one)


def _fb(**parts: Any) -> dict[str, Any]:
    return fb.page(fb.event(**parts))


def _ig(**parts: Any) -> dict[str, Any]:
    return fb.instagram(fb.direct(**parts))


def _attached(kind: str, payload: Any = None, **more: Any) -> dict[str, Any]:
    inner = {"type": kind, **({"payload": payload} if payload is not None else {}), **more}
    return {"mid": fb.mid(), "attachments": [inner]}


WHATSAPP: list[Shape] = [
    ("wa text", _wa(wa.text()), _M),
    ("wa text in a group", _wa(wa.text(group_id="g1")), _M),
    ("wa image", _wa(wa.media("image", caption="Mirá")), _M),
    ("wa image with a direct link", _wa(wa.media("image", url="https://lookaside.fbsbx.com/x")), _M),
    ("wa video", _wa(wa.media("video", mime="video/mp4")), _M),
    ("wa voice note", _wa(wa.media("audio", mime="audio/ogg; codecs=opus", voice=True)), _M),
    ("wa audio", _wa(wa.media("audio", mime="audio/mpeg")), _M),
    ("wa animated sticker", _wa(wa.media("sticker", mime="image/webp", animated=True)), _M),
    ("wa document", _wa(wa.media("document", mime="application/pdf", filename="año.pdf")), _M),
    ("wa location", _wa(wa.location()), _M),
    ("wa location without a name", _wa(wa.message("location", {"latitude": -34.6, "longitude": -58.4})), _M),
    ("wa contacts", _wa(wa.shared_contacts()), _M),
    ("wa button reply", _wa(wa.button_reply()), _M),
    ("wa list reply", _wa(wa.list_reply()), _M),
    ("wa form reply", _wa(wa.form_reply()), _M),
    ("wa template button", _wa(wa.template_button()), _M),
    ("wa reaction", _wa(wa.reaction("wamid.a")), _R),
    ("wa reaction taken back", _wa(wa.reaction("wamid.a", None)), _R),
    ("wa reaction taken back in other words", _wa(wa.reaction("wamid.a", "")), _R),
    ("wa order", _wa(wa.order()), _M),
    ("wa number changed", _wa(wa.system()), _M),
    ("wa identity changed", _wa(wa.message("system", {"type": "user_identity_changed", "body": "x"})), _M),
    ("wa unsupported", _wa(wa.unsupported()), _M),
    ("wa unavailable", _wa(wa.unsupported(131060)), _M),
    ("wa a type of tomorrow", _wa(wa.message("hologram", {"id": "1"})), _M),
    ("wa edit", _wa(wa.edit("wamid.a", "Mejor la roja")), (Edit,)),
    ("wa revoke", _wa(wa.revoke("wamid.a")), (Revoke,)),
    ("wa opened chat", _wa(wa.request_welcome()), _M),
    ("wa from an ad", _wa(wa.from_ad()), _M),
    ("wa forwarded", _wa(wa.text(context={"forwarded": True})), _M),
    ("wa about a product", _wa(wa.text(context={"id": "wamid.a", "referred_product": {"catalog_id": "1"}})), _M),
    ("wa with errors", _wa(wa.text(errors=[{"code": 130501}])), _M),
    ("wa without a phone", wa.bsuid_only(), _M),
    ("wa sent", wa.statuses(wa.status("wamid.o")), _S),
    ("wa delivered and read", wa.statuses(wa.status("wamid.o", "delivered"), wa.status("wamid.o", "read")), (*_S, *_S)),
    ("wa played", wa.statuses(wa.status("wamid.o", "played")), _S),
    ("wa failed", wa.statuses(wa.status("wamid.o", "failed", error=131047)), _S),
    ("wa a status of tomorrow", wa.statuses(wa.status("wamid.o", "pondered")), _N),
    ("wa echo", wa.echo(wa.text("Soy yo")), _E),
    ("wa echo of a file", wa.echo(wa.media("image")), _E),
    ("wa reaction from the phone", wa.echo(wa.reaction("wamid.a")), _R),
    ("wa edit from the phone", wa.echo(wa.edit("wamid.a", "b")), (Edit,)),
    ("wa revoke from the phone", wa.echo(wa.revoke("wamid.a")), (Revoke,)),
    ("wa template refused", wa.event("message_template_status_update", event="REJECTED"), _N),
    ("wa quality", wa.event("phone_number_quality_update", event="DOWNGRADE"), _N),
    ("wa account", wa.event("account_update", event="DISABLED_UPDATE"), _N),
    ("wa preferences", wa.event("user_preferences", user_preferences=[{"value": "stop"}]), _N),
    ("wa history", wa.event("history", history=[]), _N),
    ("wa address book", wa.event("smb_app_state_sync", state_sync=[]), _N),
    ("wa app error", wa.envelope(wa.value(errors=[{"code": 130429}])), _N),
    ("wa a field of tomorrow", wa.event("moon_risen", at=1), _N),
    ("wa batch with a bad one", wa.inbound(wa.text("a"), "x", wa.text("b"), contacts=[]), (*_M, *_N, *_M)),  # type: ignore[arg-type]  # the bad one
]

MESSENGER: list[Shape] = [
    ("fb text", _fb(message=fb.said()), _M),
    ("fb text with tomorrow's fields", _fb(message=fb.said(nlp={"x": 1}, commands=[])), _M),
    ("fb image", _fb(message=fb.file()), _M),
    ("fb two images", _fb(message={"mid": "m_2", "attachments": fb.file()["attachments"] * 2}), _M),
    ("fb video", _fb(message=fb.file("video")), _M),
    ("fb voice", _fb(message=fb.file("audio")), _M),
    ("fb document", _fb(message=fb.file("file", "https://cdn.fbsbx.com/v/presupuesto.pdf?oh=1")), _M),
    ("fb sticker", _fb(message=fb.file("sticker", sticker_id=369239263222822)), _M),
    (
        "fb location",
        _fb(message=_attached("location", {"coordinates": {"lat": -34.6, "long": -58.4}}, title="Acá")),
        _M,
    ),
    ("fb link", _fb(message=_attached("fallback", {"url": "https://tienda.com"}, title="Tienda")), _M),
    (
        "fb link in a text",
        _fb(message=fb.said(attachments=[{"type": "fallback", "payload": {"url": "https://x.com"}}])),
        _M,
    ),
    ("fb product", _fb(message=_attached("template", PRODUCT)), _M),
    ("fb reel", _fb(message=_attached("reel", {"url": fb.FILE_URL, "title": "Verano"})), _M),
    ("fb an attachment of tomorrow", _fb(message=_attached("hologram", {"url": "x"})), _M),
    ("fb unsupported", _fb(message={"mid": "m_3", "is_unsupported": True}), _M),
    ("fb unsupported with a file of tomorrow", _fb(message=_attached("hologram") | {"is_unsupported": True}), _M),
    ("fb empty", _fb(message={"mid": "m_4"}), _M),
    ("fb quick reply", _fb(message=fb.said("Sí", quick_reply={"payload": "yes"})), _M),
    ("fb reply", _fb(message=fb.said(reply_to={"mid": "m_1"})), _M),
    ("fb first words from an ad", _fb(message=fb.said(referral=AD)), _M),
    ("fb echo of ours", fb.page(fb.echo(metadata="0190-ref", app_id=fb.APP_ID)), _E),
    ("fb echo of a person", fb.page(fb.echo()), _E),
    ("fb own words without the mark", fb.page(fb.event(sender=fb.PAGE_ID, to=fb.PSID, message=fb.said())), _E),
    ("fb echo of a file", fb.page(fb.event(sender=fb.PAGE_ID, to=fb.PSID, message=fb.file() | {"is_echo": True})), _E),
    ("fb deleted", _fb(message={"mid": "m_1", "is_deleted": True}), (Revoke,)),
    ("fb edited", _fb(message_edit={"mid": "m_1", "text": "Mejor la roja", "num_edit": 1}), (Edit,)),
    ("fb delivered by ids", _fb(delivery={"mids": ["m_1", "m_2"], "watermark": fb.now()}), (*_S, *_S)),
    ("fb delivered up to a time", _fb(delivery={"watermark": fb.now()}), (ReadUpTo,)),
    ("fb read", _fb(read={"watermark": fb.now()}), (ReadUpTo,)),
    ("fb postback", _fb(postback={"mid": "m_5", "title": "Empezar", "payload": "START"}), _M),
    ("fb postback from an ad", _fb(postback={"title": "Empezar", "payload": "START", "referral": AD}), _M),
    ("fb reaction", _fb(reaction={"mid": "m_1", "action": "react", "emoji": "❤️", "reaction": "love"}), _R),
    ("fb reaction taken back", _fb(reaction={"mid": "m_1", "action": "unreact"}), _R),
    ("fb ad in an old chat", _fb(referral=AD), _M),
    ("fb m.me link", _fb(referral=LINK), _M),
    ("fb optin", _fb(optin={"type": "notification_messages", "payload": "p"}), _N),
    ("fb thread passed", _fb(pass_thread_control={"new_owner_app_id": "1", "metadata": "x"}), _N),
    ("fb thread taken", _fb(take_thread_control={"previous_owner_app_id": "1"}), _N),
    ("fb policy", fb.page({"recipient": {"id": fb.PAGE_ID}, "policy-enforcement": {"action": "warning"}}), _N),
    ("fb an event of tomorrow", _fb(moon={"at": 1}), _N),
    ("fb standby text", fb.page(fb.event(message=fb.said()), key="standby"), _M),
    ("fb standby postback", fb.page(fb.event(postback={"title": "Empezar"}), key="standby"), _M),
    ("fb standby echo", fb.page(fb.echo(), key="standby"), _E),
    ("fb dashboard test", fb.dashboard(fb.event(message=fb.said())), _M),
    ("fb a comment", fb.dashboard({"item": "comment", "verb": "add"}, field="feed"), _N),
    ("fb from nobody", fb.page({"message": fb.said()}), _N),
    ("fb to itself", fb.page(fb.event(sender=fb.PAGE_ID, message=fb.said())), _N),
    ("fb batch with a bad one", fb.page(fb.event(message=fb.said()), 7, fb.echo()), (*_M, *_N, *_E)),  # type: ignore[arg-type]  # the bad one
]

INSTAGRAM: list[Shape] = [
    ("ig text", _ig(message=fb.said()), _M),
    ("ig image", _ig(message=fb.file()), _M),
    ("ig voice", _ig(message=fb.file("audio")), _M),
    ("ig shared post", _ig(message=fb.file("share")), _M),
    ("ig post", _ig(message=fb.file("ig_post", ig_post_media_id="179")), _M),
    ("ig reel", _ig(message=fb.file("ig_reel", title="Verano", reel_video_id="178")), _M),
    ("ig story", _ig(message=fb.file("ig_story")), _M),
    ("ig story mention", _ig(message=fb.file("story_mention")), _M),
    ("ig shared web page", _ig(message=fb.file("share", "https://tienda.com/remera")), _M),
    ("ig seen once", _ig(message=_attached("ephemeral")), _M),
    ("ig answer to a story", _ig(message=fb.said(reply_to=STORY)), _M),
    ("ig about a product", _ig(message=fb.said(referral={"product": {"id": "9"}})), _M),
    ("ig unsupported", _ig(message={"mid": "m_6", "is_unsupported": True}), _M),
    ("ig deleted", _ig(message={"mid": "m_1", "is_deleted": True}), (Revoke,)),
    ("ig echo", fb.instagram(fb.echo(to=fb.IGSID, page_id=fb.IG_ID)), _E),
    ("ig read", _ig(read={"mid": "m_1"}), _S),
    ("ig reaction by name", _ig(reaction={"mid": "m_1", "action": "react", "reaction": "haha"}), _R),
    ("ig postback", _ig(postback={"mid": "m_7", "title": "Precios", "payload": "ICE_1"}), _M),
    ("ig edited by nobody named", fb.instagram({"message_edit": {"mid": "m_1", "num_edit": 1, "text": "b"}}), (Edit,)),
    ("ig edited without words", fb.instagram({"message_edit": {"mid": "m_1", "num_edit": 0}}), _N),
    ("ig link", _ig(referral=LINK), _M),
    ("ig dashboard test", fb.dashboard(fb.direct(message=fb.said()), named="instagram", account="0"), _M),
    ("ig a comment", fb.dashboard({"id": "1", "text": "Linda"}, field="comments", named="instagram"), _N),
    ("ig standby", fb.instagram(fb.direct(message=fb.said()), key="standby"), _M),
]

ODD: list[Shape] = [
    (
        "two accounts in one body",
        {"object": "page", "entry": [*fb.page(fb.echo())["entry"], *_fb()["entry"]]},
        (*_E, *_N),
    ),
    ("a page without a name", {**_fb(message=fb.said()), "object": None}, _M),
    ("an entry without anything", {"object": "page", "entry": [{"id": "1"}]}, _N),
    ("an entry that is none", {"object": "page", "entry": [7]}, _N),
    ("a change that is none", {"object": "instagram", "entry": [{"id": "1", "changes": [None]}]}, _N),
    ("no entries", {"object": "page", "entry": []}, _N),
    ("nothing", {}, _N),
    ("null", None, _N),
    ("a list", [], _N),
]
CORPUS: list[Shape] = [*WHATSAPP, *MESSENGER, *INSTAGRAM, *ODD]
