"""Tasks of one company: the company travels in a header and a task without one does not run."""

from collections.abc import Callable
from typing import Any

from celery import Task, shared_task
from django.utils import translation

from config.lib.errors import AppError
from tenants.db.current import connection
from tenants.models import Tenant
from tenants.services import modules, registry


class NoTenant(AppError):
    """A task came without a company, or with one that no longer exists or is suspended."""

    code, status = "no_tenant", 500


class TenantTask(Task):
    """Hands the company to the body as `tenant` and speaks its language. The body opens its own short transactions."""

    abstract = True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if connection.tenant is not None and not connection.in_atomic_block:
            raise NoTenant("A worker thread still stands inside another company.")
        tenant = self.tenant()
        with modules.put_off(tenant), translation.override(tenant.locale):
            return self.run(*args, tenant=tenant, **kwargs)
        return None

    def tenant(self) -> Tenant:
        headers = self.request.headers or {}
        tenant_id = headers.get("tenant_id") or getattr(self.request, "tenant_id", None)
        tenant = registry.by_id(int(tenant_id)) if tenant_id else None
        if tenant is None or tenant.status != Tenant.Status.ACTIVE:
            raise NoTenant(f"Task {self.name} refused: no active company {tenant_id!r}.")
        return tenant


def tenant_task(**options: Any) -> Callable[[Callable[..., Any]], Task]:
    """`@tenant_task()` on `def work(*, tenant, …)`; queued by `config.lib.commit.queue`."""
    return shared_task(base=TenantTask, **options)
