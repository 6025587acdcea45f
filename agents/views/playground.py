"""Trying an agent out on a page: a chat with its working copy, and beside it what happened."""

import uuid
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from agents.access import agent_for
from agents.forms.testing import SayForm, SettingForm, initial_of
from agents.models import Agent, AgentRun
from agents.services import chat_cases, playground, prices, test_sets
from agents.services.rehearsal import setting_of
from agents.views.runs import Step, steps_of
from config.lib.errors import AppError, NotFound
from config.lib.fragments import go_to, is_fragment
from tenants.access import page
from tenants.context import current_tenant
from tenants.requests import Request


@dataclass(frozen=True)
class Turn:
    """One message of the invented customer with what came of it."""

    text: str
    run: AgentRun
    steps: list[Step]


@page("agents.write")
@never_cache
@require_http_methods(["GET", "POST"])
def new(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Who writes and what the agenda holds is chosen with the first message."""
    agent = agent_for(request.member, pk)
    asked = request.POST if request.method == "POST" else None
    say, setting = SayForm(asked), SettingForm(asked, initial=initial_of({"channel": (agent.channels or ["web"])[0]}))
    if asked is not None and say.is_valid() and setting.is_valid():
        try:
            scene = test_sets.tidy_scene(setting.scene())
            run = playground.begin(
                agent=agent, text=say.cleaned_data["text"], setting=setting_of(scene), before=[], by=request.actor
            )
        except AppError as error:
            say.add_error(None, str(error.message))
        else:
            return go_to(request, f"/agentes/{agent.pk}/probar/{run.pk}/")
    context = {"agent": agent, "say": say, "setting": setting, "turns": [], "open": True}
    return render(request, "agents/playground.html", context, status=422 if asked is not None else 200)


@page("agents.write")
@never_cache
@require_http_methods(["GET", "POST"])
def chat(request: Request, pk: uuid.UUID, run: uuid.UUID) -> HttpResponse:
    """The chat up to one turn; writing on leads to the next one."""
    agent = agent_for(request.member, pk)
    turns = _turns(agent, run)
    asked = request.POST if request.method == "POST" else None
    say = SayForm(asked)
    if asked is not None and say.is_valid():
        try:
            note = playground.note_of(turns[-1].run)
            following = playground.begin(
                agent=agent,
                text=say.cleaned_data["text"],
                setting=setting_of(note["setting"]),
                before=[turn.run.pk for turn in turns],
                by=request.actor,
            )
        except AppError as error:
            say.add_error(None, str(error.message))
        else:
            return go_to(request, f"/agentes/{agent.pk}/probar/{following.pk}/")
    context = {"agent": agent, "say": say, **_told(turns)}
    polled = is_fragment(request) and request.method == "GET"
    name = "agents/_playground_chat.html" if polled else "agents/playground.html"
    return render(request, name, context, status=422 if asked is not None else 200)


@page("agents.write")
@require_POST
def keep(request: Request, pk: uuid.UUID, run: uuid.UUID) -> HttpResponse:
    """The trial as a test case that expects what just happened."""
    agent = agent_for(request.member, pk)
    runs = [turn.run for turn in _turns(agent, run)]
    try:
        case = chat_cases.from_trial(agent=agent, runs=runs, name="", by=request.actor)
    except AppError as error:
        messages.error(request, str(error.message))
        return go_to(request, f"/agentes/{agent.pk}/probar/{run}/")
    messages.success(request, _("Guardado como caso de prueba. Revisar qué tiene que pasar."))
    return go_to(request, f"/agentes/{agent.pk}/pruebas/{case.pk}/")


def _turns(agent: Agent, pk: uuid.UUID) -> list[Turn]:
    """The chat that ends in this turn. Raises NotFound for what is no trial of this agent."""
    last = next(iter(playground.runs_of(agent.pk, [pk])), None)
    note = playground.note_of(last) if last is not None else {}
    if last is None or not note:
        raise NotFound(_("Esa prueba no existe."))
    last = playground.give_up_late(last)
    runs = [*playground.runs_of(agent.pk, [uuid.UUID(each) for each in note["before"]]), last]
    own = prices.of(current_tenant())
    return [Turn(str(playground.note_of(run).get("text") or ""), run, steps_of(run, own)) for run in runs]


def _told(turns: list[Turn]) -> dict[str, Any]:
    """What the page shows of the whole trial. The cost is None when the price of a turn is not known."""
    last = turns[-1].run
    costs = [turn.run.cost_usd for turn in turns]
    note = playground.note_of(last)
    status = AgentRun.Status
    return {
        "turns": turns,
        "last": last,
        "waiting": last.status == status.RUNNING,
        "open": last.status in (status.DONE, status.FAILED) and len(turns) < playground.MOST_TURNS,
        "full": len(turns) >= playground.MOST_TURNS,
        "cost": None if None in costs else sum((each for each in costs if each is not None), Decimal(0)),
        "demo": any(turn.run.is_demo for turn in turns),
        "tokens": sum(turn.run.prompt_tokens + turn.run.completion_tokens for turn in turns),
        "facts": SettingForm(initial=initial_of(note["setting"])),
        "scene": note["setting"],
    }
