"""What must be known before an appointment is booked."""

from collections.abc import Mapping

CLASSIFIED = frozenset({"high", "medium", "low"})
CLINIC = "clinic"


def missing(
    *, interest: str, trade: str, known_patient: bool, name_is_full: bool, phone: str, custom: Mapping[str, object]
) -> list[str]:
    """What is still to be learned, empty when the booking may go on: the interest first, then who a new patient is."""
    if interest not in CLASSIFIED:
        return ["interest"]
    if trade != CLINIC or known_patient:
        return []
    known = {
        "name": name_is_full,
        "document": bool(str(custom.get("document") or "").strip()),
        "insurance": bool(str(custom.get("insurance") or "").strip()),
        "phone": bool(phone),
    }
    return [name for name, told in known.items() if not told]
