"""What people of the company write to each other about somebody. Never sent to the contact, never said to the AI."""

import json
import logging
from datetime import datetime
from typing import Any
from uuid import UUID

import redis
from django.utils import timezone
from django.utils.translation import gettext as _

from config.lib.errors import Forbidden, Invalid, NotFound
from config.lib.redis import client
from config.lib.texts import storable
from crm.domain.mentions import find
from crm.models import Contact, Lead, Note, Notification
from crm.services.notifications import notify
from tenants.context import current_tenant
from tenants.domain.actor import Actor
from tenants.live.services import emit
from tenants.models import Membership
from tenants.services.audit import record

logger = logging.getLogger(__name__)

LONGEST = 4000  # letters
MOST_MENTIONS = 20
UNDO_SECONDS = 600


def add_note(
    *,
    contact: Contact,
    text: str,
    by: Actor,
    lead: Lead | None = None,
    kind: str = Note.Kind.INTERNAL,
    pinned: bool = False,
) -> Note:
    """Keep a note and tell whoever it names. Raises Invalid for an empty or too long text, an unclear name, or a name
    of somebody who does not see the contact.
    """
    if lead is not None and lead.contact_id != contact.pk:
        raise Invalid(_("Ese lead es de otro contacto."), fields={"lead": _("De otro contacto.")})
    text = _checked(text)
    if kind not in Note.Kind.values:
        raise Invalid(_("Ese tipo de nota no existe."), fields={"kind": _("Valor desconocido.")})
    people = _mentioned(text, contact, lead)
    note = Note.objects.create(
        contact=contact,
        lead=lead,
        kind=kind,
        text=text,
        mentions=[each.user_id for each in people],
        is_pinned=pinned,
        author_id=_user(by),
        actor_kind=by.kind,
        actor_label=by.label,
    )
    record(action="note.added", resource=note, by=by)
    _tell(note, {each.user_id for each in people}, by)
    return note


def edit_note(
    *, note: Note, by: Actor, text: str | None = None, kind: str | None = None, pinned: bool | None = None
) -> Note:
    """Only its author changes the words of a note; whoever may write may pin it. People newly named are told."""
    changed: list[str] = []
    told: set[UUID] = set()
    if text is not None and _checked(text) != note.text:
        _own(note, by)
        note.text = _checked(text)
        people = {each.user_id for each in _mentioned(note.text, note.contact, note.lead)}
        told, note.mentions = people - set(note.mentions), sorted(people)
        note.edited_at = timezone.now()
        changed += ["text", "mentions", "edited_at"]
    if kind is not None and kind != note.kind:
        _own(note, by)
        if kind not in Note.Kind.values:
            raise Invalid(_("Ese tipo de nota no existe."), fields={"kind": _("Valor desconocido.")})
        note.kind = kind
        changed.append("kind")
    if pinned is not None and pinned != note.is_pinned:
        note.is_pinned = pinned
        changed.append("is_pinned")
    if not changed:
        return note
    note.save(update_fields=changed)
    record(action="note.updated", resource=note, by=by, diff={"fields": sorted(changed)})
    _tell(note, told, by)
    return note


def remove_note(*, note: Note, by: Actor) -> bool:
    """Only one's own. True when it can be restored for the next ten minutes."""
    _own(note, by)
    kept = _keep(note)
    record(action="note.removed", resource=note, by=by)
    _refresh(note)
    Notification.objects.filter(key=_key(note)).delete()
    note.delete()
    return kept


def restore_note(*, pk: UUID, by: Actor) -> Note:
    """The same row again, for whoever removed it. Raises NotFound when it is too late."""
    gone = NotFound(_("Esa nota ya no se puede recuperar."))
    kept = _kept(pk)
    if kept is None or kept["author"] != by.id:
        raise gone
    contact = Contact.objects.filter(pk=kept["contact"]).first()
    if contact is None:
        raise gone
    lead = Lead.objects.filter(pk=kept["lead"], contact=contact).first() if kept["lead"] else None
    note, made = Note.objects.get_or_create(
        pk=pk,
        defaults={
            "contact": contact,
            "lead": lead,
            "kind": kept["kind"],
            "text": kept["text"],
            "mentions": [UUID(each) for each in kept["mentions"]],
            "is_pinned": kept["pinned"],
            "author_id": _user(by),
            "actor_kind": by.kind,
            "actor_label": by.label,
            "edited_at": datetime.fromisoformat(kept["edited"]) if kept["edited"] else None,
        },
    )
    if made:
        Note.objects.filter(pk=pk).update(created_at=datetime.fromisoformat(kept["created"]))
        record(action="note.restored", resource=note, by=by)
        _tell(note, set(note.mentions), by)
    return note


