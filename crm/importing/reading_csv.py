"""CSV as it comes: any usual encoding and separator, and a broken row that does not take the rest with it."""

import csv
import re
from collections import deque
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TextIO

from crm.domain import spreadsheet

MOST_LINES = 50  # of one row; a quote that stays open longer was never meant as one
MOST_LETTERS = 100_000  # of one line
CHUNK = 1024 * 1024
PROBE = 25
_CONTACT = re.compile(r"[^@\s]+@[^@\s]+\.|(?:\d[ .()-]?){7,}")


def encoding_of(path: Path) -> str:
    with path.open("rb") as file:
        return spreadsheet.encoding_of(iter(lambda: file.read(CHUNK), b""))


def separator_of(path: Path, encoding: str) -> str:
    with _opened(path, encoding) as text:
        lines = [line[:MOST_LETTERS] for line in islice(text, PROBE)]
    if lines and lines[0].lower().startswith("sep=") and len(lines[0].strip()) == 5:
        return lines[0][4]
    return spreadsheet.separator_of(lines)


def rows(path: Path, *, encoding: str, separator: str) -> Iterator[list[str] | None]:
    """Each row's cells; None for one that cannot be read. Empty rows are rows too, so that they count."""
    with _opened(path, encoding) as text:
        for number, row in enumerate(_rows(text, separator)):
            if number or (row != [f"sep={separator}"] and row != ["sep=", ""]):
                yield row


def _opened(path: Path, encoding: str) -> TextIO:
    return path.open(encoding=encoding, errors="replace", newline="")


def _rows(text: TextIO, separator: str) -> Iterator[list[str] | None]:
    """One reader for each row: after an error the next line is a new beginning."""
    waiting: deque[str] = deque()
    width = 0
    while waiting or (line := text.readline()):
        if not waiting:
            waiting.append(line)
        used = 0

        def feed() -> Iterator[str]:
            nonlocal used
            while used < MOST_LINES:
                if used == len(waiting):
                    more = text.readline()
                    if not more:
                        return
                    waiting.append(more)
                if len(waiting[used]) > MOST_LETTERS:
                    raise csv.Error("line too long")
                used += 1
                yield waiting[used - 1].replace("\x00", "")

        try:
            row = next(csv.reader(feed(), delimiter=separator, strict=True), [])
            width = width or len(row)
            if used > 2 and any(_is_row(waiting[inside], separator, width) for inside in range(1, used - 1)):
                raise csv.Error("a quote that swallows rows")
        except csv.Error:
            waiting.popleft()
            yield None
            continue
        for _each in range(max(1, used)):
            waiting.popleft()
        yield row


def _is_row(line: str, separator: str, width: int) -> bool:
    """Whether a line inside of quotes is a row of its own: as many cells as the heading, a phone or e-mail among them."""
    cells = line.split(separator)
    return width > 1 and len(cells) == width and any(_CONTACT.search(cell) for cell in cells)
