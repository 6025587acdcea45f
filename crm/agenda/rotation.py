"""Who attends, of those who are free at one time: whoever knows the person, else in turns by weight."""

from collections.abc import Sequence
from datetime import timedelta
from fractions import Fraction
from typing import Any

from django.db.models import Count, F
from django.utils import timezone

from crm.agenda.availability import Slot
from crm.models import AgendaEvent, Contact, Lead

COUNTED = timedelta(days=28)  # turns are fair over the appointments from so long ago on


def choose(slots: Sequence[Slot], *, contact: Contact | None) -> tuple[Slot, dict[str, Any]]:
    """One of the slots of one time, and why (AgendaEvent.why): "only", "owner" of the contact's lead, or "rotation".

    In turns the fewest appointments for their weight come first; weight 0 comes last. One that nobody came to does not count.
    """
    if len(slots) == 1:
        return slots[0], {"code": "only"}
    owner = owner_of(contact) if contact is not None else None
    for slot in slots:
        if slot.seller.pk == owner:
            return slot, {"code": "owner"}
    held = _held(slots)
    chosen = min(slots, key=lambda slot: (_share(slot, held), slot.seller.name, slot.seller.pk))
    return chosen, {"code": "rotation", "held": held.get(chosen.seller.pk, 0), "weight": chosen.seller.weight}


def owner_of(contact: Contact) -> Any:
    """The seller (id) of the contact's latest lead with one, open ones before closed ones; None without."""
    rows = Lead.objects.filter(contact=contact).exclude(owner=None)
    return (
        rows.order_by(F("closed_at").desc(nulls_first=True), "-created_at").values_list("owner_id", flat=True).first()
    )


def _held(slots: Sequence[Slot]) -> dict[Any, int]:
    rows = AgendaEvent.objects.standing().filter(
        seller__in={slot.seller.pk for slot in slots},
        kind=AgendaEvent.Kind.MEETING,
        starts_at__gte=timezone.now() - COUNTED,
    )
    rows = rows.exclude(status=AgendaEvent.Status.NO_SHOW)
    return dict(rows.order_by().values_list("seller").annotate(held=Count("pk")))


def _share(slot: Slot, held: dict[Any, int]) -> tuple[bool, Fraction]:
    weight = slot.seller.weight
    return weight == 0, Fraction(held.get(slot.seller.pk, 0), weight or 1)
