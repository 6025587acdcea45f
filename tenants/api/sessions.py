"""Where a person is signed in, for programs: listed and ended."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from config.lib.ids import key_of
from tenants.api.auth import PersonalView, clear_cookies
from tenants.services import sign_in, sign_ins


class SessionOut(serializers.Serializer):
    id = serializers.UUIDField(source="row.id")
    kind = serializers.CharField(source="row.kind", help_text="session (a browser) or token (an integration)")
    browser = serializers.CharField(help_text="Empty when unknown.")
    system = serializers.CharField(help_text="Empty when unknown.")
    agent = serializers.CharField(source="row.agent")
    ip = serializers.CharField(source="row.ip", allow_null=True)
    created_at = serializers.DateTimeField(source="row.created_at")
    seen_at = serializers.DateTimeField(source="row.seen_at", help_text="To within five minutes.")
    current = serializers.BooleanField()


class EndedOut(serializers.Serializer):
    ended = serializers.IntegerField()


class Sessions(PersonalView):
    @extend_schema(operation_id="auth_sessions_list", responses=SessionOut(many=True))
    def get(self, request: Request) -> Response:
        """Where the person is signed in, this sign-in first."""
        found = sign_ins.overview(self.user, self.current)
        return Response({"results": SessionOut(found.places, many=True).data, "next": None, "previous": None})

    @extend_schema(operation_id="auth_sessions_end_others", responses=EndedOut)
    def delete(self, request: Request) -> Response:
        """End every other sign-in."""
        return Response({"ended": sign_ins.end_others(user=self.user, current=self.current)})


class OneSession(PersonalView):
    @extend_schema(operation_id="auth_sessions_end", responses={204: None})
    def delete(self, request: Request, pk: str) -> Response:
        """End one sign-in; the present one is a sign-out."""
        response = Response(status=204)
        if sign_ins.end(user=self.user, pk=key_of(pk), current=self.current):
            if self.claimed.kind == "session":
                sign_in.finish(request=request._request)
            clear_cookies(response)
        return response
