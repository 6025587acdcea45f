"""The rows of Mi día: who waits, why, since when, and at most three acts each. Nobody's need stands in two places."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from config.lib.sentences import worded
from crm.models import AgendaEvent, Lead, Task
from crm.services import business_hours, day
from messaging.models import Conversation

SECTIONS: dict[str, Promise] = {
    "came": _("¿Vinieron?"),
    "meeting": _("Citas de hoy"),
    "waiting": _("Esperan respuesta"),
    "lost": _("No llegaron"),
    "approval": _("Esperan aprobación"),
    "late": _("Atrasado"),
    "today": _("Para hoy"),
    "hot": _("Mucho interés, sin contacto"),
    "lacking": _("Sin próximo paso"),
    "cold": _("Se enfrían"),
    "unowned": _("Sin vendedor"),
}
MARKS: dict[str, Promise] = {
    "came": _("¿Vino?"),
    "meeting": _("Cita"),
    "waiting": _("Espera respuesta"),
    "approval": _("Pide aprobación"),
    "late": _("Atrasado"),
    "today": _("Hoy"),
    "hot": _("Mucho interés"),
    "lacking": _("Sin próximo paso"),
    "cold": _("Se enfría"),
    "unowned": _("Lead sin vendedor"),
}
APART = frozenset({"came", "meeting"})  # whoever comes today may besides wait for an answer
OWN_ROW = frozenset({"late", "today", "approval"})  # each is an act of its own, whoever it is about


@dataclass(frozen=True)
class Act:
    """A button: a link (`href`) or a plain form (`post`) that htmx sends in place, with `fields` hidden in it."""

    label: str
    href: str = ""
    post: str = ""
    icon: str = ""
    fields: tuple[tuple[str, str], ...] = ()


@dataclass
class Row:
    """`kind` is the section it stands in, `marks` what else it is. `plan`: the lead whose step may be planned right here.

    `inside`: when the wait would have begun if only the company's open hours counted.
    """

    kind: str
    key: str
    who: str
    why: str
    since: datetime
    href: str
    icon: str
    acts: list[Act]
    contact: UUID | None = None
    mark: str = ""
    marks: list[str] = field(default_factory=list)
    whose: str = ""
    inside: datetime | None = None
    plan: Lead | None = None
    plan_first: bool = False
    opened: bool = False

    @property
    def outside(self) -> bool:
        """Whether all of the wait was out of hours."""
        return self.inside is not None and self.inside > timezone.now() - timedelta(minutes=1)

    @property
    def bad(self) -> bool:
        return self.kind == "lost"


@dataclass
class Section:
    """`count` in words: a cut section says "50+". `href`: the list with exactly these rows, where there is one."""

    kind: str
    title: str
    rows: list[Row]
    count: str
    href: str = ""


def chat_rows(chats: Iterable[Conversation], asked: day.Asked) -> Iterator[Row]:
    for chat in chats:
        since = chat.waiting_since
        if since is None or chat.mode == Conversation.Mode.AI or chat.status != Conversation.Status.OPEN:
            continue  # here for what did not go out
        yield Row(
            kind="waiting",
            key=f"chat-{chat.pk}",
            who=str(chat.contact),
            why=chat.last_message_preview,
            since=since,
            href=f"/bandeja/{chat.pk}/",
            icon="message-square",
            acts=[Act(str(_("Responder")), href=f"/bandeja/{chat.pk}/")],
            contact=chat.contact_id,
            mark=str(MARKS["waiting"]),
            whose=str(chat.assignee or "") if chat.assignee_id != asked.member.user_id else "",
            inside=_inside(since, asked.now),
        )


def _inside(since: datetime, now: datetime) -> datetime | None:
    """Since when it would be if only the company's open hours counted; None when that makes no difference."""
    worked = business_hours.seconds(since, now)
    return now - timedelta(seconds=worked) if worked < (now - since).total_seconds() - 60 else None


def lost_rows(chats: Iterable[Conversation], asked: day.Asked) -> Iterator[Row]:
    """What did not go out: `lost` of a chat is its last such message."""
    for chat in chats:
        lost = chat.lost  # type: ignore[attr-defined]  # annotated by the query
        if not lost:
            continue
        href = f"/bandeja/{chat.pk}/#m-{lost['id']}"
        yield Row(
            kind="lost",
            key=f"message-{lost['id']}",
            who=str(chat.contact),
            why=worded(lost["error"]) or lost["text"],
            since=datetime.fromisoformat(lost["at"]),
            href=href,
            icon="circle-alert",
            acts=[Act(str(_("Revisar")), href=href)],
            contact=chat.contact_id,
            mark=str(_("No se envió") if lost["status"] == "failed" else _("Sin confirmar")),
            whose=str(chat.assignee or "") if chat.assignee_id != asked.member.user_id else "",
        )


def appointment_rows(meetings: Iterable[day.Meeting], asked: day.Asked) -> Iterator[Row]:
    for event in meetings:
        kind = "came" if event.ends_at < asked.now else "meeting"
        yield Row(
            kind=kind,
            key=f"appointment-{event.id}",
            who=str(event.contact or event.what or MARKS["meeting"]),
            why=event.what if event.contact else "",
            since=event.starts_at,
            href=f"/agenda/citas/{event.id}/",
            icon="calendar-clock",
            acts=list(_appointment_acts(event, asked)) if asked.member.may("agenda.write") else [],
            contact=event.contact.pk if event.contact else None,
            mark=str(MARKS[kind]),
            marks=[str(AgendaEvent.Status.CONFIRMED.label)] if event.status == AgendaEvent.Status.CONFIRMED else [],
            whose=event.seller if event.user != asked.member.user_id else "",
        )


