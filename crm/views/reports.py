"""Dashboard and reports: what is asked for in the address, counted, shown as bars and a table, or as a file."""

import csv
import io
from collections.abc import Mapping
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from config.lib.cells import MARK, harmless
from config.lib.errors import AppError, NotFound
from config.lib.fragments import is_fragment
from config.lib.ids import as_uuid, key_of
from crm.access import seller_for
from crm.domain import periods
from crm.forms.reports import GoalForm, ScopeForm
from crm.models import Goal
from crm.reports import base, catalogue, dashboard
from crm.reports.base import Choices, Report, Scope
from crm.services.goals import remove_goal, set_goal
from tenants.access import page
from tenants.requests import Request


def scope_of(request: Request, words: Mapping[str, str]) -> Scope:
    """What the address asks for; the usual days when it is not understood."""
    today = today_of(request)
    return Scope(
        request.member,
        request.tenant,
        periods.asked(words, today) or periods.named(periods.USUAL, today),
        pipeline=as_uuid(words.get("pipeline", "")),
        seller=as_uuid(words.get("seller", "")),
    )


def today_of(request: Request) -> date:
    return timezone.now().astimezone(ZoneInfo(request.tenant.timezone)).date()


@page("reports.read")
@require_safe
def tablero(request: Request) -> HttpResponse:
    scope, offered = scope_of(request, request.GET), base.choices()
    arrivals, sources = dashboard.arrivals_and_sources(scope)
    context = {
        **_frame(request, scope, offered),
        "cards": dashboard.cards(scope),
        "reports": [arrivals, sources],
        "home": "/tablero/",
    }
    return render(request, "crm/_dashboard.html" if is_fragment(request) else "crm/dashboard.html", context)


@page("reports.read")
@require_safe
def report(request: Request, slug: str = "embudo") -> HttpResponse:
    entry = catalogue.BY_SLUG.get(slug)
    if entry is None:
        raise NotFound(_("Ese informe no existe."))
    scope = scope_of(request, request.GET)
    made = entry.make(scope, today_of(request))
    if request.GET.get("format") == "csv":
        return _as_file(made)
    offered = base.choices()
    context = {
        **_frame(request, scope, offered),
        "entry": entry,
        "report": made,
        "home": f"/informes/{slug}/",
        "csv": f"{request.path}?{_query(request, format='csv')}",
        "tabs": [
            {"label": each.title, "href": f"/informes/{each.slug}/?{_query(request)}", "current": each is entry}
            for each in catalogue.ENTRIES
        ],
    }
    return render(request, "crm/report.html", context)


@page("sellers.write")
@require_http_methods(["GET", "POST"])
def goal(request: Request) -> HttpResponse:
    """Set one; the same seller, month and measure again changes it."""
    sent = request.POST if request.method == "POST" else None
    form = GoalForm(sent, sellers=base.choices().sellers, initial={"month": today_of(request)})
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            set_goal(
                month=said["month"],
                measure=said["measure"],
                target=said["target"],
                seller=seller_for(said["seller"]) if said["seller"] else None,
                by=request.actor,
            )
        except AppError as error:
            for name, text in error.fields.items():
                form.add_error(name if name in form.fields else None, str(text))
        else:
            messages.success(request, _("Meta guardada."))
            return HttpResponseRedirect(_goals_of(said["month"]))
    rows = Goal.objects.select_related("seller").order_by("-month", "seller__name")[:100]
    context = {"form": form, "goals": rows, "back": "/informes/metas/"}
    return render(request, "crm/goals.html", context, status=422 if form.errors else 200)


@page("sellers.write")
@require_POST
def goal_remove(request: Request, pk: str) -> HttpResponse:
    row = Goal.objects.filter(pk=key_of(pk)).first()
    if row is None:
        raise NotFound(_("Esa meta no existe."))
    remove_goal(goal=row, by=request.actor)
    messages.success(request, _("Meta quitada."))
    return HttpResponseRedirect("/informes/metas/nueva/")


def _goals_of(month: date) -> str:
    last = periods.end_of_month(month)
    return f"/informes/metas/?period=custom&from={month.isoformat()}&to={last.isoformat()}"


def _frame(request: Request, scope: Scope, offered: Choices) -> dict[str, Any]:
    given = {name: request.GET.get(name, "") for name in ("pipeline", "seller")}
    return {
        "scope": scope,
        "filter": ScopeForm(offered=offered, period=scope.period, narrowed=given),
        "narrowed": any(given.values()) or scope.period.name != periods.USUAL,
    }


def _query(request: Request, **more: str) -> str:
    query = request.GET.copy()
    query.pop("format", None)
    for name, value in more.items():
        query[name] = value
    return query.urlencode()


def _as_file(made: Report) -> HttpResponse:
    """The table as CSV, harmless when a spreadsheet opens it."""
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\r\n")
    lines.writerow([column.label for column in made.columns])
    for row in made.rows:
        lines.writerow([harmless(_plain(cell.value)) for cell in row])
    answer = HttpResponse(MARK + text.getvalue(), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{made.key}.csv"'
    return answer


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return " + ".join(f"{amount} {currency}" for currency, amount in value)
    return "" if value is None else value
