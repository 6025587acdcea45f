"""What a release costs with many companies: an added column by compiled SQL, against Django's own command, in the same run.

`python -m bench.migrations [--companies 400] [--slow 3]` with the services' environment set (as bin/test and bin/dev set it).
Goal: ≤ 0.02 of the migration path for each company; a start without anything to do: one statement, ≤ 1 s; a comparison of every
schema (`schema_doctor`) ≤ 10 s.
Works in a database of its own and drops it.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import django

GOAL_RATIO, GOAL_IDLE_SECONDS, GOAL_DOCTOR_SECONDS = 0.02, 1.0, 10.0
COLUMN = 'migrations.AddField("lead", "motto", models.CharField(max_length=20, default=""))'


def measure(companies: int, slow: int) -> int:
    """Print the cost of each way and their ratio; 0 when the goals are met."""
    from tests.support import services
    from tests.support.release import Release

    running = services.start()
    try:
        with tempfile.TemporaryDirectory(prefix="crm-bench-") as folder:
            release = Release(Path(folder))
            release.add("crm", "0901_motto", COLUMN)
            _create(companies + slow)
            with release.installed():
                return _judge(companies, slow)
    finally:
        services.stop(running)


def _create(count: int) -> None:
    from tenants.services import provisioning

    started = time.perf_counter()
    for number in range(count):
        provisioning.create_tenant(slug=f"bench-{number}", name="Bench")
    print(f"{count} companies created in {time.perf_counter() - started:.1f} s", flush=True)


def _judge(companies: int, slow: int) -> int:
    from django.db import connections
    from django.test.utils import CaptureQueriesContext

    from tenants.services import migrating, provisioning, schema_doctor

    provisioning.migrate_public()  # the same for both ways, and before either
    provisioning.compile_snapshot()
    baseline = []
    for company in migrating.companies_behind()[:slow]:
        started = time.perf_counter()
        migrating._by_django(company)
        baseline.append(time.perf_counter() - started)
    started = time.perf_counter()
    done = migrating.migrate_all()
    took = time.perf_counter() - started
    assert (done.quickly, done.slowly, done.failed) == (companies, 0, {}), done
    each, by_django = took / companies, statistics.median(baseline)
    with CaptureQueriesContext(connections[provisioning.OWNER]) as seen:
        started = time.perf_counter()
        migrating.migrate_all()
        idle = time.perf_counter() - started
    started = time.perf_counter()
    found = schema_doctor.examine()
    doctor = time.perf_counter() - started
    ratio = each / by_django
    print(f"compiled SQL, its compilation included: {companies} companies in {took:.2f} s, {1000 * each:.2f} ms each")
    print(f"Django's own command: median {1000 * by_django:.0f} ms of {slow}")
    print(f"nothing to do: {len(seen)} statement in {1000 * idle:.1f} ms")
    print(f"comparing every schema with the migrations: {doctor:.2f} s, {len(found[0])} differences")
    met = ratio <= GOAL_RATIO and len(seen) == 1 and idle <= GOAL_IDLE_SECONDS
    met = met and found == ([], []) and doctor <= GOAL_DOCTOR_SECONDS
    print(f"ratio {ratio:.4f} (goal: {GOAL_RATIO}): {'met' if met else 'NOT met'}")
    return 0 if met else 1


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--companies", type=int, default=400)
    options.add_argument("--slow", type=int, default=3)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.test")
    django.setup()
    given = options.parse_args()
    return measure(given.companies, given.slow)


if __name__ == "__main__":
    sys.exit(main())
