"""An appointment of ours and its copy in an external calendar: what is written there, and who changed what since.

Both are compared with a mark of what they agreed on last. It is remembered here, and the copy carries that of our last
write, so that a write whose note was lost is not taken for somebody's change.
"""

import enum
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime

PREFIX, AGAIN = "crm", "v"  # of the copies' ids: Google takes a-v and 0-9
SEPARATOR = " · "
PARTS = ("time", "title", "place")


@dataclass(frozen=True)
class Content:
    """What both sides can change. `start` and `end` are aware."""

    start: datetime
    end: datetime
    title: str = ""
    place: str = ""


class Verdict(enum.Enum):
    """What to do once both sides are known."""

    SAME = "same"  # nothing but noting that they agree
    OURS = "ours"  # write ours over there
    THEIRS = "theirs"  # take what they changed
    EDITED = "edited"  # both changed the same: somebody decides
    CANCEL = "cancel"  # gone over there: cancel ours
    DELETED = "deleted"  # gone over there and changed here: somebody decides
    REMOVE = "remove"  # cancelled here: take the copy away
    BACK = "back"  # cancelled here and alive again over there: a busy time of the seller's
    SETTLED = "settled"  # over on both sides


def copy_id(event_hex: str, before: str = "") -> str:
    """The id of a copy: told by the appointment's own, so that a repeated insert meets itself. After `before` another one,
    since the id of a deleted copy stays used."""
    first = f"{PREFIX}{event_hex}"
    if not before.startswith(first):
        return first
    number = before[len(first) :].removeprefix(AGAIN)
    return f"{first}{AGAIN}{int(number or 1) + 1}"


def event_hex_of(copy: str, key: str) -> str:
    """Which appointment a remote event is a copy of, as 32 hex digits, by its id or the key in it; empty when of none."""
    for value in (key[:32], copy.removeprefix(PREFIX)[:32] if copy.startswith(PREFIX) else ""):
        if len(value) == 32 and all(letter in "0123456789abcdef" for letter in value):
            return value
    return ""


def key_of(event_hex: str, revision: int, content: "Content") -> str:
    """What is kept hidden in the copy: whose it is, and what we wrote last."""
    return f"{event_hex}.{revision}.{mark_of(content)}"


def written_in(key: str) -> tuple[int, str]:
    """The revision and the mark of our last write; (0, "") where there is none."""
    revision, _dot, mark = key[33:].partition(".")
    return (int(revision), mark) if revision.isdecimal() and len(revision) < 12 else (0, "")


def version_of(etag: str, theirs: "Content") -> str:
    """What we remember of a copy that we have seen: its version over there, and the mark of what it said."""
    return f"{etag} {mark_of(theirs)}"


def etag_in(version: str) -> str:
    return version.partition(" ")[0]


def base_of(version: str, key: str, pushed: int) -> str:
    """The mark of what both sides agreed on last: as we remember it, or as the copy itself says of a write of ours whose
    note was lost (its revision is over `pushed`)."""
    revision, mark = written_in(key)
    return mark if revision > pushed or not version else version.partition(" ")[2]


def mark_of(content: Content) -> str:
    """One short hash for each part: "time.title.place"."""
    when = "/".join(moment.astimezone(UTC).isoformat(timespec="seconds") for moment in (content.start, content.end))
    return ".".join(hashlib.sha256(part.encode()).hexdigest()[:8] for part in (when, content.title, content.place))


def touched(content: Content, mark: str) -> frozenset[str]:
    """The parts that differ from what was agreed on; all of them when the mark is missing."""
    kept, now = mark.split("."), mark_of(content).split(".")
    if len(kept) != len(PARTS):
        return frozenset(PARTS)
    return frozenset(part for part, old, new in zip(PARTS, kept, now, strict=True) if old != new)


def summary_of(title: str, usual: str, contact: str) -> str:
    """The title over there: ours, or the usual one, with the contact's name."""
    return SEPARATOR.join(part for part in (title or usual, contact) if part)


def title_of(summary: str, usual: str, contact: str) -> str:
    """The way back: what somebody wrote over there, without what we add by ourselves."""
    own = summary.removesuffix(f"{SEPARATOR}{contact}") if contact else summary
    return "" if own in (usual, contact) else own


@dataclass(frozen=True)
class Sides:
    """What is known of both. `ours` and `theirs` are the parts that each side changed since they agreed."""

    cancelled: bool  # here
    changed: bool  # here, since they last agreed
    over: bool  # done or missed: its time is not discussed any more
    copied: bool  # the copy was surely made once
    gone: bool  # over there
    same: bool
    ours: frozenset[str] = frozenset()
    theirs: frozenset[str] = frozenset()


def decide(sides: Sides) -> Verdict:
    """Different parts changed on both sides go together; the same part is somebody's to decide."""
    if sides.gone:
        return _of_gone(sides)
    if sides.cancelled:
        return Verdict.REMOVE if sides.changed else Verdict.BACK
    if sides.same:
        return Verdict.SAME
    if not sides.theirs:
        return Verdict.OURS
    if sides.over:
        return Verdict.SETTLED
    return Verdict.EDITED if sides.changed and sides.ours & sides.theirs else Verdict.THEIRS


def _of_gone(sides: Sides) -> Verdict:
    if sides.cancelled or sides.over:
        return Verdict.SETTLED
    if not sides.copied:
        return Verdict.OURS
    return Verdict.DELETED if sides.changed else Verdict.CANCEL
