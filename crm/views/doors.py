"""Entering a company's data for a stranger at one of its doors.

Nobody is signed in here and no cookie is read or set, so there is nothing that a forged request could misuse: that is why
there is no CSRF token. The company is the one in the address, entered only while it is active; nothing sent can name another.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http.response import HttpResponseBase
from django.utils import translation
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from crm.models import InboundForm
from crm.services import inbound_forms
from tenants.access import open_page
from tenants.context import tenant_context
from tenants.models import Tenant
from tenants.requests import Request
from tenants.services import registry
from tenants.services.audit import Origin, trail
from tenants.services.client_address import client_ip

MOST_BYTES = 256 * 1024

View = Callable[..., HttpResponseBase]


def door(kind: str) -> Callable[[View], View]:
    """`view(request, door, …)` inside the company of the address, in its language and one transaction around the answer.

    `door` is None where company or form are unknown, rest, or are of another kind: the view says the same for all of them.
    """

    def decorate(view: View) -> View:
        @open_page
        @csrf_exempt
        @never_cache
        @wraps(view)
        def entered(request: Request, company: str, form: str, **more: Any) -> HttpResponseBase:
            tenant = registry.by_slug(company)
            if tenant is None or tenant.status != Tenant.Status.ACTIVE:
                return view(request, None, **more)
            origin = Origin(client_ip(request), request.headers.get("User-Agent", ""))
            with trail(origin), translation.override(tenant.locale), tenant_context(tenant):
                found: InboundForm | None = inbound_forms.open_form(form, kind)
                return view(request, found, **more)

        return entered

    return decorate


def too_large(request: Request) -> bool:
    """Before anything of the body is read."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    return not length.isdecimal() or int(length) > MOST_BYTES
