"""Cutting a reply into bubbles. Joined with a space or a line break they give back the same words."""

LIMIT = 400  # characters; the product's requirement for every automatic message
_ENDS = ".!?…:;"


def split(text: str, limit: int = LIMIT) -> list[str]:
    """Bubbles of at most `limit` characters, cut at a paragraph, else a sentence, else a space, else hard."""
    return [bubble for paragraph in _paragraphs(text) for bubble in pieces(paragraph, limit)]


def pieces(text: str, limit: int) -> list[str]:
    """As few pieces of at most `limit` characters as possible: for a text that would rather stay whole."""
    found, rest = [], text.strip()
    while len(rest) > limit:
        cut = _cut(rest, limit)
        found.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return [*found, rest] if rest else found


def _paragraphs(text: str) -> list[str]:
    """Blank lines separate paragraphs; single line breaks stay inside their bubble."""
    paragraphs, lines = [], []
    for line in [*text.replace("\r\n", "\n").split("\n"), ""]:
        if line.strip():
            lines.append(line.rstrip())
        elif lines:
            paragraphs.append("\n".join(lines).strip())
            lines = []
    return paragraphs


def _cut(text: str, limit: int) -> int:
    window = text[: limit + 1]
    line = window.rfind("\n", 0, limit + 1)
    sentence = max(
        (i + 1 for i, each in enumerate(window[:limit]) if each in _ENDS and window[i + 1 : i + 2].isspace()), default=0
    )
    for at in (line, sentence):
        if at >= limit // 3:  # a bubble of three words before a long one reads worse than a cut sentence
            return at
    space = max((i for i, each in enumerate(window) if each.isspace()), default=0)
    return space if space > 0 else max(line, sentence, 0) or limit
