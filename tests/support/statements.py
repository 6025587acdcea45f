"""Counting every statement a piece of work sends, with BEGIN, the context and COMMIT."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from config.lib.redis import client
from tenants.services import registry


@dataclass
class Statements:
    """What went to PostgreSQL, in order."""

    sql: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        return len(self.sql)

    def __len__(self) -> int:
        return len(self.sql)

    def of(self, beginning: str) -> list[str]:
        return [each for each in self.sql if each.lower().startswith(beginning.lower())]

    def __str__(self) -> str:
        return "\n".join(each[:160] for each in self.sql)


@contextmanager
def statements() -> Iterator[Statements]:
    """Record this thread's statements. The list of companies is loaded beforehand: a process does that once in a while."""
    registry.changed()
    registry.active()
    # An access is told once in a while; here always, so that two counts of the same page compare.
    for key in client().scan_iter("audit:told:*"):
        client().delete(key)
    seen = Statements()

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        seen.sql.append(sql)
        return execute(sql, params, many, context)

    connection.listeners.append(seen.sql.append)
    try:
        with connection.execute_wrapper(note):
            yield seen
    finally:
        connection.listeners.remove(seen.sql.append)
