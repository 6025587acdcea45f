"""What the AI did, in the story of a contact: each act with its receipt (settings.TIMELINE)."""

from collections.abc import Iterable

from django.db.models import Value
from django.utils.translation import gettext as _

from agents.models import ToolCall
from crm.domain.timeline import About, Entry, Group, Row, Source, Who
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
    )
    yield Source("tool", Group.AI, rows, _call)


def _call(row: Row) -> Entry:
    return Entry(
        row.at,
        f"tool-{row.key}",
        Group.AI,
        icon="sparkles",
        text=row.data["receipt"] or _("La IA hizo un cambio"),
        who=Who.AI,
        name=row.actor,
        href=f"/agentes/turnos/{row.data['run']}/" if row.data["sees"] else "",
    )
