"""Which tools a company has: the platform's, as it changed them, and services of its own. One statement a turn."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from django.db.models import Aggregate, Count, FloatField, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from agents.domain.service_call import Service
from agents.models import Agent, Confirmation, ToolCall
from agents.models import Tool as Row
from agents.tools import TOOLS, tool_named
from agents.tools.base import CUSTOMER, NONE, PERSON, Tool
from agents.tools.http import http_tool
from config.lib.errors import Invalid, NotFound
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tenants.models import Tenant
from tenants.services.audit import record

LONGEST_TEXT = 2000  # letters of each of the two texts: they are in every turn's prompt
DAYS = 7
LEVELS = (NONE, CUSTOMER, PERSON)


# --- for a turn ----------------------------------------------------------------------------------------------
def tools_named(names: Iterable[str], tenant: Tenant | None) -> tuple[Tool, ...]:
    """The tools of these names, in their order, as the company has them; unknown and switched off ones are left out.

    Without a company they are the platform's own, as the code has them.
    """
    wanted = list(dict.fromkeys(names))
    rows: dict[str, Row] = {}
    if tenant is not None and wanted:
        with tenant_context(tenant):
            rows = {row.name: row for row in Row.objects.filter(name__in=wanted)}
    found = (as_company_has_it(tool_named(name), rows.get(name)) for name in wanted)
    return tuple(tool for tool in found if tool is not None)


def as_company_has_it(tool: Tool | None, row: Row | None) -> Tool | None:
    """One tool. A row of the company never becomes or replaces what the platform's tool of that name does."""
    if tool is None:
        return own_tool(row) if row is not None and row.kind == Row.Kind.HTTP and row.is_active else None
    if row is None or row.kind != Row.Kind.INTERNAL:
        return tool
    if not row.is_active and not tool.always:
        return None
    return replace(
        tool,
        protocol="\n".join(text for text in (tool.protocol, row.prompt_injection.strip()) if text),
        guide=row.response_guide.strip(),
        confirmation=level_of(row.confirmation) if may_wait(tool) else NONE,
    )


def own_tool(row: Row) -> Tool:
    """A service of the company's as a tool."""
    return http_tool(
        service_of(row),
        description=row.description,
        protocol=row.prompt_injection.strip() or row.description,
        parameters=row.parameters,
        guide=row.response_guide.strip(),
        confirmation=NONE if row.config.get("method") == "GET" else level_of(row.confirmation),
    )


def service_of(row: Row) -> Service:
    config = row.config if isinstance(row.config, dict) else {}
    return Service(
        tool_id=str(row.pk),
        name=row.name,
        label=row.label or row.name,
        method=str(config.get("method") or "GET"),
        url=row.service_url,
        headers=dict(config.get("headers") or {}),
        body=config.get("body"),
        response_path=str(config.get("response_path") or ""),
        timeout=float(config.get("timeout") or 10),
        bound=dict(config.get("bound") or {}),
    )


def may_wait(tool: Tool) -> bool:
    """Whether somebody may be asked first: not where nothing changes, and never on the way to a person."""
    return tool.writes and not tool.always


def level_of(confirmation: str) -> str:
    """A level that nobody knows counts as the strictest."""
    return confirmation if confirmation in LEVELS else PERSON


# --- for people ----------------------------------------------------------------------------------------------
def known_tools(names: object) -> set[str]:
    """The names an agent may be given; asks the database only where one of `names` is not the platform's."""
    others = [name for name in names if isinstance(name, str) and name not in TOOLS] if isinstance(names, list) else []
    own = Row.objects.filter(kind=Row.Kind.HTTP, name__in=others).values_list("name", flat=True) if others else ()
    return {*TOOLS, *own}


def choices() -> list[tuple[str, str]]:
    """Every tool that an agent may be given: (name, title). One statement."""
    ours = [(name, str(tool.label)) for name in TOOLS if (tool := tool_named(name)) is not None]
    rows = Row.objects.filter(kind=Row.Kind.HTTP).exclude(name__in=TOOLS).order_by("label", "name")
    return ours + [(row.name, row.label or row.name) for row in rows.only("name", "label")]


def row_of(name: str) -> Row | None:
    """The company's row of a tool; None for one of the platform's that it left as it came. Raises NotFound."""
    row = Row.objects.filter(name=name).first()
    if name not in TOOLS and (row is None or row.kind != Row.Kind.HTTP):
        raise NotFound(_("Esa herramienta no existe."))
    return row


def own_row(name: str) -> Row:
    """A service of the company's. Raises NotFound."""
    row = row_of(name)
    if row is None or name in TOOLS:
        raise NotFound(_("Esa herramienta no es un servicio propio."))
    return row


def label_of(name: str) -> str:
    """What people call it; asks the database only for what is not the platform's."""
    tool = tool_named(name)
    if tool is not None:
        return str(tool.label)
    return Row.objects.filter(name=name).values_list("label", flat=True).first() or name


@dataclass(frozen=True)
class Use:
    """Of one tool in the last days. `median` in milliseconds, None without calls."""

    calls: int = 0
    failures: int = 0
    median: int | None = None


