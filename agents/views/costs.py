"""What AI and messages cost: a page of sums, the entries behind each number, and the company's own limits and prices."""

import csv
import io
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from agents.domain.money import Totals
from agents.forms.costs import EntryFilter, PeriodForm, SpendingForm, category_name
from agents.models import Agent, LedgerEntry
from agents.services import ceiling, costs, prices
from agents.services.costs import Asked, Line, Report, Unit
from config.lib import days, keyset
from config.lib.cells import MARK, harmless
from config.lib.errors import AppError
from config.lib.fragments import go_to
from crm.domain import periods
from crm.domain.periods import Period
from tenants.access import page
from tenants.domain import roles
from tenants.domain.spending import MOST_FEES
from tenants.requests import Request
from tenants.services import companies, tenant_settings

ON_PAGE = 50
MOST_IN_FILE = 20_000
HOME, ENTRIES = "/agentes/costos/", "/agentes/costos/gastos/"


@dataclass(frozen=True)
class Row:
    """A line of a table, with the list of the entries it counts."""

    label: str
    totals: Totals
    href: str


@dataclass(frozen=True)
class Table:
    key: str
    title: str
    heading: str
    rows: list[Row]


@dataclass(frozen=True)
class Card:
    """What one outcome cost. `note` says how many, and of how many."""

    label: str
    unit: Unit
    note: str
    href: str


@page("runs.read")
@never_cache
@require_safe
def overview(request: Request) -> HttpResponse:
    asked = Asked(request.member, request.tenant, _period(request))
    found = costs.report(asked)
    own = tenant_settings.of(request.tenant)
    context = {
        "period": asked.period,
        "filter": PeriodForm(period=asked.period),
        "report": found,
        "today": ceiling.state(request.tenant) if request.member.sees == roles.ALL else None,
        "cards": [_card(asked, unit) for unit in found.units],
        "tables": _tables(asked, found),
        "all": _href(asked),
        "unpriced": _href(asked, unpriced="1"),
        "rate_missing": request.tenant.currency != "USD" and own.usd_rate is None,
        "home": HOME,
    }
    return render(request, "agents/costs.html", context)


@page("runs.read")
@never_cache
@require_safe
def entries(request: Request) -> HttpResponse:
    """The entries that a number counts, with their own sum."""
    words = {name: request.GET.get(name, "").replace("\x00", "")[:80] for name in NARROWING}
    unpriced = request.GET.get("unpriced") == "1"
    asked = Asked(request.member, request.tenant, _period(request), unpriced=unpriced, **words)
    rows = costs.listed(asked)
    if request.GET.get("format") == "csv":
        return _as_file(request, asked)
    agents = list(Agent.objects.order_by("name").values_list("pk", "name"))
    context = {
        "page": keyset.page(
            rows.select_related("agent"), by="created_at", cursor=request.GET.get("cursor", ""), limit=ON_PAGE
        ),
        "total": costs.total(rows),
        "period": asked.period,
        "filter": EntryFilter(period=asked.period, agents=agents, **words),
        "held": _held(words, unpriced),
        "narrowed": any(words.values()) or unpriced,
        "columns": [_("Cuándo"), _("Tipo"), _("Qué"), _("Para qué"), _("Agente"), _("Tokens"), _("US$"), _("Importe")],
        "numeric": [_("Tokens"), _("US$"), _("Importe")],
        "caption": _("Gastos, el último primero"),
        "home": ENTRIES,
        "csv": f"{ENTRIES}?{_query(request, format='csv')}",
    }
    return render(request, "agents/costs_entries.html", context)


def _as_file(request: Request, asked: Asked) -> HttpResponse:
    """The same entries as CSV, to be held against the provider's invoice: exact figures, harmless in a spreadsheet."""
    rows = costs.listed(asked).select_related("agent").order_by("created_at", "id")
    found = list(rows[: MOST_IN_FILE + 1])
    if len(found) > MOST_IN_FILE:
        messages.error(request, _("Son demasiados gastos para un archivo: elegir menos días."))
        return go_to(request, f"{ENTRIES}?{_query(request)}")
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\r\n")
    lines.writerow(["at", "kind", "what", "purpose", "agent", "tokens", "usd", "currency", "rate", "amount", "source"])
    for each in found:
        at, agent = each.created_at.astimezone(asked.zone).isoformat(), each.agent.name if each.agent else ""
        money = [
            "" if figure is None else f"{figure:f}" if isinstance(figure, Decimal) else figure
            for figure in (each.usd, each.currency, each.rate, each.amount)
        ]
        cells = (at, each.kind, each.what, each.purpose, agent, each.tokens, *money, each.source)
        lines.writerow([harmless(cell) for cell in cells])
    answer = HttpResponse(MARK + text.getvalue(), content_type="text/csv; charset=utf-8")
    name = f"gastos-{asked.period.first.isoformat()}-{asked.period.last.isoformat()}.csv"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _query(request: Request, **more: str) -> str:
    """The filters of the address, without its page."""
    query = request.GET.copy()
    for name in ("cursor", "format"):
        query.pop(name, None)
    for name, value in more.items():
        query[name] = value
    return query.urlencode()


