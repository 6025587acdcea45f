"""The base of the few addresses that wait for a provider while they answer."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rest_framework.request import Request

from tenants.api.base import CompanyView
from tenants.context import tenant_context


class WaitingView(CompanyView):
    """Its verbs run outside of any transaction: what they read and write stands in `with self.inside()`, and the waiting
    between two of those. Each is kept by itself: what was written before a failure stays."""

    waits = True  # read by the middleware

    @contextmanager
    def inside(self) -> Iterator[None]:
        """The company, for a moment."""
        named = self.plain.named_tenant
        if named is None:
            yield
            return
        with tenant_context(named):
            yield

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        with self.inside():
            super().initial(request, *args, **kwargs)

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        with self.inside():
            return super().finalize_response(request, response, *args, **kwargs)
