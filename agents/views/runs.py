"""Turns of agents: the list with why each ended, and one step by step: what was said, done, held back, and its cost."""

import json
import uuid
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from agents.access import run_for
from agents.domain.pricing import Prices, cost
from agents.forms.costs import RunFilter
from agents.models import Agent, AgentRun, AssistanceReport
from agents.services import prices, run_lists, undo
from agents.services.copilot import NOTE as COPILOT
from agents.services.gates import in_words
from agents.services.playground import NOTE
from agents.tools import tool_named
from config.lib import keyset
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
RULES = {
    "person": gettext_lazy("Pidió hablar con una persona."),
    "emergency": gettext_lazy("Contó una urgencia: primero la indicación de seguridad y después una persona."),
    "hostile": gettext_lazy("El mensaje parece un intento de manipular a la IA."),
}
LIMITS = {
    "steps": gettext_lazy("Se acabaron los pasos del turno"),
    "seconds": gettext_lazy("Se acabó el tiempo del turno"),
    "tokens": gettext_lazy("Se acabaron los tokens del turno"),
    "words": gettext_lazy("El modelo contestó vacío o cortado dos veces"),
}
# Why an entry is suspicious: the rules of agents.domain.security_rules, and what stands beside them.
SUSPICIONS = {
    "override": gettext_lazy("pide ignorar las instrucciones"),
    "role_play": gettext_lazy("pide hacer de otro personaje"),
    "no_limits": gettext_lazy("pide actuar sin límites"),
    "fake_message": gettext_lazy("imita un mensaje del sistema"),
    "prompt_leak": gettext_lazy("pide las instrucciones internas"),
    "secrets": gettext_lazy("pide claves"),
    "other_people": gettext_lazy("pide datos de otras personas"),
    "tool_coercion": gettext_lazy("ordena usar una herramienta"),
    "template_variable": gettext_lazy("pide variables internas"),
    "authority": gettext_lazy("dice tener autoridad sobre la IA"),
    "forced_words": gettext_lazy("exige decir ciertas palabras"),
    "coded_order": gettext_lazy("trae una orden en clave"),
    "crescendo": gettext_lazy("insiste de a poco para cambiar las reglas"),
    "message_to_machine": gettext_lazy("le da órdenes a la máquina"),
    "exfiltration": gettext_lazy("pide enviar datos afuera"),
    "hidden_characters": gettext_lazy("tiene caracteres invisibles"),
    "spaced_out": gettext_lazy("tiene letras separadas para pasar sin ser leída"),
    "mixed_alphabets": gettext_lazy("mezcla alfabetos"),
    "tool_result": gettext_lazy("lo que devolvió una herramienta trae órdenes"),
}
HELPS = {
    "draft": gettext_lazy("Redactar"),
    "shorter": gettext_lazy("Más corto"),
    "friendlier": gettext_lazy("Más cercano"),
    "formal": gettext_lazy("Más formal"),
    "spelling": gettext_lazy("Corregir la ortografía"),
    "translate": gettext_lazy("Traducir al idioma del contacto"),
    "summary": gettext_lazy("Resumir el chat"),
}
HELP = {"sales": gettext_lazy("Ventas"), "support": gettext_lazy("Soporte")}
ON_PAGE = 50

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
    usd: Decimal | None = None
    priced: bool = False  # whether it is something that has a price, known or not
    details: tuple[tuple[str, str], ...] = ()
    waits: str = ""  # who has to allow it first: "customer" or "team"


@dataclass(frozen=True)
class Listed:
    """One turn of the list; `why` says how it ended in words, empty when it was simply answered."""

    run: AgentRun
    why: str
    flags: list[str]


