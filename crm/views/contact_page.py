"""The page of one person: who they are, what is open, and the whole story."""

import uuid

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_safe

from config.lib.errors import NotFound
from config.lib.fragments import is_fragment
from crm.access import contact_for
from crm.forms.notes import NoteForm
from crm.models import Contact
from crm.services import portrait
from crm.views import task_box
from crm.views.timeline import removed_note, story_of
from tenants.access import page
from tenants.audit_access import audit_access
from tenants.requests import Request


@audit_access("contact.viewed", resource="pk")
@page("contacts.read")
@require_safe
def detail(request: Request, pk: uuid.UUID) -> HttpResponse:
    try:
        contact = contact_for(request.member, pk)
    except NotFound as gone:
        if "merged_into" not in gone.fields:
            raise
        return HttpResponseRedirect(f"/contactos/{gone.fields['merged_into']}/")  # an old link to somebody united
    return shown(request, contact)


def shown(request: Request, contact: Contact, *, note: NoteForm | None = None, status: int = 200) -> HttpResponse:
    member, home = request.member, f"/contactos/{contact.pk}/"
    around = portrait.of_contact(contact, member)
    request.tag_colors = around.colors
    context = {"contact": contact, "portrait": around, "box": task_box.of(member, contact=contact), "back": home}
    context["live_ids"] = f"{contact.pk} {around.live_ids}"
    if is_fragment(request) and note is None:
        return render(request, "crm/_contact.html", context)
    context |= {
        "note_form": note or NoteForm(),
        "note_href": f"{home}notas/",
        "removed_note": removed_note(request),
        **story_of(request, home, contact_id=contact.pk),
    }
    return render(request, "crm/contact.html", context, status=status)
