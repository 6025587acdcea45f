"""Pages of an agent's test cases: the list with how each went, one case, running them, and publishing past their gate."""

import uuid
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from agents.access import agent_for, case_of, may_read_cases_of_chats, visible_cases
from agents.forms.testing import CaseForm
from agents.models import TestCase, TestCheck, TestResult
from agents.services import chat_cases, checks, costs, publish_gate, test_sets
from agents.services.agents import publish_agent, snapshot_of
from agents.services.judging import is_unknown
from agents.services.publish_gate import Regression, Untested
from config.lib.errors import AppError, NotFound
from config.lib.fragments import go_to, is_fragment
from messaging.access import conversation_for
from tenants.access import page
from tenants.audit_access import audit_access
from tenants.requests import Request

RESULTS = 10


@dataclass(frozen=True)
class Row:
    """A case on the list. `state`: passed, broken (the published version passes it), failing, silent (the model gave no
    answer), untried or off."""

    case: TestCase
    state: str
    result: TestResult | None
    failures: list[dict[str, Any]]


@page("agents.read")
@never_cache
@require_safe
def case_list(request: Request, pk: uuid.UUID) -> HttpResponse:
    agent = agent_for(request.member, pk)
    verdict = publish_gate.verdict(agent, snapshot_of(agent))
    states = {
        **{result.case_id: ("passed", result) for result in verdict.passed},
        **{result.case_id: ("broken", result) for result in verdict.broken},
        **{result.case_id: ("failing", result) for result in verdict.failing},
        **{result.case_id: ("silent", result) for result in verdict.silent},
    }
    rows = []
    for case in visible_cases(request.member).filter(agent=agent):
        state, result = states.get(case.pk, ("untried" if case.is_active else "off", None))
        rows.append(Row(case, state, result, result.failures if result else []))
    check = TestCheck.objects.filter(agent=agent).select_related("agent__published").order_by("-created_at").first()
    context = {
        "agent": agent,
        "agent_key": str(agent.pk),
        "rows": rows,
        "broken": len(verdict.broken),
        "named": _named(verdict.broken, rows),
        "work": len(verdict.work),
        "price": costs.of_cases(agent),
        "progress": checks.look(check) if check else None,
        "running": bool(check and check.state == TestCheck.State.RUNNING),
        "stale": bool(check and check.snapshot != snapshot_of(agent)),
    }
    return render(request, "agents/_test_cases.html" if is_fragment(request) else "agents/test_cases.html", context)


def _named(broken: list[TestResult], rows: list[Row]) -> str:
    """What forbids publishing, in the reader's language; empty when a case among it is not theirs to read."""
    shown = {row.case.pk for row in rows}
    return str(Regression(broken).message) if broken and all(each.case_id in shown for each in broken) else ""


