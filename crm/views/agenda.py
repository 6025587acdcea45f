"""The agenda: a week or a day of one seller, and the day of the team. The server draws it; where scripts run a week and a
day are drawn again as a calendar, from the feed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from config.lib import days
from config.lib.errors import Invalid
from config.lib.fragments import is_fragment
from config.lib.ids import as_uuid
from crm.agenda import showing
from crm.agenda.showing import Entry
from crm.models import AgendaEvent, Seller
from tenants.access import page
from tenants.audit_access import audit_access
from tenants.models import Membership
from tenants.requests import Request

HOME = "/agenda/"
MOST_DAYS = 45  # that the feed answers at once
COLUMNS = 12  # sellers beside each other
QUARTER = 15  # minutes of one row of the team's day
WORKDAY = (8, 20)  # the hours that the team's day always shows


class Look(StrEnum):
    WEEK = "semana"
    DAY = "dia"
    TEAM = "equipo"


@dataclass(frozen=True)
class Asked:
    """What an address of the agenda asks for; whatever it does not say is the reader's own, today."""

    look: Look
    day: date
    seller: Seller | None
    page: int = 1

    @classmethod
    def of(cls, request: Request, everybody: Sequence[Seller]) -> "Asked":
        said = request.GET
        own = next((each for each in everybody if each.user_id == request.user.pk), None)
        named = as_uuid(said.get("vendedor", ""))
        seller = next((each for each in everybody if each.pk == named), None) or own or next(iter(everybody), None)
        look = said.get("ver", "")
        usual = Look.WEEK if own or named else Look.TEAM
        number = said.get("pagina", "1")
        return cls(
            Look(look) if look in list(Look) else usual,
            _day(said.get("fecha", "")) or here(timezone.now()).date(),
            seller,
            min(max(1, int(number)), 1000) if number.isascii() and number.isdigit() else 1,
        )

    @property
    def first(self) -> date:
        return self.day - timedelta(days=self.day.weekday()) if self.look is Look.WEEK else self.day

    @property
    def length(self) -> int:
        """Days that are shown."""
        return 7 if self.look is Look.WEEK else 1

    def address(self, **over: object) -> str:
        """The page with something else instead."""
        said = {"ver": self.look, "fecha": self.day.isoformat(), "vendedor": self.seller.pk if self.seller else ""}
        if self.page > 1 and not over:
            said["pagina"] = str(self.page)
        chosen = {name: value for name, value in (said | over).items() if value}
        if chosen["ver"] == Look.TEAM:
            chosen.pop("vendedor", None)
        return f"{HOME}?{urlencode(chosen)}"


@dataclass(frozen=True)
class Line:
    """An entry as a row of a list, or as a box between two quarters of an hour (1 = the first that is shown)."""

    entry: Entry
    clock: str
    row: int = 0
    rows: int = 0


@dataclass(frozen=True)
class Group:
    """A day of a seller, or a seller of a day."""

    label: str
    lines: list[Line]
    href: str = ""
    current: bool = False
    unreadable: bool = False


@audit_access("appointments.listed")
@page("agenda.read")
@require_safe
def show(request: Request) -> HttpResponse:
    """`?ver=semana|dia|equipo&fecha=YYYY-MM-DD&vendedor=<id>`."""
    everybody = showing.sellers(request.member)
    asked = Asked.of(request, everybody)
    who: list[Any] = _who(asked, everybody)
    first, last = _bounds(asked.first, asked.length)
    found = showing.entries(request.member, who, first, last) if who else []
    team = asked.look is Look.TEAM
    context = {
        "asked": asked,
        "everybody": everybody,
        "groups": [] if team else _by_day(asked, found),
        "heading": _heading(asked),
        "tabs": _tabs(asked),
        "before": asked.address(fecha=_moved(asked, -1)),
        "after": asked.address(fecha=_moved(asked, 1)),
        "today": asked.address(fecha=here(timezone.now()).date().isoformat()),
        "warning": showing.unread(who),
        "differs": any(each.differs for each in who),
        "is_own": not team and asked.seller is not None and asked.seller.user_id == request.user.pk,
        "live_address": asked.address(),
        "feed": f"{HOME}citas.json",
        "new_query": "?" + urlencode(_new(asked, request.member)),
        "next_page": asked.address(pagina=asked.page + 1) if team and len(everybody) > asked.page * COLUMNS else "",
        "previous_page": asked.address(pagina=asked.page - 1) if team and asked.page > 1 else "",
        **(_team(asked, who, found) if team else {}),
    }
    return render(request, "crm/agenda/_agenda.html" if is_fragment(request) else "crm/agenda/agenda.html", context)


