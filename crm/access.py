"""One gate a noun: fetch what the member may see, or answer as if it did not exist."""

from collections.abc import Collection, Mapping
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from config.lib.errors import NotFound
from config.lib.ids import as_uuid, key_of
from crm.models import AgendaEvent, Contact, ContactMerge, Lead, Note, Seller, Stage, Task
from tenants.domain import holding, roles
from tenants.models import Membership


def lead_for(member: Membership, pk: object, *, lock: bool = False, more: Mapping[str, Any] | None = None) -> Lead:
    """The lead with contact, stage and owner. `lock` holds the row until the transaction ends; `more` are columns that
    a page wants beside it."""
    if lock:
        # Alone: after a wait PostgreSQL joins the new row with the old stage and owner, and finds none.
        Lead.objects.select_for_update(no_key=True).filter(pk=key_of(pk)).values("pk").first()
    rows = Lead.objects.visible_to(member).select_related("contact", "stage", "owner").annotate(**(more or {}))
    lead = rows.filter(pk=key_of(pk)).first()
    if lead is None:
        raise NotFound(_("Ese lead no existe o no está a su cargo."))
    return lead


def contact_for(member: Membership, pk: object, *, more: Mapping[str, Any] | None = None) -> Contact:
    """One that was united with another is named by `fields["merged_into"]` of the refusal. `more` as of a lead."""
    contact = Contact.objects.visible_to(member).annotate(**(more or {})).filter(pk=key_of(pk)).first()
    if contact is None:
        gone = ContactMerge.objects.filter(other_id=key_of(pk), undone_at=None).order_by("-at").values("kept")[:1]
        kept = Contact.objects.visible_to(member).filter(pk__in=gone).values_list("pk", flat=True).first()
        fields = {"merged_into": str(kept)} if kept else {}
        raise NotFound(_("Ese contacto no existe o no está a su cargo."), fields=fields)
    return contact


def merge_for(member: Membership, contact_pk: object, pk: object) -> ContactMerge:
    """A merge of this contact that can be taken back."""
    contact = contact_for(member, contact_pk)
    merge = contact.merges.filter(pk=key_of(pk)).first()
    if merge is None:
        raise NotFound(_("Esa unión no existe."))
    return merge


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


def task_for(member: Membership, pk: object) -> Task:
    task = Task.objects.visible_to(member).select_related("contact", "lead", "assignee").filter(pk=key_of(pk)).first()
    if task is None:
        raise NotFound(_("Esa tarea no existe o no está a su cargo."))
    return task


def appointment_for(member: Membership, pk: object, *, more: Mapping[str, Any] | None = None) -> AgendaEvent:
    """With seller, contact, lead and service, which the pages and the API show beside it. `more` as of a lead."""
    rows = AgendaEvent.objects.visible_to(member).select_related("seller", "contact", "lead", "service")
    event = rows.annotate(**(more or {})).filter(pk=key_of(pk)).first()
    if event is None:
        raise NotFound(_("Esa cita no existe o no está a su vista."))
    return event


def visible_notes(member: Membership) -> QuerySet[Note]:
    """About people whom the member may see, without those about leads that they may not."""
    rows = Note.objects.select_related("contact", "lead")
    if member.sees == roles.ALL:
        return rows
    contact = Contact.objects.visible_to(member).filter(pk=OuterRef("contact"))
    lead = Lead.objects.visible_to(member).filter(pk=OuterRef("lead"))
    return rows.filter(Q(lead=None) | Q(Exists(lead)), Exists(contact))


def note_for(member: Membership, pk: object) -> Note:
    note = visible_notes(member).filter(pk=key_of(pk)).first()
    if note is None:
        raise NotFound(_("Esa nota no existe o no está a su vista."))
    return note


def task_holders(ids: Collection[str]) -> dict[str, holding.Held]:
    """Who has each of these tasks: whoever does it, and whoever has its lead."""
    keys = [key for each in ids if (key := as_uuid(each))]
    rows: Any = Task.objects.filter(pk__in=keys).values_list(
        "pk", "assignee_id", "lead_id", "lead__owner_id", "lead__owner__user_id"
    )
    return {
        str(pk): holding.Held(
            frozenset(str(each) for each in (assignee, user) if each), free=bool(lead) and owner is None
        )
        for pk, assignee, lead, owner, user in rows
    }


def appointment_holders(ids: Collection[str]) -> dict[str, holding.Held]:
    """Who has each of these appointments: its seller, and whoever has its lead."""
    keys = [key for each in ids if (key := as_uuid(each))]
    rows: Any = AgendaEvent.objects.filter(pk__in=keys).values_list(
        "pk", "seller__user_id", "lead_id", "lead__owner_id", "lead__owner__user_id"
    )
    return {
        str(pk): holding.Held(
            frozenset(str(each) for each in (seller, user) if each), free=bool(lead) and owner is None
        )
        for pk, seller, lead, owner, user in rows
    }
