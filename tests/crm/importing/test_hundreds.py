"""Five hundred people with everything that real files have: in, said what is wrong, out, and back to where it was.

`python -m bench.spreadsheet` does the same with ten thousand, and decides by the same numbers.
"""

import tracemalloc
from typing import Any

import pytest

from crm.importing import batches, running
from crm.models import Contact, Lead
from tenants.context import tenant_context
from tests.crm.importing.sheets import FORMULA, a_file, again, check_file, counts, digest, expected_of, undo_file
from tests.factories.crm import initial_stage, make_contact, make_lead, make_seller
from tests.support.cast import Person
from tests.support.tasks import Queue

ROWS = 500


@pytest.mark.slow
def test_hundreds_come_in_and_go_again(db: None, acme: Any, ana: Person, queued: Queue) -> None:
    with tenant_context(acme):
        initial_stage()
        known = make_contact(name="", phone="+541150000010", email="")
        make_lead(contact=known, owner=make_seller(), source="web")
        before = digest()
    new, filled, doubles, wrong = expected = expected_of(ROWS)
    batch = check_file(a_file(ROWS), tenant=acme, person=ana, queued=queued)
    assert counts(batch) == expected
    with tenant_context(acme):
        assert digest() == before
        assert batch.rows.count() == wrong + doubles
        batches.start(batch=batches.import_for(ana.member, batch.pk, lock=True), by=ana.actor)
    queued.run(queued.waiting.popleft())
    queued.clear()  # looking for doubles, one by one, is not what this is about
    done = again(acme, batch)
    assert (done.status, *counts(done)) == ("done", *expected)
    with tenant_context(acme):
        assert Contact.objects.count() == new + filled
        assert Contact.objects.filter(name__startswith="=HYPERLINK").count() == ROWS // FORMULA
        assert Contact.objects.get(pk=known.pk).email == "persona10@example.com"
        assert Lead.objects.filter(source="feria").count() == new + filled
    undone = undo_file(done, tenant=acme, person=ana, queued=queued)
    with tenant_context(acme):
        assert batches.left_as_is(undone) == 0
        assert digest() == before


@pytest.mark.slow
def test_the_memory_of_a_check_hardly_grows_with_the_file(
    db: None, acme: Any, ana: Person, queued: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tenant_context(acme):
        initial_stage()

    def peak(rows: int) -> int:
        with tenant_context(acme):
            batch = batches.take_in(name="x.csv", content=a_file(rows), user=ana.user, by=ana.actor)
            batches.choose(batch=batch, columns=batch.mapping)
            batches.check(batch=batch)
        queued.clear()
        tracemalloc.start()
        running.work(tenant=acme, batch_id=batch.pk)
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert again(acme, batch).status == "checked"
        return used

    peak(400)
    few, many = peak(1_000), peak(5_000)
    assert (many - few) / 4_000 < 400, (few, many)  # bytes a row: who was in the file already
