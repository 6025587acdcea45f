"""Pages of agents: the list, editing with publication and versions, and creating one."""

import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib import messages
from django.db.models import PositiveIntegerField
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from agents.access import agent_for, version_for, visible_runs
from agents.forms.agents import AgentForm, NewAgentForm
from agents.models import Agent, AgentRun, AgentVersion
from agents.services import agents, hours, models_watch, previews
from agents.views.differences import changes_of, names_of
from config.lib import keyset
from config.lib.errors import AppError
from config.lib.fragments import go_to, is_fragment
from messaging.models import Source
from tenants.access import page
from tenants.context import current_tenant
from tenants.requests import Request

VERSIONS, RUNS, MOST = 5, 10, 200
BY_NUMBER = keyset.Order("number", PositiveIntegerField())


@page("agents.read")
@never_cache
@require_safe
def agent_list(request: Request) -> HttpResponse:
    labels = dict(Source.choices)
    rows = []
    for agent in Agent.objects.select_related("published")[:MOST]:
        answers = (agent.published.snapshot.get("channels") or []) if agent.published else []
        changed = bool(agent.published) and bool(agents.unpublished_changes(agent))
        rows.append({"agent": agent, "channels": [labels.get(each, each) for each in answers], "changed": changed})
    return render(request, "agents/agents.html", {"rows": rows, "roster": hours.roster() if rows else []})


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
    pending = agents.unpublished_changes(agent) if agent.published else {}
    versions = list(AgentVersion.objects.filter(agent=agent).order_by("-number")[: VERSIONS + 1])
    context: dict[str, Any] = {
        "agent": agent,
        "form": form,
        "changes": changes_of(pending),
        "changed": names_of(pending),
        "versions": _with_names(versions[:VERSIONS], before=versions[VERSIONS:]),
        "more_versions": len(versions) > VERSIONS,
        "undo": _replaced(request, agent),
        "preview": previews.preview_of(agents.snapshot_of(agent)),
        "variables": previews.variables(),
        "endings": models_watch.endings([agents.snapshot_of(agent)], today=models_watch.today_of(current_tenant())),
        "lacks": previews.lacking_key(agent.model_provider),
        "runs": _last_runs(request, agent),
    }
    return render(request, "agents/agent.html", context, status=status)


def _with_names(versions: Sequence[AgentVersion], *, before: Iterable[AgentVersion]) -> list[tuple[AgentVersion, str]]:
    """Each with what it changed, in words; nothing for the first one. `before`: the one that the last of them follows."""
    known = {each.number: each.snapshot for each in (*versions, *before)}
    return [
        (each, names_of(agents.differences(last, each.snapshot)) if (last := known.get(each.number - 1)) else "")
        for each in versions
    ]


def _replaced(request: Request, agent: Agent) -> AgentVersion | None:
    """What was published before somebody put an earlier version back a moment ago, to undo it."""
    number = request.GET.get("antes", "")
    if not number.isdecimal() or len(number) > 9:
        return None
    version = AgentVersion.objects.filter(agent=agent, number=int(number)).first()
    return None if version is None or version.pk == agent.published_id else version


@page("agents.read")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def preview(request: Request, pk: uuid.UUID) -> HttpResponse:
    """The whole instructions as a model would read them: as saved, or as they are being typed. Changes nothing."""
    agent = agent_for(request.member, pk)
    snapshot = agents.snapshot_of(agent)
    form = AgentForm.of(agent, request.POST) if request.method == "POST" else None
    if form is not None and form.is_valid():
        typed = form.values(agent)
        snapshot |= {name: typed[name] for name in snapshot if name in typed}
    context = {
        "agent": agent,
        "preview": previews.preview_of(snapshot),
        "stale": form is not None and not form.is_valid(),
    }
    return render(request, "agents/_preview.html" if is_fragment(request) else "agents/preview.html", context)


def _last_runs(request: Request, agent: Agent) -> list[AgentRun]:
    """What it answered lately, to whoever may read that."""
    if not request.member.may("runs.read"):
        return []
    return list(
        visible_runs(request.member)
        .filter(agent=agent, purpose=AgentRun.Purpose.TURN)
        .defer("steps")
        .order_by("-created_at", "-id")[:RUNS]
    )


@page("agents.read")
@never_cache
@require_safe
def versions(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Everything that was published: who, when and what it changed."""
    agent = agent_for(request.member, pk)
    every = AgentVersion.objects.filter(agent=agent)
    found = keyset.page(every, by=BY_NUMBER, cursor=request.GET.get("cursor", ""))
    rows = list(found.rows)
    before = every.filter(number=rows[-1].number - 1) if rows else []
    context = {"agent": agent, "page": found, "versions": _with_names(rows, before=before)}
    return render(request, "agents/versions.html", context)


@page("agents.read")
@never_cache
@require_safe
def version(request: Request, pk: uuid.UUID, number: int) -> HttpResponse:
    """An earlier version beside the working copy, with the button that puts it back."""
    agent = agent_for(request.member, pk)
    found = version_for(agent, number)
    before = AgentVersion.objects.filter(agent=agent, number=number - 1).first()
    context = {
        "agent": agent,
        "version": found,
        "changes": changes_of(agents.differences(agents.snapshot_of(agent), found.snapshot)),
        "before": before,
        "brought": changes_of(agents.differences(before.snapshot, found.snapshot)) if before else [],
        "loses": names_of(agents.unpublished_changes(agent)) if agent.published else "",
    }
    return render(request, "agents/version.html", context)


@page("agents.write")
@require_POST
def put_back(request: Request, pk: uuid.UUID, number: int) -> HttpResponse:
    """In one click, and back again with the next one."""
    agent = agent_for(request.member, pk)
    before = agent.published
    published = agents.put_back(version=version_for(agent, number), by=request.actor)
    words = {"old": number, "new": published.number}
    messages.success(request, _("La versión %(old)d volvió como versión %(new)d.") % words)
    return go_to(request, f"/agentes/{pk}/" + (f"?antes={before.number}" if before else ""))


def _onto(form: AgentForm | NewAgentForm, error: AppError) -> None:
    """A refusal beside the fields it names, the rest at the top."""
    said = {name.removeprefix("config."): text for name, text in error.fields.items()}
    said = {"hours_mode" if name == "hours" else name: text for name, text in said.items()}
    known = {name: text for name, text in said.items() if name in form.fields}
    for name, text in known.items():
        form.add_error(name, str(text))
    if not known:
        form.add_error(None, str(error.message))
