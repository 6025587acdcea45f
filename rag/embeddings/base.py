"""The embeddings port: texts in, unit vectors out."""

from collections.abc import Sequence
from typing import Literal

from rag.domain.chunking import estimate_tokens
from rag.domain.ranking import Scale

Vector = list[float]
Kind = Literal["document", "query"]


class Embedder:
    """Turns texts into vectors of length 1, so that the inner product is the cosine.

    `model` names what made a vector and is stored beside it: vectors of different names are never compared.
    `remote` tells that `embed` waits on a provider, so no transaction may be open around it.
    """

    model: str
    dimensions: int = 0  # of each vector; 0 until a provider has given its first
    scale: Scale
    remote: bool = False

    def embed(self, texts: Sequence[str], *, kind: Kind = "document") -> list[Vector]:
        """One vector a text, in order. Safe to repeat. Raises ProviderError when the provider cannot."""
        raise NotImplementedError

    def count_tokens(self, text: str) -> int:
        """Tokens of a text as this model reads it, or a fair estimate; used to size passages."""
        return estimate_tokens(text)
