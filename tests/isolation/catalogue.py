"""What PostgreSQL's own catalogue says about the walls. Every check returns its complaints; an empty list is peace."""

from collections.abc import Callable, Iterator

import psycopg

# Shared tables that no company's row is in and that a company may read.
OPEN_TABLES = {"django_content_type", "auth_permission"}
# Shared tables without a column `tenant_id` that hold private rows all the same.
PRIVATE_TABLES = {"tenants_tenant", "tenants_user", "tenants_refreshtoken", "django_session"}
# A company's rows may point at these shared tables only: small, rarely written.
SHARED_TARGETS = {"tenants_tenant", "tenants_user"}
LOGIN, OWNER, MEMBER = "crm_app", "crm_owner", "crm_member"
SCOPES = {"crm_platform", "crm_auth", "crm_ingest"}
VERBS = "select,insert,update,delete,truncate,references,trigger"
COMPANY_SCHEMAS = "(n.nspname ~ '^t[0-9]+$' or n.nspname = 'tenant_template')"


def complaints(inside: psycopg.Connection) -> list[str]:
    return [line for check in CHECKS for line in check(inside)]


def _rows(inside: psycopg.Connection, query: str, *params: object) -> list[tuple]:
    return inside.execute(query, list(params) or None).fetchall()


def row_security(inside: psycopg.Connection) -> Iterator[str]:
    """Shared tables with rows of companies force row security, and what they let through depends on the role's name."""
    tables = _rows(
        inside,
        "select c.relname, c.relrowsecurity, c.relforcerowsecurity,"
        " exists(select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped),"
        f" has_table_privilege('{MEMBER}', c.oid, '{VERBS}') or has_any_column_privilege('{MEMBER}', c.oid, 'select,insert,update')"
        " from pg_class c where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace",
    )
    for table, on, forced, has_tenant, reachable in tables:
        needed = has_tenant or table in PRIVATE_TABLES or (reachable and table not in OPEN_TABLES)
        if needed and not (on and forced):
            yield f"{table}: row security is not forced"
    for table, name, qual, check in _rows(
        inside,
        "select c.relname, p.polname, pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)"
        " from pg_policy p join pg_class c on c.oid = p.polrelid"
        f" where p.polroles && array['{MEMBER}'::regrole::oid, 0::oid]",
    ):
        for text in (qual, check):
            if text is not None and "CURRENT_USER" not in text:
                yield f"{table}: policy {name} lets a company through by {text}"


def logins(inside: psycopg.Connection) -> Iterator[str]:
    """Nobody who serves requests owns anything, is a superuser, or passes row security."""
    for role, *rights in _rows(
        inside,
        "select rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication from pg_roles"
        f" where rolname = any(array['{LOGIN}', '{MEMBER}', 'crm_platform', 'crm_auth', 'crm_ingest'])"
        " or rolname ~ '^tenant_[0-9]+$'",
    ):
        if any(rights):
            yield f"{role} has a right of the whole server"
    if _rows(inside, f"select 1 from pg_roles where rolname = '{LOGIN}' and rolinherit"):
        yield f"{LOGIN} inherits what it may enter"
    for relation, owner in _rows(
        inside,
        "select n.nspname || '.' || c.relname, pg_get_userbyid(c.relowner) from pg_class c"
        f" join pg_namespace n on n.oid = c.relnamespace where (n.nspname = 'public' or {COMPANY_SCHEMAS})"
        " and c.relkind in ('r', 'p', 'v', 'm', 'S') and pg_get_userbyid(c.relowner) != %s"
        " and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e')",
        OWNER,
    ):
        yield f"{relation} belongs to {owner}"


def memberships(inside: psycopg.Connection) -> Iterator[str]:
    """A company's role is a member of `crm_member` and nothing else; the login only ever enters."""
    for role, group in _rows(
        inside,
        "select m.rolname, g.rolname from pg_auth_members a join pg_roles m on m.oid = a.member"
        " join pg_roles g on g.oid = a.roleid where m.rolname ~ '^tenant_[0-9]+$' and g.rolname != %s",
        MEMBER,
    ):
        yield f"{role} is a member of {group}"
    for group, inherits, enters in _rows(
        inside,
        "select g.rolname, a.inherit_option, a.set_option from pg_auth_members a join pg_roles g on g.oid = a.roleid"
        " join pg_roles m on m.oid = a.member where m.rolname = %s",
        LOGIN,
    ):
        if inherits or not enters:
            yield f"{LOGIN} has the rights of {group} without entering"
        if group not in SCOPES and not group.startswith("tenant_"):
            yield f"{LOGIN} may enter {group}"
    for role in (MEMBER, *SCOPES):
        if _rows(
            inside, "select 1 from pg_auth_members a join pg_roles m on m.oid = a.member where m.rolname = %s", role
        ):
            yield f"{role} is a member of another role"


