"""Behind bin/dev: services, migrations, demo data, then web + worker + beat until Ctrl-C."""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from config.embedded import processes
from config.embedded.bootstrap import adopt
from config.embedded.children import Child, stop_children
from config.embedded.prepare import prepare
from config.embedded.services import Services
from config.embedded.state import (
    ROOT,
    EmbeddedError,
    Lock,
    data_folder,
    development_secrets,
    free_port,
    write_env,
)

READY_SECONDS = 120
GIVE_UP_AFTER = 3  # failures of one program before the first "Ready"; afterwards it is started again for ever
# Web and worker get this long to finish what they do; rows are the truth, so what is cut off is done again.
STOP_SECONDS = 10.0
# python, web port, data folder → what runs, by name
Commands = Callable[[str, int, Path], dict[str, list[str]]]
LOGINS = """\
Demo logins, password demo-Sovereign-1:
  ana@acme.test (ceo)  sol@acme.test (closer)  teo@acme.test (setter)  pia@acme.test (pending)
  gus@globex.test (ceo)  dra.paz@sonrisa.test (ceo)  rita@sonrisa.test (secretary)  root@platform.test (platform staff)"""


class StoppedEarly(Exception):
    """Ctrl-C while starting."""


@dataclass
class Options:
    port: int
    reset: bool
    demo: bool


def parse(arguments: list[str]) -> Options:
    parser = argparse.ArgumentParser(prog="bin/dev", description="Run everything on this machine until Ctrl-C.")
    parser.add_argument("--port", type=int, default=8000, help="web port (the next free one if it is taken)")
    parser.add_argument("--reset", action="store_true", help="start with empty data")
    parser.add_argument("--no-demo", action="store_true", help="create no demo companies")
    given = parser.parse_args(arguments)
    return Options(port=given.port, reset=given.reset, demo=not given.no_demo)


# Only TRUSTED_PROXIES decides which forwarded address counts, and nobody needs the server's name.
QUIET = ("--no-proxy-headers", "--no-server-header")


def commands(python: str, port: int, data: Path) -> dict[str, list[str]]:
    """What runs, by name."""
    celery = [python, "-m", "celery", "-A", "config.celery"]
    return {
        "web": [
            *(python, "-m", "uvicorn", "config.asgi:application", "--host", "127.0.0.1", "--port", str(port), *QUIET),
            *("--no-access-log", "--timeout-graceful-shutdown", "5"),
        ],
        "worker": [
            *(*celery, "worker", "-P", "threads", "-c", "16", "-Q", "inbound,outbound,sync,default"),
            *("-l", "INFO", "--without-gossip", "--without-mingle"),
        ],
        "agents": [python, "-m", "config.agents_worker"],
        "beat": [*celery, "beat", "-l", "INFO", "-s", str(data / "beat" / "schedule"), "--pidfile="],
    }


