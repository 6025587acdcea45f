"""The next step of a lead: planning it, saying why there is none, and taking a lead that nobody has."""

import uuid
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from config.lib.errors import AppError, Conflict
from config.lib.fragments import is_fragment
from crm.access import lead_for
from crm.forms.tasks import StepForm
from crm.models import Contact, Lead, Seller, Task
from crm.services import assignment, steps, tasks
from crm.services.steps import QUICK
from tenants.access import page
from tenants.audit_access import audit_access
from tenants.forms import safe_next
from tenants.models import Membership
from tenants.requests import Request


@audit_access("lead.viewed", resource="pk")
@page("tasks.write")
@require_http_methods(["GET", "POST"])
def plan(request: Request, pk: uuid.UUID) -> HttpResponse:
    """A task with a date, or a reason with its day."""
    lead = lead_for(request.member, pk, lock=request.method == "POST")
    form = StepForm(request.POST if request.method == "POST" else None)
    back = back_of(request, f"/leads/{pk}/")
    if request.method == "POST" and form.is_valid():
        try:
            _keep(request, lead, form)
        except AppError as error:
            onto(form, error)
        else:
            return HttpResponseRedirect(back)
    context = {"lead": lead, "form": form, "quick": QUICK, "back": back}
    template = "crm/_step_page.html" if is_fragment(request) else "crm/step.html"
    return render(request, template, context, status=422 if form.errors else 200)


def _keep(request: Request, lead: Lead, form: StepForm) -> None:
    said = form.cleaned_data
    if form.explains:
        steps.explain(lead=lead, reason=said["reason"], until=said["until"], by=request.actor)
    else:
        title = said["title"] or _("Seguimiento")
        tasks.create_task(title=title, due_at=said["due_at"], lead=lead, by=request.actor)


@audit_access("lead.viewed", resource="pk")
@page("leads.write")
@require_POST
def take(request: Request, pk: uuid.UUID) -> HttpResponse:
    """The lead is mine from now on, when nobody had it."""
    lead = lead_for(request.member, pk, lock=True)
    seller = Seller.objects.filter(user_id=request.user.pk, is_active=True).first()
    if seller is None:
        messages.error(request, _("Para tomar leads hay que figurar entre los vendedores."))
    elif lead.owner_id not in (None, seller.pk):
        raise Conflict(_("Ese lead ya lo tomó %(who)s.") % {"who": lead.owner})
    else:
        assignment.assign(lead=lead, owner=seller, by=request.actor)
    return HttpResponseRedirect(back_of(request, f"/leads/{pk}/"))


# --- parts shared with the pages of tasks -----------------------------------------------------------------------
def after(request: Request, lead: Lead | None, back: str) -> str:
    """Where to go once a task is done: a lead that is left without a step asks for one first."""
    if lead is None or not steps.lacking(Lead.objects.visible_to(request.member).filter(pk=lead.pk)).exists():
        return back
    if back.startswith("/mi-dia/"):  # it asks in its own list; by address, since it lies in a layer above
        return f"{back}{'&' if '?' in back else '?'}paso={lead.pk}#lead-{lead.pk}"
    return f"/leads/{lead.pk}/paso/?{urlencode({'next': back})}"


def back_of(request: Request, fallback: str, *, besides: str = "") -> str:
    """The page that the form came from, when it says so and it is one of ours; not `besides`."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    found = safe_next(request, wanted, fallback)
    return fallback if besides and found.startswith(besides) else found


def seen(member: Membership, rows: Iterable[Task]) -> set[uuid.UUID]:
    """Of these tasks' contacts, those whose page the member may open. One statement, none for members who see all."""
    ids = {task.contact_id for task in rows if task.contact_id}
    if not ids:
        return set()
    return set(Contact.objects.visible_to(member).filter(pk__in=ids).values_list("pk", flat=True))


def onto(form: Any, error: AppError) -> None:
    """A refusal of the service beside the fields it names, the rest at the top."""
    known = {name: text for name, text in error.fields.items() if name in form.fields}
    for name, text in known.items():
        form.add_error(name, str(text))
    if not known:
        form.add_error(None, str(error.message))
