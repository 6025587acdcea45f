"""Companies brought to a release of tomorrow: by compiled SQL, by Django's own command, after a kill, twice at once."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connections
from django.test.utils import CaptureQueriesContext

from tenants.context import tenant_context
from tenants.db.current import connection
from tenants.models import SchemaSnapshot, Tenant
from tenants.services import compiled_migrations, migrating, provisioning
from tests.support import services
from tests.support.cast import make_company
from tests.support.release import Release, own_database

PATIENCE = 60
ADD_COLUMN = 'migrations.AddField("lead", "motto", models.CharField(max_length=20, default="", db_default=""))'


@pytest.fixture
def database(test_services: services.Services, django_db_blocker: Any) -> Iterator[psycopg.Connection]:
    """A database of this test alone, seen by a superuser."""
    with django_db_blocker.unblock(), own_database(test_services), test_services.inside() as judge:
        yield judge


@pytest.fixture
def companies(database: psycopg.Connection) -> list[Tenant]:
    return [make_company(slug=f"firm-{number}") for number in range(6)]


@pytest.fixture
def release(tmp_path: Path) -> Release:
    return Release(tmp_path / "release")


def has_column(judge: psycopg.Connection, tenant: Tenant, name: str, table: str = "crm_lead") -> bool:
    found = judge.execute(
        "select 1 from information_schema.columns where table_schema = %s and table_name = %s and column_name = %s",
        [tenant.schema_name, table, name],
    )
    return found.fetchone() is not None


def history(judge: psycopg.Connection, tenant: Tenant) -> list[tuple[str, str]]:
    rows = judge.execute(f'select app, name from "{tenant.schema_name}".django_migrations order by app, name')
    return rows.fetchall()


def version(judge: psycopg.Connection, tenant: Tenant) -> str:
    row = judge.execute("select schema_version from tenants_tenant where id = %s", [tenant.pk]).fetchone()
    assert row is not None
    return row[0]


def test_a_new_company_is_current_and_nothing_to_do_costs_one_statement(companies: list[Tenant]) -> None:
    Tenant.objects.using("owner").filter(pk=companies[0].pk).update(status=Tenant.Status.SUSPENDED)
    with CaptureQueriesContext(connections["owner"]) as owner, CaptureQueriesContext(connections["default"]) as app:
        call_command("migrate_all")
    assert len(owner) + len(app) == 1


def test_one_company_behind_is_seen_also_a_suspended_one(companies: list[Tenant]) -> None:
    late = Tenant.objects.using("owner").filter(pk=companies[3].pk)
    late.update(schema_version="", status=Tenant.Status.SUSPENDED)
    found = migrating.standing()
    assert found is not None
    assert found.behind == 1
    assert not found.current
    assert [each.slug for each in migrating.companies_behind()] == [companies[3].slug]
    assert migrating.migrate_all().slowly == 1  # no version, no known beginning
    assert late.get().schema_version == provisioning.fingerprint()


def test_a_column_reaches_every_company_by_compiled_statements(
    companies: list[Tenant], database: psycopg.Connection, release: Release
) -> None:
    before = history(database, companies[0])
    release.add("crm", "0901_motto", ADD_COLUMN)
    with release.installed():
        done = migrating.migrate_all()
        assert (done.quickly, done.slowly, done.failed) == (len(companies), 0, {})
        for tenant in companies:
            assert has_column(database, tenant, "motto")
            assert set(history(database, tenant)) - set(before) == {("crm", "0901_motto")}
            assert version(database, tenant) == provisioning.fingerprint()
        born_later = make_company(slug="later")
        assert has_column(database, born_later, "motto")
        with tenant_context(companies[0]), connection.cursor() as cursor:
            cursor.execute("select count(motto) from crm_lead")
        found = migrating.standing()
        assert found is not None
        assert found.current


def test_a_new_table_is_open_to_its_company_and_to_no_other(
    companies: list[Tenant], database: psycopg.Connection, release: Release
) -> None:
    fields = '[("id", models.BigAutoField(primary_key=True)), ("lead", models.ForeignKey("crm.lead", models.CASCADE))]'
    release.add("crm", "0901_badge", f'migrations.CreateModel("Badge", {fields})')
    with release.installed():
        assert migrating.migrate_all().quickly == len(companies)
    with tenant_context(companies[0]), connection.cursor() as cursor:
        cursor.execute("select count(*) from crm_badge")
        cursor.execute("select nextval(pg_get_serial_sequence('crm_badge', 'id'))")
    role, other = f"tenant_{companies[0].pk}", f'"{companies[1].schema_name}".crm_badge'
    row = database.execute("select has_table_privilege(%s, %s, 'select')", [role, other]).fetchone()
    assert row == (False,)


def test_what_is_more_than_statements_runs_for_every_company_itself(
    companies: list[Tenant], database: psycopg.Connection, release: Release
) -> None:
    code = (
        "def forward(apps, editor):\n"
        "    Stage = apps.get_model('crm', 'Stage')\n"
        "    for row in Stage.objects.using(editor.connection.alias):\n"
        "        row.motto = f'{row.name} {uuid.uuid4()}'[:40]\n"
        "        row.save(update_fields=['motto'])\n"
    )
    field = 'migrations.AddField("stage", "motto", models.CharField(max_length=40, default=""))'
    release.add("crm", "0901_motto", field)
    release.add("crm", "0902_fill", "migrations.RunPython(forward)", before=code)
    release.add("crm", "0903_wider", field.replace("AddField", "AlterField").replace("40", "60"))
    with release.installed():
        done = migrating.migrate_all()
    assert (done.quickly, done.failed) == (len(companies), {})
    words = [
        row[0]
        for tenant in companies
        for row in database.execute(f'select motto from "{tenant.schema_name}".crm_stage').fetchall()
    ]
    assert words
    assert all(words)
    assert len(set(words)) == len(words)
    assert {("crm", "0902_fill"), ("crm", "0903_wider")} <= set(history(database, companies[-1]))


@pytest.mark.parametrize(
    ("operations", "plain"),
    [
        (ADD_COLUMN, True),
        ('migrations.RunSQL("select 1")', True),
        ('migrations.AddField("lead", "more", models.JSONField(default=dict))', True),
        ('migrations.AddField("lead", "mark", models.UUIDField(default=uuid.uuid4))', False),
        ('migrations.AddField("lead", "at", models.DateTimeField(default=datetime.datetime.now))', False),
        ("migrations.RunPython(migrations.RunPython.noop)", False),
        ("migrations.SeparateDatabaseAndState([], [])", False),
    ],
)
def test_only_statements_are_compiled(release: Release, operations: str, plain: bool) -> None:
    release.add("crm", "0901_one", operations)
    with release.installed():
        assert compiled_migrations.statements_only(_migration("crm", "0901_one")) is plain


def _migration(app: str, name: str) -> Any:
    return provisioning.MigrationLoader(None, ignore_no_migrations=True).disk_migrations[app, name]


def test_an_index_built_concurrently_goes_djangos_own_way(
    companies: list[Tenant], database: psycopg.Connection, release: Release
) -> None:
    index = 'models.Index(fields=["name"], name="stage_name_i")'
    code = "from django.contrib.postgres.operations import AddIndexConcurrently"
    release.add("crm", "0901_index", f'AddIndexConcurrently("stage", {index})', before=code, atomic=False)
    with release.installed():
        done = migrating.migrate_all()
    assert (done.slowly, done.failed) == (len(companies), {})
    row = database.execute("select count(*) from pg_indexes where indexname = 'stage_name_i'").fetchone()
    assert row == (len(companies) + 1,)  # and the template's


def test_a_company_with_another_history_goes_djangos_own_way(
    companies: list[Tenant], database: psycopg.Connection, release: Release
) -> None:
    odd = companies[2]
    database.execute(
        f"delete from \"{odd.schema_name}\".django_migrations where app = 'rag' and name <> '0001_initial'"
    )
    release.add("crm", "0901_motto", ADD_COLUMN)
    with release.installed():
        done = migrating.migrate_all()
    assert (done.quickly, done.slowly, done.failed) == (len(companies) - 1, 1, {})
    assert all(has_column(database, tenant, "motto") for tenant in companies)


def test_one_broken_company_stays_as_it_was_and_stops_nobody(
    companies: list[Tenant], database: psycopg.Connection, release: Release
) -> None:
    odd = companies[1]
    database.execute(f'alter table "{odd.schema_name}".crm_stage add column motto integer')
    before = (history(database, odd), version(database, odd))
    release.add("crm", "0901_lead", ADD_COLUMN)
    release.add("crm", "0902_stage", ADD_COLUMN.replace('"lead"', '"stage"'))
    with release.installed():
        with pytest.raises(CommandError, match=rf"1 companies stayed as they were:\n  {odd.slug}: .*motto"):
            call_command("migrate_all")
        assert all(has_column(database, tenant, "motto") for tenant in companies if tenant != odd)
        assert not has_column(database, odd, "motto")  # nor the half that would have worked
        assert (history(database, odd), version(database, odd)) == before
        database.execute(f'alter table "{odd.schema_name}".crm_stage drop column motto')
        assert migrating.migrate_all().quickly == 1
    assert has_column(database, odd, "motto")


def test_a_lock_that_is_held_is_asked_for_again(
    companies: list[Tenant], database: psycopg.Connection, release: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiled_migrations, "LOCK_TIMEOUT", "100ms")
    release.add("crm", "0901_motto", ADD_COLUMN)
    database.autocommit = False
    database.execute(f'select * from "{companies[0].schema_name}".crm_lead')  # a long report
    timer = threading.Timer(1.0, database.rollback)
    timer.start()
    try:
        with release.installed():
            done = migrating.migrate_all()
    finally:
        timer.join()
        database.autocommit = True
    assert (done.quickly, done.failed) == (len(companies), {})


def test_the_version_follows_the_content_and_not_the_names(release: Release, database: psycopg.Connection) -> None:
    release.add("crm", "0901_motto", ADD_COLUMN)
    with release.installed():
        first = provisioning.fingerprint()
        assert provisioning.fingerprint() is first  # read once
    path = release.path("crm", "0901_motto")
    path.write_text(path.read_text().replace("max_length=20", "max_length=30"))
    with release.installed():
        assert provisioning.fingerprint() != first


def test_an_edited_migration_makes_the_template_anew(
    companies: list[Tenant], database: psycopg.Connection, tmp_path: Path
) -> None:
    for width in (20, 30):
        release = Release(tmp_path / str(width))
        release.add("crm", "0901_motto", ADD_COLUMN.replace("max_length=20", f"max_length={width}"))
        with release.installed():
            assert not migrating.migrate_all().failed
            ddl = SchemaSnapshot.objects.using("owner").get(fingerprint=provisioning.fingerprint()).ddl
            assert f"motto character varying({width})" in ddl


def _run(release: Release, *arguments: str) -> tuple[int, str]:
    process = release.manage(*arguments)
    output, _none = process.communicate(timeout=PATIENCE)
    return process.returncode, output


def test_a_killed_run_leaves_whole_companies_and_the_next_one_goes_on(
    companies: list[Tenant], database: psycopg.Connection, release: Release
) -> None:
    # Slow enough to be met half-way: each company sleeps in its transaction, between two columns.
    sleep = 'migrations.RunSQL("select pg_sleep(0.4)")'
    release.add("crm", "0901_motto", f"{ADD_COLUMN}, {sleep}, {ADD_COLUMN.replace('motto', 'second')}")
    old = version(database, companies[0])
    process = release.manage("migrate_all")
    _until(lambda: 0 < sum(version(database, each) != old for each in companies) < len(companies), process)
    os.kill(process.pid, signal.SIGKILL)
    process.wait(PATIENCE)
    database.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity where query like '%%pg_sleep(0.4)%%' and pid <> pg_backend_pid()"
    )
    done = [each for each in companies if version(database, each) != old]
    assert 0 < len(done) < len(companies)
    for tenant in companies:
        migrated = tenant in done
        assert has_column(database, tenant, "motto") is migrated
        assert has_column(database, tenant, "second") is migrated
        assert (("crm", "0901_motto") in history(database, tenant)) is migrated
    code, output = _run(release, "migrate_all")
    assert code == 0, output
    assert f"{len(companies) - len(done)} companies by compiled SQL" in output
    assert all(has_column(database, tenant, "second") for tenant in companies)


def _until(condition: Callable[[], bool], process: Any) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        assert process.poll() is None, process.stdout.read()
        time.sleep(0.02)


def test_two_processes_that_migrate_at_once_wait_for_each_other(
    companies: list[Tenant], database: psycopg.Connection, release: Release
) -> None:
    """The seeds patched their schema at every start, and processes that started together met in the middle."""
    release.add("crm", "0901_motto", ADD_COLUMN)
    release.add("crm", "0902_once", 'migrations.RunSQL("create table crm_only_once (id bigint)")')
    both = [release.manage("migrate_all") for _each in range(2)]
    outputs = [process.communicate(timeout=PATIENCE)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], outputs
    counts = sorted("6 companies by compiled SQL" in output for output in outputs)
    assert counts == [False, True], outputs
    for tenant in companies:
        rows = history(database, tenant)
        assert len(rows) == len(set(rows))


def test_processes_that_start_on_an_empty_database_make_it_once(database: psycopg.Connection, release: Release) -> None:
    database.execute("drop schema tenant_template cascade")
    for (table,) in database.execute("select tablename from pg_tables where schemaname = 'public'").fetchall():
        database.execute(f'drop table public."{table}" cascade')
    three = [release.manage("migrate_all") for _each in range(3)]
    outputs = [process.communicate(timeout=PATIENCE)[0] for process in three]
    assert [process.returncode for process in three] == [0, 0, 0], outputs
    rows = database.execute("select app, name from django_migrations").fetchall()
    assert len(rows) == len(set(rows))
    assert set(rows) >= provisioning.expected_public()
    assert make_company(slug="first").schema_version == provisioning.fingerprint()
