"""Contacts that may be one person: found by index only, in a worker, and shown with what speaks for it."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib.postgres.search import SearchQuery, SearchVector
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from config.lib import commit
from config.lib.errors import NotFound
from config.lib.ids import key_of
from crm.domain.duplicates import LAST, TOLD, WORTH_SHOWING, Likeness, Person, likeness, with_told
from crm.domain.names import is_full, name_words
from crm.domain.phones import phone_variants
from crm.models import Contact, ContactPoint, DuplicatePair
from tenants.context import tenant_context
from tenants.domain import roles
from tenants.domain.actor import Actor
from tenants.models import Membership, Tenant
from tenants.services.audit import record

MOST_OF_A_NAME = 30  # more people of one name say nothing about any two of them
SWEPT = timedelta(days=2)
CHUNK = 200
KINDS: dict[str, Promise] = {
    "phone": _("El mismo teléfono"),
    "email": _("El mismo correo"),
    "name": _("El mismo nombre"),
    "city": _("La misma ciudad"),
    "ending": _("Teléfonos que terminan igual"),
    "together": _("El canal los nombra como una sola persona"),
    "moved": _("Pasó a usar el teléfono del otro"),
    "username": _("El mismo usuario en dos redes"),
    "said_phone": _("Escribió en el chat el teléfono del otro"),
    "said_email": _("Escribió en el chat el correo del otro"),
}


def find_for(contact_id: UUID) -> int:
    """Look for doubles of one contact and keep what was found; how many are worth showing. Dismissed pairs stay so."""
    contact = Contact.objects.filter(pk=contact_id).prefetch_related("points").first()
    if contact is None:
        return 0
    mine = as_person(contact)
    told = {(pair.first_id, pair.second_id): _told(pair) for pair in _of(contact.pk)}
    alike = {
        _key(contact.pk, other.pk): likeness(mine, as_person(other))
        for other in _candidates(contact, mine).prefetch_related("points")
    }
    found = []
    for first, second in alike.keys() | {key for key, said in told.items() if said}:
        both = with_told(alike.get((first, second), Likeness(0, [])), told.get((first, second), []))
        if both.score >= WORTH_SHOWING:
            found.append(DuplicatePair(first_id=first, second_id=second, score=both.score, evidence=both.evidence))
    DuplicatePair.objects.bulk_create(
        sorted(found, key=lambda pair: (pair.first_id, pair.second_id)),
        update_conflicts=True,
        unique_fields=["first", "second"],
        update_fields=["score", "evidence"],
    )
    known = {(pair.first_id, pair.second_id) for pair in found}
    for pair in _of(contact.pk).filter(status=DuplicatePair.Status.OPEN):  # what no longer speaks for it
        if (pair.first_id, pair.second_id) not in known:
            pair.delete()
    return len(found)


def suggest(*, contact: Contact, other: Contact, kind: str, what: str) -> None:
    """Another app tells what speaks for the two being one: `kind` of `crm.domain.duplicates.TOLD`. The rest follows in a worker."""
    first, second = _key(contact.pk, other.pk)
    said = {"kind": kind, "left": what, "right": what}
    pair, made = DuplicatePair.objects.select_for_update(no_key=True).get_or_create(
        first_id=first, second_id=second, defaults={"score": TOLD[kind], "evidence": [said]}
    )
    if not made and said in pair.evidence:
        return
    if not made:
        pair.evidence, pair.score = [said, *pair.evidence], max(pair.score, TOLD[kind])
        pair.save(update_fields=["evidence", "score"])
    commit.queue("crm.tasks.find_duplicates", contact_id=str(contact.pk))


def _told(pair: DuplicatePair) -> list[dict[str, Any]]:
    return [said for said in pair.evidence if said["kind"] in TOLD]


def _key(one: UUID, other: UUID) -> tuple[UUID, UUID]:
    return (one, other) if one < other else (other, one)


def as_person(contact: Contact) -> Person:
    points = list(contact.points.all())
    phones = [contact.phone, *(each.value for each in points if each.kind == ContactPoint.Kind.PHONE)]
    emails = [contact.email, *(each.value for each in points if each.kind == ContactPoint.Kind.EMAIL)]
    return Person(
        name=contact.name,
        city=contact.city,
        phones=frozenset(filter(None, phones)),
        emails=frozenset(each.lower() for each in emails if each),
    )


def sweep(*, tenant: Tenant, now: datetime) -> int:
    """Whoever was written to lately, should a wake-up have been lost. Short transactions."""
    with tenant_context(tenant):
        keys = list(Contact.objects.filter(updated_at__gte=now - SWEPT).values_list("pk", flat=True))
    for start in range(0, len(keys), CHUNK):
        with tenant_context(tenant):
            for key in keys[start : start + CHUNK]:
                find_for(key)
    return len(keys)


def suggestions(member: Membership) -> QuerySet[DuplicatePair]:
    """Open pairs of people whom the member may both see."""
    rows = DuplicatePair.objects.filter(status=DuplicatePair.Status.OPEN).select_related("first", "second")
    if member.sees == roles.ALL:
        return rows
    seen = Contact.objects.visible_to(member)
    return rows.filter(Exists(seen.filter(pk=OuterRef("first"))), Exists(seen.filter(pk=OuterRef("second"))))


def suggestions_for(contact: Contact, member: Membership) -> list[tuple[Contact, DuplicatePair]]:
    """Who else this may be, the likeliest first: for the page of the contact. One statement."""
    rows = suggestions(member).filter(Q(first=contact) | Q(second=contact)).order_by("-score", "-found_at")[:3]
    return [(pair.second if pair.first_id == contact.pk else pair.first, pair) for pair in rows]


def pair_for(member: Membership, pk: object) -> DuplicatePair:
    pair = suggestions(member).filter(pk=key_of(pk)).first()
    if pair is None:
        raise NotFound(_("Esa sugerencia ya no está."))
    return pair


def dismiss(*, pair: DuplicatePair, by: Actor) -> DuplicatePair:
    """They are two people; not suggested again."""
    pair.status, pair.decided_by = DuplicatePair.Status.DISMISSED, by.label[:160]
    pair.save(update_fields=["status", "decided_by"])
    other = {"other": str(pair.second_id)}
    record(action="contact.duplicate_dismissed", resource=("contact", str(pair.first_id)), by=by, diff=other)
    return pair


def in_words(evidence: Iterable[dict[str, Any]]) -> list[str]:
    """["El mismo teléfono: +54… = +549…", …]"""
    lines = []
    for each in evidence:
        kind, left, right = str(KINDS.get(each["kind"], each["kind"])), each.get("left", ""), each.get("right", "")
        shown = left if left == right else f"{left} = {right}"
        lines.append(f"{kind}: {shown}" if shown else kind)
    return lines


def _of(contact_id: UUID) -> QuerySet[DuplicatePair]:
    return DuplicatePair.objects.filter(Q(first=contact_id) | Q(second=contact_id))


def _candidates(contact: Contact, person: Person) -> QuerySet[Contact]:
    """Who shares a number, its ending, an e-mail or the whole name. Each part by its own index."""
    spelled = [each for phone in sorted(person.phones) for each in phone_variants(phone)]
    points = ContactPoint.objects.order_by()
    keys: list[QuerySet[Any, Any]] = [Contact.objects.filter(phone__in=spelled).values_list("pk", flat=True)]
    keys.append(points.filter(kind=ContactPoint.Kind.PHONE, value__in=spelled).values_list("contact", flat=True))
    if endings := sorted({phone[-LAST:] for phone in person.phones if phone[-LAST:].isdigit()}):
        keys.append(_saying(" | ".join(endings)))
    if person.emails:
        keys.append(Contact.objects.filter(email__in=person.emails).values_list("pk", flat=True))
        keys.append(
            points.filter(kind=ContactPoint.Kind.EMAIL, value__in=person.emails).values_list("contact", flat=True)
        )
    shared = set(keys[0].union(*keys[1:]))
    return Contact.objects.filter(pk__in=shared | set(_of_the_name(person.name))).exclude(pk=contact.pk)


def _of_the_name(name: str) -> list[UUID]:
    """Not cut by the database: with a LIMIT it reads the whole table in the hope of an early end."""
    words = name_words(name)
    found = list(_saying(" & ".join(sorted(words)))) if is_full(words) else []
    return found if len(found) <= MOST_OF_A_NAME else []


def _saying(query: str) -> QuerySet[Any, Any]:
    """By the expression of the index `contact_search`. The words are letters and digits only."""
    rows = Contact.objects.annotate(words=SearchVector("search_text", config="simple"))
    return rows.filter(words=SearchQuery(query, search_type="raw", config="simple")).values_list("pk", flat=True)
