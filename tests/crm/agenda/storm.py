"""Many clients who want the same times at once, over every way there is to take one; and a judge who asks the database.

Used by the suite with few attempts and by bench.agenda with all of them.
"""

import itertools
import queue
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from django.db import connection
from django.utils import timezone

from agents.models import AgentRun, ToolCall
from agents.tools import appointments
from agents.tools.base import ToolContext
from crm.agenda import offers
from crm.agenda.sync import reading
from crm.calendars.base import RemoteEvent
from crm.models import AgendaEvent, ExternalCalendar, Seller, Service
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tests.factories.agenda import make_calendar, make_event, make_service
from tests.factories.crm import make_contact, make_lead, make_seller
from tests.factories.messaging import make_conversation
from tests.support.cast import Cast
from tests.support.clients import browser, integration

CLIENTS = 64
SELLERS = 5
AT_HAND = 4  # times that are wanted at the same moment
HOUR = timedelta(hours=1)
ALL_WEEK = {str(day): [["00:00", "24:00"]] for day in range(7)}


@dataclass(frozen=True)
class Time:
    """What is wanted."""

    seller: Seller
    calendar: ExternalCalendar
    start: datetime


@dataclass
class Outcome:
    """`won` and `lost` by path; `wrong`: answers that nobody should get; `won_at`: times that a booking got."""

    won: Counter[str] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)
    won_at: Counter[Time] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    seconds: float = 0.0


