"""A whole product on this machine for a fault run: own data folder, own PostgreSQL and Redis, web, worker and beat.

Everything is a child of the calling thread, which has to outlive the run; what is killed is started again at once.
"""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

from config.embedded import processes
from config.embedded.services import Services
from config.embedded.state import ROOT, development_secrets, free_port
from config.embedded.supervise import commands

# Short waits, so that a run sees thousands of turns; the rules are the same.
NUMBERS = {
    "INBOUND_BUFFER_SECONDS": "1",
    "INBOUND_BUFFER_MAX_SECONDS": "4",
    "OUTBOUND_SPACING_SECONDS": "0.2",
    "ALLOW_PRIVATE_PROVIDER_URLS": "1",
    "LOG_LEVEL": "WARNING",
    "DJANGO_SETTINGS_MODULE": "config.settings.dev",
    "PYTHONUNBUFFERED": "1",
}
READY_SECONDS = 120


class World:
    """`start`, `kill`, `mend` (call it often), `stop`. `victims` are the names that `kill` takes."""

    victims = ("web", "worker", "agents", "redis", "postgres", "beat")

    def __init__(self, folder: Path, *, graph_url: str, say: Callable[[str], None]) -> None:
        self.folder = folder
        self.say = say
        for name in ("run", "log", "beat"):
            (folder / name).mkdir(exist_ok=True)
        self.port = free_port()
        self.services = Services(folder, durable=True, test=True)
        self.graph_url = graph_url
        self.environment: dict[str, str] = {}
        self.children: dict[str, subprocess.Popen[bytes]] = {}
        self.commands: dict[str, list[str]] = {}
        self.due: dict[str, float] = {}  # when a killed part comes back
        self.starts: dict[str, int] = {}

    # --- up ----------------------------------------------------------------------------------------------
    def start_services(self) -> None:
        """PostgreSQL, Redis, migrations; afterwards `environment` is complete."""
        self.services.start()
        self.environment = {
            **{name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")},
            **development_secrets(self.folder),
            **self.services.environment(),
            **NUMBERS,
            "DATA_DIR": str(self.folder),
            "PUBLIC_URL": f"http://127.0.0.1:{self.port}",
            "META_GRAPH_BASE_URL": self.graph_url,
        }
        log = self.folder / "log" / "migrate_all.log"
        command = [sys.executable, "manage.py", "migrate_all"]
        child = processes.spawn(command, env=self.environment, cwd=ROOT, log=log)
        self.children["migrate_all"] = child
        if child.wait(300) != 0:
            raise RuntimeError(f"migrations failed:\n{processes.tail(log, 30)}")
        del self.children["migrate_all"]

    def start_programs(self) -> None:
        self.commands = commands(sys.executable, self.port, self.folder)
        for name in self.commands:
            self._spawn(name)
        self._wait_ready()

    def _spawn(self, name: str) -> None:
        log = self.folder / "log" / f"{name}.log"
        self.children[name] = processes.spawn(self.commands[name], env=self.environment, cwd=ROOT, log=log)
        self.starts[name] = self.starts.get(name, 0) + 1

    def _wait_ready(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        while time.monotonic() < deadline:
            self.mend()
            try:
                with opener.open(f"http://127.0.0.1:{self.port}/readyz", timeout=5) as answer:
                    if answer.status == 200:
                        return
            except OSError:
                time.sleep(0.3)
        raise RuntimeError(f"not ready; logs in {self.folder / 'log'}")

    # --- down and up again -------------------------------------------------------------------------------
    def kill(self, name: str, *, away: float) -> bool:
        """kill -9 now; it comes back after `away` seconds. False when it is down already."""
        if name in self.due:
            return False
        process = self._process(name)
        if process is None or process.poll() is not None:
            return False
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        self.due[name] = time.monotonic() + away
        return True

    def _process(self, name: str) -> subprocess.Popen[bytes] | None:
        if name in ("postgres", "redis"):
            server = getattr(self.services, name)
            return server.child if server else None
        return self.children.get(name)

    def mend(self) -> None:
        """Bring back what is due, and whatever ended by itself."""
        for name in self.victims:
            process = self._process(name)
            if process is not None and process.poll() is not None and name not in self.due:
                self.say(f"{name} ended by itself ({process.returncode})")
                self.due[name] = time.monotonic()
        for name in [each for each, at in self.due.items() if at <= time.monotonic()]:
            if name in ("postgres", "redis"):
                server = getattr(self.services, name)
                port = server.port
                server.stop()
                if server.start(port) != port:
                    raise RuntimeError(f"{name} could not come back on port {port}")
            else:
                self._spawn(name)
            del self.due[name]

    def stop(self) -> None:
        processes.stop_all(self.children, seconds=10)
        self.services.stop()
