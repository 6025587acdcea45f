"""Two contacts that are one person: united with everything that hangs on them, and taken apart again to the same rows."""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

from django.db import OperationalError, connection, transaction
from django.db.models import OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from config.lib import counts
from config.lib.errors import Conflict, Invalid, NotFound
from crm.domain.phones import phone_variants
from crm.models import Contact, ContactMerge, ContactPoint, DuplicatePair
from crm.services.contacts import look_for_duplicates
from crm.services.finding import by_phone, hold_number
from crm.services.merge_rows import (
    Row,
    Trail,
    made,
    model_of,
    move_back,
    pointing_at,
    put_back,
    remove,
    repoint,
    snapshot,
    unmake,
    write,
)
from tenants.domain.actor import Actor
from tenants.live.services import emit
from tenants.services.audit import record

Done = TypeVar("Done")
# Whoever waits longer than PostgreSQL's second for somebody who waits for them is ended as a deadlock. Uniting takes many
# locks in an order that nobody else keeps, so it is the one that steps back, well before that.
PATIENCE, TRIES = "400ms", 6
LOCKED_OUT = frozenset({"55P03", "40P01"})  # lock not available, deadlock
# What open screens show of the rows that changed hands: table → live event and its object.
TOLD = {
    "crm.Lead": ("LEAD_UPDATED", "lead"),
    "crm.Task": ("TASK_UPDATED", "task"),
    "messaging.Conversation": ("CONVERSATION_UPDATED", "conversation"),
}


def merge(*, kept: Contact, other: Contact, by: Actor) -> ContactMerge:
    """Move everything of `other` to `kept`; `other` ends until the merge is undone.

    Raises NotFound when one of them is gone meanwhile, Conflict when somebody is writing just now.
    """
    if kept.pk == other.pk:
        raise Invalid(_("Es el mismo contacto."), fields={"other": _("Elegir otro contacto.")})
    trail = _patiently(partial(_unite, kept.pk, other.pk))
    row = ContactMerge.objects.create(
        kept_id=kept.pk,
        other_id=other.pk,
        other_name=str(other)[:254],
        rows=vars(trail),
        actor_kind=by.kind,
        actor_id=by.id,
        actor_label=by.label[:160],
    )
    record(action="contact.merged", resource=kept, by=by, diff={"other": str(other.pk)})
    _tell(trail)
    look_for_duplicates(kept)
    return row


def unmerge(*, merge: ContactMerge, by: Actor) -> Contact:
    """Bring the other contact back with its rows. What came since stays with the one that was kept.

    Raises Conflict when it was undone before, when a later merge must be undone first, or when the number is now
    somebody else's.
    """
    trail = _patiently(partial(_part, merge.pk))
    merge.refresh_from_db()
    merge.undone_at, merge.undone_by = timezone.now(), by.label[:160]
    merge.save(update_fields=["undone_at", "undone_by"])
    record(
        action="contact.unmerged", resource=("contact", str(merge.kept_id)), by=by, diff={"other": str(merge.other_id)}
    )
    _tell(trail)
    return Contact.objects.get(pk=merge.other_id)


def merges_of(contact: Contact) -> list[ContactMerge]:
    """Who came to this contact and may go again, the latest first; only the first of them can be undone now."""
    return list(contact.merges.filter(undone_at=None).order_by("-at", "-id").defer("rows"))


def went_to(pk: UUID) -> UUID | None:
    """Where a contact that no longer exists went."""
    rows = ContactMerge.objects.filter(other_id=pk, undone_at=None)
    return rows.order_by("-at").values_list("kept_id", flat=True).first()


def what_moves(other: Contact) -> list[tuple[str, int]]:
    """What hangs on the contact, as its tables are called, and how much. One statement."""
    shown = {each.field.model: each.field for each in Contact._meta.related_objects}
    held = {
        f"held_{place}": counts.Counted(model._base_manager.filter(**{key.attname: OuterRef("pk")}))
        for place, (model, key) in enumerate(shown.items())
    }
    found = Contact.objects.filter(pk=other.pk).annotate(**held).values(*held).get()
    names = (str(model._meta.verbose_name_plural) for model in shown)
    return [(name, number) for name, number in zip(names, found.values(), strict=True) if number]


def preview(kept: Contact, other: Contact) -> list[tuple[str, str, str, str]]:
    """What each has and what will be: (what, kept, other, result). Nothing is written."""
    filled = _filled(kept, other)
    rows = []
    for name in ("name", "phone", "email", "city", "tags", "notes"):
        label = str(getattr(Contact._meta.get_field(name), "verbose_name", name))
        mine, theirs, result = (_in_words(each) for each in (getattr(kept, name), getattr(other, name), filled[name]))
        if name in ("phone", "email") and theirs and theirs != result:
            result = f"{result}, {theirs}"  # a further one
        rows.append((label[:1].upper() + label[1:], mine, theirs, result))
    return [row for row in rows if row[1] or row[2]]


def _in_words(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value or "")


def _unite(kept_id: UUID, other_id: UUID) -> Trail:
    kept, other = _hold(kept_id, other_id)
    trail, before = Trail(), snapshot(Contact, kept_id)
    _move_pairs(kept, other, trail)
    for key in pointing_at(Contact):
        if key.model is not DuplicatePair:
            repoint(key, old=other_id, new=kept_id, trail=trail)
    remove(other, trail=trail)  # before the kept one takes its number: one number, one contact
    _add_points(kept, other, trail)
    for name, value in _filled(kept, other).items():
        setattr(kept, name, value)
    kept.save()
    after = snapshot(Contact, kept_id)
    trail.changes = {name: [before[name], after[name]] for name in before if before[name] != after[name]}
    return trail


