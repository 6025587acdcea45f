"""The story on the pages of contacts and leads: narrowed and continued by the address."""

import uuid
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from config.lib.fragments import is_fragment
from config.lib.ids import as_uuid
from crm.access import contact_for, lead_for
from crm.domain.timeline import About, Group
from crm.services.timeline import story
from tenants.access import page
from tenants.audit_access import audit_access
from tenants.requests import Request

GROUPS = {
    "": _("Todo"),
    Group.CHATS: _("Chats"),
    Group.NOTES: _("Notas"),
    Group.TASKS: _("Tareas"),
    Group.AGENDA: _("Citas"),
    Group.STEPS: _("Etapas y ventas"),
    Group.CHANGES: _("Cambios"),
    Group.AI: _("IA"),
}


@dataclass(frozen=True)
class Tab:
    label: str
    href: str
    current: bool
    count: int | None = None


def story_of(request: Request, home: str, *, contact_id: uuid.UUID, lead_id: uuid.UUID | None = None) -> dict[str, Any]:
    """What `_timeline.html` needs; `home` is the page's address. One statement."""
    group, before = request.GET.get("ver", ""), request.GET.get("antes", "")
    group = group if group in GROUPS else ""
    since = "" if before else request.GET.get("desde", "")
    about = About(contact_id, request.member, request.tenant.timezone, lead_id)
    return {
        "story": story(about, group=group, before=before, since=since),
        "story_tabs": [
            Tab(str(label), f"{home}?{urlencode({'ver': code})}#story" if code else f"{home}#story", code == group)
            for code, label in GROUPS.items()
        ],
        "story_home": home,
        "story_group": group,
        "story_before": before,
    }


def removed_note(request: Request) -> str:
    """The note that was removed a moment ago, for the offer to bring it back."""
    return str(as_uuid(request.GET.get("borrada", "")) or "")


@audit_access("contact.viewed", resource="pk")
@page("contacts.read")
@require_safe
def of_contact(request: Request, pk: uuid.UUID) -> HttpResponse:
    contact = contact_for(request.member, pk)
    return _part(request, f"/contactos/{pk}/", contact_id=contact.pk)


@audit_access("lead.viewed", resource="pk")
@page("leads.read")
@require_safe
def of_lead(request: Request, pk: uuid.UUID) -> HttpResponse:
    lead = lead_for(request.member, pk)
    return _part(request, f"/leads/{pk}/", contact_id=lead.contact_id, lead_id=lead.pk)


def _part(request: Request, home: str, **whose: Any) -> HttpResponse:
    """The lines alone, for htmx: what is new, or what comes before. For anybody else the page itself."""
    if not is_fragment(request):
        return redirect(f"{home}?{request.GET.urlencode()}" if request.GET else home)
    context = story_of(request, home, **whose)
    template = "crm/_timeline_older.html" if context["story_before"] else "crm/_timeline_new.html"
    return render(request, template, context)
