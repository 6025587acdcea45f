"""Signing in for integrations and browsers without pages: cookies or a pair of tokens, renewed and ended."""

from typing import Any, Literal
from urllib.parse import urlsplit

from django.conf import settings
from django.middleware.csrf import get_token
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from config.lib.api import refused
from config.lib.errors import AppError, Forbidden
from tenants import identity
from tenants.api.authentication import MemberAuthentication
from tenants.api.parsers import JSONParser
from tenants.models import Membership, User
from tenants.services import sign_in, tokens
from tenants.services.client_address import client_ip

REFRESH_PATH = "/api/v1/auth/"


class PersonOut(serializers.Serializer):
    id = serializers.UUIDField()
    email = serializers.EmailField()
    name = serializers.CharField()
    locale = serializers.CharField()


class CompanyOut(serializers.Serializer):
    id = serializers.IntegerField()
    slug = serializers.CharField()
    name = serializers.CharField()


class OwnMembershipOut(serializers.Serializer):
    id = serializers.UUIDField()
    tenant = CompanyOut()
    role = serializers.CharField()
    status = serializers.CharField()


class SignedIn(serializers.Serializer):
    user = PersonOut()
    memberships = OwnMembershipOut(many=True)


class Me(SignedIn):
    tenant = serializers.CharField(allow_null=True, help_text="Slug of the company that calls act in.")


class SignInBody(serializers.Serializer):
    email = serializers.CharField(max_length=254)
    password = serializers.CharField(max_length=1000, trim_whitespace=False)
    otp = serializers.CharField(max_length=20, required=False, allow_blank=True)


class RefreshBody(serializers.Serializer):
    refresh = serializers.CharField(max_length=200, required=False, help_text="Without it the cookie counts.")


class PairOut(serializers.Serializer):
    access = serializers.CharField()
    refresh = serializers.CharField()


class AuthView(APIView):
    """Runs in the sign-in scope. No cookie is trusted for anything here but the refresh token, so no CSRF token is asked."""

    scope = "auth"
    authentication_classes: list[Any] = []
    permission_classes: list[Any] = []
    parser_classes = [JSONParser]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        origin = request.headers.get("Origin")
        ours = (request.get_host(), urlsplit(settings.PUBLIC_URL).netloc)
        if request.method == "POST" and origin and urlsplit(origin).netloc not in ours:
            raise Forbidden(_("Este pedido viene de otro sitio."), code="foreign_origin")

    def checked(self, serializer: type[serializers.Serializer]) -> dict[str, Any]:
        body = serializer(data=self.request.data)
        body.is_valid(raise_exception=True)
        return dict(body.validated_data)

    def sign_in(self) -> User:
        """Raises RateLimited or BadCredentials; the caller returns them, so that the refusal's record is committed."""
        body = self.checked(SignInBody)
        user = sign_in.check(email=body["email"], password=body["password"], address=client_ip(self.request))
        sign_in.note_login(user)
        return user


@method_decorator(sensitive_post_parameters(), name="dispatch")
class Login(AuthView):
    @extend_schema(operation_id="auth_login", request=SignInBody, responses=SignedIn)
    def post(self, request: Request) -> Response:
        """Sign in; the answer sets the cookies `access_token` and `refresh_token`."""
        try:
            user = self.sign_in()
        except AppError as error:
            return refused(error)
        response = Response(_signed_in(user))
        _set_cookies(response, tokens.issue(user))
        get_token(request._request)  # cookies are accepted for writing only with the CSRF token of this cookie
        return response


@method_decorator(sensitive_post_parameters(), name="dispatch")
class Token(AuthView):
    @extend_schema(operation_id="auth_token", request=SignInBody, responses=PairOut)
    def post(self, request: Request) -> Response:
        """Sign in as an integration: the pair of tokens in the body, no cookies."""
        try:
            user = self.sign_in()
        except AppError as error:
            return refused(error)
        pair = tokens.issue(user)
        return Response({"access": pair.access, "refresh": pair.refresh})


class Refresh(AuthView):
    @extend_schema(operation_id="auth_refresh", request=RefreshBody, responses=PairOut)
    def post(self, request: Request) -> Response:
        """Swap the refresh token for a new pair. Using one twice ends the whole sign-in."""
        given = self.checked(RefreshBody).get("refresh")
        cookie = request.COOKIES.get(identity.REFRESH_COOKIE, "")
        done = tokens.rotate(given or cookie)
        if done is None:
            response = refused(tokens.refused())
            if not given:
                _clear_cookies(response)
            return response
        _user, pair = done
        response = Response({"access": pair.access, "refresh": pair.refresh})
        if not given:
            _set_cookies(response, pair)
        return response


class Logout(AuthView):
    @extend_schema(operation_id="auth_logout", request=RefreshBody, responses={204: None})
    def post(self, request: Request) -> Response:
        """End the sign-in of the refresh or access token: both stop working at once, the cookies go."""
        given = self.checked(RefreshBody).get("refresh")
        scheme, _space, bearer = request.headers.get("Authorization", "").partition(" ")
        if not given and scheme.lower() == "bearer":
            user = tokens.revoke_access(bearer.strip())
        else:
            user = tokens.revoke(given or request.COOKIES.get(identity.REFRESH_COOKIE, ""))
        if user is not None:
            sign_in.note_logout(user)
        response = Response(status=204)
        _clear_cookies(response)
        return response


class WhoAmI(AuthView):
    authentication_classes = [MemberAuthentication]

    @extend_schema(operation_id="auth_me", responses=Me)
    def get(self, request: Request) -> Response:
        """The signed-in person and what they are in which company."""
        plain: Any = request._request
        if not isinstance(plain.user, User):
            raise AppError(_("Hay que ingresar."), code="not_authenticated", status=401)
        tenant = identity.named_tenant(plain.claim, host=plain.host_tenant, header=request.headers.get("X-Tenant", ""))
        body = _signed_in(plain.user)
        active = {
            member["tenant"]["slug"] for member in body["memberships"] if member["status"] == Membership.Status.ACTIVE
        }
        get_token(plain)
        return Response({**body, "tenant": tenant.slug if tenant and tenant.slug in active else None})


def _signed_in(user: User) -> dict[str, Any]:
    return dict(SignedIn({"user": user, "memberships": sign_in.companies_of(user)}).data)


def _set_cookies(response: Response, pair: tokens.Pair) -> None:
    _cookie(response, identity.ACCESS_COOKIE, pair.access, tokens.ACCESS_LIFE.total_seconds(), "/")
    _cookie(response, identity.REFRESH_COOKIE, pair.refresh, tokens.REFRESH_LIFE.total_seconds(), REFRESH_PATH)


def _cookie(response: Response, name: str, value: str, seconds: float, path: str) -> None:
    same_site: Literal["Lax"] = "Lax"
    response.set_cookie(
        name,
        value,
        max_age=int(seconds),
        path=path,
        httponly=True,
        samesite=same_site,
        secure=settings.SESSION_COOKIE_SECURE,
    )


def _clear_cookies(response: Response) -> None:
    response.delete_cookie(identity.ACCESS_COOKIE, path="/", samesite="Lax")
    response.delete_cookie(identity.REFRESH_COOKIE, path=REFRESH_PATH, samesite="Lax")
