"""Looking through every place a word could lie in: all tables, a dump, Redis, files. And what changed between two looks."""

import base64
import os
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import redis
from django.conf import settings

from config.embedded.bootstrap import with_database
from tests.support.services import Services

TABLES = """
select format('%I.%I', n.nspname, c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p') and n.nspname !~ '^(pg_|information_schema)' order by 1
"""


def rows(services: Services) -> dict[str, Counter[str]]:
    """Table → its rows as PostgreSQL writes them, each as often as it is there."""
    with services.inside() as inside:
        names = [name for (name,) in inside.execute(TABLES).fetchall()]
        return {name: Counter(text for (text,) in inside.execute(f"select t::text from {name} t")) for name in names}


def forms(needle: str) -> list[str]:
    """A word as text, as bytes in hexadecimal, and within base64 at any place."""
    raw = needle.encode()
    coded = [base64.b64encode(b"\0" * shift + raw).decode().rstrip("=")[4 if shift else 0 : -4] for shift in range(3)]
    return [needle.lower(), raw.hex(), *(each.lower() for each in coded if len(each) >= 12)]


def found(text: str, needles: list[str]) -> list[str]:
    lowered = text.lower()
    return [needle for needle in needles if any(form in lowered for form in forms(needle))]


def in_tables(services: Services, needles: list[str]) -> list[str]:
    return [
        f"{name}: {hits} in {text[:300]}"
        for name, held in rows(services).items()
        for text in held
        if (hits := found(text, needles))
    ]


def in_dump(services: Services, needles: list[str]) -> list[str]:
    """What a backup of this moment would hold. Large objects, comments and sequences included."""
    done = subprocess.run(
        [Path(os.environ["PG_BIN"]) / "pg_dump", "--no-owner", with_database(services.admin_url, services.database)],
        capture_output=True,
        check=True,
    )
    return found(done.stdout.decode("utf-8", "replace"), needles)


def in_redis(needles: list[str]) -> list[str]:
    """Names and values of every key, whatever their kind."""
    bare = redis.Redis.from_url(settings.REDIS_URL)
    hits = []
    for key in bare.scan_iter(count=1000):
        read = {b"string": bare.get, b"set": bare.smembers, b"hash": bare.hgetall}.get(bare.type(key))
        value = read(key) if read else bare.lrange(key, 0, -1) if bare.type(key) == b"list" else bare.zrange(key, 0, -1)
        text = f"{key!r} {value!r} " + (value.decode("utf-8", "replace") if isinstance(value, bytes) else "")
        hits += [f"{key!r}: {each}" for each in found(text, needles)]
    bare.close()
    return hits


def files() -> Iterator[Path]:
    for folder in {Path(settings.MEDIA_ROOT), Path(settings.DATA_DIR)}:
        yield from (path for path in folder.rglob("*") if path.is_file())


def in_files(needles: list[str]) -> list[str]:
    """Names and bytes."""
    hits = []
    for path in files():
        text = f"{path} {path.read_bytes().decode('latin-1')}"
        wanted = [*needles, *(each.encode().decode("latin-1") for each in needles)]
        hits += [f"{path}: {each}" for each in found(text, wanted)]
    return hits
