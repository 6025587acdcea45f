"""The door for integrations that send, and a second try for what failed."""

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from config.lib.errors import Forbidden, Invalid
from messaging.access import message_for
from messaging.api.serializers import LeftBehindFilter, LeftBehindOut, MessageOut, RelayBody, RelayedOut, RetryBody
from messaging.models import MessageStatus
from messaging.services import dead_letters, outbound, relay
from tenants.api.base import CompanyView
from tenants.audit_access import audit_access


class Relay(CompanyView):
    writes = "messages.relay"
    writes_at_most = "relay"

    @extend_schema(operation_id="messages_relay", request=RelayBody, responses={202: RelayedOut})
    def post(self, request: Request) -> Response:
        """Queue a text (as bubbles), a template or a file for a contact. A `tenant_id` of somebody else is refused."""
        said = self.body(RelayBody)
        if said.pop("tenant_id") not in (None, self.tenant.pk):
            raise Forbidden(_("Ese pedido nombra a otra empresa."), code="other_tenant")
        done = relay.relay(by=self.actor, user=self.user, **_as_words(said))
        ids = [str(each) for each in done.message_ids]
        answer = {"message_ids": ids, "correlation_id": done.correlation_id, "bubbles": len(ids)}
        return Response(answer, status=202)


def _as_words(said: dict[str, Any]) -> dict[str, Any]:
    for name in ("channel", "conversation_id"):
        said[name] = str(said[name]) if said[name] else ""
    return said


@audit_access("messages.listed")
class LeftBehind(CompanyView):
    reads = "inbox.read"

    @extend_schema(operation_id="messages_list", parameters=[LeftBehindFilter], responses=LeftBehindOut(many=True))
    def get(self, request: Request) -> Response:
        """What did not leave in the last 30 days, the latest first: `failed`, or `unknown` where nobody confirmed it."""
        asked = self.asked(LeftBehindFilter)
        rows = dead_letters.visible(self.member, status=asked.get("status", ""))
        if "channel" in asked:
            rows = rows.filter(channel=asked["channel"])
        return self.paged(rows, LeftBehindOut)


@audit_access("message.viewed", resource="pk")
class Retry(CompanyView):
    writes = "inbox.write"

    @extend_schema(operation_id="messages_retry", request=RetryBody, responses=MessageOut)
    def post(self, request: Request, pk: str) -> Response:
        """Queue a message that failed once more; one that nobody confirmed (`unknown`) only with `looked`, else 422."""
        message = message_for(self.member, pk)
        looked = self.body(RetryBody)["looked"]
        if message.status == MessageStatus.UNKNOWN and not looked:
            words = _("Nadie confirmó si llegó: mirar antes y repetir el pedido con looked en true.")
            raise Invalid(words, fields={"looked": words})
        return Response(MessageOut(outbound.retry_message(message=message, by=self.actor)).data)
