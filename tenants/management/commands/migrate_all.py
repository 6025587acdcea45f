"""Bring the shared schema, the template and every company to the present migrations, one after the other."""

import time
from typing import Any

from django.core.management.base import BaseCommand
from django.db import connections

from tenants.services import provisioning, registry


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        started = time.monotonic()
        owner = connections[provisioning.OWNER]
        with owner.cursor() as lock:
            # One migration at a time on this database; released with the connection, also after a kill.
            lock.execute("select pg_advisory_lock(704117)")
            provisioning.migrate_public()
            provisioning.compile_snapshot()
            lock.execute("select schema_name, id from tenants_tenant order by id")
            for schema, number in lock.fetchall():
                provisioning.migrate_schema(schema)
                lock.execute(provisioning.role_sql(schema, f"tenant_{number}"))
            lock.execute("select pg_advisory_unlock(704117)")
        registry.changed()
        self.stdout.write(f"Database ready in {time.monotonic() - started:.1f} s")
