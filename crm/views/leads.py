"""Pages of leads: gate → form → use case → page."""

import uuid
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.postgres.search import SearchQuery, SearchVector
from django.db.models import OuterRef
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from config.lib import counts, keyset
from config.lib.errors import AppError
from config.lib.fragments import is_fragment
from crm.access import lead_for
from crm.domain.search import as_prefix_query
from crm.forms.leads import LeadFilter, LeadForm, MoveForm, OwnerForm
from crm.models import Lead, Seller, Stage, StageKind
from crm.services import contacts, leads
from crm.views import history
from tenants.access import page
from tenants.audit_access import audit_access
from tenants.requests import Request

MOST_SOURCES = 30


@dataclass(frozen=True)
class Tab:
    """A stage above the list, with how many leads it holds for this person, in words."""

    label: str
    href: str
    current: bool
    count: str


@audit_access("leads.listed")
@page("leads.read")
@require_safe
def lead_list(request: Request) -> HttpResponse:
    mine = Lead.objects.visible_to(request.member)
    sources = mine.exclude(source="").order_by("source").values_list("source", flat=True).distinct()[:MOST_SOURCES]
    form = LeadFilter(request.GET, sellers=Seller.objects.filter(is_active=True), sources=sources)
    form.is_valid()  # an unknown filter value is simply not applied
    chosen = {name: value for name, value in form.cleaned_data.items() if value}
    found = keyset.page(_narrowed(mine, chosen), by="created_at", cursor=request.GET.get("cursor", ""))
    context = {
        "filter": form,
        "filtered": bool(chosen),
        "stages": _tabs(request, _narrowed(mine, {**chosen, "stage": ""}), chosen.get("stage", "")),
        "page": found,
        "columns": [_("Contacto"), _("Etapa"), _("Interés"), _("Vendedor"), _("Origen"), _("Valor"), _("Creado")],
        "numeric": [_("Valor")],
        "caption": _("Leads, del más nuevo al más viejo"),
    }
    return render(request, "crm/_lead_list.html" if is_fragment(request) else "crm/leads.html", context)


def _narrowed(rows: Any, chosen: dict[str, str]) -> Any:
    rows = rows.select_related("contact", "stage", "owner")
    if chosen.get("stage"):
        rows = rows.filter(stage__code=chosen["stage"])
    if "owner" in chosen:
        rows = rows.filter(owner=None) if chosen["owner"] == "none" else rows.filter(owner=chosen["owner"])
    if "source" in chosen:
        rows = rows.filter(source=chosen["source"])
    if chosen.get("q"):
        rows = _matching(rows, chosen["q"])
    return rows


def _matching(rows: Any, words: str) -> Any:
    """By expression and not through a subquery of contacts: this is itself used inside the count of the stages."""
    query = as_prefix_query(words)
    if not query:
        return rows.none()
    said = SearchVector("contact__search_text", config="simple")
    return rows.annotate(said=said).filter(said=SearchQuery(query, search_type="raw", config="simple"))


def _tabs(request: Request, counted: Any, current: str) -> list[Tab]:
    def address(code: str) -> str:
        query = request.GET.copy()
        query.pop("cursor", None)
        query.pop("stage", None)
        if code:
            query["stage"] = code
        return f"/leads/?{query.urlencode()}" if query else "/leads/"

    held = counts.Counted(counted.filter(stage=OuterRef("pk")))
    stages = list(Stage.objects.annotate(held=held).order_by("position"))
    every = Tab(_("Todos"), address(""), not current, counts.words(sum(stage.held for stage in stages)))
    return [
        every,
        *(Tab(each.name, address(each.code), each.code == current, counts.words(each.held)) for each in stages),
    ]


@audit_access("lead.viewed", resource="pk")
@page("leads.read")
@require_safe
def detail(request: Request, pk: uuid.UUID) -> HttpResponse:
    return _detail(request, lead_for(request.member, pk))


def _detail(request: Request, lead: Lead, *, move: MoveForm | None = None, status: int = 200) -> HttpResponse:
    ways = leads.possible_stages(lead)
    losses = [stage for stage in ways if stage.kind == StageKind.LOST]
    context = {
        "lead": lead,
        "ways": [stage for stage in ways if stage not in losses],
        "losses": losses,
        "move": move or MoveForm(),
        "owner": OwnerForm(initial={"owner": lead.owner_id}),
        "history": history.of_lead(lead, request.tenant.pk),
        # By address, not by import: conversations live in a layer above this one.
        "conversation_url": f"/bandeja/?contact={lead.contact_id}",
    }
    whole = "crm/_lead.html" if is_fragment(request) else "crm/lead.html"
    return render(request, whole, context, status=status)


@page("leads.write")
@require_http_methods(["GET", "POST"])
def new(request: Request) -> HttpResponse:
    form = LeadForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            lead = _create(request, form)
        except AppError as error:
            request.undo = True  # the contact is not kept when its lead was refused
            _onto(form, error)
        else:
            messages.success(request, _("Lead creado."))
            return _to(lead)
    context = {"form": form, "title": _("Crear lead"), "back": "/leads/"}
    return render(request, "crm/lead_form.html", context, status=422 if form.errors else 200)


@audit_access("lead.viewed", resource="pk")
@page("leads.write")
@require_http_methods(["GET", "POST"])
def edit(request: Request, pk: uuid.UUID) -> HttpResponse:
    lead = lead_for(request.member, pk, lock=True)
    form = LeadForm.of(lead, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            _save(request, lead, form)
        except AppError as error:
            request.undo = True  # either everything of the form is saved or nothing
            _onto(form, error)
        else:
            messages.success(request, _("Cambios guardados."))
            return _to(lead)
    context = {"form": form, "title": _("Editar lead"), "back": f"/leads/{pk}/"}
    return render(request, "crm/lead_form.html", context, status=422 if form.errors else 200)


def _create(request: Request, form: LeadForm) -> Lead:
    said = form.cleaned_data
    contact = contacts.create_contact(by=request.actor, **form.part(LeadForm.CONTACT))
    lead = leads.create_lead(contact=contact, by=request.actor, source=said["source"], value=said["value"])
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
        try:
            leads.move_stage(
                lead=lead,
                stage=form.cleaned_data["stage"],
                lost_reason=form.cleaned_data["lost_reason"],
                by=request.actor,
            )
        except AppError as error:
            _onto(form, error)
        else:
            return _to(lead)
    return _detail(request, lead, move=form, status=422)


@audit_access("lead.viewed", resource="pk")
@page("leads.write")
@require_http_methods(["GET", "POST"])
def assign(request: Request, pk: uuid.UUID) -> HttpResponse:
    lead = lead_for(request.member, pk, lock=True)
    if request.method == "GET":
        return _to(lead)  # somebody reloaded the page of a refused form
    form = OwnerForm(request.POST)
    if form.is_valid():
        leads.assign_lead(lead=lead, owner=form.cleaned_data["owner"], by=request.actor)
        messages.success(request, _("Vendedor guardado."))
    return _to(lead)


def _to(lead: Lead) -> HttpResponse:
    return HttpResponseRedirect(f"/leads/{lead.pk}/")


def _onto(form: Any, error: AppError) -> None:
    """A refusal of the service beside the fields it names, the rest at the top."""
    known = {name: text for name, text in error.fields.items() if name in form.fields}
    for name, text in known.items():
        form.add_error(name, str(text))
    if not known:
        form.add_error(None, str(error.message))
