"""Clients: found, and their state changed. They are made by converting a lead only (crm.services.conversion)."""

from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from config.lib.errors import Invalid, NotFound
from config.lib.ids import as_uuid, key_of
from crm.models import Client, Contact
from tenants import circle
from tenants.domain import roles
from tenants.domain.actor import Actor
from tenants.models import Membership
from tenants.services.audit import record


def visible_to(member: Membership) -> QuerySet[Client]:
    """Clients whom the member (or their team) attends, and those of contacts whom they may see."""
    rows = Client.objects.all()
    if member.sees == roles.ALL:
        return rows
    seen = Contact.objects.visible_to(member).values("pk")
    return rows.filter(Q(owner__user_id__in=circle.of(member)) | Q(contact__in=seen))


def client_for(member: Membership, pk: object) -> Client:
    client = visible_to(member).select_related("contact", "owner").filter(pk=key_of(pk)).first()
    if client is None:
        raise NotFound(_("Ese cliente no existe o no está a su cargo."))
    return client


def narrowed(rows: QuerySet[Client], asked: dict[str, Any]) -> QuerySet[Client]:
    """`q` as in the search of contacts, `owner` (a seller's id or "none"), `status`; what is empty narrows nothing."""
    if asked.get("q"):
        rows = rows.filter(contact__in=Contact.objects.search(str(asked["q"])).values("pk"))
    if asked.get("owner"):
        owner = asked["owner"]
        rows = rows.filter(owner=None) if owner == "none" else rows.filter(owner_id=as_uuid(owner))
    if asked.get("status"):
        rows = rows.filter(status=asked["status"])
    return rows


def set_status(*, client: Client, status: str, by: Actor) -> Client:
    if status not in Client.Status.values:
        raise Invalid(_("Ese estado no existe."), fields={"status": _("Valor desconocido.")})
    if client.status != status:
        before, client.status = client.status, status
        client.save(update_fields=["status", "updated_at"])
        record(action="client.updated", resource=client, by=by, diff={"status": [before, status]})
    return client
