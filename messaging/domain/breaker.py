"""When a channel that keeps failing is left alone for a while, and which refusals speak of its pace only. Pure."""

LIMIT = 5  # failures in a row
FIRST_REST, LONGEST_REST = 30.0, 600.0  # seconds
PATIENCE = 60.0  # seconds of rest that bubbles wait for before they look for another channel

# The same person was written to too often (Meta): that pair alone waits.
PAIR_LIMIT = frozenset({"131056"})
# The number or the account sends too fast, at Meta, YCloud or anywhere: the whole channel slows down.
TOO_FAST = frozenset({"4", "17", "32", "613", "80007", "130429", "http_429", "TOO_MANY_REQUESTS"})


def counts(kind: str, code: str) -> bool:
    """Whether a failure says that the provider is away: one that refuses with a reason is there."""
    return kind in ("retry", "unknown") and code not in PAIR_LIMIT and code not in TOO_FAST


def rest(failures: int) -> float:
    """Seconds to rest after that many failures in a row: none, then 30, 60, 120… up to ten minutes."""
    if failures < LIMIT:
        return 0.0
    return min(FIRST_REST * 2 ** min(failures - LIMIT, 10), LONGEST_REST)