@dataclass(frozen=True)
class Entry:
    """One line of the list. `row` None: the platform's, as it came."""

    name: str
    label: str
    description: str
    own: bool
    writes: bool
    fixed: bool
    row: Row | None
    confirmation: str
    is_active: bool
    agents: tuple[str, ...]
    use: Use

    @property
    def level(self) -> str:
        return str(Confirmation(self.confirmation).label)


def entries() -> list[Entry]:
    """Every tool with who uses it and how it went: three statements, however many there are."""
    rows = {row.name: row for row in Row.objects.all()}
    uses, users = uses_since(timezone.now() - timedelta(days=DAYS)), agents_by_tool()
    ours = [_entry(name, tool_named(name), rows.get(name), users, uses) for name in TOOLS]
    own = [row for row in rows.values() if row.kind == Row.Kind.HTTP and row.name not in TOOLS]
    found = ours + [_entry(row.name, None, row, users, uses) for row in own]
    return sorted(found, key=lambda each: each.label.casefold())


def entry_of(name: str, row: Row | None) -> Entry:
    """One tool alone, by its name; `row` as the company has it."""
    since = timezone.now() - timedelta(days=DAYS)
    return _entry(name, tool_named(name), row, agents_by_tool(), uses_since(since, name))


def _entry(name: str, tool: Tool | None, row: Row | None, users: dict[str, list[str]], uses: dict[str, Use]) -> Entry:
    shown = as_company_has_it(tool, row) if tool else None
    waits = shown.confirmation if shown else level_of(row.confirmation) if row and row.writes else NONE
    return Entry(
        name=name,
        label=str(tool.label) if tool else (row.label if row and row.label else name),
        description=_(tool.description) if tool else (row.description if row else ""),
        own=tool is None,
        writes=tool.writes if tool else bool(row and row.writes),
        fixed=tool is not None and not may_wait(tool),
        row=row,
        confirmation=waits,
        is_active=shown is not None if tool else bool(row and row.is_active),
        agents=tuple(users.get(name, ())),
        use=uses.get(name, Use()),
    )


class _Median(Aggregate):
    """Half of the values are below it."""

    function = "PERCENTILE_CONT"
    template = "%(function)s(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = FloatField()


def uses_since(since: Any, name: str = "") -> dict[str, Use]:
    """name → how often, how many failed (or ended nobody knows how) and how long they took. One statement."""
    calls: QuerySet[ToolCall] = ToolCall.objects.filter(created_at__gte=since)
    calls = (calls.filter(tool=name) if name else calls).order_by()
    failed = Count("id", filter=~Q(refusal="") | Q(ok=False))
    found = calls.values("tool").annotate(calls=Count("id"), failures=failed, median=_Median("duration_ms"))
    return {one["tool"]: Use(one["calls"], one["failures"], round(one["median"])) for one in found}


def agents_by_tool() -> dict[str, list[str]]:
    """name → agents that have it, published or about to be. One statement."""
    users: dict[str, list[str]] = {}
    for agent in Agent.objects.select_related("published").order_by("name"):
        published: Sequence[str] = agent.published.snapshot.get("enabled_tools") or [] if agent.published else []
        for name in dict.fromkeys([*agent.enabled_tools, *published]):
            users.setdefault(name, []).append(agent.name)
    return users


# --- changing the platform's ---------------------------------------------------------------------------------
CHANGEABLE = ("prompt_injection", "response_guide", "confirmation", "is_active")


def change_platform_tool(*, name: str, by: Actor, **changes: Any) -> Row:
    """What the company adds to one of the platform's tools. Raises Invalid."""
    tool = tool_named(name)
    if tool is None:
        raise Invalid(_("No existe esa herramienta de la plataforma."), fields={"name": _("Nombre desconocido.")})
    row = Row.objects.filter(name=name).first() or Row(name=name, kind=Row.Kind.INTERNAL)
    row.kind, row.writes = Row.Kind.INTERNAL, tool.writes
    changed = []
    for field in CHANGEABLE:
        if field in changes and getattr(row, field) != changes[field]:
            value = changes[field]
            setattr(row, field, value.replace("\x00", "").strip() if isinstance(value, str) else value)
            changed.append(field)
    wrong = text_problems(row)
    if not may_wait(tool) and row.confirmation != NONE:
        wrong["confirmation"] = _("Esta herramienta no espera a nadie: no cambia nada o lleva a una persona.")
    if tool.always and not row.is_active:
        wrong["is_active"] = _("Esta herramienta no se apaga: pedir una persona siempre funciona.")
    if wrong:
        raise Invalid(next(iter(wrong.values())), fields=wrong)
    row.save()
    if changed:
        record(action="tool.updated", resource=row, by=by, diff={"name": name, "fields": changed})
    return row


def text_problems(row: Row) -> dict[str, str]:
    """What is wrong with the fields that every tool has."""
    wrong: dict[str, str] = {}
    for field in ("prompt_injection", "response_guide"):
        if len(str(getattr(row, field))) > LONGEST_TEXT:
            wrong[field] = _("El texto no puede pasar de 2.000 letras.")
    if row.confirmation not in LEVELS:
        wrong["confirmation"] = _("Esa confirmación no existe.")
    if not isinstance(row.is_active, bool):
        wrong["is_active"] = _("Va sí o no.")
    return wrong
