"""Behind bin/test: throwaway services around one pytest run. `python -m config.embedded.testrun [pytest arguments]`."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import FrameType

from config.embedded.bootstrap import adopt
from config.embedded.prepare import prepare
from config.embedded.services import Services
from config.embedded.state import ROOT, EmbeddedError, data_folder

WORKERS = "3"  # tests wait a fifth of their time: for browsers, locks and clocks


def pytest_command(arguments: list[str]) -> list[str]:
    """Several processes unless the caller chose, or wants a debugger."""
    chosen = any(word.startswith(("-n", "--numprocesses", "--pdb", "--trace")) for word in arguments)
    # The process that has finished takes over what waits in the others: one is never left alone with the long ones.
    several = ["-n", WORKERS, "--dist", "worksteal"]
    return [sys.executable, "-m", "pytest", *([] if chosen else several), *arguments]


def run(arguments: list[str], environment: dict[str, str]) -> int:
    """Run pytest; an interrupt of ours is passed on, and its exit code comes back."""
    child: subprocess.Popen[bytes] | None = None

    def pass_on(number: int, frame: FrameType | None) -> None:
        # Ctrl-C reaches pytest through the terminal as well; a second SIGINT would cut its summary short.
        if child is not None and (number != signal.SIGINT or not sys.stdin.isatty()):
            child.send_signal(signal.SIGINT)

    # Before pytest is started: one that is begun in the background would inherit that SIGINT is ignored.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, pass_on)
    child = subprocess.Popen(pytest_command(arguments), cwd=ROOT, env=environment)
    return child.wait()


def main() -> int:
    arguments = sys.argv[1:]
    started = time.monotonic()
    given = os.environ.get("DATABASE_URL"), os.environ.get("REDIS_URL")
    folder = Path(tempfile.mkdtemp(prefix="crm-test-"))
    folder.chmod(0o711)  # the account PostgreSQL runs as passes through
    os.environ["DATA_DIR"] = str(folder)
    try:
        prepare(say=lambda line: print(f"bin/test: {line}", flush=True))
        environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings.test"}
        wants = tuple(name for name, url in zip(("postgres", "redis"), given, strict=True) if not url)
        if given[0]:
            environment |= adopt(given[0], test=True)
        with Services(data_folder(), durable=False, test=True, wants=wants) as services:
            environment |= services.environment()
            print(f"bin/test: services ready after {time.monotonic() - started:.1f} s", flush=True)
            return run(arguments, environment)
    except EmbeddedError as error:
        print(f"bin/test: {error}", file=sys.stderr)
        return 3
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
