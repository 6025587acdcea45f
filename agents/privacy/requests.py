"""Asking for a copy or for erasure, and finding what was asked for and not done yet."""

import time
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from agents.models import PrivacyRequest
from agents.privacy import copies, erasure, export, people
from config.lib import commit
from config.lib.errors import Conflict, Invalid, NotFound
from crm.models import Contact
from messaging.services import privacy as messaging
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tenants.models import Membership, Tenant
from tenants.services.audit import record

Kind = PrivacyRequest.Kind


def ask_export(*, contact: Contact, by: Actor) -> PrivacyRequest:
    """Have a copy made; one that is being made is answered instead of a second. Raises Conflict while they are erased."""
    if _open(Kind.ERASE, contact.pk) is not None:
        raise Conflict(_("A esta persona se la está borrando."), code="being_erased")
    row, made = _asked(Kind.EXPORT, contact, by)
    if made:
        record(action="person.export_asked", resource=contact, by=by)
    return row


def ask_erasure(*, contact: Contact, by: Actor, confirm: str) -> PrivacyRequest:
    """Begin to erase the person. `confirm` is their name as it is shown, typed by whoever asks; else Invalid.

    Who asks has proved who they are just before (tenants.services.reauth).
    """
    if _plain(confirm) != _plain(str(contact)):
        message = _("Escribir el nombre tal como se ve: %(name)s.") % {"name": contact}
        raise Invalid(message, fields={"confirm": message})
    row, made = _asked(Kind.ERASE, contact, by)
    if made:
        row.counts = people.counts(people.find(contact.pk))
        row.save(update_fields=["counts"])
        record(action="person.erasure_asked", resource=contact, by=by)
    return row


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()


def _open(kind: str, contact_id: UUID) -> PrivacyRequest | None:
    states = [PrivacyRequest.State.QUEUED, PrivacyRequest.State.RUNNING]
    return PrivacyRequest.objects.filter(kind=kind, contact_id=contact_id, state__in=states).first()


def _asked(kind: str, contact: Contact, by: Actor) -> tuple[PrivacyRequest, bool]:
    """The open request of this kind, and whether it is new."""
    found = _open(kind, contact.pk)
    if found is not None:
        return found, False
    row = PrivacyRequest(
        kind=kind,
        contact_id=contact.pk,
        asked_by_kind=by.kind,
        asked_by_id=by.id,
        asked_by=by.label[:160],
        due_at=timezone.now(),
    )
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        twin = _open(kind, contact.pk)  # somebody asked in this moment
        if twin is None:
            raise
        return twin, False
    _wake(row)
    return row, True


def _wake(row: PrivacyRequest, wait: float | None = None) -> None:
    commit.queue("agents.tasks.privacy_request", queue="sync", countdown=wait, request_id=str(row.pk))


def work(*, tenant: Tenant, request_id: UUID) -> bool:
    """Do what was asked as far as it goes now; False when it has to be tried again. Outside of any transaction."""
    with tenant_context(tenant):
        row = PrivacyRequest.objects.filter(pk=request_id).first()
    if row is None:
        return True
    if row.kind == Kind.EXPORT:
        return export.make(tenant=tenant, request_id=request_id)
    return erasure.advance(tenant=tenant, request_id=request_id)


def work_and_wake(*, tenant: Tenant, request_id: UUID) -> None:
    """As `work`, for the worker: what has to wait is queued again, and the sweep finds it should that get lost."""
    if work(tenant=tenant, request_id=request_id):
        return
    with tenant_context(tenant):
        row = PrivacyRequest.objects.filter(pk=request_id).first()
        if row is not None and row.is_open and row.due_at is not None:
            _wake(row, max(1.0, (row.due_at - timezone.now()).total_seconds()))


def due_ids(now: datetime, limit: int = 100) -> list[UUID]:
    """Requests whose wake-up was lost or whose worker died. Call inside the company."""
    return list(PrivacyRequest.objects.filter(due_at__lte=now).order_by("due_at").values_list("pk", flat=True)[:limit])


def sweep(*, tenant: Tenant, files: bool) -> list[UUID]:
    """What is due; ends copies past their time and, with `files`, files of messages that no row names."""
    now = timezone.now()
    with tenant_context(tenant):
        copies.forget_expired(tenant, now)
        if files:
            messaging.sweep_files(tenant, now=time.time())
        return due_ids(now)


def request_for(member: Membership, pk: UUID, *, kind: str = "") -> PrivacyRequest:
    """The request, for who may do what it asked for; else NotFound."""
    row = PrivacyRequest.objects.filter(pk=pk).first()
    needed = {Kind.EXPORT.value: "contacts.export", Kind.ERASE.value: "contacts.erase"}
    if row is None or (kind and row.kind != kind) or not member.may(needed[row.kind]):
        raise NotFound(_("Ese pedido no existe."))
    return row
