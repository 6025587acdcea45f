"""The leases of all turns of a process, kept by one thread: a thread for each would double those of a worker that only waits.

A dead worker renews nothing, so its turns are free within `turns.LEASE`.
"""

import logging
import os
import threading
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic
from uuid import UUID

from django.db import Error, connection
from django.utils import timezone

from messaging.models import Conversation
from tenants.context import tenant_context
from tenants.models import Tenant

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Held:
    """One turn that is worked on. `until` as `monotonic`: whatever hangs longer is given up."""

    tenant: Tenant
    token: UUID
    lease: timedelta
    until: float


class Keeper:
    """`add` a turn, `drop` it at its end. The thread ends when nothing is held."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._held: dict[UUID, Held] = {}
        self._thread: threading.Thread | None = None
        self._every = 8.0

    def add(self, turn: Held, *, every: float) -> None:
        """`every` in seconds, the same for all."""
        with self._changed:
            self._held[turn.token], self._every = turn, every
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="turn-leases", daemon=True)
                self._thread.start()

    def drop(self, token: UUID) -> None:
        with self._changed:
            self._held.pop(token, None)
            if not self._held:
                self._changed.notify()

    def _run(self) -> None:
        while turns := self._next():
            for tenant in {turn.tenant.pk: turn.tenant for turn in turns}.values():
                self._renew(tenant, [turn for turn in turns if turn.tenant.pk == tenant.pk])
            connection.close()

    def _next(self) -> list[Held]:
        """What is held after the pause; empty = nothing, and this thread is over."""
        with self._changed:
            if self._held:
                self._changed.wait(self._every)
            now = monotonic()
            self._held = {token: turn for token, turn in self._held.items() if turn.until > now}
            if not self._held:
                self._thread = None
            return list(self._held.values())

    def _renew(self, tenant: Tenant, turns: list[Held]) -> None:
        try:
            with tenant_context(tenant):
                with connection.cursor() as cursor:
                    cursor.execute("set local lock_timeout = '2s'")
                # What somebody else is writing to is renewed the next time: one chat must not cost the others their lease.
                mine = Conversation.objects.select_for_update(skip_locked=True, no_key=True)
                ids = list(mine.filter(turn_token__in=[turn.token for turn in turns]).values_list("pk", flat=True))
                Conversation.objects.filter(pk__in=ids).update(turn_until=timezone.now() + turns[0].lease)
        except Error as error:
            logger.warning("leases of turns not renewed: %s", error)


keeper = Keeper()


def _after_fork() -> None:
    """A child has no thread, and perhaps a lock that it held."""
    global keeper
    keeper = Keeper()


os.register_at_fork(after_in_child=_after_fork)
