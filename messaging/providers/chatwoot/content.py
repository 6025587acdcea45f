"""What a Chatwoot message says: words, files and the rest of its attachments, of any type."""

import mimetypes
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

from django.utils.translation import gettext as _

from messaging.providers.base import MediaRef
from messaging.providers.clean import identifier, items, mapping, small, text

#: Chatwoot's `file_type` → our kind of file. What Instagram shares is a picture or a film: its own type tells when it comes.
FILES = {
    "image": "image",
    "audio": "audio",
    "video": "video",
    "file": "document",
    "share": "image",
    "story_mention": "image",
    "ig_story": "image",
    "ig_post": "image",
    "ig_reel": "video",
}


@dataclass(frozen=True, slots=True)
class Content:
    kind: str
    text: str
    media: tuple[MediaRef, ...] = ()
    payload: dict[str, Any] = field(default_factory=dict)
    turn: bool = True


def read(message: dict[str, Any]) -> Content:
    """The content of a message object, known or not."""
    words = text(message.get("content"))
    attributes = mapping(message.get("content_attributes"))
    attachments = [mapping(one) for one in items(message.get("attachments"))[:30]]
    parts = [_part(one, words) for one in attachments]
    if attributes.get("is_unsupported") is True:
        return _unsupported(words, attributes)
    if not parts:
        return _plain(message, words, attributes)
    media = tuple(ref for part in parts for ref in part.media)
    payload = {
        key: value for part in parts for key, value in part.payload.items() if key not in ("placeholder", "heard")
    }
    kind = next((part.kind for part in parts if part.media), parts[0].kind)
    said = [part.text for part in parts if part.text and not part.payload.get("placeholder")]
    if words.strip():
        said.insert(0, words)
    if said:
        heard = not words.strip() and any(part.payload.get("heard") for part in parts)
        return Content(kind, "\n".join(said), media, payload | ({"heard": True} if heard else {}))
    ours = parts[0].text or _("Archivo")
    return Content(kind, ours, media, payload | {"placeholder": True}, turn=kind != "unsupported")


def _part(given: dict[str, Any], caption: str) -> Content:
    kind = text(given.get("file_type"), 60)
    if kind in FILES:
        return _file(FILES[kind], kind, given, caption)
    if kind == "location":
        return _location(given)
    if kind == "contact":
        return _card(given)
    link = text(given.get("external_url") or given.get("data_url"), 2000)
    title = text(given.get("fallback_title"), 500)
    shown = " ".join(filter(None, (title, link)))
    if shown:  # a shared post or link that Chatwoot has no type for
        return Content("text", shown)
    words = _("Adjunto de un tipo que no se puede mostrar aquí: verlo en Chatwoot.")
    return Content("unsupported", words, payload={"placeholder": True, "type": kind})


def _file(kind: str, given_kind: str, given: dict[str, Any], caption: str) -> Content:
    url = text(given.get("data_url") or given.get("external_url"), 2000)
    name = _name(url, text(given.get("extension"), 20))
    voice = kind == "audio" and mapping(given.get("meta")).get("is_recorded_audio") is True
    ref = MediaRef(
        provider_media_id=identifier(given.get("id")),
        mime=mimetypes.guess_type(name)[0] or "",
        filename=name,
        caption=caption,
        voice=voice,
        url=url,
    )
    media = (ref,) if url else ()
    heard = text(given.get("transcribed_text"))
    if heard.strip():
        return Content(kind, heard, media, {"heard": True})
    labels = {
        "image": _("Imagen"),
        "video": _("Video"),
        "audio": _("Nota de voz") if voice else _("Audio"),
        "document": name or _("Documento"),
    }
    extras: dict[str, Any] = {"shared": given_kind} if given_kind not in ("image", "audio", "video", "file") else {}
    return Content(kind, labels[kind], media, {"placeholder": True} | extras)


def _name(url: str, extension: str) -> str:
    """The last part of a file's address; "" when it names none."""
    try:
        last = unquote(urlsplit(url).path.rpartition("/")[2])
    except ValueError:
        return ""
    if "." in last.strip("."):
        return text(last, 240)
    return text(f"{last}.{extension.lstrip('.')}", 240) if last and extension.strip(".") else ""


def _location(given: dict[str, Any]) -> Content:
    point = ", ".join(filter(None, (text(given.get("coordinates_lat"), 30), text(given.get("coordinates_long"), 30))))
    place = text(given.get("fallback_title"), 300)
    words = f"{place} ({point})" if place and point else place or point
    rendered = _("Ubicación: %(place)s") % {"place": words} if words else _("Ubicación")
    return Content("location", rendered, payload={"location": small(_without_urls(given))})


def _card(given: dict[str, Any]) -> Content:
    meta = mapping(given.get("meta"))
    name = " ".join(filter(None, (text(meta.get("firstName"), 100), text(meta.get("lastName"), 100))))
    card = ", ".join(filter(None, (name, text(given.get("fallback_title"), 200))))
    rendered = _("Contacto: %(card)s") % {"card": card} if card else _("Contacto")
    return Content("contacts", rendered, payload={"contacts": [small(_without_urls(given))]})


def _without_urls(given: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in given.items() if key not in ("data_url", "thumb_url", "external_url")}


def _plain(message: dict[str, Any], words: str, attributes: dict[str, Any]) -> Content:
    kind = text(message.get("content_type"), 60) or "text"
    options = [text(mapping(one).get("title"), 300) for one in items(attributes.get("items"))[:50]]
    lines = [f"{number}. {title}" for number, title in enumerate(filter(None, options), 1)]
    subject = text(mapping(attributes.get("email")).get("subject"), 500) if kind == "incoming_email" else ""
    said = "\n".join(filter(None, (subject, words, *lines)))
    if said.strip():
        return Content("interactive" if lines else "text", said)
    if kind == "sticker":
        return Content("sticker", _("Sticker"), payload={"placeholder": True})
    if kind in ("text", "incoming_email"):
        return Content("text", _("Mensaje vacío"), payload={"placeholder": True}, turn=False)
    return _unsupported("", {"type": kind})


def _unsupported(words: str, attributes: dict[str, Any]) -> Content:
    if words.strip():
        return Content("unsupported", words)
    ours = _("Mensaje de un tipo que no se puede mostrar aquí: verlo en Chatwoot.")
    return Content(
        "unsupported", ours, payload={"placeholder": True, "type": text(attributes.get("type"), 60)}, turn=False
    )


def answer(attributes: dict[str, Any]) -> str:
    """What the person chose or filled in under a message of ours that asked; "" if nothing."""
    submitted = attributes.get("submitted_values")
    lines = [_answer_line(mapping(one)) for one in items(submitted)[:50]]
    survey = mapping(mapping(submitted).get("csat_survey_response"))
    if survey:
        words = _("Valoración: %(rating)s de 5") % {"rating": text(survey.get("rating"), 10) or "—"}
        lines += [words, text(survey.get("feedback_message"))]
    lines.append(text(attributes.get("submitted_email"), 254))
    return "\n".join(filter(None, lines))


def _answer_line(given: dict[str, Any]) -> str:
    title, name = text(given.get("title"), 500), text(given.get("name"), 200)
    value = text(given.get("value"), 2000)
    return title or (f"{name}: {value}" if name else value)
