"""The middleware has already found the person; this only hands it to the API and asks cookies for their CSRF token."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.utils.translation import gettext as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from tenants.identity import BROWSER_KINDS
from tenants.models import User


class _Check(CsrfViewMiddleware):
    def _reject(self, request: object, reason: str) -> str:  # the reason instead of a page
        return reason


def _nowhere(request: HttpRequest) -> HttpResponse:
    """Stands for a view that is not exempt from the check."""
    return HttpResponse()


def has_csrf_token(request: HttpRequest) -> bool:
    """Whether the request may change something on the strength of its cookies. Safe verbs need no token."""
    check = _Check(lambda _request: HttpResponse())  # only its check is used
    check.process_request(request)
    return not check.process_view(request, _nowhere, (), {})


class MemberAuthentication(BaseAuthentication):
    """Session or access cookie (with CSRF on unsafe verbs), or Bearer: an access token or an integration's key."""

    def authenticate(self, request: Request) -> tuple[User, str] | None:
        plain: Any = request._request
        if not isinstance(plain.user, User) or plain.claim is None:
            return None
        if plain.claim.kind in BROWSER_KINDS and not has_csrf_token(plain):
            raise exceptions.PermissionDenied(_("Falta el código de seguridad de la página (CSRF)."))
        return plain.user, plain.claim.kind

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class MemberScheme(OpenApiAuthenticationExtension):
    target_class = "tenants.api.authentication.MemberAuthentication"
    name = ["bearer", "cookie"]

    def get_security_requirement(self, auto_schema: object) -> list[dict[str, list[str]]]:
        """One of them is enough."""
        return [{"bearer": []}, {"cookie": []}]

    def get_security_definition(self, auto_schema: object) -> list[dict[str, str]]:
        return [
            {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
            {"type": "apiKey", "in": "cookie", "name": "access_token"},
        ]
