"""Registry of embedding providers: name → class. `local` needs no key and is the default."""

from .base import Embedder, Kind, Vector
from .local import LocalEmbedder
from .openai import OpenAIEmbedder

EMBEDDERS: dict[str, type[Embedder]] = {
    "local": LocalEmbedder,
    "openai": OpenAIEmbedder,
    "google": OpenAIEmbedder,
}

__all__ = ["EMBEDDERS", "Embedder", "Kind", "LocalEmbedder", "OpenAIEmbedder", "Vector"]
