"""One gate a noun: fetch what the member may see, or answer as if it did not exist."""

from collections.abc import Collection

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from config.lib.errors import NotFound
from config.lib.ids import as_uuid, key_of
from crm.models import Contact, Lead, Seller, Stage
from tenants.domain import holding
from tenants.models import Membership


def lead_for(member: Membership, pk: object, *, lock: bool = False) -> Lead:
    """The lead with contact, stage and owner. `lock` holds the row until the transaction ends."""
    if lock:
        # Alone: after a wait PostgreSQL joins the new row with the old stage and owner, and finds none.
        Lead.objects.select_for_update(no_key=True).filter(pk=key_of(pk)).values("pk").first()
    rows = Lead.objects.visible_to(member).select_related("contact", "stage", "owner")
    lead = rows.filter(pk=key_of(pk)).first()
    if lead is None:
        raise NotFound(_("Ese lead no existe o no está a su cargo."))
    return lead


def contact_for(member: Membership, pk: object) -> Contact:
    contact = Contact.objects.visible_to(member).filter(pk=key_of(pk)).first()
    if contact is None:
        raise NotFound(_("Ese contacto no existe o no está a su cargo."))
    return contact


def stage_for(pk_or_code: object) -> Stage:
    """A stage by id or by code."""
    key = as_uuid(pk_or_code)
    stage = Stage.objects.filter(pk=key).first() if key else Stage.objects.filter(code=str(pk_or_code)).first()
    if stage is None:
        raise NotFound(_("Esa etapa no existe."))
    return stage


def seller_for(pk: object, *, inactive: bool = False) -> Seller:
    """An active seller; with `inactive` also one who no longer attends."""
    seller = Seller.objects.filter(pk=key_of(pk)).first()
    if seller is None or not (seller.is_active or inactive):
        raise NotFound(_("Ese vendedor no existe o no está activo."))
    return seller


def lead_ties(member: Membership) -> tuple[QuerySet[Lead], QuerySet[Lead]]:
    """What ties a contact to whoever attends: the leads this member may see, and all of them (settings.CONTACT_TIES)."""
    return Lead.objects.visible_to(member), Lead.objects.all()


def lead_holders(ids: Collection[str]) -> dict[str, holding.Held]:
    """Who has each of these leads, for live events (settings.LIVE_HOLDERS). One that is gone is missing."""
    keys = [key for each in ids if (key := as_uuid(each))]
    rows = Lead.objects.filter(pk__in=keys).values_list("pk", "owner_id", "owner__user_id")
    return {str(pk): holding.lead(user, owned=owner is not None) for pk, owner, user in rows}
