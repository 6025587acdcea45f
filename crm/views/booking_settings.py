"""Where the company opens its booking page and says how it looks."""

from django.conf import settings as site
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from config.lib.errors import AppError
from config.lib.fragments import go_to
from crm.agenda import public
from crm.agenda import settings as agenda_settings
from crm.forms.public_booking import CONSENT, PageForm
from tenants.access import page
from tenants.forms_people import onto
from tenants.requests import Request

HOME = "/ajustes/agenda/pagina/"


@page("agenda.manage")
@require_http_methods(["GET", "HEAD", "POST"])
def booking_page(request: Request) -> HttpResponse:
    """Open or closed, words and colour, and the address to publish."""
    assert request.tenant is not None
    settings = agenda_settings.current()
    form = PageForm.of(settings, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            agenda_settings.update_settings(by=request.actor, **form.cleaned_data)
        except AppError as error:
            onto(form, error)
        else:
            messages.success(request, _("Página de reservas guardada."))
            return go_to(request, HOME)
    context = {
        "form": form,
        "settings": settings,
        "address": f"{site.PUBLIC_URL}/reservar/{request.tenant.slug}/",
        "services": public.services(),
        "usual_consent": CONSENT,
    }
    return render(request, "crm/booking/settings.html", context, status=422 if form.errors else 200)
