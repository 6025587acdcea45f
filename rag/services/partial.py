"""Vectors of a long document that is still being embedded, kept beside its file until it is ready."""

import base64
import hashlib
import json
import struct
from collections.abc import Mapping, Sequence

from rag.embeddings import Vector
from rag.models import Document
from rag.services import files
from tenants.models import Tenant


class Partial:
    """One JSON line a vector: key of model and text, float32 in base64. A torn last line is passed over."""

    def __init__(self, tenant: Tenant, document: Document) -> None:
        self._path = files.path_of(tenant, f"{files.FOLDER}/{document.pk}.vectors")

    def load(self, model: str, inputs: Sequence[str]) -> dict[int, Vector]:
        """Known vectors by the position of their text in `inputs`."""
        known: dict[str, Vector] = {}
        if self._path.exists():
            with self._path.open(encoding="ascii", errors="replace") as lines:
                for line in lines:
                    known |= _entry(line)
        keys = [_key(model, text) for text in inputs]
        return {i: known[key] for i, key in enumerate(keys) if key in known}

    def append(self, model: str, vectors: Mapping[str, Vector]) -> None:
        with self._path.open("a", encoding="ascii") as file:
            for text, vector in vectors.items():
                packed = base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
                # Begins a line of its own even after a torn one.
                file.write("\n" + json.dumps([_key(model, text), packed]))

    def remove(self) -> None:
        self._path.unlink(missing_ok=True)


def _key(model: str, text: str) -> str:
    return hashlib.sha256(f"{model}\0{text}".encode()).hexdigest()


def _entry(line: str) -> dict[str, Vector]:
    try:
        key, packed = json.loads(line)
        raw = base64.b64decode(packed, validate=True)
        return {key: list(struct.unpack(f"<{len(raw) // 4}f", raw))}
    except (ValueError, TypeError, struct.error):
        return {}
