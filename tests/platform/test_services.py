"""PostgreSQL and Redis of one data folder: start, stop, and every way a run can end badly."""

import os
import signal
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
import redis

from config.embedded import processes
from config.embedded.bootstrap import with_database
from config.embedded.services import Services
from config.embedded.state import EmbeddedError, Lock

Launch = Callable[..., "subprocess.Popen[str]"]

# Holds the services until it is told to end; prints the environment, one NAME=value a line, then "up".
HOLDER = """
import signal, sys, threading
from pathlib import Path
from config.embedded.bootstrap import with_database
from config.embedded.services import Services
from config.embedded.state import Lock
data = Path(sys.argv[1])
Lock(data).take()
done = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: done.set())
with Services(data) as services:
    for name, value in services.environment().items():
        print(f"{name}={value}")
    print("pid", services.postgres.child.pid, services.redis.child.pid)
    print("up", flush=True)
    while not done.wait(0.2):
        pass
"""


def read_up(child: "subprocess.Popen[str]") -> tuple[dict[str, str], list[int]]:
    environment: dict[str, str] = {}
    pids: list[int] = []
    assert child.stdout
    for line in child.stdout:
        if line.startswith("pid "):
            pids = [int(number) for number in line.split()[1:]]
        elif line.strip() == "up":
            return environment, pids
        elif "=" in line:
            name, _, value = line.strip().partition("=")
            environment[name] = value
    raise AssertionError(f"it ended with {child.wait()}")


def keep(environment: dict[str, str], text: str) -> None:
    with psycopg.connect(environment["OWNER_DATABASE_URL"]) as connection:
        connection.execute("create table if not exists kept (text text)")
        connection.execute("insert into kept values (%s)", [text])
    redis.Redis.from_url(environment["REDIS_URL"]).set("kept", text)


def kept(environment: dict[str, str]) -> tuple[list[str], bytes | None]:
    with psycopg.connect(environment["OWNER_DATABASE_URL"]) as connection:
        rows = [row[0] for row in connection.execute("select text from kept order by text")]
    return rows, redis.Redis.from_url(environment["REDIS_URL"]).get("kept")


@pytest.fixture
def running(folder: Path) -> Services:
    with Services(folder, durable=False, test=True) as services:
        yield services


def test_both_services_answer_from_a_path_with_spaces(running: Services) -> None:
    environment = running.environment()
    with psycopg.connect(environment["DATABASE_URL"]) as connection:
        assert connection.execute("select current_user, '[1,2]'::vector <-> '[1,3]'").fetchone() == ("crm_app", 1.0)
        assert connection.execute("select lower('ÁÑ'), to_tsvector('spanish', 'ÁRBOLES')").fetchone() == (
            "áñ",
            "'arbol':1",
        )
    assert redis.Redis.from_url(environment["CELERY_BROKER_URL"]).ping()


def test_the_application_login_is_not_dangerous(running: Services) -> None:
    with psycopg.connect(running.environment()["DATABASE_URL"]) as connection:
        rights = connection.execute(
            "select rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolinherit from pg_roles "
            "where rolname = current_user"
        ).fetchone()
        assert rights == (False, False, False, False, False)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("create table public.mine (id int)")


