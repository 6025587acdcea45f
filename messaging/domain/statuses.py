"""A message's status never goes backwards; a late notice of an earlier step changes nothing."""

_RANK = {"queued": 0, "sending": 1, "unknown": 2, "sent": 3, "delivered": 4, "read": 5}


def follows(current: str, new: str) -> bool:
    """Whether a provider's notice `new` may replace `current`."""
    if new == "failed":
        return current in ("queued", "sending", "unknown", "sent")
    if current in ("failed", "cancelled", "received"):
        return False
    return _RANK.get(new, -1) > _RANK.get(current, 99)
