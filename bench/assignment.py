"""Leads created at once under a rule: shared exactly, and what it costs against creating them without one.

`python -m bench.assignment [--quick]`. 16 threads create 50 leads each through the API, with PostgreSQL durable. Decides: with
turns, by equal weights and by 2:1, no seller is more than one lead from their share; none is lost, none without owner. The
rule's row is held until the commit, so creations under one rule queue there: the ratio says how much of that is felt.
"""

import statistics
import sys
import threading
import time
from typing import TYPE_CHECKING

from bench.harness import facts, plan, services

if TYPE_CHECKING:
    from tests.support.cast import Person

THREADS, EACH = 16, 50


def storm(person: "Person", source: str) -> float:
    """Seconds for all of them."""
    from django.db import connection

    from tests.support.clients import integration

    gate, failed = threading.Barrier(THREADS + 1), []

    def run() -> None:
        client = integration(person)
        gate.wait()
        for number in range(EACH):
            answer = client.post(
                "/api/v1/leads/", {"contact": {"name": f"Lead {number}"}, "source": source}, format="json"
            )
            if answer.status_code != 201:
                failed.append(answer.content)
        connection.close()

    threads = [threading.Thread(target=run) for _each in range(THREADS)]
    for thread in threads:
        thread.start()
    gate.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    assert not failed, failed[:3]
    return time.perf_counter() - began


def main() -> int:
    how = plan(sys.argv)
    with services():
        from django.conf import settings
        from django.db.models import Count

        from crm.models import Lead
        from tenants.context import tenant_context
        from tests.factories.crm import make_seller
        from tests.factories.crm_more import make_rule, make_rule_seller
        from tests.support.cast import make_cast

        settings.ALLOWED_HOSTS = ["*"]
        cast = make_cast()
        weights = {"equal": (1, 1, 1), "two-to-one": (2, 1)}
        with tenant_context(cast.acme):
            places = {}
            for source, shares in weights.items():
                rule = make_rule(is_active=True, filters={"source": source})
                places[source] = [
                    make_rule_seller(rule=rule, seller=make_seller(), position=n, weight=weight).seller_id
                    for n, weight in enumerate(shares)
                ]
        times: dict[str, list[float]] = {"alone": [], **{source: [] for source in weights}}
        storm(cast["ana"], "alone")  # a warm-up
        for pair in range(how.pairs):
            for source in times if pair % 2 == 0 else reversed(times):
                times[source].append(storm(cast["ana"], source))
            print("  pair", pair + 1, {source: round(each[-1], 2) for source, each in times.items()}, flush=True)
        exact = True
        with tenant_context(cast.acme):
            for source, shares in weights.items():
                held = dict(Lead.objects.filter(source=source).values_list("owner").annotate(Count("pk")))
                total = how.pairs * THREADS * EACH
                off = [held.get(pk, 0) - total * w / sum(shares) for pk, w in zip(places[source], shares, strict=True)]
                exact = exact and sum(held.values()) == total and None not in held and max(map(abs, off)) <= 1
                print(f"{source}: {list(held.values())} of {total}, off by {max(map(abs, off)):.2f}")
        for source in weights:
            ratio = statistics.median(a / b for a, b in zip(times[source], times["alone"], strict=True))
            rate = THREADS * EACH / statistics.median(times[source])
            print(f"{source}: {ratio:.2f} of the time without a rule ({rate:,.0f} leads/s)")
        print(facts())
    print(f"goal: nobody more than one lead from their share: {'met' if exact else 'NOT met'}")
    return 0 if exact else 1


if __name__ == "__main__":
    sys.exit(main())
