"""What hits the product in a fault run: customers who write, WhatsApp that reports, and the plan of both.

Everything is sent at least once, as Meta does: an answer other than 200 is tried again, some of what was answered is sent a
second time, and the order is not kept.
"""

import queue
import random
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.fakes import graph_events as wire
from tests.fakes.graph import GraphFake, Rule

SECRET = "storm-app-secret"
DUPLICATES = 0.2
EARLY = 0.3  # part of the status notices that overtake the answer of the send call
GIVE_UP_SECONDS = 240.0  # an outage longer than this is a failure of the run


@dataclass(frozen=True)
class Number:
    """A company's WhatsApp number. `url` is its webhook."""

    company: str
    tenant_id: int
    phone_number_id: str
    url: str


@dataclass
class Ledger:
    """What the product has said 200 to, and what it refused on the way. Thread-safe enough: single operations only."""

    acknowledged: dict[str, set[str]] = field(default_factory=dict)  # company → message ids
    posts: int = 0
    refusals: int = 0
    unanswered: int = 0
    duplicates: int = 0
    abandoned: int = 0
    slowest: float = 0.0

    def heard(self, company: str, ids: Iterable[str]) -> None:
        self.acknowledged.setdefault(company, set()).update(ids)

    @property
    def total(self) -> int:
        return sum(len(ids) for ids in self.acknowledged.values())


@dataclass(frozen=True)
class Webhook:
    number: Number
    ids: tuple[str, ...]
    payload: dict[str, Any]


def plan(numbers: list[Number], *, messages: int, contacts: int, media_id: str, chance: random.Random) -> list[Webhook]:
    """Numbered messages of every contact in bursts: short texts, albums of up to six, some webhooks with two people."""
    per_person = max(1, messages // contacts)
    bursts: list[list[Webhook]] = []
    for person in range(contacts):
        number = numbers[person % len(numbers)]
        sender = f"549115{6_000_000 + person}"
        made = 0
        while made < per_person:
            size = min(per_person - made, chance.randint(1, 6))
            bursts.append(list(_burst(number, sender, made, size, media_id, chance)))
            made += size
    chance.shuffle(bursts)
    return [webhook for burst in bursts for webhook in burst]


def _burst(
    number: Number, sender: str, first: int, size: int, media_id: str, chance: random.Random
) -> Iterator[Webhook]:
    album = size > 2 and chance.random() < 0.25
    made = [
        wire.media("image", media_id, caption=f"Foto {first + index} de {sender[-4:]}", sender=sender)
        if album
        else wire.text(f"Consulta {first + index} de {sender[-4:]}", sender=sender)
        for index in range(size)
    ]
    chance.shuffle(made)
    card = [wire.contact(name=f"Persona {sender[-4:]}", wa_id=sender)]
    groups = [made] if album or chance.random() < 0.3 else [[one] for one in made]
    for group in groups:
        payload = wire.inbound(*group, contacts=card, phone_number_id=number.phone_number_id)
        yield Webhook(number, tuple(one["id"] for one in group), payload)


class Storm:
    """Posts the plan at about `rate` messages a second from several threads, in an order that is not quite kept."""

    def __init__(self, ledger: Ledger, *, chance: random.Random, threads: int = 6) -> None:
        self.ledger = ledger
        self.chance = chance
        self.stopping = threading.Event()
        self._queue: queue.Queue[Webhook] = queue.Queue(maxsize=50)
        self._threads = [threading.Thread(target=self._work, daemon=True) for _each in range(threads)]
        self._feeder: threading.Thread | None = None
        self.fed = threading.Event()

    def start(self, webhooks: list[Webhook], *, rate: float) -> None:
        for thread in self._threads:
            thread.start()
        self._feeder = threading.Thread(target=self._feed, args=(webhooks, rate), daemon=True)
        self._feeder.start()

    def _feed(self, webhooks: list[Webhook], rate: float) -> None:
        due, again = time.monotonic(), []
        for webhook in webhooks:
            due += len(webhook.ids) / rate
            if self.stopping.wait(max(0.0, due - time.monotonic())):
                return
            self._queue.put(webhook)
            if self.chance.random() < DUPLICATES:
                again.append(webhook)
            if again and self.chance.random() < DUPLICATES:
                self.ledger.duplicates += 1
                self._queue.put(again.pop(self.chance.randrange(len(again))))
        for webhook in again:
            self.ledger.duplicates += 1
            self._queue.put(webhook)
        self.fed.set()

    @property
    def done(self) -> bool:
        return self.fed.is_set() and self._queue.unfinished_tasks == 0

    def stop(self) -> None:
        self.stopping.set()

    def _work(self) -> None:
        while not self.stopping.is_set():
            try:
                webhook = self._queue.get(timeout=0.5)
            except queue.Empty:
                continue
            if insist(webhook.number.url, webhook.payload, self.ledger, self.stopping):
                self.ledger.heard(webhook.number.company, webhook.ids)
            self._queue.task_done()


def insist(url: str, payload: Any, ledger: Ledger, stopping: threading.Event) -> bool:
    """Post until the answer is 200. False when the run ended first."""
    deadline, pause = time.monotonic() + GIVE_UP_SECONDS, 0.2
    while not stopping.is_set() and time.monotonic() < deadline:
        began = time.monotonic()
        status = wire.post(url, payload, SECRET, timeout=10)
        ledger.posts += 1
        if status == 200:
            ledger.slowest = max(ledger.slowest, time.monotonic() - began)
            return True
        if status:
            ledger.refusals += 1
        else:
            ledger.unanswered += 1
        stopping.wait(pause)
        pause = min(pause * 1.5, 2.0)
    ledger.abandoned += 1
    return False


class StormGraph(GraphFake):
    """The fake Graph. It reports every message it accepted, also one whose answer was lost, to the number's own webhook:
    at least once, in any order, now and then before it answers."""

    def __init__(self, *, ledger: Ledger, chance: random.Random) -> None:
        super().__init__(app_secret=SECRET)
        self.ledger = ledger
        self.chance = chance
        self.urls: dict[str, str] = {}
        self.stopping = threading.Event()
        self._reports: queue.Queue[tuple[str, Any]] = queue.Queue()
        for _each in range(4):
            threading.Thread(target=self._post, daemon=True).start()

    def serve(self, numbers: list[Number]) -> None:
        self.urls = {number.phone_number_id: number.url for number in numbers}

    def lose_answers(self, times: int) -> None:
        """Accept the next sends and break the line before the answer."""
        self.script(Rule("drop", times=times))

    def accept(self, phone_number_id: str, body: dict[str, Any]) -> dict[str, Any]:
        entry = super().accept(phone_number_id, body)
        states = ["sent", "delivered", "read"]
        self.chance.shuffle(states)
        for position, state in enumerate(states):
            item = wire.status(entry["id"], state, client_ref=entry["client_ref"])
            report = self.urls[phone_number_id], wire.statuses(item, phone_number_id=phone_number_id)
            if position == 0 and self.chance.random() < EARLY:
                wire.post(*report, SECRET, timeout=2)
            self._reports.put(report)
            if self.chance.random() < DUPLICATES:
                self._reports.put(report)
        return entry

    @property
    def reported(self) -> bool:
        return self._reports.unfinished_tasks == 0

    def _post(self) -> None:
        while True:
            url, payload = self._reports.get()
            insist(url, payload, self.ledger, self.stopping)
            self._reports.task_done()

    def close(self) -> None:
        self.stopping.set()
        super().close()
