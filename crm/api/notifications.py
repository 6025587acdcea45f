"""What the caller should know."""

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from config.lib.errors import NotFound
from config.lib.ids import key_of
from crm.models import Notification
from crm.services import notification_words, notifications
from tenants.api.base import CompanyView
from tenants.audit_access import audit_access


class NotificationOut(serializers.Serializer):
    """`text` is one sentence in the caller's language; `href` a page of ours."""

    id = serializers.UUIDField()
    kind = serializers.CharField()
    text = serializers.SerializerMethodField()
    contact = serializers.UUIDField(source="contact_id", allow_null=True)
    href = serializers.CharField()
    facts = serializers.DictField()
    is_urgent = serializers.BooleanField()
    created_at = serializers.DateTimeField()
    read_at = serializers.DateTimeField(allow_null=True)

    def get_text(self, row: Notification) -> str:
        return notification_words.sentence(row)


class NotificationFilter(serializers.Serializer):
    unread = serializers.BooleanField(required=False)


class ReadOut(serializers.Serializer):
    """How many became read."""

    read = serializers.IntegerField()


@audit_access("notifications.listed")
class Notifications(CompanyView):
    reads = "events.read"

    @extend_schema(
        operation_id="notifications_list", parameters=[NotificationFilter], responses=NotificationOut(many=True)
    )
    def get(self, request: Request) -> Response:
        """The caller's own, newest first."""
        rows = notifications.shown_to(self.member)
        if self.asked(NotificationFilter).get("unread"):
            rows = rows.filter(read_at=None)
        return self.paged(rows.select_related("contact"), NotificationOut)


@audit_access("notifications.listed")
class ReadNotification(CompanyView):
    writes = "events.read"

    @extend_schema(operation_id="notifications_read", request=None, responses=NotificationOut)
    def post(self, request: Request, pk: str) -> Response:
        """Mark one as read; once more changes nothing."""
        rows = notifications.shown_to(self.member).select_related("contact")
        row = rows.filter(pk=key_of(pk)).first()
        if row is None:
            raise NotFound(_("Ese aviso ya no existe."))
        if notifications.mark_read(member=self.member, pk=row.pk):
            row.refresh_from_db(fields=["read_at"])
        return Response(NotificationOut(row).data)


@audit_access("notifications.listed")
class ReadAllNotifications(CompanyView):
    writes = "events.read"

    @extend_schema(operation_id="notifications_read_all", request=None, responses=ReadOut)
    def post(self, request: Request) -> Response:
        """Mark all as read."""
        return Response({"read": notifications.mark_read(member=self.member)})
