"""Booking by somebody of the company: for whom, with whom, and one of the free times or any other."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from config.lib.errors import AppError, Conflict
from crm.access import contact_for, lead_for, seller_for
from crm.agenda import availability, booking, rotation
from crm.forms.appointments import FreeTimeForm, SlotsForm
from crm.models import AgendaEvent, Contact, Lead, Seller, Service
from crm.views import appointment_slots
from crm.views.agenda import HOME, here, spoken
from crm.views.appointment_slots import Offered
from crm.views.step import back_of, onto
from tenants.access import page
from tenants.audit_access import audit_access
from tenants.requests import Request

NEW = f"{HOME}nueva/"
MOST_FOUND = 20
MOST_SLOTS = 700  # a week of ten sellers
MOMENT = timedelta(minutes=1)
BUSY = "ocupado"
NOBODY = "no_contact"
FREE = "free"  # the names of the second form, so that they are not those of the address
KEPT = ("contact", "lead", "service", "seller", "fecha", "start", "tipo", "next")


@dataclass
class Asked:
    """What the address, or the form that came from it, says already."""

    contact: Contact | None
    lead: Lead | None
    service: Service | None
    seller: Seller | None
    day: date
    start: datetime | None
    is_busy: bool
    words: dict[str, str]
    offered: Offered

    @classmethod
    def of(cls, request: Request) -> "Asked":
        said = request.POST if request.method == "POST" else request.GET
        words = {name: said[name] for name in KEPT if said.get(name)}
        is_busy = words.get("tipo") == BUSY
        lead = contact = None
        if "lead" in words:
            lead = lead_for(request.member, words["lead"], more=Offered.columns())
        elif "contact" in words:
            contact = contact_for(request.member, words["contact"], more=Offered.columns())
        alone = is_busy or (lead is None and contact is None and request.method == "POST")
        offered = Offered.alone() if alone else Offered(lead or contact)
        start = _moment(words.get("start", ""))
        return cls(
            contact=lead.contact if lead else contact,
            lead=lead,
            service=_among(offered.services, words.get("service", "")),
            seller=_among(offered.sellers, words.get("seller", "")),
            day=appointment_slots.from_day(words.get("fecha", ""), here(start or timezone.now()).date()),
            start=start,
            is_busy=is_busy,
            words=words,
            offered=offered,
        )

    def address(self, **over: str) -> str:
        said = {name: value for name, value in (self.words | over).items() if value}
        return f"{NEW}?{urlencode(said)}" if said else NEW

    def without(self, *names: str) -> list[tuple[str, str]]:
        """What a form of the page sends along."""
        return [(name, value) for name, value in self.words.items() if name not in names]


@audit_access("appointments.listed")
@page("agenda.write")
@require_http_methods(["GET", "POST"])
def new(request: Request) -> HttpResponse:
    """`?contact=` or `?lead=`, `&service=&seller=&fecha=&start=`; `?tipo=ocupado` takes a time for nobody."""
    asked = Asked.of(request)
    sellers = asked.offered.sellers
    if request.method != "POST":
        return _form(request, asked)
    form = FreeTimeForm(request.POST, sellers=sellers, prefix=FREE)
    try:
        if offer := request.POST.get("offer", ""):
            event = _book(asked, offer, request)
        elif at := _moment(request.POST.get("at", "")):
            event = _book_somebody(asked, at, request)
        elif form.is_valid():
            event = _book_at(asked, form, request)
        else:
            return _form(request, asked, form=form, status=422)
    except AppError as error:
        said = form.data.get("act") == "free" and error.code != NOBODY
        if said:
            onto(form, error)
        return _form(request, asked, form=form if said else None, refusal=error, status=error.status)
    messages.success(request, _("Agendada: %(when)s, con %(who)s.") % {"when": spoken(event), "who": event.seller})
    week = f"{HOME}?fecha={here(event.starts_at).date().isoformat()}&vendedor={event.seller_id}"
    return HttpResponseRedirect(back_of(request, week))


# --- booking ----------------------------------------------------------------------------------------------------
def _book(asked: Asked, offer: str, request: Request, *, why: dict[str, Any] | None = None) -> AgendaEvent:
    booked = booking.book(
        offer=offer,
        contact=_contact(asked),
        by=request.actor,
        source=AgendaEvent.Source.PAGE,
        lead=asked.lead,
        note=request.POST.get("note", ""),
        why=why,
    )
    return booked.event


def _book_somebody(asked: Asked, at: datetime, request: Request) -> AgendaEvent:
    """With whoever it falls to, of those who are free at that time. Sent twice it is the same appointment."""
    mine = AgendaEvent.objects.upcoming().filter(contact=_contact(asked), service=asked.service, starts_at=at)
    if (event := mine.select_related("seller").first()) is not None:
        return event
    found = availability.free(service=asked.service, first=at, last=at + MOMENT, contact=asked.contact)
    if not found.slots:
        raise booking.Taken(_instead(asked, at))
    chosen, why = rotation.choose(found.slots, contact=asked.contact)
    try:
        return _book(asked, chosen.offer, request, why=why)
    except booking.Taken:
        if (event := mine.select_related("seller").first()) is not None:
            return event
        raise


def _instead(asked: Asked, at: datetime) -> list[availability.Slot]:
    seller = rotation.owner_of(_contact(asked)) or next(iter(asked.offered.sellers), None)
    if seller is None:
        return []
    return availability.near(service=asked.service, seller=seller, start=at, contact=asked.contact)


def _contact(asked: Asked) -> Contact:
    if asked.contact is None:
        raise Conflict(_("Falta elegir para quién es la cita."), code=NOBODY)
    return asked.contact


def _book_at(asked: Asked, form: FreeTimeForm, request: Request) -> AgendaEvent:
    contact = asked.contact if asked.is_busy else _contact(asked)
    said = form.cleaned_data
    start, end = form.span(asked.service.duration_minutes if asked.service else 60)
    return booking.book_at(
        seller=seller_for(said["seller"]),
        start=start,
        end=end,
        by=request.actor,
        source=AgendaEvent.Source.PAGE,
        contact=contact,
        service=asked.service,
        lead=asked.lead,
        kind=AgendaEvent.Kind.BUSY if asked.is_busy else AgendaEvent.Kind.MEETING,
        title=said["title"],
        note=said["note"],
        place=said["place"],
    )


# --- the page ---------------------------------------------------------------------------------------------------
def _form(
    request: Request,
    asked: Asked,
    *,
    form: FreeTimeForm | None = None,
    refusal: AppError | None = None,
    status: int = 200,
) -> HttpResponse:
    sellers = asked.offered.sellers
    initial = {
        "seller": asked.seller.pk if asked.seller else _own(request, sellers, asked),
        "start": here(asked.start) if asked.start else None,
        "minutes": asked.service.duration_minutes if asked.service else 60,
    }
    context: dict[str, Any] = {
        "asked": asked,
        "kept": asked.without(),
        "form": form or FreeTimeForm(sellers=sellers, initial=initial, prefix=FREE),
        "refusal": "" if refusal is None or (form and form.errors) else str(refusal.message),
        "alternatives": appointment_slots.choices(getattr(refusal, "alternatives", []), whole=True),
        "note": request.POST.get("note", ""),
        "own_time": asked.address(tipo=BUSY, contact="", lead="", service=""),
        "back": back_of(request, HOME),
        "title": _("Ocupar un horario") if asked.is_busy else _("Agendar"),
    }
    if asked.contact is None and not asked.is_busy:
        words = request.GET.get("q", "")
        rows = Contact.objects.visible_to(request.member).search(words).order_by("-created_at", "-id")
        found = rows[:MOST_FOUND] if words.strip() else []
        context |= {"q": words, "found": [(each, asked.address(contact=str(each.pk))) for each in found]}
    elif not asked.is_busy:
        context |= _slots(asked)
    return render(request, "crm/agenda/new.html", context, status=status)


def _own(request: Request, sellers: Sequence[Seller], asked: Asked) -> Any:
    """Somebody who attends takes time of their own."""
    return next((each.pk for each in sellers if each.user_id == request.user.pk), "") if asked.is_busy else ""


def _slots(asked: Asked) -> dict[str, Any]:
    first, last = appointment_slots.window(asked.day)
    found = availability.free(
        service=asked.service,
        sellers=[asked.seller] if asked.seller else None,
        first=first,
        last=last,
        contact=asked.contact,
        most=MOST_SLOTS,
    )
    initial = {
        "service": asked.service.pk if asked.service else "",
        "seller": asked.seller.pk if asked.seller else "",
        "fecha": asked.day,
    }
    return {
        "slots_form": SlotsForm(sellers=asked.offered.sellers, services=asked.offered.services, initial=initial),
        "slots_kept": asked.without("service", "seller", "fecha", "start"),
        "days": appointment_slots.by_day(
            found.slots, usual=asked.seller.pk if asked.seller else None, anybody=asked.seller is None
        ),
        "warning": found.warning,
        "later": asked.address(fecha=(asked.day + timedelta(days=appointment_slots.DAYS)).isoformat(), start=""),
        "other_person": asked.address(contact="") if asked.lead is None else "",
    }


def _among(rows: Sequence[Any], key: str) -> Any:
    """The one that the address names; what it names otherwise is not applied."""
    return next((row for row in rows if str(row.pk) == key), None)


def _moment(said: str) -> datetime | None:
    """A time of an address or of a button, by the company's clock when it names no offset."""
    try:
        found = parse_datetime(said)
    except ValueError:
        return None
    return found if found is None or found.tzinfo else timezone.make_aware(found)
