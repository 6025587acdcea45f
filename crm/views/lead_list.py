"""The list of leads as a table: views as tabs, filters in the address, rows that can be chosen for an act on many."""

from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from config.lib import keyset
from config.lib.fragments import is_fragment
from crm.forms.lead_filters import LeadFilters
from crm.models import SavedView
from crm.services import list_choices
from crm.services.lead_filter_words import SORTS
from crm.services.lead_filters import LeadQuery
from crm.views import saved_views
from tenants.access import page
from tenants.audit_access import audit_access
from tenants.requests import Request


@dataclass(frozen=True)
class Removable:
    """An applied filter in words, with the address that leaves it out."""

    label: str
    shown: str
    href: str


@audit_access("leads.listed")
@page("leads.read")
@require_safe
def lead_list(request: Request) -> HttpResponse:
    choices = list_choices.of(request.member, words=request.GET.get("q", ""))
    query = LeadQuery.of(request.GET, request.member, choices=choices)
    found = query.count()
    order = query.order(found)
    rows = keyset.page(query.rows().order_by(), by=order, cursor=request.GET.get("cursor", ""))
    encoded = query.encoded()
    by_activity = query.sort == "active"
    context = {
        "by_activity": by_activity,
        "filter": LeadFilters(query, choices),
        "chips": chips(query, "/leads/"),
        "problems": list(query.problems.values()),
        "query": encoded,
        "live_address": request.get_full_path(),
        "views": saved_views.tabs(SavedView.List.LEADS, encoded, choices.views),
        "view_list": SavedView.List.LEADS,
        "found": query.count_words(max(found, len(rows.rows))),
        "page": rows,
        "columns": [
            _("Contacto"),
            _("Etapa"),
            _("Interés"),
            _("Vendedor"),
            _("Próximo paso"),
            _("Origen"),
            _("Valor"),
            _("Actividad") if by_activity else _("Creado"),
        ],
        "numeric": [_("Valor")],
        "caption": _("Leads: %(order)s") % {"order": SORTS[query.sort]},
    }
    return render(request, "crm/_lead_list.html" if is_fragment(request) else "crm/leads.html", context)


def chips(query: LeadQuery, home: str) -> list[Removable]:
    """The applied filters, each with the way to take it away."""
    found = []
    for chip in query.words():
        rest = query.encoded(without=chip.word)
        found.append(Removable(chip.label, chip.shown, f"{home}?{rest}" if rest else home))
    return found
