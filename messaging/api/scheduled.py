"""Messages of a conversation that are sent later."""

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from config.lib.errors import NotFound
from config.lib.ids import key_of
from config.lib.keyset import Order
from messaging.access import conversation_for
from messaging.models import ScheduledMessage
from messaging.services import scheduled, templates
from tenants.api.base import CompanyView
from tenants.audit_access import audit_access


class ScheduledOut(serializers.Serializer):
    id = serializers.UUIDField()
    conversation = serializers.UUIDField(source="conversation_id")
    text = serializers.CharField()
    send_at = serializers.DateTimeField()
    stop_on_reply = serializers.BooleanField(help_text="Not sent once the contact writes before.")
    status = serializers.CharField(help_text="waiting, sent, cancelled or failed")
    reason = serializers.CharField(help_text="Why it was not sent, in words.")
    by = serializers.CharField(source="by_label")
    message = serializers.UUIDField(source="message_id", allow_null=True)


class ScheduledBody(serializers.Serializer):
    text = serializers.CharField(max_length=20_000, required=False, allow_blank=True, default="")
    template = serializers.UUIDField(required=False, allow_null=True, default=None, help_text="In place of a text.")
    values = serializers.ListField(
        child=serializers.CharField(max_length=1000, allow_blank=True), required=False, default=None, allow_null=True
    )
    send_at = serializers.DateTimeField()
    stop_on_reply = serializers.BooleanField(required=False, default=True)


class ChangedBody(serializers.Serializer):
    text = serializers.CharField(max_length=20_000, required=False)
    send_at = serializers.DateTimeField(required=False)
    stop_on_reply = serializers.BooleanField(required=False)


@audit_access("conversation.viewed", resource="pk")
class Scheduled(CompanyView):
    reads, writes = "inbox.read", "inbox.write"
    page_by = Order("send_at")

    @extend_schema(operation_id="conversations_scheduled_list", responses=ScheduledOut(many=True))
    def get(self, request: Request, pk: str) -> Response:
        """All that was ever scheduled in it, the latest time first."""
        chat = conversation_for(self.member, pk)
        return self.paged(ScheduledMessage.objects.filter(conversation=chat), ScheduledOut)

    @extend_schema(operation_id="conversations_scheduled_create", request=ScheduledBody, responses={201: ScheduledOut})
    def post(self, request: Request, pk: str) -> Response:
        """Say a text, or an approved template with this contact's data, at `send_at`."""
        chat = conversation_for(self.member, pk, lock=True)
        said = self.body(ScheduledBody)
        wanted, values = said.pop("template"), said.pop("values")
        made = None
        if wanted is not None:
            template = templates.offered(chat.channel_id).filter(pk=wanted).first()
            if template is None:
                raise NotFound(_("Esa plantilla no existe."))
            made, said["text"] = templates.filled_for(
                template=template, conversation=chat, member=self.member, values=values
            )
        row = scheduled.schedule(conversation=chat, template=made, by=self.actor, user=self.user, **said)
        return Response(ScheduledOut(row).data, status=201)


@audit_access("conversation.viewed", resource="pk")
class OneScheduled(CompanyView):
    reads, writes = "inbox.read", "inbox.write"

    def row(self, pk: str, scheduled_id: str) -> ScheduledMessage:
        row = scheduled.scheduled_for(self.member, scheduled_id)
        if row.conversation_id != key_of(pk):
            raise NotFound(_("Ese mensaje programado no existe."))
        return row

    @extend_schema(operation_id="conversations_scheduled_retrieve", responses=ScheduledOut)
    def get(self, request: Request, pk: str, scheduled_id: str) -> Response:
        """One of them."""
        return Response(ScheduledOut(self.row(pk, scheduled_id)).data)

    @extend_schema(operation_id="conversations_scheduled_update", request=ChangedBody, responses=ScheduledOut)
    def patch(self, request: Request, pk: str, scheduled_id: str) -> Response:
        """Other words, another time. 409 once it has left or was cancelled."""
        said = self.body(ChangedBody, partial=True)
        return Response(ScheduledOut(scheduled.change(row=self.row(pk, scheduled_id), by=self.actor, **said)).data)

    @extend_schema(operation_id="conversations_scheduled_delete", responses={204: None})
    def delete(self, request: Request, pk: str, scheduled_id: str) -> Response:
        """Not sent. 409 once it has left or was cancelled."""
        scheduled.cancel(row=self.row(pk, scheduled_id), by=self.actor)
        return Response(status=204)
