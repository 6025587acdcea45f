"""Tools that act in earnest and leave nothing: each call plays on a stage, and the stage is taken down again.

A stage is one transaction that is always rolled back. In it stand an invented person with their chat, the company's sellers
with an invented agenda, and what this rehearsal did before. The real tools then run with their real gates, so that a rehearsal
is refused where a customer would be. No row of the company's is changed or held (crm.agenda.hours.only). Nobody outside is called (config.lib.quiet) and no transaction outlives a call,
so that none is open while a model is waited for.
"""

import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from time import monotonic
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from agents.domain.history import Line
from agents.llm.base import ToolCallRequest, ToolSpec
from agents.models import AgentRun, ToolCall
from agents.services.toolbox import Done, LiveToolbox, specs_of, understood
from agents.tools.base import NOBODY, Receipt, Tool, ToolContext, ToolResult
from config.lib import quiet
from config.lib.errors import AppError, Conflict, ProviderError
from config.lib.ids import uuid7
from crm.agenda import hours, offers
from crm.models import Absence, AgendaEvent, Client, Contact, ExternalCalendar, Lead, Seller, Service
from crm.services import leads
from messaging.models import Channel, Conversation, Message, MessageStatus, Provider, Source
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tenants.models import Tenant

# Only reads what the company loaded, and may wait for its model's provider: not on a stage, which holds a transaction.
OFF_STAGE = frozenset({"rag_search"})
FREE, FULL, UNREADABLE = "free", "full", "unreadable"
NO_LEAD, LEAD, CLIENT = "none", "open", "client"
USUAL_HOURS = {str(day): [["09:00", "13:00"], ["14:00", "18:00"]] for day in range(5)}
FULL_DAYS = timedelta(days=120)
MOST_SELLERS = 12


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who writes. `lead`: none, open or client; `interest` of an open lead: high, medium, low, none or empty."""

    name: str = ""
    phone: str = ""
    email: str = ""
    document: str = ""
    insurance: str = ""
    lead: str = NO_LEAD
    interest: str = ""


@dataclass(frozen=True, slots=True)
class Setting:
    """Where and when a rehearsal plays. `sellers` are (name, daily free ranges); empty = the company's own sellers, all free
    in their working hours. `calendar`: free, full or unreadable."""

    visitor: Visitor = Visitor()
    channel: str = Source.WEB
    calendar: str = FREE
    sellers: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class Act:
    """What a tool did before in this rehearsal. `kept` are offers that later calls may choose from."""

    turn: int
    position: int
    tool: str
    arguments: dict[str, Any]
    ok: bool
    data: dict[str, Any] = field(default_factory=dict)
    kept: list[Any] = field(default_factory=list)
    said: str = ""


@dataclass(frozen=True, slots=True)
class Stage:
    """What stands on it. Valid only inside `put_up`."""

    contact: Contact
    conversation: Conversation
    token: UUID
    sellers: frozenset[UUID]


@contextmanager
def put_up(tenant: Tenant, setting: Setting, lines: Sequence[Line] = ()) -> Iterator[Stage]:
    """A stage that is taken down again. Raises Conflict when the visitor's phone is a real contact's."""
    with quiet.silence(), tenant_context(tenant), transaction.atomic():
        try:
            with hours.only(()):
                stage = _furnished(tenant, setting, lines)
            with hours.only(stage.sellers):
                yield stage
        finally:
            if not transaction.get_connection().needs_rollback:
                transaction.set_rollback(True)


def _furnished(tenant: Tenant, setting: Setting, lines: Sequence[Line]) -> Stage:
    visitor = setting.visitor
    if visitor.phone and Contact.objects.filter(phone=visitor.phone).exists():
        words = _("Ese teléfono ya es de un contacto. En una prueba usar uno inventado.")
        raise Conflict(words, fields={"contact.phone": words})
    told = {"document": visitor.document, "insurance": visitor.insurance}
    contact = Contact.objects.create(
        name=visitor.name,
        phone=visitor.phone or None,
        email=visitor.email,
        custom={name: value for name, value in told.items() if value},
    )
    if visitor.lead == CLIENT:
        Client.objects.create(contact=contact, since=timezone.now())
    elif visitor.lead == LEAD or visitor.interest:
        lead, _new = leads.ensure_open_lead(contact=contact, source=setting.channel, by=Actor.system("Ensayo"))
        Lead.objects.filter(pk=lead.pk).update(interest=visitor.interest)
    sellers = _set_agenda(setting)
    conversation = _chat(contact, setting, lines)
    assert conversation.turn_token is not None
    return Stage(contact, conversation, conversation.turn_token, sellers)


def _chat(contact: Contact, setting: Setting, lines: Sequence[Line]) -> Conversation:
    provider = Provider.WEB if setting.channel == Source.WEB else Provider.META_DIRECT
    channel = Channel.objects.create(
        provider=provider,
        channel_source=setting.channel,
        name="Ensayo",
        status=Channel.Status.CONNECTED,
        route_key=secrets.token_urlsafe(24),
    )
    now = timezone.now()
    conversation = Conversation.objects.create(
        contact=contact,
        channel=channel,
        channel_source=setting.channel,
        provider=provider,
        address_kind="visitor",
        address=str(contact.pk),
        sequence=len(lines),
        last_message_at=now,
        last_inbound_at=now,
        turn_token=uuid7(),
        turn_until=now + timedelta(minutes=5),
    )
    Message.objects.bulk_create(_message(conversation, number, line) for number, line in enumerate(lines, 1))
    return conversation


def _message(conversation: Conversation, number: int, line: Line) -> Message:
    heard = line.speaker == "contact"
    return Message(
        conversation=conversation,
        channel=conversation.channel,
        direction=Message.Direction.IN if heard else Message.Direction.OUT,
        author=Message.Author.CONTACT if heard else Message.Author.AGENT,
        text=line.text,
        sequence=number,
        status=MessageStatus.RECEIVED if heard else MessageStatus.DELIVERED,
    )


def _set_agenda(setting: Setting) -> frozenset[UUID]:
    """Who stands in for the company's sellers: others of the same names, with the agenda that the rehearsal wants."""
    real = list(
        Seller.objects.filter(is_active=True).prefetch_related("services").order_by("name", "pk")[:MOST_SELLERS]
    )
    if setting.sellers:
        wanted = [
            (name, {str(day): [list(each) for each in daily] for day in range(7)}) for name, daily in setting.sellers
        ]
    else:
        wanted = [(each.name, each.working_hours or USUAL_HOURS) for each in real] or [(_("Equipo"), USUAL_HOURS)]
    now, cast = timezone.now(), set()
    for number, (name, daily) in enumerate(wanted):
        twin = next((each for each in real if each.name == name), None)
        seller = Seller.objects.create(name=name, working_hours=daily, timezone=twin.timezone if twin else "")
        cast.add(seller.pk)
        services: list[Service] = list(twin.services.all()) if twin else []
        if services:
            seller.services.set(services)
        if setting.calendar == FULL:
            Absence.objects.create(seller=seller, starts_at=now - timedelta(days=1), ends_at=now + FULL_DAYS)
        elif setting.calendar == UNREADABLE:
            ExternalCalendar.objects.create(
                calendar_id=f"ensayo-{number}-{seller.pk}", seller=seller, state=ExternalCalendar.State.FAILING
            )
    return frozenset(cast)


