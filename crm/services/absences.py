"""Times in which a seller gets nothing new, and who gets it meanwhile."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.translation import gettext as _

from config.lib.errors import Invalid, NotFound
from config.lib.ids import key_of
from config.lib.texts import stored
from crm.models import Absence, Seller
from tenants.context import current_tenant
from tenants.domain.actor import Actor
from tenants.services.audit import record

SHOWN = 50


def add_absence(
    *, seller: Seller, starts_at: datetime, ends_at: datetime, by: Actor, reason: str = "", cover: Seller | None = None
) -> Absence:
    """Raises Invalid with fields for a time that does not go forward, is over, or meets another absence of the seller."""
    # Held, so that two at once do not meet unseen.
    Seller.objects.select_for_update(no_key=True).filter(pk=seller.pk).first()
    wrong = {}
    if ends_at <= starts_at:
        wrong["ends_at"] = _("Debe ser después del comienzo.")
    elif ends_at <= timezone.now():
        wrong["ends_at"] = _("Ese tiempo ya pasó.")
    elif Absence.objects.filter(seller=seller, starts_at__lt=ends_at, ends_at__gt=starts_at).exists():
        wrong["starts_at"] = _("Se pisa con otra ausencia.")
    if cover is not None and cover.pk == seller.pk:
        wrong["cover"] = _("Nadie se cubre a sí mismo.")
    elif cover is not None and not cover.is_active:
        wrong["cover"] = _("Ese vendedor no está activo.")
    if wrong:
        raise Invalid(_("Revisar la ausencia."), fields=wrong)
    reason = stored(reason).strip()[:200]
    row = Absence.objects.create(seller=seller, starts_at=starts_at, ends_at=ends_at, reason=reason, cover=cover)
    facts = {"from": starts_at.isoformat(), "to": ends_at.isoformat(), "cover": str(cover.pk) if cover else None}
    record(action="seller.absence_added", resource=seller, by=by, diff=facts)
    return row


def remove_absence(*, absence: Absence, by: Actor) -> None:
    facts = {"from": absence.starts_at.isoformat(), "to": absence.ends_at.isoformat()}
    record(action="seller.absence_removed", resource=absence.seller, by=by, diff=facts)
    absence.delete()


def absence_for(pk: object) -> Absence:
    """Raises NotFound."""
    row = Absence.objects.select_related("seller", "cover").filter(pk=key_of(pk)).first()
    if row is None:
        raise NotFound(_("Esa ausencia no existe."))
    return row


def coming(seller: Seller) -> list[Absence]:
    """What is not over yet, the nearest first, each with its `first` and `last` day where the seller is."""
    rows = Absence.objects.filter(seller=seller, ends_at__gt=timezone.now()).select_related("cover")
    found = list(rows.order_by("starts_at")[:SHOWN])
    place = ZoneInfo(seller.timezone or current_tenant().timezone)
    for each in found:
        # A last day that ends at midnight is the day before.
        each.first = each.starts_at.astimezone(place).date()  # type: ignore[attr-defined]  # for people
        each.last = (each.ends_at.astimezone(place) - timedelta(microseconds=1)).date()  # type: ignore[attr-defined]  # likewise
    return found
