"""Data folders with a space in their path, and servers that are gone when the test is."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from config.embedded import processes
from config.embedded.state import ROOT


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    data = tmp_path / "a folder with spaces"
    for name in ("run", "log"):
        (data / name).mkdir(parents=True)
    # pytest closes its base folder to other accounts, and root's PostgreSQL runs as one.
    return data


@pytest.fixture
def launch(folder: Path) -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    """Start a Python program with the folder as its first argument; it and what it left are ended afterwards."""
    started: list[subprocess.Popen[str]] = []

    def start(program: str, *arguments: str, data: Path = folder) -> subprocess.Popen[str]:
        child = subprocess.Popen(
            [sys.executable, "-c", program, str(data), *arguments],
            cwd=ROOT,
            env={key: value for key, value in os.environ.items() if key not in {"DATABASE_URL", "REDIS_URL"}},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(child)
        return child

    yield start
    for child in started:
        if child.poll() is None:
            child.send_signal(signal.SIGTERM)
            try:
                child.wait(30)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        if child.stdout:
            child.stdout.close()
    for note in folder.parent.rglob("run/*.pid"):
        if pid := processes.PidFile(note.parent.parent, note.stem).leftover():
            processes.end(pid, steps=[(signal.SIGKILL, 5)])
