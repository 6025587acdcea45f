"""One gate a noun: fetch what the member may see, or answer as if it did not exist."""

from django.utils.translation import gettext as _

from config.lib.errors import NotFound
from config.lib.ids import as_uuid
from rag.models import Document
from tenants.models import Membership


def document_for(member: Membership, pk: object) -> Document:
    key = as_uuid(pk)
    document = Document.objects.filter(pk=key).first() if key else None
    if document is None:
        raise NotFound(_("Ese documento no existe."))
    return document
