"""What a spreadsheet's file is and what its cells mean: encodings, separators, numbers that were meant as texts."""

import codecs
import csv
import re
from collections.abc import Iterable, Sequence
from decimal import Decimal

SEPARATORS = (",", ";", "\t", "|")
BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
LOST = "\ufffd"  # what a letter becomes that the encoding does not have
_SCIENTIFIC = re.compile(r"\d(?:[.,]\d+)?[eE]\+?\d{1,3}")
_WHOLE = re.compile(r"(\d{6,})[.,]0+")


class Rounded(ValueError):
    """A long number of which the spreadsheet kept only the first digits."""


def encoding_of(chunks: Iterable[bytes]) -> str:
    """By the mark at the head, by the zeros of UTF-16, else UTF-8 unless more of it is broken than whole."""
    decoder, head, whole, broken = codecs.getincrementaldecoder("utf-8")("replace"), b"", 0, 0
    for number, chunk in enumerate(chunks):
        if number == 0:
            head = chunk[:1024]
            known = next((name for mark, name in BOMS if head.startswith(mark)), "")
            if known or head.count(0) * 3 > len(head):
                return known or ("utf-16-le" if head[1:2] == b"\x00" else "utf-16-be")
        text = decoder.decode(chunk)
        lost = text.count(LOST)
        broken += lost
        whole += 0 if text.isascii() else sum(1 for letter in text if letter > "\x7f") - lost
    # A file cut or glued somewhere has one broken letter; one in another encoding has nothing but broken ones.
    return "utf-8" if broken == 0 or whole > broken else "cp1252"


def separator_of(lines: Sequence[str]) -> str:
    """The one that cuts the first lines into the most columns, the same number in most of them."""
    return max(SEPARATORS, key=lambda separator: _fitness(lines, separator))


def _fitness(lines: Sequence[str], separator: str) -> tuple[bool, float, int]:
    widths = [len(row) for row in csv.reader(lines, delimiter=separator) if row]
    if not widths or widths[0] < 2:
        return False, 0.0, 0
    return True, round(sum(1 for each in widths if each == widths[0]) / len(widths), 1), widths[0]


def whole_number(text: str) -> str:
    """A phone or document that the spreadsheet took for a number, as its digits; raises Rounded when some are lost.

    "5491123456789.0" and "5.491123456789E+12" are whole; of "5.49112E+12" nobody knows the rest.
    """
    found = _WHOLE.fullmatch(text)
    if found:
        return found[1]
    if not _SCIENTIFIC.fullmatch(text):
        return text
    mantissa, _sign, power = text.lower().replace(",", ".").partition("e")
    decimals = len(mantissa.partition(".")[2])
    if decimals < int(power):
        raise Rounded(text)
    return f"{Decimal(mantissa).scaleb(int(power)):f}".partition(".")[0]


def unique(headings: Sequence[str], unnamed: str) -> list[str]:
    """Headings that tell columns apart: one without words is `unnamed` with its number, a repeated one gets a number."""
    names: list[str] = []
    for number, heading in enumerate(headings, start=1):
        bare = " ".join(heading.split())[:80] or f"{unnamed} {number}"
        taken = sum(1 for each in names if each == bare or each.startswith(f"{bare} ("))
        names.append(f"{bare} ({taken + 1})" if bare in names else bare)
    return names
