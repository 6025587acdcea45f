"""What the AI did, in the story of a contact: each act with its receipt (settings.TIMELINE)."""

from collections.abc import Iterable
from functools import partial

from django.db.models import Q, Value
from django.utils.translation import gettext as _

from agents.models import ToolCall
from agents.services.undo import needs
from agents.services.undo_ways import WAYS
from crm.domain.timeline import About, Entry, Group, Row, Source, Undo, Who
from crm.services.timeline import lines
from messaging.access import visible_conversations


def entries(about: About) -> Iterable[Source]:
    """Acts that changed something: those that left a receipt."""
    chats = visible_conversations(about.member).filter(contact=about.contact_id).order_by().values("pk")
    calls = ToolCall.objects.filter(conversation_id__in=chats, ok=True, result__has_key="receipt")
    calls = calls.exclude(tool="my_appointments")  # only looked
    rows = lines(
        calls,
        kind="tool",
        at="created_at",
        actor_kind=Value("agent"),
        actor="run__agent__name",
        receipt="result__receipt__text",
        run="run_id",
        sees=Value(about.member.may("runs.read")),
        tool="tool",
        stands=Q(undone_at=None) & ~Q(back={}),
        gone=Q(undone_at__isnull=False),
        undone_by="undone_by",
    )
    may = frozenset(tool for tool in WAYS if about.member.may(needs(tool)))
    yield Source("tool", Group.AI, rows, partial(_call, may))


def _call(may: frozenset[str], row: Row) -> Entry:
    """`may`: the tools whose acts the reader may do by hand, and so undo."""
    said, tool = row.data, row.data["tool"]
    undoes = said["stands"] and tool in may
    return Entry(
        row.at,
        f"tool-{row.key}",
        Group.AI,
        icon="sparkles",
        text=row.data["receipt"] or _("La IA hizo un cambio"),
        who=Who.AI,
        name=row.actor,
        detail=_("Deshecho por %(who)s") % {"who": said["undone_by"] or "—"} if said["gone"] else "",
        href=f"/agentes/turnos/{row.data['run']}/" if row.data["sees"] else "",
        undo=Undo(f"/agentes/hechos/{row.key}/", asks=True, needs=needs(tool)) if undoes else None,
        gone=said["gone"],
    )
