"""A company's module that lacks a table or column: its background work is put off and everybody else's goes on."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DatabaseError

from config.lib.refusals import module_unavailable
from tenants.models import Tenant


@contextmanager
def put_off(tenant: Tenant) -> Iterator[None]:
    """Leave the work undone when a module of the company is being migrated. Rows are the truth: a sweep finds them later."""
    try:
        yield
    except DatabaseError as error:
        if not module_unavailable(error, company=tenant.pk):
            raise
