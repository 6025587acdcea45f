"""Facts about a schema in words and in SQL: what differs, what may be added, and why the rest waits for a person."""

from collections.abc import Mapping

from tenants.services.schema_facts import Fact

Key = tuple[str, str, str]

# What the parts of a fact's detail are called.
PROPERTIES: Mapping[str, tuple[str, ...]] = {
    "table": ("kind", "owner", "row security", "forced row security"),
    "sequence": ("type", "step"),
    "column": ("type", "not null", "default", "identity", "generated", "storage"),
    "index": ("definition", "valid"),
    "constraint": ("definition", "validated"),
    "policy": ("verb", "permissive", "roles", "using", "with check"),
    "trigger": ("definition",),
    "grant": ("rights",),
    "default": ("rights of new tables",),
    "role": ("role",),
}


def difference(expected: Fact | None, found: Fact | None) -> str:
    """One sentence for a person who knows PostgreSQL."""
    thing = expected or found
    assert thing is not None
    if found is None:
        return f"{_named(thing)} is missing"
    if expected is None:
        return f"{_named(thing)} is not in any migration: {' '.join(thing.detail)}"
    names = PROPERTIES[thing.kind]
    parts = [
        f"{name} is {_shown(is_)} instead of {_shown(ought)}"
        for name, ought, is_ in zip(names, expected.detail, found.detail, strict=False)
        if ought != is_
    ]
    return f"{_named(thing)}: {'; '.join(parts)}"


def _named(thing: Fact) -> str:
    match thing.kind:
        case "table" | "sequence":
            return f"{thing.kind} {thing.table}"
        case "column":
            return f"column {thing.table}.{thing.name}"
        case "grant":
            return f"grant on {thing.table} to {thing.name}"
        case "default":
            return "default rights of the company's role"
        case "role":
            return "the company's role"
    return f"{thing.kind} {thing.name} of {thing.table}"


def _shown(value: str) -> str:
    return {"": "nothing", "t": "yes", "f": "no"}.get(value, value)


def why_not(expected: Fact | None, found: Fact | None, *, shared: bool) -> str:
    """Why this difference is not mended by itself; empty when adding it is safe."""
    if expected is None:
        return "nothing is ever dropped or taken away here"
    kind = expected.kind
    if found is not None and kind not in ("grant", "role", "default"):
        return {
            "column": "changing a column may fail or lose values: migrate it by hand",
            "table": "row security and owners decide who sees what: set them by hand",
        }.get(kind, "it would have to be dropped first")
    match kind:
        case "table":
            return "a shared table needs its row security too: restore it by its migration" if shared else ""
        case "column":
            return _why_no_column(expected)
        case "index":
            return ""
        case "grant":
            given = set(found.detail[0].split(",")) if found else set()
            more = given - set(expected.detail[0].split(","))
            return "rights are never taken away here" if more else ""
        case "role" | "default":
            return ""
        case "constraint":
            return f"rows may break it already; by hand: {constraint_sql(expected)}"
    return "it decides who sees what: restore it by its migration"


def _why_no_column(column: Fact) -> str:
    _type, not_null, default, identity, generated, _storage = column.detail
    if identity or generated:
        return "its values would be made up for rows that had others"
    if not_null == "t" and not default:
        return "it may not be empty and no default says what the rows there are should hold"
    return ""


def column_sql(column: Fact) -> str:
    return f'alter table "{column.table}" add column {_defined(column)};'


def _defined(column: Fact) -> str:
    kind, not_null, default, identity, generated, storage = column.detail
    words = [f'"{column.name}" {kind}']
    if storage == "m":
        words.append("storage main")
    if generated:
        words.append(f"generated always as ({default}) {'stored' if generated == 's' else 'virtual'}")
    elif default:
        words.append(f"default {default}")
    if identity:
        words.append(f"generated {'always' if identity == 'a' else 'by default'} as identity")
    return " ".join([*words, *(["not null"] if not_null == "t" else [])])


def table_sql(table: str, expected: Mapping[Key, Fact]) -> list[str]:
    """A whole missing table: columns, constraints and indexes. Its rights come with the role's default ones."""
    parts: dict[str, list[Fact]] = {"column": [], "constraint": [], "index": []}
    for fact in expected.values():
        if fact.table == table and fact.kind in parts:
            parts[fact.kind].append(fact)
    columns = ", ".join(_defined(each) for each in parts["column"])
    # Keys before what refers to them.
    ordered = sorted(parts["constraint"], key=lambda each: each.detail[0].startswith("FOREIGN KEY"))
    return [
        f'create table "{table}" ({columns});',
        *(constraint_sql(each) for each in ordered),
        *(f"{each.sql};" for each in parts["index"]),
    ]


def constraint_sql(constraint: Fact) -> str:
    return f'alter table "{constraint.table}" add constraint "{constraint.name}" {constraint.sql};'


def grant_sql(grant: Fact) -> str:
    """`name` is a role, or a role and the one column it is about."""
    role, _space, column = grant.name.partition(" ")
    rights = grant.detail[0].split(",")
    what = ", ".join(f"{right} {column}" if column else right for right in rights)
    return f'grant {what} on "{grant.table}" to {role};'
