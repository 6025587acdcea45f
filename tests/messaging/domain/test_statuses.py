"""Ticks only go forward."""

from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from messaging.domain.statuses import follows

STEPS = ["queued", "sending", "sent", "delivered", "read"]
notices = st.sampled_from(["sent", "delivered", "read", "failed", "played", "nonsense"])


def after(start: str, arrived: list[str]) -> str:
    state = start
    for notice in arrived:
        state = notice if follows(state, notice) else state
    return state


def test_in_whatever_order_the_notices_come_the_last_step_wins() -> None:
    for order in permutations(["sent", "delivered", "read"]):
        assert after("sending", list(order)) == "read"


@given(st.lists(notices))
def test_a_message_never_goes_back(arrived: list[str]) -> None:
    state = "sending"
    for notice in arrived:
        before, state = state, after(state, [notice])
        if state != "failed" and before != "failed":
            assert STEPS.index(state) >= STEPS.index(before)


@given(st.lists(notices))
def test_hearing_everything_twice_changes_nothing(arrived: list[str]) -> None:
    assert after("sending", arrived + arrived) == after(after("sending", arrived), arrived)


def test_what_was_not_known_to_have_left_is_settled_by_a_notice() -> None:
    assert follows("unknown", "sent")
    assert follows("unknown", "delivered")
    assert follows("unknown", "failed")


def test_a_delivered_message_cannot_fail_any_more() -> None:
    assert not follows("delivered", "failed")
    assert not follows("read", "failed")


def test_a_withdrawn_a_failed_and_a_received_message_stay_what_they_are() -> None:
    for final in ("cancelled", "received", "failed"):
        assert not any(follows(final, notice) for notice in ("sent", "delivered", "read", "failed"))
