"""Comparing every schema with what the migrations say it ought to be, and mending what only has to be added.

A company is compared with the template of the present migrations, the shared schema with one that is migrated anew in a
transaction that is rolled back. Nothing is ever dropped, narrowed or filled: that is for people.
"""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache

from django.core.management import call_command
from django.core.management.commands.migrate import Command as Migrate
from django.db import DatabaseError, connections, transaction
from django.db.migrations.recorder import MigrationRecorder

from config.lib.errors import Conflict, NotFound
from tenants.models import Tenant
from tenants.services import provisioning, schema_facts, schema_words
from tenants.services.provisioning import LOCK_TIMEOUT, OWNER, TEMPLATE_SCHEMA
from tenants.services.schema_facts import COMPANY_ROLE, Fact

SHARED = "public"
SHARED_COPY = "shared_template"
AT_ONCE = 100  # schemas compared by one query
PARALLEL = 4

Facts = dict[tuple[str, str, str], Fact]


@dataclass(frozen=True)
class Drift:
    """One difference. `expected` or `found` is None where the thing is missing or nobody knows it."""

    schema: str
    company: str
    expected: Fact | None
    found: Fact | None

    def __str__(self) -> str:
        return schema_words.difference(self.expected, self.found)


@dataclass(frozen=True)
class Behind:
    """A company that waits for `migrate_all`; comparing it would only repeat that."""

    company: str


@dataclass(frozen=True)
class Mended:
    """What became of a difference: `statement` was run, or `refusal` says why a person has to decide."""

    drift: Drift
    statement: str = ""
    refusal: str = ""


def examine(*, slug: str | None = None) -> tuple[list[Drift], list[Behind]]:
    """Every difference of one company, or of all and the shared schema. Raises NotFound, or Conflict before `migrate_all`."""
    if not provisioning.compiled():
        raise Conflict("The schema of the present migrations is not compiled: run migrate_all first.", code="behind")
    rows = Tenant.objects.using(OWNER).order_by("pk").values_list("schema_name", "slug", "schema_version")
    if slug is not None:
        rows = rows.filter(slug=slug)
    companies = list(rows)
    if slug is not None and not companies:
        raise NotFound(f"No company has the slug {slug!r}.")
    present = provisioning.fingerprint()
    behind = [Behind(name) for _schema, name, version in companies if version != present]
    current = {schema: name for schema, name, version in companies if version == present}
    drift = [] if slug is not None else list(_shared())
    drift += _companies(current)
    return drift, behind


def _companies(companies: dict[str, str]) -> Iterator[Drift]:
    """First one digest a schema; the facts themselves only of those that differ."""
    names = [TEMPLATE_SCHEMA, *companies]
    batches = [names[start : start + AT_ONCE] for start in range(0, len(names), AT_ONCE)]
    digests: dict[str, str] = {}
    if len(batches) == 1:
        digests = _digests(names)
    else:
        with ThreadPoolExecutor(PARALLEL, thread_name_prefix="doctor") as pool:
            for found in pool.map(_digests_apart, batches):
                digests |= found
    odd = [schema for schema in companies if digests.get(schema) != digests[TEMPLATE_SCHEMA]]
    if not odd:
        return
    expected = _facts([TEMPLATE_SCHEMA])[TEMPLATE_SCHEMA]
    for start in range(0, len(odd), AT_ONCE):
        for schema, facts in _facts(odd[start : start + AT_ONCE]).items():
            yield from _differences(schema, companies[schema], expected, facts)


def _digests(schemas: list[str]) -> dict[str, str]:
    with transaction.atomic(using=OWNER):
        return schema_facts.digests(schemas)


def _digests_apart(schemas: list[str]) -> dict[str, str]:
    """On a connection of this thread's own."""
    try:
        return _digests(schemas)
    finally:
        connections[OWNER].close()


def _facts(schemas: list[str]) -> dict[str, Facts]:
    with transaction.atomic(using=OWNER):
        return schema_facts.facts(schemas)


def _shared() -> Iterator[Drift]:
    yield from _differences(SHARED, "", expected_shared(), _facts([SHARED])[SHARED])


@cache
def expected_shared() -> Facts:
    """The shared schema as this code's migrations make it, made once beside the real one and taken back."""
    owner = provisioning.owner_connection()
    with transaction.atomic(using=OWNER), owner.cursor() as cursor:
        cursor.execute(f"create schema {SHARED_COPY}")
        cursor.execute(f"set local search_path = {SHARED_COPY}, {SHARED}")
        with owner.schema_editor() as editor:
            editor.create_model(MigrationRecorder.Migration)
        call_command(Migrate(), database=OWNER, interactive=False, verbosity=0)
        expected = schema_facts.facts([SHARED_COPY])[SHARED_COPY]
        transaction.set_rollback(True, using=OWNER)
    return expected


def _differences(schema: str, company: str, expected: Facts, found: Facts) -> Iterator[Drift]:
    """Parts of a table that is missing or unknown as a whole are not told one by one."""
    whole = {key[1] for key in expected.keys() ^ found.keys() if key[0] in ("table", "sequence") and key[1]}
    for key in sorted(expected.keys() | found.keys()):
        if key in expected and expected[key].like(found.get(key)):
            continue
        if key[1] in whole and key[0] not in ("table", "sequence"):
            continue
        yield Drift(schema, company, expected.get(key), found.get(key))


# --- mending ------------------------------------------------------------------------------------------------------
def repair(drift: Iterable[Drift]) -> list[Mended]:
    """Add what is missing and safe to add, each thing in a transaction of its own; say of the rest why not."""
    waiting = sorted(drift, key=lambda each: (each.schema, _turn(each)))
    expected = {schema: _expected_of(schema) for schema in {each.schema for each in waiting}}
    return [_mend(each, expected[each.schema]) for each in waiting]


def _turn(drift: Drift) -> int:
    """Tables come before their columns, those before indexes, rights last."""
    order = ("table", "sequence", "column", "index", "role", "default", "grant")
    kind = (drift.expected or drift.found or Fact("", "", "", ())).kind
    return order.index(kind) if kind in order else len(order)


def _expected_of(schema: str) -> Facts:
    if schema == SHARED:
        return expected_shared()
    return _facts([TEMPLATE_SCHEMA])[TEMPLATE_SCHEMA]


def _mend(drift: Drift, expected: Facts) -> Mended:
    refusal = schema_words.why_not(drift.expected, drift.found, shared=drift.schema == SHARED)
    if refusal:
        return Mended(drift, refusal=refusal)
    statements = _statements(drift, expected)
    try:
        with transaction.atomic(using=OWNER), connections[OWNER].cursor() as cursor:
            cursor.execute(f"set local lock_timeout = '{LOCK_TIMEOUT}'")
            cursor.execute(f'set local search_path = "{drift.schema}", public')
            cursor.execute("\n".join(statements))
    except DatabaseError as error:
        return Mended(drift, refusal=f"PostgreSQL refused it: {str(error).partition(chr(10))[0]}")
    return Mended(drift, statement="; ".join(each.rstrip(";") for each in statements))


def _statements(drift: Drift, expected: Facts) -> list[str]:
    thing = drift.expected
    assert thing is not None
    match thing.kind:
        case "table":
            return schema_words.table_sql(thing.table, expected)
        case "column":
            return [schema_words.column_sql(thing)]
        case "index":
            return [thing.sql + ";"]
        case "grant" if thing.name != COMPANY_ROLE:
            return [schema_words.grant_sql(thing)]
        case _:  # a company's rights are given all at once
            return [provisioning.role_sql(drift.schema, f"tenant_{drift.schema.removeprefix('t')}")]
