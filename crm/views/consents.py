"""What somebody allowed or refused, noted by a person of the company."""

import uuid

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from crm.access import contact_for
from crm.forms.contacts import ConsentForm
from crm.services import consents
from tenants.access import page
from tenants.audit_access import audit_access
from tenants.requests import Request


@audit_access("contact.viewed", resource="pk")
@page("contacts.write")
@require_http_methods(["GET", "POST"])
def note(request: Request, pk: uuid.UUID) -> HttpResponse:
    contact = contact_for(request.member, pk)
    form = ConsentForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        consents.record_consent(contact=contact, by=request.actor, **form.cleaned_data)
        messages.success(request, _("Consentimiento anotado."))
        return HttpResponseRedirect(f"/contactos/{pk}/")
    rows = contact.consents.order_by("-at", "-id")[:50]
    context = {"form": form, "contact": contact, "rows": rows, "back": f"/contactos/{pk}/"}
    return render(request, "crm/contact_consents.html", context, status=422 if form.errors else 200)


@audit_access("contact.viewed", resource="pk")
@page("contacts.write")
@require_POST
def opt_out(request: Request, pk: uuid.UUID) -> HttpResponse:
    """`again=1`: they want to hear from the company after all."""
    contact = contact_for(request.member, pk)
    source = _("Lo anotó una persona")
    if request.POST.get("again"):
        consents.opt_in(contact=contact, by=request.actor, source=source)
        messages.success(request, _("Vuelve a recibir mensajes."))
    else:
        consents.opt_out(contact=contact, by=request.actor, source=source)
        messages.success(request, _("No recibe más mensajes que no haya pedido."))
    return HttpResponseRedirect(f"/contactos/{pk}/")
