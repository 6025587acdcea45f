"""Pages of agents: the list, editing with publication and versions, and creating one."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from agents.access import agent_for, version_for, visible_runs
from agents.forms.agents import AgentForm, NewAgentForm
from agents.models import Agent, AgentRun, AgentVersion
from agents.services import agents
from agents.views.differences import changes_of
from config.lib.errors import AppError
from config.lib.fragments import go_to
from messaging.models import Source
from tenants.access import page
from tenants.requests import Request

VERSIONS, RUNS = 20, 10


@page("agents.read")
@never_cache
@require_safe
def agent_list(request: Request) -> HttpResponse:
    labels = dict(Source.choices)
    rows = []
    for agent in Agent.objects.select_related("published"):
        answers = (agent.published.snapshot.get("channels") or []) if agent.published else []
        changed = bool(agent.published) and bool(agents.unpublished_changes(agent))
        rows.append({"agent": agent, "channels": [labels.get(each, each) for each in answers], "changed": changed})
    return render(request, "agents/agents.html", {"rows": rows})


@page("agents.write")
@require_http_methods(["GET", "POST"])
def new(request: Request) -> HttpResponse:
    form = NewAgentForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            agent = agents.create_from_template(
                template_type=form.cleaned_data["template_type"],
                name=form.cleaned_data["name"],
                is_active=False,  # it answers nobody until it is switched on and published
                by=request.actor,
            )
        except AppError as error:
            _onto(form, error)
        else:
            messages.success(request, _("Agente creado, apagado. Al publicarlo activo, empieza a responder."))
            return go_to(request, f"/agentes/{agent.pk}/")
    context = {"form": form, "title": _("Crear agente"), "back": "/agentes/"}
    return render(request, "agents/new.html", context, status=422 if form.errors else 200)


@page("agents.read")
@never_cache
@require_safe
def detail(request: Request, pk: uuid.UUID) -> HttpResponse:
    agent = agent_for(request.member, pk)
    return _detail(request, agent, AgentForm.of(agent))


@page("agents.write")
@require_http_methods(["GET", "POST"])
def save(request: Request, pk: uuid.UUID) -> HttpResponse:
    """A refused form stays at this address: reloading it leads back to the agent."""
    agent = agent_for(request.member, pk)
    if request.method == "GET":
        return go_to(request, f"/agentes/{pk}/")
    form = AgentForm.of(agent, request.POST)
    if form.is_valid():
        try:
            agents.update_agent(agent=agent, by=request.actor, **form.values(agent))
        except AppError as error:
            agent.refresh_from_db()
            _onto(form, error)
        else:
            messages.success(request, _("Cambios guardados. Los clientes los ven al publicar."))
            return go_to(request, f"/agentes/{agent.pk}/")
    return _detail(request, agent, form, status=422)


def _detail(request: Request, agent: Agent, form: AgentForm, *, status: int = 200) -> HttpResponse:
    changes = changes_of(agents.unpublished_changes(agent)) if agent.published else []
    context: dict[str, Any] = {
        "agent": agent,
        "form": form,
        "changes": changes,
        "versions": list(AgentVersion.objects.filter(agent=agent).order_by("-number")[:VERSIONS]),
        "runs": _last_runs(request, agent),
    }
    return render(request, "agents/agent.html", context, status=status)


def _last_runs(request: Request, agent: Agent) -> list[AgentRun]:
    """What it answered lately, to whoever may read that."""
    if not request.member.may("runs.read"):
        return []
    return list(visible_runs(request.member).filter(agent=agent).defer("steps").order_by("-created_at", "-id")[:RUNS])


@page("agents.write")
@require_POST
def publish(request: Request, pk: uuid.UUID) -> HttpResponse:
    version = agents.publish_agent(agent=agent_for(request.member, pk), by=request.actor)
    messages.success(
        request, _("Publicada la versión %(number)d: vale desde el próximo mensaje.") % {"number": version.number}
    )
    return go_to(request, f"/agentes/{pk}/")


@page("agents.read")
@never_cache
@require_safe
def version(request: Request, pk: uuid.UUID, number: int) -> HttpResponse:
    """An earlier version beside the working copy, with the button that puts it back."""
    agent = agent_for(request.member, pk)
    found = version_for(agent, number)
    changes = changes_of(agents.differences(agents.snapshot_of(agent), found.snapshot))
    return render(request, "agents/version.html", {"agent": agent, "version": found, "changes": changes})


@page("agents.write")
@require_POST
def put_back(request: Request, pk: uuid.UUID, number: int) -> HttpResponse:
    agent = agent_for(request.member, pk)
    published = agents.put_back(version=version_for(agent, number), by=request.actor)
    words = {"old": number, "new": published.number}
    messages.success(request, _("La versión %(old)d volvió como versión %(new)d.") % words)
    return go_to(request, f"/agentes/{pk}/")


def _onto(form: AgentForm | NewAgentForm, error: AppError) -> None:
    """A refusal beside the fields it names, the rest at the top."""
    known = {name: text for name, text in error.fields.items() if name in form.fields}
    for name, text in known.items():
        form.add_error(name, str(text))
    if not known:
        form.add_error(None, str(error.message))