@dataclass
class Supervisor:
    """One run over one data folder. `run` returns the exit code."""

    options: Options
    data: Path
    root: Path
    commands: Commands
    stopping: threading.Event = field(default_factory=threading.Event)
    began: float = field(default_factory=time.monotonic)
    services: Services | None = None
    children: list[Child] = field(default_factory=list)

    def say(self, line: str) -> None:
        print(f"[{time.monotonic() - self.began:5.1f} s] {line}", flush=True)

    def run(self) -> int:
        lock = Lock(self.data)
        lock.take()
        try:
            self._end_leftovers()
            if self.options.reset:
                self._forget()
            environment = self._start_services()
            self._prepare_data(environment)
            self._start_children(environment)
            self._wait_ready()
            self._greet()
            while not self.stopping.wait(0.5):
                self._watch()
        except StoppedEarly:
            self.say("stopped while starting")
        finally:
            self._stop()
            lock.release()
        return 0

    def _end_leftovers(self) -> None:
        """Stop what a killed run left behind. The lock is ours, so nobody is using them."""
        for name in ("web", "worker", "agents", "beat"):
            note = processes.PidFile(self.data, name)
            if pid := note.leftover():
                self.say(f"stopping the {name} of an earlier run (process {pid})")
                processes.end(pid, steps=[(signal.SIGTERM, 5), (signal.SIGKILL, 5)])
            note.clear()

    def _forget(self) -> None:
        if os.environ.get("DATABASE_URL"):
            raise EmbeddedError("--reset empties only the embedded database, and DATABASE_URL names another one.")
        Services(self.data).end_leftovers()
        for entry in self.data.iterdir():
            if entry.name not in {"run", "log"}:
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        self.say("all data removed")

    def _start_services(self) -> dict[str, str]:
        given = os.environ.get("DATABASE_URL"), os.environ.get("REDIS_URL")
        wants = tuple(name for name, url in zip(("postgres", "redis"), given, strict=True) if not url)
        self.services = Services(self.data, wants=wants, say=self.say)
        self.services.start()
        found = self.services.environment()
        if given[0]:
            found |= adopt(given[0])
        write_env(self.data / "services.env", found)  # for manage.py in another terminal
        return {
            **os.environ,
            **development_secrets(self.data),
            **found,
            "DATA_DIR": str(self.data),
            "DJANGO_SETTINGS_MODULE": os.environ.get("DJANGO_SETTINGS_MODULE") or "config.settings.dev",
            "PYTHONUNBUFFERED": "1",
        }

    def _prepare_data(self, environment: Mapping[str, str]) -> None:
        prepare(say=self.say)
        self._step("migrate_all", "database up to date", environment)
        if self.options.demo:
            self._step("seed_demo", "demo companies ready", environment)

    def _step(self, command: str, done: str, environment: Mapping[str, str]) -> None:
        started = time.monotonic()
        log = self.data / "log" / f"{command}.log"
        log.unlink(missing_ok=True)
        child = processes.spawn([sys.executable, "manage.py", command], env=environment, cwd=self.root, log=log)
        while child.poll() is None:
            if self.stopping.wait(0.05):
                processes.stop_all({command: child}, seconds=3)
                raise StoppedEarly
        if child.returncode != 0:
            raise EmbeddedError(f"manage.py {command} failed; the end of {log}:\n{processes.tail(log, 30)}")
        self.say(f"{done} ({time.monotonic() - started:.1f} s)")

    def _start_children(self, environment: Mapping[str, str]) -> None:
        port = free_web_port(self.options.port)
        if port != self.options.port:
            self.say(f"port {self.options.port} is taken by another program; using {port}")
            self.options.port = port
        environment = {**environment, "PUBLIC_URL": os.environ.get("PUBLIC_URL") or f"http://localhost:{port}"}
        (self.data / "beat").mkdir(exist_ok=True)
        for name, command in self.commands(sys.executable, port, self.data).items():
            child = Child(name, command, environment, self.root, self.data, self.say)
            self.children.append(child)
            child.start()
        self.say("web, workers and beat started")

    def _wait_ready(self) -> None:
        address = f"http://127.0.0.1:{self.options.port}/readyz"
        deadline = time.monotonic() + READY_SECONDS
        answer = "no answer"
        # A proxy of the environment has no business with a loopback address.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        while time.monotonic() < deadline:
            try:
                with opener.open(address, timeout=5) as response:
                    if response.status == 200:
                        return
            except urllib.error.HTTPError as error:
                answer = f"{error.code} {error.read(500).decode('utf-8', 'replace')}"
            except OSError as error:
                answer = str(error)
            self._watch()
            for child in self.children:
                if child.failures >= GIVE_UP_AFTER:
                    raise EmbeddedError(
                        f"{child.name} cannot start; the end of {child.log}:\n{processes.tail(child.log)}"
                    )
            if self.stopping.wait(0.2):
                raise StoppedEarly
        raise EmbeddedError(f"{address} was not ready after {READY_SECONDS} s: {answer}. Logs: {self.data / 'log'}")

    def _greet(self) -> None:
        self.say(f"started; logs in {self.data / 'log'}")
        print(f"Ready: http://localhost:{self.options.port}", flush=True)
        if self.options.demo:
            print(LOGINS)
            for line in (self.data / "log" / "seed_demo.log").read_text(encoding="utf-8").splitlines():
                if "http" in line:
                    print(line.replace("http://localhost:8000", f"http://localhost:{self.options.port}"))
        print("Ctrl-C stops everything.", flush=True)

    def _watch(self) -> None:
        for server in self.services.dead() if self.services else []:
            self.say(f"{server.name} ended by itself; starting it again")
            server.stop()
            server.start(server.port)
        for child in self.children:
            child.watch()

    def _stop(self) -> None:
        if self.children:
            self.say("stopping")
            stop_children(self.children, seconds=STOP_SECONDS)
        if self.services:
            self.services.stop()
            (self.data / "services.env").unlink(missing_ok=True)
        self.say("stopped")


def free_web_port(wanted: int) -> int:
    """`wanted`, or the next free one of the following twenty, or any."""
    for candidate in range(wanted, min(wanted + 20, 65536)):
        if free_port(candidate) == candidate:
            return candidate
    return free_port()


def main(arguments: list[str], *, root: Path = ROOT, commands: Commands = commands) -> int:
    """Run until a signal; `root` holds manage.py and `commands` tells what runs."""
    options = parse(arguments)
    try:
        supervisor = Supervisor(options, data_folder(), root, commands)

        def ask_to_stop(number: int, frame: FrameType | None) -> None:
            supervisor.stopping.set()

        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, ask_to_stop)
        return supervisor.run()
    except (EmbeddedError, subprocess.SubprocessError) as error:
        print(f"bin/dev: {error}", file=sys.stderr, flush=True)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
