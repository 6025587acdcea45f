"""Cutting a text into passages: at headings first, then paragraphs, lines, sentences and words; never inside a word."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

Counter = Callable[[str], int]

TARGET_TOKENS = 220
MAX_TOKENS = 250  # the local model reads 256 word pieces, two of them marks
OVERLAP_TOKENS = 40
MAX_WORD = 2000  # characters; what is longer is encoded data, no word, and may be cut

_HEADING = re.compile(r"^ {0,3}(#{1,6})[ \t]+(\S.*?)[ \t]*#*[ \t]*$")
_FENCE = re.compile(r"^ {0,3}(```|~~~)")
_SENTENCE_END = re.compile(r"(?<=[.!?…;])[\"'»”)]*\s+")
_MAX_HEADING = 300


@dataclass(frozen=True)
class Piece:
    """One passage, verbatim. `heading` is the path of titles above it; `tokens` what the counter gave for `text`."""

    position: int
    heading: str
    text: str
    tokens: int


@dataclass(frozen=True)
class _Section:
    heading: str
    lines: tuple[str, ...]


def estimate_tokens(text: str) -> int:
    """Tokens without a tokenizer: about 3 characters each in Spanish, at least one a word."""
    return max(len(text) // 3, len(text.split()))


def chunk(
    text: str,
    *,
    count: Counter = estimate_tokens,
    target: int = TARGET_TOKENS,
    maximum: int = MAX_TOKENS,
    overlap: int = OVERLAP_TOKENS,
) -> list[Piece]:
    """Passages of about `target` tokens, at most `maximum` (a single long word may exceed it).

    Every word of the text is in some passage, in order. Within a section each passage after the first repeats the last
    sentence of the one before when that costs no more than `overlap` tokens.
    """
    pieces: list[Piece] = []
    for section in _sections(text):
        units = _Splitter(count, target).units("\n".join(section.lines).strip("\n"))
        for body in _pack(units, count=count, target=target, maximum=maximum, overlap=overlap):
            pieces.append(Piece(len(pieces), section.heading, body, count(body)))
    return pieces


def _sections(text: str) -> Iterator[_Section]:
    """Runs of lines under one heading path. A heading without a body joins the section that follows."""
    path: dict[int, str] = {}
    lines: list[str] = []
    heading, has_body, fenced = "", False, False
    for line in text.split("\n"):
        fenced ^= bool(_FENCE.match(line))
        found = None if fenced else _HEADING.match(line)
        if found:
            if has_body:
                yield _Section(heading, tuple(lines))
                lines, has_body = [], False
            level = len(found[1])
            path = {depth: title for depth, title in path.items() if depth < level}
            path[level] = found[2]
            heading = " > ".join(path.values())[:_MAX_HEADING]
        elif line.strip():
            has_body = True
        lines.append(line)
    if any(line.strip() for line in lines):
        yield _Section(heading, tuple(lines))


@dataclass(frozen=True)
class _Unit:
    """A stretch that is not cut further. `glue` joins it to the unit before."""

    text: str
    glue: str
    tokens: int


class _Splitter:
    """Breaks a section at the coarsest boundary that makes the parts small enough."""

    _LEVELS = (
        ("\n\n", re.compile(r"\n[ \t]*\n\s*")),
        ("\n", re.compile(r"\n\s*")),
        (" ", _SENTENCE_END),
        (" ", re.compile(r"(?<=[,:])\s+")),
        (" ", re.compile(r"\s+")),
    )

    def __init__(self, count: Counter, target: int) -> None:
        self.count, self.target = count, target

    def units(self, text: str, glue: str = "\n\n", level: int = 0) -> list[_Unit]:
        tokens = self.count(text)
        if tokens <= self.target:
            return [_Unit(text, glue, tokens)] if text.strip() else []
        if level == len(self._LEVELS):
            parts = [text[i : i + MAX_WORD] for i in range(0, len(text), MAX_WORD)]
            return [_Unit(part, "" if i else glue, self.count(part)) for i, part in enumerate(parts)]
        own_glue, boundary = self._LEVELS[level]
        found: list[_Unit] = []
        for part in boundary.split(text):
            found += self.units(part, own_glue if found else glue, level + 1)
        return found


def _pack(units: list[_Unit], *, count: Counter, target: int, maximum: int, overlap: int) -> Iterator[str]:
    body, used, last = "", 0, ""
    for unit in units:
        joined = body + unit.glue + unit.text if body else unit.text
        # The sum is an estimate: joining may add tokens, so the whole is counted when it comes close.
        fits = not body or used + unit.tokens <= target or (used + unit.tokens <= maximum and count(joined) <= target)
        if fits and (not body or count(joined) <= maximum):
            body, used = joined, used + unit.tokens
        else:
            yield body
            carried = _tail(last, count, overlap) if unit.glue else ""
            repeated = f"{carried}\n{unit.text}" if carried else unit.text
            body = repeated if count(repeated) <= maximum else unit.text
            used = count(body)
        last = unit.text
    if body:
        yield body


def _tail(text: str, count: Counter, overlap: int) -> str:
    """The last sentence of `text`, or nothing when it is longer than the overlap."""
    sentence = _SENTENCE_END.split(text.strip())[-1].strip() if text else ""
    return sentence if sentence and count(sentence) <= overlap else ""
