"""Every 403 and the first 429 of a window go to the audit trail, whichever face they were answered by.

Stands around TenantMiddleware: the request's transaction is over by then, so what is told here stays.
"""

import logging
from collections.abc import Callable
from typing import Any

from django.db import DatabaseError, InterfaceError
from django.http import HttpResponse

from tenants.audit_access import lately, who
from tenants.domain.actor import Actor
from tenants.services import registry
from tenants.services.audit import Origin, log_security_event, trail
from tenants.services.client_address import client_ip

logger = logging.getLogger(__name__)
OUTSIDERS_SECONDS = 300  # somebody without a place in the company cannot fill its trail


class RefusalMiddleware:
    def __init__(self, get_response: Callable[[Any], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code in (403, 429) and hasattr(request, "claim") and not getattr(request, "told", False):
            try:
                self._tell(request, response)
            except (DatabaseError, InterfaceError):
                logger.exception("the audit trail lacks a refusal")
        return response

    def _tell(self, request: Any, response: HttpResponse) -> None:
        by = who(request)
        known = by is not None
        if by is None:
            by = Actor("user", str(request.claim.user_id) if request.claim is not None else "")
        address = client_ip(request)
        route = request.resolver_match.route if request.resolver_match else ""
        if response.status_code == 429:
            first = lately.first(f"audit:limit:{by.id or address}:{route}", int(response.get("Retry-After", "60")))
            action = "limit.reached"
        elif request.claim is None:
            return  # a stranger was refused: nobody's data, and anybody could fill the trail with it
        else:
            first = known or lately.first(f"audit:outsider:{by.id}:{_company(request)}", OUTSIDERS_SECONDS)
            action = "access.refused"
        if not first:
            return
        with trail(Origin(address, request.headers.get("User-Agent", ""))):
            log_security_event(
                action=action, by=by, tenant_id=_company(request), method=str(request.method), route=route
            )


def _company(request: Any) -> int | None:
    """Whose trail it belongs to: the entered company's, else the one that was meant; None is the platform's."""
    if request.membership is not None:
        entered: int = request.membership.tenant_id
        return entered
    named = registry.by_slug(request.headers.get("X-Tenant", ""))
    meant = request.host_tenant or named
    return meant.pk if meant is not None else None
