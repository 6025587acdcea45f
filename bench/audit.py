"""What the audit trail costs: a mutation with its chained event against the same mutation without, in the same run.

`python -m bench.audit [--quick]`. Decides: at most 10 % of a mutation's time, as a request through the API (R14). Beside it,
for reading: the service alone, eight at once in one company (whose chain they share) and in eight, and how fast a trail is
verified. PostgreSQL runs durable, in a temporary folder.
"""

import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any
from unittest import mock

from bench.harness import Plan, Ratio, abba, facts, plan, ratio_of, services

if TYPE_CHECKING:
    from crm.models import Contact
    from tenants.models import Tenant

MOST = 1.10
THREADS = 8
MANY = 20_000  # events to verify
RECORD = "crm.services.contacts.record"


@contextmanager
def untold() -> Iterator[None]:
    with mock.patch(RECORD):
        yield


def in_turn(work: Callable[[int], object], how: Plan) -> tuple[Ratio, float]:
    """The ratio of told to untold, call by call in the order A B B A, and the milliseconds of a told one."""
    told, bare = [], []
    for pair in range(how.pairs):
        samples: dict[bool, list[float]] = {True: [], False: []}
        until, number = time.perf_counter() + 2 * how.sample, 0
        while time.perf_counter() < until:
            for tells in (True, False, False, True):
                with nullcontext() if tells else untold():
                    began = time.perf_counter()
                    work(number)
                    samples[tells].append(1000 * (time.perf_counter() - began))
                number += 1
        told.append(statistics.median(samples[True]))
        bare.append(statistics.median(samples[False]))
        print(f"  pair {pair + 1}: {told[-1]:.2f} ms told, {bare[-1]:.2f} ms untold, {number} calls", flush=True)
    return ratio_of(told, bare), min(told)


def side_by_side(works: list[Callable[[int], object]], how: Plan) -> tuple[Ratio, float]:
    """The ratio of told to untold with every work on a thread of its own, and how many told ones a second."""
    measure = together(works)

    def without() -> float:
        with untold():
            return measure(how.sample)

    measure(how.warm_up)
    found = abba({"told": lambda: measure(how.sample), "untold": without}, how.pairs)
    return ratio_of(found["told"], found["untold"]), 1000 / min(found["told"])


def together(works: list[Callable[[int], object]]) -> Callable[[float], float]:
    """Milliseconds between two ends of any of them, every work on a thread of its own."""

    def measure(seconds: float) -> float:
        from django.db import connection

        counts = [0] * len(works)
        until = time.perf_counter() + seconds

        def run(place: int) -> None:
            while time.perf_counter() < until:
                works[place](counts[place])
                counts[place] += 1
            connection.close()

        threads = [threading.Thread(target=run, args=[place]) for place in range(len(works))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return 1000 * seconds / sum(counts)

    return measure


def mutation(tenant: "Tenant", contact: "Contact") -> Callable[[int], object]:
    """Another name for a contact, by the service, in a transaction of its own."""
    from crm.services import contacts
    from tenants.context import tenant_context
    from tenants.domain.actor import Actor

    by = Actor("user", "0190a0b0-0000-7000-8000-000000000001", "Ana")

    def work(number: int) -> None:
        with tenant_context(tenant):
            contacts.update_contact(contact=contact, by=by, name=f"Otra {number} {time.perf_counter_ns()}")

    return work


def request(person: Any, contact: "Contact") -> Callable[[int], object]:
    """The same as a request of the API, without a network in between."""
    from tests.support.clients import integration

    client = integration(person)
    path = f"/api/v1/contacts/{contact.pk}/"

    def work(number: int) -> None:
        answer = client.patch(path, {"name": f"Otra {number} {time.perf_counter_ns()}"}, format="json")
        assert answer.status_code == 200, answer.content

    return work


def verified(tenant: "Tenant") -> str:
    from tenants.context import platform_scope, tenant_context
    from tenants.domain.actor import Actor
    from tenants.services import audit, verifying

    by = Actor("system", "", "bench")
    for _each in range(MANY // 500):
        with tenant_context(tenant):
            for number in range(500):
                audit.record(action="contact.updated", by=by, resource=("contact", str(number)), diff={"n": number})
    began = time.perf_counter()
    with platform_scope("bench"):
        verdict = verifying.verify(only=[tenant.pk])
    assert verdict.problems == [], verdict.problems
    seconds = time.perf_counter() - began
    return f"{verdict.rows:,} events verified in {seconds:.2f} s ({verdict.rows / seconds:,.0f}/s)"


def main() -> int:
    how = plan(sys.argv)
    with services():
        from django.conf import settings

        from tenants.context import tenant_context
        from tests.factories.crm import make_contact
        from tests.support.cast import make_cast, make_company

        settings.ALLOWED_HOSTS = ["*"]
        cast = make_cast()
        companies = [cast.acme, *(make_company(slug=f"bench-{number}") for number in range(THREADS - 1))]
        rows = []
        for tenant in companies:
            with tenant_context(tenant):
                rows.append([make_contact() for _each in range(THREADS)])
        mine = [mutation(cast.acme, contact) for contact in rows[0]]
        each = [mutation(tenant, contacts[0]) for tenant, contacts in zip(companies, rows, strict=True)]
        through_api, milliseconds = in_turn(request(cast["ana"], rows[0][0]), how)
        alone, service_ms = in_turn(mine[0], how)
        in_one, one_rate = side_by_side(mine, how)
        in_eight, eight_rate = side_by_side(each, how)
        print(f"a PATCH through the API: {through_api} of the same without its event ({milliseconds:.2f} ms)")
        print(f"the service alone: {alone} ({service_ms:.2f} ms)")
        print(f"eight at once in one company: {in_one} ({one_rate:,.0f}/s)")
        print(f"eight at once in eight companies: {in_eight} ({eight_rate:,.0f}/s)")
        print(verified(companies[1]))
        print(facts())
    met = through_api.high <= MOST
    print(
        f"goal: at most {MOST:.2f} of a request's time: {'met' if met else 'NOT met'}{' (quick)' if how.quick else ''}"
    )
    return 0 if met or how.quick else 1


if __name__ == "__main__":
    sys.exit(main())
