"""A spreadsheet of 10,000 people in and out: checked, imported, exported, undone, with the memory it takes.

`python -m bench.spreadsheet [--quick]`. Decides: the counts are those of the file, the company is afterwards as before
(a hash over contacts, leads and arrivals), and a check of five times the rows takes at most 25 MB more. Rows a second are
informational, beside the same contacts written by one bulk insert.
"""

import logging
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

from bench.harness import facts, plan, services

MOST_GROWTH = 25.0  # MB


def peak() -> float:
    """The most memory this process ever had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def timed(label: str, rows: int, work: Callable[[], Any]) -> Any:
    began = time.perf_counter()
    answer = work()
    spent = time.perf_counter() - began
    print(f"{label:<10} {rows / spent:>7.0f} rows/s  {spent:>6.1f} s  peak {peak():.0f} MB", flush=True)
    return answer


def bulk(tenant: Any, rows: int) -> None:
    """The anchor: as many contacts in one insert a thousand, without anything around them; taken away again."""
    from crm.models import Contact
    from tenants.context import tenant_context

    with tenant_context(tenant):
        made = [Contact(name=f"Persona {n}", phone=f"+54116{n:07}", search_text=f"persona {n}") for n in range(rows)]
        Contact.objects.bulk_create(made, batch_size=1_000)
    with tenant_context(tenant):
        Contact.objects.filter(name__startswith="Persona ").delete()


def run(rows: int) -> bool:
    from config.lib import commit
    from crm.exporting import tables, writing
    from crm.importing import batches, running
    from crm.models import ImportBatch
    from tenants.context import tenant_context
    from tests.crm.importing.sheets import a_file, counts, digest, expected_of
    from tests.factories.crm import initial_stage, make_contact, make_lead
    from tests.support.cast import make_cast

    commit.send = lambda *args, **more: True  # type: ignore[assignment]  # no worker here: the work is called below
    cast = make_cast()
    ana, acme = cast["ana"], cast.acme
    assert ana.member

    def begin(content: bytes) -> ImportBatch:
        with tenant_context(acme):
            batch = batches.take_in(name="personas.csv", content=content, user=ana.user, by=ana.actor)
            batches.choose(batch=batch, columns=batch.mapping)
            return batches.check(batch=batch)

    def step(batch: ImportBatch, act: Callable[..., Any] | None = None) -> ImportBatch:
        with tenant_context(acme):
            if act is not None:
                act(batch=batches.import_for(ana.member, batch.pk, lock=True), by=ana.actor)
        while True:  # slices of time, as the queue would call it
            running.work(tenant=acme, batch_id=batch.pk)
            with tenant_context(acme):
                now = ImportBatch.objects.get(pk=batch.pk)
            if now.status not in batches.WORKING:
                return now

    with tenant_context(acme):
        initial_stage()
        make_lead(contact=make_contact(name="", phone="+541150000010", email=""), source="web")
        before = digest()
    step(begin(a_file(1_000)))  # warm
    batch = begin(a_file(rows))
    timed("check", rows, lambda: step(batch))
    few = peak()
    large = begin(a_file(5 * rows))
    timed("check x5", 5 * rows, lambda: step(large))
    growth = peak() - few
    done = timed("import", rows, lambda: step(batch, batches.start))
    right = counts(done) == expected_of(rows)
    with tenant_context(acme):
        table = tables.contacts({}, ana.member)
        file = writing.file_of(table, writing.begin(table), format="csv", tenant=acme, by=ana.actor)
    timed("export", rows, lambda: sum(len(piece) for piece in file))
    timed("undo", rows, lambda: step(done, batches.undo))
    with tenant_context(acme):
        same = digest() == before
    timed("bulk", rows, lambda: bulk(acme, rows))
    print(f"counts {'right' if right else f'WRONG: {counts(done)}'}; afterwards {'as before' if same else 'CHANGED'};")
    print(f"memory for five times the rows: {growth:+.1f} MB (goal: at most {MOST_GROWTH:.0f})")
    return right and same and growth <= MOST_GROWTH


def main(arguments: list[str]) -> int:
    quick = plan(arguments).quick
    with services():
        logging.disable(logging.CRITICAL)
        print(facts(), flush=True)
        met = run(1_000 if quick else 10_000)
    print("informational: too few rows" if quick else "met" if met else "NOT met")
    return 0 if met or quick else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
