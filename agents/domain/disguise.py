"""What an outgoing text may hide: the readings under which a secret could leave in another coat.

Broader than `readings`, which judges what comes in: here nothing is matched by rules of language, a reading is only
compared with values that are known, so a strange reading costs nothing.
"""

import base64
import binascii
import codecs
import html
import re
import unicodedata
from collections.abc import Callable, Iterable
from urllib.parse import unquote

from agents.domain.readings import LEET, plain

LONGEST = 8_000
MOST_VIEWS = 60
_MORSE_SIGNS = (
    ".- -... -.-. -.. . ..-. --. .... .. .--- -.- .-.. -- -. --- .--. --.- .-. ... - ..- ...- .-- -..- -.-- --.. "
    "----- .---- ..--- ...-- ....- ..... -.... --... ---.. ----. .--.-. .-.-.- -....-"
)
_MORSE = dict(zip(_MORSE_SIGNS.split(), "abcdefghijklmnopqrstuvwxyz0123456789@.-", strict=True))
_DIGITS = {
    word: str(number)
    for words in (
        "cero uno dos tres cuatro cinco seis siete ocho nueve",
        "zero one two three four five six seven eight nine",
        "zero um dois tres quatro cinco seis sete oito nove",
    )
    for number, word in enumerate(words.split())
} | {"una": "1", "oh": "0"}
_SPELLED = (
    (re.compile(r"\s*[\[({<]?\b(?:arroba|at)\b[\])}>]?\s*"), "@"),
    (re.compile(r"\s*[\[({<]?\b(?:punto|dot|ponto)\b[\])}>]?\s*"), "."),
    (re.compile(r"\s*[\[({<]?\b(?:guion|dash|hyphen|hifen)\b[\])}>]?\s*"), "-"),
)
_NOT_BASE64 = re.compile(r"[^A-Za-z0-9+/_=-]+")


def views(text: str) -> tuple[str, ...]:
    """The text, and what it says when it is decoded, turned round or read by its initials. Decoded twice at most."""
    short = text[:LONGEST]
    found = dict.fromkeys((short, _shown(short)))
    for layer in range(2):
        for view in tuple(found)[: 12 if layer else 2]:
            for piece in _decoded(view):
                if len(found) < MOST_VIEWS and len(piece) >= 6:
                    found.setdefault(piece)
    return tuple(found)


def squeezed(text: str) -> str:
    """Letters and digits only, lookalikes read as Latin: what is left when spaces, dashes and dots were put between."""
    return "".join(ch for ch in plain(_shown(text)) if ch.isalnum())


def unleeted(text: str) -> str:
    """A squeezed text with digits read as the letters that they stand for."""
    return text.translate(LEET)


def _shown(text: str) -> str:
    """Compatible forms unfolded, and without marks that no screen shows (joiners, variation selectors, keycaps)."""
    folded = unicodedata.normalize("NFKC", text)
    seen = (ch for ch in folded if unicodedata.category(ch) not in {"Cf", "Co", "Cn", "Me"} and ch != "\ufe0f")
    return _digits("".join(seen))


def _digits(text: str) -> str:
    """Digits of any script as 0-9."""
    return "".join(str(unicodedata.digit(ch)) if ch.isdigit() and not ch.isascii() else ch for ch in text)


def _decoded(text: str) -> Iterable[str]:
    """One layer of every coding, whether or not it makes sense; nothing is yielded where a coding does not apply."""
    lower = plain(text)
    yield from (text[::-1], codecs.encode(text, "rot13"), html.unescape(text), unquote(text.replace("+", " ")))
    yield _as_text(re.findall(r"\\u\{?([0-9a-fA-F]{4,6})\}?|&#x([0-9a-fA-F]{2,6});|\bU\+([0-9a-fA-F]{4,6})", text), 16)
    yield _as_text([(number,) for number in re.findall(r"(?<!\d)(\d{2,3})(?!\d)", text)], 10)
    yield _as_text([(bits,) for bits in re.findall(r"(?<![01])([01]{7,8})(?![01])", text)], 2)
    yield "".join(chr(ord(ch) - 0xE0000) for ch in text if 0xE0020 <= ord(ch) <= 0xE007E)
    yield from _alphabets(text)
    words = re.findall(r"[\w@.+-]+", lower)
    yield "".join(word[0] for word in words)
    yield "".join(line.strip()[0] for line in lower.splitlines() if line.strip())
    yield " ".join(word[::-1] for word in text.split())
    yield _spelled(lower)
    yield from (text.replace(sign, "") for sign in "-_*|/~ " if text.count(sign) >= len(text) / 3)
    if re.search(r"(?:[.-]{1,6}[ /|]+){5}", text):
        yield "".join(_MORSE.get(sign, "") for sign in re.split(r"[ /|\n]+", text))


def _spelled(lower: str) -> str:
    """Digits and the signs of an address written as words."""
    text = lower
    for pattern, sign in _SPELLED:
        text = pattern.sub(sign, text)
    return re.sub(r"[^\W\d_]+", lambda match: _DIGITS.get(match.group(), match.group()), text)


def _alphabets(text: str) -> Iterable[str]:
    """base64, base32 and hexadecimal, also broken by spaces, quotes or line breaks."""
    # With and without the slash, which is a letter of base64 and also parts a path.
    pieces = re.findall(r"[A-Za-z0-9+/_-]{8,}={0,6}", text)[:10] + re.findall(r"[A-Za-z0-9+_-]{8,}={0,6}", text)[:10]
    joined = _NOT_BASE64.sub("", text)
    for piece in (*dict.fromkeys(pieces), joined if len(joined) <= LONGEST else ""):
        bare = piece.rstrip("=")
        shifted = bare.replace("-", "+").replace("_", "/")
        yield _bytes(base64.b64decode, shifted + "=" * (-len(bare) % 4))
        yield _bytes(base64.b32decode, bare.upper() + "=" * (-len(bare) % 8))
    for piece in re.findall(r"(?:(?:0x|\\x|%)?[0-9a-fA-F]{2}[\s:,;.-]{0,2}){6,}", text)[:10]:
        yield _bytes(bytes.fromhex, re.sub(r"[^0-9a-fA-F]", "", re.sub(r"0x|\\x", "", piece)))


def _bytes(decode: Callable[[str], bytes], piece: str) -> str:
    """What a piece says, when that is text."""
    try:
        raw = decode(piece)
    except (binascii.Error, ValueError):
        return ""
    text = raw.decode("utf-8", "ignore")
    readable = sum(ch.isprintable() or ch.isspace() for ch in text)
    return text if len(text) >= 4 and len(text) >= 0.7 * len(raw) and readable >= 0.9 * len(text) else ""


def _as_text(numbers: Iterable[tuple[str, ...]], base: int) -> str:
    """Code points as characters; the ones that are none are left out."""
    codes = (int("".join(each), base) for each in numbers)
    return "".join(chr(code) for code in codes if 32 <= code < 0x3000)
