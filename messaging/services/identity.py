"""Finding or making the contact behind a message. Concurrent first messages of one person make one contact."""

from django.db import IntegrityError, OperationalError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from config.lib.errors import AppError
from crm.domain.phones import phone_variants
from crm.models import Contact, ContactPoint
from crm.services.finding import by_phone, hold_number
from crm.services.points import add_point
from messaging.models import Channel, ChannelIdentity
from messaging.providers.base import Sender
from messaging.services import suggestions
from tenants.domain.actor import Actor

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
    best = _best(found, sender)
    contact = Contact.objects.get(pk=best.contact_id)
    _complete(channel, contact, sender, best.username)  # holds the number before the new rows do, as `_introduce`
    _add(channel, contact, sender, {(row.kind, row.external_id) for row in found})
    if others := {row.contact_id for row in found} - {contact.pk}:
        suggestions.named_together(contact=contact, others=others, sender=sender)
    if sender.username and sender.username != best.username:
        _rename(channel, contact, sender)
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
        contact = Contact(name=sender.name[:200] or _shown(sender.username), phone=sender.phone)
        if sender.username:
            contact.social_links = {channel.channel_source: _shown(sender.username)}
        contact.save(force_insert=True)
    else:
        _complete(channel, contact, sender, "")
    _add(channel, contact, sender, set())
    if sender.username:
        suggestions.same_username(contact=contact, channel=channel, username=sender.username)
    return contact


def _add(channel: Channel, contact: Contact, sender: Sender, known: set[tuple[str, str]]) -> None:
    username = sender.username[:160]
    for kind, external_id in sender.ids:
        if (kind, external_id) not in known:
            row = ChannelIdentity(
                channel=channel, contact=contact, kind=kind, external_id=external_id, username=username
            )
            # A conflict here means that the id belongs to somebody already: theirs it stays.
            ChannelIdentity.objects.bulk_create([row], ignore_conflicts=bool(known))


def _rename(channel: Channel, contact: Contact, sender: Sender) -> None:
    """People change their username; the ids are what they are known by."""
    rows = ChannelIdentity.objects.filter(
        channel=channel, contact=contact, external_id__in=[each for _k, each in sender.ids]
    )
    rows.update(username=sender.username[:160])
    suggestions.same_username(contact=contact, channel=channel, username=sender.username)


def _complete(channel: Channel, contact: Contact, sender: Sender, called: str) -> None:
    """Fill what was empty, and what came from the username known until now; never overwrite what people wrote."""
    if not _fill(channel, contact, sender, called) and (contact.phone or not sender.phone):
        return
    if sender.phone:
        hold_number(sender.phone)
    contact.refresh_from_db(from_queryset=Contact.objects.select_for_update(no_key=True))  # perhaps they just wrote it
    fields = _fill(channel, contact, sender, called)
    if not contact.phone and sender.phone:
        hold_number(sender.phone)
        if by_phone(sender.phone) is None:
            contact.phone = sender.phone
            fields.append("phone")
    if fields:
        contact.save(update_fields=fields)


def _fill(channel: Channel, contact: Contact, sender: Sender, called: str) -> list[str]:
    """Set name and username on the row in memory; the names of the fields that changed."""
    fields = []
    ours, source, shown = ("", _shown(called)), channel.channel_source, _shown(sender.username)
    name = sender.name[:200] or shown
    if name and contact.name != name and contact.name in ours:
        contact.name = name
        fields.append("name")
    linked = contact.social_links.get(source, "")
    if shown and linked != shown and linked in ours:
        contact.social_links = {**contact.social_links, source: shown}
        fields.append("social_links")
    return fields


def _shown(username: str) -> str:
    return f"@{username[:160]}" if username else ""


def renumber(*, channel: Channel, contact: Contact, new: str) -> bool:
    """Whether `new` (a wa_id) is the contact's from now on, beside the old one. No when it is somebody else's already:
    then the two are suggested as one person.
    """
    phone = f"+{new}"
    hold_number(phone)
    row, _made = ChannelIdentity.objects.get_or_create(
        channel=channel, kind="wa_id", external_id=new, defaults={"contact": contact}
    )
    other = row.contact if row.contact_id != contact.pk else by_phone(phone)
    if other is not None and other.pk != contact.pk:
        suggestions.moved(contact=contact, other=other, phone=phone)
        return row.contact_id == contact.pk
    try:
        add_point(
            contact=contact,
            kind=ContactPoint.Kind.PHONE,
            value=phone,
            by=Actor.system(channel.name),
            label=_("Número nuevo"),
        )
    except AppError:  # not a number that can be called: the chat goes on there all the same
        return True
    return True


def as_addressed(channel: Channel, sender: Sender) -> Sender:
    """`sender` with the id under which this channel already knows the phone in any of its local forms."""
    contact = by_phone(sender.phone) if sender.phone else None
    spelled = [each.lstrip("+") for each in phone_variants(sender.phone)] if sender.phone else []
    rows = ChannelIdentity.objects.filter(channel=channel, contact=contact, kind="wa_id", external_id__in=spelled)
    row = rows.first() if contact else None
    return Sender(ids=((row.kind, row.external_id),), phone=sender.phone) if row else sender
