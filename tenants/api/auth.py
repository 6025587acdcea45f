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
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from config.lib.api import refused
from config.lib.errors import AppError, Forbidden
from tenants import identity
from tenants.api.authentication import MemberAuthentication, has_csrf_token
from tenants.api.parsers import JSONParser
from tenants.api.permissions import refuse_key
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
    """Runs in the sign-in scope, for people: an integration's key opens nothing here."""

    scope = "auth"
    authentication_classes: list[Any] = []
    permission_classes: list[Any] = []
    parser_classes = [JSONParser]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        plain: Any = request._request
        if plain.claim is not None and plain.claim.kind == identity.KEY:
            refuse_key()
        super().initial(request, *args, **kwargs)
        if request.method not in SAFE_METHODS and request.headers.get("Origin") and not self.from_our_page():
            raise Forbidden(_("Este pedido viene de otro sitio."), code="foreign_origin")

    def from_our_page(self) -> bool:
        """Whether the browser says that a page of this very site asks. Nobody else can make it say so."""
        origin = self.request.headers.get("Origin")
        if origin is None:
            return self.request.headers.get("Sec-Fetch-Site") == "same-origin"
        place = identity.place_of(origin)
        return place is not None and place.netloc in (self.request.get_host(), urlsplit(settings.PUBLIC_URL).netloc)

    @property
    def carries_tokens(self) -> bool:
        return any(self.request.COOKIES.get(name) for name in (identity.ACCESS_COOKIE, identity.REFRESH_COOKIE))

    def needs_our_page(self) -> None:
        """Browsers send cookies by themselves, also for another site's page: they count only with proof that a page of ours
        asks, which is its Origin, Sec-Fetch-Site or a CSRF token. Raises Forbidden."""
        if self.carries_tokens and not self.from_our_page() and not has_csrf_token(self.request._request):
            raise Forbidden(_("Falta el código de seguridad de la página (CSRF)."), code="csrf")

    def checked(self, serializer: type[serializers.Serializer]) -> dict[str, Any]:
        body = serializer(data=self.request.data)
        body.is_valid(raise_exception=True)
        return dict(body.validated_data)

    def sign_in(self) -> tuple[User, tokens.Pair]:
        """Raises RateLimited, BadCredentials, OtpRequired or BadOtp; the caller returns them, so that the record is kept."""
        body = self.checked(SignInBody)
        user = sign_in.check(email=body["email"], password=body["password"], address=client_ip(self.request))
        return user, sign_in.begin_tokens(user=user, code=body.get("otp", ""))


@method_decorator(sensitive_post_parameters(), name="dispatch")
class Login(AuthView):
    @extend_schema(operation_id="auth_login", request=SignInBody, responses=SignedIn)
    def post(self, request: Request) -> Response:
        """Sign in; the answer sets the cookies `access_token` and `refresh_token`."""
        try:
            user, pair = self.sign_in()
        except AppError as error:
            return refused(error)
        response = Response(_signed_in(user))
        set_cookies(response, pair)
        get_token(request._request)  # cookies are accepted for writing only with the CSRF token of this cookie
        return response


@method_decorator(sensitive_post_parameters(), name="dispatch")
class Token(AuthView):
    @extend_schema(operation_id="auth_token", request=SignInBody, responses=PairOut)
    def post(self, request: Request) -> Response:
        """Sign in as an integration: the pair of tokens in the body, no cookies."""
        try:
            _user, pair = self.sign_in()
        except AppError as error:
            return refused(error)
        return Response({"access": pair.access, "refresh": pair.refresh})


class Refresh(AuthView):
    @extend_schema(operation_id="auth_refresh", request=RefreshBody, responses=PairOut)
    def post(self, request: Request) -> Response:
        """Swap the refresh token for a new pair. Within half a minute the same token gives the same pair again; later it ends
        the whole sign-in. The cookie counts only with an Origin of ours or a CSRF token."""
        given = self.checked(RefreshBody).get("refresh")
        if not given:
            self.needs_our_page()
        done = tokens.rotate(given or request.COOKIES.get(identity.REFRESH_COOKIE, ""))
        if done is None:
            response = refused(tokens.refused())
            if not given:
                clear_cookies(response)
            return response
        _user, pair = done
        response = Response({"access": pair.access, "refresh": pair.refresh})
        if not given:
            set_cookies(response, pair)
        return response


class Logout(AuthView):
    @extend_schema(operation_id="auth_logout", request=RefreshBody, responses={204: None})
    def post(self, request: Request) -> Response:
        """End the sign-in of the refresh or access token: both stop working at once, the cookies go."""
        given = self.checked(RefreshBody).get("refresh")
        bearer = identity.bearer_of(request.headers.get("Authorization", ""))
        if given:
            user = tokens.revoke(given)
        elif bearer is not None:
            user = tokens.revoke_access(bearer)
        else:
            self.needs_our_page()
            user = tokens.revoke(request.COOKIES.get(identity.REFRESH_COOKIE, ""))
            user = user or tokens.revoke_access(request.COOKIES.get(identity.ACCESS_COOKIE, ""))
        if user is not None:
            sign_in.note_logout(user)
        response = Response(status=204)
        if self.carries_tokens:
            clear_cookies(response)
        return response


class PersonalView(AuthView):
    """About the signed-in person, whatever they are in which company. Cookies need their CSRF token to change anything."""

    authentication_classes = [MemberAuthentication]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if not isinstance(request.user, User):
            raise AppError(_("Hay que ingresar."), code="not_authenticated", status=401)

    @property
    def user(self) -> User:
        plain: Any = self.request._request
        return plain.user

    @property
    def claimed(self) -> identity.Claim:
        plain: Any = self.request._request
        return plain.claim

    @property
    def current(self) -> str:
        """The key of the present sign-in."""
        return self.claimed.sign_in


class WhoAmI(PersonalView):
    @extend_schema(operation_id="auth_me", responses=Me)
    def get(self, request: Request) -> Response:
        """The signed-in person and what they are in which company."""
        plain: Any = request._request
        tenant = identity.named_tenant(plain.claim, host=plain.host_tenant, header=request.headers.get("X-Tenant", ""))
        body = _signed_in(plain.user)
        active = {
            member["tenant"]["slug"] for member in body["memberships"] if member["status"] == Membership.Status.ACTIVE
        }
        get_token(plain)
        return Response({**body, "tenant": tenant.slug if tenant and tenant.slug in active else None})


def _signed_in(user: User) -> dict[str, Any]:
    return dict(SignedIn({"user": user, "memberships": sign_in.companies_of(user)}).data)


def set_cookies(response: Response, pair: tokens.Pair) -> None:
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


def clear_cookies(response: Response) -> None:
    response.delete_cookie(identity.ACCESS_COOKIE, path="/", samesite="Lax")
    response.delete_cookie(identity.REFRESH_COOKIE, path=REFRESH_PATH, samesite="Lax")
