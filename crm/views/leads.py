"""Acts on leads: gate → form → use case → page."""

import uuid

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from config.lib.errors import AppError
from config.lib.fragments import is_fragment
from crm.access import contact_for, lead_for
from crm.forms.leads import LeadForm, MoveForm, NewLeadForm, OwnerForm, ReasonForm, ScoreForm
from crm.models import Contact, Lead, Touch
from crm.services import assignment, contacts, conversion, custom_fields, leads, moves
from crm.views import lead_boxes
from crm.views.lead_page import shown
from crm.views.step import back_of
from tenants.access import page
from tenants.audit_access import audit_access
from tenants.forms_people import onto
from tenants.requests import Request
from tenants.services.audit import record


@page("leads.write")
@require_http_methods(["GET", "POST"])
def new(request: Request) -> HttpResponse:
    """A lead of somebody new, or with `?contact=` of somebody known."""
    known = contact_for(request.member, request.GET["contact"]) if request.GET.get("contact") else None
    if known is not None and request.method == "GET":
        record(action="contact.viewed", resource=known, by=request.actor)
    form = NewLeadForm(
        request.POST if request.method == "POST" else None,
        initial=_of_contact(known) if known else {},
        own=custom_fields.fields_on("lead"),
    )
    if request.method == "POST" and form.is_valid():
        try:
            lead = _create(request, form, known)
        except AppError as error:
            request.undo = True  # the contact is not kept when its lead was refused
            onto(form, error)
        else:
            messages.success(request, _("Lead creado."))
            return _to(lead)
    context = {"form": form, "title": _("Crear lead"), "back": "/leads/"}
    return render(request, "crm/lead_form.html", context, status=422 if form.errors else 200)


@audit_access("lead.viewed", resource="pk")
@page("leads.write")
@require_http_methods(["GET", "POST"])
def edit(request: Request, pk: uuid.UUID) -> HttpResponse:
    lead = lead_for(request.member, pk)
    if request.method == "POST":  # contacts are locked before leads everywhere
        Contact.objects.select_for_update(no_key=True).filter(pk=lead.contact_id).values("pk").first()
        lead = lead_for(request.member, pk, lock=True)
    own = custom_fields.fields_on("lead")
    form = LeadForm.of(lead, request.POST if request.method == "POST" else None, own=own)
    if request.method == "POST" and form.is_valid():
        try:
            _save(request, lead, form)
        except AppError as error:
            request.undo = True  # either everything of the form is saved or nothing
            onto(form, error)
        else:
            messages.success(request, _("Cambios guardados."))
            return _to(lead)
    context = {"form": form, "title": _("Editar lead"), "back": f"/leads/{pk}/"}
    return render(request, "crm/lead_form.html", context, status=422 if form.errors else 200)


def _of_contact(contact: Contact) -> dict[str, str]:
    return {"name": contact.name, "phone": contact.phone or "", "email": contact.email, "city": contact.city}


def _create(request: Request, form: NewLeadForm, known: Contact | None) -> Lead:
    said = form.cleaned_data
    person = form.part(LeadForm.CONTACT)
    if known is not None:
        contact = contacts.update_contact(contact=known, by=request.actor, **person)
    else:
        contact = contacts.create_contact(by=request.actor, **person)
    lead = leads.create_lead(
        contact=contact,
        by=request.actor,
        source=said["source"],
        pipeline=said.get("pipeline"),
        owner=said["owner"],
        value=said["value"],
        expected_close=said["expected_close"],
        probability=said["probability"],
        labels=said["tags"],
        custom=form.custom(),
        touch=Touch.Kind.MANUAL,
    )
    if any(said[name] for name in LeadForm.QUALIFICATION):
        leads.qualify_lead(lead=lead, by=request.actor, **form.part(LeadForm.QUALIFICATION))
    return lead


def _save(request: Request, lead: Lead, form: LeadForm) -> None:
    contacts.update_contact(contact=lead.contact, by=request.actor, **form.part(LeadForm.CONTACT))
    changed = form.changes_of(lead)
    if changed:
        leads.update_lead(lead=lead, by=request.actor, **changed)
    if changed.keys() & set(LeadForm.QUALIFICATION) or form.cleaned_data["interest"] != lead.interest:
        # Scores anew: what was cleared above no longer counts.
        leads.qualify_lead(lead=lead, by=request.actor, interest=form.cleaned_data["interest"])


