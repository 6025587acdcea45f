"""The port between messaging and whoever turns speech into text. An adapter keeps no row, reads no setting, retries nothing."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Heard:
    """What was said; `text` empty when nothing was. `language` as ISO 639-1 where told, `seconds` None when nobody told."""

    text: str
    language: str = ""
    seconds: Decimal | None = None


class Transcriber(Protocol):
    """A model that listens; `model` is its name for the price list."""

    model: str

    def hear(self, content: bytes, *, mime: str) -> Heard:
        """Listen to a whole file. Repeatable. Raises ProviderError: `auth` (key or funds), `retry`, `permanent`."""
        ...
