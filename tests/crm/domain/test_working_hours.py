"""Which weekly hours are usable."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.domain.working_hours import problem

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
