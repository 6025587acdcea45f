"""The ways in which a text can be read: plain, and behind the usual disguises.

A rule that matches only the letters as sent is passed with a Cyrillic "о" or a base64 line, so every
screening runs over all readings.
"""

import base64
import binascii
import codecs
import html
import re
import unicodedata
from urllib.parse import unquote

# Letters of other alphabets that look Latin. Chosen by eye from the Cyrillic, Greek and Latin-extended blocks.
_LOOKALIKES = str.maketrans(
    "аеорсухіјѕԁһӏкмтвнзгЅІЈАВЕКМНОРСТХУαοερτυικνχΑΒΕΖΗΙΚΜΝΟΡΤΥΧıɑɡɩʟʏꜱ",
    "aeopcyxijsdhlkmtbnzrSIJABEKMHOPCTXYaoeptuiknxABEZHIKMNOPTYXiagilys",
)
LEET = str.maketrans("013457@$!|", "oieastasil")
_SPACED = re.compile(r"\b(?:\w[ .\-_*]){4,400}\w\b")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")
_HEX = re.compile(r"\b(?:[0-9a-fA-F]{2}[ :]?){12,}")
_SPACE = re.compile(r"\s+")

LONGEST = 20_000


def plain(text: str) -> str:
    """Lower case without accents, invisible characters or lookalike letters, single spaces, line breaks kept."""
    return _narrow(_bare(text))


def _bare(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text[:LONGEST])
    visible = "".join(ch for ch in folded if unicodedata.category(ch) not in {"Cf", "Co", "Cn"})
    latin = unicodedata.normalize("NFD", visible.translate(_LOOKALIKES))
    return "".join(ch for ch in latin if not unicodedata.combining(ch)).casefold()


def _narrow(text: str) -> str:
    return "\n".join(_SPACE.sub(" ", line).strip() for line in text.splitlines())


def has_hidden_characters(text: str) -> bool:
    """Invisible characters between letters (a joiner inside an emoji is not hiding anything)."""
    return bool(re.search(r"(?<=\w)[\u200b\u200c\u200d\u2060\ufeff\u00ad\U000e0000-\U000e007f]+(?=\w)", text)) or bool(
        re.search(r"[\U000e0020-\U000e007e]{4,}", text)
    )


def is_spaced_out(text: str) -> bool:
    """Twelve or more letters in a row, each alone: no person types so."""
    return bool(re.search(r"(?<![^\W\d_])(?:[^\W\d_][ .\-_*]{1,3}){12}", text[:LONGEST]))


def mixes_alphabets(text: str) -> bool:
    """A single word written with Latin and Cyrillic or Greek letters."""
    for word in re.findall(r"[^\W\d_]{3,}", text[:LONGEST]):
        names = {unicodedata.name(ch, "?").split()[0] for ch in word}
        if "LATIN" in names and names & {"CYRILLIC", "GREEK"}:
            return True
    return False


def readings(text: str) -> tuple[str, ...]:
    """The plain reading and the ones of letters spaced out, digits for letters, and a text without its tags."""
    base = plain(text)
    tagged = plain(_tags_as_text(text))
    # Joined before spaces are narrowed: two spaces part the words of a text that is spaced out.
    joined = _narrow(_SPACED.sub(lambda match: re.sub(r"[ .\-_*]", "", match.group()), _bare(text)))
    unquoted = plain(html.unescape(unquote(text[:LONGEST])))
    return tuple(dict.fromkeys((base, joined, base.translate(LEET), unquoted, tagged)))


def decoded(text: str) -> tuple[str, ...]:
    """What the encoded pieces of a text say: base64, hexadecimal, rot13, backwards."""
    short = unicodedata.normalize("NFKC", text[:LONGEST])
    found = [_from_base64(piece) for piece in _BASE64.findall(short)[:20]]
    found += [_from_hex(piece) for piece in _HEX.findall(short)[:20]]
    lower = plain(short)
    found += [codecs.encode(lower, "rot13"), lower[::-1]]
    return tuple(plain(piece) for piece in found if piece)


def _tags_as_text(text: str) -> str:
    """Text hidden with the Unicode tag characters (a copy of ASCII that no screen shows)."""
    return "".join(chr(ord(ch) - 0xE0000) if 0xE0020 <= ord(ch) <= 0xE007E else ch for ch in text[:LONGEST])


def _from_base64(piece: str) -> str:
    bare = piece.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return _readable(base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True))
    except (binascii.Error, ValueError):
        return ""


def _from_hex(piece: str) -> str:
    try:
        return _readable(bytes.fromhex(re.sub(r"[^0-9a-fA-F]", "", piece)))
    except ValueError:
        return ""


def _readable(raw: bytes) -> str:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return ""
    good = sum(ch.isprintable() or ch.isspace() for ch in text)
    return text if text and good / len(text) > 0.95 else ""
