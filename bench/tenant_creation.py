"""How long a company takes to create: from the compiled snapshot, against running the migrations, in the same run.

`python -m bench.tenant_creation [--count 50]` with the services' environment set (as bin/test and bin/dev set it).
Goal: median ≤ 150 ms and ≤ 0.15 of the migration path. Works in a database of its own and drops it.
"""

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable

import django

GOAL_MS, GOAL_RATIO = 150, 0.15


def timed(work: Callable[[], object]) -> float:
    """Milliseconds."""
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000


def measure(count: int) -> int:
    """Print both medians and their ratio; 0 when the goals are met."""
    from django.db import connections

    from tenants.services import provisioning
    from tests.support import services

    running = services.start()
    try:
        numbers = iter(range(1, 10**6))

        def from_snapshot() -> None:
            provisioning.create_tenant(slug=f"bench-{next(numbers)}", name="Bench")

        def by_migrations() -> None:
            provisioning.migrate_schema(f"bench_{next(numbers)}")

        from_snapshot()  # connections open, code loaded
        quick = [timed(from_snapshot) for _each in range(count)]
        slow = [timed(by_migrations) for _each in range(max(3, count // 10))]
        with connections[provisioning.OWNER].cursor() as cursor:
            cursor.execute("select count(*) from pg_tables where schemaname = %s", [provisioning.TEMPLATE_SCHEMA])
            tables = cursor.fetchone()[0]
    finally:
        services.stop(running)
    median, baseline = statistics.median(quick), statistics.median(slow)
    ratio = median / baseline
    print(f"creating a company ({tables} tables): median {median:.0f} ms of {count}, worst {max(quick):.0f} ms")
    print(f"running its migrations instead: median {baseline:.0f} ms of {len(slow)}")
    met = median <= GOAL_MS and ratio <= GOAL_RATIO
    print(f"ratio {ratio:.3f} (goals: {GOAL_MS} ms, {GOAL_RATIO}): {'met' if met else 'NOT met'}")
    return 0 if met else 1


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--count", type=int, default=50)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.test")
    django.setup()
    return measure(options.parse_args().count)


if __name__ == "__main__":
    sys.exit(main())
