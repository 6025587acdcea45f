"""Both sides change the same few appointments in any order, while copies are written and lists are read, with faults.

`play(both, seed)` plays one order and judges how it ends. Calls to Google stand outside of every transaction, so whatever
anybody else could do meanwhile is done right before or after a call; a worker that dies there leaves the rest undone.
"""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from config.lib.errors import AppError
from crm.agenda import booking, connection, events
from crm.agenda.sync import conflicts, pushing, reading
from crm.calendars.google import GoogleCalendar
from crm.models import AgendaEvent, CalendarBlock, CalendarConflict, ExternalCalendar
from tenants.context import tenant_context
from tests.crm.agenda.sync.conftest import ANA, Both, adapter
from tests.fakes.google_calendar import Fault, Refused

HOURS, ROUNDS = range(8, 20), 12
CALLS = ("list", "insert", "patch", "delete", "get")
FAULTS = ("error", "drop", "late_error", "late_drop", "garbage")


class Died(BaseException):
    """The worker was killed right here."""


class Meddled(GoogleCalendar):
    """Somebody else acts around every call."""

    around: Callable[[], None]

    def _call(self, request: Any, *, reads: bool = False, etag: str = "") -> dict[str, Any]:
        self.around()
        answer = super()._call(request, reads=reads, etag=etag)
        self.around()
        return answer


