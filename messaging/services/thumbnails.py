"""Small pictures of pictures: for the thread, and for models that can see. Never larger than asked, without EXIF."""

import io
import warnings

from PIL import Image, ImageOps, UnidentifiedImageError

THREAD_SIDE = 480  # pixels
MODEL_SIDE = 1024
MODEL_BYTES = 1024 * 1024
MOST_PIXELS = 40_000_000  # what a good phone makes; opening costs four bytes for each
FORMATS = ("JPEG", "PNG", "GIF", "WEBP")


def for_thread(content: bytes) -> bytes | None:
    """A WebP of at most 480 pixels a side; None when this is no picture that may be opened."""
    return _small(content, side=THREAD_SIDE, kind="WEBP", quality=80)


def for_model(content: bytes) -> bytes | None:
    """A JPEG of at most 1024 pixels a side and 1 MB; None when this is no picture that may be opened."""
    small = _small(content, side=MODEL_SIDE, kind="JPEG", quality=80)
    return small if small is not None and len(small) <= MODEL_BYTES else None


def _small(content: bytes, *, side: int, kind: str, quality: int) -> bytes | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our own limit is the lower one
            opened = Image.open(io.BytesIO(content), formats=FORMATS)
        # The header alone was read so far: what would unpack to too much is not unpacked.
        if opened.width * opened.height > MOST_PIXELS:
            return None
        opened.draft("RGB", (side * 2, side * 2))
        turned = ImageOps.exif_transpose(opened)
        turned.thumbnail((side, side))
        plain = _flat(turned) if kind == "JPEG" else turned.convert("RGBA" if _clear(turned) else "RGB")
        written = io.BytesIO()
        plain.save(written, kind, quality=quality)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None  # cut off, hostile, or no picture at all: it is then a file without a small picture
    return written.getvalue()


def _clear(picture: Image.Image) -> bool:
    return picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info


def _flat(picture: Image.Image) -> Image.Image:
    """On white where it was transparent."""
    if not _clear(picture):
        return picture.convert("RGB")
    over = picture.convert("RGBA")
    ground = Image.new("RGBA", over.size, "white")
    return Image.alpha_composite(ground, over).convert("RGB")