def colleagues() -> list[Membership]:
    """Who can be named in a note, by name."""
    rows = Membership.objects.active().filter(tenant_id=current_tenant().pk).select_related("user")
    return list(rows.order_by("user__name"))


def _checked(text: str) -> str:
    text = text.replace("\r\n", "\n").strip()
    if not text:
        raise Invalid(_("La nota está vacía."), fields={"text": _("Escribir la nota.")})
    if len(text) > LONGEST:
        too_long = _("Hasta %(most)s letras.") % {"most": LONGEST}
        raise Invalid(too_long, fields={"text": too_long})
    if not storable(text):
        raise Invalid(_("Hay letras que no se pueden guardar."), fields={"text": _("Letras inválidas.")})
    return text


def _mentioned(text: str, contact: Contact, lead: Lead | None) -> list[Membership]:
    """Active members whom the text names and who see what it is about. A name tells nobody else anything."""
    if "@" not in text:
        return []
    members = {each.user_id: each for each in colleagues()}
    found = find(text, {pk: member.user.name for pk, member in members.items()})
    if found.unclear:
        said = _("Hay más de una persona que se llama así: %(names)s. Escribir el nombre completo.")
        raise _unfit(said % {"names": ", ".join(found.unclear)})
    people = [members[pk] for pk in found.people]
    if len(people) > MOST_MENTIONS:
        raise _unfit(_("Una nota nombra a %(most)s personas como máximo.") % {"most": MOST_MENTIONS})
    outside = [str(member.user) for member in people if not _sees(member, contact, lead)]
    if outside:
        said = _("No tiene este contacto a la vista y no se le puede avisar: %(names)s.")
        raise _unfit(said % {"names": ", ".join(outside)})
    return people


def _sees(member: Membership, contact: Contact, lead: Lead | None) -> bool:
    if not member.may("contacts.read"):
        return False
    if lead is not None:
        return Lead.objects.visible_to(member).filter(pk=lead.pk).exists()
    return Contact.objects.visible_to(member).filter(pk=contact.pk).exists()


def _unfit(text: str) -> Invalid:
    return Invalid(text, fields={"text": text})


def _own(note: Note, by: Actor) -> None:
    if note.author_id is None or str(note.author_id) != by.id:
        raise Forbidden(_("Una nota la cambia solo quien la escribió."))


def _user(by: Actor) -> UUID | None:
    return UUID(by.id) if by.kind == "user" and by.id else None


def _tell(note: Note, people: set[UUID], by: Actor) -> None:
    for user_id in sorted(people):
        if str(user_id) != by.id:
            notify(
                user_id=user_id,
                kind=Notification.Kind.MENTION,
                key=_key(note),
                contact=note.contact,
                href=f"{home(note)}#note-{note.pk}",
                facts={"by": by.label},
            )
    _refresh(note)


def home(note: Note) -> str:
    """The page where a note is read."""
    return f"/leads/{note.lead_id}/" if note.lead_id else f"/contactos/{note.contact_id}/"


def _key(note: Note) -> str:
    return f"mention:{note.pk}"


def _refresh(note: Note) -> None:
    """Pages that show the person look again; they know leads, so each of theirs is told."""
    ids = [note.lead_id] if note.lead_id else list(note.contact.leads.values_list("pk", flat=True))
    for lead_id in ids:
        emit("LEAD_UPDATED", object="lead", id=lead_id)


# --- the moment in which a removed note can come back ---------------------------------------------------------
def _place(pk: UUID) -> str:
    return f"note:removed:{current_tenant().pk}:{pk}"


def _keep(note: Note) -> bool:
    content = {
        "contact": str(note.contact_id),
        "lead": str(note.lead_id or ""),
        "author": str(note.author_id),
        "kind": note.kind,
        "text": note.text,
        "mentions": [str(each) for each in note.mentions],
        "pinned": note.is_pinned,
        "created": note.created_at.isoformat(),
        "edited": note.edited_at.isoformat() if note.edited_at else "",
    }
    try:
        client().set(_place(note.pk), json.dumps(content), ex=UNDO_SECONDS)
    except redis.RedisError:
        logger.warning("a removed note cannot be restored: Redis does not answer")
        return False
    return True


def _kept(pk: UUID) -> dict[str, Any] | None:
    try:
        found = client().get(_place(pk))
    except redis.RedisError:
        return None
    return json.loads(str(found)) if found else None