NARROWING = ("kind", "agent", "what", "purpose", "outcome")


@page("settings.write")
@require_http_methods(["GET", "HEAD", "POST"])
def limits(request: Request) -> HttpResponse:
    """Ceiling, warning, rate, what the models cost and the provider's fees."""
    tenant = companies.fresh()
    seen = LedgerEntry.objects.filter(kind=LedgerEntry.Kind.MESSAGE).order_by().values_list("what", flat=True)
    form = SpendingForm(
        request.POST if request.method == "POST" else None,
        own=tenant_settings.of(tenant),
        currency=tenant.currency,
        categories=seen.distinct()[:MOST_FEES],
        models=prices.missing(prices.of(tenant)),
    )
    if request.method == "POST" and form.is_valid():
        try:
            companies.update_settings(by=request.actor, changes=form.changes())
        except AppError as error:
            form.refuse(error.fields, str(error.message))
        else:
            messages.success(request, _("Guardado. Vale para lo que se gaste desde ahora."))
            return go_to(request, HOME)
    return render(request, "agents/costs_limits.html", {"form": form, "back": HOME}, status=422 if form.errors else 200)


def _period(request: Request) -> Period:
    """What the address asks for; this month when it is not understood or too long."""
    today = timezone.now().astimezone(ZoneInfo(request.tenant.timezone)).date()
    period = periods.asked(request.GET.dict(), today)
    if period is None or period.days > costs.LONGEST_DAYS:
        return periods.named(periods.USUAL, today)
    return period


def _href(asked: Asked, **words: str) -> str:
    span = {"from": asked.period.first.isoformat(), "to": asked.period.last.isoformat()}
    return f"{ENTRIES}?{urlencode(span | words)}"


def _tables(asked: Asked, found: Report) -> list[Table]:
    model = {"kind": LedgerEntry.Kind.MODEL.value}
    message = {"kind": LedgerEntry.Kind.MESSAGE.value}
    shapes: tuple[tuple[str, str, str, dict[str, str], str], ...] = (
        ("kind", _("Por tipo"), _("Tipo"), {}, "kind"),
        ("agent", _("Por agente"), _("Agente"), model, "agent"),
        ("model", _("Por modelo"), _("Modelo"), model, "what"),
        ("purpose", _("Por uso"), _("Para qué"), model, "purpose"),
        ("category", _("Mensajes que cobra el proveedor"), _("Categoría"), message, "what"),
    )
    tables = [Table("day", _("Día por día"), _("Día"), [_day(asked, line) for line in found.days])]
    for key, title, heading, fixed, name in shapes:
        rows = [
            Row(_named(key, line), line.totals, _href(asked, **fixed, **{name: line.key})) for line in found.tables[key]
        ]
        tables.append(Table(key, title, heading, rows))
    return [table for table in tables if table.rows]


def _day(asked: Asked, line: Line) -> Row:
    day = date.fromisoformat(line.key)
    return Row(days.full(day), line.totals, f"{ENTRIES}?{urlencode({'from': line.key, 'to': line.key})}")


def _named(key: str, line: Line) -> str:
    if key == "category":
        return category_name(line.key)
    return line.label or (_("Sin agente") if key == "agent" else "—")


def _card(asked: Asked, unit: Unit) -> Card:
    label = {
        costs.CHAT: _("Por conversación"),
        costs.BOOKING: _("Por cita"),
        costs.CLIENT: _("Por cliente ganado"),
    }[unit.key]
    values = {"count": unit.count, "all": unit.all}
    note = {
        costs.CHAT: ngettext("%(count)s conversación con gasto.", "%(count)s conversaciones con gasto.", unit.count),
        costs.BOOKING: _("%(count)s de %(all)s citas tuvieron chats con gasto."),
        costs.CLIENT: _("%(count)s de %(all)s clientes tuvieron chats con gasto."),
    }[unit.key] % values
    if not unit.all:
        note = {
            costs.CHAT: _("Ninguna conversación con gasto."),
            costs.BOOKING: _("Ninguna cita en este período."),
            costs.CLIENT: _("Ningún cliente en este período."),
        }[unit.key]
    return Card(label, unit, note, _href(asked, outcome=unit.key))


def _held(words: dict[str, str], unpriced: bool) -> dict[str, Any]:
    """What came with a number and stays when the filters change: hidden fields, and the same in words."""
    hidden = {name: words[name] for name in ("what", "outcome") if words[name]} | (
        {"unpriced": "1"} if unpriced else {}
    )
    outcomes = {
        costs.CHAT: _("En conversaciones"),
        costs.BOOKING: _("Chats que llevaron a una cita"),
        costs.CLIENT: _("Chats que llevaron a un cliente"),
    }
    said = [outcomes[words["outcome"]]] if words["outcome"] in outcomes else []
    said += [words["what"]] if words["what"] else []
    said += [_("De precio desconocido")] if unpriced else []
    return {"hidden": hidden, "said": said}
