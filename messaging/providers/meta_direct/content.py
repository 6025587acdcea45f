"""What a WhatsApp message says: any type → readable words, files, and the small facts worth keeping."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from messaging.providers.base import KINDS, MEDIA_KINDS, MediaRef
from messaging.providers.clean import identifier, items, mapping, small, text

CURRENTLY_UNAVAILABLE = 131060


@dataclass(frozen=True, slots=True)
class Content:
    """`turn`: an agent may answer it."""

    kind: str
    text: str
    media: tuple[MediaRef, ...] = ()
    payload: dict[str, Any] = field(default_factory=dict)
    turn: bool = True


def read(message: dict[str, Any]) -> Content:
    """The content of a message object of any type, known or not."""
    named = text(message.get("type"), 60)
    kind = named or next((one for one in KINDS if one in message), "")
    if kind in MEDIA_KINDS:
        return _media(kind, mapping(message.get(kind)))
    reader = READERS.get(kind)
    return reader(message) if reader else _unsupported(message, kind)


def said(kind: str, words: str, ours: str, *, turn: bool = True, **payload: Any) -> Content:
    """The person's words, or ours in their place."""
    if words:
        return Content(kind, words, payload=payload, turn=turn)
    return Content(kind, ours, payload=payload | {"placeholder": True}, turn=turn)


def _text(message: dict[str, Any]) -> Content:
    body = text(mapping(message.get("text")).get("body"))
    return said("text", body, _("Mensaje vacío"), turn=bool(body.strip()))


def _media(kind: str, given: dict[str, Any]) -> Content:
    ref = MediaRef(
        provider_media_id=identifier(given.get("id")),
        mime=text(given.get("mime_type"), 120),
        filename=text(given.get("filename"), 240),
        sha256=text(given.get("sha256"), 200),
        caption=text(given.get("caption")),
        voice=given.get("voice") is True,
        url=text(given.get("url"), 2000),
    )
    labels = {
        "image": _("Imagen"),
        "video": _("Video"),
        "audio": _("Nota de voz") if ref.voice else _("Audio"),
        "sticker": _("Sticker"),
        "document": ref.filename or _("Documento"),
    }
    words = said(kind, ref.caption, labels[kind])
    extras: dict[str, Any] = {"animated": True} if given.get("animated") is True else {}
    media = (ref,) if ref.provider_media_id or ref.url else ()
    return Content(kind, words.text, media=media, payload=words.payload | extras)


def _location(message: dict[str, Any]) -> Content:
    return read_location(mapping(message.get("location")))


def read_location(given: dict[str, Any]) -> Content:
    """`given`: latitude, longitude, name and address as far as they are known."""
    place = ", ".join(filter(None, (text(given.get("name")), text(given.get("address")))))
    point = ", ".join(filter(None, (text(given.get("latitude"), 30), text(given.get("longitude"), 30))))
    words = f"{place} ({point})" if place and point else place or point
    rendered = _("Ubicación: %(place)s") % {"place": words} if words else _("Ubicación")
    return Content("location", rendered, payload={"location": small(given)})


def _contacts(message: dict[str, Any]) -> Content:
    cards = [mapping(one) for one in items(message.get("contacts"))[:50]]
    lines = [line for line in map(_card, cards) if line]
    rendered = "\n".join(_("Contacto: %(card)s") % {"card": line} for line in lines)
    return Content("contacts", rendered or _("Contacto"), payload={"contacts": small(cards)})


def _card(card: dict[str, Any]) -> str:
    name = mapping(card.get("name"))
    whole = text(name.get("formatted_name"), 200) or " ".join(
        filter(None, (text(name.get("first_name"), 100), text(name.get("last_name"), 100)))
    )
    phones = [text(mapping(one).get("phone"), 40) for one in items(card.get("phones"))[:10]]
    mails = [text(mapping(one).get("email"), 200) for one in items(card.get("emails"))[:10]]
    return ", ".join(filter(None, (whole, *phones, *mails)))


def _interactive(message: dict[str, Any]) -> Content:
    given = mapping(message.get("interactive"))
    kind = text(given.get("type"), 60)
    chosen = mapping(given.get(kind))
    if kind == "nfm_reply":
        words = _form(chosen)
    else:
        words = " - ".join(filter(None, (text(chosen.get("title")), text(chosen.get("description")))))
    facts = {"type": kind, "id": text(chosen.get("id"), 300), "answer": small(chosen)}
    return said("interactive", words, _("Respuesta a un mensaje con opciones"), interactive=facts)


def _form(chosen: dict[str, Any]) -> str:
    try:
        answers = json.loads(text(chosen.get("response_json"), 100_000) or "{}")
    except (ValueError, RecursionError):
        answers = {}
    kept = small(mapping(answers))
    lines = [f"{key}: {_flat(value)}" for key, value in kept.items() if key != "flow_token"]
    return "\n".join(filter(None, (text(chosen.get("body")), *lines)))


def _flat(value: object) -> str:
    return text(value) if isinstance(value, str | int | float) else json.dumps(value, ensure_ascii=False)


def _button(message: dict[str, Any]) -> Content:
    given = mapping(message.get("button"))
    return said("button", text(given.get("text")), _("Botón"), button={"payload": text(given.get("payload"), 300)})


def _order(message: dict[str, Any]) -> Content:
    given = mapping(message.get("order"))
    lines = [_line(mapping(one)) for one in items(given.get("product_items"))[:200]]
    words = "\n".join(filter(None, (_("Pedido:"), *lines, text(given.get("text")))))
    return Content("order", words, payload={"order": small(given)})


def _line(item: dict[str, Any]) -> str:
    price = f"{text(item.get('item_price'), 40)} {text(item.get('currency'), 10)}".strip()
    line = f"{text(item.get('quantity'), 20)} × {text(item.get('product_retailer_id'), 200)}"
    return f"{line} ({price})" if price else line


def _system(message: dict[str, Any]) -> Content:
    given = mapping(message.get("system"))
    return said("system", text(given.get("body")), _("Aviso de WhatsApp"), turn=False, system=small(given))


def _welcome(message: dict[str, Any]) -> Content:
    return Content("request_welcome", _("Abrió el chat"), payload={"placeholder": True}, turn=False)


def _unsupported(message: dict[str, Any], kind: str) -> Content:
    body = text(mapping(message.get("text")).get("body"))
    codes = [mapping(one).get("code") for one in items(message.get("errors"))[:10]]
    ours = _("Mensaje de un tipo que no se puede mostrar aquí: verlo en el teléfono.")
    if CURRENTLY_UNAVAILABLE in codes:
        ours = _("Mensaje que WhatsApp no pudo entregar por ahora: verlo en el teléfono.")
    return said("unsupported", body, ours, turn=bool(body.strip()), type=kind)


READERS: dict[str, Callable[[dict[str, Any]], Content]] = {
    "text": _text,
    "location": _location,
    "contacts": _contacts,
    "interactive": _interactive,
    "button": _button,
    "order": _order,
    "system": _system,
    "request_welcome": _welcome,
}
