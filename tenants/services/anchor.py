"""The ends of the audit trail's chains, signed and kept outside of the database: who rewrites a whole chain, or cuts its
end off, cannot rewrite these.

A line says of one chain which hash it had at which position; lines are signed with a key derived from SECRET_KEY and each
names the signature of the line before it. With AUDIT_ANCHOR_URL a machine out of reach keeps a copy.
"""

import fcntl
import hashlib
import hmac
import json
import logging
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import redis
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db import Error as DatabaseError
from django.utils import timezone

from config.lib import http
from config.lib.errors import AppError, ProviderError
from config.lib.redis import client
from tenants.context import platform_scope
from tenants.models import AuditHead

logger = logging.getLogger(__name__)
LABEL = b"sovereign-crm audit anchors 1"
STATE_KEY = "audit:anchor"
POST_SECONDS = 10.0
MOST_POSTED = 1_000_000  # bytes of lines in one request


class BadAnchors(AppError):
    """A line that does not carry our signature, or does not follow the one before it."""

    code = "bad_anchors"


@dataclass(frozen=True)
class Anchored:
    """At `at` (ISO 8601, UTC) the chain ended at `position` with `hash`."""

    chain: int
    position: int
    hash: bytes
    at: str = ""


@dataclass
class _Progress:
    """What is known of the file up to byte `size`: the last signature and each chain's last position; `posted` bytes of it
    are kept elsewhere. Only spares reading the file again: whatever does not fit is read anew."""

    size: int = 0
    posted: int = 0
    mac: str = ""
    positions: dict[str, int] = field(default_factory=dict)


def path() -> Path:
    return Path(settings.AUDIT_ANCHOR_FILE or Path(settings.DATA_DIR) / "audit" / "anchors.jsonl")


def run() -> int:
    """Anchor every chain that moved since, send what was not sent; returns how many lines were written.

    Whatever fails is logged, shown by `state` and tried again with the next call.
    """
    written, wrong = 0, ""
    try:
        written = write()
        post()
    except (OSError, DatabaseError) as error:
        wrong = f"not written: {type(error).__name__}"
        logger.exception("the audit trail was not anchored")
    except AppError as error:
        wrong = str(error.message)
        logger.error("the audit trail was not anchored: %s", error.message)
    except ProviderError as error:
        wrong = f"not sent: {error.code or error.kind}"
        logger.warning("anchors of the audit trail were not sent: %s", error.message)
    _tell(wrong)
    return written


def write() -> int:
    """Append a line for each chain that moved."""
    with platform_scope("anchor the audit trail"):
        heads = list(AuditHead.objects.order_by("chain").values_list("chain", "position", "hash"))
    with _alone() as file:
        progress = _progress(file)
        known = {chain: progress.positions.get(str(chain), 0) for chain, _position, _hash in heads}
        for chain, position, _hash in heads:
            if position < known[chain]:
                logger.error("the audit trail of company %s is shorter than it was: run verify_audit", chain)
        moved = [head for head in heads if known[head[0]] < head[1]]
        if not moved:
            return 0
        now = timezone.now()
        data = b""
        for chain, position, hash in moved:
            line = _line(chain, position, bytes(hash), now, progress.mac)
            progress.mac = line["mac"]
            progress.positions[str(chain)] = position
            data += json.dumps(line, separators=(",", ":")).encode() + b"\n"
        os.lseek(file, progress.size, os.SEEK_SET)  # over what a crash left half written
        os.ftruncate(file, progress.size)
        _write_all(file, data)
        os.fsync(file)
        progress.size += len(data)
        _keep(progress)
        return len(moved)


def post() -> None:
    """Send what was not sent yet; raises ProviderError. A line may arrive twice and counts once."""
    if not settings.AUDIT_ANCHOR_URL:
        return
    with _alone() as file:
        progress = _progress(file)
        os.lseek(file, progress.posted, os.SEEK_SET)
        waiting = os.read(file, min(progress.size - progress.posted, MOST_POSTED))
        waiting = waiting[: waiting.rfind(b"\n") + 1]
    if not waiting:
        return
    answer = http.request(
        "POST",
        settings.AUDIT_ANCHOR_URL,
        data=waiting,
        headers={"Content-Type": "application/x-ndjson"},
        timeout=POST_SECONDS,
        max_bytes=100_000,
    )
    if not 200 <= answer.status < 300:
        raise ProviderError(f"the keeper of anchors answered {answer.status}", kind="retry", code=str(answer.status))
    with _alone() as file:
        after = _progress(file)
        after.posted = max(after.posted, progress.posted + len(waiting))
        _keep(after)


