"""Time that jumps from one due task to the next: thousands of conversations and hours of waiting in minutes.

Rows, statements and tasks are the product's own. What stands in for the outside is a clock, a queue and a provider that
counts what it is given.
"""

import heapq
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

PAIR_SECONDS, PAIR_BURST = 6.0, 45  # Meta's limit to one person
CLOSE = 1e-6  # seconds; microseconds are rounded on the way


@dataclass
class Virtual:
    """The clock and the queue. `loses(task)` says which wake-ups never arrive."""

    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    loses: Callable[[str], bool] = lambda task: False
    _due: list[tuple[datetime, int, str, int | None, dict[str, Any]]] = field(default_factory=list)
    _order: Any = field(default_factory=count)

    def send(
        self,
        task: str,
        *,
        tenant_id: int | None,
        queue: str = "default",
        countdown: float | None = None,
        **arguments: object,
    ) -> bool:
        """Stands in for `config.lib.commit.send`."""
        if not self.loses(task):
            at = self.now + timedelta(seconds=countdown or 0.0)
            heapq.heappush(self._due, (at, next(self._order), task, tenant_id, dict(arguments)))
        return True

    def run(self, *, until: datetime | None = None) -> int:
        """Everything due by then, in the order of its time; how many ran."""
        from tests.support.tasks import run_task

        ran = 0
        while self._due and (until is None or self._due[0][0] <= until):
            at, _order, task, tenant_id, arguments = heapq.heappop(self._due)
            self.now = max(self.now, at)
            run_task(task, tenant_id=tenant_id, **arguments)
            ran += 1
        self.now = max(self.now, until or self.now)
        return ran

    @contextmanager
    def standing(self) -> Iterator["Virtual"]:
        """Inside, the product's clock and queue are these."""
        from django.utils import timezone

        from config.lib import commit

        kept = timezone.now, commit.send
        timezone.now, commit.send = lambda: self.now, self.send
        try:
            yield self
        finally:
            timezone.now, commit.send = kept


@dataclass
class Counting:
    """A provider that accepts and counts: distances, order and limits as it sees them. `text` ends with its number.

    Now and then (`trouble`) it refuses for a moment, which must neither reorder nor double anything.
    """

    time: Virtual
    spacing: float = 4.0
    per_second: float = 80.0
    trouble: float = 0.0
    chance: random.Random = field(default_factory=lambda: random.Random(7))
    sends: int = 0
    doubled: int = 0
    gaps: int = 0
    inversions: int = 0
    pair_breaches: int = 0
    rate_breaches: int = 0
    lateness: list[float] = field(default_factory=list)
    _seen: set[str] = field(default_factory=set)
    _last: dict[str, tuple[datetime, int]] = field(default_factory=dict)
    _full: dict[str, datetime] = field(default_factory=dict)
    _troubled: set[str] = field(default_factory=set)
    _second: list[datetime] = field(default_factory=list)

    def send(self, outgoing: Any) -> Any:
        from config.lib.errors import ProviderError
        from messaging.providers.base import Delivery

        to, now, number = outgoing.to.external_id, self.time.now, int(outgoing.text.split()[-1])
        if self.chance.random() < self.trouble:
            self._troubled.add(to)
            raise ProviderError("busy", kind="retry", code="131016")
        self.sends += 1
        self.doubled += outgoing.client_ref in self._seen
        self._seen.add(outgoing.client_ref)
        at, before = self._last.get(to, (now - timedelta(days=1), 0))
        self.gaps += (now - at).total_seconds() < self.spacing - CLOSE
        self.inversions += number != before + 1
        if before and to not in self._troubled:
            self.lateness.append((now - at).total_seconds() - self.spacing)
        self._last[to] = now, number
        self._count_limits(to, now)
        return Delivery(f"v:{outgoing.client_ref}")

    def _count_limits(self, to: str, now: datetime) -> None:
        full = max(now, self._full.get(to, now)) + timedelta(seconds=PAIR_SECONDS)
        self.pair_breaches += (full - now).total_seconds() > PAIR_SECONDS * PAIR_BURST + CLOSE
        self._full[to] = full
        self._second = [each for each in self._second if each > now - timedelta(seconds=1)] + [now]
        # The pace allows half a second's worth at once besides the rate itself.
        self.rate_breaches += len(self._second) > self.per_second * 1.5 + 1

    def verdict(self) -> dict[str, int]:
        """What must be 0."""
        return {
            "doubled sends": self.doubled,
            f"gaps under {self.spacing} s": self.gaps,
            "order inversions": self.inversions,
            "pair-limit breaches": self.pair_breaches,
            "number-limit breaches": self.rate_breaches,
        }


@contextmanager
def sending_to(provider: Counting) -> Iterator[Counting]:
    """Every channel's adapter is this one."""
    from messaging.services import delivery

    kept = delivery.adapter_for
    delivery.adapter_for = lambda tenant, channel: provider
    try:
        yield provider
    finally:
        delivery.adapter_for = kept
