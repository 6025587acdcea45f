"""bin/dev's supervisor, with small programs in the place of the web server, the worker and the beat."""

import http.client
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from config.embedded import processes
from config.embedded.state import free_port, read_env

Launch = Callable[..., "subprocess.Popen[str]"]

MANAGE = """
import os, sys
from pathlib import Path
data = Path(os.environ["DATA_DIR"])
with open(data / "commands.txt", "a") as file:
    file.write(sys.argv[1] + "\\n")
if (data / "fail").exists():
    print("the migration is broken")
    sys.exit(1)
print("web chat: http://localhost:8000/demo/")
"""
WEB = """
import http.server, sys
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/readyz" else 404)
        self.end_headers()
    def log_message(self, *words):
        pass
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Answer).serve_forever()
"""
STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ERROR a task failed", flush=True)
while True:
    time.sleep(1)
"""
RUN = """
import sys
from pathlib import Path
from config.embedded import supervise
supervise.STOP_SECONDS = 1.0
supervise.prepare = lambda say: None
data, root, port, *more = sys.argv[1:]
web, stubborn = Path(root, "web.py"), Path(root, "stubborn.py")
def commands(python, port, data):
    return {
        "web": [python, str(web), str(port)],
        "worker": [python, str(stubborn)],
        "beat": [python, "-c", "import time; time.sleep(600)"],
    }
sys.exit(supervise.main(["--port", port, *more], root=Path(root), commands=commands))
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    place = tmp_path / "stub project"
    place.mkdir()
    for name, program in (("manage.py", MANAGE), ("web.py", WEB), ("stubborn.py", STUBBORN)):
        (place / name).write_text(program)
    return place


@pytest.fixture
def dev(folder: Path, root: Path, launch: Launch, monkeypatch: pytest.MonkeyPatch) -> Iterator[Launch]:
    monkeypatch.setenv("DATA_DIR", str(folder))

    def start(port: int, *more: str) -> "subprocess.Popen[str]":
        return launch(RUN, str(root), str(port), *more)

    return start


def until(child: "subprocess.Popen[str]", text: str) -> str:
    """Read its lines up to the one that holds `text`; everything read. A child that keeps silent for a minute is ended."""
    assert child.stdout
    seen = ""
    patience = threading.Timer(60, child.kill)
    patience.start()
    try:
        for line in child.stdout:
            seen += line
            if text in line:
                return seen
    finally:
        patience.cancel()
    raise AssertionError(f"ended with {child.wait()} before {text!r}:\n{seen}")


def children(folder: Path) -> dict[str, int]:
    notes = (processes.PidFile(folder, name) for name in ("postgres", "redis", "web", "worker", "beat"))
    return {note.path.stem: pid for note in notes if (pid := note.leftover())}


def answers(port: int) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status
    finally:
        connection.close()


def test_it_says_ready_with_its_address_and_stops_everything_on_ctrl_c(folder: Path, dev: Launch) -> None:
    port = free_port()
    child = dev(port)
    seen = until(child, "Ctrl-C")
    assert f"\nReady: http://localhost:{port}\n" in seen
    assert "ana@acme.test" in seen
    assert f"http://localhost:{port}/demo/" in seen
    assert (folder / "commands.txt").read_text().split() == ["migrate_all", "seed_demo"]
    assert answers(port) == 200
    assert {"DATABASE_URL", "OWNER_DATABASE_URL", "REDIS_URL"} <= read_env(folder / "services.env").keys()
    pids = children(folder)
    assert set(pids) == {"postgres", "redis", "web", "worker", "beat"}
    child.send_signal(signal.SIGINT)
    assert child.wait(30) == 0
    assert [name for name, pid in pids.items() if processes.identity(pid)] == []
    assert not (folder / "services.env").exists()


def test_without_demo_no_demo_data_and_no_logins(folder: Path, dev: Launch) -> None:
    seen = until(dev(free_port(), "--no-demo"), "Ctrl-C")
    assert "acme" not in seen
    assert (folder / "commands.txt").read_text().split() == ["migrate_all"]


