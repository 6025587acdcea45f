"""Acts on notes: gate → form → use case → page."""

import uuid

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from config.lib.errors import AppError
from config.lib.fragments import go_to
from crm.access import contact_for, lead_for, note_for
from crm.forms.notes import NoteForm
from crm.services import notes
from crm.views import contact_page, lead_page
from tenants.access import page
from tenants.audit_access import audit_access
from tenants.requests import Request


@audit_access("contact.viewed", resource="pk")
@page("contacts.write")
@require_http_methods(["GET", "POST"])
def about_contact(request: Request, pk: uuid.UUID) -> HttpResponseBase:
    contact = contact_for(request.member, pk)
    if request.method == "GET":
        return redirect(f"/contactos/{pk}/")  # somebody reloaded the page of a refused form
    form = NoteForm(request.POST)
    if form.is_valid():
        try:
            notes.add_note(contact=contact, by=request.actor, **form.cleaned_data)
        except AppError as error:
            _onto(form, error)
        else:
            messages.success(request, _("Nota guardada."))
            return redirect(f"/contactos/{pk}/#story")
    return contact_page.shown(request, contact, note=form, status=422)


@audit_access("lead.viewed", resource="pk")
@page("leads.write")
@require_http_methods(["GET", "POST"])
def about_lead(request: Request, pk: uuid.UUID) -> HttpResponseBase:
    lead = lead_for(request.member, pk)
    if request.method == "GET":
        return redirect(f"/leads/{pk}/")
    form = NoteForm(request.POST)
    if form.is_valid():
        try:
            notes.add_note(contact=lead.contact, lead=lead, by=request.actor, **form.cleaned_data)
        except AppError as error:
            _onto(form, error)
        else:
            messages.success(request, _("Nota guardada."))
            return redirect(f"/leads/{pk}/#story")
    return lead_page.shown(request, lead, note=form, status=422)


@audit_access("note.viewed", resource="pk")
@page("contacts.write")
@require_http_methods(["GET", "POST"])
def edit(request: Request, pk: uuid.UUID) -> HttpResponse:
    note = note_for(request.member, pk)
    initial = {"text": note.text, "kind": note.kind, "pinned": note.is_pinned}
    form = NoteForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            notes.edit_note(note=note, by=request.actor, **form.cleaned_data)
        except AppError as error:
            _onto(form, error)
        else:
            messages.success(request, _("Cambios guardados."))
            return redirect(f"{notes.home(note)}#note-{note.pk}")
    context = {"form": form, "note": note, "back": notes.home(note)}
    return render(request, "crm/note_form.html", context, status=422 if form.errors else 200)


@audit_access("note.viewed", resource="pk")
@page("contacts.write")
@require_POST
def pin(request: Request, pk: uuid.UUID) -> HttpResponse:
    note = note_for(request.member, pk)
    notes.edit_note(note=note, by=request.actor, pinned=not note.is_pinned)
    return go_to(request, f"{notes.home(note)}#story")


@audit_access("note.viewed", resource="pk")
@page("contacts.write")
@require_POST
def remove(request: Request, pk: uuid.UUID) -> HttpResponse:
    note = note_for(request.member, pk)
    home = notes.home(note)
    kept = notes.remove_note(note=note, by=request.actor)
    return go_to(request, f"{home}?borrada={pk}" if kept else home)


@audit_access("note.viewed", resource="pk")
@page("contacts.write")
@require_POST
def restore(request: Request, pk: uuid.UUID) -> HttpResponse:
    note = notes.restore_note(pk=pk, by=request.actor)
    return go_to(request, f"{notes.home(note)}#note-{note.pk}")


@page("events.read")
@require_safe
def people(request: Request) -> HttpResponse:
    """Names for whoever types an @."""
    return JsonResponse({"people": [str(each.user.name) for each in notes.colleagues()]})


def _onto(form: NoteForm, error: AppError) -> None:
    known = {name: text for name, text in error.fields.items() if name in form.fields}
    for name, text in known.items():
        form.add_error(name, str(text))
    if not known:
        form.add_error(None, str(error.message))
