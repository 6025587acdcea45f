"""Assignment rules as sentences, and the company's hours."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from config.lib.errors import AppError
from config.lib.fragments import go_to
from crm.forms.hours import OfficeHoursForm
from crm.forms.rules import RuleForm
from crm.models import AssignmentRule, Contact, CustomField, Lead, Pipeline, Seller
from crm.services import assignment, assignment_words, rules
from tenants.access import page
from tenants.audit_access import audit_access
from tenants.forms_people import onto
from tenants.requests import Request
from tenants.services import companies, tenant_settings

HOME = "/ajustes/reglas/"
MOST_RULES, MOST_SELLERS = 200, 200


@page("pipeline.read")
@require_safe
def rule_list(request: Request) -> HttpResponse:
    return _list(request)


@audit_access("leads.listed")
@page("leads.read")
@require_http_methods(["GET", "HEAD", "POST"])
def trial(request: Request) -> HttpResponse:
    """Who would get the newest lead of whoever is called like this. Changes nothing."""
    if request.method != "POST" or not request.member.may("pipeline.read"):
        return go_to(request, HOME)
    words = request.POST.get("q", "").replace("\x00", "").strip()[:120]
    people = Contact.objects.visible_to(request.member).search(words)
    leads = (
        Lead.objects.visible_to(request.member).filter(contact__in=people.values("pk"))
        if words
        else Lead.objects.none()
    )
    lead = leads.select_related("contact", "stage").order_by("-created_at", "-id").first()
    if lead is None:
        return _list(request, q=words, tried=bool(words))
    rule, seller, reason = assignment.would_get(lead)
    why = assignment_words.why(reason)
    return _list(request, q=words, tried=True, lead=lead, rule=rule, seller=seller, why=why)


def _list(request: Request, **trial: Any) -> HttpResponse:
    rows = AssignmentRule.objects.order_by("priority", "created_at", "id").prefetch_related(rules.PLACES)
    found = list(rows[:MOST_RULES])
    names = assignment_words.known_names() if found else {"pipelines": {}, "labels": {}}
    said = [(rule, assignment_words.sentence(rule, **names)) for rule in found]
    return render(request, "crm/rules.html", {"rules": said, **trial})


@page("sellers.write")
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: Request) -> HttpResponse:
    form = _form_of(request, None)
    if request.method == "POST" and form.is_valid():
        try:
            rules.create_rule(by=request.actor, **form.values)
        except AppError as error:
            _onto(form, error)
        else:
            messages.success(request, _("Regla creada."))
            return go_to(request, HOME)
    return _shown(request, form, None)


@page("sellers.write")
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: Request, pk: uuid.UUID) -> HttpResponse:
    rule = rules.rule_for(pk)
    form = _form_of(request, rule)
    if request.method == "POST" and form.is_valid():
        try:
            rules.update_rule(rule=rule, by=request.actor, **form.values)
        except AppError as error:
            _onto(form, error)
        else:
            messages.success(request, _("Cambios guardados."))
            return go_to(request, HOME)
    return _shown(request, form, rule)


def _form_of(request: Request, rule: AssignmentRule | None) -> RuleForm:
    """Active sellers, and those of the rule who no longer attend."""
    people = list(Seller.objects.filter(is_active=True).order_by("name")[:MOST_SELLERS])
    placed = [place.seller for place in rule.members.all()] if rule is not None else []
    custom = list(CustomField.objects.filter(is_active=True).order_by("position", "key")[:40])
    named = {each.key: each for each in custom}
    return RuleForm(
        request.POST if request.method == "POST" else None,
        rule=rule,
        sellers={each.pk: each for each in (*people, *placed)}.values(),
        pipelines=Pipeline.objects.filter(is_active=True),
        custom=named.values(),
    )


def _onto(form: RuleForm, error: AppError) -> None:
    if not form.add_errors(error.fields):
        form.add_error(None, str(error.message))


def _shown(request: Request, form: RuleForm, rule: AssignmentRule | None) -> HttpResponse:
    title = _("Editar regla") if rule is not None else _("Crear regla")
    context = {"form": form, "rule": rule, "title": title}
    return render(request, "crm/rule_form.html", context, status=422 if form.errors else 200)


@page("sellers.write")
@require_POST
def switch(request: Request, pk: uuid.UUID) -> HttpResponse:
    rule = rules.rule_for(pk)
    rule = rules.update_rule(rule=rule, by=request.actor, is_active=request.POST.get("on") == "1")
    messages.success(request, _("Regla activada.") if rule.is_active else _("Regla en pausa."))
    return go_to(request, HOME)


@page("sellers.write")
@require_POST
def remove(request: Request, pk: uuid.UUID) -> HttpResponse:
    rules.remove_rule(rule=rules.rule_for(pk), by=request.actor)
    messages.success(request, _("Regla quitada. Lo que asignó sigue asignado."))
    return go_to(request, HOME)


@page("settings.write")
@require_http_methods(["GET", "HEAD", "POST"])
def office_hours(request: Request) -> HttpResponse:
    """When the company attends, which is what waiting times are counted in."""
    now = tenant_settings.of(companies.fresh())
    form = OfficeHoursForm(
        request.POST if request.method == "POST" else None,
        hours=now.business_hours,
        initial={"first_response_minutes": f"{now.first_response_minutes:g}"},
    )
    if request.method == "POST" and form.is_valid():
        minutes = form.cleaned_data["first_response_minutes"]
        try:
            companies.update_settings(
                by=request.actor, changes={"business_hours": form.hours, "first_response_minutes": minutes}
            )
        except AppError as error:
            onto(form, error)
        else:
            messages.success(request, _("Horario guardado."))
            return go_to(request, "/ajustes/horario/")
    return render(request, "crm/office_hours.html", {"form": form}, status=422 if form.errors else 200)
