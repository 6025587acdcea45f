"""The extractor port: bytes of an upload in, plain text out."""

from config.lib.errors import Invalid

MAX_BYTES = 10 * 1024 * 1024


class Unreadable(Invalid):
    """The file cannot become text; the message says why in plain words for the person who uploaded it."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code="document_unreadable", fields={"file": message})


class Extractor:
    """Turns one kind of file into text. `mime` is what the stored document is served as."""

    mime = "application/octet-stream"

    def check(self, content: bytes) -> None:
        """A quick look at upload time. Raises Unreadable for what certainly cannot be read."""

    def extract(self, content: bytes) -> str:
        """Text with `\\n` line ends, NFC, no control characters, never blank. Raises Unreadable. Pure: no IO."""
        raise NotImplementedError
