"""One gate a noun: fetch what the member may see, or answer as if it did not exist."""

from django.utils.translation import gettext as _

from config.lib.errors import NotFound
from config.lib.ids import as_uuid, key_of
from crm.models import Contact, Lead, Seller, Stage
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
    contact = Contact.objects.filter(pk=key_of(pk)).first()
    if contact is None:
        raise NotFound(_("Ese contacto no existe."))
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
