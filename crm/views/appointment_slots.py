"""Free times as the pages list them: by day, one button each."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F
from django.db.models.functions import JSONObject
from django.utils import timezone
from django.utils.dateparse import parse_date

from crm.agenda import hours
from crm.agenda.availability import Slot
from crm.models import Seller, Service
from crm.views.agenda import here, named_day

DAYS = 7  # that a page lists at once


@dataclass(frozen=True)
class Choice:
    """A button: the field it sends and what it says. `who`: whose time it is, where that is not plain."""

    name: str
    value: str
    clock: str
    who: str = ""


class Offered:
    """Who can be given an appointment and what for, read along with another row (`columns`) or alone."""

    SELLER = ("id", "name", "user_id")
    SERVICE = (
        *("id", "name", "place", "duration_minutes", "step_minutes", "buffer_before", "buffer_after"),
        *("notice_minutes", "horizon_days", "daily_limit"),
    )

    def __init__(self, row: Any = None) -> None:
        self.sellers: list[Seller] = [_row(Seller, said) for said in getattr(row, "offered_sellers", ())]
        self.services: list[Service] = [_row(Service, said) for said in getattr(row, "offered_services", ())]

    @classmethod
    def columns(cls) -> dict[str, Any]:
        """For the query of the row."""
        sellers, services = hours.attending(None).order_by("name", "pk"), Service.objects.filter(is_active=True)
        return {
            "offered_sellers": ArraySubquery(sellers.values(one=_facts(cls.SELLER))),
            "offered_services": ArraySubquery(services.values(one=_facts(cls.SERVICE))),
        }

    @classmethod
    def alone(cls) -> "Offered":
        """The sellers, without another row. One statement."""
        found = cls()
        found.sellers = list(hours.attending(None).order_by("name", "pk"))
        return found


def _facts(names: Iterable[str]) -> JSONObject:
    return JSONObject(**{name: F(name) for name in names})


def _row(model: Any, said: dict[str, Any]) -> Any:
    """An instance whose other columns are read when somebody asks for them."""
    keys = {name: UUID(value) if name.endswith("id") and value else value for name, value in said.items()}
    return model.from_db("default", list(keys), list(keys.values()))


def from_day(said: str, usual: date) -> date:
    """The day of an address, never one that is over."""
    try:
        found = parse_date(said)
    except ValueError:
        found = None
    today = timezone.localdate()
    return max(found, today) if found and found.year <= 2200 else max(usual, today)


def window(first: date) -> tuple[datetime, datetime]:
    """The days of one page, by the company's clock."""
    place = timezone.get_current_timezone()
    return (
        datetime.combine(first, time.min, place),
        datetime.combine(first + timedelta(days=DAYS), time.min, place),
    )


def choices(slots: Iterable[Slot], *, whole: bool = False, usual: UUID | None = None) -> list[Choice]:
    """One a slot; `whole` says the day too; the name of the `usual` seller is left out."""
    return [
        Choice(
            "offer",
            slot.offer,
            (f"{named_day(here(slot.start).date())} " if whole else "") + f"{here(slot.start):%H:%M}",
            "" if slot.seller.pk == usual else slot.seller.name,
        )
        for slot in slots
    ]


def by_day(slots: Sequence[Slot], *, usual: UUID | None = None, anybody: bool = False) -> list[dict[str, Any]]:
    """Days with one button for each time. `anybody`: who it will be is decided when it is booked; otherwise the first of
    those who are free then, as they come."""
    days = []
    for day, those in groupby(slots, key=lambda slot: here(slot.start).date()):
        times = []
        for start, same in groupby(those, key=lambda slot: slot.start):
            free = list(same)
            if anybody and len(free) > 1:
                names = ", ".join(slot.seller.name for slot in free)
                times.append(Choice("at", start.isoformat(), f"{here(start):%H:%M}", names))
            else:
                times += choices(free[:1], usual=usual)
        days.append({"label": named_day(day), "times": times})
    return days
