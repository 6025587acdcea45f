"""A seller's agenda under a private address, which calendar programs fetch by themselves."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import F, Max
from django.utils import timezone

from crm.agenda import ics, manage_links
from crm.models import AgendaEvent, Seller
from tenants.domain.actor import Actor
from tenants.services.audit import record

BACK, AHEAD = timedelta(days=30), timedelta(days=180)
MOST = 2000


@dataclass(frozen=True)
class Feed:
    """`changed`: the last change of anything in this agenda, also of what is no longer shown."""

    content: bytes
    changed: datetime


def opened(seller_id: UUID, signature: str) -> Feed | None:
    """The feed of that address; None when it never was one, or has been renewed since."""
    seller = Seller.objects.filter(pk=seller_id, is_active=True).first()
    if seller is None or not manage_links.feed_opens(seller, signature):
        return None
    now = timezone.now()
    own = AgendaEvent.objects.filter(seller=seller)
    rows = own.standing().exclude(status=AgendaEvent.Status.HELD)
    rows = rows.filter(starts_at__gte=now - BACK, starts_at__lt=now + AHEAD)
    changed = own.aggregate(last=Max("updated_at"))["last"] or seller.created_at
    shown = rows.select_related("contact", "service").order_by("starts_at", "pk")[:MOST]
    return Feed(ics.feed(seller.name, shown), changed)


def renew(*, seller: Seller, by: Actor) -> Seller:
    """Another address; whoever has the earlier one reads nothing more."""
    Seller.objects.filter(pk=seller.pk).update(feed_version=F("feed_version") + 1)
    seller.refresh_from_db(fields=["feed_version"])
    record(action="seller.feed_renewed", resource=seller, by=by)
    return seller
