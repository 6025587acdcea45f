"""Work that lost its worker is found again, and files go with their time."""

import os
import time
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.utils import timezone

from crm.importing import batches, files, running, tidying
from crm.models import Contact, ImportBatch
from tenants.context import tenant_context
from tests.crm.importing.sheets import again, check_file, csv_of, import_file
from tests.factories.crm import initial_stage
from tests.support.cast import Person
from tests.support.tasks import Queue, run_task

pytestmark = pytest.mark.usefixtures("db")
CONTENT = csv_of("name,phone", "Ana,+5491155550001")


@pytest.fixture
def world(acme: Any, ana: Person, queued: Queue) -> dict[str, Any]:
    with tenant_context(acme):
        initial_stage()
    return {"tenant": acme, "person": ana, "queued": queued}


def test_the_sweep_finds_what_lost_its_wake_up(world: dict[str, Any]) -> None:
    tenant, ana, queued = world["tenant"], world["person"], world["queued"]
    batch = check_file(CONTENT, **world)
    with tenant_context(tenant):
        batches.start(batch=batches.import_for(ana.member, batch.pk, lock=True), by=ana.actor)
    queued.clear()
    run_task("crm.tasks.sweep_imports")
    queued.drain()
    assert again(tenant, batch).status == "done"


def test_a_lease_keeps_others_away_until_it_ends(world: dict[str, Any]) -> None:
    tenant, ana = world["tenant"], world["person"]
    batch = check_file(CONTENT, **world)
    with tenant_context(tenant):
        batches.start(batch=batches.import_for(ana.member, batch.pk, lock=True), by=ana.actor)
    assert running._take(tenant, batch.pk) is not None
    assert running._take(tenant, batch.pk) is None
    with tenant_context(tenant):
        assert running.due_ids(timezone.now()) == []
        assert running.due_ids(timezone.now() + running.LEASE * 2) == [batch.pk]


def test_whoever_may_no_longer_import_ends_the_work(world: dict[str, Any], cast: Any) -> None:
    tenant, rita = world["tenant"], cast["rita"]
    batch = check_file(CONTENT, **{**world, "person": rita})
    with tenant_context(tenant):
        batches.start(batch=batches.import_for(rita.member, batch.pk, lock=True), by=rita.actor)
        ImportBatch.objects.update(user_id=cast["sol"].user.pk)
    world["queued"].drain()
    assert again(tenant, batch).status == "failed"
    with tenant_context(tenant):
        assert not Contact.objects.exists()


def test_a_file_that_is_gone_is_told_in_words(world: dict[str, Any]) -> None:
    tenant, ana = world["tenant"], world["person"]
    batch = check_file(CONTENT, **world)
    files.remove(tenant, batch.file)
    with tenant_context(tenant):
        batches.start(batch=batches.import_for(ana.member, batch.pk, lock=True), by=ana.actor)
    world["queued"].drain()
    done = again(tenant, batch)
    assert (done.status, bool(done.error)) == ("failed", True)


def test_files_go_with_their_time_and_orphans_at_once(world: dict[str, Any]) -> None:
    tenant = world["tenant"]
    old, new = import_file(CONTENT, **world), import_file(CONTENT, **world)
    orphan = f"{files.SHEETS.name}/orphan"
    files.write(tenant, orphan, b"x")
    past = time.time() - 2 * tidying.ORPHAN_SECONDS
    os.utime(files.path_of(tenant, orphan), (past, past))
    with tenant_context(tenant):
        ImportBatch.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=31))
    cache.clear()
    run_task("crm.tasks.sweep_imports")
    assert [path for path, _changed in files.stored(tenant)] == [new.file]
    assert again(tenant, old).sample == []
    assert again(tenant, old).created == 1
