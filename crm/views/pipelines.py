"""Settings of the pipelines: their words, stages, permitted steps, what a sale needs, reasons for losing."""

import uuid
from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.db.models import OuterRef
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from config.lib import counts
from config.lib.errors import AppError
from config.lib.fragments import go_to
from config.lib.ids import as_uuid
from crm.forms.pipelines import (
    ConversionForm,
    PipelineForm,
    ReasonForm,
    RemoveStageForm,
    StageForm,
    approver_choices,
    steps_of,
)
from crm.models import Lead, Pipeline, Stage, StageKind, StageTransition
from crm.services import conversion, pipelines, stages
from tenants.access import page
from tenants.forms_people import onto
from tenants.requests import Request

HOME = "/ajustes/embudo/"
MOST_SHOWN = 60  # stages, those at rest included


@page("pipeline.read")
@require_safe
def pipeline_list(request: Request) -> HttpResponse:
    """Every pipeline; whoever may change them adds one here and says what a sale needs."""
    return _list(request, PipelineForm(), ConversionForm(initial={"conversion": list(conversion.required())}))


def _list(request: Request, form: PipelineForm, needs: ConversionForm, *, status: int = 200) -> HttpResponse:
    rows = Pipeline.objects.prefetch_related("stages").order_by("position", "id")
    context = {"pipelines": rows, "form": form, "needs": needs}
    return render(request, "crm/pipelines.html", context, status=status)


@page("pipeline.write")
@require_POST
def create(request: Request) -> HttpResponse:
    form = PipelineForm(request.POST)
    if form.is_valid():
        try:
            made = pipelines.create_pipeline(by=request.actor, **form.cleaned_data)
        except AppError as error:
            onto(form, error)
        else:
            messages.success(request, _("Embudo creado."))
            return go_to(request, f"{HOME}{made.pk}/")
    return _list(request, form, ConversionForm(initial={"conversion": list(conversion.required())}), status=422)


@page("pipeline.write")
@require_POST
def choose_needs(request: Request) -> HttpResponse:
    form = ConversionForm(request.POST)
    if form.is_valid():
        conversion.choose_required(names=form.cleaned_data["conversion"], by=request.actor)
        messages.success(request, _("Cambios guardados."))
        return go_to(request, HOME)
    return _list(request, PipelineForm(), form, status=422)


@page("pipeline.read")
@require_safe
def one(request: Request, pk: uuid.UUID) -> HttpResponse:
    """One pipeline: its words, its stages in order, and the matrix of steps."""
    pipeline = pipelines.pipeline_for(pk)
    names = {name: getattr(pipeline, name) for name in PipelineForm.base_fields}
    return _one(request, pipeline, PipelineForm(initial=names), StageForm())


def _one(
    request: Request,
    pipeline: Pipeline,
    form: PipelineForm,
    stage_form: StageForm,
    *,
    status: int = 200,
    problem: str = "",
) -> HttpResponse:
    held = counts.Counted(Lead.objects.filter(stage=OuterRef("pk")))
    rows = list(Stage.objects.filter(pipeline=pipeline).annotate(held=held).order_by("position", "id")[:MOST_SHOWN])
    context = {
        "pipeline": pipeline,
        "form": form,
        "stage_form": stage_form,
        "stages": [each for each in rows if each.is_active],
        "resting": [each for each in rows if not each.is_active],
        "matrix": _matrix(rows),
        "approvers": approver_choices(),
        "problem": problem,
    }
    return render(request, "crm/pipeline.html", context, status=status)


def _matrix(rows: Sequence[Stage]) -> list[dict[str, Any]]:
    """From each stage where one may leave by hand, each stage that one may enter by hand, with the step if there is one."""
    steps = {
        (each.source_id, each.target_id): each
        for each in StageTransition.objects.filter(source__in=[each.pk for each in rows])
    }
    usable = [each for each in rows if each.is_active and each.kind != StageKind.WON]
    matrix = []
    for source in usable:
        cells = [
            {"target": target, "pair": f"{source.pk}:{target.pk}", "step": steps.get((source.pk, target.pk))}
            for target in usable
            if target is not source
        ]
        ways = ", ".join(str(cell["target"]) for cell in cells if cell["step"])
        matrix.append({"source": source, "ways": ways, "cells": cells})
    return matrix


@page("pipeline.write")
@require_POST
def change(request: Request, pk: uuid.UUID) -> HttpResponse:
    """The words of a pipeline, or one of its switches: main, on, off, away."""
    pipeline = pipelines.pipeline_for(pk)
    form = PipelineForm(request.POST)
    act = request.POST.get("act", "")
    try:
        if act == "default":
            pipelines.make_default(pipeline=pipeline, by=request.actor)
        elif act in ("on", "off"):
            pipelines.update_pipeline(pipeline=pipeline, is_active=act == "on", by=request.actor)
        elif act == "remove":
            pipelines.remove_pipeline(pipeline=pipeline, by=request.actor)
        elif form.is_valid():
            pipelines.update_pipeline(pipeline=pipeline, by=request.actor, **form.cleaned_data)
        else:
            return _one(request, pipeline, form, StageForm(), status=422)
    except AppError as error:
        request.undo = True
        messages.error(request, str(error.message))
        return go_to(request, f"{HOME}{pk}/")
    messages.success(request, _("Embudo eliminado.") if act == "remove" else _("Cambios guardados."))
    return go_to(request, HOME if act == "remove" else f"{HOME}{pk}/")


