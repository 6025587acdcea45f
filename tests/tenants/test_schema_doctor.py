"""Every kind of drift is planted by a superuser and then seen, mended or refused. A schema in order is found in order."""

from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import psycopg
import pytest
from django.apps import apps
from django.core.management import call_command

from tenants import rls
from tenants.context import tenant_context
from tenants.db.current import connection
from tenants.models import Tenant
from tenants.services import provisioning, schema_doctor
from tenants.services.schema_doctor import SHARED
from tests.support import services
from tests.support.cast import make_company
from tests.support.release import own_database


@pytest.fixture(scope="module")
def stage(
    test_services: services.Services, django_db_blocker: Any
) -> Iterator[tuple[psycopg.Connection, list[Tenant]]]:
    """A database with three companies, seen by a superuser."""
    with django_db_blocker.unblock(), own_database(test_services), test_services.inside() as judge:
        yield judge, [make_company(slug=f"firm-{number}") for number in range(3)]


@pytest.fixture
def judge(stage: tuple[psycopg.Connection, list[Tenant]], django_db_blocker: Any) -> Iterator[psycopg.Connection]:
    with django_db_blocker.unblock():
        yield stage[0]


@pytest.fixture
def company(stage: tuple[psycopg.Connection, list[Tenant]], judge: psycopg.Connection) -> Iterator[Tenant]:
    """One of the companies; made anew when the test is over."""
    tenant = stage[1][1]
    yield tenant
    judge.execute(f'drop schema if exists "{tenant.schema_name}" cascade')
    with provisioning.transaction.atomic(using="owner"), provisioning.connections["owner"].cursor() as cursor:
        cursor.execute(provisioning.schema_sql(tenant))


def run(*arguments: str) -> tuple[int, str]:
    """Exit code and words of the command."""
    said = StringIO()
    try:
        call_command("schema_doctor", *arguments, stdout=said)
    except SystemExit as end:
        return int(end.code or 0), said.getvalue()
    return 0, said.getvalue()


def test_every_schema_is_as_the_migrations_say(judge: psycopg.Connection) -> None:
    code, said = run()
    assert code == 0, said


def test_a_compiled_company_equals_one_whose_migrations_ran(company: Tenant, judge: psycopg.Connection) -> None:
    """The seeds had rival definitions of one schema; here the quick way and the long way lead to the same."""
    schema = company.schema_name
    judge.execute(f'drop schema "{schema}" cascade')
    provisioning.migrate_schema(schema)
    with provisioning.connections["owner"].cursor() as cursor:
        cursor.execute(provisioning.role_sql(schema, f"tenant_{company.pk}"))
    assert run("--company", company.slug)[0] == 0


def test_every_model_finds_its_columns(company: Tenant) -> None:
    """The seeds read `occurred_at` where `created_at` was written."""
    with tenant_context(company), connection.cursor() as cursor:
        for model in apps.get_models():
            if model._meta.app_label in provisioning.tenant_labels() and model._meta.managed:
                columns = ", ".join(f'"{field.column}"' for field in model._meta.concrete_fields)
                cursor.execute(f'select {columns} from "{model._meta.db_table}" limit 0')


