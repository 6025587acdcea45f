"""What every benchmark shares: services of its own, servers, ABBA pairs with a confidence interval, facts about the machine.

A figure is a ratio against an anchor measured in the same run; absolutes are printed beside it and never decide.
"""

import contextlib
import os
import platform
import random
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BOOTSTRAP_ROUNDS = 5000


@dataclass(frozen=True)
class Plan:
    """How long to measure. `quick` runs are informational and decide nothing."""

    pairs: int
    warm_up: float
    sample: float
    quick: bool


def plan(arguments: list[str]) -> Plan:
    if "--quick" in arguments:
        return Plan(pairs=3, warm_up=1.0, sample=2.0, quick=True)
    return Plan(pairs=7, warm_up=2.0, sample=5.0, quick=False)


@dataclass(frozen=True)
class Ratio:
    """Median of the pairs' ratios and its 95 % bootstrap interval."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.median:.2f} (95 % interval {self.low:.2f}–{self.high:.2f})"


def ratio_of(ours: list[float], anchor: list[float], *, seed: int = 1) -> Ratio:
    ratios = [mine / theirs for mine, theirs in zip(ours, anchor, strict=True)]
    chance = random.Random(seed)
    medians = sorted(statistics.median(chance.choices(ratios, k=len(ratios))) for _each in range(BOOTSTRAP_ROUNDS))
    low, high = medians[int(0.025 * BOOTSTRAP_ROUNDS)], medians[int(0.975 * BOOTSTRAP_ROUNDS) - 1]
    return Ratio(statistics.median(ratios), low, high)


def abba(measure: dict[str, Callable[[], float]], pairs: int) -> dict[str, list[float]]:
    """Measure two things in the order A B B A A B …, so that a drift of the machine hits both alike."""
    names = list(measure)
    found: dict[str, list[float]] = {name: [] for name in names}
    for pair in range(pairs):
        for name in names if pair % 2 == 0 else reversed(names):
            found[name].append(measure[name]())
        print("  pair", pair + 1, {name: round(values[-1], 2) for name, values in found.items()}, flush=True)
    return found


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


# --- the stage -----------------------------------------------------------------------------------------------
@contextlib.contextmanager
def services() -> Iterator[Path]:
    """Durable PostgreSQL and Redis in a temporary folder, migrated, with Django set up in this process."""
    from config.embedded.services import Services
    from config.embedded.state import data_folder, development_secrets

    folder = Path(tempfile.mkdtemp(prefix="crm-bench-"))
    folder.chmod(0o711)
    os.environ["DATA_DIR"] = str(folder)
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.dev"
    try:
        with Services(data_folder(), durable=True) as running:
            os.environ.update(running.environment() | development_secrets(folder))
            import django

            django.setup()
            from django.core.management import call_command

            call_command("migrate_all", verbosity=0)
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def server(application: str, *, ready: str = "/", **environment: str) -> Iterator[int]:
    """One uvicorn process with an ASGI application; yields its port."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", application, "--port", str(port), "--no-access-log"]
    process = subprocess.Popen(
        [*command, "--log-level", "warning"], cwd=ROOT, env={**os.environ, "PYTHONWARNINGS": "ignore", **environment}
    )
    try:
        _wait_for(f"http://127.0.0.1:{port}{ready}", process)
        yield port
    finally:
        process.terminate()
        process.wait(20)


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    for _each in range(300):
        if process.poll() is not None:
            raise RuntimeError("the server ended while starting")
        try:
            urllib.request.urlopen(url, timeout=5)
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"no answer from {url}")


def facts() -> str:
    """The machine and the moment, for whoever compares runs."""
    with open("/proc/stat", encoding="ascii") as file:
        ticks = [int(number) for number in file.readline().split()[1:]]
    steal = 100 * ticks[7] / sum(ticks)
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.strip()
    return (
        f"python {platform.python_version()}, {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}, steal {steal:.1f} %,"
        f" commit {commit or 'none'}, fdatasync {_fdatasync_rate():.0f}/s"
    )


def _fdatasync_rate() -> float:
    """8 kB overwrites a second that reach the disk: the ceiling of everything durable."""
    with tempfile.NamedTemporaryFile() as file:
        began, count = time.perf_counter(), 0
        while time.perf_counter() - began < 0.5:
            os.pwrite(file.fileno(), b"x" * 8192, 0)
            os.fdatasync(file.fileno())
            count += 1
        return count / (time.perf_counter() - began)
