"""A buyer's own order. A number alone opens none: numbers are in a row, so anybody could guess the next one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from config.lib.errors import AppError
from crm.domain.phones import phone_variants
from crm.models import Contact, ContactPoint
from crm.phones import as_e164
from crm.store import connection, shapes
from crm.store.shapes import JSON
from crm.store.wire import languages
from tenants.context import current_tenant, tenant_context
from tenants.models import SystemEvent, Tenant

SECONDS = 8.0
MOST_LINES = 10
MOST_EVENTS = 300  # of a contact's trail; what is not known from them is not believed
CREATED, UPDATED = "contact.created", "contact.updated"
MIXING = ("contact.merged", "contact.unmerged")  # what came with somebody else's row was written by who knows whom
Written = Sequence[tuple[str, str, Any]]  # (action, kind of actor, diff), the latest first


@dataclass(frozen=True, slots=True)
class Proof:
    """How the person who writes can be known in an order: phones in E.164, every spelling, and e-mails in lower case."""

    phones: frozenset[str]
    emails: frozenset[str]

    def __bool__(self) -> bool:
        return bool(self.phones or self.emails)


@dataclass(frozen=True, slots=True)
class Order:
    """What its buyer may be told. States are Tienda Nube's own words; no name, no address, nothing of the payment's means."""

    number: int
    state: str
    payment: str
    shipping: str
    total: Decimal | None
    currency: str
    lines: tuple[str, ...]
    tracking_number: str
    tracking_link: str
    bought_on: str


def proof_of(contact: Contact, *, proven: Sequence[str] = (), introduced: bool = False) -> Proof:
    """The contact's phones and e-mails that prove who writes. Inside a company.

    `proven` are the numbers (E.164) that the channel itself vouches for. Else only what a person of the team wrote last,
    as the trail says: what somebody typed in a chat or a form, and an agent or a form then saved, proves nothing.
    `introduced`: the channel knows its people by their number, so that a phone nobody ever wrote came from there.
    """
    trail = _trail(contact)
    numbers, mails = [*proven], []
    if _writer(trail, "phone") in (("user", "") if introduced else ("user",)):
        numbers.append(contact.phone or "")
    if _writer(trail, "email") == "user":
        mails.append(contact.email)
    if _points_are_ours(trail):
        points = list(contact.points.values_list("kind", "value"))
        numbers += [value for kind, value in points if kind == ContactPoint.Kind.PHONE]
        mails += [value for kind, value in points if kind == ContactPoint.Kind.EMAIL]
    return Proof(
        phones=frozenset(each for number in numbers if number for each in phone_variants(number)),
        emails=frozenset(each.strip().lower() for each in mails if each.strip()),
    )


def _trail(contact: Contact) -> Written:
    """What was written of the contact; also, at its end, that not all of it was read."""
    rows = SystemEvent.objects.filter(
        tenant_id=current_tenant().pk,
        resource_type="contact",
        resource_id=str(contact.pk),
        outcome="ok",
        action__in=(CREATED, UPDATED, *MIXING),
    )
    found = list(rows.order_by("-position").values_list("action", "actor_kind", "diff")[: MOST_EVENTS + 1])
    return found if len(found) <= MOST_EVENTS else [*found[:MOST_EVENTS], (MIXING[0], "", {})]


def _writer(trail: Written, name: str) -> str:
    """The kind of actor that wrote the field last; empty when nobody did, "?" when the trail does not tell."""
    for action, kind, diff in trail:
        fields = diff.get("fields") if isinstance(diff, dict) else None
        if action in MIXING or (action == UPDATED and not fields):
            return "?"
        if action == CREATED or name in (fields or ()):
            return kind
    return ""


def _points_are_ours(trail: Written) -> bool:
    """Whether every further phone and e-mail is the team's: the trail tells them not apart."""
    if any(action in MIXING or (action == UPDATED and not (diff or {}).get("fields")) for action, _kind, diff in trail):
        return False
    kinds = {kind for action, kind, diff in trail if action == UPDATED and "points" in diff["fields"]}
    return kinds == {"user"}


def own(*, tenant: Tenant, number: int, proof: Proof) -> Order | None:
    """The order of that number, if it is the person's own; None also where there is no such order: nobody learns which.

    Raises ProviderError. Opens its own short transactions.
    """
    with tenant_context(tenant):
        row = connection.current()
        client = connection.client(seconds=SECONDS)
        wanted = languages(tenant.locale, row.language if row else "")
    found = client.orders(number)
    hers = next((each for each in found if _is_own(each, proof, tenant.currency)), None)
    return _order(hers, number, wanted, ZoneInfo(tenant.timezone)) if hers is not None else None


def _is_own(raw: JSON, proof: Proof, currency: str) -> bool:
    email, phone = raw.get("contact_email"), raw.get("contact_phone")
    if isinstance(email, str) and email.strip() and email.strip().lower() in proof.emails:
        return True
    if not isinstance(phone, str) or not phone.strip():
        return False
    try:
        spelled = phone_variants(as_e164(phone, currency=currency))
    except AppError:
        return False
    return not proof.phones.isdisjoint(spelled)


def _order(raw: JSON, number: int, wanted: Any, zone: ZoneInfo) -> Order:
    lines = raw.get("products") if isinstance(raw.get("products"), list) else []
    return Order(
        number=number,
        state=_word(raw, "status"),
        payment=_word(raw, "payment_status"),
        shipping=_word(raw, "shipping_status"),
        total=shapes.amount(raw.get("total")),
        currency=_word(raw, "currency")[:3],
        lines=tuple(_line(each, wanted) for each in (lines or [])[:MOST_LINES] if isinstance(each, dict)),
        tracking_number=_word(raw, "shipping_tracking_number"),
        tracking_link=shapes.address(raw.get("shipping_tracking_url")),
        bought_on=_day(_word(raw, "created_at"), zone),
    )


def _day(moment: str, zone: ZoneInfo) -> str:
    """The day of a moment as the store writes it, where the company is."""
    try:
        found = datetime.fromisoformat(moment)
    except ValueError:
        return ""
    return (found.astimezone(zone) if found.tzinfo else found).date().isoformat()


def _line(raw: JSON, wanted: Any) -> str:
    count = shapes.whole(raw.get("quantity")) or 1
    return f"{count} × {shapes.told(raw.get('name'), wanted)[:120]}"


def _word(raw: JSON, name: str) -> str:
    found = raw.get(name)
    return shapes.told(found, ())[:80] if isinstance(found, str) else ""
