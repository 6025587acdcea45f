"""Arguments of a tool as a person writes them, one a line: `codigo; texto; obligatorio; Código del producto`."""

from collections.abc import Mapping
from typing import Any

KINDS = {
    "texto": "string", "text": "string", "numero": "number", "número": "number", "number": "number",
    "entero": "integer", "integer": "integer", "si/no": "boolean", "sí/no": "boolean", "yes/no": "boolean",
}  # fmt: skip
WRITTEN = {
    "es": {"string": "texto", "number": "número", "integer": "entero", "boolean": "sí/no"},
    "en": {"string": "text", "number": "number", "integer": "integer", "boolean": "yes/no"},
}
NEED = {"es": ("opcional", "obligatorio"), "en": ("optional", "required")}
NEEDED = frozenset({"obligatorio", "obligatoria", "required"})
FREE = frozenset({"opcional", "optional", ""})
LONGEST_VALUE = 300  # letters of a text argument, unless a schema of one's own says otherwise


class Unreadable(ValueError):
    """The text is the line that is not understood."""


def schema_of(text: str) -> dict[str, Any]:
    """A closed JSON Schema. Raises Unreadable."""
    properties: dict[str, Any] = {}
    required: list[str] = []
    for line in text.splitlines():
        if not line.strip():
            continue
        name, kind, need, about = ([each.strip() for each in line.split(";", 3)] + ["", "", ""])[:4]
        if not name or name in properties or need.lower() not in NEEDED | FREE:
            raise Unreadable(line.strip())
        properties[name] = _property(kind, line) | ({"description": about} if about else {})
        if need.lower() in NEEDED:
            required.append(name)
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _property(kind: str, line: str) -> dict[str, Any]:
    if "|" in kind:
        values = [each.strip() for each in kind.split("|")]
        if not all(values) or len(set(values)) != len(values):
            raise Unreadable(line.strip())
        return {"type": "string", "enum": values}
    named = KINDS.get(kind.lower() or "texto")
    if named is None:
        raise Unreadable(line.strip())
    return {"type": named, "maxLength": LONGEST_VALUE} if named == "string" else {"type": named}


def lines_of(schema: Mapping[str, Any], *, language: str = "es") -> str | None:
    """The same as lines, in the words of a language; None for a schema that says more than lines can."""
    kinds, needs = WRITTEN.get(language, WRITTEN["es"]), NEED.get(language, NEED["es"])
    lines = []
    for name, each in (schema.get("properties") or {}).items():
        if not isinstance(each, dict) or set(each) - {"type", "description", "enum", "maxLength"}:
            return None
        values = each.get("enum")
        kind = (
            "|".join(map(str, values))
            if isinstance(values, list) and len(values) > 1
            else kinds.get(str(each.get("type")))
        )
        need = needs[name in (schema.get("required") or [])]
        about = str(each.get("description") or "")
        if kind is None or "\n" in about:
            return None
        lines.append(f"{name}; {kind}; {need}; {about}".rstrip("; "))
    text = "\n".join(lines)
    try:
        return text if schema_of(text) == dict(schema) else None
    except Unreadable:
        return None
