"""The supervisor's children: started, watched, restarted with growing pauses, their errors shown."""

import re
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from config.embedded import processes

KEEP_LOG_BYTES = 5_000_000
LONGEST_PAUSE = 30.0
STEADY_SECONDS = 60.0  # after this long a child counts as healthy and its pauses start anew
LOUD = re.compile(r"\b(ERROR|CRITICAL|FATAL|PANIC)\b|^Traceback|^\w[\w.]*(Error|Exception): ")
SHOWN_AT_ONCE = 12


@dataclass
class LogTail:
    """Reads what was added to a log and picks the lines that tell of errors, tracebacks whole."""

    path: Path
    position: int = 0
    in_traceback: bool = False

    def __post_init__(self) -> None:
        if self.path.exists():
            if self.path.stat().st_size > KEEP_LOG_BYTES:
                self.path.replace(self.path.with_suffix(".log.1"))
            else:
                self.position = self.path.stat().st_size

    def errors(self) -> list[str]:
        try:
            with open(self.path, "rb") as file:
                file.seek(self.position)
                added = file.read()
        except FileNotFoundError:
            return []
        complete = added[: added.rfind(b"\n") + 1]
        self.position += len(complete)
        return [line for line in complete.decode("utf-8", "replace").splitlines() if self._is_loud(line)]

    def _is_loud(self, line: str) -> bool:
        if self.in_traceback:
            self.in_traceback = line.startswith((" ", "\t")) or not line
            return bool(line)
        self.in_traceback = line.startswith("Traceback")
        return bool(LOUD.search(line))


@dataclass
class Child:
    """One long-running command of ours."""

    name: str
    command: list[str]
    environment: Mapping[str, str]
    cwd: Path
    data: Path
    say: Callable[[str], None]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    pause: float = 0.0
    due: float = 0.0
    failures: int = 0
    tail: LogTail = field(init=False)
    pid_file: processes.PidFile = field(init=False)

    def __post_init__(self) -> None:
        self.tail = LogTail(self.log)
        self.pid_file = processes.PidFile(self.data, self.name)

    @property
    def log(self) -> Path:
        return self.data / "log" / f"{self.name}.log"

    def start(self) -> None:
        self.process = processes.spawn(self.command, env=self.environment, cwd=self.cwd, log=self.log)
        self.pid_file.write(self.process.pid)
        self.started = time.monotonic()

    def watch(self) -> None:
        """Show new errors; if it has ended, start it again once its pause is over."""
        loud = self.tail.errors()
        for line in loud[:SHOWN_AT_ONCE]:
            self.say(f"{self.name}: {line}")
        if len(loud) > SHOWN_AT_ONCE:
            self.say(f"{self.name}: … {len(loud) - SHOWN_AT_ONCE} more lines in {self.log}")
        now = time.monotonic()
        if self.process and self.process.poll() is not None:
            self.failures += 1
            steady = now - self.started > STEADY_SECONDS
            self.pause = 1.0 if steady or not self.pause else min(self.pause * 2, LONGEST_PAUSE)
            self.due = now + self.pause
            self.say(f"{self.name} ended ({_ending(self.process.returncode)}); starting it again in {self.pause:.0f} s")
            self.process = None
        elif self.process is None and self.due and now >= self.due:
            self.start()
            self.say(f"{self.name} started again")


def stop_children(children: list[Child], *, seconds: float) -> None:
    processes.stop_all({child.name: child.process for child in children if child.process}, seconds=seconds)
    for child in children:
        child.process = None
        child.due = 0.0
        child.pid_file.clear()


def _ending(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"
