"""Many leads at once in a worker: found again, stopped, gone on with after a death, never done twice."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from crm.domain import bulk as rules
from crm.models import BulkAction, BulkChange, Lead, Notification, Task
from crm.services import bulk, bulk_acts
from crm.tasks import sweep_bulk
from tenants.context import platform_scope, tenant_context
from tenants.models import Membership, Tenant
from tests.factories.crm import make_contact, make_lead
from tests.support.cast import Person
from tests.support.tasks import Queue

COUNT = 130


@pytest.fixture
def begun(acme: Tenant, ana: Person) -> BulkAction:
    """A task for each of 130 leads, left to a worker."""
    assert ana.member
    with tenant_context(acme):
        contact = make_contact()
        leads = [make_lead(contact=contact).pk for _each in range(COUNT)]
        arguments = {"title": "Llamar", "due_at": "2027-01-04T09:00:00+00:00"}
        return bulk.begin(kind="task", arguments=arguments, leads=leads, member=ana.member, by=ana.actor)


def now(acme: Tenant, action: BulkAction) -> BulkAction:
    with tenant_context(acme):
        return BulkAction.objects.get(pk=action.pk)


def tasks(acme: Tenant) -> int:
    with tenant_context(acme):
        return Task.objects.count()


def test_a_worker_does_what_is_too_much_for_an_answer_and_tells(
    acme: Tenant, ana: Person, begun: BulkAction, queued: Queue
) -> None:
    assert begun.status == "waiting"
    assert tasks(acme) == 0

    queued.drain()

    done = now(acme, begun)
    assert (done.status, done.done, done.refused, done.leased_until) == ("done", COUNT, 0, None)
    assert tasks(acme) == COUNT
    with tenant_context(acme):
        assert Notification.objects.filter(user_id=ana.user.pk, kind="done").count() == 1


def test_a_worker_that_dies_loses_its_batch_and_the_next_one_goes_on(
    acme: Tenant, begun: BulkAction, queued: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    queued.clear()
    calls = iter(range(10**6))
    true = bulk_acts.tasks.create_task

    def dying(**given: Any) -> Any:
        if next(calls) == 70:  # in the middle of the second batch
            raise SystemExit
        return true(**given)

    with monkeypatch.context() as patch:
        patch.setattr(bulk_acts.tasks, "create_task", dying)
        with pytest.raises(SystemExit):
            bulk.run(tenant=acme, action_id=begun.pk)
    assert tasks(acme) == rules.BATCH
    assert now(acme, begun).done == rules.BATCH
    sweep_bulk()
    assert not queued.named("run_bulk")  # its lease still holds

    with tenant_context(acme):
        BulkAction.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    sweep_bulk()
    queued.drain()

    assert now(acme, begun).status == "done"
    assert tasks(acme) == COUNT


def test_a_worker_whose_lease_was_taken_stops(acme: Tenant, begun: BulkAction, queued: Queue) -> None:
    queued.clear()
    with tenant_context(acme):
        old = bulk._take(begun.pk)
        BulkAction.objects.update(leased_until=timezone.now() + timedelta(minutes=5))
    assert old is not None
    with tenant_context(acme):
        assert bulk._next_batch(acme, begun.pk, old, last=False) is None

    assert tasks(acme) == 0


def test_a_stopped_act_leaves_the_rest_and_can_be_taken_back(
    acme: Tenant, ana: Person, begun: BulkAction, queued: Queue
) -> None:
    queued.clear()
    with tenant_context(acme):
        lease = bulk._take(begun.pk)
    assert lease is not None
    with tenant_context(acme):
        lease = bulk._next_batch(acme, begun.pk, lease, last=False)
    assert lease is not None
    assert ana.member
    with tenant_context(acme):
        bulk.stop(action=begun, by=ana.actor)
    with tenant_context(acme):
        assert bulk._next_batch(acme, begun.pk, lease, last=False) is None
    assert tasks(acme) == rules.BATCH

    with tenant_context(acme):
        bulk.undo(action=begun, member=ana.member, by=ana.actor)
    queued.drain()

    assert tasks(acme) == 0
    assert now(acme, begun).status == "undone"
    with tenant_context(acme):
        assert BulkChange.objects.filter(state="waiting").count() == COUNT - rules.BATCH


def test_a_turn_that_is_over_lets_others_work_first(
    acme: Tenant, begun: BulkAction, queued: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    queued.clear()
    monkeypatch.setattr(rules, "TURN", timedelta(0))
    bulk.run(tenant=acme, action_id=begun.pk)

    assert tasks(acme) == rules.BATCH
    assert len(queued.named("run_bulk")) == 1
    queued.drain()
    assert tasks(acme) == COUNT


def test_whoever_lost_access_no_longer_acts(acme: Tenant, ana: Person, begun: BulkAction, queued: Queue) -> None:
    with platform_scope("test"):
        Membership.objects.filter(user_id=ana.user.pk).update(status=Membership.Status.SUSPENDED)

    queued.drain()

    assert now(acme, begun).status == "stopped"
    assert tasks(acme) == 0


def test_a_lead_erased_meanwhile_is_no_obstacle(acme: Tenant, begun: BulkAction, queued: Queue) -> None:
    with tenant_context(acme):
        Lead.objects.filter(pk=Lead.objects.values_list("pk", flat=True)[0]).delete()

    queued.drain()

    done = now(acme, begun)
    assert (done.status, done.done) == ("done", COUNT - 1)
