"""When a channel is left alone, and for how long."""

import pytest

from messaging.domain import breaker


def test_the_rest_begins_after_some_failures_doubles_and_has_an_end() -> None:
    rests = [breaker.rest(failures) for failures in range(14)]

    assert rests[: breaker.LIMIT] == [0.0] * breaker.LIMIT
    assert rests[breaker.LIMIT :] == [30, 60, 120, 240, 480, 600, 600, 600, 600]
    assert breaker.rest(32_000) == 600


@pytest.mark.parametrize(
    ("kind", "code", "counts"),
    [
        ("retry", "131016", True),
        ("unknown", "timeout", True),
        ("retry", "131056", False),
        ("retry", "130429", False),
        ("retry", "http_429", False),
        ("permanent", "131026", False),
        ("window", "131047", False),
        ("auth", "190", False),
    ],
)
def test_only_a_provider_that_is_away_counts(kind: str, code: str, counts: bool) -> None:
    assert breaker.counts(kind, code) is counts
