"""Addresses that open one appointment or one seller's feed for whoever holds them: signed, nothing is kept."""

from uuid import UUID

from django.conf import settings
from django.core import signing

from config.lib.ids import as_uuid, key_of
from crm.models import AgendaEvent, Seller
from tenants.context import current_tenant

_SEP = "."  # no letter of a signature, and an address keeps it as it is


def token_of(event: AgendaEvent) -> str:
    return _appointments().sign(event.pk.hex)


def event_of(token: str) -> AgendaEvent | None:
    """The appointment of the entered company that the token opens, with contact, service and seller; None else."""
    try:
        pk = key_of(_appointments().unsign(token))
    except signing.BadSignature:
        return None
    rows = AgendaEvent.objects.select_related("contact", "service", "seller")
    return rows.filter(pk=pk, kind=AgendaEvent.Kind.MEETING, contact__isnull=False).first()


def address_of(event: AgendaEvent) -> str:
    """Where the customer sees, moves or cancels it."""
    return f"{settings.PUBLIC_URL}{path_of(event)}"


def path_of(event: AgendaEvent) -> str:
    return f"/reservar/{current_tenant().slug}/cita/{token_of(event)}/"


def feed_address(seller: Seller) -> str:
    """Another `feed_version` of the seller makes another address; the earlier ones end."""
    company = current_tenant().pk
    token = _SEP.join([str(company), seller.pk.hex, _feeds(company, seller).signature(seller.pk.hex)])
    return f"{settings.PUBLIC_URL}/agenda/ics/{token}.ics"


def feed_parts(token: str) -> tuple[int, UUID, str] | None:
    """(company, seller, signature) as the address says; nothing of it is checked yet."""
    company, _first, rest = token.partition(_SEP)
    seller, _second, signature = rest.partition(_SEP)
    pk = as_uuid(seller)
    if not company.isdecimal() or len(company) > 18 or pk is None or not signature:
        return None
    return int(company), pk, signature


def feed_opens(seller: Seller, signature: str) -> bool:
    """Whether the entered company signed this for the seller's present feed."""
    try:
        _feeds(current_tenant().pk, seller).unsign(f"{seller.pk.hex}{_SEP}{signature}")
    except signing.BadSignature:
        return False
    return True


def _appointments() -> signing.Signer:
    return signing.Signer(salt=f"appointment:{current_tenant().pk}", sep=_SEP)


def _feeds(company: int, seller: Seller) -> signing.Signer:
    return signing.Signer(salt=f"agenda-feed:{company}:{seller.feed_version}", sep=_SEP)
