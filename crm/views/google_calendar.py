"""Google Calendar, step by step: connect, see whose calendar is whose, and what is wrong with it."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from config.lib.errors import AppError
from config.lib.fragments import go_to, is_fragment
from crm.agenda import calendar_health, connecting, connection
from crm.forms.google_calendar import AddCalendarForm, CalendarForm, ClientForm, ServiceAccountForm
from tenants.access import page
from tenants.forms_people import onto
from tenants.requests import Request

HOME = "/ajustes/google-calendar/"


@page("agenda.manage")
@never_cache
@require_safe
def home(request: Request) -> HttpResponse:
    return _home(request, AddCalendarForm())


def _home(request: Request, form: AddCalendarForm) -> HttpResponse:
    context = {"health": calendar_health.read(), "form": form, "refreshing": connecting.is_refreshing()}
    name = "crm/google_calendar/_home.html" if is_fragment(request) else "crm/google_calendar/home.html"
    return render(request, name, context, status=422 if form.errors else 200)


@page("agenda.manage")
@require_POST
def test(request: Request) -> HttpResponse:
    """A worker tries it; the page says how it went."""
    connecting.ask_refresh(count=True)
    return _home(request, AddCalendarForm()) if is_fragment(request) else go_to(request, HOME)


# --- connecting ------------------------------------------------------------------------------------------------
@page("agenda.manage")
@sensitive_post_parameters("client_secret")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def connect(request: Request) -> HttpResponse:
    """The company's own app at Google Cloud, and then on to Google."""
    form = ClientForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            connecting.store_client_keys(by=request.actor, **form.cleaned_data)
        except AppError as error:
            form.add_error(None, str(error.message))
        else:
            return go_to(request, f"{HOME}conectar/")
    context = {"form": form, "has_keys": connecting.client_keys() is not None, "back": _back(request)}
    return render(request, "crm/google_calendar/connect.html", context, status=422 if form.errors else 200)


@page("agenda.manage")
@never_cache
@require_safe
def ask(request: Request) -> HttpResponse:
    """Over to Google's own page, where the person says yes."""
    return redirect(connecting.consent_url(redirect=_back(request), **_who(request)))


@page("agenda.manage")
@never_cache
@require_safe
def back(request: Request) -> HttpResponse:
    """Back from Google with a code, or with a no."""
    if request.GET.get("error"):
        messages.error(request, _("Google no dio el permiso: no se conectó nada."))
        return redirect(HOME)
    state, code = request.GET.get("state", ""), request.GET.get("code", "")
    try:
        connecting.finish_consent(state=state, code=code, redirect=_back(request), by=request.actor, **_who(request))
    except AppError as error:
        messages.error(request, str(error.message))
    return redirect(HOME)


def _back(request: Request) -> str:
    """The address that has to be named at Google Cloud, letter by letter."""
    return request.build_absolute_uri(reverse("google-calendar-back"))


def _who(request: Request) -> dict[str, Any]:
    return {"person": request.member.user_id, "sign_in": request.claim.sign_in if request.claim else ""}


@page("agenda.manage")
@sensitive_post_parameters("value")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def service_account(request: Request) -> HttpResponse:
    form = ServiceAccountForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            connecting.connect_service_account(text=form.cleaned_data["value"], by=request.actor)
        except AppError as error:
            onto(form, error)
        else:
            return go_to(request, HOME)
    context = {"form": form}
    return render(request, "crm/google_calendar/service_account.html", context, status=422 if form.errors else 200)


@page("agenda.manage")
@require_http_methods(["GET", "HEAD", "POST"])
def disconnect(request: Request) -> HttpResponse:
    if request.method == "POST":
        connecting.disconnect(by=request.actor)
        messages.success(request, _("Google Calendar quedó desconectado. Las citas siguen en la agenda."))
        return go_to(request, HOME)
    return render(request, "crm/google_calendar/disconnect.html", {"row": connection.current()})


# --- calendars -------------------------------------------------------------------------------------------------
@page("agenda.manage")
@require_POST
def add(request: Request) -> HttpResponse:
    form = AddCalendarForm(request.POST)
    if form.is_valid():
        try:
            connecting.add_calendar(calendar_id=form.cleaned_data["calendar"], by=request.actor)
        except AppError as error:
            onto(form, error)
        else:
            return go_to(request, HOME)
    return _home(request, form)


@page("agenda.manage")
@require_http_methods(["GET", "HEAD", "POST"])
def calendar(request: Request, pk: uuid.UUID) -> HttpResponse:
    row = connecting.calendar_for(pk)
    form = CalendarForm.of(row, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            seller, is_main = form.cleaned_data["seller"], form.cleaned_data.get("is_main", False)
            connecting.decide(calendar=row, seller=seller, is_main=is_main, by=request.actor)
        except AppError as error:
            onto(form, error)
        else:
            messages.success(request, _("Cambios guardados."))
            return go_to(request, HOME)
    context = {"form": form, "calendar": row}
    return render(request, "crm/google_calendar/calendar.html", context, status=422 if form.errors else 200)


@page("agenda.manage")
@require_POST
def remove(request: Request, pk: uuid.UUID) -> HttpResponse:
    connecting.remove_calendar(calendar=connecting.calendar_for(pk), by=request.actor)
    messages.success(request, _("Calendario quitado."))
    return go_to(request, HOME)
