from datetime import UTC, datetime, timedelta, timezone

import pytest

from crm.domain.calendar_copy import (
    Content,
    Sides,
    Verdict,
    base_of,
    copy_id,
    decide,
    etag_in,
    event_hex_of,
    key_of,
    mark_of,
    summary_of,
    title_of,
    touched,
    version_of,
)

HEX = "0193a0b1c2d37e4f8a9b0c1d2e3f4a5b"
START = datetime(2026, 11, 23, 13, tzinfo=UTC)
OURS = Content(START, START + timedelta(hours=1), "Visita", "Oficina")


def sides(**over: object) -> Sides:
    known: dict[str, object] = {"cancelled": False, "changed": False, "over": False, "copied": True}
    return Sides(**{**known, "gone": False, "same": False, **over})  # type: ignore[arg-type]  # by name


def test_an_id_is_the_same_each_time_and_another_one_after_a_deleted_copy() -> None:
    first = copy_id(HEX)
    second = copy_id(HEX, first)
    third = copy_id(HEX, second)
    assert len({first, second, third}) == 3
    assert all(set(each) <= set("abcdefghijklmnopqrstuv0123456789") for each in (first, second, third))
    assert copy_id(HEX, "somebody-elses") == first


@pytest.mark.parametrize(
    "copy", [copy_id(HEX), copy_id(HEX, copy_id(HEX)), "made-by-google"], ids=["first", "again", "x"]
)
def test_a_copy_tells_whose_it_is_by_its_id_or_by_its_property(copy: str) -> None:
    assert event_hex_of(copy, key_of(HEX, 3, OURS)) == HEX
    assert event_hex_of(copy, "") == (HEX if copy.startswith("crm") else "")


@pytest.mark.parametrize("copy", ["", "crm", "crmada", "abc", "crm" + "z" * 32], ids=str)
def test_an_event_of_somebody_else_is_not_ours(copy: str) -> None:
    assert event_hex_of(copy, "") == ""


def test_the_mark_tells_which_part_was_changed_and_knows_no_time_zone() -> None:
    mark = mark_of(OURS)
    elsewhere = START.astimezone(timezone(timedelta(hours=-3)))
    assert touched(Content(elsewhere, elsewhere + timedelta(hours=1), "Visita", "Oficina"), mark) == set()
    assert touched(Content(OURS.start, OURS.end, "Otra", "Oficina"), mark) == {"title"}
    assert touched(Content(START - timedelta(hours=1), OURS.end, "Visita", "Casa"), mark) == {"time", "place"}
    assert touched(OURS, "") == {"time", "title", "place"}


def test_what_was_agreed_on_is_remembered_here_unless_a_write_of_ours_was_not_noted() -> None:
    later = Content(START + timedelta(hours=2), OURS.end, "Visita", "Oficina")
    version, key = version_of('"1234"', later), key_of(HEX, 3, OURS)
    assert etag_in(version) == '"1234"'
    assert base_of(version, key, pushed=3) == mark_of(later)
    assert base_of(version, key, pushed=2) == mark_of(OURS)
    assert base_of("", key, pushed=3) == mark_of(OURS)
    assert base_of("", "somebody's", pushed=0) == ""


@pytest.mark.parametrize("contact", ["", "Juan Paz"], ids=["nobody", "somebody"])
@pytest.mark.parametrize("title", ["", "Mostrar la casa"], ids=["usual", "own"])
def test_a_title_comes_back_as_it_went(title: str, contact: str) -> None:
    assert title_of(summary_of(title, "Visita", contact), "Visita", contact) == title


def test_what_somebody_writes_over_there_is_the_title() -> None:
    assert title_of("Con el arquitecto", "Visita", "Juan Paz") == "Con el arquitecto"


@pytest.mark.parametrize(
    ("known", "verdict"),
    [
        (sides(same=True, changed=True), Verdict.SAME),
        (sides(changed=True, ours=frozenset({"time"})), Verdict.OURS),
        (sides(theirs=frozenset({"time"})), Verdict.THEIRS),
        (sides(theirs=frozenset({"time"}), changed=True, ours=frozenset({"place"})), Verdict.THEIRS),
        (sides(theirs=frozenset({"time"}), changed=True, ours=frozenset({"time"})), Verdict.EDITED),
        (sides(theirs=frozenset({"time"}), over=True), Verdict.SETTLED),
        (sides(gone=True), Verdict.CANCEL),
        (sides(gone=True, changed=True), Verdict.DELETED),
        (sides(gone=True, changed=True, copied=False), Verdict.OURS),
        (sides(gone=True, cancelled=True, changed=True), Verdict.SETTLED),
        (sides(gone=True, over=True, changed=True), Verdict.SETTLED),
        (sides(cancelled=True, changed=True, theirs=frozenset({"title"})), Verdict.REMOVE),
        (sides(cancelled=True), Verdict.BACK),
    ],
    ids=lambda value: value.value if isinstance(value, Verdict) else "",
)
def test_both_sides_have_one_answer(known: Sides, verdict: Verdict) -> None:
    assert decide(known) is verdict