@page("pipeline.write")
@require_POST
def set_steps(request: Request, pk: uuid.UUID) -> HttpResponse:
    pipeline = pipelines.pipeline_for(pk)
    rows = list(Stage.objects.filter(pipeline=pipeline, is_active=True))
    try:
        stages.set_steps(pipeline=pipeline, steps=steps_of(request.POST, rows), by=request.actor)
    except AppError as error:
        request.undo = True
        messages.error(request, str(error.message))
    else:
        messages.success(request, _("Pasos guardados."))
    return go_to(request, f"{HOME}{pk}/")


@page("pipeline.write")
@require_POST
def order(request: Request, pk: uuid.UUID) -> HttpResponse:
    """One stage up or down: `up` or `down` holds its id."""
    pipeline = pipelines.pipeline_for(pk)
    ids = list(
        Stage.objects.filter(pipeline=pipeline, is_active=True).order_by("position", "id").values_list("pk", flat=True)
    )
    for name, by in (("up", -1), ("down", 1)):
        moved = as_uuid(request.POST.get(name))
        if moved in ids:
            place = ids.index(moved)
            other = place + by
            if 0 <= other < len(ids):
                ids[place], ids[other] = ids[other], ids[place]
                stages.order_stages(pipeline=pipeline, ids=ids, by=request.actor)
    return go_to(request, f"{HOME}{pk}/#etapas")


@page("pipeline.write")
@require_POST
def new_stage(request: Request, pk: uuid.UUID) -> HttpResponse:
    pipeline = pipelines.pipeline_for(pk)
    form = StageForm(request.POST)
    if form.is_valid():
        try:
            stages.create_stage(pipeline=pipeline, by=request.actor, **form.cleaned_data)
        except AppError as error:
            request.undo = True
            onto(form, error)
        else:
            messages.success(request, _("Etapa creada. Falta decir desde dónde se llega a ella."))
            return go_to(request, f"{HOME}{pk}/#pasos")
    names = {name: getattr(pipeline, name) for name in PipelineForm.base_fields}
    return _one(request, pipeline, PipelineForm(initial=names), form, status=422)


@page("pipeline.write")
@require_http_methods(["GET", "POST"])
def edit_stage(request: Request, pk: uuid.UUID) -> HttpResponse:
    stage = stages.stage_by_id(pk)
    form = StageForm.of(stage, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            stages.update_stage(stage=stage, by=request.actor, **form.cleaned_data)
        except AppError as error:
            request.undo = True
            onto(form, error)
        else:
            messages.success(request, _("Cambios guardados."))
            return go_to(request, f"{HOME}{stage.pipeline_id}/")
    return _stage_page(request, stage, form, RemoveStageForm(stage=stage), status=422 if form.errors else 200)


@page("pipeline.write")
@require_POST
def remove_stage(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Take a stage away, or bring back one that rests (`act=back`)."""
    stage = stages.stage_by_id(pk)
    form = RemoveStageForm(request.POST, stage=stage)
    if request.POST.get("act") == "back":
        stages.update_stage(stage=stage, is_active=True, by=request.actor)
        return go_to(request, f"{HOME}{stage.pipeline_id}/#pasos")
    if form.is_valid():
        try:
            stages.remove_stage(stage=stage, move_to=form.cleaned_data["move_to"], by=request.actor)
        except AppError as error:
            request.undo = True
            onto(form, error)
        else:
            messages.success(request, _("Etapa quitada."))
            return go_to(request, f"{HOME}{stage.pipeline_id}/")
    return _stage_page(request, stage, StageForm.of(stage), form, status=422)


def _stage_page(
    request: Request, stage: Stage, form: StageForm, remove: RemoveStageForm, *, status: int = 200
) -> HttpResponse:
    holds = Lead.objects.filter(stage=stage).exists()
    return render(
        request, "crm/stage.html", {"stage": stage, "form": form, "remove": remove, "holds": holds}, status=status
    )


@page("pipeline.read")
@require_safe
def reason_list(request: Request) -> HttpResponse:
    return _reasons(request, ReasonForm())


def _reasons(request: Request, form: ReasonForm, *, status: int = 200) -> HttpResponse:
    return render(request, "crm/lost_reasons.html", {"reasons": pipelines.reasons(), "form": form}, status=status)


@page("pipeline.write")
@require_POST
def add_reason(request: Request) -> HttpResponse:
    form = ReasonForm(request.POST)
    if form.is_valid():
        try:
            pipelines.save_reason(name=form.cleaned_data["name"], by=request.actor)
        except AppError as error:
            onto(form, error)
        else:
            messages.success(request, _("Motivo agregado."))
            return go_to(request, "/ajustes/motivos/")
    return _reasons(request, form, status=422)


@page("pipeline.write")
@require_POST
def change_reason(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Rename one, switch it on or off, or remove it (`act`)."""
    reason = pipelines.reason_for(pk)
    act = request.POST.get("act", "")
    try:
        if act == "remove":
            pipelines.remove_reason(reason=reason, by=request.actor)
        elif act in ("on", "off"):
            pipelines.save_reason(reason=reason, is_active=act == "on", by=request.actor)
        else:
            pipelines.save_reason(reason=reason, name=request.POST.get("name", ""), by=request.actor)
    except AppError as error:
        request.undo = True
        messages.error(request, str(error.message))
    else:
        messages.success(request, _("Cambios guardados."))
    return go_to(request, "/ajustes/motivos/")
