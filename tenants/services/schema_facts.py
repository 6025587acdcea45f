"""What PostgreSQL's catalogs say about schemas, as plain facts that can be compared: one query for any number of schemas.

A fact is a kind, a table, a name and a detail. The schema's own name and, for companies, the role's are taken out of it, so that two
companies that are alike have the same facts.
"""

from typing import NamedTuple

from django.db import connections

from tenants.services.provisioning import OWNER, TEMPLATE_SCHEMA

COMPANY_ROLE = "company"
TABLE_RIGHTS, SEQUENCE_RIGHTS = "DELETE,INSERT,SELECT,UPDATE", "SELECT,USAGE"
DEFAULT_RIGHTS = f"S:{SEQUENCE_RIGHTS} r:{TABLE_RIGHTS}"
ROLE_RIGHTS = "in crm_member, entered by crm_app, may walk the schema"

# PostgreSQL writes "in ('a', 'b')" in one of two ways, depending on whether it read it from a person or from a dump.
CASTS, LITERAL, LISTED = r"::(character varying|text)(\[\])?", r"\(('[^']*')\)", r"\(\((ARRAY\[[^\]]*\])\)\)"


def _plain(expression: str) -> str:
    """An SQL expression for the definition in one way of writing."""
    without = f"regexp_replace({expression}, '{CASTS}', '', 'g')"
    for pattern, kept in ((LITERAL, r"\1"), (LISTED, r"(\1)")):
        without = f"regexp_replace({without}, $p${pattern}$p$, '{kept}', 'g')"
    return without


# One line for each thing. `part` separates the properties of a detail, in the order that `schema_words` names them.
# {schemas}: how a schema is chosen. In the template, which has no company, the rights are what they ought to be.
FACTS = """
with place as materialized (
  select n.oid, n.nspname, quote_ident(n.nspname) || '.' as prefix, 'tenant_' || substr(n.nspname, 2) as role,
    n.nspname = '{template}' as template, n.nspname ~ '^t[0-9]+$' as company, n.nspacl
  from pg_namespace n where {schemas}),
relation as materialized (
  select p.*, c.oid as rel, c.relname, c.relkind, c.relowner, c.relacl, c.relrowsecurity, c.relforcerowsecurity
  from pg_class c join place p on p.oid = c.relnamespace where c.relkind in ('r', 'p', 'S', 'v', 'm')),
held as (
  select r.nspname, r.relname, ''::text as col, r.role, a.grantee, a.privilege_type
  from relation r, lateral aclexplode(r.relacl) a where not r.template and a.grantee <> r.relowner
  union all
  select r.nspname, r.relname, t.attname, r.role, a.grantee, a.privilege_type
  from relation r join pg_attribute t on t.attrelid = r.rel and t.attacl is not null, lateral aclexplode(t.attacl) a
  where a.grantee <> r.relowner)
select nspname, 'table' as kind, relname::text as tab, '' as name, concat_ws('{part}', relkind::text,
    pg_get_userbyid(relowner), relrowsecurity, relforcerowsecurity) as detail, null::text as sql
  from relation where relkind <> 'S'
union all
select r.nspname, 'sequence', r.relname::text, '', concat_ws('{part}', format_type(s.seqtypid, null), s.seqincrement), null
  from relation r join pg_sequence s on s.seqrelid = r.rel
union all
select r.nspname, 'column', r.relname::text, a.attname::text, concat_ws('{part}',
    format_type(a.atttypid, a.atttypmod), a.attnotnull,
    coalesce(replace(pg_get_expr(d.adbin, d.adrelid), r.prefix, ''), ''), a.attidentity::text, a.attgenerated::text,
    a.attstorage::text), null
  from relation r join pg_attribute a on a.attrelid = r.rel and a.attnum > 0 and not a.attisdropped
  left join pg_attrdef d on d.adrelid = r.rel and d.adnum = a.attnum
  where r.relkind in ('r', 'p')
union all
select r.nspname, 'index', r.relname::text, i.relname::text,
    concat_ws('{part}', case when x.indpred is null and x.indexprs is null then d.def else {plain} end, x.indisvalid),
    d.def
  from relation r join pg_index x on x.indrelid = r.rel join pg_class i on i.oid = x.indexrelid,
    lateral (select replace(pg_get_indexdef(x.indexrelid), r.prefix, '') as def) d
  where not exists (select from pg_constraint k where k.conindid = x.indexrelid and k.contype in ('p', 'u', 'x'))
union all
select r.nspname, 'constraint', r.relname::text, k.conname::text,
    concat_ws('{part}', case k.contype when 'c' then {plain} else d.def end, k.convalidated), d.def
  from relation r join pg_constraint k on k.conrelid = r.rel and k.contype in ('p', 'u', 'x', 'f', 'c'),
    lateral (select replace(pg_get_constraintdef(k.oid), r.prefix, '') as def) d
union all
select r.nspname, 'policy', r.relname::text, p.polname::text, concat_ws('{part}', p.polcmd::text, p.polpermissive,
    array(select coalesce(pg_get_userbyid(nullif(o, 0)), 'public') from unnest(p.polroles) o order by 1)::text,
    replace(coalesce(pg_get_expr(p.polqual, p.polrelid), ''), r.prefix, ''),
    replace(coalesce(pg_get_expr(p.polwithcheck, p.polrelid), ''), r.prefix, '')), null
  from relation r join pg_policy p on p.polrelid = r.rel
union all
select r.nspname, 'trigger', r.relname::text, t.tgname::text, replace(pg_get_triggerdef(t.oid), r.prefix, ''), null
  from relation r join pg_trigger t on t.tgrelid = r.rel and not t.tgisinternal
union all
select nspname, 'grant', relname::text,
    case when pg_get_userbyid(grantee) = role then '{own}' else coalesce(pg_get_userbyid(nullif(grantee, 0)), 'public') end
    || case when col = '' then '' else ' (' || col || ')' end,
    string_agg(privilege_type, ',' order by privilege_type), null
  from held group by nspname, relname, col, grantee, role
union all
select nspname, 'grant', relname::text, '{own}',
    case relkind when 'S' then '{sequence}' else '{table}' end, null
  from relation where template and relname <> 'django_migrations'
union all
select nspname, 'default', '', '{own}', case when template then '{default}' else coalesce((
    select string_agg(kind || ':' || rights, ' ' order by kind collate "C") from (
      select d.defaclobjtype::text as kind, string_agg(a.privilege_type, ',' order by a.privilege_type) as rights
      from pg_default_acl d, lateral aclexplode(d.defaclacl) a
      where d.defaclnamespace = p.oid and pg_get_userbyid(a.grantee) = p.role group by 1) given), '') end, null
  from place p where template or company
union all
select nspname, 'role', '', '{own}', case when template or (
    select pg_has_role(o.oid, 'crm_member', 'usage') and pg_has_role('crm_app', o.oid, 'set')
      and not o.rolcanlogin and not o.rolsuper and not o.rolbypassrls and has_schema_privilege(o.oid, p.oid, 'usage')
    from pg_roles o where o.rolname = p.role) then '{right}' else '' end, null
  from place p where template or company
"""
PART = "\x1f"


