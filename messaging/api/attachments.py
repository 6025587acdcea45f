"""The files of messages, for integrations."""

from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from config.lib.errors import NotFound
from messaging.access import attachment_for
from messaging.services import media_files
from messaging.views.files import as_file
from tenants.api.base import CompanyView
from tenants.audit_access import audit_access


@audit_access("attachment.viewed", resource="pk")
class AttachmentFile(CompanyView):
    reads = "inbox.read"

    @extend_schema(operation_id="attachments_file", responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    def get(self, request: Request, pk: str) -> HttpResponseBase:
        """The content, as in the attachment's `mime`; 404 until `state` is ready. A `Range` is answered with that part."""
        found = attachment_for(self.member, pk)
        path = media_files.path_of(self.tenant, found)
        if path is None:
            raise NotFound(_("Ese archivo ya no está guardado o todavía no se descargó."))
        return as_file(self.plain, path, found)
