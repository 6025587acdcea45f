"""The database's own words about who may reach what, and proof that the check would see each kind of hole."""

import psycopg
import pytest

from tests.isolation.catalogue import complaints
from tests.support.cast import Cast
from tests.support.services import Services

# Each is a mistake somebody could make in a migration. {own} and {other} are schemas, {acme} and {globex} roles.
HOLES = {
    "row security off": "alter table tenants_membership disable row level security",
    "row security not forced": "alter table tenants_credential no force row level security",
    "a policy for everybody": "create policy oops on ingest_inboundevent to public using (true)",
    "a policy for companies that looks at nothing": "create policy oops on tenants_datakey to crm_member using (true)",
    "a policy that trusts a setting": (
        "create policy oops on tenants_credential to crm_member"
        " using (tenant_id = nullif(current_setting('app.tenant', true), '')::bigint)"
    ),
    "inserting for others": "create policy oops on tenants_membership for insert to crm_member with check (true)",
    "a new shared table without walls": "create table new_things (id bigint primary key, tenant_id bigint)",
    "a new readable table without walls": (
        "create table new_things (id bigint primary key); grant select on new_things to crm_member"
    ),
    "the login passes row security": "alter role crm_app bypassrls",
    "the login is a superuser": "alter role crm_app superuser",
    "the login inherits": "alter role crm_app inherit",
    "a company's role may make roles": "alter role {acme} createrole",
    "the login owns a table": "alter table tenants_credential owner to crm_app",
    "the login reads directly": "grant select on tenants_user to crm_app",
    "the login reads a company directly": "grant select on {own}.crm_contact to crm_app",
    "everybody reads": "grant select on tenants_user to public",
    "one column is open to the login": "grant select (email) on tenants_user to crm_app",
    "a company reads another one": "grant usage on schema {other} to {acme}",
    "a company writes another one": "grant insert on {other}.crm_contact to {acme}",
    "every company walks a schema": "grant usage on schema {other} to crm_member",
    "the platform walks a schema": "grant usage on schema {other} to crm_platform",
    "a company is another company": "grant {globex} to {acme}",
    "a company is the platform": "grant crm_platform to {acme}",
    "companies are the platform": "grant crm_platform to crm_member",
    "the login is a company without entering": "grant {acme} to crm_app with inherit true, set true",
    "the login may become the owner": "grant crm_owner to crm_app with inherit false, set true",
    "a view over a company": "create view leads as select * from {own}.crm_lead",
    "a function with its owner's rights": (
        "create function peek() returns bigint language sql security definer as 'select count(*) from {own}.crm_lead'"
    ),
    "a shared row points into a company": (
        "alter table tenants_user add column contact uuid references {own}.crm_contact (id)"
    ),
    "one company points into another": (
        "alter table {own}.crm_contact add column twin uuid references {other}.crm_contact (id)"
    ),
    "a company points at a busy shared table": (
        "alter table {own}.crm_contact add column event bigint references tenants_systemevent (id)"
    ),
    "a table without a key": "create table new_things (name text)",
    "a trigger": (
        "create function nothing() returns trigger language plpgsql as 'begin return new; end';"
        "create trigger t before insert on tenants_user for each row execute function nothing()"
    ),
    "audit rows may be changed": "grant update on tenants_systemevent to crm_member",
    "audit rows may be deleted": "grant delete on tenants_systemevent to crm_platform",
}


def test_nothing_is_open(test_services: Services, session_cast: Cast) -> None:
    with test_services.inside() as inside:
        assert complaints(inside) == []


@pytest.mark.parametrize("hole", HOLES)
def test_a_hole_is_seen(hole: str, test_services: Services, session_cast: Cast) -> None:
    """The hole is dug in a transaction that is rolled back; roles are the cluster's, so nobody else ever meets it."""
    names = {
        "own": f'"{session_cast.acme.schema_name}"',
        "other": f'"{session_cast.globex.schema_name}"',
        "acme": f"tenant_{session_cast.acme.pk}",
        "globex": f"tenant_{session_cast.globex.pk}",
    }
    with test_services.inside() as inside:
        with inside.transaction(force_rollback=True):
            inside.execute("set local lock_timeout = '5s'")
            inside.execute(HOLES[hole].format(**names))
            assert complaints(inside)
        assert complaints(inside) == []


def test_the_judge_sees_more_than_the_judged(test_services: Services) -> None:
    with test_services.inside() as inside:
        assert inside.execute("select rolsuper from pg_roles where rolname = current_user").fetchone() == (True,)
        inside.execute("set role crm_app")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            inside.execute("select 1 from tenants_user")
