"""Entering a company's data, or an explicit role without one. Everything else is refused by PostgreSQL."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction

from config.lib.errors import Forbidden
from tenants.db.base import Context
from tenants.db.current import connection
from tenants.models import Tenant

logger = logging.getLogger(__name__)


def context_of(tenant: Tenant) -> Context:
    return Context(f'"{tenant.schema_name}", public', f"tenant_{tenant.pk}", tenant)


@contextmanager
def _entered(context: Context) -> Iterator[None]:
    previous = connection.context
    connection.context = context
    try:
        with transaction.atomic():
            yield
    finally:
        connection.context = previous


@contextmanager
def tenant_context(tenant: Tenant) -> Iterator[Tenant]:
    """A transaction as this company. Keep it short and never open over a call to a provider."""
    with _entered(context_of(tenant)):
        yield tenant


@contextmanager
def platform_scope(reason: str) -> Iterator[None]:
    """A transaction that sees every company's shared rows (not their schemas). `reason` is logged.

    Refused inside a company's transaction: what one company began must not go on with the rights of all.
    """
    if connection.in_atomic_block and connection.tenant is not None:
        raise RuntimeError("platform_scope may not be entered from inside a company")
    logger.debug("platform scope: %s", reason)
    with _entered(Context("public", "crm_platform")):
        yield


@contextmanager
def auth_scope() -> Iterator[None]:
    """A transaction that may read people and memberships and write sessions and tokens; nothing else."""
    with _entered(Context("public", "crm_auth")):
        yield


@contextmanager
def auth_reading() -> Iterator[None]:
    """Statements that only read as the sign-in role, inside a transaction that goes on as before; no savepoint of its own."""
    previous = connection.context
    connection.context = Context("public", "crm_auth")
    try:
        yield
    finally:
        connection.context = previous


def current_tenant() -> Tenant:
    """The company entered on this thread; refused when there is none."""
    tenant = connection.tenant
    if tenant is None:
        raise Forbidden("No company has been entered.", code="no_tenant")
    return tenant