def test_the_owner_makes_tenant_roles_that_the_application_can_enter(running: Services) -> None:
    environment = running.environment()
    with psycopg.connect(environment["OWNER_DATABASE_URL"]) as owner:
        owner.execute("create role tenant_7 nologin")
        owner.execute("grant crm_member to tenant_7")
        owner.execute("grant tenant_7 to crm_app with inherit false, set true")
        owner.execute("create schema t7")
    with psycopg.connect(environment["DATABASE_URL"]) as app:
        for role in ("tenant_7", "crm_platform", "crm_auth", "crm_ingest"):
            app.execute("select set_config('role', %s, true)", [role])
            assert app.execute("select current_user").fetchone() == (role,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute("set local role crm_owner")


def test_databases_made_by_tests_have_the_vector_type(running: Services) -> None:
    owner_url = running.environment()["OWNER_DATABASE_URL"]
    with psycopg.connect(owner_url, autocommit=True) as owner:
        owner.execute("create database made_by_a_test")
    with psycopg.connect(with_database(owner_url, "made_by_a_test")) as inside:
        assert inside.execute("select '[1]'::vector::text").fetchone() == ("[1]",)


def test_strangers_are_refused(running: Services) -> None:
    assert running.postgres
    assert running.redis
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(f"postgresql://postgres@127.0.0.1:{running.postgres.port}/postgres", password="guess")
    with pytest.raises(redis.AuthenticationError):
        redis.Redis(port=running.redis.port).ping()


def test_the_files_with_passwords_are_private(running: Services, folder: Path) -> None:
    for name in ("embedded.json", "redis/redis.conf"):
        assert (folder / name).stat().st_mode & 0o077 == 0


def test_ports_stay_while_they_are_free_and_data_stays_always(folder: Path) -> None:
    with Services(folder) as first:
        before = first.environment()
        keep(before, "one")
    with Services(folder) as second:
        assert second.environment() == before
        assert kept(before) == (["one"], b"one")
        ports = second.remembered.postgres_port, second.remembered.redis_port
    with socket.create_server(("127.0.0.1", ports[0])), socket.create_server(("127.0.0.1", ports[1])):
        with Services(folder) as third:
            assert third.remembered.postgres_port != ports[0]
            assert third.remembered.redis_port != ports[1]
            assert kept(third.environment()) == (["one"], b"one")


def test_nothing_is_left_running_after_a_stop(folder: Path, launch: Launch) -> None:
    child = launch(HOLDER)
    _, pids = read_up(child)
    child.send_signal(signal.SIGTERM)
    assert child.wait(30) == 0
    assert [processes.identity(pid) for pid in pids] == [None, None]


def test_a_killed_parent_takes_its_servers_with_it_and_loses_nothing(folder: Path, launch: Launch) -> None:
    child = launch(HOLDER)
    environment, pids = read_up(child)
    keep(environment, "before the kill")
    child.kill()
    child.wait()
    assert processes.wait_gone(pids, 20) == []
    with Services(folder) as services:
        assert kept(services.environment()) == (["before the kill"], b"before the kill")


def test_killing_everything_at_once_loses_nothing(folder: Path, launch: Launch) -> None:
    child = launch(HOLDER)
    environment, pids = read_up(child)
    keep(environment, "before the kill")
    for pid in (child.pid, *pids):
        os.kill(pid, signal.SIGKILL)
    child.wait()
    assert (folder / "postgres" / "data" / "postmaster.pid").exists()
    with Services(folder) as services:
        assert kept(services.environment()) == (["before the kill"], b"before the kill")


def test_servers_that_outlived_their_parent_are_taken_over(folder: Path, launch: Launch) -> None:
    # A parent that never dies by itself keeps the servers alive; another process takes the folder over.
    child = launch(HOLDER.replace("Lock(data).take()", ""))
    environment, pids = read_up(child)
    keep(environment, "kept")
    with Services(folder) as services:
        assert processes.wait_gone(pids, 5) == []
        assert kept(services.environment()) == (["kept"], b"kept")


def test_a_stale_pid_file_naming_a_stranger_is_not_believed(folder: Path) -> None:
    with Services(folder) as services:
        keep(services.environment(), "kept")
    note = folder / "postgres" / "data" / "postmaster.pid"
    stranger = subprocess.Popen(["sleep", "60"])
    try:
        note.write_text(f"{stranger.pid}\n{folder}/postgres/data\n1\n5432\n\n127.0.0.1\n\nready\n")
        (folder / "run" / "redis.pid").write_text(f"{stranger.pid} 1")
        with Services(folder) as services:
            assert kept(services.environment()) == (["kept"], b"kept")
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_an_initdb_cut_short_is_done_again(folder: Path) -> None:
    unfinished = folder / "postgres" / "unfinished"
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("18\n")
    with Services(folder, wants=("postgres",)) as services:
        assert services.postgres
        psycopg.connect(services.postgres.admin_url).close()


def test_two_folders_run_side_by_side(running: Services, folder: Path) -> None:
    other = folder.parent / "another"
    for name in ("run", "log"):
        (other / name).mkdir(parents=True)
    with Services(other, durable=False) as second:
        keep(second.environment(), "second")
        keep(running.environment(), "first")
        assert kept(second.environment()) == (["second"], b"second")
        assert kept(running.environment()) == (["first"], b"first")


def test_a_lost_password_is_told_in_words(folder: Path) -> None:
    with Services(folder, wants=("postgres",)):
        pass
    (folder / "embedded.json").unlink()
    with pytest.raises(EmbeddedError, match="--reset"), Services(folder, wants=("postgres",)):
        pass
    assert processes.working_in(folder / "postgres" / "data") == []


def test_one_folder_has_one_owner_at_a_time(folder: Path, launch: Launch) -> None:
    child = launch(HOLDER)
    read_up(child)
    with pytest.raises(EmbeddedError, match=f"process {child.pid}"):
        Lock(folder).take()
    child.kill()
    child.wait()
    Lock(folder).take()
