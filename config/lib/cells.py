"""Cells that a spreadsheet shows and never runs."""

# What makes a spreadsheet run a cell instead of showing it; the wide forms count too.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
MARK = "\ufeff"  # at the head of a CSV; without it spreadsheets read accents wrongly


def harmless(value: object) -> object:
    """A text that a spreadsheet would run gets a quote before it."""
    return f"'{value}" if isinstance(value, str) and value.lstrip("'").startswith(FORMULA) else value


def plain(text: str) -> str:
    """The text as it was before `harmless`, for files that come back."""
    return text[1:] if text.startswith("'") and text.lstrip("'").startswith(FORMULA) else text
