"""UUID version 7: time-ordered, so that new rows land at the end of an index (RFC 9562 §5.7)."""

import os
import time
import uuid


def uuid7() -> uuid.UUID:
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10), "big")
    value = (milliseconds & (1 << 48) - 1) << 80 | 0x7 << 76 | (random >> 68 & 0xFFF) << 64
    return uuid.UUID(int=value | 0b10 << 62 | random & (1 << 62) - 1)


def as_uuid(value: object) -> uuid.UUID | None:
    """The id in `value`, or None when it is no UUID (an address typed by a person, say)."""
    try:
        return uuid.UUID(str(value))
    except ValueError:
        return None


def key_of(value: object) -> uuid.UUID:
    """The id in `value` for a lookup; what is no UUID becomes the nil UUID, which no row has."""
    return as_uuid(value) or uuid.UUID(int=0)