@audit_access("appointments.listed")
@page("agenda.read")
@require_safe
def feed(request: Request) -> HttpResponse:
    """`?start&end&vendedor` → what the calendar of the scripts draws, times by the company's clock."""
    first, last = _moment(request.GET.get("start", "")), _moment(request.GET.get("end", ""))
    if first is None or last is None or not timedelta(0) < last - first <= timedelta(days=MOST_DAYS):
        raise Invalid(_("Pedir un tramo de hasta %(n)d días.") % {"n": MOST_DAYS})
    seller = showing.with_hours(request.GET.get("vendedor", ""), first, last)
    if seller is None:
        return JsonResponse([], safe=False)
    found = showing.entries(request.member, [seller], first, last)
    drawn = [_drawn(entry, writes=request.member.may("agenda.write")) for entry in found]
    drawn += [
        {"start": wall(span.start), "end": wall(span.end), "display": "inverse-background", "groupId": "open"}
        for span in showing.open_times(seller, first, last)
    ]
    return JsonResponse(drawn, safe=False)


def _drawn(entry: Entry, *, writes: bool) -> dict[str, Any]:
    said: dict[str, Any] = {
        "start": wall(entry.start),
        "end": wall(entry.end),
        "title": entry.words,
        "classNames": [f"entry-{entry.kind}", "entry-over" if entry.is_over else "entry-ahead"],
    }
    if entry.event is not None:
        said |= {"id": str(entry.event.pk), "url": f"{HOME}citas/{entry.event.pk}/"}
        said["seen"] = entry.event.starts_at.isoformat()
        said["editable"] = writes and entry.event.is_upcoming
    return said


# --- the clock on the company's wall ----------------------------------------------------------------------------
def here(moment: datetime) -> datetime:
    """By the company's clock, which the middleware has set."""
    return timezone.localtime(moment)


def wall(moment: datetime) -> str:
    return here(moment).isoformat(timespec="seconds")


def clock(entry: Entry, day: date | None = None) -> str:
    """ "15:00–16:00"; of one day only what lies in it."""
    start, end = here(entry.start), here(entry.end)
    if day is None:
        return f"{start:%H:%M}–{end:%H:%M}"
    opens = f"{start:%H:%M}" if start.date() == day else "00:00"
    closes = f"{end:%H:%M}" if end.date() == day else "24:00"
    return f"{opens}–{closes}"


def named_day(day: date) -> str:
    """ "mar 24 nov"."""
    return days.lowered(date_format(day, "D j M"))


def spoken(event: AgendaEvent) -> str:
    """ "mar 24 nov, 15:00–16:00"."""
    return spoken_span(event.starts_at, event.ends_at)


def spoken_span(start: datetime, end: datetime) -> str:
    begins, ends = here(start), here(end)
    if begins.date() == ends.date():
        return f"{named_day(begins.date())}, {begins:%H:%M}–{ends:%H:%M}"
    return f"{named_day(begins.date())} {begins:%H:%M} – {named_day(ends.date())} {ends:%H:%M}"


def _moment(said: str) -> datetime | None:
    """A time of an address, by the company's clock when it names no offset."""
    try:
        found = parse_datetime(said)
    except ValueError:
        return None
    if found is None:
        return None
    return found if found.tzinfo else timezone.make_aware(found)