class Fact(NamedTuple):
    """`detail` has the properties of the thing, in the order of `schema_words.PROPERTIES`; `sql` the definition as PostgreSQL
    writes it, which may differ where the detail does not."""

    kind: str
    table: str
    name: str
    detail: tuple[str, ...]
    sql: str = ""

    def like(self, other: "Fact | None") -> bool:
        return other is not None and self.detail == other.detail


def _query(schemas: str) -> str:
    return FACTS.format(
        schemas=schemas,
        template=TEMPLATE_SCHEMA,
        part=PART,
        plain=_plain("d.def"),
        own=COMPANY_ROLE,
        table=TABLE_RIGHTS,
        sequence=SEQUENCE_RIGHTS,
        default=DEFAULT_RIGHTS,
        right=ROLE_RIGHTS,
    )


def digests(schemas: list[str]) -> dict[str, str]:
    """A digest of all facts of each schema; equal ones have equal facts. Call in a transaction (see `plainly`)."""
    lines = (
        f"select nspname, concat_ws('{PART}', kind, tab, name, detail) as line from ({_query('n.nspname = any(%s)')}) f"  # noqa: S608 (our text)
    )
    with connections[OWNER].cursor() as cursor:
        _plainly(cursor)
        cursor.execute(
            f"select nspname, md5(string_agg(line, '|' order by line collate \"C\")) from ({lines}) l group by nspname",  # noqa: S608 (likewise)
            [schemas],
        )
        return dict(cursor.fetchall())


def facts(schemas: list[str]) -> dict[str, dict[tuple[str, str, str], Fact]]:
    """All facts of each schema by (kind, table, name). Call in a transaction."""
    found: dict[str, dict[tuple[str, str, str], Fact]] = {schema: {} for schema in schemas}
    with connections[OWNER].cursor() as cursor:
        _plainly(cursor)
        cursor.execute(_query("n.nspname = any(%s)"), [schemas])
        for schema, kind, table, name, detail, sql in cursor.fetchall():
            found[schema][kind, table, name] = Fact(kind, table, name, tuple(detail.split(PART)), sql or "")
    return found


def _plainly(cursor: object) -> None:
    """Without a search path every name is written with its schema, wherever it lies."""
    cursor.execute("set local search_path = pg_catalog")  # type: ignore[attr-defined]
