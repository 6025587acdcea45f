"""Choosing a template inside a chat: what is approved on its channel, seen with this contact's data before it leaves."""

from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from config.lib.errors import AppError, NotFound
from config.lib.fragments import go_to, is_fragment
from config.lib.ids import as_uuid, key_of, uuid7
from messaging.domain import template_parts
from messaging.forms.inbox import TemplateForm
from messaging.forms.scheduled import LaterForm
from messaging.forms.templates import ValuesForm
from messaging.models import Conversation, MessageTemplate
from messaging.services import scheduled, template_values, templates
from tenants.requests import Request

MOST_LISTED = 50


def show(
    request: Request,
    chat: Conversation,
    *,
    by_hand: TemplateForm | None = None,
    chosen: MessageTemplate | None = None,
    form: ValuesForm | None = None,
    later: LaterForm | None = None,
) -> HttpResponse:
    """The list, or the chosen one with its data; the part alone where a script asked."""
    bad = any(each is not None and each.errors for each in (by_hand, form, later))
    context: dict[str, object] = {"chat": chat, "back": f"/bandeja/{chat.pk}/"}
    wanted = as_uuid(request.GET.get("plantilla", ""))
    if wanted and chosen is None:
        chosen = templates.offered(chat.channel_id).filter(pk=wanted).first()
    if chosen is not None:
        context |= _chosen(request, chat, chosen, form)
        context["later"] = later or LaterForm(zone=request.tenant.timezone, initial={"stop_on_reply": True})
        context["later_at"] = f"/bandeja/{chat.pk}/plantilla/?mas_tarde=1"
    elif by_hand is None:
        context |= _listed(request, chat)
    if chosen is None and not context.get("templates") and not context.get("q"):
        context["by_hand"] = by_hand or TemplateForm(initial={"key": uuid7(), "language": request.tenant.locale})
    part = "messaging/_template_picker.html"
    return render(
        request, part if is_fragment(request) else "messaging/template_picker.html", context, status=422 if bad else 200
    )


def _listed(request: Request, chat: Conversation) -> dict[str, object]:
    q = request.GET.get("q", "").strip()[:100]
    rows = templates.offered(chat.channel_id)
    if q:
        rows = rows.filter(Q(name__icontains=q.replace(" ", "_")) | Q(components__icontains=q))
    found = list(rows[: MOST_LISTED + 1])
    listed = [(row, template_parts.written(row.components).body) for row in found[:MOST_LISTED]]
    return {"templates": listed, "cut": len(found) > MOST_LISTED, "q": q}


def _chosen(
    request: Request, chat: Conversation, chosen: MessageTemplate, form: ValuesForm | None
) -> dict[str, object]:
    given = form if form is not None else ValuesForm.of(chosen, request.GET if "v0" in request.GET else None)
    values = given.typed()
    known = template_values.known_of(chat.contact, member=request.member, values=values, holder=chat)
    return {
        "chosen": chosen,
        "form": given,
        "key": request.POST.get("key") or uuid7(),
        "seen": templates.seen(chosen, values, known),
    }


def send(request: Request, chat: Conversation) -> HttpResponse:
    """Send the chosen one, once for each key, or with `?mas_tarde=1` at the time that was asked."""
    chosen = templates.offered(chat.channel_id).filter(pk=key_of(request.POST.get("template", ""))).first()
    if chosen is None:
        raise NotFound(_("Esa plantilla no se puede enviar por este canal."))
    form = ValuesForm.of(chosen, request.POST)
    later = LaterForm(request.POST, zone=request.tenant.timezone) if request.GET.get("mas_tarde") else None
    if later is not None and not later.is_valid():
        return show(request, chat, chosen=chosen, form=form, later=later)
    try:
        made, words = templates.filled_for(
            template=chosen, conversation=chat, member=request.member, values=form.typed()
        )
        if later is None:
            key = f"person:{as_uuid(request.POST.get('key', '')) or uuid7()}"
            templates.send_made(
                conversation=chat, template=made, text=words, by=request.actor, user=request.user, key=key
            )
        else:
            scheduled.schedule(
                conversation=chat,
                text=words,
                template=made,
                send_at=later.cleaned_data["send_at"],
                stop_on_reply=later.cleaned_data["stop_on_reply"],
                by=request.actor,
                user=request.user,
            )
    except AppError as error:
        form.refuse(str(error.message))
        return show(request, chat, chosen=chosen, form=form, later=later)
    return go_to(request, f"/bandeja/{chat.pk}/")
