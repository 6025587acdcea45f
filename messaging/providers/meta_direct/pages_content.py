"""What a Messenger or Instagram message says: any attachment → readable words, files, and the small facts worth keeping."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from messaging.providers.base import MediaRef
from messaging.providers.clean import identifier, items, mapping, small, text
from messaging.providers.meta_direct.content import Content, read_location, said

#: type → (kind of the message, what it is called)
FILES: dict[str, tuple[str, Promise]] = {
    "image": ("image", gettext_lazy("Imagen")),
    "video": ("video", gettext_lazy("Video")),
    "audio": ("audio", gettext_lazy("Nota de voz")),
    "file": ("document", gettext_lazy("Documento")),
    "sticker": ("sticker", gettext_lazy("Sticker")),
}
#: what of Meta's own world is passed on; its address is sometimes a file and sometimes a page
SHARED: dict[str, tuple[str, Promise]] = {
    "share": ("image", gettext_lazy("Compartió una publicación")),
    "post": ("image", gettext_lazy("Compartió una publicación")),
    "ig_post": ("image", gettext_lazy("Compartió una publicación")),
    "reel": ("video", gettext_lazy("Compartió un reel")),
    "ig_reel": ("video", gettext_lazy("Compartió un reel")),
    "ig_story": ("image", gettext_lazy("Compartió una historia")),
    "story_mention": ("image", gettext_lazy("Mencionó a la empresa en su historia")),
}
#: hosts of Meta's that serve files, and nothing else
FILE_HOSTS = (".fbcdn.net", ".fbsbx.com", ".cdninstagram.com")
MOST = 30


def read(message: dict[str, Any]) -> Content:
    """The content of the `message` of an event, known or not."""
    words = text(message.get("text"))
    parts = [_attachment(mapping(one)) for one in items(message.get("attachments"))[:MOST]]
    chosen = mapping(message.get("quick_reply"))
    facts = {key: value for part in parts for key, value in part.payload.items() if key != "placeholder"}
    facts |= _story(mapping(mapping(message.get("reply_to")).get("story")))
    if message.get("is_unsupported") is True or not (words.strip() or parts or chosen):
        return _unsupported(words, "unsupported", facts)
    if chosen:
        facts["interactive"] = {"type": "quick_reply", "id": text(chosen.get("payload"), 300)}
        return said("interactive", words, _("Respuesta a un mensaje con opciones"), **facts)
    if not parts:
        return said("text", words, "", **facts)
    leading = next((part for part in parts if part.media), parts[0])
    if words and leading.kind in ("text", "unsupported"):  # the preview of a link that stands in the words
        return said("text", words, "", **facts)
    ours = "\n".join(dict.fromkeys(part.text for part in parts))
    whole = said(leading.kind, words, ours, turn=bool(words) or any(part.turn for part in parts), **facts)
    spoken = whole.payload if any(part.payload.get("placeholder") for part in parts) else facts
    media = tuple(ref for part in parts for ref in part.media)
    return Content(whole.kind, whole.text, media=media, payload=spoken, turn=whole.turn)


def _attachment(given: dict[str, Any]) -> Content:
    kind = text(given.get("type"), 60)
    inner = mapping(given.get("payload"))
    if kind in FILES:
        return _file(kind, inner)
    if kind in SHARED:
        return _shared(kind, given, inner)
    reader = READERS.get(kind)
    return reader(given, inner) if reader else _unsupported("", kind, {"attachment": small(given)})


def _file(kind: str, inner: dict[str, Any]) -> Content:
    name, label = FILES[kind]
    url = text(inner.get("url"), 2000)
    # Neither app lets a person send a recording other than one made in it.
    ref = MediaRef(url=url, filename=_filename(url) if kind == "file" else "", voice=kind == "audio")
    ours = ref.filename or str(label)
    return Content(name, ours, media=(ref,) if url else (), payload={"placeholder": True})


def _shared(kind: str, given: dict[str, Any], inner: dict[str, Any]) -> Content:
    name, label = SHARED[kind]
    url = text(inner.get("url") or given.get("url"), 2000)
    title = text(inner.get("title") or given.get("title"), 500)
    isfile = _is_file(url)
    words = ": ".join(filter(None, (str(label), title or ("" if isfile else url))))
    refs = (MediaRef(url=url),) if isfile else ()
    ids = {key: identifier(value) for key, value in inner.items() if key.endswith("id") and value}
    facts = {"shared": {"type": kind, "title": title, "url": url, **ids}, "placeholder": True}
    return Content(name if refs else "text", words, media=refs, payload=facts)


def _location(given: dict[str, Any], inner: dict[str, Any]) -> Content:
    point = mapping(inner.get("coordinates"))
    place = {"latitude": point.get("lat"), "longitude": point.get("long"), "name": given.get("title")}
    return read_location({key: value for key, value in place.items() if value is not None})


def _link(given: dict[str, Any], inner: dict[str, Any]) -> Content:
    """A page, or a product, that the person passed on."""
    title = text(given.get("title") or inner.get("title"), 500)
    url = text(inner.get("url") or given.get("url"), 2000)
    products = [mapping(one) for one in items(mapping(inner.get("product")).get("elements") or inner.get("elements"))]
    named = [text(one.get("title"), 300) for one in products[:10]]
    words = "\n".join(filter(None, (title, *named, url)))
    return said("text", words, _("Compartió un enlace"), shared=small(given))


def _ephemeral(given: dict[str, Any], inner: dict[str, Any]) -> Content:
    ours = _("Foto o video que se ve una sola vez: verlo en el teléfono.")
    return said("unsupported", "", ours, turn=False, type="ephemeral")


READERS: dict[str, Callable[[dict[str, Any], dict[str, Any]], Content]] = {
    "location": _location,
    "fallback": _link,
    "template": _link,
    "ephemeral": _ephemeral,
}


def _unsupported(words: str, kind: str, facts: dict[str, Any]) -> Content:
    ours = _("Mensaje de un tipo que no se puede mostrar aquí: verlo en el teléfono.")
    return said("unsupported", words, ours, turn=bool(words.strip()), **(facts | {"type": kind}))


def _story(given: dict[str, Any]) -> dict[str, Any]:
    """The story of the business that the person answers."""
    story = {"id": identifier(given.get("id")), "url": text(given.get("url"), 2000)}
    return {"story": story} if any(story.values()) else {}


def _is_file(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme == "https" and f".{parts.hostname or ''}".endswith(FILE_HOSTS)
    except ValueError:
        return False


def _filename(url: str) -> str:
    """The name of a document is told by its address alone."""
    try:
        last = urlsplit(url).path.rpartition("/")[2]
    except ValueError:
        return ""
    return text(last, 240) if "." in last else ""
