"""The board: cards by stage, moved by drag, by key or by a plain form; the chat opens beside it."""

import uuid
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from config.lib.errors import AppError, Conflict, Invalid
from config.lib.fragments import is_fragment
from config.lib.ids import as_uuid, key_of
from crm.access import lead_for, stage_for
from crm.forms.board import MoveCardForm
from crm.forms.lead_filters import LeadFilters
from crm.models import Lead, LostReason, Stage
from crm.services import board, list_choices, moves
from crm.services.lead_filters import LeadQuery
from crm.services.list_choices import Choices
from crm.views.lead_list import chips
from tenants.access import page
from tenants.audit_access import audit_access
from tenants.requests import Request

HOME = "/embudo/"
PANEL = "board-panel"  # the part beside the board, asked for alone
LEFT_OUT = frozenset({"ver", "stage", "status", "sort", "cursor"})
ASKABLE = frozenset({"lost_reason", "comment"})


@dataclass(frozen=True)
class Tab:
    """A pipeline above the board; `count` is for tabs.html."""

    label: str
    href: str
    current: bool
    count: str | None = None


@audit_access("leads.listed")
@page("leads.read")
@require_safe
def show(request: Request) -> HttpResponse:
    """`?pipeline=` and the words of the list; `?ver=<lead>` opens that one beside the board."""
    chosen = as_uuid(request.GET.get("ver", ""))
    if is_fragment(request) and request.htmx.target == PANEL:
        lead = (
            Lead.objects.visible_to(request.member)
            .filter(pk=key_of(chosen))
            .select_related("contact", "stage", "owner")
            .first()
        )
        return render(request, "crm/_board_panel.html", {"chosen": lead, "close_href": _address(_filters(request))})
    choices = list_choices.of(request.member, words=request.GET.get("q", ""))
    query = LeadQuery.of(_filters(request), request.member, choices=choices)
    pipeline = as_uuid(query.given.get("pipeline") or (choices.main.key if choices.main else ""))
    shown = board.of(query=query, pipeline_id=pipeline, chosen=chosen)
    encoded = query.encoded()
    rest = query.encoded(without="pipeline")
    context = {
        "board": shown,
        "chosen": shown.chosen,
        "close_href": _address(encoded),
        "pipelines": _tabs(choices, str(pipeline), rest),
        "filter": LeadFilters(query, choices, board=True),
        "chips": [each for each in chips(query, HOME) if each.label != str(_("Embudo"))],
        "problems": list(query.problems.values()),
        "query": encoded,
        "rest": rest,
        "card_href": f"{HOME}?{encoded}&ver=" if encoded else f"{HOME}?ver=",
        "live_address": _address(encoded),
        "sees": request.member.sees,
    }
    return render(request, "crm/_board.html" if is_fragment(request) else "crm/board.html", context)


@audit_access("lead.viewed", resource="pk")
@page("leads.write")
@require_http_methods(["GET", "POST"])
def move(request: Request, pk: uuid.UUID) -> HttpResponse:
    """One step of one lead. Answers the script in JSON and a plain form with the board, or with what is still asked."""
    lead = lead_for(request.member, pk, lock=True)
    form = MoveCardForm(request.POST)
    if request.method == "GET" or not form.is_valid():
        return HttpResponseRedirect(f"/leads/{lead.pk}/")
    said = form.cleaned_data
    stage = stage_for(said["stage"])
    try:
        _still_there(lead, said["seen"])
        asked = moves.move_stage(
            lead=lead,
            stage=stage,
            by=request.actor,
            member_role=request.member.role,
            lost_reason=said["lost_reason"],
            comment=said["comment"],
        )
    except Invalid as error:
        request.undo = True
        missing = ASKABLE & error.fields.keys()
        return (
            _ask(request, lead, stage, form, error, missing) if missing else _refuse(request, lead, said["back"], error)
        )
    except Conflict as error:
        request.undo = True
        return _refuse(request, lead, said["back"], error)
    if asked is not None:
        text = _("«%(lead)s» espera la aprobación para pasar a «%(stage)s».") % {"lead": lead.contact, "stage": stage}
        return _done(request, said["back"], text, status=202)
    text = _("«%(lead)s» pasó a «%(stage)s».") % {"lead": lead.contact, "stage": stage}
    return _done(request, said["back"], text, status=200)


def _still_there(lead: Lead, seen: uuid.UUID | None) -> None:
    if seen is not None and lead.stage_id != seen:
        raise Conflict(
            _("Otra persona ya movió este lead: ahora está en «%(stage)s».") % {"stage": lead.stage}, code="moved"
        )


def _done(request: Request, back: str, text: str, *, status: int) -> HttpResponse:
    if _by_script(request):
        return JsonResponse({"text": text, "moved": status == 200}, status=status)
    messages.success(request, text)
    return HttpResponseRedirect(_address(back))


def _refuse(request: Request, lead: Lead, back: str, error: AppError) -> HttpResponse:
    """Nothing changed: the card goes back, with the reason."""
    if _by_script(request):
        body = {"text": str(error.message), "code": error.code, "moved": False}
        if error.code == "convert_first":
            body["href"] = f"/leads/{lead.pk}/"
        return JsonResponse(body, status=error.status)
    messages.error(request, str(error.message))
    return HttpResponseRedirect(f"/leads/{lead.pk}/" if error.code == "convert_first" else _address(back))


def _ask(
    request: Request, lead: Lead, stage: Stage, form: MoveCardForm, error: AppError, missing: frozenset[str]
) -> HttpResponse:
    """The step needs words: a lost reason or a comment. The same form in a dialog or on a page of its own."""
    answered = bool(request.POST.get("asked"))
    if answered:
        for name in missing:
            form.add_error(name, str(error.fields[name]))
    context: dict[str, Any] = {
        "lead": lead,
        "stage": stage,
        "form": form,
        "wanted": [form[name] for name in ("lost_reason", "comment") if name in missing],
        "reasons": LostReason.objects.filter(is_active=True).values_list("name", flat=True),
        "back_href": _address(form.cleaned_data.get("back", "")),
    }
    if _by_script(request):
        html = render_to_string("crm/_board_ask.html", context, request)
        return JsonResponse({"text": str(error.message), "moved": False, "ask": html}, status=422)
    return render(request, "crm/board_ask.html", context, status=422)


def _by_script(request: Request) -> bool:
    return request.headers.get("Accept", "").startswith("application/json")


def _tabs(choices: Choices, current: str, rest: str) -> list[Tab]:
    if len(choices.pipelines) < 2:
        return []
    more = f"&{rest}" if rest else ""
    return [Tab(each.label, f"{HOME}?pipeline={each.key}{more}", each.key == current) for each in choices.pipelines]


def _filters(request: Request) -> dict[str, str]:
    """The address without what a board does not filter by: its columns are the stages."""
    return {word: str(request.GET[word]) for word in request.GET if word not in LEFT_OUT}


def _address(query: str | dict[str, str]) -> str:
    text = query if isinstance(query, str) else urlencode(query)
    return f"{HOME}?{text}" if text else HOME
