"""Who of a file's people is known already, asked for a few hundred rows at once."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from import_export.instance_loaders import BaseInstanceLoader

from config.lib.ids import as_uuid
from crm.domain.phones import phone_variants
from crm.domain.search import normalised
from crm.models import Contact, ContactPoint, Lead
from tenants.domain import roles
from tenants.models import Membership

Kind = ContactPoint.Kind


@dataclass(frozen=True)
class Who:
    """What a row says of who it is: phone in E.164, e-mail in lower case, the contact's own id, the name."""

    phone: str = ""
    email: str = ""
    id: str = ""
    name: str = ""


@dataclass
class Met:
    """Who was in the file before, by a number of 8 bytes each: hundreds of thousands of rows stay a few megabytes."""

    rows: dict[int, int] = field(default_factory=dict)

    def earlier(self, who: Who) -> int | None:
        """The row that named the same person before, by any of its marks."""
        return next((self.rows[key] for key in self._asked(who) if key in self.rows), None)

    def note(self, who: Who, number: int) -> None:
        for key in self._told(who):
            self.rows.setdefault(key, number)

    def _asked(self, who: Who) -> list[int]:
        if who.phone:  # one e-mail may serve a household: with two phones they are two people
            return [hash(("phone", min(phone_variants(who.phone)))), *_if(who.email, "email without phone")]
        if who.email:
            return _if(who.email, "email")
        return _if(who.id or normalised(who.name), "name")

    def _told(self, who: Who) -> list[int]:
        if who.phone:
            return [hash(("phone", min(phone_variants(who.phone)))), *_if(who.email, "email")]
        if who.email:
            return [*_if(who.email, "email without phone"), *_if(who.email, "email")]
        return _if(who.id or normalised(who.name), "name")


def _if(value: str, kind: str) -> list[int]:
    return [hash((kind, value))] if value else []


class KnownPeople(BaseInstanceLoader):
    """The contacts behind the rows of one dataset, found by id, by phone, by e-mail, or by a name that has neither."""

    def __init__(self, resource: Any, dataset: Any = None) -> None:
        super().__init__(resource, dataset)
        asked: list[Who] = [resource.who(row) for row in dataset.dict]
        phones = {each for who in asked if who.phone for each in phone_variants(who.phone)}
        emails = {who.email for who in asked if who.email}
        ids = {key for who in asked if (key := as_uuid(who.id))}
        names = {who.name for who in asked if who.name and not (who.phone or who.email)}
        points = list(_points(phones, emails))
        found = _contacts(phones, emails, ids | {point.contact_id for point in points}, names)
        rows = list(found.select_for_update(no_key=True) if resource.saves else found)
        self.by_id = {row.pk: row for row in rows}
        self.by_phone: dict[str, Contact] = {}
        self.by_email: dict[str, list[Contact]] = defaultdict(list)
        self.by_name = {normalised(row.name): row for row in reversed(rows) if not (row.phone or row.email)}
        self.points: dict[UUID, set[str]] = defaultdict(set)
        for point in points:
            self.points[point.contact_id].add(point.value)
            holder = self.by_id[point.contact_id]
            if point.kind == Kind.PHONE:
                self._add_phone(point.value, holder)
            else:
                self.by_email[point.value].append(holder)
        for row in rows:
            if row.email:
                self.by_email[row.email].append(row)
        for row in rows:  # last: the first number of somebody goes before another's further one
            if row.phone:
                self._add_phone(row.phone, row)
        self.visible = _visible(resource.member, list(self.by_id))
        self.sources = _sources(list(self.by_id)) if resource.makes_leads else {}

    def _add_phone(self, phone: str, contact: Contact) -> None:
        for spelled in phone_variants(phone):
            self.by_phone[spelled] = contact
        self.by_phone[phone] = contact

    def get_instance(self, row: Any) -> Contact | None:
        who: Who = self.resource.who(row)
        return (
            self.by_id.get(as_uuid(who.id) or UUID(int=0))
            or (self.by_phone.get(who.phone) if who.phone else None)
            or self._by_email(who)
            or (self.by_name.get(normalised(who.name)) if not (who.phone or who.email) else None)
        )

    def _by_email(self, who: Who) -> Contact | None:
        """One e-mail may serve a household: with another phone it is somebody else."""
        return next((each for each in self.by_email.get(who.email, ()) if not (who.phone and each.phone)), None)


def _points(phones: Iterable[str], emails: Iterable[str]) -> QuerySet[ContactPoint]:
    rows = ContactPoint.objects.order_by()
    return rows.filter(kind=Kind.PHONE, value__in=phones).union(rows.filter(kind=Kind.EMAIL, value__in=emails))


def _contacts(
    phones: Iterable[str], emails: Iterable[str], ids: Iterable[UUID], names: Iterable[str]
) -> QuerySet[Contact]:
    rows = Contact.objects.order_by()
    # A union of keys and not an OR: each part then uses its own index.
    keys = rows.filter(phone__in=phones).values("pk").union(
        rows.filter(email__in=emails).values("pk"),
        rows.filter(pk__in=ids).values("pk"),
        rows.filter(name__in=names, phone=None, email="").values("pk"),
    )  # fmt: skip
    return Contact.objects.filter(pk__in=keys).order_by("created_at", "pk")


def _visible(member: Membership, ids: Sequence[UUID]) -> frozenset[UUID]:
    if member.sees == roles.ALL or not ids:
        return frozenset(ids)
    return frozenset(Contact.objects.visible_to(member).filter(pk__in=ids).values_list("pk", flat=True))


def _sources(ids: Sequence[UUID]) -> dict[UUID, set[str]]:
    """Contact → where their leads came from."""
    found: dict[UUID, set[str]] = defaultdict(set)
    for contact_id, source in Lead.objects.filter(contact__in=ids).values_list("contact_id", "source"):
        found[contact_id].add(source)
    return found