def _hold(kept_id: UUID, other_id: UUID) -> tuple[Contact, Contact]:
    """Both, locked in the order of their ids, and their numbers: who writes from one of them just now is waited for."""
    rows = Contact.objects.filter(pk__in=[kept_id, other_id]).order_by("pk")
    phones = [phone for phone in rows.values_list("phone", flat=True) if phone]
    for phone in sorted(phones):
        hold_number(phone)
    found = {row.pk: row for row in rows.select_for_update()}
    if len(found) < 2:
        raise NotFound(_("Uno de los dos contactos ya no existe: tal vez ya se unieron."))
    return found[kept_id], found[other_id]


def _filled(kept: Contact, other: Contact) -> Row:
    """What the kept contact takes over: what it lacked, labels of both, and every refusal of either."""
    filled: Row = {name: getattr(kept, name) or getattr(other, name) for name in ("name", "city", "phone", "email")}
    filled["custom"] = {**other.custom, **kept.custom}
    filled["social_links"] = {**other.social_links, **kept.social_links}
    filled["tags"] = [*kept.tags, *(tag for tag in other.tags if tag not in kept.tags)]
    filled["notes"] = "\n\n".join(filter(None, (kept.notes, other.notes if other.notes != kept.notes else "")))
    if kept.blocked_at is None:
        filled["blocked_at"], filled["blocked_reason"] = other.blocked_at, other.blocked_reason
    filled["opted_out_at"] = max(filter(None, (kept.opted_out_at, other.opted_out_at)), default=None)
    return filled


def _add_points(kept: Contact, other: Contact, trail: Trail) -> None:
    """The other's phone and e-mail become further ones, where the kept contact has its own."""
    further = []
    if other.phone and kept.phone and other.phone not in phone_variants(kept.phone):
        further.append((ContactPoint.Kind.PHONE, other.phone))
    if other.email and kept.email and other.email.lower() != kept.email.lower():
        further.append((ContactPoint.Kind.EMAIL, other.email.lower()))
    for kind, value in further:
        point, new = ContactPoint.objects.get_or_create(contact=kept, kind=kind, value=value)
        if new:
            made(point, trail=trail)


def _move_pairs(kept: Contact, other: Contact, trail: Trail) -> None:
    """Suggestions about the other become suggestions about the kept one; two found to be different stay so."""
    for pair in DuplicatePair.objects.filter(Q(first=other) | Q(second=other)):
        third = pair.second_id if pair.first_id == other.pk else pair.first_id
        remove(pair, trail=trail)
        if third == kept.pk:
            continue
        first, second = sorted((kept.pk, third))
        moved = {"score": pair.score, "evidence": pair.evidence, "status": pair.status, "decided_by": pair.decided_by}
        row, new = DuplicatePair.objects.get_or_create(first_id=first, second_id=second, defaults=moved)
        if new:
            made(row, trail=trail)


def _part(merge_id: UUID) -> Trail:
    merge = ContactMerge.objects.select_for_update(no_key=True).get(pk=merge_id)
    if merge.undone_at is not None:
        raise Conflict(_("Esa unión ya se deshizo."))
    later = ContactMerge.objects.filter(kept_id=merge.kept_id, undone_at=None, at__gt=merge.at).order_by("-at").first()
    if later is not None:
        message = _("Después se unió «%(name)s»: primero hay que deshacer esa unión.") % {"name": later.other_name}
        raise Conflict(message, code="later_merge")
    trail = Trail(**merge.rows)
    kept = Contact.objects.select_for_update(no_key=True).get(pk=merge.kept_id)
    _refuse_taken_number(kept, trail)
    unmake(trail.made)
    now = snapshot(Contact, kept.pk)
    untouched = {name: old for name, (old, new) in trail.changes.items() if now[name] == new}
    write(Contact, kept.pk, untouched)
    for each in reversed(trail.removed):
        put_back(model_of(each["model"]), each["row"])
    move_back(trail.moves)
    if "search_text" in trail.changes.keys() - untouched.keys():
        kept.refresh_from_db()
        Contact.objects.filter(pk=kept.pk).update(search_text=kept.words_to_find())
    return trail


def _refuse_taken_number(kept: Contact, trail: Trail) -> None:
    row = next(each["row"] for each in trail.removed if each["model"] == Contact._meta.label)
    if not row["phone"]:
        return
    hold_number(row["phone"])
    holder = by_phone(row["phone"])
    if holder is not None and holder.pk != kept.pk:
        raise Conflict(
            _("El teléfono %(phone)s ahora es de «%(name)s»: no se puede separar.")
            % {"phone": row["phone"], "name": holder},
            code="duplicate_contact",
        )


def _patiently(work: Callable[[], Done]) -> Done:
    """Run `work` in a savepoint of its own; where somebody holds what it needs, let go of everything and begin again."""
    for _try in range(TRIES):
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("select current_setting('lock_timeout')")
                (usual,) = cursor.fetchone()
                cursor.execute("select set_config('lock_timeout', %s, true)", [PATIENCE])
                done = work()
                cursor.execute("select set_config('lock_timeout', %s, true)", [usual])
                return done
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", "") not in LOCKED_OUT:
                raise
    raise Conflict(
        _("Alguien está escribiendo en uno de los dos contactos. Probar de nuevo en un momento."), code="busy"
    )


def _tell(trail: Trail) -> None:
    told: dict[tuple[str, str], set[str]] = {}
    for move in trail.moves:
        if move["model"] in TOLD:
            told.setdefault(TOLD[move["model"]], set()).update(move["ids"])
    for (kind, noun), ids in told.items():
        for each in sorted(ids):
            moved: dict[str, Any] = {} if noun == "task" else {"moved": True}
            emit(kind, object=noun, id=each, **moved)
