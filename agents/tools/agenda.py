"""What the tools of the agenda share: who is writing, in which words a time is told, and the times already offered."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from agents.domain.choices import Option
from agents.domain.customer_zone import zone_of
from agents.domain.language import language_of, told_in
from agents.models import AgentRun, ToolCall
from agents.tools.base import JSON, NOBODY, ToolContext, ToolResult
from config.lib.errors import AppError
from crm.agenda import offers
from crm.agenda.availability import Slot
from crm.domain.spoken_dates import say
from crm.models import AgendaEvent, Contact, Seller
from messaging.models import Conversation, Message


class Ask(AppError):
    """Something to be asked or said before it goes on; `result` is what the model reads."""

    def __init__(self, message: str, *, why: str, **data: object) -> None:
        super().__init__(message)
        self.result = ToolResult(False, {"why": why, **data}, message)


LONG_AGO = timedelta(days=100)  # neither "today" or "tomorrow", nor so far that the year is said
LATEST_MESSAGES = 6
MOST_APPOINTMENTS = 6
Picked = tuple[Slot, JSON]  # a free time, and why it is with that seller
# An offer counts once the customer was told of it: the turn that made it ended, or is the one at hand.
TOLD = (AgentRun.Status.DONE, AgentRun.Status.HANDED_OFF)
OFFERING = ("check_seller_availability", "book_appointment", "reschedule_appointment")  # other tools keep other things


@dataclass(frozen=True)
class Customer:
    """Who is writing. `now` is in the zone in which they read a clock; a rehearsal has no `contact`."""

    contact: Contact | None
    now: datetime
    company: ZoneInfo
    locale: str

    @property
    def zone(self) -> ZoneInfo:
        return self.now.tzinfo  # type: ignore[return-value]  # `customer` made it with a ZoneInfo

    def spoken(self, at: datetime) -> str:
        """A moment in the customer's words and zone."""
        return say(at, now=self.now, locale=self.locale)

    def day(self, at: datetime) -> str:
        """The day of a moment, without its hour."""
        return re.sub(r",? (?:a las|at) [0-9:]+$", "", self.spoken(at))

    def told(self, event: AgendaEvent) -> JSON:
        """An appointment of theirs as the model reads it."""
        words = {"when": self.spoken(event.starts_at), "with": event.seller.name}
        further = {"service": event.service.name if event.service else "", "place": event.place}
        return {**words, **{name: value for name, value in further.items() if value}}

    def elsewhere(self) -> JSON:
        """The zone, to be said aloud where it is not the company's."""
        return {} if self.zone == self.company else {"times_in_zone": str(self.zone)}


def customer(context: ToolContext) -> Customer:
    """The conversation's contact as it is now (while the model thought, two may have become one). Inside a company."""
    company = ZoneInfo(context.tenant.timezone)
    rows = Conversation.objects.filter(pk=context.conversation_id).select_related("contact")
    conversation = rows.first() if context.conversation_id != NOBODY else None
    contact = conversation.contact if conversation else None
    now = timezone.now()
    zone = zone_of(contact.phone or "", company=company, at=now) if contact else company
    return Customer(contact, now.astimezone(zone), company, _language(context))


def _language(context: ToolContext) -> str:
    """That of the latest words that tell one: "la 2" tells nothing."""
    default = context.tenant.locale[:2].lower()
    if found := told_in(context.said):
        return found
    rows = Message.objects.filter(conversation_id=context.conversation_id, direction=Message.Direction.IN)
    texts = rows.order_by("-sequence").values_list("text", flat=True)[:LATEST_MESSAGES]
    return next((found for text in texts if (found := told_in(text))), language_of("", default=default))


def appointments(contact: Contact | None) -> list[AgendaEvent]:
    """The contact's own that are still to come, the next one first."""
    if contact is None:
        return []
    rows = AgendaEvent.objects.upcoming().filter(contact=contact, kind=AgendaEvent.Kind.MEETING)
    rows = rows.filter(ends_at__gt=timezone.now()).select_related("seller", "service", "contact")
    return list(rows.order_by("starts_at")[:MOST_APPOINTMENTS])


def numbered(events: Sequence[AgendaEvent], who: Customer) -> list[JSON]:
    """Appointments as a list to choose from."""
    return [{"number": number, **who.told(event)} for number, event in enumerate(events, 1)]


def as_options(events: Sequence[AgendaEvent], who: Customer) -> list[Option]:
    """The same list, for `chosen`."""
    return [
        Option(number, event.starts_at.astimezone(who.zone), event.seller.name)
        for number, event in enumerate(events, 1)
    ]


@dataclass(frozen=True)
class Offered:
    """A time that this conversation was offered. The token stays on the server; `why` it is with that seller too."""

    option: Option
    token: str
    why: JSON


def standing(context: ToolContext, who: Customer, *, of_this_turn: bool = False) -> list[Offered]:
    """The latest list of times that this conversation was told of; late ones stay in it, to be refused in words."""
    rows = ToolCall.objects.filter(conversation_id=context.conversation_id, result__has_key="kept", tool__in=OFFERING)
    here = Q(run=context.run_id) if of_this_turn else Q(run=context.run_id) | Q(run__status__in=TOLD)
    kept = rows.filter(here).order_by("-created_at", "-position").values_list("result__kept", flat=True).first() or []
    found = []
    for number, (token, name, why) in enumerate(kept, 1):
        try:
            start = offers.read(token, late=True).start
        except AppError:
            continue  # of before a change of the signing key
        found.append(Offered(Option(number, start.astimezone(who.zone), name), token, why))
    return found


def listed(offered: Sequence[Offered], who: Customer) -> list[JSON]:
    """Options as the model reads them."""
    return [
        {"number": each.option.number, "when": who.spoken(each.option.start), "with": each.option.who}
        for each in offered
    ]


def offered_now(picked: Sequence[Picked], who: Customer, *, before: Sequence[Offered] = ()) -> list[Offered]:
    """New options, numbered behind those of the same turn."""
    return [
        Offered(Option(number, slot.start.astimezone(who.zone), slot.seller.name), slot.offer, why)
        for number, (slot, why) in enumerate(picked, len(before) + 1)
    ]


def kept(offered: Sequence[Offered]) -> list[Any]:
    """What the trace keeps of a list, for `standing`."""
    return [[each.token, each.option.who, each.why] for each in offered]


def receipt_words(text: str, *, start: datetime, seller: Seller, context: ToolContext) -> str:
    """`Agendó: martes 24 de noviembre a las 15:00 con Sol`, for the team: the company's words, zone, and no "mañana"."""
    local = start.astimezone(ZoneInfo(context.tenant.timezone))
    return _("%(act)s: %(when)s con %(who)s") % {"act": text, "when": dated(local, context), "who": seller.name}


def dated(local: datetime, context: ToolContext) -> str:
    """A day by its date, whenever it is read."""
    return say(local, now=local - LONG_AGO, locale=context.tenant.locale)
