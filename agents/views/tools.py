"""Pages of tools: the list with how each went, the two texts of any, a service of one's own step by step, and a try."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from agents.access import within_chats
from agents.forms.tools import ServiceForm, TextsForm, TryForm
from agents.models import Tool as Row
from agents.models import ToolCall
from agents.services import http_tools, tool_trials, tools
from agents.tools import TOOLS, tool_named
from config.lib import keyset
from config.lib.errors import AppError, Forbidden
from config.lib.fragments import go_to, is_fragment
from tenants.access import page
from tenants.audit_access import audit_access
from tenants.forms_people import onto
from tenants.requests import Request

HOME = "/agentes/herramientas/"


@page("agents.read")
@never_cache
@require_safe
def tool_list(request: Request) -> HttpResponse:
    found = tools.entries()
    groups = [
        (_("Propias"), [each for each in found if each.own]),
        (_("De la plataforma"), [each for each in found if not each.own]),
    ]
    return render(request, "agents/tools.html", {"groups": [each for each in groups if each[1]], "days": tools.DAYS})


@page("agents.write")
@sensitive_post_parameters("secrets")
@sensitive_variables("form", "fields")
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: Request) -> HttpResponse:
    form = ServiceForm.of(None, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        fields = _checked(request, form)
        try:
            row = http_tools.create_tool(by=request.actor, **fields)
        except AppError as error:
            onto(form, error)
        else:
            messages.success(request, _("Herramienta guardada. Falta dársela a un agente; antes se puede probar."))
            return go_to(request, f"{HOME}{row.name}/")
    context = {"form": form, "title": _("Herramienta nueva")}
    return render(request, "agents/tool_new.html", context, status=422 if form.errors else 200)


@page("agents.read")
@never_cache
@require_safe
def detail(request: Request, name: str) -> HttpResponse:
    """Who may not write reads the same page, switched off."""
    row = tools.row_of(name)
    return _shown(request, name, row, _form(name, row))


@page("agents.write")
@sensitive_post_parameters("secrets")
@sensitive_variables("form", "fields")
@require_http_methods(["GET", "HEAD", "POST"])
def save(request: Request, name: str) -> HttpResponse:
    """A refused form stays at this address: reloading it leads back to the tool."""
    row = tools.row_of(name)
    if request.method != "POST":
        return go_to(request, f"{HOME}{name}/")
    form = _form(name, row, request.POST)
    if form.is_valid():
        try:
            if isinstance(form, ServiceForm) and row is not None:
                http_tools.update_tool(row=row, by=request.actor, **_checked(request, form))
            else:
                tools.change_platform_tool(name=name, by=request.actor, **form.cleaned_data)
        except AppError as error:
            onto(form, error)
        else:
            messages.success(request, _("Cambios guardados: valen desde el próximo mensaje."))
            return go_to(request, f"{HOME}{name}/")
    return _shown(request, name, row, form)


@page("agents.write")
@require_POST
def remove(request: Request, name: str) -> HttpResponse:
    row = tools.own_row(name)
    try:
        http_tools.remove_tool(row=row, by=request.actor)
    except AppError as error:
        messages.error(request, str(error.message))
        return go_to(request, f"{HOME}{name}/")
    messages.success(request, _("Herramienta borrada."))
    return go_to(request, HOME)


@page("agents.write")
@require_http_methods(["GET", "HEAD", "POST"])
def try_it(request: Request, name: str) -> HttpResponse:
    """Shows what would be sent; what only reads is asked in earnest."""
    row = tools.own_row(name)
    if request.method != "POST":
        return go_to(request, f"{HOME}{name}/")
    form = TryForm(row.parameters, request.POST)
    if form.is_valid():
        try:
            trial = tool_trials.begin(row=row, arguments=form.values(), by=request.actor)
        except AppError as error:
            onto(form, error)
        else:
            return go_to(request, f"{HOME}{name}/probar/{trial.id}/")
    return _shown(request, name, row, _form(name, row), trying=form)


@page("agents.write")
@never_cache
@require_safe
def trial(request: Request, name: str, trial: uuid.UUID) -> HttpResponse:
    """A try, asked for again while its answer is on the way."""
    row = tools.own_row(name)
    context = {"trial": tool_trials.find(trial, row), "row": row, "reads": not row.writes}
    return render(request, "agents/_tool_trial.html" if is_fragment(request) else "agents/tool_trial.html", context)


@audit_access("runs.listed")
@page("runs.read")
@never_cache
@require_safe
def calls(request: Request, name: str) -> HttpResponse:
    """Each use of a tool, the last first; what was said in it is on the page of its turn."""
    row = tools.row_of(name)
    rows = within_chats(ToolCall.objects.filter(tool=name), request.member).defer("arguments", "result")
    found = keyset.page(rows, by="created_at", cursor=request.GET.get("cursor", ""))
    context = {
        "page": found,
        "title": tools.entry_of(name, row).label,
        "name": name,
        "columns": [_("Hora"), _("Resultado"), _("Duración")],
        "numeric": [_("Duración")],
        "caption": _("Usos de la herramienta, el último primero"),
    }
    return render(request, "agents/tool_calls.html", context)


def _form(name: str, row: Row | None, data: Any = None) -> TextsForm | ServiceForm:
    tool = tool_named(name)
    if tool is None:
        return ServiceForm.of(row, data)
    return TextsForm.of(row, waits=tools.may_wait(tool), closes=not tool.always, data=data)


@sensitive_variables("form", "fields")
def _checked(request: Request, form: ServiceForm) -> dict[str, Any]:
    """What the service takes. Storing a secret needs the right to."""
    fields = dict(form.cleaned_data)
    if fields["secrets"] and not request.member.may("credentials.write"):
        raise Forbidden(_("Su rol no permite guardar claves."))
    return fields


def _shown(
    request: Request,
    name: str,
    row: Row | None,
    form: TextsForm | ServiceForm,
    *,
    trying: TryForm | None = None,
) -> HttpResponse:
    own = name not in TOOLS
    tool = tool_named(name)
    context = {
        "entry": tools.entry_of(name, row),
        "form": form,
        "own": own,
        "protocol": tool.protocol if tool else "",
        "secrets": http_tools.stored_secrets(row) if own and row else [],
        "trying": trying or (TryForm(row.parameters) if own and row else None),
        "days": tools.DAYS,
    }
    failed = form.errors or (trying is not None and trying.errors)
    return render(request, "agents/tool.html", context, status=422 if failed else 200)