@page("agents.write")
@require_POST
def run_all(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Have the worker play all of them again; the list shows how far it is."""
    checks.start(agent=agent_for(request.member, pk), by=request.actor, anew=True)
    return go_to(request, f"/agentes/{pk}/pruebas/")


@page("agents.write")
@require_http_methods(["GET", "POST"])
def new(request: Request, pk: uuid.UUID) -> HttpResponse:
    agent = agent_for(request.member, pk)
    form = CaseForm.of(agent, None, request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            case = test_sets.create_case(agent=agent, by=request.actor, **form.values())
        except AppError as error:
            form.add_error(None, str(error.message))
        else:
            messages.success(request, _("Caso guardado."))
            return go_to(request, f"/agentes/{agent.pk}/pruebas/{case.pk}/")
    context = {"agent": agent, "form": form, "case": None}
    return render(request, "agents/test_case.html", context, status=422 if form.is_bound else 200)


@page("agents.read")
@never_cache
@require_safe
def detail(request: Request, pk: uuid.UUID, case: uuid.UUID) -> HttpResponse:
    found = _case(request, pk, case)
    return _detail(request, found, CaseForm.of(found.agent, found))


@page("agents.write")
@require_http_methods(["GET", "POST"])
def save(request: Request, pk: uuid.UUID, case: uuid.UUID) -> HttpResponse:
    """A refused form stays at this address: reloading it leads back to the case."""
    found = _case(request, pk, case)
    if request.method == "GET":
        return go_to(request, f"/agentes/{pk}/pruebas/{case}/")
    form = CaseForm.of(found.agent, found, request.POST)
    if form.is_valid():
        try:
            test_sets.update_case(case=found, by=request.actor, **form.values())
        except AppError as error:
            found.refresh_from_db()
            form.add_error(None, str(error.message))
        else:
            messages.success(request, _("Caso guardado."))
            return go_to(request, f"/agentes/{pk}/pruebas/{case}/")
    return _detail(request, found, form, status=422)


@page("agents.write")
@require_POST
def remove(request: Request, pk: uuid.UUID, case: uuid.UUID) -> HttpResponse:
    found = _case(request, pk, case)
    test_sets.remove_case(case=found, by=request.actor)
    messages.success(request, _("Se eliminó el caso «%(name)s».") % {"name": found.name})
    return go_to(request, f"/agentes/{pk}/pruebas/")


@page("agents.write")
@require_POST
def publish(request: Request, pk: uuid.UUID) -> HttpResponse:
    """At once when every case is known to hold; else the worker tries them and publishes when nothing breaks."""
    agent = agent_for(request.member, pk)
    try:
        version = publish_agent(agent=agent, by=request.actor)
    except Untested as error:
        checks.start(agent=agent, by=request.actor, publishes=True)
        count = len(error.cases)
        words = ngettext(
            "Antes de publicar se prueba %(count)d caso. Si no se rompe nada, se publica al terminar.",
            "Antes de publicar se prueban %(count)d casos. Si no se rompe nada, se publica al terminar.",
            count,
        )
        messages.info(request, words % {"count": count})
        return go_to(request, f"/agentes/{pk}/pruebas/")
    except Regression:  # the page names the cases
        return go_to(request, f"/agentes/{pk}/pruebas/")
    words = _("Publicada la versión %(number)d: vale desde el próximo mensaje.")
    messages.success(request, words % {"number": version.number})
    return go_to(request, f"/agentes/{pk}/")


@audit_access("conversation.viewed", resource="pk")
@page("agents.write")
@require_POST
def from_chat(request: Request, pk: uuid.UUID) -> HttpResponse:
    """A real chat as a masked case; whoever made it reads it before it counts."""
    may_read_cases_of_chats(request.member)
    conversation = conversation_for(request.member, pk)
    try:
        case = chat_cases.from_chat(conversation=conversation, by=request.actor)
    except AppError as error:
        messages.error(request, str(error.message))
        return go_to(request, f"/bandeja/{pk}/")
    words = _(
        "Caso creado con nombres y datos inventados. Leerlo una vez: lo que identifique a alguien se cambia aquí. Cuenta"
        " recién cuando se marca «Cuenta para publicar» y se guarda."
    )
    messages.success(request, words)
    return go_to(request, f"/agentes/{case.agent_id}/pruebas/{case.pk}/")


def _case(request: Request, pk: uuid.UUID, case: uuid.UUID) -> TestCase:
    found = case_of(request.member, case)
    if found.agent_id != pk:
        raise NotFound(_("Ese caso no existe."))
    return found


def _detail(request: Request, case: TestCase, form: CaseForm, *, status: int = 200) -> HttpResponse:
    results = list(case.results.order_by("-created_at").prefetch_related("runs")[:RESULTS])
    now = publish_gate.fingerprint(snapshot_of(case.agent), case)
    published = publish_gate.fingerprint(case.agent.published.snapshot, case) if case.agent.published else ""
    told: list[dict[str, Any]] = [
        {
            "result": result,
            "runs": sorted(result.runs.all(), key=lambda run: run.created_at),
            "with_now": result.fingerprint == now,
            "with_published": result.fingerprint == published,
            "silent": is_unknown(result.failures),
        }
        for result in results
    ]
    context = {"agent": case.agent, "case": case, "form": form, "results": told}
    return render(request, "agents/test_case.html", context, status=status)
