"""The SQL of the migrations between two states of a company's schema, taken down while they run once in a scratch schema."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connections, transaction
from django.db.backends.postgresql.schema import DatabaseSchemaEditor
from django.db.migrations import operations as ops
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.migration import Migration
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

from tenants.services import provisioning
from tenants.services.provisioning import LOCK_TIMEOUT, OWNER

SCRATCH = "tenant_scratch"
OTHER_HISTORY = "CRM01"  # an SQLSTATE of our own

# Operations that are nothing but statements; exactly these, for a subclass may do anything.
STATEMENTS_ONLY = frozenset(
    {
        ops.CreateModel,
        ops.DeleteModel,
        ops.RenameModel,
        ops.AlterModelTable,
        ops.AlterModelTableComment,
        ops.AlterModelOptions,
        ops.AlterModelManagers,
        ops.AlterUniqueTogether,
        ops.AlterOrderWithRespectTo,
        ops.AddField,
        ops.RemoveField,
        ops.AlterField,
        ops.RenameField,
        ops.AddIndex,
        ops.RemoveIndex,
        ops.RenameIndex,
        ops.AddConstraint,
        ops.RemoveConstraint,
        ops.RunSQL,
    }
)
ALWAYS_THE_SAME = (dict, list, set, tuple, str, int, bool)  # defaults that may be called once for all companies

# Deferred checks of the rows touched by one migration come before the next one alters their table, as at a commit.
BETWEEN = "set constraints all immediate; set constraints all deferred;"


@dataclass(frozen=True)
class Step:
    """One missing migration: its statements, or itself with the state before it when it is more than statements."""

    migration: Migration
    sql: str
    before: ProjectState | None = None


@dataclass(frozen=True)
class Plan:
    """What leads from one version to the present one."""

    history: str
    steps: tuple[Step, ...]

    @property
    def only_sql(self) -> bool:
        return all(step.before is None for step in self.steps)

    def apply(self, number: int, schema: str) -> None:
        """Migrate one company in one transaction. Raises DatabaseError with OTHER_HISTORY when it begins elsewhere."""
        pieces = [_opening(schema, self.history), *self._statements(schema), self._closing(number, schema)]
        with transaction.atomic(using=OWNER):
            text: list[str] = []
            for piece in pieces:
                if isinstance(piece, str):
                    text.append(piece)
                else:
                    _execute(text)
                    text = []
                    _by_hand(piece, schema)
            _execute(text)

    def _statements(self, schema: str) -> Iterator[str | Step]:
        for step in self.steps:
            if step.before is not None:
                yield step
            elif step.sql:
                yield step.sql.replace(SCRATCH, schema)
                yield BETWEEN

    def _closing(self, number: int, schema: str) -> str:
        rows = ", ".join(f"('{step.migration.app_label}', '{step.migration.name}')" for step in self.steps)
        history = f"""
insert into "{schema}".django_migrations (app, name, applied)
  select app, name, now() from (values {rows}) as done (app, name)
  where not exists (select from "{schema}".django_migrations m where m.app = done.app and m.name = done.name);
"""  # noqa: S608 (names of our own migrations and schemas)
        stamp = f"update public.tenants_tenant set schema_version = '{provisioning.fingerprint()}' where id = {number};"  # noqa: S608 (likewise)
        return (history if self.steps else "") + stamp


def compile_plan(version: str) -> Plan | None:
    """The way from `version` to the present migrations; None when it is not known or cannot be gone in one transaction."""
    ddl = provisioning.snapshot_of(version) if version else None
    if ddl is None:
        return None
    with _scratch(ddl) as owner:
        executor = MigrationExecutor(owner)
        executor.loader.check_consistent_history(owner)
        missing = [migration for migration, _back in executor.migration_plan(executor.loader.graph.leaf_nodes())]
        if not all(migration.atomic for migration in missing):
            return None
        history = _digest(owner)
        state = _present_state(executor)
        steps = []
        for migration in missing:
            before = None if statements_only(migration) else state.clone()
            with _taken_down(owner) as statements:
                state = executor.apply_migration(state, migration)
            steps.append(Step(migration, "" if before else "\n".join(statements), before))
    return Plan(history, tuple(steps))


def _present_state(executor: MigrationExecutor) -> ProjectState:
    """The models as the migrations that ran so far left them."""
    state = ProjectState(real_apps=executor.loader.unmigrated_apps)
    for migration, _back in executor.migration_plan(executor.loader.graph.leaf_nodes(), clean_start=True):
        if (migration.app_label, migration.name) in executor.loader.applied_migrations:
            migration.mutate_state(state, preserve=False)
    return state


def statements_only(migration: Migration) -> bool:
    """Whether running its statements again does all that the migration does. Other apps' ones do nothing in a company."""
    if migration.app_label not in provisioning.tenant_labels():
        return True
    return all(type(each) in STATEMENTS_ONLY and _same_everywhere(each) for each in migration.operations)


