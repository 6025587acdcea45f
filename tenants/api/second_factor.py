"""The second factor for programs: enrolled, confirmed, switched off, recovery codes."""

from typing import Any

from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_post_parameters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from config.lib.api import refused
from config.lib.errors import AppError
from tenants.api.auth import PersonalView, set_cookies
from tenants.services import sign_in, totp
from tenants.services.client_address import client_ip


class StateOut(serializers.Serializer):
    active = serializers.BooleanField()
    since = serializers.DateTimeField(allow_null=True)
    codes_left = serializers.IntegerField()
    asked_by = serializers.ListField(child=serializers.CharField(), help_text="Companies that ask for it.")


class EnrolOut(serializers.Serializer):
    secret = serializers.CharField(help_text="Base32; shown until it is confirmed.")
    address = serializers.CharField(help_text="otpauth:// address for a QR code.")


class CodeBody(serializers.Serializer):
    code = serializers.CharField(max_length=40)


class OwnPasswordBody(serializers.Serializer):
    password = serializers.CharField(max_length=1000, trim_whitespace=False)


class CodesOut(serializers.Serializer):
    recovery_codes = serializers.ListField(child=serializers.CharField(), help_text="Shown this once.")


class RenewedOut(serializers.Serializer):
    """The sign-in goes on with new tokens: in the body for who came with a Bearer token, in cookies for who came with those."""

    access = serializers.CharField(required=False)
    refresh = serializers.CharField(required=False)


class ConfirmedOut(RenewedOut, CodesOut):
    pass


@method_decorator(sensitive_post_parameters(), name="dispatch")
class FactorView(PersonalView):
    def renewed(self, body: dict[str, Any]) -> Response:
        """Every earlier sign-in has ended; the caller's goes on the way it came."""
        if self.claimed.kind == "session":
            sign_in.renew(request=self.request._request, user=self.user)
            return Response(body)
        pair = sign_in.renewed_tokens(self.user)
        if self.claimed.kind == "bearer":
            return Response({**body, "access": pair.access, "refresh": pair.refresh})
        response = Response(body)
        set_cookies(response, pair)
        return response


class State(FactorView):
    @extend_schema(operation_id="auth_totp_state", responses=StateOut)
    def get(self, request: Request) -> Response:
        """Whether the second factor is in force."""
        return Response(StateOut(totp.state(self.user)).data)


class Enrol(FactorView):
    @extend_schema(operation_id="auth_totp_enrol", request=None, responses=EnrolOut)
    def post(self, request: Request) -> Response:
        """A new secret, which asks for nothing until it is confirmed."""
        row = totp.start(self.user)
        return Response({"secret": row.secret, "address": totp.address(self.user, row.secret)})


class Confirm(FactorView):
    @extend_schema(operation_id="auth_totp_confirm", request=CodeBody, responses=ConfirmedOut)
    def post(self, request: Request) -> Response:
        """Put the secret in force with its first code. Every other sign-in of the person ends."""
        try:
            codes = totp.confirm(user=self.user, code=self.checked(CodeBody)["code"])
        except totp.BadOtp as error:
            error.status = 422  # the caller is signed in: only the code is wrong
            return refused(error)
        return self.renewed({"recovery_codes": codes})


class Disable(FactorView):
    @extend_schema(operation_id="auth_totp_disable", request=OwnPasswordBody, responses=RenewedOut)
    def post(self, request: Request) -> Response:
        """Switch it off, with the password. Every other sign-in of the person ends."""
        try:
            totp.disable(user=self.user, password=self.checked(OwnPasswordBody)["password"], address=client_ip(request))
        except AppError as error:
            return refused(error)
        return self.renewed({})


class RecoveryCodes(FactorView):
    @extend_schema(operation_id="auth_totp_recovery_codes", request=OwnPasswordBody, responses=CodesOut)
    def post(self, request: Request) -> Response:
        """Ten new recovery codes, with the password; the old ones stop working."""
        password = self.checked(OwnPasswordBody)["password"]
        try:
            codes = totp.new_recovery_codes(user=self.user, password=password, address=client_ip(request))
        except AppError as error:
            return refused(error)
        return Response({"recovery_codes": codes})
