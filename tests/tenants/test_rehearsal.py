"""The rolled-back tests stand on this: a transaction inside one behaves like a real one."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from threading import Thread

import pytest
from django.db import connection, transaction
from django.db.transaction import TransactionManagementError
from django.db.utils import IntegrityError, ProgrammingError

from config.lib import commit
from crm.models import Contact, Lead
from tenants.context import auth_scope, tenant_context
from tenants.domain.actor import Actor
from tenants.live.models import LiveEvent
from tenants.live.services import emit
from tenants.models import Tenant, User
from tenants.services import audit
from tests.factories.crm import initial_stage
from tests.support.cast import Cast, Person
from tests.support.statements import Statements
from tests.support.tasks import Queue


def test_outside_of_a_company_every_query_is_refused_and_the_next_one_still_works(acme: Tenant) -> None:
    with pytest.raises(ProgrammingError):
        Contact.objects.count()
    with pytest.raises(ProgrammingError):
        User.objects.count()
    with tenant_context(acme):
        assert Contact.objects.count() == 0


def test_effects_run_when_the_transaction_ends_and_not_before(acme: Tenant, queued: Queue) -> None:
    done: list[str] = []
    with tenant_context(acme):
        commit.queue("some.task", word="hola")
        commit.after(lambda: done.append("after"))
        emit("NEW_LEAD", object="lead", id="marker")
        assert not done
        assert len(queued) == 0
        assert not LiveEvent.objects.filter(data__id="marker").exists()
    assert done == ["after"]
    assert [(task.name, task.tenant_id, task.arguments) for task in queued] == [
        ("some.task", acme.pk, {"word": "hola"})
    ]
    with tenant_context(acme):
        assert LiveEvent.objects.get(data__id="marker").type == "NEW_LEAD"


def test_a_failed_transaction_leaves_no_row_and_no_effect(acme: Tenant, queued: Queue) -> None:
    def fail() -> None:
        with tenant_context(acme):
            Contact.objects.create(name="Nadie")
            commit.queue("some.task")
            emit("NEW_LEAD", object="lead", id="marker")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert len(queued) == 0
    with tenant_context(acme):
        assert not Contact.objects.exists()
        assert not LiveEvent.objects.filter(data__id="marker").exists()


def test_effects_see_no_company_unless_they_enter_one(acme: Tenant) -> None:
    seen: list[object] = []

    def effect() -> None:
        with pytest.raises(ProgrammingError):
            Contact.objects.count()
        with tenant_context(acme):
            seen.append(Contact.objects.count())

    with tenant_context(acme):
        Contact.objects.create(name="Ada")
        commit.after(effect)
    assert seen == [1]


def test_a_broken_foreign_key_shows_at_the_end_of_the_transaction(acme: Tenant) -> None:
    with pytest.raises(IntegrityError), tenant_context(acme):
        Lead.objects.create(contact_id="00000000-0000-7000-8000-000000000000", stage=initial_stage())
    with tenant_context(acme):
        assert not Lead.objects.exists()


def test_a_savepoint_may_fail_inside(acme: Tenant) -> None:
    with tenant_context(acme):
        Contact.objects.create(name="Uno", phone="+5491100000001")
        with pytest.raises(IntegrityError), transaction.atomic():
            Contact.objects.create(name="Dos", phone="+5491100000001")
        Contact.objects.create(name="Tres", phone="+5491100000003")
    with tenant_context(acme):
        assert Contact.objects.count() == 2


def test_scopes_nest_and_return(acme: Tenant, ana: Person) -> None:
    with tenant_context(acme):
        Contact.objects.create(name="Ada")
        with auth_scope():
            audit.record(action="login", by=Actor.system("test"), tenant_id=acme.pk)
            with pytest.raises(ProgrammingError), transaction.atomic():
                Contact.objects.count()
        assert Contact.objects.count() == 1


def test_the_code_is_told_whether_a_transaction_is_open(acme: Tenant) -> None:
    assert not connection.in_atomic_block
    with pytest.raises(TransactionManagementError):
        transaction.set_rollback(True)
    with tenant_context(acme):
        assert connection.in_atomic_block
        with transaction.atomic():
            assert connection.in_atomic_block
    assert not connection.in_atomic_block


def test_a_transaction_marked_for_rollback_is_undone(acme: Tenant, queued: Queue) -> None:
    with tenant_context(acme):
        Contact.objects.create(name="Nadie")
        commit.queue("some.task")
        transaction.set_rollback(True)
    assert len(queued) == 0
    with tenant_context(acme):
        assert not Contact.objects.exists()


def test_statements_are_counted_with_begin_and_context_as_one_and_commit(
    acme: Tenant, statements: Callable[[], AbstractContextManager[Statements]]
) -> None:
    with statements() as seen, tenant_context(acme):
        Contact.objects.count()
    assert [each.split()[0] for each in seen.sql] == ["BEGIN", "SELECT", "COMMIT"]


def test_statements_are_counted_the_same_in_a_real_transaction(
    live_tenants: Cast, statements: Callable[[], AbstractContextManager[Statements]]
) -> None:
    with statements() as seen, tenant_context(live_tenants.acme):
        Contact.objects.count()
    assert [each.split()[0] for each in seen.sql] == ["BEGIN", "SELECT", "COMMIT"]


def test_nothing_of_another_test_is_left(acme: Tenant) -> None:
    with tenant_context(acme):
        assert not Contact.objects.exists()


def test_live_companies_are_committed_for_other_threads(live_tenants: Cast) -> None:
    found: list[int] = []
    with tenant_context(live_tenants.acme):
        Contact.objects.create(name="Ada")

    def look() -> None:
        with tenant_context(live_tenants.acme):
            found.append(Contact.objects.count())
        connection.close()

    thread = Thread(target=look)
    thread.start()
    thread.join()
    assert found == [1]
