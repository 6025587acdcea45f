"""The list of people, and their data created and corrected."""

import uuid

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from config.lib import counts, keyset
from config.lib.errors import AppError
from config.lib.fragments import is_fragment
from crm.access import contact_for
from crm.forms.contacts import ContactFilters, ContactForm
from crm.models import Contact
from crm.services import contacts, custom_fields, points
from crm.services.contact_filters import ContactQuery
from tenants.access import page
from tenants.audit_access import audit_access
from tenants.forms_people import onto
from tenants.requests import Request


@audit_access("contacts.listed")
@page("contacts.read")
@require_safe
def contact_list(request: Request) -> HttpResponse:
    fields = custom_fields.fields_on("contact")
    query = ContactQuery.of(request.GET.dict(), request.member, fields=fields)
    rows = query.rows().select_related("client")
    found = keyset.page(rows, by="created_at", cursor=request.GET.get("cursor", ""))
    held = query.rows().order_by()[: counts.MOST + 1].count()
    asked = request.GET.copy()
    asked.pop("cursor", None)
    context = {
        "filter": ContactFilters(query.given, fields),
        "filtered": bool(query.given),
        "page": found,
        "held": counts.words(held),
        "query": asked.urlencode(),
        "columns": [_("Contacto"), _("Correo"), _("Ciudad"), _("Etiquetas"), _("Creado")],
        "caption": _("Contactos, del más nuevo al más viejo"),
    }
    return render(request, "crm/_contact_list.html" if is_fragment(request) else "crm/contact_list.html", context)


@page("contacts.write")
@require_http_methods(["GET", "POST"])
def new(request: Request) -> HttpResponse:
    form = ContactForm(request.POST or None, fields=custom_fields.fields_on("contact"))
    if request.method == "POST" and form.is_valid():
        try:
            contact = contacts.create_contact(by=request.actor, **form.changes())
            _set_points(request, contact, form)
        except AppError as error:
            request.undo = True  # either everything of the form is saved or nothing
            onto(form, error)
        else:
            messages.success(request, _("Contacto creado."))
            return HttpResponseRedirect(f"/contactos/{contact.pk}/")
    context = {"form": form, "title": _("Crear contacto"), "back": "/contactos/"}
    return render(request, "crm/contact_form.html", context, status=422 if form.errors else 200)


@audit_access("contact.viewed", resource="pk")
@page("contacts.write")
@require_http_methods(["GET", "POST"])
def edit(request: Request, pk: uuid.UUID) -> HttpResponse:
    contact = contact_for(request.member, pk)
    given = request.POST if request.method == "POST" else None
    form = ContactForm(given, fields=custom_fields.fields_on("contact"), contact=contact)
    if request.method == "POST" and form.is_valid():
        try:
            contact = contacts.update_contact(contact=contact, by=request.actor, **form.changes())
            _set_points(request, contact, form)
        except AppError as error:
            request.undo = True  # either everything of the form is saved or nothing
            onto(form, error)
        else:
            messages.success(request, _("Cambios guardados."))
            return HttpResponseRedirect(f"/contactos/{pk}/")
    context = {"form": form, "title": _("Editar contacto"), "back": f"/contactos/{pk}/", "contact": contact}
    return render(request, "crm/contact_form.html", context, status=422 if form.errors else 200)


def _set_points(request: Request, contact: Contact, form: ContactForm) -> None:
    said = form.cleaned_data
    points.set_points(contact=contact, phones=said["phones"], emails=said["emails"], by=request.actor)
