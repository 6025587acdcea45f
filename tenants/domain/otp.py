"""Codes of a second factor: TOTP (RFC 6238) over HOTP (RFC 4226), in the form that every authenticator app knows."""

import base64
import hashlib
import hmac
import secrets
import struct
from urllib.parse import quote, urlencode

STEP_SECONDS = 30
DIGITS = 6
SECRET_BYTES = 20  # RFC 4226 §4 recommends 160 bits
DRIFT = 1  # steps that the phone's clock may be off
RECOVERY_CODES = 10
RECOVERY_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that looks like another one
RECOVERY_LENGTH = 16  # 79 bits: no list of hashes is worth trying


def new_secret() -> str:
    """Base32 without padding, as apps expect it."""
    return base64.b32encode(secrets.token_bytes(SECRET_BYTES)).decode()


def code_at(secret: str, step: int, digits: int = DIGITS) -> str:
    """The code of one step (RFC 4226 §5.3)."""
    digest = hmac.digest(base64.b32decode(secret), struct.pack(">Q", step), "sha1")
    start = digest[-1] & 0x0F
    number = int.from_bytes(digest[start : start + 4]) & 0x7FFFFFFF
    return str(number % 10**digits).zfill(digits)


def step_at(moment: float) -> int:
    """`moment` in seconds since 1970."""
    return int(moment) // STEP_SECONDS


def fitting_step(secret: str, code: str, *, moment: float, after: int) -> int | None:
    """The step whose code this is, now or one step away, and later than `after`, so that no code works twice."""
    now, found = step_at(moment), None
    for step in range(now - DRIFT, now + DRIFT + 1):
        same = hmac.compare_digest(code_at(secret, step), code)
        if same and step > after:
            found = step
    return found


def plain(typed: str) -> str:
    """What somebody typed, without the spaces and hyphens that make it readable."""
    return "".join(letter for letter in typed.lower() if letter.isascii() and letter.isalnum())


def is_code(typed: str) -> bool:
    return len(typed) == DIGITS and typed.isascii() and typed.isdecimal()


def address(secret: str, *, account: str, issuer: str) -> str:
    """What the picture says: the otpauth address of the Key Uri Format that apps read."""
    label = quote(f"{issuer}:{account}")
    return f"otpauth://totp/{label}?{urlencode({'secret': secret, 'issuer': issuer})}"


def grouped(text: str) -> str:
    """In groups of four, for reading aloud and typing."""
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))


def new_recovery_codes() -> list[str]:
    """Plain, without hyphens."""
    return [
        "".join(secrets.choice(RECOVERY_LETTERS) for _each in range(RECOVERY_LENGTH)) for _code in range(RECOVERY_CODES)
    ]


def recovery_hash(owner: object, code: str) -> str:
    return hashlib.sha256(f"recovery\x00{owner}\x00{code}".encode()).hexdigest()
