"""Labelled texts, one JSON object a line."""

import json
from pathlib import Path


def load(name: str) -> list[dict[str, object]]:
    """Every row of `<name>.jsonl`."""
    lines = (Path(__file__).parent / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]
