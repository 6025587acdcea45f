"""How the agenda behaves: services, holidays, reminders, days whose hours differ."""

import uuid
from datetime import date
from itertools import islice
from typing import Any

from django.contrib import messages
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Q
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from config.lib import days
from config.lib.errors import AppError, Forbidden
from config.lib.fragments import go_to
from crm.agenda import catalogue, settings
from crm.agenda.holidays import closed_days
from crm.forms.agenda_settings import DayForm, GeneralForm, ServiceForm, hours_of, words_of
from crm.models import AgendaSettings, HoursException, Seller, Service
from crm.views import settings_hub
from tenants.access import page
from tenants.forms_people import onto
from tenants.requests import Request

HOME = "/ajustes/agenda/"
SHOWN, HOLIDAYS = 100, 10


@page("agenda.write")
@require_safe
def home(request: Request) -> HttpResponse:
    """Whoever only books sees what holds for them, and sets days of their own."""
    return _home(request)


def _home(request: Request, *, general: GeneralForm | None = None, day: DayForm | None = None) -> HttpResponse:
    manages = request.member.may("agenda.manage")
    now, own = settings.current(), _own(request)
    today = timezone.localdate()
    if day is None and (manages or own is not None):
        day = DayForm(everybody=manages)
    context = {
        "manages": manages,
        "services": _services(archived=manages),
        "holidays": _holidays(now, today),
        "country": now.get_holidays_display() if now.holidays else "",
        "days": _days(today, None if manages else own),
        "own": own,
        "day_form": day,
        "links": [each for each in settings_hub.offered(request, settings_hub.AGENDA) if each.href != HOME],
        "form": (general or GeneralForm.of(now)) if manages else None,
    }
    wrong = any(each is not None and each.errors for each in (general, day))
    return render(request, "crm/agenda_settings/home.html", context, status=422 if wrong else 200)


def _services(*, archived: bool) -> list[Service]:
    """With `who` lists it, `length` and `every` in words."""
    names = Seller.objects.filter(services=OuterRef("pk"), is_active=True).order_by("name").values("name")
    rows = Service.objects.annotate(who=ArraySubquery(names)).order_by("-is_active", "position", "name")
    found: Any = list((rows if archived else rows.filter(is_active=True))[:SHOWN])
    for service in found:
        service.length, service.every = words_of(service.duration_minutes), words_of(service.step_minutes)
    return found


def _holidays(now: AgendaSettings, today: date) -> list[tuple[str, str]]:
    """The coming ones, in the reader's language."""
    language = translation.get_language() or "es"
    known = closed_days(now.holidays, (today.year, today.year + 1), language=language)
    return list(islice(((_named(day), name) for day, name in known.items() if day >= today), HOLIDAYS))


def _named(day: date) -> str:
    """ "lun 23 nov 2026"."""
    return days.lowered(date_format(day, "D j M Y"))


def _days(today: date, own: Seller | None) -> list[HoursException]:
    rows: Any = catalogue.coming_exceptions(today)
    if own is not None:
        rows = rows.filter(Q(seller=None) | Q(seller=own))
    found = list(rows[:SHOWN])
    for each in found:
        each.words, each.named = hours_of(each), _named(each.day)
    return found


def _own(request: Request) -> Seller | None:
    """The seller whom the reader is."""
    return Seller.objects.filter(user_id=request.member.user_id, is_active=True).first()


@page("agenda.manage")
@require_POST
def general(request: Request) -> HttpResponse:
    form = GeneralForm(request.POST)
    if form.is_valid():
        try:
            settings.update_settings(by=request.actor, **form.cleaned_data)
        except AppError as error:
            onto(form, error)
        else:
            messages.success(request, _("Cambios guardados."))
            return go_to(request, HOME)
    return _home(request, general=form)


# --- services -------------------------------------------------------------------------------------------------
@page("agenda.manage")
@require_http_methods(["GET", "HEAD", "POST"])
def new_service(request: Request) -> HttpResponse:
    form = ServiceForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            catalogue.create_service(by=request.actor, **form.cleaned_data)
        except AppError as error:
            onto(form, error)
        else:
            messages.success(request, _("Servicio creado."))
            return go_to(request, HOME)
    return _service(request, form, None)


@page("agenda.manage")
@require_http_methods(["GET", "HEAD", "POST"])
def edit_service(request: Request, pk: uuid.UUID) -> HttpResponse:
    service = catalogue.service_for(pk, archived=True)
    form = ServiceForm(request.POST if request.method == "POST" else None, service=service)
    if request.method == "POST" and form.is_valid():
        try:
            catalogue.update_service(service=service, by=request.actor, **form.cleaned_data)
        except AppError as error:
            onto(form, error)
        else:
            messages.success(request, _("Cambios guardados."))
            return go_to(request, HOME)
    return _service(request, form, service)


def _service(request: Request, form: ServiceForm, service: Service | None) -> HttpResponse:
    context = {"form": form, "service": service, "back": HOME}
    return render(request, "crm/agenda_settings/service.html", context, status=422 if form.errors else 200)


@page("agenda.manage")
@require_POST
def remove_service(request: Request, pk: uuid.UUID) -> HttpResponse:
    """One that was booked is archived instead, for the history needs its name."""
    service = catalogue.service_for(pk, archived=True)
    if catalogue.was_booked(service):
        catalogue.update_service(service=service, by=request.actor, is_active=False)
        messages.success(request, _("Servicio archivado: ya tuvo citas."))
    else:
        catalogue.remove_service(service=service, by=request.actor)
        messages.success(request, _("Servicio eliminado."))
    return go_to(request, HOME)


# --- days whose hours differ ----------------------------------------------------------------------------------
@page("agenda.write")
@require_POST
def set_day(request: Request) -> HttpResponse:
    manages, own = request.member.may("agenda.manage"), _own(request)
    if not manages and own is None:
        raise Forbidden(_("Solo quien atiende tiene días propios."))
    form = DayForm(request.POST, everybody=manages)
    if form.is_valid():
        said = form.cleaned_data
        seller = said["seller"] if manages else own
        try:
            catalogue.set_exception(
                day=said["day"], spans=said["spans"], seller=seller, reason=said["reason"], by=request.actor
            )
        except AppError as error:
            onto(form, error)
        else:
            messages.success(request, _("Día anotado."))
            return go_to(request, HOME)
    return _home(request, day=form)


@page("agenda.write")
@require_POST
def remove_day(request: Request, pk: uuid.UUID) -> HttpResponse:
    row, own = catalogue.exception_for(pk), _own(request)
    if not request.member.may("agenda.manage") and (own is None or row.seller_id != own.pk):
        raise Forbidden(_("Ese día lo cambia quien maneja la agenda."))
    catalogue.remove_exception(exception=row, by=request.actor)
    messages.success(request, _("Día quitado."))
    return go_to(request, HOME)
