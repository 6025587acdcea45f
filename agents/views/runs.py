"""One turn of an agent, step by step: what the model said, which tools ran, what was held back, what it cost."""

import json
import uuid
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from agents.access import run_for
from agents.models import AgentRun, AssistanceReport
from agents.tools import tool_named
from config.lib.fragments import is_fragment
from tenants.access import page
from tenants.audit_access import audit_access
from tenants.requests import Request

FLAGS = {
    "budget": gettext_lazy("Se alcanzó el tope de gasto"),
    "superseded": gettext_lazy("El contacto escribió más"),
    "taken_over": gettext_lazy("Una persona tomó el chat"),
    "lost": gettext_lazy("Otro proceso tenía el turno"),
    "playground": gettext_lazy("Prueba sin efectos"),
}


ROLES = {
    "system": gettext_lazy("Instrucciones"),
    "user": gettext_lazy("Contacto"),
    "assistant": gettext_lazy("IA"),
    "tool": gettext_lazy("Herramienta"),
}


@dataclass(frozen=True)
class Step:
    """`kind`: prompt, model, tool, gate or limit. `details` are (label, long text) pairs, folded on the page."""

    kind: str
    title: str
    text: str = ""
    bad: bool = False
    milliseconds: int | None = None
    tokens: int | None = None
    details: tuple[tuple[str, str], ...] = ()


@audit_access("run.viewed", resource="pk", kind="agentrun")
@page("runs.read")
@never_cache
@require_safe
def run(request: Request, pk: uuid.UUID) -> HttpResponse:
    found = run_for(request.member, pk)
    context = {
        "run": found,
        "steps": [_step(one) for one in found.steps if isinstance(one, dict)],
        "flags": [_flag(str(flag)) for flag in found.flags],
        "reports": list(AssistanceReport.objects.filter(run=found)),
        "running": found.status == AgentRun.Status.RUNNING,
    }
    return render(request, "agents/_run.html" if is_fragment(request) else "agents/run.html", context)


def _flag(flag: str) -> str:
    if flag.startswith("input:"):
        return _("Entrada sospechosa: %(reason)s") % {"reason": flag.removeprefix("input:")}
    return str(FLAGS.get(flag, flag))


def _step(given: dict[str, Any]) -> Step:
    reader = {"prompt": _prompt, "model": _model, "tool": _tool, "gate": _gate, "limit": _limit}.get(
        str(given.get("type"))
    )
    if reader is None:
        return Step("other", str(given.get("type") or _("Paso")), details=((_("Contenido"), _json(given)),))
    return reader(given)


def _prompt(given: dict[str, Any]) -> Step:
    sent = [one for one in given.get("messages") or [] if isinstance(one, dict)]
    details = tuple((str(ROLES.get(one.get("role", ""), "—")), str(one.get("content") or "")) for one in sent)
    return Step("prompt", _("Lo que leyó el modelo"), details=details)


def _model(given: dict[str, Any]) -> Step:
    asked = [one for one in given.get("tools") or [] if isinstance(one, dict)]
    tokens: dict[str, Any] = given["tokens"] if isinstance(given.get("tokens"), dict) else {}
    total = int(tokens.get("prompt") or 0) + int(tokens.get("completion") or 0)
    details = tuple((_label(str(one.get("name", ""))), str(one.get("arguments") or "")) for one in asked)
    title = _("El modelo pidió herramientas") if asked else _("El modelo respondió")
    return Step(
        "model", title, str(given.get("text") or ""), milliseconds=given.get("ms"), tokens=total, details=details
    )


def _tool(given: dict[str, Any]) -> Step:
    ok = bool(given.get("ok"))
    details = ((_("Pedido"), _json(given.get("arguments"))), (_("Resultado"), _json(given.get("result"))))
    text = str(given.get("refusal") or "")
    return Step(
        "tool", _label(str(given.get("name", ""))), text, bad=not ok, milliseconds=given.get("ms"), details=details
    )


def _gate(given: dict[str, Any]) -> Step:
    reasons = ", ".join(map(str, given.get("reasons") or []))
    return Step(
        "gate",
        _("Frenado antes de salir"),
        reasons,
        bad=True,
        details=((_("Lo que iba a decir"), str(given.get("withheld") or "")),),
    )


def _limit(given: dict[str, Any]) -> Step:
    return Step("limit", _("Se llegó al límite del turno"), str(given.get("limit") or ""), bad=True)


def _label(name: str) -> str:
    tool = tool_named(name)
    return str(tool.label) if tool else name


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2, default=str) if value not in (None, {}, "") else "—"
