"""Pieces of a phrase into what it means: which hours belong to which days, what is refused, what is taken back."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from crm.domain.spoken_dates import days as calendar
from crm.domain.spoken_dates.items import Days, Hours, Mark, Moment, Said
from crm.domain.spoken_dates.meaning import Understood, Window
from crm.domain.spoken_dates.whens import spans_of, tidy, windows, without

APART = frozenset({"two_readings", "weekday_mismatch"})
EDGES = frozenset({"after", "from", "before", "until"})
ALONE = frozenset({"at", "about"})  # two of them are two times, not one narrower
OR = re.compile(r"\b(?:o|u|or|si no|sino|otherwise)\b")
BREAK = re.compile(r"[.,]|\b(?:pero|but|sino|entonces|asi que|so|porque|because)\b")
FILLER = re.compile(r"\b(?:el|la|los|las|lo|de|del|a|al|en|por|para|este|on|the|in|of|at|for|y|and)\b|[,\s-]")


@dataclass(slots=True)
class Piece:
    """An item, the clause it stands in, and how it hangs on the one before."""

    item: Days | Hours | Moment | Mark
    clause: int
    joined: bool  # by "or"
    close: bool  # nothing but small words between
    comma: bool = False
    refused: bool = False


@dataclass(slots=True)
class Block:
    days: list[Days]
    hours: list[list[Hours]]  # alternatives of what holds together


def compose(said: Sequence[Said], now: datetime) -> Understood:
    """The windows, and whether they are sure."""
    pieces = revised(refusals(clauses(said)))
    moments = [Window(each.item.start, each.item.end) for each in pieces if isinstance(each.item, Moment)]
    wanted = [each for each in pieces if not each.refused and isinstance(each.item, Days | Hours)]
    refused = [each for each in pieces if each.refused and isinstance(each.item, Days | Hours)]
    if not wanted and not refused:
        return Understood(tuple(moments), bool(moments), "" if moments else "nothing")
    found, doubts = meant(wanted, now) if wanted else windows([calendar.any_day(now.date())], (), now)
    if not wanted:
        found, doubts = ([], []) if moments else (found, ["only_excluded"])
    for clause in sorted({each.clause for each in refused}):
        for block in blocks([each for each in refused if each.clause == clause], now.date()):
            found = without(found, block.days, spans_of(block.hours))
    if not found and not moments:
        return Understood(why=doubts[0] if doubts else "past")
    why = next((each for each in doubts if each != "past" or len(set(doubts)) == 1), "")
    return Understood(tidy([*found, *moments], apart=why in APART), not why, why)


def meant(wanted: Sequence[Piece], now: datetime) -> tuple[list[Window], list[str]]:
    found: list[Window] = []
    doubts: list[str] = []
    lost: list[str] = []
    for block in blocks(wanted, now.date()):
        spans = spans_of(block.hours)
        more, why = windows(block.days or [calendar.any_day(now.date())], spans, now)
        why = why if block.days else [*why, "no_day"]
        found += more
        (doubts if more else lost).extend(why)
    return found, doubts if found else lost


def clauses(said: Sequence[Said]) -> list[Piece]:
    pieces: list[Piece] = []
    clause = 0
    for each in said:
        takes_back = isinstance(each.item, Mark) and each.item.kind == "instead"
        if BREAK.search(each.gap) or takes_back:
            clause += 1
        close = not FILLER.sub("", each.gap)
        pieces.append(Piece(each.item, clause, bool(OR.search(each.gap)), close, "," in each.gap))
    return pieces


def is_mark(piece: Piece, *kinds: str) -> bool:
    return isinstance(piece.item, Mark) and piece.item.kind in kinds


def refusals(pieces: list[Piece]) -> list[Piece]:
    """Marks what "no" and "menos" refuse."""
    for n, mark in enumerate(pieces):
        if not is_mark(mark, "not", "no", "bare"):
            continue
        before = [each for each in pieces[:n] if each.clause == mark.clause and not isinstance(each.item, Mark)]
        behind = [each for each in pieces[n + 1 :] if each.clause == mark.clause and not isinstance(each.item, Mark)]
        if is_mark(mark, "not"):
            targets = behind
        elif is_mark(mark, "no"):
            hours = [each for each in behind[:1] if isinstance(each.item, Hours)]
            targets = [*before, *hours] if before else behind
        elif before:
            targets = before if mark.close and not mark.joined else []
        elif behind:
            targets = behind if pieces[n + 1].close else []
        else:
            targets = [each for each in pieces[:n] if each.clause == mark.clause - 1 and not mark.joined]
        for each in targets:
            each.refused = True
    return pieces


def revised(pieces: list[Piece]) -> list[Piece]:
    """Without what a change of mind takes back: the days when others follow, the hours when others follow."""
    for n, mark in enumerate(pieces):
        if is_mark(mark, "instead"):
            for kind in (Days, Hours):
                if any(isinstance(each.item, kind) and not each.refused for each in pieces[n + 1 :]):
                    pieces[:n] = [
                        each if each.refused or not isinstance(each.item, kind) else replace(each, item=Mark("nothing"))
                        for each in pieces[:n]
                    ]
    return edged(pieces)


def edged(pieces: Sequence[Piece]) -> list[Piece]:
    """ "After", "until" and the like upon the days right behind them."""
    kept: list[Piece] = []
    edge = ""
    for each in pieces:
        if isinstance(each.item, Days) and edge and each.close:
            each = replace(each, item=replace(each.item, edge=edge))
        edge = each.item.kind if isinstance(each.item, Mark) and each.item.kind in EDGES else ""
        kept.append(each)
    return kept


def blocks(pieces: Sequence[Piece], today: date) -> list[Block]:
    """Days with their hours: "Tuesday or Thursday at 5, Friday at 6" are two."""
    found: list[Block] = []
    pieces = framed(pieces, today)
    days = [n for n, each in enumerate(pieces) if isinstance(each.item, Days)]
    hours_first = bool(pieces) and isinstance(pieces[0].item, Hours)
    last: type = type(None)
    for n, each in enumerate(pieces):
        # Hours that no day follows belong to the days before them.
        opens = bool(days) and n < days[-1] if hours_first else True
        begins = isinstance(each.item, Hours if hours_first else Days) and not isinstance(each.item, last)
        if not found or (begins and opens):
            found.append(Block([], []))
        block = found[-1]
        if isinstance(each.item, Days):
            block.days.append(calendar.beyond(today, each.item))
        elif isinstance(each.item, Hours):
            apart = each.joined or not block.hours or (each.item.kind in ALONE and block.hours[-1][-1].kind in ALONE)
            if apart:
                block.hours.append([each.item])
            else:
                block.hours[-1].append(each.item)
        last = type(each.item)
    return found


def narrowed(pieces: Sequence[Piece]) -> list[Piece]:
    """Without days that others told beside them say better: "this week, on Friday", "any day, but after Tuesday"."""
    kept: list[Piece] = []
    for each in pieces:
        last = kept[-1] if kept else None
        if last and isinstance(last.item, Days) and isinstance(each.item, Days) and not each.joined:
            narrow = narrower(last.item, each.item)
            if narrow and (each.close or calendar.ALL_DAYS in (last.item.weekdays, each.item.weekdays)):
                kept[-1] = replace(last, item=narrow)
                continue
        kept.append(each)
    return kept


def narrower(one: Days, other: Days) -> Days | None:
    """The one that lies within the other, when it does; what is told by name waits for its frame."""
    if one.frame or other.frame:
        return None
    first, second = (frozenset(calendar.dates_of(each.spans)) for each in (one, other))
    if second < first and not other.why:
        return other
    return one if first < second and not one.why else None


def framed(pieces: Sequence[Piece], today: date) -> list[Piece]:
    """Days told by name looked for in the week or month that was told too, and that one left out."""
    pieces = narrowed(pieces)
    frames = [
        n for n, each in enumerate(pieces) if isinstance(each.item, Days) and each.item.frame and not each.item.edge
    ]
    if len(frames) != 1:
        return list(pieces)
    frame = pieces[frames[0]]
    assert isinstance(frame.item, Days)
    named = [
        n for n, each in enumerate(pieces) if isinstance(each.item, Days) and (each.item.weekdays or each.item.number)
    ]
    beside = [n for n in named if not pieces[max(n, frames[0])].joined]
    if not beside:
        return list(pieces)
    kept = [
        replace(each, item=calendar.within(today, each.item, frame.item))
        if n in named and isinstance(each.item, Days)
        else each
        for n, each in enumerate(pieces)
    ]
    return [each for n, each in enumerate(kept) if n != frames[0]]
