"""Saved views: the tabs above a list, and the page where they are named, ordered, shared and deleted."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from config.lib.errors import AppError, Conflict, Invalid
from crm.forms.saved_views import ViewForm
from crm.models import SavedView
from crm.services import saved_views
from tenants.access import page
from tenants.requests import Request

# What every list offers without anybody having saved it.
READY: dict[str, tuple[tuple[Promise, str], ...]] = {
    SavedView.List.LEADS: (
        (gettext_lazy("Todos"), ""),
        (gettext_lazy("A mi cargo"), "owner=me&status=open"),
        (gettext_lazy("Sin asignar"), "owner=none&status=open"),
        (gettext_lazy("Sin próximo paso"), "step=none"),
    ),
    SavedView.List.CONTACTS: ((gettext_lazy("Todos"), ""),),
    SavedView.List.CLIENTS: ((gettext_lazy("Todos"), ""),),
    SavedView.List.TASKS: (),
}


@dataclass(frozen=True)
class Tab:
    """A view above its list; `count` is for tabs.html and never counted here."""

    label: str
    href: str
    current: bool
    shared: bool = False
    count: str | None = None


def tabs(which: str, query: str, views: Iterable[SavedView]) -> list[Tab]:
    """The ready ones, then the saved ones of `crm.services.saved_views.seen_by`; `query` is what the address asks for."""
    home, _permission = saved_views.HOMES[SavedView.List(which)]
    now = _same(query)
    ready = [Tab(str(label), _address(home, each), _same(each) == now) for label, each in READY[which]]
    saved = [Tab(view.name, _address(home, view.query), _same(view.query) == now, view.is_shared) for view in views]
    return ready + saved


def _address(home: str, query: str) -> str:
    return f"{home}?{query}" if query else home


def _same(query: str) -> frozenset[str]:
    return frozenset(part for part in saved_views.cleaned_query(query).split("&") if part)


@page("events.read")
@require_safe
def manage(request: Request) -> HttpResponse:
    return _page(request)


@page("events.read")
@require_POST
def save(request: Request) -> HttpResponse:
    """From a list's "save view", or to take a deletion back."""
    form = ViewForm(request.POST)
    if not form.is_valid():
        return _page(request, failed=form)
    said = form.cleaned_data
    try:
        view = saved_views.save_view(
            list=said["list"],
            name=said["name"],
            query=said["query"],
            is_shared=said["is_shared"],
            member=request.member,
            by=request.actor,
        )
    except (Invalid, Conflict) as error:
        request.undo = True
        return _page(request, failed=_with(form, error))
    messages.success(request, _("Vista guardada."))
    return HttpResponseRedirect(_address(saved_views.HOMES[SavedView.List(view.list)][0], view.query))


@page("events.read")
@require_http_methods(["GET", "POST"])
def change(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Name and who sees it; or one place up or down (`move`)."""
    view = saved_views.view_for(request.member, pk)
    if request.method == "GET":
        return HttpResponseRedirect("/vistas/")
    if request.POST.get("move") in ("up", "down"):
        saved_views.move_view(view=view, by=request.actor, up=request.POST["move"] == "up")
        return HttpResponseRedirect("/vistas/")
    try:
        saved_views.update_view(
            view=view,
            member=request.member,
            by=request.actor,
            name=request.POST.get("name", ""),
            is_shared=request.POST.get("is_shared") == "on",
        )
    except (Invalid, Conflict) as error:
        request.undo = True
        return _page(request, problem=(view.pk, request.POST.get("name", ""), _words(error)))
    messages.success(request, _("Cambios guardados."))
    return HttpResponseRedirect("/vistas/")


@page("events.read")
@require_http_methods(["GET", "POST"])
def delete(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Gone at once; the answer offers to bring it back."""
    view = saved_views.view_for(request.member, pk)
    if request.method == "GET":
        return HttpResponseRedirect("/vistas/")
    saved_views.delete_view(view=view, by=request.actor)
    return _page(request, deleted=view)


def _page(
    request: Request,
    *,
    failed: ViewForm | None = None,
    deleted: SavedView | None = None,
    problem: tuple[uuid.UUID, str, str] | None = None,
) -> HttpResponse:
    rows = list(saved_views.seen_by(request.member)[:200])
    shares = request.member.may("views.share")
    for row in rows:
        row.mine = row.owner_id == request.member.user_id  # type: ignore[attr-defined]  # for the template
        row.may_change = row.mine or shares  # type: ignore[attr-defined]
        row.href = _address(saved_views.HOMES[SavedView.List(row.list)][0], row.query)  # type: ignore[attr-defined]
        if problem and row.pk == problem[0]:
            row.name, row.wrong = problem[1], problem[2]  # type: ignore[attr-defined]
    context = {"rows": rows, "shares": shares, "failed": failed, "deleted": deleted}
    return render(request, "crm/views.html", context, status=422 if failed or problem else 200)


def _with(form: ViewForm, error: AppError) -> ViewForm:
    for name, text in (error.fields or {"": error.message}).items():
        form.add_error(name if name in form.fields else None, str(text))
    return form


def _words(error: AppError) -> str:
    return str(next(iter(error.fields.values()), error.message))
