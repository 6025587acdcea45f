"""The chain as it grows: one per company, unbroken under concurrency, and closed to every role that only adds."""

from contextlib import nullcontext
from functools import partial

import pytest
from django.db import DatabaseError, connection, transaction

from tenants.context import auth_scope, platform_scope, tenant_context
from tenants.live.services import emit
from tenants.models import SystemEvent, Tenant
from tenants.services import audit
from tests.support.cast import Cast
from tests.support.together import at_once
from tests.tenants.audit.trail import ANA, events, problems, tell

SCOPES = {"platform": lambda: platform_scope("test"), "auth": auth_scope}
CHANGES = [
    "update tenants_systemevent set action = 'nothing'",
    "update tenants_systemevent set redacted_at = now(), salt = null, actor_label = '', diff = '{}'",
    "delete from tenants_systemevent",
    "truncate tenants_systemevent",
    "alter table tenants_systemevent disable row level security",
    "delete from tenants_audithead",
    "truncate tenants_audithead",
]


def test_an_untouched_trail_holds(acme: Tenant) -> None:
    tell(acme, 20)
    assert problems(acme) == []
    assert [each.position for each in events(acme)][-20:] == list(range(len(events(acme)) - 19, len(events(acme)) + 1))


def test_each_company_has_a_chain_of_its_own(acme: Tenant, globex: Tenant) -> None:
    before = len(events(globex))
    tell(acme, 5)
    tell(globex, 1)
    assert events(globex)[-1].position == before + 1
    assert problems(acme) == problems(globex) == []


def test_what_was_undone_leaves_no_event_and_no_gap(acme: Tenant) -> None:
    tell(acme, 1)
    with tenant_context(acme):
        audit.record(action="never", by=ANA)
        transaction.set_rollback(True)
    tell(acme, 1)
    assert "never" not in [each.action for each in events(acme)]
    assert problems(acme) == []


@pytest.mark.parametrize("statement", CHANGES)
@pytest.mark.parametrize("role", ["tenant", *SCOPES])
def test_no_role_of_the_product_may_change_what_was_written(role: str, statement: str, acme: Tenant) -> None:
    tell(acme, 2)
    scope = SCOPES.get(role, partial(tenant_context, acme))
    with pytest.raises(DatabaseError), scope(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert problems(acme) == []


def test_a_company_does_not_add_to_anothers_trail(acme: Tenant, globex: Tenant) -> None:
    with pytest.raises(DatabaseError), tenant_context(acme), connection.cursor() as cursor:
        cursor.execute("update tenants_audithead set position = 0 where chain = %s returning 1", [globex.pk])
        assert cursor.fetchall() == []
        cursor.execute("insert into tenants_audithead (chain, position, hash) values (%s, 1, '')", [globex.pk + 1])


def test_eight_at_once_make_one_unbroken_chain(live_tenants: Cast) -> None:
    """With live events in the same transactions, whose counter is locked as well: nobody waits in a circle."""
    acme = live_tenants.acme
    before = len(events(acme))

    def many(place: int) -> None:
        for number in range(100):
            with tenant_context(acme):
                if number % 2:
                    emit("LEAD_UPDATED", object="lead", id=f"{place}-{number}")
                audit.record(action="contact.updated", by=ANA, resource=("contact", f"{place}-{number}"))
                if not number % 2:
                    emit("LEAD_UPDATED", object="lead", id=f"{place}-{number}")

    answers = at_once([partial(many, place) for place in range(8)], nullcontext)
    assert answers == [None] * 8
    with tenant_context(acme):
        assert SystemEvent.objects.filter(tenant_id=acme.pk).count() == before + 800
    assert problems(acme) == []
