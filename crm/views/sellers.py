"""Who attends: the list, one of them, their week, their absences."""

import uuid
from typing import Any

from django.contrib import messages
from django.db.models import Exists, OuterRef, Subquery
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from config.lib import counts, keyset
from config.lib.errors import AppError
from config.lib.fragments import go_to
from crm.access import seller_for
from crm.forms.hours import DAYS
from crm.forms.sellers import AbsenceForm, SellerForm
from crm.models import Absence, Lead, Seller
from crm.services import absences, assignment, sellers
from tenants.access import page
from tenants.forms_people import onto
from tenants.models import Membership
from tenants.requests import Request

ORDER = keyset.Order("created_at")


@page("sellers.read")
@require_safe
def seller_list(request: Request) -> HttpResponse:
    now = timezone.now()
    away = Absence.objects.filter(seller=OuterRef("pk"), starts_at__lte=now, ends_at__gt=now).order_by("ends_at")
    next_one = Absence.objects.filter(seller=OuterRef("pk"), starts_at__gt=now).order_by("starts_at")
    works = Membership.objects.active().filter(tenant_id=request.tenant.pk, user_id=OuterRef("user_id"))
    rows = Seller.objects.annotate(
        held=counts.Counted(Lead.objects.filter(owner=OuterRef("pk"), closed_at__isnull=True)),
        away_until=Subquery(away.values("ends_at")[:1]),
        away_from=Subquery(next_one.values("starts_at")[:1]),
        enters=Exists(works),
    )
    found = keyset.page(rows, by=ORDER, cursor=request.GET.get("cursor", ""))
    for seller in found.rows:
        seller.state = _state(seller, now, request.tenant.timezone)  # type: ignore[attr-defined]  # for the template
        seller.held_words = counts.words(seller.held)  # type: ignore[attr-defined]  # annotated, and for the template
    context = {
        "page": found,
        "columns": [_("Nombre"), _("Ahora"), _("Leads abiertos"), _("Especialidades"), _("Próxima ausencia")],
        "numeric": [_("Leads abiertos")],
    }
    return render(request, "crm/sellers.html", context)


def _state(seller: Any, now: Any, zone: str) -> dict[str, str]:
    """Whether the rules give them something now, and if not, why: {"kind", "label"} of a mark."""
    if not seller.is_active:
        return {"kind": "", "label": _("No atiende")}
    if seller.user_id is not None and not seller.enters:
        return {"kind": "", "label": _("Sin acceso al sistema")}
    if seller.away_until is not None:
        return {"kind": "needs", "label": _("Ausente")}
    if not assignment.on_time(seller, now, zone):
        return {"kind": "", "label": _("Fuera de horario")}
    if seller.capacity is not None and seller.held >= seller.capacity:
        return {"kind": "needs", "label": _("Completo")}
    return {"kind": "accent", "label": _("Disponible")}


@page("sellers.read")
@require_safe
def detail(request: Request, pk: uuid.UUID) -> HttpResponse:
    return shown(request, seller_for(pk, inactive=True))


def shown(request: Request, seller: Seller, *, form: AbsenceForm | None = None) -> HttpResponse:
    open_leads = Lead.objects.filter(owner=seller, closed_at__isnull=True)[: counts.MOST + 1].count()
    context = {
        "seller": seller,
        "open_leads": counts.words(open_leads),
        "has_leads": open_leads > 0,
        "week": [(name, seller.working_hours.get(str(number), ())) for number, name in enumerate(DAYS)],
        "absences": absences.coming(seller),
        **sellers.booking_facts(seller),
        "now": timezone.now(),
        "form": form or (AbsenceForm(seller=seller) if request.member.may("sellers.write") else None),
    }
    return render(request, "crm/seller.html", context, status=422 if form is not None else 200)


@page("sellers.write")
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: Request) -> HttpResponse:
    form = SellerForm(request.POST if request.method == "POST" else None, people=_people(None))
    if request.method == "POST" and form.is_valid():
        try:
            seller = sellers.create_seller(by=request.actor, **_said(form))
        except AppError as error:
            _onto(form, error)
        else:
            messages.success(request, _("Vendedor creado."))
            return go_to(request, f"/vendedores/{seller.pk}/")
    return _form(request, form, _("Agregar vendedor"), "/vendedores/")


@page("sellers.write")
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: Request, pk: uuid.UUID) -> HttpResponse:
    seller = seller_for(pk, inactive=True)
    form = SellerForm(request.POST if request.method == "POST" else None, seller=seller, people=_people(seller))
    if request.method == "POST" and form.is_valid():
        attended = seller.is_active
        try:
            seller = sellers.update_seller(seller=seller, by=request.actor, **_said(form))
        except AppError as error:
            _onto(form, error)
        else:
            messages.success(request, _("Cambios guardados."))
            left = attended and not seller.is_active and Lead.objects.filter(owner=seller, closed_at=None).exists()
            return go_to(request, f"/vendedores/{pk}/traspaso/" if left else f"/vendedores/{pk}/")
    return _form(request, form, _("Editar vendedor"), f"/vendedores/{pk}/")


def _form(request: Request, form: SellerForm, title: str, back: str) -> HttpResponse:
    status = 422 if form.errors else 200
    return render(request, "crm/seller_form.html", {"form": form, "title": title, "back": back}, status=status)


def _people(seller: Seller | None) -> list[Membership]:
    """Active members who are nobody's seller, and the one who is this one's."""
    taken = Seller.objects.exclude(user=None)
    if seller is not None:
        taken = taken.exclude(pk=seller.pk)
    rows = Membership.objects.active().filter(~Exists(taken.filter(user_id=OuterRef("user_id"))))
    return list(rows.select_related("user").order_by("user__name")[:200])


def _said(form: SellerForm) -> dict[str, Any]:
    values = form.values
    return {**values, "user": sellers.member_user(uuid.UUID(values["user"])) if values["user"] else None}


def _onto(form: SellerForm, error: AppError) -> None:
    error.fields = {{"working_hours": "day_0"}.get(name, name): words for name, words in error.fields.items()}
    onto(form, error)


@page("sellers.write")
@require_POST
def add_absence(request: Request, pk: uuid.UUID) -> HttpResponse:
    seller = seller_for(pk)
    form = AbsenceForm(request.POST, seller=seller)
    if form.is_valid():
        said = form.cleaned_data
        times = form.times(seller.timezone or request.tenant.timezone)
        try:
            absences.add_absence(seller=seller, by=request.actor, reason=said["reason"], cover=said["cover"], **times)
        except AppError as error:
            error.fields = {AbsenceForm.NAMES.get(name, name): words for name, words in error.fields.items()}
            onto(form, error)
        else:
            messages.success(request, _("Ausencia anotada."))
            return go_to(request, f"/vendedores/{pk}/")
    return shown(request, seller, form=form)


@page("sellers.write")
@require_POST
def remove_absence(request: Request, pk: uuid.UUID) -> HttpResponse:
    row = absences.absence_for(pk)
    absences.remove_absence(absence=row, by=request.actor)
    messages.success(request, _("Ausencia quitada."))
    return go_to(request, f"/vendedores/{row.seller_id}/")
