"""What one data folder remembers between starts: its lock, its ports and passwords, its secrets."""

import base64
import fcntl
import json
import os
import secrets
import socket
from dataclasses import asdict, dataclass, fields
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


class EmbeddedError(RuntimeError):
    """A start that cannot go on; the message tells the developer what to do."""


def data_folder() -> Path:
    """DATA_DIR, or `var/` of this checkout; created, open for passing through but not for listing."""
    folder = Path(os.environ.get("DATA_DIR", "").strip() or ROOT / "var").absolute()
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("run", "log"):
        (folder / name).mkdir(exist_ok=True)
    return folder


def write_private(path: Path, text: str) -> None:
    """Replace `path` at once with a file only its owner reads, so that a crash never leaves half of it."""
    fresh = path.with_name(path.name + ".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(fresh, path)


def free_port(wanted: int = 0) -> int:
    """`wanted` if nobody listens there, else a port of the system's choice; loopback only."""
    for candidate in (wanted, 0) if wanted else (0,):
        with socket.socket() as probe:
            # Without this a port whose last connections linger in TIME_WAIT would look taken after each restart.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", candidate))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise EmbeddedError("No free port on 127.0.0.1.")


@dataclass
class Remembered:
    """Ports are kept while they are free; passwords are made once, with the cluster they belong to."""

    postgres_port: int = 0
    redis_port: int = 0
    admin_password: str = ""
    owner_password: str = ""
    app_password: str = ""
    redis_password: str = ""

    @classmethod
    def load(cls, folder: Path) -> "Remembered":
        try:
            stored = json.loads((folder / "embedded.json").read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            stored = {}
        known = {field.name for field in fields(cls)}
        remembered = cls(**{name: value for name, value in stored.items() if name in known})
        for name in ("admin_password", "owner_password", "app_password", "redis_password"):
            if not getattr(remembered, name):
                setattr(remembered, name, secrets.token_urlsafe(24))
        return remembered

    def save(self, folder: Path) -> None:
        write_private(folder / "embedded.json", json.dumps(asdict(self), indent=1))


class Lock:
    """One instance a data folder. The kernel frees it with the process, so kill -9 leaves nothing to clean."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "run" / "lock"
        self.descriptor: int | None = None

    def take(self) -> None:
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.read(descriptor, 20).decode() or "unknown"
            os.close(descriptor)
            raise EmbeddedError(f"Already running on {self.path.parent.parent} (process {owner}).") from None
        os.truncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        self.descriptor = descriptor

    def release(self) -> None:
        if self.descriptor is not None:
            os.close(self.descriptor)
            self.descriptor = None


def development_secrets(folder: Path) -> dict[str, str]:
    """SECRET_KEY and VAULT_KEYS for development: made once, kept in `secrets.env`; those of the environment win."""
    path = folder / "secrets.env"
    values = read_env(path)
    if not {"SECRET_KEY", "VAULT_KEYS"} <= values.keys():
        values.setdefault("SECRET_KEY", secrets.token_urlsafe(48))
        values.setdefault("VAULT_KEYS", "k1:" + base64.b64encode(secrets.token_bytes(32)).decode())
        write_env(path, values)
    return {name: os.environ.get(name) or value for name, value in values.items()}


def read_env(path: Path) -> dict[str, str]:
    """The `NAME=value` lines of a file; none when it does not exist."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    pairs = (line.partition("=") for line in lines if "=" in line and not line.startswith("#"))
    return {name.strip(): value.strip() for name, _, value in pairs}


def write_env(path: Path, values: dict[str, str]) -> None:
    write_private(path, "".join(f"{name}={value}\n" for name, value in values.items()))