def _appointment_acts(event: day.Meeting, asked: day.Asked) -> Iterator[Act]:
    """Before it whether they will come, from its beginning on whether they did."""
    at = f"/agenda/citas/{event.id}/"
    if event.starts_at <= asked.now:
        yield Act(str(_("Vino")), post=f"{at}resultado/", icon="check", fields=(("came", "yes"),))
        yield Act(str(_("No vino")), post=f"{at}resultado/", icon="x", fields=(("came", "no"),))
    elif event.status == AgendaEvent.Status.SCHEDULED:
        yield Act(str(_("Confirmar")), post=f"{at}confirmar/", icon="check")
    if event.contact:
        yield _write(event.contact.pk)


def task_rows(tasks: Iterable[Task], asked: day.Asked) -> Iterator[Row]:
    for task in tasks:
        kind = "late" if task.due_at < asked.now else "today"
        phone = task.contact.phone if task.contact else None
        acts = [
            Act(str(_("Hecha")), post=f"/tareas/{task.pk}/hecha/", icon="check"),
            Act(str(_("+1 día")), post=f"/tareas/{task.pk}/posponer/"),
        ]
        if task.kind == Task.Kind.CALL and phone:
            acts.append(Act(str(_("Llamar")), href=f"tel:{phone}", icon="phone"))
        elif task.contact_id:
            acts.append(_write(task.contact_id))
        yield Row(
            kind=kind,
            key=f"task-{task.pk}",
            who=str(task.contact or task.title),
            why=task.title if task.contact else str(task.get_kind_display()),
            since=task.due_at,
            href=f"/tareas/{task.pk}/",
            icon="list-checks",
            acts=acts,
            contact=task.contact_id,
            mark=str(MARKS[kind]),
            whose=str(task.assignee or "") if task.assignee_id != asked.member.user_id else "",
        )


def lead_rows(leads: Iterable[Lead], asked: day.Asked, opened: UUID | None) -> Iterator[Row]:
    """One row a lead, in its most urgent section; the others are marks on it."""
    for lead in leads:
        kinds = day.Kinds.of(lead, asked)
        named = [kind for kind in ("approval", "hot", "lacking", "cold", "unowned") if getattr(kinds, kind)]
        if named:
            yield _lead_row(lead, asked, named, opened)


def _lead_row(lead: Lead, asked: day.Asked, named: list[str], opened: UUID | None) -> Row:
    kind, others = named[0], named[1:]
    mine: UUID | None = lead.my_seller  # type: ignore[attr-defined]  # annotated by day.leads
    plan = lead if lead.next_step_at is None and kind != "approval" else None
    return Row(
        kind=kind,
        key=f"lead-{lead.pk}",
        who=str(lead.contact),
        why=" · ".join(filter(None, [lead.stage.name, lead.source, lead.needs[:120]])),
        since=lead.last_activity_at if kind in ("cold", "unowned") else lead.created_at,
        href=f"/leads/{lead.pk}/",
        icon={"hot": "flame", "cold": "snowflake", "approval": "circle-check"}.get(kind, "filter"),
        acts=_lead_acts(lead, kind, takes=mine is not None),
        contact=lead.contact_id,
        mark=str(MARKS[kind]),
        marks=[str(MARKS[each]) for each in others],
        whose=str(lead.owner or "") if asked.team and lead.owner_id != mine else "",
        plan=plan,
        plan_first=kind == "lacking",
        opened=lead.pk == opened,
    )


def _lead_acts(lead: Lead, kind: str, *, takes: bool) -> list[Act]:
    """Besides planning a step, which the row has of its own."""
    if kind == "approval":
        asked_for = lead.request_id  # type: ignore[attr-defined]  # annotated by day.leads
        yes = Act(str(_("Aprobar")), post=f"/aprobaciones/{asked_for}/aprobar/", icon="check")
        return [yes, Act(str(_("Ver pedidos")), href="/aprobaciones/")]
    write = _write(lead.contact_id)
    if lead.owner_id is not None:
        return [write]
    take = Act(str(_("Tomar")), post=f"/leads/{lead.pk}/tomar/", icon="hand")
    return [take if takes else Act(str(_("Asignar")), href=f"/leads/{lead.pk}/"), write]


def _write(contact_id: UUID) -> Act:
    return Act(str(_("Escribir")), href=f"/bandeja/?contact={contact_id}", icon="message-square")


def gathered(rows: Iterable[Row]) -> list[Row]:
    """Each person once: what else waits for them becomes a mark on their first row. Promises keep rows of their own."""
    first: dict[UUID, Row] = {}
    kept = []
    for row in rows:
        if row.kind in APART:
            kept.append(row)
            continue
        known = first.get(row.contact) if row.contact else None
        if known is None or row.kind in OWN_ROW:
            kept.append(row)
            if row.contact:
                first.setdefault(row.contact, row)
            continue
        for mark in (row.mark, *row.marks):
            if mark not in (known.mark, *known.marks):
                known.marks.append(mark)
        if row.opened:  # its step was asked for a moment ago, so the question must be seen
            known.plan, known.opened = row.plan, True
    return kept