def _day(said: str) -> date | None:
    try:
        found = parse_date(said)
    except ValueError:
        return None
    return found if found and 2000 <= found.year <= 2200 else None


def _bounds(first: date, length: int) -> tuple[datetime, datetime]:
    place = timezone.get_current_timezone()
    return (
        datetime.combine(first, time.min, place),
        datetime.combine(first + timedelta(days=length), time.min, place),
    )


# --- parts of the page ------------------------------------------------------------------------------------------
def _who(asked: Asked, everybody: Sequence[Seller]) -> list[Seller]:
    if asked.look is Look.TEAM:
        return list(everybody[(asked.page - 1) * COLUMNS : asked.page * COLUMNS])
    return [asked.seller] if asked.seller else []


def _moved(asked: Asked, steps: int) -> str:
    return (asked.day + timedelta(days=steps * asked.length)).isoformat()


def _heading(asked: Asked) -> str:
    if asked.look is not Look.WEEK:
        return days.lowered(date_format(asked.day, "l")) + " " + days.full(asked.day)
    last = asked.first + timedelta(days=6)
    return f"{days.short(asked.first)} – {days.full(last)}"


def _new(asked: Asked, member: Membership) -> dict[str, str]:
    """What a new appointment begins with: the shown day, and the shown seller when that is somebody else."""
    said = {"fecha": asked.day.isoformat()}
    if asked.look is not Look.TEAM and asked.seller and asked.seller.user_id != member.user_id:
        said["seller"] = str(asked.seller.pk)
    return said


def _tabs(asked: Asked) -> list[dict[str, Any]]:
    words = {Look.WEEK: _("Semana"), Look.DAY: _("Día"), Look.TEAM: _("Equipo")}
    return [
        {"label": label, "href": asked.address(ver=look), "current": look is asked.look, "count": None}
        for look, label in words.items()
    ]


def _by_day(asked: Asked, found: Sequence[Entry]) -> list[Group]:
    groups = []
    today = here(timezone.now()).date()
    for number in range(asked.length):
        day = asked.first + timedelta(days=number)
        lines = [Line(entry, clock(entry, day)) for entry in found if _touches(entry, day)]
        groups.append(Group(named_day(day), lines, asked.address(ver=Look.DAY, fecha=day.isoformat()), day == today))
    return groups


def _touches(entry: Entry, day: date) -> bool:
    begins, ends = _bounds(day, 1)
    return entry.start < ends and begins < entry.end


def _team(asked: Asked, who: Sequence[Seller], found: Sequence[Entry]) -> Mapping[str, Any]:
    """One column a seller. Rows are quarters of an hour, from the first hour that something touches to the last."""
    begins, ends = _bounds(asked.day, 1)
    inside = [(max(entry.start, begins), min(entry.end, ends)) for entry in found]
    low = min([WORKDAY[0], *(here(start).hour for start, _end in inside)])
    high = max([WORKDAY[1], *(24 if end == ends else here(end).hour + 1 for _start, end in inside)])
    columns: dict[UUID, list[Line]] = {seller.pk: [] for seller in who}
    for entry, (start, end) in zip(found, inside, strict=True):
        row = _quarter(here(start)) - low * 4
        last = high * 4 if end == ends else -(-(here(end).hour * 60 + here(end).minute) // QUARTER)
        rows = max(1, last - low * 4 - row)
        columns[entry.seller_id].append(Line(entry, clock(entry, asked.day), row + 1, rows))
    week = asked.address
    return {
        "hours": [(f"{hour:02}:00", (hour - low) * 4 + 1) for hour in range(low, high)],
        "columns": [
            Group(
                seller.name,
                columns[seller.pk],
                week(ver=Look.WEEK, vendedor=seller.pk),
                unreadable=bool(getattr(seller, "unreadable", False)),
            )
            for seller in who
        ],
    }


def _quarter(moment: datetime) -> int:
    return (moment.hour * 60 + moment.minute) // QUARTER
