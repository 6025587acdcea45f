"""Free times of ten sellers over two weeks, and 64 clients who all want the same ones.

`python -m bench.agenda [--quick]` decides: what is free in 14 days with 10 sellers takes at most 30 ms (median) without the
live look at external calendars, and as many statements with 100 times the events.
`python -m bench.agenda --storm [--quick]`: 10,000 attempts over five ways to take a time (page, API, agent tool, move, import
of an external calendar), with PostgreSQL durable; judged by a self-join of the rows and by what each client was told.
"""

import logging
import statistics
import sys
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from bench.harness import facts, plan, services

if TYPE_CHECKING:
    from tests.support.cast import Cast

SELLERS, DAYS = 10, 14
GOAL_MS = 30.0
ATTEMPTS = 10_000
HOURS = {str(day): [["09:00", "13:00"], ["14:00", "18:00"]] for day in range(5)}


def fill(cast: "Cast", weeks: int) -> None:
    """Four appointments a working day and seller, so many weeks back and two ahead."""
    from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
    from django.utils import timezone

    from crm.models import AgendaEvent, Seller
    from tenants.context import tenant_context

    with tenant_context(cast.acme):
        today = timezone.now().replace(hour=12, minute=0, second=0, microsecond=0)
        AgendaEvent.objects.all().delete()
        starts = [
            today + timedelta(days=day, hours=2 * n)
            for day in range(-7 * weeks, DAYS)
            for n in range(4)
            if (today + timedelta(days=day)).weekday() < 5
        ]
        hour = timedelta(hours=1)
        rows = [
            AgendaEvent(
                seller=seller,
                starts_at=start,
                ends_at=start + hour,
                period=DateTimeTZRange(start, start + hour),
                actor_kind="system",
            )
            for seller in Seller.objects.filter(name__startswith="Vendedor")
            for start in starts
        ]
        AgendaEvent.objects.bulk_create(rows, batch_size=2000)
        print(f"  {len(rows):,} events")


def look(cast: "Cast", rounds: int) -> tuple[float, float, int, int]:
    """(median ms, of it on the processor, statements, slots)."""
    from django.db import connection
    from django.utils import timezone

    from crm.agenda import availability
    from tenants.context import tenant_context

    sent: list[str] = []

    def note(execute: Any, sql: str, *rest: Any) -> Any:
        sent.append(sql)
        return execute(sql, *rest)

    times = []
    with tenant_context(cast.acme):
        now = timezone.now()
        window: dict[str, Any] = {"first": now, "last": now + timedelta(days=DAYS), "look": False}
        for _warm in range(5):
            availability.free(**window)
        with connection.execute_wrapper(note):
            found = availability.free(**window)
        busy = time.process_time()
        for _round in range(rounds):
            began = time.perf_counter()
            availability.free(**window)
            times.append((time.perf_counter() - began) * 1000)
        busy = (time.process_time() - busy) * 1000 / rounds
    return statistics.median(times), busy, len(sent), len(found.slots)


def availability_bench(cast: "Cast", *, quick: bool) -> bool:
    from tenants.context import tenant_context
    from tests.factories.crm import make_seller

    with tenant_context(cast.acme):
        for n in range(SELLERS):
            make_seller(name=f"Vendedor {n}", working_hours=HOURS)
    counts, medians = [], []
    for weeks in (1, 10 if quick else 260):
        fill(cast, weeks)
        median, busy, count, slots = look(cast, rounds=20 if quick else 100)
        print(f"  {median:.1f} ms (median; {busy:.1f} on the processor), {count} statements, {slots} slots")
        medians.append(median)
        counts.append(count)
    met = max(medians) <= GOAL_MS and counts[0] == counts[1]
    print(f"goal: {SELLERS} sellers x {DAYS} days in {GOAL_MS:.0f} ms, statements flat: {'met' if met else 'NOT met'}")
    return met


def storm_bench(cast: "Cast", *, quick: bool) -> bool:
    from tests.crm.agenda.storm import CLIENTS, Storm

    logging.getLogger("django.request").setLevel(logging.ERROR)  # who comes late is no news here
    storm = Storm(cast, attempts=ATTEMPTS // (10 if quick else 1))
    outcome = storm.run()
    tried = outcome.won + outcome.lost
    for path in storm.paths:
        print(f"  {path}: {tried[path]:,} attempts, {outcome.won[path]:,} won, {outcome.lost[path]:,} lost")
    print(f"  {storm.attempts:,} by {CLIENTS} clients at {len(storm.times)} times in {outcome.seconds:.0f} s")
    verdict = storm.judge()
    for what, count in verdict.items():
        print(f"  {what}: {count}")
    for wrong in outcome.wrong[:5]:
        print("  ", wrong)
    met = not any(verdict.values())
    print(f"goal: no overlap, one winner each, three times for who was late: {'met' if met else 'NOT met'}")
    return met


def main() -> int:
    quick = plan(sys.argv).quick
    with services():
        from django.conf import settings

        from tests.support.cast import make_cast

        settings.ALLOWED_HOSTS = ["*"]
        cast = make_cast()
        met = (storm_bench if "--storm" in sys.argv else availability_bench)(cast, quick=quick)
        print(facts())
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
