"""Steps that wait for this member's word."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from config.lib.errors import AppError
from config.lib.fragments import go_to, is_fragment
from crm.forms.pipelines import DecisionForm
from crm.models import StageRequest
from crm.services import approvals
from crm.views.step import back_of
from tenants.access import page
from tenants.audit_access import audit_access
from tenants.forms_people import onto
from tenants.requests import Request

HOME = "/aprobaciones/"
MOST = 100


@audit_access("leads.listed")
@page("leads.approve")
@require_safe
def waiting(request: Request) -> HttpResponse:
    return _list(request)


def _list(
    request: Request, *, refused: StageRequest | None = None, form: DecisionForm | None = None, status: int = 200
) -> HttpResponse:
    rows = list(approvals.waiting_for(request.member)[:MOST])
    context = {"requests": rows, "refused": refused.pk if refused else None, "form": form or DecisionForm()}
    template = "crm/_approvals.html" if is_fragment(request) else "crm/approvals.html"
    return render(request, template, context, status=status)


@audit_access("leads.listed")
@page("leads.approve")
@require_POST
def decide(request: Request, pk: uuid.UUID, word: str) -> HttpResponse:
    """`word` is aprobar or rechazar."""
    asked = approvals.request_for(request.member, pk)
    form = DecisionForm(request.POST)
    if not form.is_valid():
        return _list(request, refused=asked, form=form, status=422)
    act = approvals.approve if word == "aprobar" else approvals.refuse
    try:
        done = act(asked=asked, role=request.member.role, by=request.actor, comment=form.cleaned_data["comment"])
    except AppError as error:
        onto(form, error)
        return _list(request, refused=asked, form=form, status=422)
    if done.status == StageRequest.Status.STALE:
        messages.warning(request, _("El lead se movió mientras tanto: el pedido perdió sentido."))
    elif done.status == StageRequest.Status.APPROVED:
        messages.success(request, _("Aprobado: el lead pasó a «%(stage)s».") % {"stage": done.target})
    else:
        messages.success(request, _("Rechazado. Se avisó a quien lo pidió."))
    return go_to(request, back_of(request, HOME))
