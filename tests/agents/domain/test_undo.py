"""What goes back: only what is still as the act left it."""

from agents.domain.undo import changes, split


def test_only_what_differs_was_changed() -> None:
    before, after = {"a": 1, "b": 2, "gone": 3}, {"a": 1, "b": 5, "new": 7}
    assert changes(before, after) == {"b": [2, 5], "new": [None, 7], "gone": [3, None]}


def test_what_somebody_changed_later_stays() -> None:
    made = {"name": ["", "Ana"], "phone": [None, "+54911"], "email": ["x@a.test", "y@a.test"]}
    found = split(made, {"name": "Ana", "phone": "+54922", "email": "y@a.test"})
    assert (found.back, found.newer) == ({"name": "", "email": "x@a.test"}, ("phone",))


def test_what_was_taken_away_meanwhile_is_newer_too() -> None:
    assert split({"zona": [None, "Norte"]}, {}).newer == ("zona",)


def test_what_is_no_pair_is_passed_over() -> None:
    assert split({"a": "x", "b": [1, 2, 3]}, {"a": "x"}).back == {}
