"""Start and stop child processes so that none outlives its parent and none is mistaken for another."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from config.embedded.privileges import Account

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)
PROC = Path("/proc")


def identity(pid: int) -> str | None:
    """A text that no later process with the same number shares; None when it is gone or only waits to be reaped."""
    if PROC.joinpath("self/stat").exists():
        try:
            tail = PROC.joinpath(str(pid), "stat").read_text().rpartition(")")[2].split()
        except (OSError, ValueError):
            return None
        return None if tail[0] in "ZX" else tail[19]  # state, start time in clock ticks since boot
    shown = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return shown.stdout.strip() or None


def working_folder(pid: int) -> Path | None:
    """Where the process works, as far as the system tells us."""
    try:
        return Path(os.readlink(PROC / str(pid) / "cwd"))
    except OSError:
        return None


def working_in(folder: Path) -> list[int]:
    """Every process whose working folder is `folder`: a PostgreSQL and its children work in their data folder."""
    wanted = folder.resolve()
    numbers = (int(entry.name) for entry in PROC.glob("[0-9]*"))
    return [pid for pid in numbers if working_folder(pid) == wanted]


def die_with_parent(signal_number: int, parent: int) -> None:
    """Ask Linux to signal this process when its parent dies, even by kill -9. Elsewhere the next start cleans up."""
    if sys.platform == "linux":
        _libc.prctl(PR_SET_PDEATHSIG, signal_number, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)


def spawn(
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str],
    cwd: Path,
    log: Path,
    death_signal: int = signal.SIGKILL,
    account: Account | None = None,
) -> subprocess.Popen[bytes]:
    """Start a child in its own session (a Ctrl-C reaches only us, who stop things in order), output to `log`."""
    parent = os.getpid()
    become: Callable[[], None] | None = account.become if account else None

    def in_child() -> None:
        if become:
            become()
        die_with_parent(death_signal, parent)  # after the change of user, which clears it

    with open(log, "ab") as output:
        return subprocess.Popen(
            [os.fspath(part) for part in command],
            env=dict(env),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=in_child,
        )


class PidFile:
    """Remembers a child across our own death: number and start time, so that it can be proved to be ours."""

    def __init__(self, folder: Path, name: str) -> None:
        self.path = folder / "run" / f"{name}.pid"

    def write(self, pid: int) -> None:
        self.path.write_text(f"{pid} {identity(pid)}", encoding="utf-8")

    def leftover(self) -> int | None:
        """The child's number if that very process still lives."""
        try:
            number, _, started = self.path.read_text(encoding="utf-8").partition(" ")
            pid = int(number)
        except (FileNotFoundError, ValueError):
            return None
        return pid if identity(pid) == started else None

    def clear(self) -> None:
        self.path.unlink(missing_ok=True)


def wait_gone(pids: Iterable[int], seconds: float) -> list[int]:
    """Wait for processes that are not our children; return those still alive at the end."""
    known = {pid: identity(pid) for pid in pids}
    deadline = time.monotonic() + seconds
    while True:
        alive = [pid for pid, started in known.items() if started and identity(pid) == started]
        if not alive or time.monotonic() > deadline:
            return alive
        time.sleep(0.05)


def end(pid: int, *, steps: Sequence[tuple[int, float]]) -> None:
    """Send each signal in turn and give the process its seconds, until it is gone. For processes proved to be ours."""
    for number, seconds in steps:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
        if not wait_gone([pid], seconds):
            return


def stop_all(
    children: Mapping[str, subprocess.Popen[bytes]], *, first: int = signal.SIGTERM, seconds: float = 10
) -> None:
    """Stop children together: ask, wait up to `seconds` for all, then kill their whole sessions."""
    for child in children.values():
        if child.poll() is None:
            child.send_signal(first)
    deadline = time.monotonic() + seconds
    for child in children.values():
        try:
            child.wait(max(0.05, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            pass
        try:
            os.killpg(child.pid, signal.SIGKILL)  # what is left of its session, the child itself included
        except (ProcessLookupError, PermissionError):
            pass
        child.wait()


def tail(path: Path, lines: int = 15) -> str:
    """The end of a log, for a message about a failure."""
    try:
        return "\n".join(path.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
    except FileNotFoundError:
        return "(no log)"
