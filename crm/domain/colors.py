"""The colours a company may give to a label or a stage: names, drawn by frontend/src/css/crm.css in light and dark."""

COLORS = ("slate", "teal", "blue", "violet", "pink", "red", "amber", "green")
DEFAULT = "slate"


def color_or_default(name: str) -> str:
    return name if name in COLORS else DEFAULT
