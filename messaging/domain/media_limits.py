"""What files may be: how large, what each channel takes as what, and whether a file is what it says. Pure."""

MEGABYTE = 1024 * 1024
# Ours for what customers send, in bytes. WhatsApp itself allows images of 5 MB, audio and video of 16 MB, documents of
# 100 MB (Cloud API reference, media); a file is held in memory, so a larger document stays with the provider.
LARGEST = {"image": 16 * MEGABYTE, "sticker": 4 * MEGABYTE, "audio": 16 * MEGABYTE}
LARGEST_OTHER = 32 * MEGABYTE
LARGEST_SENT = 25 * MEGABYTE  # Messenger's limit of an attachment, the lowest of those that take documents

# What each channel shows as a picture, a player or a film; what is missing goes as a document.
# WhatsApp: Cloud API reference, media. Messenger and Instagram: Send API, attachments.
_WHATSAPP: dict[str, tuple[frozenset[str], int]] = {
    "image": (frozenset({"image/jpeg", "image/png"}), 5 * MEGABYTE),
    "audio": (frozenset({"audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"}), 16 * MEGABYTE),
    "video": (frozenset({"video/mp4", "video/3gpp"}), 16 * MEGABYTE),
}
_META: dict[str, tuple[frozenset[str], int]] = {
    "image": (frozenset({"image/jpeg", "image/png", "image/gif"}), 8 * MEGABYTE),
    "audio": (frozenset({"audio/aac", "audio/mpeg", "audio/mp4", "audio/wav"}), LARGEST_SENT),
    "video": (frozenset({"video/mp4", "video/ogg", "video/webm"}), LARGEST_SENT),
}
_TAKES = {"whatsapp": _WHATSAPP, "facebook": _META, "instagram": _META, "web": _META}
_DOCUMENTS = frozenset({"whatsapp", "facebook", "web"})

# Drawn in a page; everything else is only ever downloaded. No SVG or HTML: those can run scripts.
DRAWN = frozenset(
    {
        "image/jpeg",
        "image/png",
        "image/gif",
        "image/webp",
        "audio/aac",
        "audio/mp4",
        "audio/mpeg",
        "audio/amr",
        "audio/ogg",
        "audio/opus",
        "audio/wav",
        "audio/webm",
        "video/mp4",
        "video/3gpp",
        "video/webm",
        "application/pdf",
    }
)
_UNKNOWN = "application/octet-stream"
# One container, several uses: what it holds is told by who sends it.
_CONTAINERS = (
    frozenset({"application/ogg", "audio/ogg", "audio/opus", "video/ogg"}),
    frozenset({"audio/mp4", "video/mp4", "audio/x-m4a", "video/3gpp", "video/quicktime"}),
    frozenset({"audio/webm", "video/webm", "application/x-matroska", "video/x-matroska"}),
    frozenset({"audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave"}),
    frozenset({"audio/mpeg", "audio/mp3", "audio/aac", "audio/x-aac", "audio/aacp"}),
    frozenset({"image/jpeg", "image/jpg", "image/pjpeg"}),
)
_USUAL = {
    "application/ogg": "audio/ogg",
    "audio/x-m4a": "audio/mp4",
    "audio/x-wav": "audio/wav",
    "audio/wave": "audio/wav",
    "audio/vnd.wave": "audio/wav",
    "audio/mp3": "audio/mpeg",
    "image/jpg": "image/jpeg",
    "image/pjpeg": "image/jpeg",
}


def plain_mime(mime: str) -> str:
    """Without parameters and in its usual name: "audio/ogg; codecs=opus" → "audio/ogg"."""
    bare = mime.partition(";")[0].strip().lower()
    return _USUAL.get(bare, bare)


def largest(kind: str) -> int:
    """Bytes that we take of a customer's file of this kind."""
    return LARGEST.get(kind, LARGEST_OTHER)


def takes_files(channel_source: str, *, provider: str) -> bool:
    """Whether people may be sent files there; our own web chat shows none."""
    return channel_source in _TAKES and provider != "web"


def kind_for(channel_source: str, *, provider: str, mime: str, size: int) -> str:
    """As what a file goes: image, audio, video or document; "" when this channel does not take it at all."""
    if not takes_files(channel_source, provider=provider) or size > LARGEST_SENT:
        return ""
    for kind, (mimes, most) in _TAKES[channel_source].items():
        if mime in mimes and size <= most:
            return kind
    return "document" if channel_source in _DOCUMENTS else ""


def believed(claimed: str, signs: tuple[str, ...]) -> str:
    """What a file is, from what its sender says and what its first bytes show (`signs`, the surest first).

    A kind that is drawn has to show in the bytes: a program called photo.jpg is an unknown file, which only downloads.
    """
    said = plain_mime(claimed)
    found = tuple(plain_mime(sign) for sign in signs)
    if said in DRAWN:
        if any(_alike(said, sign) for sign in (*signs, *found)):
            return said
        said = _UNKNOWN
    shown = next((sign for sign in found if sign in DRAWN), "")
    return shown or said or _UNKNOWN


def _alike(said: str, sign: str) -> bool:
    return said == sign or any({said, sign} <= family for family in _CONTAINERS)
