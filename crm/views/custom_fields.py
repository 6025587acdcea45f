"""The company's own fields: listed, added, changed, put in order, removed."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from config.lib.errors import AppError
from config.lib.fragments import go_to
from crm.forms.custom_fields import FieldForm, RemoveFieldForm
from crm.models import CustomField
from crm.services import custom_fields
from tenants.access import page
from tenants.forms_people import onto
from tenants.requests import Request

HOME = "/ajustes/campos/"


@page("pipeline.read")
@require_safe
def field_list(request: Request) -> HttpResponse:
    rows = list(CustomField.objects.order_by("position", "label"))
    groups = [(on, label, [row for row in rows if row.on == on]) for on, label in CustomField.On.choices]
    return render(request, "crm/fields.html", {"groups": groups, "any": bool(rows)})


@page("pipeline.write")
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: Request) -> HttpResponse:
    form = FieldForm(request.POST if request.method == "POST" else None, initial={"on": request.GET.get("en", "lead")})
    if request.method == "POST" and form.is_valid():
        try:
            custom_fields.create_field(by=request.actor, **form.changes())
        except AppError as error:
            onto(form, error)
        else:
            messages.success(request, _("Campo creado."))
            return go_to(request, HOME)
    return render(request, "crm/field.html", {"form": form, "field": None}, status=422 if form.errors else 200)


@page("pipeline.write")
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: Request, pk: uuid.UUID) -> HttpResponse:
    field = custom_fields.field_for(pk)
    form = FieldForm.of(field, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            custom_fields.update_field(field=field, by=request.actor, **form.changes())
        except AppError as error:
            onto(form, error)
        else:
            messages.success(request, _("Cambios guardados."))
            return go_to(request, HOME)
    return render(request, "crm/field.html", {"form": form, "field": field}, status=422 if form.errors else 200)


@page("pipeline.write")
@require_POST
def order(request: Request, pk: uuid.UUID) -> HttpResponse:
    """One place up or down."""
    field = custom_fields.field_for(pk)
    ids = list(CustomField.objects.filter(on=field.on).order_by("position", "label").values_list("pk", flat=True))
    place = ids.index(field.pk)
    to = max(0, min(len(ids) - 1, place + (-1 if request.POST.get("hacia") == "arriba" else 1)))
    ids.insert(to, ids.pop(place))
    custom_fields.reorder(on=field.on, ids=ids, by=request.actor)
    return go_to(request, HOME)


@page("pipeline.write")
@require_http_methods(["GET", "HEAD", "POST"])
def remove(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Asks what becomes of the values."""
    field = custom_fields.field_for(pk)
    form = RemoveFieldForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        cleared = custom_fields.remove_field(
            field=field, by=request.actor, clear=form.cleaned_data["values"] == "clear"
        )
        messages.success(request, _("Campo eliminado. Valores borrados: %(n)d.") % {"n": cleared})
        return go_to(request, HOME)
    used = custom_fields.is_used(field)
    context = {"form": form, "field": field, "used": used}
    return render(request, "crm/field_remove.html", context, status=422 if form.errors else 200)