# What is planted, what the doctor says about it, and the word for what it does then.
IN_A_COMPANY: dict[str, tuple[str, str, str]] = {
    "nullable column dropped": (
        "alter table {s}.crm_contact drop column opted_out_at",
        "column crm_contact.opted_out_at is missing",
        "repaired",
    ),
    "index dropped": ("drop index {s}.{index}", "index {index} of {index_table} is missing", "repaired"),
    "table dropped": (
        "drop table {s}.live_idempotentrequest cascade",
        "table live_idempotentrequest is missing",
        "repaired",
    ),
    "grant revoked": (
        "revoke update, delete on {s}.crm_lead from {r}",
        "grant on crm_lead to company: rights is INSERT,SELECT instead of DELETE,INSERT,SELECT,UPDATE",
        "repaired",
    ),
    "all grants revoked": (
        "revoke all on {s}.crm_lead from {r}",
        "grant on crm_lead to company is missing",
        "repaired",
    ),
    "schema closed": ("revoke usage on schema {s} from {r}", "the company's role", "repaired"),
    "entering taken away": ("revoke {r} from crm_app granted by crm_owner", "the company's role", "repaired"),
    "default rights gone": (
        "alter default privileges for role crm_owner in schema {s} revoke all on tables from {r}",
        "default rights of the company's role",
        "repaired",
    ),
    "type changed": (
        "alter table {s}.crm_lead alter column interest type varchar(7)",
        "column crm_lead.interest: type is character varying(7) instead of",
        "refused",
    ),
    "not null dropped": (
        "alter table {s}.crm_stage alter column name drop not null",
        "column crm_stage.name: not null is no instead of yes",
        "refused",
    ),
    "required column dropped": (
        "alter table {s}.crm_stage drop column name",
        "column crm_stage.name is missing",
        "refused",
    ),
    "default added": (
        "alter table {s}.crm_stage alter column name set default 'x'",
        "column crm_stage.name: default is 'x'",
        "refused",
    ),
    "column added": (
        "alter table {s}.crm_stage add column extra text",
        "column crm_stage.extra is not in any migration",
        "refused",
    ),
    "table added": ("create table {s}.extra (id bigint)", "table extra is not in any migration", "refused"),
    "constraint dropped": (
        "alter table {s}.{constraint_table} drop constraint {constraint}",
        "constraint {constraint} of {constraint_table} is missing",
        "refused",
    ),
    "right too many": ("grant truncate on {s}.crm_lead to {r}", "grant on crm_lead to company: rights is", "refused"),
    "right of a stranger": (
        "grant select on {s}.crm_lead to {o}",
        "grant on crm_lead to {o} is not in any migration: SELECT",
        "refused",
    ),
    "right for everybody": ("grant select on {s}.crm_lead to public", "grant on crm_lead to public is not", "refused"),
    "storage changed": (
        "alter table {s}.rag_chunk alter column embedding set storage external",
        "column rag_chunk.embedding: storage is e instead of m",
        "refused",
    ),
    "trigger added": (
        "create trigger odd before update on {s}.crm_lead for each row execute function suppress_redundant_updates_trigger()",
        "trigger odd of crm_lead is not in any migration",
        "refused",
    ),
    "owner changed": ("alter table {s}.crm_lead owner to postgres", "table crm_lead: owner is postgres", "refused"),
}


@pytest.mark.parametrize("name", IN_A_COMPANY)
def test_drift_of_a_company(
    name: str,
    company: Tenant,
    judge: psycopg.Connection,
    stage: tuple[psycopg.Connection, list[Tenant]],
) -> None:
    plant, says, then = IN_A_COMPANY[name]
    words = _named(judge, company, stage[1][0])
    judge.execute(plant.format(**words))
    only = ("--company", company.slug)
    code, said = run(*only)
    assert code == 1
    assert f"{company.slug}: {says.format(**words)}" in said
    assert "in 1 schemas" in said
    code, said = run("--repair", *only)
    assert (code, "not repaired: " in said) == ((0, False) if then == "repaired" else (1, True)), said
    assert run(*only)[0] == code


def _named(judge: psycopg.Connection, company: Tenant, other: Tenant) -> dict[str, str]:
    schema = company.schema_name
    index = judge.execute(
        "select i.tablename, i.indexname from pg_indexes i where i.schemaname = %s and i.tablename = 'crm_lead'"
        " and not exists (select from pg_constraint c where c.conname = i.indexname) order by 2 limit 1",
        [schema],
    ).fetchone()
    constraint = judge.execute(
        "select c.conrelid::regclass::text, c.conname from pg_constraint c join pg_namespace n on n.oid = c.connamespace"
        " where n.nspname = %s and c.contype = 'c' order by 2 limit 1",
        [schema],
    ).fetchone()
    assert index
    assert constraint
    return {
        "s": f'"{schema}"',
        "r": f"tenant_{company.pk}",
        "o": f"tenant_{other.pk}",
        "index_table": index[0],
        "index": index[1],
        "constraint_table": constraint[0].partition(".")[2],
        "constraint": constraint[1],
    }


def test_what_was_repaired_works_again(company: Tenant, judge: psycopg.Connection) -> None:
    schema = company.schema_name
    judge.execute(f'drop table "{schema}".live_liveevent cascade')
    judge.execute(f'alter table "{schema}".crm_contact drop column opted_out_at')
    assert run("--repair")[0] == 0
    with tenant_context(company), connection.cursor() as cursor:
        cursor.execute("select count(*) from live_liveevent")
        cursor.execute("select opted_out_at from crm_contact")


def test_a_repair_that_postgresql_refuses_is_told(company: Tenant, judge: psycopg.Connection) -> None:
    """A unique index over rows that are no longer unique."""
    schema = company.schema_name
    provisioning.complete(company)
    judge.execute(f'drop index "{schema}".stage_initial_of_pipeline')
    judge.execute(f'update "{schema}".crm_stage set is_initial = true')
    code, said = run("--repair")
    assert code == 1
    assert "not repaired: PostgreSQL refused it: could not create unique index" in said
    judge.execute(f'update "{schema}".crm_stage set is_initial = (code = (select min(code) from "{schema}".crm_stage))')
    assert run("--repair")[0] == 0


