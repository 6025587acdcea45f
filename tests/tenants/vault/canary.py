"""Where a secret might have got to: every table, every key of Redis, the log, files, and all that was answered."""

import base64
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from psycopg import sql
from redis import Redis

from tests.support.services import Services

CANARY = "canario-4711-no-debe-verse"


def forms(word: str) -> list[bytes]:
    """The ways in which a word may be written down: plain, hex (how bytea is dumped), base64 at any offset, backwards."""
    raw = word.encode()
    inside = [base64.b64encode(b"x" * shift + raw)[4:-4] for shift in range(3)]
    return [raw, raw.hex().encode(), *inside, raw[::-1]]


def found_in(content: bytes, words: tuple[str, ...] = (CANARY,)) -> bool:
    return any(form in content for word in words for form in forms(word))


def in_database(services: Services) -> list[str]:
    """Tables of every schema that hold it."""
    where = []
    with services.inside() as inside:
        tables = inside.execute(
            "select n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace"
            " where c.relkind in ('r', 'p', 'm') and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')"
        ).fetchall()
        for schema, table in tables:
            query = sql.SQL("copy (select * from {}) to stdout").format(sql.Identifier(schema, table))
            with inside.cursor().copy(query) as copy:
                if found_in(b"".join(bytes(part) for part in copy)):
                    where.append(f"{schema}.{table}")
    return where


def in_redis() -> list[str]:
    """Keys whose name or value holds it; values are read as what they are, as a dump of them may be compressed."""
    redis = Redis.from_url(settings.REDIS_URL)  # bytes: sessions are no text
    read = {
        "string": lambda name: redis.get(name),
        "list": lambda name: redis.lrange(name, 0, -1),
        "set": lambda name: redis.smembers(name),
        "hash": lambda name: redis.hgetall(name),
        "zset": lambda name: redis.zrange(name, 0, -1, withscores=True),
        "stream": lambda name: redis.xrange(name),
    }
    where = []
    for name in redis.scan_iter():
        kind = redis.type(name)
        assert isinstance(kind, bytes)
        text = f"{name!r} {read[kind.decode()](name)!r}"
        if found_in(text.encode()) or any(found_in(part) for part in _packed(text)):
            where.append(str(name))
    return where


def _packed(text: str) -> Iterator[bytes]:
    """Bodies of queued tasks are base64 within JSON."""
    for word in text.replace("\\", "").replace('"', " ").replace("'", " ").split():
        if len(word) >= 16:
            try:
                yield base64.b64decode(word, validate=True)
            except ValueError:
                continue


def in_files(folder: Path) -> list[str]:
    return [str(path) for path in folder.rglob("*") if path.is_file() and found_in(path.read_bytes())]


class Listener(logging.Handler):
    """Everything that is logged, with tracebacks, as a handler would write it."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.setFormatter(logging.Formatter("%(name)s %(message)s"))
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{self.format(record)} {record.args}")


@contextmanager
def listening() -> Iterator[Listener]:
    root, listener = logging.getLogger(), Listener()
    level = root.level
    root.addHandler(listener)
    root.setLevel(logging.DEBUG)
    try:
        yield listener
    finally:
        root.removeHandler(listener)
        root.setLevel(level)


class Answers:
    """What was said to browsers and integrations."""

    def __init__(self) -> None:
        self.seen = 0
        self.showing: list[str] = []

    def note(self, what: str, answer: Any) -> Any:
        self.seen += 1
        content = b"".join(answer.streaming_content) if answer.streaming else answer.content
        headers = json.dumps([dict(answer.items()), str(answer.cookies)]).encode()
        if found_in(content) or found_in(headers):
            self.showing.append(what)
        return answer
