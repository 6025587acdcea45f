"""Bienvenida: the first steps of a company, each on its own address, to be left and taken up again."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from agents.demo import sample
from agents.forms.onboarding import EXAMPLES, AgentStep, CompanyStep, KnowledgeStep
from agents.services import onboarding
from config.lib.errors import AppError, NotFound
from messaging.models import Channel
from tenants.access import page
from tenants.models import Credential
from tenants.requests import Request
from tenants.services import companies


@page("settings.write")
@never_cache
@require_safe
def welcome(request: Request) -> HttpResponse:
    """The list of steps; the first open one is a button away."""
    steps = onboarding.progress()
    context = {"steps": steps, "open": [step for step in steps if step.state == "open"], "sample": sample.loaded()}
    return render(request, "agents/onboarding/welcome.html", context)


@page("settings.write")
@never_cache
@sensitive_post_parameters("openai_key")
@require_http_methods(["GET", "HEAD", "POST"])
def step(request: Request, name: str) -> HttpResponse:
    """One step: its form, or what there is to do elsewhere."""
    if name not in onboarding.STEPS:
        raise NotFound(_("Ese paso no existe."))
    if name in FORMS:
        return _form_step(request, name)
    if request.method == "POST":
        onboarding.mark(step=name, by=request.actor)
        return redirect("/bienvenida/")
    context = _context(request, name)
    if name == "channels":
        context["channels"] = list(Channel.objects.order_by("created_at")[:20])
    else:
        context |= {"channel": onboarding.web_chat(), "test": onboarding.test_chat()}
    return render(request, f"agents/onboarding/{name}.html", context)


@page("settings.write")
@require_POST
def skip(request: Request, name: str) -> HttpResponse:
    onboarding.mark(step=name, skipped=True, by=request.actor)
    return redirect("/bienvenida/")


@page("settings.write")
@never_cache
@require_safe
def test_state(request: Request) -> HttpResponse:
    """What the test chat came to; the page asks for it every two seconds."""
    test = onboarding.test_chat()
    return render(request, "agents/onboarding/_test.html", {"test": test})


@page("settings.write")
@require_POST
def load_sample(request: Request) -> HttpResponse:
    """Example data, only when somebody asks for it."""
    sample.load(by=request.actor)
    messages.success(request, _("Datos de ejemplo cargados. Se quitan desde aquí con un botón."))
    return redirect("/bienvenida/")


@page("settings.write")
@require_POST
def remove_sample(request: Request) -> HttpResponse:
    sample.remove(by=request.actor)
    messages.success(request, _("Datos de ejemplo quitados."))
    return redirect("/bienvenida/")


def _form_step(request: Request, name: str) -> HttpResponse:
    make, save = FORMS[name]
    form = make(request, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            save(request, form.cleaned_data)
        except AppError as error:
            for field, words in error.fields.items():
                form.add_error(field if field in form.fields else None, str(words))
            if not error.fields:
                form.add_error(None, str(error.message))
        else:
            return redirect("/bienvenida/")
    context = {**_context(request, name), "form": form, "example": EXAMPLES.get(request.tenant.trade, "")}
    return render(request, "agents/onboarding/form.html", context, status=422 if form.errors else 200)


def _context(request: Request, name: str) -> dict[str, Any]:
    return {"name": name, "title": onboarding.STEPS[name]}


def _company_form(request: Request, data: Any) -> forms.Form:
    row = companies.fresh()
    names = ("name", "trade", "timezone", "currency", "locale")
    return CompanyStep(data, initial={name: getattr(row, name) for name in names})


def _save_company(request: Request, fields: dict[str, Any]) -> None:
    companies.update_facts(by=request.actor, **fields)
    onboarding.mark(step="company", by=request.actor)


def _agent_form(request: Request, data: Any) -> forms.Form:
    agent = onboarding.first_agent()
    initial = {
        "name": agent.name,
        "about": agent.config.get("rules", ""),
        "tone": agent.config.get("tone", ""),
        "model": agent.model_version if agent.model_provider == "openai" else "",
    }
    return AgentStep(data, initial=initial)


def _save_agent(request: Request, fields: dict[str, Any]) -> None:
    stored = Credential.objects.filter(tenant_id=request.tenant.pk, category="openai", name="API_KEY").exists()
    if fields["model"] and not fields["openai_key"] and not stored:
        words = _("Para usar este modelo hace falta la clave.")
        raise AppError(words, fields={"openai_key": words}, status=422)
    onboarding.set_up_agent(by=request.actor, **fields)


def _knowledge_form(request: Request, data: Any) -> forms.Form:
    return KnowledgeStep(data)


def _save_knowledge(request: Request, fields: dict[str, Any]) -> None:
    onboarding.teach(text=fields["text"], by=request.actor)


FORMS: dict[str, tuple[Callable[[Request, Any], forms.Form], Callable[[Request, dict[str, Any]], None]]] = {
    "company": (_company_form, _save_company),
    "agent": (_agent_form, _save_agent),
    "knowledge": (_knowledge_form, _save_knowledge),
}