@audit_access("runs.listed")
@page("runs.read")
@never_cache
@require_safe
def run_list(request: Request) -> HttpResponse:
    """All turns, also of tests and playgrounds, the latest first."""
    agents = list(Agent.objects.order_by("name").values_list("pk", "name"))
    form = RunFilter(request.GET, agents=agents)
    asked = form.asked()
    rows = run_lists.listed(request.member, request.tenant, **asked)
    rows = rows.defer("steps", "triage").select_related("agent")
    found = keyset.page(rows, by="created_at", cursor=request.GET.get("cursor", ""), limit=ON_PAGE)
    context = {
        "page": found,
        "items": [Listed(each, _why(each), _warnings(each)) for each in found.rows],
        "filter": form,
        "narrowed": any(asked.values()),
        "columns": [_("Cuándo"), _("Agente"), _("Cómo terminó"), _("Respuesta"), _("Costo"), _("Duración")],
        "numeric": [_("Costo"), _("Duración")],
        "caption": _("Turnos de la IA, el último primero"),
    }
    return render(request, "agents/runs.html", context)


def _why(run: AgentRun) -> str:
    """The error, else why people got the chat, as the receipt says it."""
    if run.error:
        return run.error
    handed = [one for one in run.receipts if isinstance(one, dict) and one.get("kind") == "handoff"]
    said = str(handed[-1].get("text") or "") if handed else ""
    return said.partition(": ")[2] or said  # what stands before it says that people got it, as the status does


def _warnings(run: AgentRun) -> list[str]:
    told = [str(flag) for flag in run.flags]
    return list(dict.fromkeys(_flag(flag) for flag in told if flag != "playground" and not flag.startswith("by:")))


@audit_access("run.viewed", resource="pk", kind="agentrun")
@page("runs.read")
@never_cache
@require_safe
def run(request: Request, pk: uuid.UUID) -> HttpResponse:
    found = run_for(request.member, pk)
    context = {
        "run": found,
        "steps": steps_of(found, prices.of(request.tenant)),
        "flags": list(dict.fromkeys(_flag(str(flag)) for flag in found.flags)),
        "why": _why(found),
        "route": _route(found.triage),
        "booked": run_lists.booked(found),
        "reports": [(_help(each), each.reasoning) for each in AssistanceReport.objects.filter(run=found)],
        "acts": undo.of_run(found.tool_calls.all(), request.member),
        "running": found.status == AgentRun.Status.RUNNING,
    }
    return render(request, "agents/_run.html" if is_fragment(request) else "agents/run.html", context)


def steps_of(found: AgentRun, own: Prices) -> list[Step]:
    """The trace as people read it; what a trial keeps for its next turn is none of it. `own`: the company's prices."""
    return [_step(one, own) for one in found.steps if isinstance(one, dict) and one.get("type") != NOTE]


def _flag(flag: str) -> str:
    if flag.startswith("input:"):
        why = SUSPICIONS.get(flag.removeprefix("input:"))
        return _("Entrada sospechosa: %(reason)s") % {"reason": why} if why else _("Entrada sospechosa")
    if flag.startswith("by:"):
        return _("Probado por %(name)s") % {"name": flag.removeprefix("by:")}
    if flag.startswith("limit:"):
        return str(LIMITS.get(flag.removeprefix("limit:"), _("Se llegó al límite del turno")))
    if flag in FLAGS:
        return str(FLAGS[flag])
    return _("Respuesta frenada: %(why)s") % {"why": in_words([flag])}


def _help(report: AssistanceReport) -> str:
    """Of what kind the help was and how much, from nothing to all that was asked."""
    kind = HELP.get(report.kind, report.kind)
    return _("%(kind)s: resolvió el %(percent)s %%") % {"kind": kind, "percent": int(report.score * 100)}


def _route(triage: Any) -> tuple[str, str]:
    """Why this agent answered, in words, and everything that was weighed; empty where nothing was to be decided."""
    if not isinstance(triage, dict) or not triage.get("words"):
        return "", ""
    return str(triage["words"]), _json({name: value for name, value in triage.items() if name != "words"})