class Play:
    def __init__(self, both: Both, seed: int) -> None:
        self.both, self.random, self.depth, self.calm = both, random.Random(seed), 0, False
        self.mine: list[UUID] = []
        self.called_off: set[UUID] = set()
        self.times: dict[UUID, dict[str, list[datetime]]] = {}
        with tenant_context(both.tenant):
            self.calendar_pk = ExternalCalendar.objects.get(calendar_id=both.calendar_id).pk

    def client(self, **look: float) -> GoogleCalendar:
        made = adapter()
        if look:  # the live look asks from threads of its own, which stand outside of the play
            return made
        made.__class__ = Meddled
        made.around = self.around  # type: ignore[attr-defined]  # a Meddled by now
        return made

    # --- what happens ---
    def around(self) -> None:
        if self.calm or self.depth > 1 or self.random.random() > 0.15:
            return
        self.depth += 1
        try:
            if self.random.random() < 0.15:
                raise Died
            self.act()
        finally:
            self.depth -= 1

    def act(self) -> None:
        ours = [self.book, self.move, self.rename, self.cancel, self.work, self.work, self.read]
        theirs = [self.drag, self.drag, self.rewrite, self.place, self.delete, self.busy, self.unbusy, self.expire]
        self.random.choice([*ours, *theirs])()

    def fault(self) -> None:
        kind, call = self.random.choice(FAULTS), self.random.choice(CALLS)
        self.both.google.script(Fault(kind, call, calendar=self.both.calendar_id, status=503))

    def hour(self) -> datetime:
        return self.both.at(self.random.choice(HOURS))

    def pick(self) -> AgendaEvent | None:
        if not self.mine:
            return None
        return AgendaEvent.objects.get(pk=self.random.choice(self.mine))

    def book(self) -> None:
        if len(self.mine) < 3:
            start = self.hour()
            with tenant_context(self.both.tenant):
                try:
                    event = booking.book_at(
                        seller=self.both.seller,
                        start=start,
                        end=start + timedelta(hours=1),
                        by=ANA,
                        source=AgendaEvent.Source.PAGE,
                        title="Visita",
                    )
                except AppError:
                    return
            self.mine.append(event.pk)
            self.times[event.pk] = {"ours": [start], "theirs": []}

    def change(self, do: Callable[[AgendaEvent], object]) -> bool:
        with tenant_context(self.both.tenant):
            event = self.pick()
            try:
                return event is not None and bool(do(event))
            except AppError:
                return False

    def move(self) -> None:
        start = self.hour()

        def do(event: AgendaEvent) -> object:
            moved = booking.reschedule(event=event, by=ANA, start=start, look=False)
            self.times[event.pk]["ours"].append(start)
            return moved

        self.change(do)

    def rename(self) -> None:
        title = f"Visita {self.random.randrange(9)}"
        self.change(lambda event: events.update_event(event=event, by=ANA, title=title))

    def cancel(self) -> None:
        def do(event: AgendaEvent) -> object:
            self.called_off.add(event.pk)
            return events.cancel(event=event, by=ANA)

        if self.random.random() < 0.4:
            self.change(do)

    def over_there(self, do: Callable[[str, AgendaEvent], object]) -> None:
        """Nothing when there is no copy to see."""
        with tenant_context(self.both.tenant):
            event = self.pick()
        if event is None:
            return
        live = [row for row in self.both.theirs() if _hex(row) == event.pk.hex]
        if live:
            do(live[0]["id"], event)

    def drag(self) -> None:
        start = self.hour()

        def do(copy: str, event: AgendaEvent) -> None:
            self.both.google.edit(self.both.calendar_id, copy, start=start, end=start + timedelta(hours=1))
            self.times[event.pk]["theirs"].append(start)

        self.over_there(do)

    def rewrite(self) -> None:
        words = {"summary": f"Reunión {self.random.randrange(9)}"}
        self.over_there(lambda copy, _event: self.both.google.edit(self.both.calendar_id, copy, **words))

    def place(self) -> None:
        words = {"location": f"Sala {self.random.randrange(9)}", "colorId": "3"}
        self.over_there(lambda copy, _event: self.both.google.edit(self.both.calendar_id, copy, **words))

    def delete(self) -> None:
        def do(copy: str, event: AgendaEvent) -> None:
            self.called_off.add(event.pk)
            self.both.google.remove(self.both.calendar_id, copy)

        if self.random.random() < 0.4:
            self.over_there(do)

    def busy(self) -> None:
        start = self.hour()
        self.both.google.add_event(self.both.calendar_id, start, start + timedelta(minutes=90), "Propio")

    def unbusy(self) -> None:
        own = [row for row in self.both.theirs() if not _hex(row)]
        if own:
            chosen = self.random.choice(own)["id"]
            if self.random.random() < 0.5:
                self.both.google.remove(self.both.calendar_id, chosen)
            else:
                start = self.hour()
                self.both.google.edit(self.both.calendar_id, chosen, start=start, end=start + timedelta(hours=2))

    def expire(self) -> None:
        if self.random.random() < 0.3:
            self.both.google.expire_sync_tokens(self.both.calendar_id)

    # --- the workers ---
    def work(self) -> None:
        with tenant_context(self.both.tenant):
            rows = AgendaEvent.objects.filter(pk__in=self.mine)
            if self.depth == 0:  # another worker does not take what somebody holds
                rows.update(push_after=None)
        pushing.push_due(tenant=self.both.tenant)

    def read(self) -> None:
        if self.depth:
            return  # the calendar has one reader
        with tenant_context(self.both.tenant):
            ExternalCalendar.objects.filter(pk=self.calendar_pk).update(sync_after=None)
        reading.read_due(tenant=self.both.tenant, calendar_id=self.calendar_pk)

    def guarded(self, do: Callable[[], None]) -> None:
        try:
            do()
        except Died:
            return

    # --- the play ---
    def run(self) -> None:
        self.book()
        for _step in range(self.random.randint(6, 14)):
            if self.random.random() < 0.3:
                self.fault()
            self.guarded(self.random.choice([self.act, self.act, self.work, self.read]))
        self.calm = True
        self.both.google.calm()
        for _round in range(ROUNDS):
            self.work()
            self.read()
            self.work()
            if not self.decide():
                break
        else:
            raise AssertionError("conflicts do not come to an end")
        self.judge()

    def decide(self) -> bool:
        """Every open conflict by rule; whether there was one."""
        with tenant_context(self.both.tenant):
            rows = list(CalendarConflict.objects.filter(resolved_at=None, event__seller=self.both.seller))
        for row in rows:
            choice = self.random.choice([conflicts.OURS, conflicts.THEIRS])
            if row.kind == CalendarConflict.Kind.OVERLAP:
                choice = conflicts.OURS
            with tenant_context(self.both.tenant):
                try:
                    conflicts.resolve(conflict=row, choice=choice, by=ANA)
                except AppError:
                    conflicts.resolve(conflict=row, choice=conflicts.OURS, by=ANA)
        return bool(rows)

    def judge(self) -> None:
        """The same on both sides, nothing twice, nothing lost, nothing made up."""
        with tenant_context(self.both.tenant):
            rows = list(AgendaEvent.objects.filter(seller=self.both.seller))
            blocks = {
                (block.event_id, block.starts_at, block.ends_at)
                for block in CalendarBlock.objects.filter(seller=self.both.seller)
            }
        assert {row.pk for row in rows} == set(self.mine)
        here = {row.pk.hex: (row.starts_at, row.ends_at, row.title, row.place) for row in rows if row.is_upcoming}
        there = [row for row in self.both.theirs() if _hex(row)]
        assert len(there) == len(here), "one copy of each, and of nothing else"
        assert {_hex(row): _said(row) for row in there} == here
        assert {(row["id"], *_when(row)) for row in self.both.theirs() if not _hex(row)} == blocks
        for row in rows:
            never = row.status == AgendaEvent.Status.CANCELLED and not row.google_calendar_event_id
            assert never or row.pushed_revision == row.revision, "something is still owed"
            assert row.is_upcoming or row.pk in self.called_off, "nobody cancelled it"
            if row.is_upcoming:
                assert row.starts_at in self.wanted(row), "nobody put it there"
                [copy] = [each for each in there if _hex(each) == row.pk.hex]
                assert row.google_calendar_event_id == copy["id"]

    def wanted(self, row: AgendaEvent) -> set[datetime]:
        """The last time that either side gave it; where somebody had to decide, any that was ever given."""
        times = self.times[row.pk]
        with tenant_context(self.both.tenant):
            decided = CalendarConflict.objects.filter(event=row).exists()
        return {each for given in times.values() for each in (given if decided else given[-1:])}


def _hex(row: dict[str, Any]) -> str:
    private: dict[str, str] = row.get("extendedProperties", {}).get("private", {})
    return next(iter(private.values()), "")[:32]


def _when(row: dict[str, Any]) -> tuple[datetime, datetime]:
    return datetime.fromisoformat(row["start"]["dateTime"]), datetime.fromisoformat(row["end"]["dateTime"])


def _said(row: dict[str, Any]) -> tuple[datetime, datetime, str, str]:
    return *_when(row), row["summary"], row.get("location", "")


def play(both: Both, seed: int, patched: pytest.MonkeyPatch) -> None:
    one = Play(both, seed)
    patched.setattr(connection, "client", one.client)
    try:
        one.run()
    except (AssertionError, Refused) as error:
        raise AssertionError(f"order {seed}: {error}") from error
