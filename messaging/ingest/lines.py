"""What waits to be stored, one line per company: each group takes from all lines in turn, and nobody fills the room."""

import asyncio
import math
from collections import deque

from messaging.ingest.spool import Event

Waiting = tuple[Event, asyncio.Future[None]]


class Lines:
    """One company may have `most` events of `most_size` characters here, all of them together twice as much."""

    def __init__(self, *, most: int, most_size: int) -> None:
        self._most, self._most_size = most, most_size
        self._lines: dict[int, deque[Waiting]] = {}
        self._turns: deque[int] = deque()  # the companies of `_lines`, whose turn it is first
        self._sizes: dict[int, int] = {}
        self._count = self._size = 0

    def __len__(self) -> int:
        return self._count

    def add(self, event: Event, future: asyncio.Future[None]) -> bool:
        """False when there is no room, for this company or at all."""
        company, size = event.tenant_id, len(event.raw)
        line = self._lines.get(company)
        if self._count >= self._most * 2 or self._size + size > self._most_size * 2:
            return False
        if line is None:
            line = self._lines[company] = deque()
            self._sizes[company] = 0
            self._turns.append(company)
        elif len(line) >= self._most or self._sizes[company] + size > self._most_size:
            return False
        line.append((event, future))
        self._sizes[company] += size
        self._size += size
        self._count += 1
        return True

    def take(self, most: int, *, most_size: float = math.inf) -> list[Waiting]:
        """Up to `most` events of `most_size` together, one from each company in turn, oldest first. At least one."""
        group: list[Waiting] = []
        while self._turns and len(group) < most:
            company = self._turns[0]
            line = self._lines[company]
            size = len(line[0][0].raw)
            most_size -= size
            if group and most_size < 0:
                break
            group.append(line.popleft())
            self._sizes[company] -= size
            self._size -= size
            if line:
                self._turns.rotate(-1)
            else:
                self._turns.popleft()
                del self._lines[company], self._sizes[company]
        self._count -= len(group)
        return group
