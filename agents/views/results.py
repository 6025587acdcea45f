"""What agents achieved: a page of numbers, the ends of chats behind each number, and putting one right."""

import uuid
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from agents.access import assessment_for
from agents.domain import assessment as rules
from agents.domain.results import ENOUGH_CHATS, PAUSE, SMALL
from agents.forms.results import CorrectionForm, ResultsFilter, StretchFilter, reason_words
from agents.models import Agent, AgentRun, Assessment
from agents.services import costs, results
from agents.services.costs import Unit
from agents.services.results import NOBODY, Asked, Counts, Report, Savings
from config.lib import keyset
from config.lib.errors import AppError, Conflict
from config.lib.fragments import go_to, is_fragment
from config.lib.ids import as_uuid
from crm.domain import periods
from crm.domain.periods import Period
from messaging.access import conversation_for
from messaging.models import Conversation
from tenants.access import page
from tenants.audit_access import audit_access
from tenants.requests import Request

ON_PAGE = 50
HOME, LIST = "/agentes/resultados/", "/agentes/resultados/lista/"
RUNS, ENTRIES = "/agentes/turnos/", "/agentes/costos/gastos/"
WORDS = ("agent", "outcome", "reason", "fact")
LONGEST_DAYS = costs.LONGEST_DAYS


@dataclass(frozen=True)
class Number:
    """A count, the list of exactly what it counts, and its share of all where that says something."""

    label: str
    count: int
    href: str
    percent: int | None = None


@dataclass(frozen=True)
class Row:
    label: str
    numbers: list[Number]


@dataclass(frozen=True)
class Cost:
    label: str
    unit: Unit
    href: str


@dataclass(frozen=True)
class Item:
    """One end of a chat in the list; `contact` is empty when the chat is gone."""

    row: Assessment
    contact: str
    why: str
    href: str


