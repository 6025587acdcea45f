"""The files of handed-out copies: where they lie, and their end."""

from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet

from agents.models import PrivacyRequest
from tenants.models import Tenant

KEPT = timedelta(days=7)
FOLDER = "exports"


def place(tenant: Tenant, pk: object) -> Path:
    """Where the copy of this request is written."""
    return Path(settings.MEDIA_ROOT) / tenant.schema_name / FOLDER / f"{pk}.zip"


def path_of(tenant: Tenant, row: PrivacyRequest) -> Path | None:
    """The finished file; None when there is none any more."""
    path = place(tenant, row.pk)
    return path if row.state == PrivacyRequest.State.DONE and row.file and path.is_file() else None


def forget_of(tenant: Tenant, contact_id: UUID) -> int:
    """Every copy of one person. Call inside the company."""
    return _end(tenant, PrivacyRequest.objects.filter(contact_id=contact_id))


def forget_expired(tenant: Tenant, now: datetime) -> int:
    """Copies that nobody may fetch any more. Call inside the company."""
    return _end(tenant, PrivacyRequest.objects.filter(expires_at__lte=now))


def _end(tenant: Tenant, rows: QuerySet[PrivacyRequest]) -> int:
    ended = 0
    for row in rows.filter(kind=PrivacyRequest.Kind.EXPORT).exclude(state=PrivacyRequest.State.EXPIRED):
        # The file first: a row that is still there leads to it when this is cut off here.
        for path in (place(tenant, row.pk), place(tenant, row.pk).with_suffix(".part")):
            path.unlink(missing_ok=True)
        row.state, row.file, row.expires_at, row.due_at = PrivacyRequest.State.EXPIRED, "", None, None
        row.subject = {}
        row.save(update_fields=["state", "file", "expires_at", "due_at", "subject"])
        ended += 1
    return ended
