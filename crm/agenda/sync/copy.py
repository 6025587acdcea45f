"""An appointment as it stands in Google: what of it goes there, and what comes back."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from django.utils.translation import gettext as _

from crm.calendars.base import EventDraft, RemoteEvent
from crm.domain import calendar_copy as rules
from crm.domain.calendar_copy import Content, Sides
from crm.models import AgendaEvent
from tenants.domain.actor import Actor

GOOGLE = Actor.system("Google Calendar")
PUSH, READ = "crm.tasks.push_appointments", "crm.tasks.read_calendars"
Status = AgendaEvent.Status
OVER = (Status.DONE, Status.NO_SHOW)
NEVER = datetime.min.replace(tzinfo=UTC)


def usual_title(event: AgendaEvent) -> str:
    if event.service is not None:
        return event.service.name
    return _("Ocupado") if event.kind == AgendaEvent.Kind.BUSY else _("Cita")


def contact_name(event: AgendaEvent) -> str:
    return str(event.contact) if event.contact is not None else ""


def content_of(event: AgendaEvent) -> Content:
    """Ours as it is written over there: no phone, no note, nothing that the customer said."""
    title = rules.summary_of(event.title, usual_title(event), contact_name(event))
    return Content(event.starts_at, event.ends_at, title, event.place)


def draft_of(event: AgendaEvent, zone: str, *, new: bool) -> EventDraft:
    """What goes out. What somebody wrote below the title over there stays."""
    content = content_of(event)
    return EventDraft(
        title=content.title,
        starts_at=content.start,
        ends_at=content.end,
        crm_id=rules.key_of(event.pk.hex, event.revision, content),
        timezone=zone,
        description=usual_title(event) if new and event.title else None,
        place=content.place,
    )


def theirs_of(remote: RemoteEvent) -> Content:
    """Without times, or without any length, it has none that could be ours."""
    span = remote.span
    return Content(span.start if span else NEVER, span.end if span else NEVER, remote.title, remote.place)


def sides_of(event: AgendaEvent, remote: RemoteEvent | None) -> Sides:
    changed = event.revision > event.pushed_revision
    known: dict[str, Any] = {
        "cancelled": event.status == Status.CANCELLED,
        "changed": changed,
        "over": event.status in OVER,
        "copied": bool(event.google_etag),
    }
    if remote is None or remote.cancelled:
        return Sides(**known, gone=True, same=False)
    ours, theirs = content_of(event), theirs_of(remote)
    base = base_of(event, remote)
    return Sides(
        **known,
        gone=False,
        same=not remote.is_all_day and rules.mark_of(ours) == rules.mark_of(own_words(event, remote)),
        ours=rules.touched(ours, base) if changed else frozenset(),
        theirs=rules.touched(theirs, base),
    )


def base_of(event: AgendaEvent, remote: RemoteEvent) -> str:
    return rules.base_of(event.google_etag, remote.crm_id, event.pushed_revision)


def is_echo(event: AgendaEvent, remote: RemoteEvent) -> bool:
    """What we wrote or have seen before, coming back."""
    if remote.cancelled:
        return False
    known = remote.etag == rules.etag_in(event.google_etag)
    return known or not rules.touched(theirs_of(remote), base_of(event, remote))


def version_of(remote: RemoteEvent) -> str:
    return rules.version_of(remote.etag, theirs_of(remote))


def own_words(event: AgendaEvent, remote: RemoteEvent) -> Content:
    """Theirs with the title as ours would go there: what somebody wrote without the contact's name counts as the same."""
    title = rules.title_of(remote.title, usual_title(event), contact_name(event))
    said = rules.summary_of(title, usual_title(event), contact_name(event))
    return replace(theirs_of(remote), title=said)


def taken(event: AgendaEvent, remote: RemoteEvent, parts: frozenset[str]) -> dict[str, Any]:
    """The named parts of theirs as ours would have them."""
    made: dict[str, Any] = {}
    if "time" in parts:
        made |= {"start": remote.starts_at, "end": remote.ends_at}
    if "title" in parts:
        made["title"] = rules.title_of(remote.title, usual_title(event), contact_name(event))[:200]
    if "place" in parts:
        made["place"] = remote.place[:200]
    return made
