"""What the trust tests found, a line of JSON a case, where TRUST_REPORT says; nowhere in an ordinary run."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def note(what: str, case: Mapping[str, Any], result: object) -> None:
    """Append one case with how it went."""
    path = os.environ.get("TRUST_REPORT")
    if path:
        found = (
            result
            if isinstance(result, dict)
            else {name: getattr(result, name) for name in result.__slots__}
            if hasattr(result, "__slots__")
            else vars(result)
        )
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(
                json.dumps({"what": what, "case": dict(case), "result": found}, ensure_ascii=False, default=str) + "\n"
            )
