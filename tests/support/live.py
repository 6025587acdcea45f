"""Taking committed companies away again."""

from collections.abc import Sequence

import psycopg

from tenants.models import Tenant
from tests.support.cast import Cast
from tests.support.services import Services, drop_role


def drop_cast(cast: Cast, services: Services) -> None:
    """Remove both companies and their people."""
    drop_companies([cast.acme, cast.globex], services, people=[person.user.pk for person in cast.people.values()])


def drop_companies(tenants: Sequence[Tenant], services: Services, *, people: Sequence[object] = ()) -> None:
    """Schemas, database roles and rows of the shared tables."""
    numbers = [tenant.pk for tenant in tenants]
    with services.inside() as inside:
        inside.execute("set session_replication_role = replica")  # in any order: what points at them goes too
        for tenant in tenants:
            inside.execute(f'drop schema if exists "{tenant.schema_name}" cascade')
        for table in _shared_tables(inside, "tenant_id"):
            inside.execute(f'delete from "{table}" where tenant_id = any(%s)', [numbers])
        for table in _shared_tables(inside, "user_id"):
            inside.execute(f'delete from "{table}" where user_id::text = any(%s)', [[str(each) for each in people]])
        inside.execute("delete from tenants_audithead where chain = any(%s)", [numbers])
        inside.execute("delete from tenants_user where id = any(%s)", [list(people)])
        inside.execute("delete from tenants_tenant where id = any(%s)", [numbers])
        for number in numbers:
            inside.execute(f"drop owned by tenant_{number}")
            drop_role(inside, f"tenant_{number}")


def _shared_tables(inside: psycopg.Connection, column: str) -> list[str]:
    rows = inside.execute(
        "select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid"
        " where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace and a.attname = %s and not a.attisdropped",
        [column],
    ).fetchall()
    return [row[0] for row in rows]
