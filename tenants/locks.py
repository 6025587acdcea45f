"""Waiting in line for a name inside one company, where no row could be locked because there may be none yet."""

import hashlib

from tenants.context import current_tenant
from tenants.db.current import connection


def hold(*name: object) -> None:
    """Hold the name in the entered company until the transaction ends; whoever else asks for it waits."""
    words = "\x00".join(str(part) for part in (current_tenant().pk, *name))
    number = int.from_bytes(hashlib.sha256(words.encode()).digest()[:8], "big", signed=True)
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s)", [number])
