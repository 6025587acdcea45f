"""Dates as customers say them, read: the corpus, and long texts made to trap a reader that goes through them again and again.

`python -m bench.phrases`. The goal is that ten times the letters take at most 15 times the time, for the worst trap: what
grows with the square would take a hundred times. Milliseconds a phrase are printed beside it.
"""

import statistics
import sys
from datetime import datetime
from time import process_time
from zoneinfo import ZoneInfo

from bench.harness import facts
from crm.domain.spoken_dates import understand

SHORT, LONG, GROWTH = 1_000, 10_000, 15
TIMES = 7
NOW = datetime(2026, 11, 18, 10, tzinfo=ZoneInfo("America/Argentina/Buenos_Aires"))
TRAPS = (
    "a ", "9", "1 ", "1.", "1-", "ñ", "[", "no ", "de ", "$1,", "lunez ", "el martes ", "de las 5 a ", "para el mes de ",
    "martes a las 5 o ", "menos el martes, ", "on the in next ", "a las 5 el 5 ", "next week tuesday but not ", "m" * 99,
)  # fmt: skip


def seconds(texts: list[tuple[str, datetime]]) -> float:
    """Of the processor, the best of some: others use it too."""
    found = []
    for _ in range(TIMES):
        began = process_time()
        for text, now in texts:
            understand(text, now=now)
        found.append(process_time() - began)
    return min(found)


def growth(trap: str) -> float:
    """How many times as long the long text takes."""
    short, long = (trap * (letters // len(trap)) for letters in (SHORT, LONG))
    return seconds([(long, NOW)]) / seconds([(short, NOW)] * 10) * 10


def main() -> int:
    from tests.crm.domain.spoken_dates.test_corpus import SPOKEN

    print(facts(), flush=True)
    phrases = [(phrase, now) for spoken in SPOKEN.values() for phrase, _, now in spoken]
    print(f"{len(phrases)} phrases: {seconds(phrases) / len(phrases) * 1000:.2f} ms each")
    ratios = {trap: growth(trap) for trap in TRAPS}
    worst = max(ratios, key=lambda trap: ratios[trap])
    median = statistics.median(ratios.values())
    print(f"ten times the letters: {ratios[worst]:.1f} times as long at worst ({worst!r}), median {median:.1f}")
    return 0 if ratios[worst] <= GROWTH else 1


if __name__ == "__main__":
    sys.exit(main())
