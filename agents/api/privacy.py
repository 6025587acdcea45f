"""A copy of one person's data, and its erasure."""

from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from agents.models import PrivacyRequest
from agents.privacy import requests
from agents.views.privacy import copy_of
from config.lib.errors import NotFound
from config.lib.ids import key_of
from crm.access import contact_for
from tenants.api.base import CompanyView
from tenants.audit_access import audit_access
from tenants.services import reauth
from tenants.services.client_address import client_ip


class PrivacyRequestOut(serializers.Serializer):
    id = serializers.UUIDField()
    kind = serializers.CharField(help_text="export or erase")
    contact = serializers.UUIDField(source="contact_id")
    state = serializers.CharField(help_text="queued, running, done, failed or expired")
    step = serializers.CharField(help_text="The last finished step of an erasure.")
    counts = serializers.DictField(help_text="How many rows of each noun.")
    asked_by = serializers.CharField()
    error = serializers.CharField(help_text="What it waits for or why it failed.")
    size = serializers.IntegerField(help_text="Bytes of the copy.")
    created_at = serializers.DateTimeField()
    completed_at = serializers.DateTimeField(allow_null=True)
    expires_at = serializers.DateTimeField(allow_null=True)


class EraseBody(serializers.Serializer):
    confirm = serializers.CharField(max_length=254, help_text="The person's name as it is shown.")
    password = serializers.CharField(max_length=128, trim_whitespace=False, help_text="Of the person who asks.")


@audit_access("person.data_viewed", resource="pk")
class Export(CompanyView):
    reads = writes = "contacts.export"

    @extend_schema(operation_id="contacts_export_state", responses=PrivacyRequestOut)
    def get(self, request: Request, pk: str) -> Response:
        """The latest copy that was asked for, and how far it is."""
        return Response(PrivacyRequestOut(_latest(self, pk)).data)

    @extend_schema(operation_id="contacts_export", request=None, responses={202: PrivacyRequestOut})
    def post(self, request: Request, pk: str) -> Response:
        """Have a copy made of everything that is kept of the person; kept for seven days."""
        row = requests.ask_export(contact=contact_for(self.member, pk), by=self.actor)
        return Response(PrivacyRequestOut(row).data, status=202)


@audit_access("person.data_viewed", resource="pk")
class ExportFile(CompanyView):
    reads = "contacts.export"

    @extend_schema(operation_id="contacts_export_file", responses={(200, "application/zip"): OpenApiTypes.BINARY})
    def get(self, request: Request, pk: str) -> HttpResponse:
        """The ZIP of the latest copy. 404 until it is ready, and once it has expired."""
        return copy_of(self.plain, _latest(self, pk))  # type: ignore[return-value]  # a file is streamed


def _latest(view: CompanyView, pk: str) -> PrivacyRequest:
    contact = contact_for(view.member, pk)
    rows = PrivacyRequest.objects.filter(contact_id=contact.pk, kind=PrivacyRequest.Kind.EXPORT)
    row = rows.order_by("-created_at").first()
    if row is None:
        raise NotFound(_("No se pidió ninguna copia de esta persona."))
    return row


@audit_access("person.erasure_asked", resource="pk")
class Erase(CompanyView):
    writes = "contacts.erase"

    def _claim(self, request: Request, key: str) -> None:
        """Not kept for repeats: the body holds a password. Asking again finds the request that was made."""

    @extend_schema(operation_id="contacts_erase", request=EraseBody, responses={202: PrivacyRequestOut})
    def post(self, request: Request, pk: str) -> Response:
        """Erase the person everywhere, for ever. Follow it at `privacy-requests/{id}`. 403 on a wrong password."""
        contact = contact_for(self.member, pk)
        body: dict[str, Any] = self.body(EraseBody)
        reauth.confirm(user=self.user, password=body["password"], address=client_ip(self.plain))
        row = requests.ask_erasure(contact=contact, by=self.actor, confirm=body["confirm"])
        return Response(PrivacyRequestOut(row).data, status=202)


@audit_access("person.requests_viewed")
class Requests(CompanyView):
    reads = "contacts.erase"

    @extend_schema(operation_id="privacy_requests_list", responses=PrivacyRequestOut(many=True))
    def get(self, request: Request) -> Response:
        """Every copy and erasure that was asked for, the latest first. Names nobody."""
        return self.paged(PrivacyRequest.objects.all(), PrivacyRequestOut)


@audit_access("person.requests_viewed", resource="pk")
class OneRequest(CompanyView):
    reads = "contacts.export"

    @extend_schema(operation_id="privacy_requests_retrieve", responses=PrivacyRequestOut)
    def get(self, request: Request, pk: str) -> Response:
        """How far it is."""
        return Response(PrivacyRequestOut(requests.request_for(self.member, key_of(pk))).data)
