"""What CRM itself tells in the story of a contact: notes, tasks, appointments, steps, hands, sales, consents, arrivals, changes."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import BooleanField, CharField, Exists, F, Func, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.lib import days
from crm.domain.timeline import About, Entry, Group, Row, Source, Undo, Who, who_of
from crm.models import (
    AgendaEvent,
    Assignment,
    Consent,
    Contact,
    ContactMerge,
    Conversion,
    Lead,
    Note,
    StageChange,
    StageKind,
    StageTransition,
    Task,
    Touch,
)
from crm.services.assignment_words import why as reason_words
from crm.services.timeline import lines
from tenants.models import SystemEvent
from tenants.services.audit_actions import ACTIONS

# What has lines of its own, and what is no change.
TOLD_ELSEWHERE = frozenset(
    {"lead.created", "lead.stage_changed", "lead.assigned", "lead.converted", "lead.unconverted"}
)
NO_CHANGE = (".viewed", ".listed", ".merged", ".unmerged", ".consent", ".exported", ".erased")
_WORDS = CharField()
PURPOSES = dict(Consent.Purpose.choices)
TOUCHES = dict(Touch.Kind.choices)
MEETING_ACTS = tuple(f"appointment.{what}" for what in ("moved", "confirmed", "cancelled", "restored", "settled"))
HANDS = dict(Assignment.Kind.choices)


def entries(about: About) -> Iterable[Source]:
    """Leads that the reader may not see stay out, and what belongs to them."""
    leads = Lead.objects.visible_to(about.member).filter(contact=about.contact_id)
    if about.lead_id:
        leads = leads.filter(pk=about.lead_id)
    ids = leads.values("pk")
    yield from _written(about, ids)
    yield from _appointments(about, ids)
    yield from _steps(ids)
    yield from _person(about)
    yield from _changes(about, ids)


def of_leads(ids: QuerySet[Any, Any], about: About) -> Q:
    """Rows of these leads, and those of the person as a whole."""
    return Q(contact=about.contact_id) & (Q(lead=None) | Q(lead__in=ids))


def _written(about: About, ids: QuerySet[Any, Any]) -> Iterable[Source]:
    whose = of_leads(ids, about)
    notes = lines(
        Note.objects.filter(whose),
        kind="note",
        at="created_at",
        actor_kind="actor_kind",
        actor="actor_label",
        text="text",
        of="kind",
        pinned="is_pinned",
        author="author_id",
        edited="edited_at",
    )
    yield Source("note", Group.NOTES, notes, _note)
    tasks = Task.objects.filter(whose)
    made = lines(
        tasks, kind="task", at="created_at", actor_kind="actor_kind", actor="actor_label", title="title", of="kind"
    )
    yield Source("task", Group.TASKS, made, _task)
    done = lines(
        tasks.filter(done_at__isnull=False),
        kind="task-done",
        at="done_at",
        actor_kind=Value("user"),
        actor="done_by",
        title="title",
        outcome="outcome",
    )
    yield Source("task-done", Group.TASKS, done, _task_done)


def _appointments(about: About, ids: QuerySet[Any, Any]) -> Iterable[Source]:
    """Each when it was made, and what became of it; a hold is no appointment yet."""
    rows = AgendaEvent.objects.visible_to(about.member).filter(of_leads(ids, about), kind=AgendaEvent.Kind.MEETING)
    rows = rows.exclude(status=AgendaEvent.Status.HELD)
    made = lines(
        rows,
        kind="meeting",
        at="created_at",
        actor_kind="actor_kind",
        actor="actor_label",
        title="title",
        service="service__name",
        seller="seller__name",
        starts="starts_at",
        status="status",
    )
    yield Source("meeting", Group.AGENDA, made, _meeting)
    later = audited(
        about,
        "agendaevent",
        rows,
        MEETING_ACTS,
        kind="meeting-act",
        event="resource_id",
        start=F("diff__start"),
        came=F("diff__came"),
    )
    yield Source("meeting-act", Group.AGENDA, later, _meeting_act)


def _steps(ids: QuerySet[Any, Any]) -> Iterable[Source]:
    by = {"actor_kind": "actor_kind", "actor": "actor_label"}
    back = StageTransition.objects.filter(
        source=OuterRef("target"),
        target=OuterRef("source"),
        target__kind=StageKind.OPEN,
        target__requires_comment=False,
        requires_comment=False,
        approver_role="",
    )
    steps = lines(
        StageChange.objects.filter(lead__in=ids),
        kind="stage",
        **by,
        source="source__name",
        back="source__code",
        target="target__name",
        reason="reason",
        lead="lead_id",
        # The last step may be taken back: the lead is where it led to, since then, and the way back asks nothing.
        back_free=Q(lead__stage=F("target"), at__gte=F("lead__stage_since")) & Exists(back),
    )
    yield Source("stage", Group.STEPS, steps, _stage)
    hands = lines(
        Assignment.objects.filter(lead__in=ids),
        kind="hand",
        **by,
        before="before__name",
        after="seller__name",
        of="kind",
        rule="rule__name",
        reason="reason",
    )
    yield Source("hand", Group.STEPS, hands, _hand)
    sales = Conversion.objects.filter(lead__in=ids)
    won = lines(sales, kind="sale", **by, id="id", lead="lead_id", undone="undone_at")
    yield Source("sale", Group.STEPS, won, _sale)
    undone = lines(
        sales.filter(undone_at__isnull=False),
        kind="sale-undone",
        at="undone_at",
        actor_kind=Value("user"),
        actor="undone_by",
        reason="undo_reason",
    )
    yield Source("sale-undone", Group.STEPS, undone, _sale_undone)


def _person(about: About) -> Iterable[Source]:
    whose = {"contact": about.contact_id}
    by = {"actor_kind": "actor_kind", "actor": "actor_label"}
    consents = lines(
        Consent.objects.filter(**whose), kind="consent", **by, purpose="purpose", granted="granted", source="source"
    )
    yield Source("consent", Group.CHANGES, consents, _consent)
    arrivals = lines(
        Touch.objects.filter(**whose), kind="touch", of="kind", source="source", campaign="campaign", content="content"
    )
    yield Source("touch", Group.CHANGES, arrivals, _touch)
    merges = ContactMerge.objects.filter(kept=about.contact_id)
    later = merges.filter(undone_at=None, at__gt=OuterRef("at"))
    # Like coats on one hook: the last union is undone first.
    free = Q(undone_at=None) & ~Exists(later)
    united = lines(merges, kind="merge", **by, id="id", contact="kept_id", name="other_name", free=free)
    yield Source("merge", Group.CHANGES, united, _merge)
    parted = lines(
        merges.filter(undone_at__isnull=False),
        kind="merge-undone",
        at="undone_at",
        actor_kind=Value("user"),
        actor="undone_by",
        name="other_name",
    )
    yield Source("merge-undone", Group.CHANGES, parted, _merge_undone)


def _changes(about: About, ids: QuerySet[Any, Any]) -> Iterable[Source]:
    told = [
        action
        for action in ACTIONS
        if action.startswith(("lead.", "contact."))
        and action not in TOLD_ELSEWHERE
        and not any(word in action for word in NO_CHANGE)
    ]
    contact = Contact.objects.filter(pk=about.contact_id)
    yield Source("act", Group.CHANGES, audited(about, "contact", contact, told, kind="act"), act)
    yield Source("lead-act", Group.CHANGES, audited(about, "lead", ids, told, kind="lead-act"), act)


def audited(
    about: About, what: str, whose: QuerySet[Any, Any], actions: Iterable[str], *, kind: str, **columns: Any
) -> QuerySet[Any, Any]:
    """Acts of the audit trail on the rows `whose` of the model `what`. `columns`: what else goes into `data`.

    As an array that is read first: a join would turn each id into text beside the trail's rows, and behind row security
    PostgreSQL looks nothing up by index for that (uuid_out is not leakproof); it read the whole trail instead.
    """
    ids = ArraySubquery(whose.values(text=Cast("pk", _WORDS)))
    rows = SystemEvent.objects.filter(
        _OneOf(F("resource_id"), ids),
        tenant_id=about.member.tenant_id,
        resource_type=what,
        action__in=list(actions),
        outcome="ok",
    )
    return lines(
        rows,
        kind=kind,
        actor_kind="actor_kind",
        actor="actor_label",
        action="action",
        fields=F("diff__fields"),
        **columns,
    )


class _OneOf(Func):
    """`column = ANY (array)`."""

    template, arg_joiner, conditional = "%(expressions)s)", " = ANY (", True
    output_field = BooleanField()


# --- words ---------------------------------------------------------------------------------------------------
FIELDS: dict[str, Promise] = {
    "name": gettext_lazy("nombre"),
    "phone": gettext_lazy("teléfono"),
    "email": gettext_lazy("correo"),
    "city": gettext_lazy("ciudad"),
    "tags": gettext_lazy("etiquetas"),
    "custom": gettext_lazy("campos propios"),
    "notes": gettext_lazy("notas"),
    "source": gettext_lazy("origen"),
    "value": gettext_lazy("valor"),
    "budget": gettext_lazy("presupuesto"),
    "timeline": gettext_lazy("plazo"),
    "needs": gettext_lazy("necesidad"),
    "expected_close": gettext_lazy("cierre esperado"),
    "probability": gettext_lazy("probabilidad"),
}


def _line(row: Row, group: Group, icon: str, text: str, **more: Any) -> Entry:
    who = more.pop("who", None) or who_of(row.actor_kind)
    return Entry(row.at, f"{row.kind}-{row.key}", group, icon, text, who, name=row.actor, **more)


def _note(row: Row) -> Entry:
    kinds = dict(Note.Kind.choices)
    return _line(
        row,
        Group.NOTES,
        icon="notebook-pen",
        text=str(kinds.get(row.data["of"], "")),
        detail=row.data["text"],
        note={**row.data, "id": row.key},
    )


def _task(row: Row) -> Entry:
    text = _("Tarea: %(title)s") % {"title": row.data["title"]}
    return _line(row, Group.TASKS, icon="square", text=text, detail="", href=f"/tareas/{row.key}/")


def _task_done(row: Row) -> Entry:
    text = _("Tarea hecha: %(title)s") % {"title": row.data["title"]}
    return _line(row, Group.TASKS, icon="square-check", text=text, detail=row.data["outcome"])


def _meeting(row: Row) -> Entry:
    said = row.data
    words = {"what": said["title"] or said["service"] or _("una cita"), "seller": said["seller"]}
    text = _("Se agendó %(what)s con %(seller)s") % words
    status = dict(AgendaEvent.Status.choices).get(said["status"], "")
    detail = f"{_clock(said['starts'])} · {status}"
    return _line(row, Group.AGENDA, icon="calendar-plus", text=text, detail=detail, href=f"/agenda/citas/{row.key}/")


def _meeting_act(row: Row) -> Entry:
    said, detail = row.data, ""
    words = {
        "appointment.confirmed": _("La cita se confirmó"),
        "appointment.cancelled": _("La cita se canceló"),
        "appointment.restored": _("La cita volvió a quedar agendada"),
        "appointment.settled": _("Vino a la cita") if said["came"] else _("No vino a la cita"),
    }
    text = words.get(said["action"]) or _("La cita cambió de vendedor")
    if said["action"] == "appointment.moved" and isinstance(said["start"], list):
        text, detail = _("La cita se movió"), " → ".join(_clock(each) for each in said["start"])
    icon = {"appointment.moved": "arrow-right-left", "appointment.cancelled": "circle-x"}.get(said["action"], "check")
    return _line(row, Group.AGENDA, icon=icon, text=text, detail=detail, href=f"/agenda/citas/{said['event']}/")


def _clock(moment: str) -> str:
    """ "mar 24 nov 2026 15:00", where the company is."""
    here = timezone.localtime(datetime.fromisoformat(moment))
    return f"{days.lowered(date_format(here, 'D j M Y'))} {here:%H:%M}"


def _stage(row: Row) -> Entry:
    source, target = row.data["source"], row.data["target"]
    undo = None
    if not source:
        text = _("Entró en %(target)s") % {"target": target}
    else:
        text = _("De %(source)s a %(target)s") % {"source": source, "target": target}
        if row.data["back_free"]:
            undo = Undo(f"/leads/{row.data['lead']}/etapa/", {"stage": row.data["back"]})
    return _line(row, Group.STEPS, icon="arrow-right", text=text, detail=row.data["reason"], undo=undo)


def _hand(row: Row) -> Entry:
    before, after = row.data["before"], row.data["after"]
    if after and before:
        text = _("De %(before)s a %(after)s") % {"before": before, "after": after}
    elif after:
        text = _("Lo atiende %(after)s") % {"after": after}
    else:
        text = _("Quedó sin vendedor")
    why = str(HANDS.get(row.data["of"], ""))
    detail = " · ".join(filter(None, [why, row.data["rule"], reason_words(row.data["reason"] or {})]))
    return _line(row, Group.STEPS, icon="user-check", text=text, detail=detail)


def _sale(row: Row) -> Entry:
    undo = None if row.data["undone"] else Undo(f"/leads/{row.data['lead']}/#conversion-title", asks=True)
    return _line(row, Group.STEPS, icon="handshake", text=_("Pasó a ser cliente"), undo=undo)


def _sale_undone(row: Row) -> Entry:
    text = _("La conversión en cliente se deshizo")
    return _line(row, Group.STEPS, icon="undo-2", text=text, detail=row.data["reason"])


def _consent(row: Row) -> Entry:
    words = {"purpose": PURPOSES.get(row.data["purpose"], row.data["purpose"])}
    text = _("Aceptó: %(purpose)s") % words if row.data["granted"] else _("Rechazó: %(purpose)s") % words
    return _line(row, Group.CHANGES, icon="shield-check", text=text, detail=row.data["source"])


def _touch(row: Row) -> Entry:
    text = _("Llegó por: %(how)s") % {"how": TOUCHES.get(row.data["of"], row.data["of"])}
    detail = " · ".join(filter(None, [row.data["source"], row.data["campaign"], row.data["content"]]))
    return _line(row, Group.CHANGES, icon="log-in", text=text, detail=detail, who=Who.SYSTEM)


def _merge(row: Row) -> Entry:
    text = _("Se unió con %(name)s") % {"name": row.data["name"] or "—"}
    undo = (
        None if not row.data["free"] else Undo(f"/contactos/{row.data['contact']}/uniones/{row.data['id']}/deshacer/")
    )
    return _line(row, Group.CHANGES, icon="merge", text=text, undo=undo)


def _merge_undone(row: Row) -> Entry:
    return _line(row, Group.CHANGES, icon="split", text=_("Se separó de %(name)s") % {"name": row.data["name"] or "—"})


def act(row: Row, group: Group = Group.CHANGES) -> Entry:
    """An act of the trail: its name, and which fields changed."""
    names = [str(FIELDS.get(name, name)) for name in row.data["fields"] or []]
    return _line(row, group, icon="pencil", text=str(ACTIONS[row.data["action"]]), detail=", ".join(names))
