"""Values out of a stranger's JSON, made safe to store: never raises, whatever the type, size or depth."""

import hashlib
import json
import math
import re
from datetime import UTC, datetime
from typing import Any

ID_LENGTH = 200
NAME_LENGTH = 160

_SURROGATES = re.compile("[\ud800-\udfff]")
# Ten digits are seconds until the year 2286; WhatsApp began in 2009.
_EARLIEST, _LATEST = 1_230_768_000, 4_102_444_800


def text(value: object, limit: int | None = None) -> str:
    """A string or number as text, else "". Only what PostgreSQL refuses is changed: NUL goes, half an emoji becomes �."""
    if isinstance(value, bool):
        return ""
    if isinstance(value, int | float):
        value = str(value) if isinstance(value, float) or abs(value) < 10**40 else ""
    if not isinstance(value, str):
        return ""
    cleaned = _SURROGATES.sub("\ufffd", value.replace("\x00", ""))
    return cleaned if limit is None else cleaned[:limit]


def identifier(value: object) -> str:
    """An id as text; one too long for a column becomes a digest, so equal ids stay equal."""
    cleaned = text(value).strip()
    if len(cleaned) <= ID_LENGTH:
        return cleaned
    return "sha256:" + hashlib.sha256(cleaned.encode()).hexdigest()


def phone(value: object) -> str | None:
    """E.164 out of digits with or without a plus; None if these are no phone."""
    digits = text(value).strip().removeprefix("+")
    return f"+{digits}" if re.fullmatch(r"[1-9][0-9]{6,14}", digits) else None


def seconds(value: object) -> datetime | None:
    """An aware time out of unix seconds, as text or number; None if it is none or absurd."""
    given = text(value)
    if not re.fullmatch(r"[0-9]{9,11}", given) or not _EARLIEST <= int(given) <= _LATEST:
        return None
    return datetime.fromtimestamp(int(given), UTC)


def milliseconds(value: object) -> datetime | None:
    """An aware time out of unix milliseconds; seconds are taken too, as some of Meta's events carry them."""
    given = text(value)
    return seconds(given[:-3] if re.fullmatch(r"[0-9]{12,14}", given) else given)


def rfc3339(value: object) -> datetime | None:
    """An aware time out of "2026-11-20T12:00:00.000Z"; None if it is none, names no zone or is absurd."""
    try:
        found = datetime.fromisoformat(text(value, 40).strip())
        return found if found.tzinfo and _EARLIEST <= found.timestamp() <= _LATEST else None
    except (ValueError, OverflowError):
        return None


def mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def items(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def small(value: object, *, depth: int = 6, width: int = 50, length: int = 2000) -> Any:
    """A copy that fits into a JSON column: bounded in depth, in entries per level and in the length of texts."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, int):
        return value if abs(value) < 10**18 else None
    if isinstance(value, dict) and depth:
        kept = list(value.items())[:width]
        return {text(key, 200): small(one, depth=depth - 1, width=width, length=length) for key, one in kept}
    if isinstance(value, list | tuple) and depth:
        return [small(one, depth=depth - 1, width=width, length=length) for one in value[:width]]
    return text(value, length) if isinstance(value, str) else "…"


def digest(value: object) -> str:
    """An id for something that came without one; the same thing again has the same id."""
    raw = json.dumps(small(value, depth=8, width=200, length=100_000), sort_keys=True)
    return "sha256:" + hashlib.sha256(raw.encode()).hexdigest()
