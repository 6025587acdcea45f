"""Finding or making the contact behind a message. Concurrent first messages of one person make one contact."""

from django.db import IntegrityError, OperationalError, transaction
from django.db.models import Q

from crm.domain.phones import phone_variants
from crm.models import Contact
from crm.services.finding import by_phone, hold_number
from messaging.models import Channel, ChannelIdentity
from messaging.providers.base import Sender

TRIES = 3


class Unidentified(Exception):
    """The sender has no id at all, so no answer could ever reach them."""


def locate(*, channel: Channel, sender: Sender) -> Contact:
    """The contact of `sender`, whose identity rows stay locked until the transaction ends. New ids are added to it."""
    if not sender.ids:
        raise Unidentified
    for _try in range(TRIES):
        found = _known(channel, sender)
        if found:
            break
        try:
            with transaction.atomic():
                return _introduce(channel, sender)
        except IntegrityError:  # somebody else introduced the same person a moment ago, here or on another channel
            continue
    else:
        raise OperationalError("the contact of a message is being made by others")  # the event is tried again
    # Read after the wait for the identities: they may just have come to another contact.
    contact = Contact.objects.get(pk=_best(found, sender).contact_id)
    _complete(contact, sender)  # holds the number before the new rows do, as `_introduce`
    _add(channel, contact, sender, {(row.kind, row.external_id) for row in found})
    return contact


def _known(channel: Channel, sender: Sender) -> list[ChannelIdentity]:
    wanted = Q()
    for kind, external_id in sender.ids:
        wanted |= Q(kind=kind, external_id=external_id)
    rows = ChannelIdentity.objects.filter(wanted, channel=channel)
    return list(rows.order_by("id").select_for_update(no_key=True))


def _best(found: list[ChannelIdentity], sender: Sender) -> ChannelIdentity:
    rank = {pair: position for position, pair in enumerate(sender.ids)}
    return min(found, key=lambda row: rank[(row.kind, row.external_id)])


def _introduce(channel: Channel, sender: Sender) -> Contact:
    if sender.phone:
        hold_number(sender.phone)
    contact = by_phone(sender.phone) if sender.phone else None
    if contact is None:
        contact = Contact(name=sender.name[:200] or sender.username[:200], phone=sender.phone)
        contact.save(force_insert=True)
    _add(channel, contact, sender, set())
    return contact


def _add(channel: Channel, contact: Contact, sender: Sender, known: set[tuple[str, str]]) -> None:
    for kind, external_id in sender.ids:
        if (kind, external_id) not in known:
            row = ChannelIdentity(channel=channel, contact=contact, kind=kind, external_id=external_id)
            # A conflict here means that the id belongs to somebody already: theirs it stays.
            ChannelIdentity.objects.bulk_create([row], ignore_conflicts=bool(known))


def _complete(contact: Contact, sender: Sender) -> None:
    """Fill what was empty; never overwrite what people wrote."""
    if (contact.name or not sender.name) and (contact.phone or not sender.phone):
        return
    if sender.phone:
        hold_number(sender.phone)
    contact.refresh_from_db(from_queryset=Contact.objects.select_for_update(no_key=True))  # perhaps they just wrote it
    fields = []
    if not contact.name and sender.name:
        contact.name, fields = sender.name[:200], ["name"]
    if not contact.phone and sender.phone:
        hold_number(sender.phone)
        if by_phone(sender.phone) is None:
            contact.phone = sender.phone
            fields.append("phone")
    if fields:
        contact.save(update_fields=fields)


def as_addressed(channel: Channel, sender: Sender) -> Sender:
    """`sender` with the id under which this channel already knows the phone in any of its local forms."""
    contact = by_phone(sender.phone) if sender.phone else None
    spelled = [each.lstrip("+") for each in phone_variants(sender.phone)] if sender.phone else []
    rows = ChannelIdentity.objects.filter(channel=channel, contact=contact, kind="wa_id", external_id__in=spelled)
    row = rows.first() if contact else None
    return Sender(ids=((row.kind, row.external_id),), phone=sender.phone) if row else sender