class Storm:
    """One company, `times` that everybody wants, and as many attempts at each as there are."""

    def __init__(self, cast: Cast, *, attempts: int) -> None:
        self.cast, self.attempts = cast, attempts
        self.outcome = Outcome()
        self._lock, self._parked = threading.Lock(), itertools.count()
        self.paths: dict[str, Callable[[Time], bool]] = {
            "page": self.page,
            "api": self.api,
            "agent": self.agent,
            "reschedule": self.reschedule,
            "import": self.imported,
        }
        with tenant_context(cast.acme):
            self.service: Service = make_service(name="Visita")
            sellers = [make_seller(name=f"Vendedor {n}", working_hours=ALL_WEEK) for n in range(SELLERS)]
            calendars = [make_calendar(seller=seller, is_main=False) for seller in sellers]
            self.parking = make_seller(name="Otro día", working_hours={"0": []})
        begin = timezone.now().replace(minute=0, second=0, microsecond=0) + timedelta(days=2)
        count = max(1, attempts // 20)
        self.times = [
            Time(sellers[n % SELLERS], calendars[n % SELLERS], begin + n // SELLERS * HOUR) for n in range(count)
        ]
        self.far = begin + timedelta(days=300)

    # --- the ways to take a time: True = got it ------------------------------------------------------------------
    def page(self, time: Time) -> bool:
        with tenant_context(self.cast.acme):
            contact = make_contact()
        said = {"contact": str(contact.pk), "offer": self._offer(time)}
        answer = browser(self.cast["ana"]).post("/agenda/nueva/", said)
        if answer.status_code == 302:
            return True
        assert answer.status_code == 409, answer.status_code
        assert answer.content.count(b'name="offer"') >= 3
        return False

    def api(self, time: Time) -> bool:
        with tenant_context(self.cast.acme):
            contact = make_contact()
        return self._api("agenda/book", {"offer": self._offer(time), "contact": str(contact.pk)}, good=201)

    def agent(self, time: Time) -> bool:
        """The tool, in a chat that was offered this time a moment ago."""
        with tenant_context(self.cast.acme):
            chat = make_conversation()
            make_lead(contact=chat.contact, interest="high")
            run = AgentRun.objects.create(conversation_id=chat.pk)
            kept = [[self._offer(time), time.seller.name, {"code": "only"}]]
            ToolCall.objects.create(
                run=run,
                conversation_id=chat.pk,
                key=str(run.pk),
                tool="check_seller_availability",
                result={"kept": kept},
            )
        context = ToolContext(
            tenant=self.cast.acme,
            actor=Actor("agent", "", "IA"),
            conversation_id=chat.pk,
            contact_id=chat.contact_id,
            run_id=run.pk,
            turn_token=None,
            said="la 1",
        )
        result = appointments.book_appointment(context, {"choice": "1"})
        if not result.ok:
            assert result.data["why"] == "slot_taken", result
            assert len(result.data["options"]) == 3
        return result.ok

    def reschedule(self, time: Time) -> bool:
        parked = self.far + next(self._parked) * HOUR
        with tenant_context(self.cast.acme):
            event = make_event(seller=self.parking, service=self.service, starts_at=parked)
        offer = self._offer(time, contact=event.contact_id, moving=event.pk)
        return self._api(f"agenda/events/{event.pk}/reschedule", {"offer": offer}, good=200)

    def imported(self, time: Time) -> bool:
        """The same entry of the external calendar each time, as readings repeat it."""
        with tenant_context(self.cast.acme):
            end = time.start + HOUR
            entry = RemoteEvent(f"{time.start:%m%d%H}", "1", title="", starts_at=time.start, ends_at=end)
            reading.place_blocks(calendar=time.calendar, found=[entry])
            standing = AgendaEvent.objects.upcoming().filter(seller=time.calendar.seller_id)
            return not standing.filter(starts_at__lt=end, ends_at__gt=time.start).exists()

    def _api(self, path: str, body: dict[str, Any], *, good: int) -> bool:
        answer = integration(self.cast["ana"]).post(f"/api/v1/{path}", body, format="json")
        if answer.status_code == good:
            return True
        said = answer.json()
        assert (answer.status_code, said["error"]["code"], len(said["alternatives"])) == (409, "slot_taken", 3), said
        return False

    def _offer(self, time: Time, **over: Any) -> str:
        with nullcontext() if connection.tenant is not None else tenant_context(self.cast.acme):
            return offers.make(
                seller=time.seller, service=self.service, start=time.start, end=time.start + HOUR, minutes=600, **over
            )

    # --- the storm ------------------------------------------------------------------------------------------------
    def run(self) -> Outcome:
        """Everybody at once. External calendars answer that nothing else is there."""
        work: queue.SimpleQueue[tuple[str, Time]] = queue.SimpleQueue()
        for item in self._order():
            work.put(item)
        gate = threading.Barrier(CLIENTS + 1)
        clients = [threading.Thread(target=self._client, args=(work, gate)) for _each in range(CLIENTS)]
        with patch("crm.calendars.look.look", _nothing_else):
            for each in clients:
                each.start()
            gate.wait()
            began = timezone.now()
            for each in clients:
                each.join()
        self.outcome.seconds = (timezone.now() - began).total_seconds()
        return self.outcome

    def _order(self) -> Iterable[tuple[str, Time]]:
        """Few times are at hand at once, wanted over all paths; the order is the same in each run.

        An import is quick and would win nearly always: of every four times one has all of theirs.
        """
        chance = random.Random(5)
        names = itertools.cycle(name for name in self.paths if name != "import")
        each = self.attempts // len(self.times)
        imports = each * AT_HAND // len(self.paths)
        for at in range(0, len(self.times), AT_HAND):
            wanted = []
            for n, time in enumerate(self.times[at : at + AT_HAND]):
                outside = imports if n == 0 else 0
                wanted += [("import", time)] * outside + [(next(names), time) for _n in range(each - outside)]
            chance.shuffle(wanted)
            yield from wanted

    def _client(self, work: "queue.SimpleQueue[tuple[str, Time]]", gate: threading.Barrier) -> None:
        gate.wait()
        while True:
            try:
                path, time = work.get_nowait()
            except queue.Empty:
                break
            try:
                got = self.paths[path](time)
            except Exception as error:  # noqa: BLE001 (whatever a client is not to see is what the judge wants to know)
                with self._lock:
                    self.outcome.wrong.append(f"{path}: {type(error).__name__}: {error}")
                continue
            finally:
                connection.close()  # back to the pool: there are fewer than clients
            with self._lock:
                (self.outcome.won if got else self.outcome.lost)[path] += 1
                if got and path != "import":
                    self.outcome.won_at[time] += 1

    # --- the judge --------------------------------------------------------------------------------------------------
    def judge(self) -> dict[str, int]:
        """What the rows themselves say; all zero when nobody was wronged."""
        with tenant_context(self.cast.acme), connection.cursor() as cursor:
            cursor.execute(OVERLAPS)
            [[overlaps]] = cursor.fetchall()
            cursor.execute(UNSEEN)
            [[unseen]] = cursor.fetchall()
            rows = AgendaEvent.objects.standing().values_list("seller_id", "starts_at")
            standing = Counter(rows)
            blocks = {(row.seller_id, row.starts_at) for time in self.calendars() for row in time.blocks.all()}
        free = wrong = 0
        for time in self.times:
            key = (time.seller.pk, time.start)
            free += standing[key] == 0 and key not in blocks
            wrong += standing[key] != self.outcome.won_at[time]
        return {
            "overlapping appointments": overlaps,
            "appointments over a block without a conflict": unseen,
            "times that nobody got": free,
            "times whose winner was told otherwise": wrong,
            "answers that nobody should get": len(self.outcome.wrong),
        }

    def calendars(self) -> list[ExternalCalendar]:
        return list(ExternalCalendar.objects.prefetch_related("blocks"))


OVERLAPS = """
    select count(*) from crm_agendaevent a join crm_agendaevent b
    on a.id < b.id and a.seller_id = b.seller_id and a.starts_at < b.ends_at and b.starts_at < a.ends_at
    where a.status <> 'cancelled' and b.status <> 'cancelled'
"""
UNSEEN = """
    select count(*) from crm_agendaevent e join crm_calendarblock k
    on e.seller_id = k.seller_id and e.starts_at < k.ends_at and k.starts_at < e.ends_at
    where e.status <> 'cancelled'
    and not exists (select 1 from crm_calendarconflict c where c.event_id = e.id and c.kind = 'overlap')
"""


def _nothing_else(sellers: Iterable[Seller], *_window: datetime, **_more: object) -> SimpleNamespace:
    return SimpleNamespace(busy={seller.pk: [] for seller in sellers}, unknown=frozenset())