def direct_rights(inside: psycopg.Connection) -> Iterator[str]:
    """Outside of a company or scope the login may read and write nothing."""
    for relation in _rows(
        inside,
        "select n.nspname || '.' || c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace"
        f" where (n.nspname = 'public' or {COMPANY_SCHEMAS}) and c.relkind in ('r', 'p', 'v', 'm')"
        f" and (has_table_privilege('{LOGIN}', c.oid, '{VERBS}') or has_any_column_privilege('{LOGIN}', c.oid, 'select,insert,update'))",
    ):
        yield f"{LOGIN} reaches {relation[0]} outside of a company"


def foreign_schemas(inside: psycopg.Connection) -> Iterator[str]:
    """A company's role walks its own schema only, and no scope walks any."""
    roles = (
        "(r.rolname ~ '^tenant_[0-9]+$' or r.rolname = any(array['crm_member','crm_platform','crm_auth','crm_ingest']))"
    )
    own = "n.nspname = 't' || substring(r.rolname from '^tenant_([0-9]+)$')"
    pairs = f"from pg_roles r cross join pg_namespace n where {roles} and {COMPANY_SCHEMAS} and ({own}) is not true"
    for role, schema in _rows(
        inside, f"select r.rolname, n.nspname {pairs} and has_schema_privilege(r.oid, n.oid, 'usage,create')"
    ):
        yield f"{role} may walk schema {schema}"
    for role, relation in _rows(
        inside,
        "select r.rolname, n.nspname || '.' || c.relname from pg_roles r cross join pg_namespace n"
        f" join pg_class c on c.relnamespace = n.oid where {roles} and {COMPANY_SCHEMAS} and ({own}) is not true"
        f" and c.relkind in ('r', 'p', 'v', 'm') and has_table_privilege(r.oid, c.oid, '{VERBS}')",
    ):
        yield f"{role} reaches {relation}"


def links(inside: psycopg.Connection) -> Iterator[str]:
    """No key and no view leads from the shared schema or another company into a company's schema."""
    for source, target, source_schema, target_schema, table in _rows(
        inside,
        "select f.conrelid::regclass::text, f.confrelid::regclass::text, a.nspname, b.nspname, d.relname"
        " from pg_constraint f join pg_class c on c.oid = f.conrelid join pg_namespace a on a.oid = c.relnamespace"
        " join pg_class d on d.oid = f.confrelid join pg_namespace b on b.oid = d.relnamespace where f.contype = 'f'",
    ):
        if target_schema not in ("public", source_schema):
            yield f"{source} points into {target}"
        if source_schema != "public" and target_schema == "public" and table not in SHARED_TARGETS:
            yield f"{source} points at the shared table {target}"
    for (relation,) in _rows(
        inside,
        "select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace"
        f" where c.relkind in ('v', 'm') and (n.nspname = 'public' or {COMPANY_SCHEMAS})",
    ):
        yield f"{relation} is a view: it reads with its owner's rights"
    for (function,) in _rows(
        inside,
        "select p.oid::regprocedure::text from pg_proc p join pg_namespace n on n.oid = p.pronamespace"
        f" where p.prosecdef and (n.nspname = 'public' or {COMPANY_SCHEMAS})",
    ):
        yield f"{function} runs with its owner's rights"


def keys(inside: psycopg.Connection) -> Iterator[str]:
    """Every table has a primary key, and nothing happens behind a statement's back."""
    for (table,) in _rows(
        inside,
        "select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace"
        f" where c.relkind in ('r', 'p') and (n.nspname = 'public' or {COMPANY_SCHEMAS})"
        " and not exists (select from pg_constraint p where p.conrelid = c.oid and p.contype = 'p')",
    ):
        yield f"{table} has no primary key"
    for table, trigger in _rows(
        inside, "select tgrelid::regclass::text, tgname from pg_trigger where not tgisinternal"
    ):
        yield f"{table} has the trigger {trigger}"


def append_only(inside: psycopg.Connection) -> Iterator[str]:
    """The audit trail is only ever added to."""
    for (role,) in _rows(
        inside,
        "select rolname from pg_roles where (rolname ~ '^(crm_|tenant_)') and rolname != %s"
        " and has_table_privilege(oid, 'public.tenants_systemevent', 'update,delete,truncate')",
        OWNER,
    ):
        yield f"{role} may change or delete audit rows"


CHECKS: tuple[Callable[[psycopg.Connection], Iterator[str]], ...] = (
    row_security,
    logins,
    memberships,
    direct_rights,
    foreign_schemas,
    links,
    keys,
    append_only,
)
