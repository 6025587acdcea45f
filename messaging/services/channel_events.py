"""What a channel's provider sent, as kept: looked through, read by whoever may, worked off again."""

import re
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from config.lib.errors import NotFound
from messaging.domain import masking
from messaging.ingest.models import InboundEvent
from messaging.models import Channel, ProviderNotice
from tenants.context import current_tenant
from tenants.domain import roles
from tenants.models import Membership

ON_PAGE = 30
MOST_DIGITS = 18  # of an event's number
FAILED, PUZZLING = "error", "sin-entender"
FILTERS = ("", FAILED, PUZZLING)
#: kinds of notices about what nobody understood or nobody could place; news of accounts and templates are not among them
NOT_UNDERSTOOD = ("unreadable", "unmatched", "unidentified", "unrouted", "unsupported")
PART = re.compile(r"(\d+): (\w+)")


@dataclass(frozen=True)
class Found:
    rows: list[InboundEvent]
    next: int | None


def listed(channel: Channel, *, which: str = "", before: int | None = None, limit: int = ON_PAGE) -> Found:
    """Events without their bodies, the latest first, of an id below `before`. One statement."""
    rows = of(channel).order_by("-id").defer("raw")
    if which == FAILED:
        rows = rows.filter(state=InboundEvent.State.FAILED)
    elif which == PUZZLING:
        odd = Q(kind__in=NOT_UNDERSTOOD) | Q(kind__startswith="unknown")
        rows = rows.filter(Exists(ProviderNotice.objects.filter(odd, event_id=OuterRef("pk"))))
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows[: limit + 1])
    return Found(found[:limit], found[limit - 1].pk if len(found) > limit else None)


def noted(rows: list[InboundEvent]) -> dict[int, list[str]]:
    """What was noted of these events beside messages, in words. One statement."""
    found = ProviderNotice.objects.filter(event_id__in=[row.pk for row in rows]).order_by("event_id", "position")
    told: dict[int, list[str]] = {}
    for pk, kind, text in found.values_list("event_id", "kind", "text"):
        told.setdefault(pk, []).append(text or kind)
    return told


def of(channel: Channel) -> QuerySet[InboundEvent]:
    """Named with the company, which is what the index begins with."""
    return InboundEvent.objects.filter(tenant_id=current_tenant().pk, channel_id=channel.pk)


def event_for(channel: Channel, pk: int | str) -> InboundEvent:
    number = str(pk)
    event = of(channel).filter(pk=int(number)).first() if number.isdecimal() and len(number) <= MOST_DIGITS else None
    if event is None:
        raise NotFound(_("Ese aviso no existe o ya se borró."))
    return event


def may_read_words(member: Membership) -> bool:
    """A body holds whatever any customer wrote: for those who see every chat and look after the channels."""
    return member.sees == roles.ALL and member.may("inbox.read") and member.may("channels.write")


def body_for(event: InboundEvent, member: Membership) -> str:
    """The event's body without secrets, and without the customers' words unless the member may read all of them."""
    return masking.readable(event.raw, words=may_read_words(member))


def in_words(error: str) -> list[str]:
    """What went wrong with an event, a sentence for each part."""
    return [_part(each) for each in error.split("; ") if each]


def _part(error: str) -> str:
    found = PART.fullmatch(error)
    if found is None:
        return error
    number, name = int(found[1]) + 1, found[2]
    return _("La parte %(number)s no se pudo guardar (%(name)s).") % {"number": number, "name": name}
