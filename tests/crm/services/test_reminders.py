"""Reminders: at their time, once, whatever happens to whoever tells them."""

from datetime import timedelta
from threading import Barrier, Thread
from unittest import mock

import pytest
from django.db import connections
from django.utils import timezone

from crm import tasks as doors
from crm.models import Notification, Task
from crm.services import reminders
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.factories.crm_more import make_task
from tests.support.cast import Cast, Person


def due_reminder(tenant: Tenant, who: Person, **over: object) -> Task:
    with tenant_context(tenant):
        return make_task(assignee=who.user, **{"remind_at": timezone.now() - timedelta(minutes=2), **over})


def told(tenant: Tenant) -> list[tuple[object, dict[str, object]]]:
    with tenant_context(tenant):
        rows = Notification.objects.filter(kind=Notification.Kind.REMINDER)
        return list(rows.values_list("user_id", "facts"))


def test_it_is_told_once_however_often_the_sweep_runs(acme: Tenant, sol: Person) -> None:
    task = due_reminder(acme, sol, title="Llamar a Ñandú")

    doors.remind()
    doors.remind()

    assert told(acme) == [(sol.user.pk, {"title": "Llamar a Ñandú", "late": False})]
    with tenant_context(acme):
        assert Task.objects.get(pk=task.pk).reminded_at is not None


@pytest.mark.parametrize(
    "over",
    [
        {"remind_at": None},
        {"remind_at": timezone.now() + timedelta(hours=1)},
        {"done_at": timezone.now()},
        {"reminded_at": timezone.now()},
    ],
    ids=["none", "later", "done", "told"],
)
def test_nothing_else_is_told(acme: Tenant, sol: Person, over: dict[str, object]) -> None:
    due_reminder(acme, sol, **over)

    doors.remind()

    assert told(acme) == []


def test_one_that_comes_a_day_too_late_says_so(acme: Tenant, sol: Person) -> None:
    due_reminder(acme, sol, remind_at=timezone.now() - timedelta(hours=25))

    doors.remind()

    assert told(acme)[0][1]["late"] is True


def test_a_task_that_is_nobodys_is_marked_and_told_to_nobody(acme: Tenant) -> None:
    with tenant_context(acme):
        make_task(remind_at=timezone.now())

    doors.remind()

    assert told(acme) == []
    with tenant_context(acme):
        assert Task.objects.filter(reminded_at__isnull=False).count() == 1


def test_more_than_a_batch_is_told_in_one_run(acme: Tenant, sol: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reminders, "AT_ONCE", 2)
    for _each in range(5):
        due_reminder(acme, sol)

    assert reminders.run(tenant=acme) == 5
    assert len(told(acme)) == 5


def test_killed_before_the_commit_it_is_told_by_the_next(acme: Tenant, sol: Person) -> None:
    due_reminder(acme, sol)
    with (
        mock.patch.object(reminders.notifications, "notify", side_effect=KeyboardInterrupt),
        pytest.raises(KeyboardInterrupt),
    ):
        reminders.run(tenant=acme)

    assert told(acme) == []
    reminders.run(tenant=acme)
    assert len(told(acme)) == 1


def test_two_workers_at_once_tell_each_once(live_tenants: Cast) -> None:
    acme = live_tenants.acme
    for _each in range(20):
        due_reminder(acme, live_tenants["sol"])
    start = Barrier(3)

    def work() -> None:
        start.wait()
        try:
            reminders.run(tenant=acme)
        finally:
            connections.close_all()

    workers = [Thread(target=work) for _each in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert len(told(acme)) == 20
