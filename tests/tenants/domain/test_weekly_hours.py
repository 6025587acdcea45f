"""Which weekly hours are usable."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.domain.weekly_hours import canonical, is_open, problem

TIMES = st.integers(0, 24 * 60 - 1).map(lambda minutes: f"{minutes // 60:02}:{minutes % 60:02}")
ANYTHING = st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner))


@given(st.dictionaries(st.sampled_from("0123456"), st.lists(TIMES, max_size=8, unique=True)))
def test_spans_in_order_are_usable(days: dict[str, list[str]]) -> None:
    hours = {
        day: [[start, end] for start, end in zip(sorted(times)[::2], sorted(times)[1::2], strict=False)]
        for day, times in days.items()
    }
    assert problem(hours) == ""


@given(st.dictionaries(st.text(max_size=2), ANYTHING, max_size=4))
def test_nothing_that_is_written_breaks_the_rule(hours: dict[str, object]) -> None:
    assert problem(hours) in ("", "day", "span", "order", "overlap")


@given(start=TIMES, end=TIMES)
def test_a_span_that_does_not_go_forward_is_refused(start: str, end: str) -> None:
    assert (problem({"0": [[start, end]]}) == "") == (start < end)


@pytest.mark.parametrize(
    ("hours", "word"),
    [
        ({"7": []}, "day"),
        ({"mon": []}, "day"),
        ({"0": "09:00-13:00"}, "span"),
        ({"0": [["9:00", "13:00"]]}, "span"),
        ({"0": [["09:00", "25:00"]]}, "span"),
        ({"0": [["13:00", "09:00"]]}, "order"),
        ({"0": [["09:00", "13:00"], ["12:00", "18:00"]]}, "overlap"),
        ({"0": [["14:00", "24:00"], ["09:00", "13:00"]]}, ""),
        ({}, ""),
    ],
)
def test_each_fault_has_its_word(hours: dict[str, object], word: str) -> None:
    assert problem(hours) == word


def test_days_by_name_and_slots_are_read() -> None:
    said = {
        "Monday": {"enabled": True, "slots": [{"start": "14:00", "end": "18:00"}, {"start": "09:00", "end": "13:00"}]},
        "tuesday": {"enabled": False, "slots": [{"start": "09:00", "end": "13:00"}]},
        "2": [["10:00", "12:00"]],
        "sunday": [],
    }
    assert canonical(said) == {"0": [["09:00", "13:00"], ["14:00", "18:00"]], "2": [["10:00", "12:00"]]}


@given(st.dictionaries(st.text(max_size=2), ANYTHING, max_size=4))
def test_reading_never_breaks_and_reading_again_changes_nothing(hours: dict[str, object]) -> None:
    once = canonical(hours)
    assert canonical(once) == once


def test_a_week_without_a_single_hour_is_never_and_no_week_at_all_is_always() -> None:
    noon = datetime(2026, 11, 23, 12, tzinfo=UTC)
    assert is_open({}, noon)
    assert not is_open(canonical({"monday": {"enabled": False}}), noon)


@pytest.mark.parametrize(("clock", "open_"), [("08:59", False), ("09:00", True), ("12:59", True), ("13:00", False)])
def test_a_span_holds_its_beginning_and_not_its_end(clock: str, open_: bool) -> None:
    at = datetime.fromisoformat(f"2026-11-23T{clock}:00+00:00")  # a Monday
    assert is_open({"0": [["09:00", "13:00"]]}, at) is open_
