"""Pages of tasks: the list, one task, and what is done with it."""

import uuid
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core import signing
from django.db.models import Q
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from config.lib import keyset
from config.lib.errors import AppError
from config.lib.fragments import is_fragment
from crm.access import contact_for, lead_for, task_for
from crm.domain import due
from crm.forms.tasks import FinishForm, TaskFilter, TaskForm
from crm.models import Contact, SavedView, Task
from crm.models.work import TaskQuerySet
from crm.services import tasks
from crm.services.saved_views import cleaned_query, seen_by
from crm.services.steps import QUICK
from crm.views import saved_views
from crm.views.step import after, back_of, onto, seen
from tenants import circle
from tenants.access import page
from tenants.audit_access import audit_access
from tenants.models import Membership
from tenants.requests import Request

UNDO_SECONDS = 3600
SOONEST = keyset.Order("due_at", descending=False)
LATEST = keyset.Order("done_at")


@audit_access("tasks.listed")
@page("tasks.read")
@require_safe
def task_list(request: Request) -> HttpResponse:
    form = TaskFilter(request.GET)
    form.is_valid()  # an unknown filter value is simply not applied
    chosen = {name: value for name, value in form.cleaned_data.items() if value}
    around = due.days(timezone.now(), ZoneInfo(request.tenant.timezone))
    rows = narrowed(Task.objects.all(), chosen, request.member, around)
    done = chosen.get("when") == due.When.DONE
    found = keyset.page(
        rows.select_related("contact", "lead", "assignee"),
        by=LATEST if done else SOONEST,
        cursor=request.GET.get("cursor", ""),
    )
    context = {
        "filter": form,
        "filtered": bool(chosen.keys() - {"when", "whose"}),
        "tabs": _tabs(request, chosen.get("when", "")),
        "page": found,
        "rows": [(task, due.when(task.due_at, around, done=task.done_at is not None)) for task in found.rows],
        "back": request.get_full_path(),
        "seen": seen(request.member, found.rows),
    }
    if is_fragment(request):
        return render(request, "crm/_task_list.html", context)
    query = cleaned_query(urlencode(chosen))
    kept = saved_views.tabs(SavedView.List.TASKS, query, seen_by(request.member, SavedView.List.TASKS))
    views = [saved_views.Tab(_("Mis tareas"), "/tareas/", not query), *kept]
    return render(
        request, "crm/tasks.html", context | {"views": views, "view_list": SavedView.List.TASKS, "query": query}
    )


def narrowed(rows: TaskQuerySet, chosen: dict[str, Any], member: Membership, around: due.Days) -> TaskQuerySet:
    """By the words of the list's address. Without `whose` the member's own."""
    rows = rows.visible_to(member)
    whose = chosen.get("whose", "")
    if not whose and not (chosen.get("lead") or chosen.get("contact")):
        rows = rows.filter(assignee_id=member.user_id)
    elif whose == "team":
        rows = rows.filter(assignee__in=circle.of(member))
    for name in ("lead", "contact"):
        if chosen.get(name):
            rows = rows.filter(**{name: chosen[name]})
    if chosen.get("q"):
        named = Contact.objects.search(chosen["q"]).values("pk")
        rows = rows.filter(Q(title__icontains=chosen["q"]) | Q(contact__in=named))
    return _within(rows, chosen.get("when", ""), around)


def _within(rows: TaskQuerySet, when: str, around: due.Days) -> TaskQuerySet:
    if when == due.When.DONE:
        return rows.filter(done_at__isnull=False)
    edges = {
        due.When.LATE: Q(due_at__lt=around.now),
        due.When.TODAY: Q(due_at__gte=around.now, due_at__lt=around.tomorrow),
        due.When.WEEK: Q(due_at__gte=around.tomorrow, due_at__lt=around.next_week),
        due.When.LATER: Q(due_at__gte=max(around.tomorrow, around.next_week)),
    }
    return rows.open().filter(edges[due.When(when)]) if when else rows.open()


def _tabs(request: Request, current: str) -> list[dict[str, Any]]:
    words = {
        "": _("Abiertas"),
        due.When.LATE: _("Atrasadas"),
        due.When.TODAY: _("Hoy"),
        due.When.WEEK: _("Esta semana"),
        due.When.LATER: _("Más adelante"),
        due.When.DONE: _("Hechas"),
    }

    def address(when: str) -> str:
        query = request.GET.copy()
        for word in ("cursor", "when"):
            query.pop(word, None)
        if when:
            query["when"] = when
        return f"/tareas/?{query.urlencode()}" if query else "/tareas/"

    return [
        {"label": label, "href": address(when), "current": when == current, "count": None}
        for when, label in words.items()
    ]


@page("tasks.write")
@require_http_methods(["GET", "POST"])
def new(request: Request) -> HttpResponse:
    """`?lead=` or `?contact=` say whom it is for."""
    said = request.POST if request.method == "POST" else request.GET
    lead = lead_for(request.member, said["lead"]) if said.get("lead") else None
    contact = contact_for(request.member, said["contact"]) if said.get("contact") and lead is None else None
    people = _people(request)
    form = TaskForm(request.POST if request.method == "POST" else None, people=people)
    back = back_of(request, f"/leads/{lead.pk}/" if lead else "/tareas/")
    if request.method == "POST" and form.is_valid():
        try:
            tasks.create_task(lead=lead, contact=contact, by=request.actor, **form.values())
        except AppError as error:
            onto(form, error)
        else:
            messages.success(request, _("Tarea creada."))
            return HttpResponseRedirect(back)
    context = {
        "form": form,
        "title": _("Crear tarea"),
        "about": lead.contact if lead else contact,
        "hidden": {"lead": lead.pk if lead else "", "contact": contact.pk if contact else ""},
        "quick": QUICK,
        "back": back,
    }
    return render(request, "crm/task_form.html", context, status=422 if form.errors else 200)


