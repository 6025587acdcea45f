"""How much of a full crossing (every address × every bad body…) one run asks. `THOROUGH=1 bin/test` asks all of it."""

import os
from collections.abc import Sequence
from typing import TypeVar

THOROUGH = os.environ.get("THOROUGH") == "1"
T = TypeVar("T")


def dealt(items: Sequence[T], place: int, *, share: int) -> list[T]:
    """One in `share` of the items, and other ones at the next place, so that neighbours together meet all of them."""
    return list(items) if THOROUGH else [item for number, item in enumerate(items) if (number + place) % share == 0]


def times(every_run: int, thorough: int) -> int:
    """How often something is repeated."""
    return thorough if THOROUGH else every_run