@page("runs.read")
@never_cache
@require_safe
def overview(request: Request) -> HttpResponse:
    asked = Asked(request.member, request.tenant, _period(request), agent=_word(request, "agent"))
    found = results.report(asked)
    context = {
        "period": asked.period,
        "filter": ResultsFilter(period=asked.period, agents=_team(found, asked.agent), agent=asked.agent),
        "report": found,
        "cards": _cards(asked, found.counts),
        "handed": _reasons(asked, found, rules.HANDED_OVER),
        "unresolved": _reasons(asked, found, rules.UNRESOLVED),
        "turns": _turns(asked, found),
        "rows": _rows(asked, found),
        "columns": [_("Atenciones"), *(str(label) for _value, label in Assessment.Outcome.choices)],
        "costs": [_cost(asked, unit) for unit in found.units],
        "missing": _missing(found.savings),
        "small": SMALL,
        "pause": int(PAUSE.total_seconds() // 60),
        "home": HOME,
    }
    return render(request, "agents/results.html", context)


@audit_access("assessments.listed")
@page("runs.read")
@never_cache
@require_safe
def listing(request: Request) -> HttpResponse:
    """The ends of chats that a number counts."""
    words = {name: _word(request, name) for name in WORDS}
    corrected = request.GET.get("corrected") == "1"
    asked = Asked(request.member, request.tenant, _period(request), corrected=corrected, **words)
    rows = results.listed(asked)
    found = keyset.page(
        rows.select_related("agent"), by="ended_at", cursor=request.GET.get("cursor", ""), limit=ON_PAGE
    )
    context = {
        "page": found,
        "items": _items(found.rows),
        "total": rows.count(),
        "period": asked.period,
        "filter": StretchFilter(period=asked.period, agents=_agents(), **words),
        "held": {name: words[name] for name in ("reason", "fact") if words[name]}
        | ({"corrected": "1"} if corrected else {}),
        "said": _said(words, corrected),
        "narrowed": any(words.values()) or corrected,
        "columns": [_("Terminó"), _("Contacto"), _("Agente"), _("Resultado"), _("Por qué"), _("Según el agente")],
        "numeric": [_("Según el agente")],
        "caption": _("Atenciones terminadas, la última primero"),
        "home": LIST,
    }
    return render(request, "agents/results_list.html", context)


@audit_access("assessment.viewed", resource="pk", kind="assessment")
@page("inbox.read")
@never_cache
@require_safe
def detail(request: Request, pk: uuid.UUID) -> HttpResponse:
    found = assessment_for(request.member, pk)
    return _detail(request, found, _correction(found))


@audit_access("assessment.viewed", resource="pk", kind="assessment")
@page("inbox.write")
@require_http_methods(["GET", "POST"])
def correct(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Say how it really ended. Whoever comes second sees what the first one said."""
    found = assessment_for(request.member, pk)
    if request.method == "GET":  # a refused form stays at this address
        return go_to(request, f"{HOME}{pk}/")
    form = CorrectionForm(request.POST)
    if not form.is_valid():
        return _detail(request, found, form, status=422)
    said = form.cleaned_data
    try:
        results.correct(
            assessment=found, outcome=said["outcome"], note=said["note"], seen=said["seen"], by=request.actor
        )
    except Conflict as error:
        found = assessment_for(request.member, pk)
        again = CorrectionForm({**request.POST.dict(), "seen": results.version(found)})
        again.add_error(None, str(error.message))
        return _detail(request, found, again, status=409)
    except AppError as error:
        form.add_error(None, str(error.message))
        return _detail(request, found, form, status=error.status)
    messages.success(request, _("Corregido. Vale en todos los números."))
    return go_to(request, f"{HOME}{pk}/")


@audit_access("conversation.viewed", resource="pk")
@page("inbox.read")
@never_cache
@require_safe
def of_chat(request: Request, pk: uuid.UUID) -> HttpResponse:
    """How the last stretches of a conversation ended: a part of its side panel, or a page."""
    chat = conversation_for(request.member, pk)
    found = results.of_chat(chat)
    ends = [(row, reason_words(_why(row))) for row in found]
    if is_fragment(request) and not ends:
        return HttpResponse("")  # the side panel hides what is empty
    template = "agents/_assessment_chat.html" if is_fragment(request) else "agents/assessment_chat.html"
    return render(request, template, {"chat": chat, "ends": ends})


def _detail(request: Request, found: Assessment, form: CorrectionForm, *, status: int = 200) -> HttpResponse:
    context = {
        "row": found,
        "contact": _contacts([found]).get(found.conversation_id, ""),
        "why": reason_words(found.reason),
        "facts": [reason_words(str(code)) for code in found.facts],
        "form": form,
        "runs": request.member.may("runs.read"),
    }
    return render(request, "agents/assessment.html", context, status=status)


def _correction(found: Assessment) -> CorrectionForm:
    return CorrectionForm(
        initial={"outcome": found.final, "note": found.corrected_note, "seen": results.version(found)}
    )


def _word(request: Request, name: str) -> str:
    return request.GET.get(name, "").replace("\x00", "")[:80]


def _team(found: Report, asked: str) -> list[tuple[uuid.UUID, str]]:
    """Who can be asked for: agents with turns in these days, and whoever is asked for now."""
    named = dict(found.team)
    for group in found.agents:
        if group.key == asked and (key := as_uuid(asked)) is not None:
            named.setdefault(key, group.label)
    return list(named.items())


def _agents() -> list[tuple[uuid.UUID, str]]:
    return list(Agent.objects.order_by("name").values_list("pk", "name"))


def _period(request: Request) -> Period:
    """What the address asks for; this month when it is not understood or too long."""
    today = timezone.now().astimezone(ZoneInfo(request.tenant.timezone)).date()
    period = periods.asked(request.GET.dict(), today)
    if period is None or period.days > LONGEST_DAYS:
        return periods.named(periods.USUAL, today)
    return period


def _span(asked: Asked) -> dict[str, str]:
    return {"from": asked.period.first.isoformat(), "to": asked.period.last.isoformat()}


def _href(asked: Asked, **words: str) -> str:
    agent = {"agent": asked.agent} if asked.agent else {}
    return f"{LIST}?{urlencode(_span(asked) | agent | words)}"


def _cards(asked: Asked, counts: Counts) -> list[Number]:
    cards = [Number(_("Atenciones terminadas"), counts.total, _href(asked))]
    cards += [
        Number(str(label), counts.of(value), _href(asked, outcome=value), counts.rate(value))
        for value, label in Assessment.Outcome.choices
    ]
    facts = {
        rules.UNANSWERED: _("Quedaron sin respuesta"),
        rules.BOOKED: _("Con cita agendada por la IA"),
        rules.CONVERTED: _("Con venta cerrada por la IA"),
    }
    cards += [Number(label, counts.facts.get(fact, 0), _href(asked, fact=fact)) for fact, label in facts.items()]
    return [*cards, Number(_("Corregidas por personas"), counts.corrected, _href(asked, corrected="1"))]


def _reasons(asked: Asked, found: Report, outcome: str) -> list[Number]:
    return [
        Number(reason_words("" if code == NOBODY else code), many, _href(asked, outcome=outcome, reason=code))
        for code, many in found.reasons[outcome]
    ]


def _turns(asked: Asked, found: Report) -> list[Number]:
    """Of turns, whose list cannot be asked for those of no agent."""
    if asked.agent == NOBODY:
        return []
    span = {"desde": asked.period.first.isoformat(), "hasta": asked.period.last.isoformat(), "para": "turn"}
    if asked.agent:
        span["agente"] = asked.agent
    shown = (AgentRun.Status.DONE, AgentRun.Status.HANDED_OFF, AgentRun.Status.BLOCKED, AgentRun.Status.FAILED)
    return [
        Number(str(status.label), found.turns.get(status, 0), f"{RUNS}?{urlencode(span | {'estado': status.value})}")
        for status in shown
    ]


def _rows(asked: Asked, found: Report) -> list[Row]:
    rows = []
    for group in found.agents:
        whole = Number("", group.counts.total, _href(asked, agent=group.key))
        each = [
            Number(str(label), group.counts.of(value), _href(asked, agent=group.key, outcome=value))
            for value, label in Assessment.Outcome.choices
        ]
        rows.append(Row(group.label or _("Sin agente"), [whole, *each]))
    return rows


def _cost(asked: Asked, unit: Unit) -> Cost:
    label = {
        costs.CHAT: _("Costo por conversación"),
        costs.BOOKING: _("Costo por cita"),
        costs.CLIENT: _("Costo por cliente ganado"),
    }[unit.key]
    return Cost(label, unit, f"{ENTRIES}?{urlencode(_span(asked) | {'outcome': unit.key})}")


def _missing(savings: Savings | None) -> str:
    """What has to be there before savings can be told; empty when nothing is."""
    if savings is None or savings.amount is not None:
        return ""
    if savings.hourly is None:
        return _("Falta el costo de una hora de trabajo.")
    if savings.handling.seconds is None:
        words = _("Falta medir: hay %(count)s chats atendidos por personas y hacen falta %(enough)s.")
        return words % {"count": savings.handling.chats, "enough": ENOUGH_CHATS}
    return _("Lo que tarda una persona se midió en menos de un segundo: no alcanza para calcular.")


def _items(rows: list[Assessment]) -> list[Item]:
    names = _contacts(rows)
    return [Item(row, names.get(row.conversation_id, ""), reason_words(_why(row)), f"{HOME}{row.pk}/") for row in rows]


def _why(row: Assessment) -> str:
    return row.reason if row.corrected in ("", row.outcome) else results.CORRECTED


def _contacts(rows: list[Assessment]) -> dict[uuid.UUID, str]:
    """Names by chat, of chats that the caller has let through. One statement."""
    chats = Conversation.objects.filter(pk__in={row.conversation_id for row in rows}).select_related("contact")
    return {chat.pk: str(chat.contact) for chat in chats}


def _said(words: dict[str, Any], corrected: bool) -> list[str]:
    """What came with a number, in words."""
    codes = [words[name] for name in ("reason", "fact") if words[name]]
    return [reason_words("" if code == NOBODY else code) for code in codes] + (
        [_("Corregidas por personas")] if corrected else []
    )
