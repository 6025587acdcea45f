"""Parts of a WhatsApp message as the Cloud API writes them. YCloud takes the same."""

from collections.abc import Mapping
from typing import Any

from messaging.providers.base import OutgoingMedia


def template_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """The `template` of a WhatsApp message; `given` has name, language (a code, or Meta's own object) and components."""
    language = given.get("language") or "es"
    made: dict[str, Any] = {
        "name": given.get("name", ""),
        "language": dict(language) if isinstance(language, Mapping) else {"code": language},
    }
    if given.get("components"):
        made["components"] = list(given["components"])
    return made


def media_of(media: OutgoingMedia, media_id: str) -> dict[str, Any]:
    """The object of a file: by its id at the provider or, without one, by link; each kind with what WhatsApp takes beside it."""
    made: dict[str, Any] = {"id": media_id} if media_id else {"link": media.link}
    if media.caption and media.kind in ("image", "video", "document"):
        made["caption"] = media.caption
    if media.filename and media.kind == "document":
        made["filename"] = media.filename
    if media.voice and media.kind == "audio":
        made["voice"] = True
    return made