IN_THE_SHARED_SCHEMA: dict[str, tuple[str, str, str, str]] = {
    "row security off": (
        "alter table tenants_membership disable row level security",
        "alter table tenants_membership enable row level security",
        "table tenants_membership: row security is no instead of yes",
        "refused",
    ),
    "row security not forced": (
        "alter table tenants_credential no force row level security",
        "alter table tenants_credential force row level security",
        "table tenants_credential: forced row security is no instead of yes",
        "refused",
    ),
    "policy widened": (
        "alter policy own_rows on tenants_domain using (true)",
        f"alter policy own_rows on tenants_domain using (tenant_id = {rls.TENANT})",
        "policy own_rows of tenants_domain: using is true instead of",
        "refused",
    ),
    "right too many": (
        "grant update, delete on tenants_systemevent to crm_member",
        "revoke update, delete on tenants_systemevent from crm_member",
        "grant on tenants_systemevent to crm_member: rights is",
        "refused",
    ),
    "right missing": (
        "revoke select on tenants_domain from crm_auth",
        "",
        "grant on tenants_domain to crm_auth",
        "repaired",
    ),
    "right to a column missing": (
        "revoke update (name) on tenants_tenant from crm_member",
        "",
        "grant on tenants_tenant to crm_member (name) is missing",
        "repaired",
    ),
    "index missing": ("drop index tenants_domain_tenant_id_{h}", "", "of tenants_domain is missing", "repaired"),
    "column missing": (
        "alter table tenants_tenant drop column node",
        "",
        "column tenants_tenant.node is missing",
        "repaired",
    ),
    "unknown table": ("create table odd (id bigint)", "drop table odd", "table odd is not in any migration", "refused"),
}


@pytest.mark.parametrize("name", IN_THE_SHARED_SCHEMA)
def test_drift_of_the_shared_schema(name: str, judge: psycopg.Connection) -> None:
    plant, undo, says, then = IN_THE_SHARED_SCHEMA[name]
    if "{h}" in plant:
        row = judge.execute(
            "select indexname from pg_indexes where tablename = 'tenants_domain' and indexname like '%tenant_id%'"
        ).fetchone()
        assert row
        plant = f"drop index {row[0]}"
    judge.execute(plant)
    try:
        code, said = run()
        assert code == 1
        assert "shared schema: " in said
        assert says in said
        code, said = run("--repair")
        assert (code, "not repaired: " in said) == ((0, False) if then == "repaired" else (1, True)), said
    finally:
        if undo:
            judge.execute(undo)
    code, said = run()
    assert code == 0, said


def test_a_company_that_is_behind_is_named_and_not_taken_apart(company: Tenant, judge: psycopg.Connection) -> None:
    judge.execute("update tenants_tenant set schema_version = 'older' where id = %s", [company.pk])
    try:
        code, said = run()
        assert code == 1
        assert (
            said
            == f"{company.slug}: behind the present migrations: run migrate_all\n0 differences in 0 schemas, 1 companies behind\n"
        )
    finally:
        judge.execute(
            "update tenants_tenant set schema_version = %s where id = %s", [provisioning.fingerprint(), company.pk]
        )


def test_a_company_in_order_costs_no_statement_of_its_own(
    stage: tuple[psycopg.Connection, list[Tenant]],
    judge: psycopg.Connection,
    django_assert_max_num_queries: Callable[..., Any],
) -> None:
    companies = {tenant.schema_name: tenant.slug for tenant in stage[1]}
    with django_assert_max_num_queries(4, connection=provisioning.connections["owner"]):  # two of them BEGIN and COMMIT
        assert list(schema_doctor._companies(companies)) == []


def test_a_schema_that_is_gone_is_told_table_by_table(judge: psycopg.Connection) -> None:
    found = list(schema_doctor._companies({"t0": "nobody"}))
    assert "table crm_lead is missing" in [str(each) for each in found]
    assert all(each.found is None for each in found)


def test_nothing_of_an_examination_stays_behind(judge: psycopg.Connection) -> None:
    before = judge.execute("select count(*) from pg_namespace").fetchone()
    schema_doctor.examine()
    assert judge.execute("select count(*) from pg_namespace").fetchone() == before
    assert judge.execute("select count(*) from pg_tables where schemaname = %s", [SHARED]).fetchone()