@audit_access("task.viewed", resource="pk")
@page("tasks.read")
@require_safe
def detail(request: Request, pk: uuid.UUID) -> HttpResponse:
    return _shown(request, task_for(request.member, pk))


def _shown(request: Request, task: Task, *, form: FinishForm | None = None) -> HttpResponse:
    around = due.days(timezone.now(), ZoneInfo(request.tenant.timezone))
    context = {
        "task": task,
        "when": due.when(task.due_at, around, done=task.done_at is not None),
        "form": form or FinishForm(),
        "quick": QUICK,
        "seen": seen(request.member, [task]),
        "back": back_of(request, "/tareas/"),
    }
    template = "crm/_task.html" if is_fragment(request) else "crm/task.html"
    return render(request, template, context, status=422 if form is not None else 200)


@audit_access("task.viewed", resource="pk")
@page("tasks.write")
@require_http_methods(["GET", "POST"])
def edit(request: Request, pk: uuid.UUID) -> HttpResponse:
    task = task_for(request.member, pk)
    form = TaskForm.of(task, _people(request), request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            tasks.update_task(task=task, by=request.actor, **form.values(task))
        except AppError as error:
            onto(form, error)
        else:
            messages.success(request, _("Cambios guardados."))
            return HttpResponseRedirect(back_of(request, f"/tareas/{pk}/"))
    context = {
        "form": form,
        "title": _("Editar tarea"),
        "about": task.contact,
        "hidden": {},
        "quick": QUICK,
        "back": back_of(request, f"/tareas/{pk}/"),
    }
    return render(request, "crm/task_form.html", context, status=422 if form.errors else 200)


@audit_access("task.viewed", resource="pk")
@page("tasks.write")
@require_http_methods(["GET", "POST"])
def finish(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Done, with the result and what comes next. The last step of an open lead asks for another."""
    task = task_for(request.member, pk)
    if request.method == "GET":  # somebody reloaded the page of a refused form
        return HttpResponseRedirect(f"/tareas/{pk}/")
    form = FinishForm(request.POST)
    if not form.is_valid():
        return _shown(request, task, form=form)
    said = form.cleaned_data
    try:
        tasks.finish(task=task, by=request.actor, outcome=said["outcome"])
        if said["due_at"]:
            title = said["title"] or task.title
            tasks.create_task(
                title=title, due_at=said["due_at"], lead=task.lead, contact=task.contact, by=request.actor
            )
    except AppError as error:
        request.undo = True  # either the task is done and the next one planned, or nothing
        onto(form, error)
        task.done_at = None
        return _shown(request, task, form=form)
    return HttpResponseRedirect(after(request, task.lead, back_of(request, f"/tareas/{pk}/")))


@audit_access("task.viewed", resource="pk")
@page("tasks.write")
@require_POST
def reopen(request: Request, pk: uuid.UUID) -> HttpResponse:
    tasks.reopen(task=task_for(request.member, pk), by=request.actor)
    return HttpResponseRedirect(back_of(request, f"/tareas/{pk}/"))


@audit_access("task.viewed", resource="pk")
@page("tasks.write")
@require_POST
def put_off(request: Request, pk: uuid.UUID) -> HttpResponse:
    """One day later; a reminder moves along."""
    task = task_for(request.member, pk)
    later = due.put_off(task.due_at, timezone.now(), ZoneInfo(request.tenant.timezone))
    remind = {"remind_at": task.remind_at + (later - task.due_at)} if task.remind_at else {}
    tasks.update_task(task=task, by=request.actor, due_at=later, **remind)
    return HttpResponseRedirect(back_of(request, f"/tareas/{pk}/"))


@audit_access("task.viewed", resource="pk")
@page("tasks.write")
@require_POST
def delete(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Gone; the answer holds the way back, and nothing else does."""
    task = task_for(request.member, pk)
    kept = tasks.delete_task(task=task, by=request.actor)
    sealed = signing.dumps(kept, salt=_salt(request), compress=True)
    context = {"title": task.title, "kept": sealed, "back": back_of(request, "/tareas/", besides=f"/tareas/{pk}/")}
    return render(request, "crm/task_deleted.html", context)


@page("tasks.write")
@require_POST
def restore(request: Request) -> HttpResponse:
    try:
        kept = signing.loads(request.POST.get("kept", ""), salt=_salt(request), max_age=UNDO_SECONDS)
    except signing.BadSignature as error:
        raise AppError(_("Ya no se puede deshacer: pasó más de una hora.")) from error
    task = tasks.restore(kept=kept, by=request.actor)
    messages.success(request, _("La tarea está de vuelta."))
    return HttpResponseRedirect(f"/tareas/{task.pk}/")


def _salt(request: Request) -> str:
    return f"task of {request.tenant.pk} for {request.user.pk}"


def _people(request: Request) -> list[Membership]:
    """Who may be given a task."""
    rows = Membership.objects.active().filter(tenant_id=request.tenant.pk)
    return list(rows.select_related("user").order_by("user__name"))
