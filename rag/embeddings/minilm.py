"""The forward pass of all-MiniLM-L6-v2 (6 layers, 12 heads, 384 wide) on numpy alone.

Weights are mapped from the file, not read: processes of one machine share the pages, and none holds a second copy.
"""

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

LAYERS, HEADS, WIDTH = 6, 12, 384
_EPSILON = np.float32(1e-12)  # layer_norm_eps of the model's config.json
_MASKED = np.float32(-1e9)
# Abramowitz & Stegun 7.1.26: the error function within 1.5e-7, float32's own precision.
_ERF = tuple(np.float32(x) for x in (0.3275911, 1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592))


def read_safetensors(path: Path) -> dict[str, Floats]:
    """Named float32 arrays of a safetensors file, memory-mapped. Raises ValueError on another element type."""
    data = np.memmap(path, dtype=np.uint8, mode="r")
    size = int(data[:8].view("<u8")[0])
    header = json.loads(bytes(data[8 : 8 + size]))
    tensors: dict[str, Floats] = {}
    for name, entry in header.items():
        if name == "__metadata__" or entry["dtype"] == "I64":
            continue
        if entry["dtype"] != "F32":
            raise ValueError(f"{name}: {entry['dtype']} is not float32")
        start, end = entry["data_offsets"]
        raw = np.asarray(data[8 + size + start : 8 + size + end])
        tensors[name] = raw.view("<f4").reshape(entry["shape"])
    return tensors


class MiniLM:
    """Stateless after construction: `forward` may run in several threads at once."""

    def __init__(self, weights: dict[str, Floats]) -> None:
        self._w = weights

    def forward(self, ids: NDArray[np.int64], mask: Floats) -> Floats:
        """Unit sentence vectors (batch, 384) of token ids (batch, length); mask is 1 for tokens and 0 for padding."""
        w = self._w
        batch, length = ids.shape
        x = w["embeddings.word_embeddings.weight"][ids]
        x += w["embeddings.position_embeddings.weight"][None, :length]
        x += w["embeddings.token_type_embeddings.weight"][0]
        x = self._norm(x.reshape(batch * length, WIDTH), "embeddings.LayerNorm")
        bias = (1 - mask)[:, None, None, :] * _MASKED
        for layer in range(LAYERS):
            x = self._layer(x, f"encoder.layer.{layer}.", bias, (batch, length))
        summed = np.einsum("blh,bl->bh", x.reshape(batch, length, WIDTH), mask)
        pooled = summed / mask.sum(1, keepdims=True)
        return np.asarray(pooled / np.linalg.norm(pooled, axis=1, keepdims=True), dtype=np.float32)

    def _layer(self, x: Floats, name: str, bias: Floats, shape: tuple[int, int]) -> Floats:
        x = self._norm(
            self._linear(self._attend(x, name + "attention.self.", bias, shape), name + "attention.output.dense") + x,
            name + "attention.output.LayerNorm",
        )
        hidden = _gelu(self._linear(x, name + "intermediate.dense"))
        return self._norm(self._linear(hidden, name + "output.dense") + x, name + "output.LayerNorm")

    def _attend(self, x: Floats, name: str, bias: Floats, shape: tuple[int, int]) -> Floats:
        batch, length = shape
        query, key, value = (
            self._linear(x, name + part).reshape(batch, length, HEADS, WIDTH // HEADS).transpose(0, 2, 1, 3)
            for part in ("query", "key", "value")
        )
        scores = query @ key.transpose(0, 1, 3, 2)
        scores *= np.float32((WIDTH // HEADS) ** -0.5)
        scores += bias
        scores -= scores.max(-1, keepdims=True)
        np.exp(scores, out=scores)
        scores /= scores.sum(-1, keepdims=True)
        mixed = np.asarray(scores @ value, dtype=np.float32)  # already float32: said for the type checker, no copy
        return mixed.transpose(0, 2, 1, 3).reshape(batch * length, WIDTH)

    def _linear(self, x: Floats, name: str) -> Floats:
        y: Floats = x @ self._w[name + ".weight"].T
        y += self._w[name + ".bias"]
        return y

    def _norm(self, x: Floats, name: str) -> Floats:
        y: Floats = x - x.mean(-1, keepdims=True)
        y /= np.sqrt(np.einsum("ij,ij->i", y, y)[:, None] / np.float32(WIDTH) + _EPSILON)
        y *= self._w[name + ".weight"]
        y += self._w[name + ".bias"]
        return y


def _gelu(x: Floats) -> Floats:
    """x * Phi(x), the exact form that the model was trained with."""
    p, a5, a4, a3, a2, a1 = _ERF
    z = np.abs(x)
    z *= np.float32(0.5**0.5)
    t = 1 / (1 + p * z)
    tail = t * (a1 + t * (a2 + t * (a3 + t * (a4 + t * a5))))
    np.multiply(z, -z, out=z)
    tail *= np.exp(z, out=z)
    # 1 + erf(x / sqrt 2): 2 - tail right of zero, tail left of it.
    x *= np.where(x >= 0, 2 - tail, tail)
    x *= np.float32(0.5)
    return x
