"""Enters the company around a page or API call, once and for the whole answer; refuses where there is none.

The company comes from the hostname or from the membership row of the signed-in person, never from what the client
claims: session and `X-Tenant` only name which of the person's own memberships is meant, and the row decides.
"""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import DatabaseError, InterfaceError, transaction
from django.http import HttpResponse
from django.urls import Resolver404, resolve
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from config.lib.errors import AppError, NotFound
from config.lib.refusals import refusal_of
from tenants import identity
from tenants.access import factor_missing, refusal_page
from tenants.context import auth_scope, platform_scope, tenant_context
from tenants.domain.actor import Actor
from tenants.models import Membership, Tenant
from tenants.requests import Request
from tenants.services import registry, sign_ins
from tenants.services.audit import Origin, trail
from tenants.services.client_address import client_ip


class TenantMiddleware:
    """Views marked `scope = "auth"` run in the sign-in scope, "platform" in that of the platform's staff, "none" without a
    database, all others as a company. Of these the ones marked `waits` run outside of any transaction, because they wait for
    a provider: they enter the company themselves, for moments (tenants.api.waiting)."""

    def __init__(self, get_response: Callable[[Request], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: Request) -> HttpResponse:
        _nobody(request)
        request.undo = False
        scope = _scope(request)
        if scope == "none":
            return self.get_response(request)  # also while the database is away
        try:
            with trail(Origin(client_ip(request), request.headers.get("User-Agent", ""))):
                return self._enter(request, scope)
        except (DatabaseError, InterfaceError) as error:  # on entering, or what PostgreSQL checks at COMMIT
            refusal = refusal_of(error)
            if refusal is None:
                raise
            return refusal_page(request, refusal)
        finally:
            timezone.deactivate()

    def _enter(self, request: Request, scope: str) -> HttpResponse:
        request.host_tenant = registry.by_host(request.get_host())
        if request.host_tenant is None and _names_a_company(request):
            return refusal_page(request, NotFound(_("No hay ninguna empresa en esta dirección.")))
        request.claim = identity.claim(
            session=request.session, cookies=request.COOKIES, authorization=request.headers.get("Authorization", "")
        )
        if request.claim is not None and request.claim.kind == identity.KEY and not request.path.startswith("/api/"):
            request.claim = None  # integrations have no business on pages
        sign_ins.seen(request.claim)
        if scope == "auth":
            with auth_scope():
                request.user = identity.person(request.claim) or request.user
                return self._answer(request)
        if scope == "platform":
            return self._platform(request)
        tenant = identity.named_tenant(
            request.claim, host=request.host_tenant, header=request.headers.get("X-Tenant", "")
        )
        if tenant is None or request.claim is None:
            return self.get_response(request)  # the view's gate refuses, with a way to sign in
        with tenant_context(tenant):
            admit(request, tenant, identity.membership(request.claim, tenant))
            if not _of_view(request, "waits", False):
                return self._answer(request)
        request.named_tenant = tenant
        return self._spoken(request)

    def _platform(self, request: Request) -> HttpResponse:
        """Only for the platform's own staff; others meet the view's gate without any scope."""
        with auth_scope():
            person = identity.person(request.claim)
            request.user = person or request.user
        if request.claim is None or person is None or not person.is_platform_staff:
            return self.get_response(request)
        if identity.lacks_factor(request.claim, None, person):
            return factor_missing(request)
        request.actor = Actor("platform", str(person.pk), str(person))
        with platform_scope(f"{request.method} {request.path}"):
            return self._answer(request)

    def _answer(self, request: Request) -> HttpResponse:
        response = self._spoken(request)
        if response.status_code >= 500 or request.undo:
            transaction.set_rollback(True)
        return response

    def _spoken(self, request: Request) -> HttpResponse:
        """The answer in the person's language."""
        language = getattr(request.user, "locale", "")
        with translation.override(language or translation.get_language() or settings.LANGUAGE_CODE):
            return self.get_response(request)

    def process_exception(self, request: Request, error: Exception) -> HttpResponse | None:
        request.undo = True
        refusal = error if isinstance(error, AppError) else refusal_of(error)
        return refusal_page(request, refusal) if refusal is not None else None


def _names_a_company(request: Request) -> bool:
    """A hostname of the form given to companies; one that no company has must not fall through to anybody."""
    return registry.hostname(request.get_host()).endswith(settings.TENANT_HOST_PATTERN.format(slug=""))


def _nobody(request: Any) -> None:
    request.tenant = request.member = request.membership = request.claim = request.host_tenant = None
    request.named_tenant = None
    request.user, request.actor, request.lacks_factor = AnonymousUser(), Actor("contact"), False


def _scope(request: Request) -> str:
    return str(_of_view(request, "scope", "tenant"))


def _of_view(request: Request, name: str, otherwise: Any) -> Any:
    """What the view of this address, a function or a class, is marked with."""
    try:
        view = resolve(request.path_info).func
    except Resolver404:
        return otherwise
    return getattr(view, name, None) or getattr(getattr(view, "cls", None), name, otherwise)


def admit(request: Any, tenant: Tenant, member: Membership | None) -> None:
    """Put person, membership and company on the request. A pending or suspended member stays outside."""
    if member is None:
        return
    request.membership = member
    request.lacks_factor = identity.lacks_factor(request.claim, tenant, member.user)
    if member.status != Membership.Status.ACTIVE or request.lacks_factor:
        return
    request.tenant, request.user, request.member = tenant, member.user, member
    request.actor = identity.actor(request.claim, member.user)
    timezone.activate(tenant.timezone)
