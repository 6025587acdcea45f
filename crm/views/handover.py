"""A seller's portfolio passes to others: what it holds, who receives, and the way back."""

import uuid
from dataclasses import asdict

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from config.lib import counts
from config.lib.errors import AppError
from config.lib.fragments import go_to, is_fragment
from crm.access import seller_for
from crm.forms.sellers import HandoverForm
from crm.models import Seller
from crm.services import handover
from tenants.access import page
from tenants.forms_people import onto
from tenants.requests import Request


@page("sellers.write")
@require_http_methods(["GET", "HEAD", "POST"])
def show(request: Request, pk: uuid.UUID) -> HttpResponse:
    seller = seller_for(pk, inactive=True)
    form = HandoverForm(request.POST if request.method == "POST" else None, seller=seller)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            row = handover.start(
                seller=seller,
                to=[] if said["by_rule"] else list(said["to"]),
                by_rule=said["by_rule"],
                open_only=said["which"] == "open",
                clients=said["clients"],
                tasks=said["tasks"],
                by=request.actor,
                user=request.user,
            )
        except AppError as error:
            onto(form, error)
        else:
            done = row.status == handover.Status.DONE
            messages.success(request, _("Cartera traspasada.") if done else _("El traspaso empezó."))
            return go_to(request, f"/vendedores/{pk}/traspaso/")
    return _shown(request, seller, form)


def _shown(request: Request, seller: Seller, form: HandoverForm) -> HttpResponse:
    now = timezone.now()
    rows = handover.lately(seller)
    for row in rows:
        row.undoable = handover.can_undo(row, now)  # type: ignore[attr-defined]  # for the template
    context = {
        "seller": seller,
        "form": form,
        "portfolio": {name: counts.words(held) for name, held in asdict(handover.portfolio(seller)).items()},
        "rows": rows,
        "running": any(row.status in handover.RUNNING for row in rows),
    }
    whole = "crm/_handovers.html" if is_fragment(request) else "crm/handover.html"
    return render(request, whole, context, status=422 if form.errors else 200)


@page("sellers.write")
@require_POST
def undo(request: Request, pk: uuid.UUID) -> HttpResponse:
    row = handover.handover_for(pk)
    try:
        row = handover.undo(row=row, by=request.actor)
    except AppError as error:
        messages.error(request, str(error.message))
    else:
        done = row.status == handover.Status.UNDONE
        messages.success(request, _("Traspaso deshecho.") if done else _("El traspaso se está deshaciendo."))
    return go_to(request, f"/vendedores/{row.arguments['from']}/traspaso/")