def _step(given: dict[str, Any], own: Prices) -> Step:
    if given.get("type") == "model":
        return _model(given, own)
    readers = {
        "input": _input,
        "prompt": _prompt,
        "tool": _tool,
        "gate": _gate,
        "limit": _limit,
        "rule": _rule,
        COPILOT: _helped,
    }
    reader = readers.get(str(given.get("type")))
    if reader is None:
        return Step("other", str(given.get("type") or _("Paso")), details=((_("Contenido"), _json(given)),))
    return reader(given)


def _input(given: dict[str, Any]) -> Step:
    return Step("input", _("Lo que escribió la persona"), str(given.get("text") or ""))


def _prompt(given: dict[str, Any]) -> Step:
    sent = [one for one in given.get("messages") or [] if isinstance(one, dict)]
    details = tuple((str(ROLES.get(one.get("role", ""), "—")), str(one.get("content") or "")) for one in sent)
    return Step("prompt", _("Lo que leyó el modelo"), details=details)


def _model(given: dict[str, Any], own: Prices) -> Step:
    asked = [one for one in given.get("tools") or [] if isinstance(one, dict)]
    tokens: dict[str, Any] = given["tokens"] if isinstance(given.get("tokens"), dict) else {}
    total = int(tokens.get("prompt") or 0) + int(tokens.get("completion") or 0)
    details = tuple((_label(str(one.get("name", ""))), str(one.get("arguments") or "")) for one in asked)
    title = _("El modelo pidió herramientas") if asked else _("El modelo respondió")
    return Step(
        "model",
        title,
        str(given.get("text") or ""),
        milliseconds=given.get("ms"),
        tokens=total,
        usd=_price(given, tokens, own),
        priced=total > 0,
        details=details,
    )


def _price(given: dict[str, Any], tokens: dict[str, Any], own: Prices) -> Decimal | None:
    """What the step cost as it was noted; of a step from before costs were, by the prices of today."""
    if "usd" not in given:
        used = {name: int(tokens.get(name) or 0) for name in ("prompt", "completion", "cached")}
        return cost(str(given.get("model") or ""), **used, own=own)
    try:
        return None if given["usd"] is None else Decimal(str(given["usd"]))
    except InvalidOperation:
        return None


def _tool(given: dict[str, Any]) -> Step:
    ok = bool(given.get("ok"))
    details = ((_("Pedido"), _json(given.get("arguments"))), (_("Resultado"), _json(given.get("result"))))
    result, label = given.get("result"), _label(str(given.get("name", "")))
    return Step(
        "tool",
        label,
        str(given.get("refusal") or ""),
        bad=not ok,
        milliseconds=given.get("ms"),
        details=details,
        waits=str(result.get("waiting_for") or "") if ok and isinstance(result, dict) else "",
    )


def _gate(given: dict[str, Any]) -> Step:
    reasons = in_words([str(each) for each in given.get("reasons") or []])
    return Step(
        "gate",
        _("Frenado antes de salir"),
        reasons,
        bad=True,
        details=((_("Lo que iba a decir"), str(given.get("withheld") or "")),),
    )


def _rule(given: dict[str, Any]) -> Step:
    return Step("gate", _("Lo decidió una regla, sin consultar al modelo"), str(RULES.get(str(given.get("rule")), "")))


def _helped(given: dict[str, Any]) -> Step:
    """What a person asked for while writing, and what stood in the message."""
    kind = str(HELPS.get(str(given.get("kind")), ""))
    title = _("%(name)s pidió ayuda al escribir") % {"name": given.get("name") or _("Alguien")}
    written = str(given.get("text") or "")
    return Step("prompt", title, kind, details=((_("Lo que estaba escrito"), written),) if written else ())


def _limit(given: dict[str, Any]) -> Step:
    return Step("limit", _("Se llegó al límite del turno"), str(LIMITS.get(str(given.get("limit")), "")), bad=True)


def _label(name: str) -> str:
    tool = tool_named(name)
    return str(tool.label) if tool else name


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2, default=str) if value not in (None, {}, "") else "—"
