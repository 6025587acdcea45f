"""The page of one lead."""

import uuid

from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from config.lib.fragments import is_fragment
from crm.access import lead_for
from crm.forms.notes import NoteForm
from crm.models import Lead
from crm.services import portrait
from crm.views import lead_boxes, task_box
from crm.views.timeline import removed_note, story_of
from tenants.access import page
from tenants.audit_access import audit_access
from tenants.requests import Request


@audit_access("lead.viewed", resource="pk")
@page("leads.read")
@require_safe
def detail(request: Request, pk: uuid.UUID) -> HttpResponse:
    return shown(request, lead_for(request.member, pk, more=portrait.around_lead()))


def shown(request: Request, lead: Lead, *, status: int = 200, **forms: Form) -> HttpResponse:
    """`forms` are refused ones of the boxes (crm.views.lead_boxes) and of the note, shown with what was typed."""
    member, home = request.member, f"/leads/{lead.pk}/"
    note = forms.pop("note", None)
    around = portrait.of_lead(lead)
    request.tag_colors = around.colors
    context = {
        "lead": lead,
        **lead_boxes.context(member, lead, **forms),
        "portrait": around,
        "box": task_box.of(member, lead=lead),
        "back": home,
    }
    if is_fragment(request) and note is None:
        return render(request, "crm/_lead.html", context, status=status)
    context |= {
        "note_form": note or NoteForm(),
        "note_href": f"{home}notas/",
        "removed_note": removed_note(request),
        "live_ids": f"{lead.pk} {lead.contact_id}",
        **story_of(request, home, contact_id=lead.contact_id, lead_id=lead.pk),
        # By address, not by import: conversations live in a layer above this one.
        "conversation_url": f"/bandeja/?contact={lead.contact_id}",
    }
    return render(request, "crm/lead.html", context, status=status)
