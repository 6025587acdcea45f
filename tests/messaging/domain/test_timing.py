"""The burst buffer, the spacing of bubbles, WhatsApp's pair limit and its window."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messaging.domain.timing import (
    PAIR_BURST,
    PAIR_SECONDS,
    pair_full_after_send,
    pair_wait,
    reply_due,
    retry_wait,
    window_closes,
    window_open,
)

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
seconds = st.floats(0, 300, allow_nan=False)


def later(amount: float) -> datetime:
    return NOON + timedelta(seconds=amount)


@given(st.lists(st.floats(0, 30), min_size=1, max_size=40), st.floats(0, 60), st.floats(0, 120))
def test_the_answer_is_due_after_the_quiet_time_and_never_later_than_the_cap(
    gaps: list[float], quiet: float, longest: float
) -> None:
    now, first = NOON, NOON
    for gap in gaps:
        now += timedelta(seconds=gap)
        due = reply_due(now=now, first=first, quiet=quiet, longest=longest)

        assert due <= first + timedelta(seconds=longest)
        assert due <= now + timedelta(seconds=quiet)
        assert due in (now + timedelta(seconds=quiet), first + timedelta(seconds=longest))


def test_without_an_earlier_message_only_the_quiet_time_counts() -> None:
    assert reply_due(now=NOON, first=None, quiet=16, longest=3) == later(16)


@given(st.lists(seconds, min_size=1, max_size=150))
def test_messages_that_wait_their_turn_never_pass_the_pair_limit(pauses: list[float]) -> None:
    now, full_at, sent = NOON, None, []
    for pause in pauses:
        now += timedelta(seconds=pause)
        now += timedelta(seconds=pair_wait(now=now, full_at=full_at))
        full_at = pair_full_after_send(now=now, full_at=full_at)
        sent.append(now)
    for start, at in enumerate(sent):
        for end in range(start, len(sent)):
            allowed = PAIR_BURST + (sent[end] - at).total_seconds() / PAIR_SECONDS
            assert end - start + 1 <= allowed + 1e-6


def test_a_burst_of_45_waits_for_nothing_and_the_next_one_waits_six_seconds() -> None:
    full_at = None
    for _each in range(PAIR_BURST):
        assert pair_wait(now=NOON, full_at=full_at) == 0
        full_at = pair_full_after_send(now=NOON, full_at=full_at)

    assert pair_wait(now=NOON, full_at=full_at) == PAIR_SECONDS


def test_whatsapp_takes_free_text_for_a_day_after_the_customers_last_words() -> None:
    def at(hours: float) -> bool:
        return window_open(channel_source="whatsapp", last_inbound=NOON, now=NOON + timedelta(hours=hours))

    assert at(0)
    assert at(23.9)
    assert not at(24)
    assert not window_open(channel_source="whatsapp", last_inbound=None, now=NOON)


def test_a_web_chat_has_no_window() -> None:
    for by_person in (False, True):
        assert window_open(channel_source="web", last_inbound=None, now=NOON, by_person=by_person)


@pytest.mark.parametrize(
    ("source", "by_person", "hours"),
    [
        ("whatsapp", False, 24),
        ("whatsapp", True, 24),
        ("facebook", False, 24),
        ("facebook", True, 168),
        ("instagram", False, 24),
        ("instagram", True, 168),
    ],
)
def test_a_person_may_answer_on_messenger_and_instagram_for_seven_days(
    source: str, by_person: bool, hours: int
) -> None:
    def at(after: float) -> bool:
        now = NOON + timedelta(hours=after)
        return window_open(channel_source=source, last_inbound=NOON, now=now, by_person=by_person)

    assert at(hours - 0.1)
    assert not at(hours)
    assert not window_open(channel_source=source, last_inbound=None, now=NOON, by_person=by_person)


@given(st.sampled_from(["whatsapp", "facebook", "instagram"]), st.integers(0, 10**6), st.integers(0, 10**6))
def test_once_closed_a_window_stays_closed_and_a_person_never_has_less_time(source: str, at: int, more: int) -> None:
    def is_open(after: int, *, by_person: bool) -> bool:
        return window_open(channel_source=source, last_inbound=NOON, now=later(after), by_person=by_person)

    for by_person in (False, True):
        assert is_open(at, by_person=by_person) or not is_open(at + more, by_person=by_person)
        closes = window_closes(channel_source=source, last_inbound=NOON, by_person=by_person)
        assert closes is not None
        assert is_open(at, by_person=by_person) == (later(at) < closes)
    assert is_open(at, by_person=True) or not is_open(at, by_person=False)


@pytest.mark.parametrize(("attempt", "wait"), [(0, 4), (1, 4), (2, 16), (3, 64), (4, 256), (9, 900)])
def test_retries_wait_longer_each_time_up_to_a_quarter_of_an_hour(attempt: int, wait: float) -> None:
    assert retry_wait(attempt) == wait


def test_a_wait_that_the_provider_names_counts_when_it_is_longer() -> None:
    assert retry_wait(1, 30) == 30
    assert retry_wait(2, 3) == 16
    assert retry_wait(1, 86_400) == 900