@dataclass(slots=True)
class RehearsalToolbox:
    """The tools of one turn of a rehearsal. `acts` grows: what this turn did is there for its next call.

    `lines` is the chat up to and with what is being answered, `run` the row of this turn, `turn` counts from zero.
    """

    tenant: Tenant
    actor: Actor
    setting: Setting
    tools: tuple[Tool, ...]
    run_id: UUID
    lines: tuple[Line, ...]
    turn: int = 0
    acts: list[Act] = field(default_factory=list)
    specs: tuple[ToolSpec, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.specs = specs_of(self.tools)

    def call(self, request: ToolCallRequest, position: int) -> Done:
        """Validated, refused and answered as in earnest; a receipt says that it was simulated."""
        tool = next((tool for tool in self.tools if tool.name == request.name), None)
        if tool is not None and (tool.name in OFF_STAGE or tool.own):
            return self._off_stage(tool, request)
        with put_up(self.tenant, self.setting, self.lines) as stage:
            self._again(stage)
            live = self._live(stage, self.run_id, self.turn, self.lines[-1].text)
            done = live.call(request, position)
            kept = self._kept(position)
        act = Act(
            self.turn, position, done.tool, done.arguments, done.result.ok, done.result.data, kept, self.lines[-1].text
        )
        self.acts.append(act)
        return replace(done, result=_marked(done.result))

    def _off_stage(self, tool: Tool, request: ToolCallRequest) -> Done:
        """What reads our own, and services of somebody else's: those are shown what they would have been sent."""
        begun = monotonic()
        arguments: dict[str, Any] = {}
        try:
            arguments = understood(tool, request)
            context = ToolContext(self.tenant, self.actor, NOBODY, NOBODY, self.run_id, None, self.lines[-1].text)
            if tool.name in OFF_STAGE:
                result = tool.run(context, arguments)
            else:
                with quiet.silence():
                    result = tool.dry_run(context, arguments) if tool.dry_run else _pretended(tool)
        except AppError as error:
            result = ToolResult(False, message=str(error.message))
        except ProviderError as error:
            result = ToolResult(False, message=_("No se pudo consultar ahora (%(kind)s).") % {"kind": error.kind})
        return Done(request.name, arguments, _marked(result), int((monotonic() - begun) * 1000))

    def _live(self, stage: Stage, run_id: UUID, turn: int, said: str) -> LiveToolbox:
        context = ToolContext(
            tenant=self.tenant,
            actor=self.actor,
            conversation_id=stage.conversation.pk,
            contact_id=stage.contact.pk,
            run_id=run_id,
            turn_token=stage.token,
            said=said,
        )
        return LiveToolbox(context, tuple(map(_playing, self.tools)), turn)

    def _again(self, stage: Stage) -> None:
        """What was done before happens once more on this stage, in its order; what was offered is offered again."""
        runs: dict[int, UUID] = {self.turn: self.run_id}
        for number, act in enumerate(self.acts):
            if act.turn not in runs:
                earlier = AgentRun.objects.create(
                    conversation_id=stage.conversation.pk, status=AgentRun.Status.DONE, upto_sequence=act.turn
                )
                runs[act.turn] = earlier.pk
            if act.kept:
                ToolCall.objects.create(
                    run_id=runs[act.turn],
                    conversation_id=stage.conversation.pk,
                    key=f"{stage.conversation.pk}:again:{number}",
                    position=act.position,
                    tool=act.tool[:64],
                    arguments=act.arguments,
                    ok=act.ok,
                    result={**act.data, "kept": _renewed(act.kept, stage.contact)},
                )
            elif act.ok:
                request = ToolCallRequest("again", act.tool, json.dumps(act.arguments))
                self._live(stage, runs[act.turn], act.turn, act.said).call(request, act.position)

    def _kept(self, position: int) -> list[Any]:
        rows = ToolCall.objects.filter(run_id=self.run_id, position=position, result__has_key="kept")
        return list(rows.order_by("-created_at").values_list("result__kept", flat=True).first() or [])


def _renewed(kept: Sequence[Any], contact: Contact) -> list[Any]:
    """The same times, offered by those who stand on this stage to whoever stands on it."""
    found = []
    for each in kept:
        if not (isinstance(each, list) and len(each) == 3):
            found.append(each)  # of another tool: it means something to that tool
            continue
        token, name, why = each
        try:
            said = offers.read(token, late=True)
        except AppError:
            continue
        seller = hours.attending(None).filter(name=name).first()
        if seller is None:
            continue
        moving = AgendaEvent.objects.upcoming().filter(contact=contact).first() if said.moving else None
        fresh = offers.make(
            seller=seller,
            service=said.service,
            start=said.start,
            end=said.end,
            contact=contact if said.contact else None,
            moving=moving,
        )
        found.append([fresh, name, why])
    return found


def _playing(tool: Tool) -> Tool:
    """The tool as it acts on a stage."""
    return replace(tool, run=tool.dry_run) if tool.dry_run is not None and not tool.own else tool


def _pretended(tool: Tool) -> ToolResult:
    """A success without an effect, with the receipt that the real act would have given."""
    return ToolResult(True, {"simulated": True}, receipt=Receipt(tool.proves, str(tool.label)))


def _marked(result: ToolResult) -> ToolResult:
    """A receipt of a rehearsal says that it is one."""
    if result.receipt is None:
        return result
    words = _("Simulado: %(what)s") % {"what": result.receipt.text}
    return replace(result, receipt=replace(result.receipt, text=words, url=""))  # what it leads to is gone again


def setting_of(given: Mapping[str, Any]) -> Setting:
    """A setting as it is kept in JSON; what is missing is the usual."""
    visitor = given.get("contact") or {}
    calendar = given.get("calendar") or {}
    return Setting(
        visitor=Visitor(**{name: str(visitor.get(name) or "") for name in VISITOR if visitor.get(name)}),
        channel=str(given.get("channel") or Source.WEB),
        calendar=str(calendar.get("state") or FREE),
        sellers=tuple(
            (str(each["name"]), tuple((str(first), str(last)) for first, last in each["hours"]))
            for each in calendar.get("sellers") or []
        ),
    )


def as_json(setting: Setting) -> dict[str, Any]:
    """The same for keeping it."""
    visitor = {name: getattr(setting.visitor, name) for name in VISITOR}
    sellers = [{"name": name, "hours": [list(each) for each in daily]} for name, daily in setting.sellers]
    return {
        "contact": {name: value for name, value in visitor.items() if value},
        "channel": setting.channel,
        "calendar": {"state": setting.calendar, "sellers": sellers},
    }


VISITOR = ("name", "phone", "email", "document", "insurance", "lead", "interest")