def test_a_taken_port_is_told_and_the_next_is_used(dev: Launch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        seen = until(dev(port), "Ready: ")
    assert f"port {port} is taken" in seen
    assert f"localhost:{port}\n" not in seen


@pytest.mark.slow
@pytest.mark.faults
def test_a_child_that_dies_is_started_again_and_errors_are_shown(folder: Path, dev: Launch) -> None:
    port = free_port()
    child = dev(port)
    if "worker: ERROR a task failed" not in until(child, "Ctrl-C"):  # told when it happens, before or after
        until(child, "worker: ERROR a task failed")
    os.kill(children(folder)["web"], signal.SIGKILL)
    until(child, "web ended (signal 9)")
    until(child, "web started again")
    os.kill(children(folder)["redis"], signal.SIGKILL)
    until(child, "redis ended by itself")


@pytest.mark.slow
@pytest.mark.faults
def test_after_kill_9_the_next_start_has_the_same_port_and_the_same_secrets(folder: Path, dev: Launch) -> None:
    port = free_port()
    first = dev(port)
    until(first, "Ctrl-C")
    secrets = (folder / "secrets.env").read_text()
    pids = [first.pid, *children(folder).values()]
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    first.wait()
    second = dev(port)
    assert f"\nReady: http://localhost:{port}\n" in until(second, "Ctrl-C")
    assert (folder / "secrets.env").read_text() == secrets


@pytest.mark.slow
@pytest.mark.faults
def test_a_killed_supervisor_leaves_no_process(folder: Path, dev: Launch) -> None:
    child = dev(free_port())
    until(child, "Ctrl-C")
    pids = children(folder).values()
    child.kill()
    child.wait()
    assert processes.wait_gone(pids, 20) == []


@pytest.mark.slow
def test_reset_forgets_the_data(folder: Path, dev: Launch) -> None:
    first = dev(free_port())
    until(first, "Ctrl-C")
    first.send_signal(signal.SIGTERM)
    assert first.wait(30) == 0
    (folder / "media").mkdir()
    before = (folder / "embedded.json").read_text()
    assert "all data removed" in until(dev(free_port(), "--reset"), "Ctrl-C")
    assert not (folder / "media").exists()
    assert (folder / "embedded.json").read_text() != before


def test_a_failed_migration_ends_the_start_with_its_words(folder: Path, dev: Launch) -> None:
    (folder / "fail").touch()
    child = dev(free_port())
    assert child.stdout
    seen = child.stdout.read()
    assert child.wait(30) == 1
    assert "the migration is broken" in seen
    assert children(folder) == {}


def test_a_second_start_on_the_same_folder_says_who_runs_there(dev: Launch) -> None:
    first = dev(free_port())
    until(first, "Ctrl-C")
    second = dev(free_port())
    assert second.stdout
    assert f"process {first.pid}" in second.stdout.read()
    assert second.wait(30) == 1
    assert first.poll() is None


def test_ctrl_c_while_starting_stops_what_had_started(folder: Path, root: Path, dev: Launch) -> None:
    (root / "manage.py").write_text("import time; time.sleep(600)")
    child = dev(free_port())
    until(child, "Redis on")
    deadline = time.monotonic() + 10
    while not (folder / "log" / "migrate_all.log").exists():
        assert time.monotonic() < deadline
    child.send_signal(signal.SIGINT)
    assert child.wait(30) == 0
    assert children(folder) == {}


def test_a_program_that_cannot_start_ends_the_start_with_the_end_of_its_log(root: Path, dev: Launch) -> None:
    (root / "web.py").write_text("raise SystemExit('a setting is missing')")
    child = dev(free_port())
    assert child.stdout
    seen = child.stdout.read()
    assert child.wait(30) == 1
    assert "web cannot start" in seen
    assert "a setting is missing" in seen
