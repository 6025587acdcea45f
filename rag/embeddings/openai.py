"""Embeddings over the OpenAI protocol: OpenAI, Gemini's compatible address, or any server that speaks it."""

import base64
import binascii
import struct
from collections.abc import Iterator, Mapping, Sequence
from math import isfinite, sqrt
from typing import Any

from config.lib.errors import ProviderError
from config.lib.http import Response, request
from rag.domain.ranking import Scale

from .base import Embedder, Kind, Vector

# OpenAI takes 2048 inputs and 300k tokens at once, Gemini 100 inputs; these bounds fit both.
MAX_INPUTS = 96
MAX_BATCH_CHARS = 200_000
MAX_INPUT_CHARS = 20_000  # the models read about 8192 tokens (Gemini 2048) and refuse more
DOCUMENT_TIMEOUT = 60.0  # seconds
QUERY_TIMEOUT = 2.5  # seconds; past it a search goes on with words alone
MAX_ANSWER_BYTES = 32 * 1024 * 1024
MAX_DIMENSIONS = 16_000  # what a pgvector column holds

# Where cosines of unrelated and of matching texts lie. Not measured here (no key); kept cautious.
SCALES: Mapping[str, Scale] = {
    "text-embedding-3-small": Scale(floor=0.20, strong=0.50),
    "text-embedding-3-large": Scale(floor=0.20, strong=0.50),
    "text-embedding-ada-002": Scale(floor=0.74, strong=0.86),
    "gemini-embedding-001": Scale(floor=0.55, strong=0.75),
}
DEFAULT_SCALE = Scale(floor=0.35, strong=0.70)


class OpenAIEmbedder(Embedder):
    """`name` is the provider's model name; `provider` and it together name the vectors. The key never leaves here."""

    remote = True

    def __init__(self, *, provider: str, base_url: str, api_key: str, name: str) -> None:
        self.model = f"{provider}/{name}"[:120]
        self.scale = SCALES.get(name, DEFAULT_SCALE)
        self._name = name
        self._url = base_url.rstrip("/") + "/embeddings"
        self._headers = {"Authorization": f"Bearer {api_key}"}

    def embed(self, texts: Sequence[str], *, kind: Kind = "document") -> list[Vector]:
        timeout = QUERY_TIMEOUT if kind == "query" else DOCUMENT_TIMEOUT
        vectors: list[Vector] = []
        for batch in _batches([text[:MAX_INPUT_CHARS] or " " for text in texts]):
            vectors += self._call(batch, timeout)
        if len({len(vector) for vector in vectors}) > 1:
            raise ProviderError("Vectors of different lengths.", kind="permanent", code="bad_answer")
        self.dimensions = len(vectors[0]) if vectors else self.dimensions
        return vectors

    def _call(self, texts: list[str], timeout: float) -> list[Vector]:
        body = {"model": self._name, "input": texts, "encoding_format": "float"}
        try:
            answer = request(
                "POST", self._url, headers=self._headers, json=body, timeout=timeout, max_bytes=MAX_ANSWER_BYTES
            )
        except ProviderError as error:
            # Asking twice for the same vectors does no harm, so a lost answer may be asked for again.
            kind = "retry" if error.kind == "unknown" else error.kind
            raise ProviderError(error.message, kind=kind, code=error.code) from error
        if answer.status != 200:
            raise _refusal(answer)
        return _vectors(answer, len(texts))


def _batches(texts: Sequence[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    size = 0
    for text in texts:
        if batch and (len(batch) == MAX_INPUTS or size + len(text) > MAX_BATCH_CHARS):
            yield batch
            batch, size = [], 0
        batch.append(text)
        size += len(text)
    if batch:
        yield batch


def _vectors(answer: Response, expected: int) -> list[Vector]:
    try:
        rows = sorted(answer.json()["data"], key=lambda row: row.get("index", 0))
        vectors = [_unit(_numbers(row["embedding"])) for row in rows]
    except (KeyError, TypeError, ValueError, AttributeError, struct.error, binascii.Error) as error:
        raise ProviderError("The answer holds no vectors.", kind="permanent", code="bad_answer") from error
    if len(vectors) != expected:
        raise ProviderError(f"{len(vectors)} vectors for {expected} texts.", kind="permanent", code="bad_answer")
    return vectors


def _numbers(value: Any) -> Vector:
    """A list of floats, or base64 of little-endian float32, which some servers send whatever is asked."""
    if isinstance(value, str):
        raw = base64.b64decode(value, validate=True)
        return list(struct.unpack(f"<{len(raw) // 4}f", raw))
    return [float(number) for number in value]


def _unit(vector: Vector) -> Vector:
    length = sqrt(sum(x * x for x in vector))
    if not 0 < len(vector) <= MAX_DIMENSIONS or not isfinite(length) or length == 0:
        raise ValueError("unusable vector")
    return [x / length for x in vector]


def _refusal(answer: Response) -> ProviderError:
    code, message = _reason(answer)
    if answer.status in (401, 403):
        return ProviderError(message, kind="auth", code=code)
    if code == "insufficient_quota":
        return ProviderError(message, kind="permanent", code=code)
    retry = answer.status in (408, 409, 425, 429) or answer.status >= 500
    return ProviderError(message, kind="retry" if retry else "permanent", code=code)


def _reason(answer: Response) -> tuple[str, str]:
    """Code and message of a refusal; Gemini wraps its object in a list."""
    try:
        body = answer.json()
        body = body[0] if isinstance(body, list) and body else body
        error = body.get("error", {})
        return str(error.get("code") or answer.status), str(error.get("message") or "")[:300]
    except (ProviderError, ValueError, AttributeError):
        return str(answer.status), f"HTTP {answer.status}"
