"""Where events go while the database is away: fsynced files below DATA_DIR/spool, one writer each, bounded together.

A record is length, CRC-32 and a JSON list. A tail torn by a crash was never acknowledged and is left out. The writer
holds a lock on its file, so another process drains only what a dead one left. Draining twice is harmless: the rows'
unique key decides.
"""

import fcntl
import json
import logging
import os
import struct
import threading
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

logger = logging.getLogger(__name__)

MOST_BYTES = 512 * 1024 * 1024
SHARE = 0.5  # of it that one company's events may take, as far as this process wrote them
_HEAD = struct.Struct(">II")


class Event(NamedTuple):
    """One request as it came. `raw` holds no NUL, which PostgreSQL's text cannot store."""

    tenant_id: int
    provider: str
    channel_id: str
    event_key: str
    raw: str


class SpoolFull(Exception):
    """No room, or the disk refused: nothing of this call was kept."""


@dataclass
class Claimed:
    """A file that is ours to drain; its lock ends with `done` or `leave`."""

    path: Path
    fd: int
    damaged: bool = False
    held: dict[int, int] = field(default_factory=dict)  # company → bytes of it that were written here

    def events(self) -> Iterator[Event]:
        """Every complete record from the start of the file."""
        os.lseek(self.fd, 0, os.SEEK_SET)
        with os.fdopen(os.dup(self.fd), "rb") as file:
            while len(head := file.read(_HEAD.size)) == _HEAD.size:
                length, checksum = _HEAD.unpack(head)
                body = file.read(length)
                if len(body) == length and zlib.crc32(body) == checksum:
                    yield Event(*json.loads(body))
                    continue
                logger.warning("spool file %s ends in a torn record, which nobody was told is stored", self.path.name)
                self.damaged = len(body) == length
                return

    def done(self) -> None:
        """Everything is in the database. A file with unreadable bytes inside is kept under another name."""
        if self.damaged:
            self.path.rename(self.path.with_suffix(".damaged"))
        else:
            self.path.unlink(missing_ok=True)
        self.leave()

    def leave(self) -> None:
        """Let go of the lock; a second time does nothing, for a drain may be broken off just after its end."""
        fd, self.fd = self.fd, -1
        if fd >= 0:
            os.close(fd)


class Spool:
    """One process's side of the folder. Blocking: call it in a thread."""

    def __init__(self, folder: Path, *, most_bytes: int = MOST_BYTES) -> None:
        self.folder = folder
        self.most_bytes = most_bytes
        self._lock = threading.Lock()
        self._current: Claimed | None = None
        self._sealed: list[Claimed] = []

    def append(self, events: list[Event]) -> set[int]:
        """Returns once the records are on the disk, with the companies whose share is full: theirs were not kept.

        Raises SpoolFull, and then nothing was kept.
        """
        records: dict[int, list[bytes]] = {}
        for event in events:
            records.setdefault(event.tenant_id, []).append(_record(event))
        sizes = {company: sum(map(len, lines)) for company, lines in records.items()}
        with self._lock:
            refused = {each for each, size in sizes.items() if self.held(each) + size > self.most_bytes * SHARE}
            kept = {each: size for each, size in sizes.items() if each not in refused}
            if not kept:
                return refused
            if self.used() + sum(kept.values()) > self.most_bytes:
                raise SpoolFull("the spool is full")
            try:
                file = self._write(b"".join(line for each in kept for line in records[each]))
            except OSError as error:
                raise SpoolFull(str(error)) from error
            for each, size in kept.items():
                file.held[each] = file.held.get(each, 0) + size
        return refused

    def held(self, company: int) -> int:
        """Bytes of one company in the files that this process wrote and nobody drained yet."""
        files = [*self._sealed, *([self._current] if self._current else [])]
        return sum(each.held.get(company, 0) for each in files)

    def _write(self, data: bytes) -> Claimed:
        current = self._current or self._open()
        size = os.fstat(current.fd).st_size
        try:
            written = 0
            while written < len(data):
                written += os.write(current.fd, data[written:])
            os.fdatasync(current.fd)
        except OSError:
            os.ftruncate(current.fd, size)  # half a record would hide the ones after it
            raise
        return current

    def _open(self) -> Claimed:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self.folder / f"{time.time_ns()}-{os.getpid()}.spool"
        fd = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_APPEND | os.O_CLOEXEC, 0o600)
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        folder = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(folder)  # the file's name has to survive too
        finally:
            os.close(folder)
        self._current = Claimed(path, fd)
        return self._current

    def files(self) -> list[Path]:
        return sorted(self.folder.glob("*.spool"))

    def used(self) -> int:
        total = 0
        for path in self.files():
            try:
                total += path.stat().st_size
            except FileNotFoundError:
                continue  # drained by another process just now
        return total

    def claim(self) -> Claimed | None:
        """The next file to drain: our own, which new events no longer enter, else one of a process that is gone."""
        with self._lock:
            if self._current is not None:
                self._sealed.append(self._current)
                self._current = None
            if self._sealed:
                return self._sealed.pop(0)
        return next(filter(None, map(_lock_orphan, self.files())), None)

    def put_back(self, claimed: Claimed) -> None:
        """Draining stopped half-way: keep the file for the next try."""
        with self._lock:
            if claimed.fd >= 0:
                self._sealed.append(claimed)

    def set_aside(self, events: list[Event]) -> None:
        """Events that the database will never take (their company is gone): kept for a person, out of the way."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self.folder / f"{time.time_ns()}-{os.getpid()}.refused"
        fd = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
        try:
            os.write(fd, b"".join(_record(event) for event in events))
            os.fsync(fd)
        finally:
            os.close(fd)

    def close(self) -> None:
        """Let go of the locks, so that another process may drain what is left."""
        with self._lock:
            for claimed in [*self._sealed, *([self._current] if self._current else [])]:
                claimed.leave()
            self._sealed, self._current = [], None


def _record(event: Event) -> bytes:
    body = json.dumps(event).encode()
    return _HEAD.pack(len(body), zlib.crc32(body)) + body


def _lock_orphan(path: Path) -> Claimed | None:
    try:
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        return None
    if os.fstat(fd).st_nlink == 0:  # drained and removed between our listing and our lock
        os.close(fd)
        return None
    return Claimed(path, fd)