def read(lines: Iterable[str]) -> list[Anchored]:
    """What a file of anchors says. Raises BadAnchors for a line that was forged, changed, taken out or put elsewhere."""
    keys = [_key(str(secret)) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]
    found, before = [], ""
    for number, text in enumerate(lines, start=1):
        line = _parsed(text)
        if line is None or not any(hmac.compare_digest(_mac(line, key), str(line.get("mac"))) for key in keys):
            raise BadAnchors(f"Line {number} of the anchors does not carry our signature.")
        if line["before"] != before:
            raise BadAnchors(f"Line {number} of the anchors does not follow the line before it.")
        before = line["mac"]
        found.append(Anchored(line["chain"], line["position"], bytes.fromhex(line["hash"]), line["at"]))
    return found


def state() -> str:
    """How anchoring went last, for reading: "ok", what is wrong, or that it never ran."""
    try:
        found = client().get(STATE_KEY)
    except redis.RedisError:
        return "unknown"
    return str(found) if found else "never ran"


def _tell(wrong: str) -> None:
    try:
        client().set(STATE_KEY, wrong or "ok", ex=3600)
    except redis.RedisError:
        return


# --- lines -----------------------------------------------------------------------------------------------------
def _line(chain: int, position: int, hash: bytes, at: datetime, before: str) -> dict[str, Any]:
    line = {"chain": chain, "position": position, "hash": hash.hex(), "at": at.isoformat(), "before": before}
    return {**line, "mac": _mac(line, _key(settings.SECRET_KEY))}


def _mac(line: dict[str, Any], key: bytes) -> str:
    said = json.dumps([line[name] for name in ("chain", "position", "hash", "at", "before")])
    return hmac.new(key, said.encode(), hashlib.sha256).hexdigest()


def _key(secret: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=LABEL).derive(secret.encode())


def _parsed(text: str) -> dict[str, Any] | None:
    try:
        line = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return (
        line if isinstance(line, dict) and {"chain", "position", "hash", "at", "before", "mac"} <= set(line) else None
    )


# --- the file ----------------------------------------------------------------------------------------------------
@contextmanager
def _alone() -> Iterator[int]:
    """The open file, held by one process at a time."""
    place = path()
    place.parent.mkdir(parents=True, exist_ok=True)
    file = os.open(place, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file
    finally:
        os.close(file)


def _write_all(file: int, data: bytes) -> None:
    while data:
        data = data[os.write(file, data) :]


def _beside() -> Path:
    return path().with_suffix(".progress")


def _progress(file: int) -> _Progress:
    kept = _kept()
    size = os.fstat(file).st_size
    if kept is not None and kept.size == size and kept.posted <= size and _last_mac(file, size) == kept.mac:
        return kept
    fresh = _Progress(posted=kept.posted if kept is not None and kept.posted <= size else 0)
    os.lseek(file, 0, os.SEEK_SET)
    with os.fdopen(os.dup(file), "rb") as lines:
        for raw in lines:
            if not raw.endswith(b"\n"):
                break  # the last one, cut off by a crash
            line = _parsed(raw.decode("utf-8", "replace"))
            if line is None:
                raise BadAnchors(
                    "The file of anchors is damaged; put it aside and look at it. Nothing was added to it."
                )
            fresh.size += len(raw)
            fresh.mac = line["mac"]
            fresh.positions[str(line["chain"])] = line["position"]
    return fresh


def _last_mac(file: int, size: int) -> str:
    os.lseek(file, max(0, size - 4096), os.SEEK_SET)
    lines = os.read(file, 4096).splitlines()
    line = _parsed(lines[-1].decode("utf-8", "replace")) if lines else None
    return str(line["mac"]) if line is not None else ""


def _kept() -> _Progress | None:
    try:
        return _Progress(**json.loads(_beside().read_text()))
    except (OSError, ValueError, TypeError):
        return None


def _keep(progress: _Progress) -> None:
    fresh = _beside().with_suffix(".new")
    fresh.write_text(json.dumps(asdict(progress)))
    os.replace(fresh, _beside())