def _same_everywhere(operation: Operation) -> bool:
    """A default that is called (the time, a random key) is to be called for every company."""
    field = getattr(operation, "field", None)
    default = getattr(field, "default", None)
    return not callable(default) or default in ALWAYS_THE_SAME or _not_given(default)


def _not_given(default: Callable[..., Any]) -> bool:
    return getattr(default, "__name__", "") == "NOT_PROVIDED"


@contextmanager
def _scratch(ddl: str) -> Iterator[Any]:
    """An empty company of an older version to migrate; committed, so that no shared table stays locked meanwhile."""
    owner = provisioning.owner_connection()
    provisioning.drop_schema(SCRATCH)  # a killed run's
    text = provisioning.under_name(ddl, SCRATCH)
    with transaction.atomic(using=OWNER), owner.cursor() as cursor:
        cursor.execute(f"set local search_path = pg_catalog; set local lock_timeout = '{LOCK_TIMEOUT}';")
        cursor.execute(text)
    try:
        owner.set_schema(SCRATCH)
        yield owner
    finally:
        owner.set_schema("public")
        provisioning.drop_schema(SCRATCH)


@contextmanager
def _taken_down(owner: Any) -> Iterator[list[str]]:
    """The statements that schema editors of this connection run, ready to be run again."""
    statements: list[str] = []

    class TakingDown(DatabaseSchemaEditor):
        def execute(self, sql: Any, params: Any = ()) -> None:
            text = str(sql) if params is None else owner.ops.compose_sql(str(sql), params)
            statements.append(text.rstrip().rstrip(";") + ";")
            super().execute(text, None)

    usual = owner.SchemaEditorClass
    owner.SchemaEditorClass = TakingDown
    try:
        yield statements
    finally:
        owner.SchemaEditorClass = usual


HISTORY = """select md5(coalesce(string_agg(app || '.' || name, ',' order by app, name), '')) from {}
 where app = any('{{{}}}')"""


def _of_history(table: str) -> str:
    return HISTORY.format(table, ",".join(sorted(provisioning.tenant_labels())))


def _digest(owner: Any) -> str:
    with owner.cursor() as cursor:
        cursor.execute(_of_history("django_migrations"))
        return str(cursor.fetchone()[0])


def _opening(schema: str, history: str) -> str:
    question = _of_history(f'"{schema}".django_migrations')
    return f"""
set local lock_timeout = '{LOCK_TIMEOUT}';
set local search_path = "{schema}", public;
do $check$ begin
  if ({question}) <> '{history}' then raise exception 'another history' using errcode = '{OTHER_HISTORY}'; end if;
end $check$;
"""


def _execute(text: list[str]) -> None:
    if text:
        with connections[OWNER].cursor() as cursor:
            cursor.execute("\n".join(text))


def _by_hand(step: Step, schema: str) -> None:
    """A migration that is more than statements, inside the company's transaction. Its row is written with the others."""
    owner = provisioning.owner_connection()
    assert step.before is not None
    try:
        owner.schema_name = schema  # for the router; the search path is this transaction's already
        with owner.schema_editor(atomic=True) as editor:
            step.migration.apply(step.before.clone(), editor)
    finally:
        owner.schema_name = "public"
    _execute([BETWEEN])