@audit_access("lead.viewed", resource="pk")
@page("leads.write")
@require_http_methods(["GET", "POST"])
def move(request: Request, pk: uuid.UUID) -> HttpResponse:
    lead = lead_for(request.member, pk, lock=True)
    if request.method == "GET":
        return _to(lead)  # somebody reloaded the page of a refused form
    form = MoveForm(request.POST)
    if form.is_valid():
        stage, comment = form.cleaned_data["stage"], form.cleaned_data["comment"]
        try:
            if request.POST.get("change_pipeline"):
                moves.change_pipeline(lead=lead, stage=stage, comment=comment, by=request.actor)
                return HttpResponseRedirect(back_of(request, f"/leads/{lead.pk}/"))
            waiting = moves.move_stage(
                lead=lead,
                stage=stage,
                lost_reason=form.cleaned_data["lost_reason"],
                comment=comment,
                by=request.actor,
                member_role=request.member.role,
            )
        except AppError as error:
            onto(form, error)
        else:
            if waiting is not None:
                messages.info(request, _("El paso a «%(stage)s» espera aprobación.") % {"stage": stage})
            return HttpResponseRedirect(back_of(request, f"/leads/{lead.pk}/"))
    return shown(request, lead, move=form, status=422)


@audit_access("lead.viewed", resource="pk")
@page("leads.write")
@require_safe
def where_to(request: Request, pk: uuid.UUID) -> HttpResponse:
    """The steps alone, for beside a chat; a page of its own without scripts."""
    lead = lead_for(request.member, pk)
    context = {"lead": lead, **lead_boxes.context(request.member, lead), "back": back_of(request, f"/leads/{pk}/")}
    return render(request, "crm/_stage_box.html" if is_fragment(request) else "crm/lead_move.html", context)


@audit_access("lead.viewed", resource="pk")
@page("leads.write")
@require_http_methods(["GET", "POST"])
def assign(request: Request, pk: uuid.UUID) -> HttpResponse:
    lead = lead_for(request.member, pk, lock=True)
    if request.method == "GET":
        return _to(lead)  # somebody reloaded the page of a refused form
    form = OwnerForm(request.POST)
    if form.is_valid():
        assignment.assign(lead=lead, owner=form.cleaned_data["owner"], by=request.actor)
        messages.success(request, _("Vendedor guardado."))
    return _to(lead)


@audit_access("lead.viewed", resource="pk")
@page("leads.write")
@require_http_methods(["GET", "POST"])
def correct(request: Request, pk: uuid.UUID) -> HttpResponse:
    """A person's own score, with the reason."""
    lead = lead_for(request.member, pk, lock=True)
    if request.method == "GET":
        return _to(lead)
    form = ScoreForm(request.POST)
    if form.is_valid():
        try:
            said = form.cleaned_data
            leads.correct_score(lead=lead, points=said["score"], reason=said["reason"], by=request.actor)
        except AppError as error:
            onto(form, error)
        else:
            messages.success(request, _("Puntaje corregido."))
            return _to(lead)
    return shown(request, lead, score=form, status=422)


@audit_access("lead.viewed", resource="pk")
@page("clients.write")
@require_http_methods(["GET", "POST"])
def convert(request: Request, pk: uuid.UUID) -> HttpResponse:
    lead = lead_for(request.member, pk)
    if request.method == "POST":
        try:
            conversion.convert(lead=lead, by=request.actor)
        except AppError as error:
            messages.error(request, str(error.message))
        else:
            messages.success(request, _("Ahora es cliente."))
    return _to(lead)


@audit_access("lead.viewed", resource="pk")
@page("clients.write")
@require_http_methods(["GET", "POST"])
def unconvert(request: Request, pk: uuid.UUID) -> HttpResponse:
    lead = lead_for(request.member, pk)
    if request.method == "GET":
        return _to(lead)
    form = ReasonForm(request.POST)
    if form.is_valid():
        try:
            conversion.undo(conversion=conversion.current(lead), reason=form.cleaned_data["reason"], by=request.actor)
        except AppError as error:
            messages.error(request, str(error.message))
        else:
            messages.success(request, _("Conversión deshecha."))
        return _to(lead)
    return shown(request, lead, unconvert=form, status=422)


def _to(lead: Lead) -> HttpResponse:
    return HttpResponseRedirect(f"/leads/{lead.pk}/")
