"""What a transaction leaves behind when it ends badly: nothing, neither rows nor effects nor a company."""

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from config.lib import commit
from config.lib.ids import uuid7
from crm.models import Contact, Lead
from tenants.context import auth_scope, platform_scope, tenant_context
from tenants.live.services import emit, last_id
from tenants.models import Tenant
from tests.factories.crm import make_contact, make_lead
from tests.support.cast import Cast


def seen_as() -> tuple[str, str]:
    with connection.cursor() as cursor:
        cursor.execute("select current_user, current_schema()")
        return cursor.fetchone()


def test_effects_of_a_transaction_whose_last_statements_fail_never_run(live_tenants: Cast) -> None:
    happened: list[str] = []
    with pytest.raises(TypeError), tenant_context(live_tenants.acme):
        commit.after(lambda: happened.append("of the failed one"))
        emit("LEAD_UPDATED", object="lead", id="1", odd=object())  # no JSON
    with tenant_context(live_tenants.globex):
        commit.after(lambda: happened.append("of the next one"))
    assert happened == ["of the next one"]


def test_rows_of_a_transaction_whose_last_statements_fail_are_gone_and_the_next_one_works(live_tenants: Cast) -> None:
    with pytest.raises(TypeError), tenant_context(live_tenants.acme):
        make_contact(name="left behind")
        emit("LEAD_UPDATED", object="lead", id="1", odd=object())
    with tenant_context(live_tenants.acme):
        assert not Contact.objects.filter(name="left behind").exists()
        emit("LEAD_UPDATED", object="lead", id="2")
    with tenant_context(live_tenants.acme):
        assert last_id() > 0
    with pytest.raises(DatabaseError):
        Contact.objects.count()


def test_a_broken_link_found_at_commit_undoes_everything_and_leaves_no_company(live_tenants: Cast) -> None:
    happened: list[str] = []
    with pytest.raises(IntegrityError), tenant_context(live_tenants.acme):
        lead = make_lead()
        Lead.objects.filter(pk=lead.pk).update(contact_id=uuid7())
        commit.after(lambda: happened.append("effect"))
    assert connection.tenant is None
    assert happened == []
    with tenant_context(live_tenants.acme):
        assert not Lead.objects.filter(pk=lead.pk).exists()


def test_a_company_inside_a_company_ends_where_the_outer_one_goes_on(live_tenants: Cast) -> None:
    acme, globex = live_tenants.acme, live_tenants.globex
    with tenant_context(acme):
        outer = seen_as()
        with tenant_context(globex):
            assert seen_as() == (f"tenant_{globex.pk}", globex.schema_name)
        assert seen_as() == outer
        with pytest.raises(RuntimeError), tenant_context(globex):
            make_contact(name="inner")
            raise RuntimeError
        assert seen_as() == outer == (f"tenant_{acme.pk}", acme.schema_name)
        with pytest.raises(DatabaseError), auth_scope(), connection.cursor() as cursor:
            cursor.execute("select 1 / 0")
        assert seen_as() == outer


def test_a_savepoint_that_is_taken_back_takes_no_company_with_it(live_tenants: Cast) -> None:
    acme = live_tenants.acme
    with auth_scope():
        with pytest.raises(IntegrityError), transaction.atomic(), tenant_context(acme):
            contact = make_contact()
            with transaction.atomic():
                Contact.objects.create(name="twin", phone=contact.phone)
        assert seen_as()[0] == "crm_auth"


def test_a_connection_that_dies_in_the_middle_is_replaced_and_knows_no_company(
    live_tenants: Cast, test_services: object
) -> None:
    acme: Tenant = live_tenants.acme
    with pytest.raises(DatabaseError), tenant_context(acme):
        make_contact(name="cut off")
        with connection.cursor() as cursor:
            cursor.execute("select pg_backend_pid()")
            number = cursor.fetchone()[0]
        with test_services.inside() as inside:  # type: ignore[attr-defined]
            inside.execute("select pg_terminate_backend(%s, 5000)", [number])
        Contact.objects.count()
    assert connection.tenant is None
    with tenant_context(acme):
        assert seen_as()[0] == f"tenant_{acme.pk}"
        assert not Contact.objects.filter(name="cut off").exists()


def test_the_platform_is_not_entered_from_inside_a_company(live_tenants: Cast) -> None:
    with tenant_context(live_tenants.acme), pytest.raises(RuntimeError), platform_scope("by mistake"):
        pass
