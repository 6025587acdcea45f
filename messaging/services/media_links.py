"""Addresses of files for providers that fetch what we send (Instagram): signed, for one file, over soon."""

from django.conf import settings
from django.core import signing

from config.lib.ids import key_of
from messaging.models import Attachment, Message
from tenants.context import tenant_context
from tenants.models import Tenant
from tenants.services import registry

SECONDS = 600  # Meta fetches while it answers the send; the rest is for a slow day
_SALT = "messaging.sent-file"


def address_of(tenant: Tenant, attachment: Attachment) -> str:
    """An absolute address that opens this file for ten minutes; "" where we have no https address ourselves."""
    if not settings.PUBLIC_URL.startswith("https://"):
        return ""
    token = signing.dumps([tenant.pk, attachment.pk.hex], salt=_SALT)
    return f"{settings.PUBLIC_URL}/archivos/enviado/{token}/"


def opened(token: str) -> tuple[Tenant, Attachment] | None:
    """The file that a token opens, of what we send only. Call it outside of any transaction."""
    try:
        company, pk = signing.loads(token, salt=_SALT, max_age=SECONDS)
        tenant = registry.by_id(int(company))
    except (signing.BadSignature, ValueError, TypeError):
        return None
    if tenant is None or tenant.status != Tenant.Status.ACTIVE:
        return None
    with tenant_context(tenant):
        sent = Attachment.objects.filter(pk=key_of(pk), message__direction=Message.Direction.OUT)
        found = sent.first()
    return (tenant, found) if found else None
