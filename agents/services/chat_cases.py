"""A test case out of a chat: a real one, masked so that nobody is left in it, or one of the trials."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from django.utils.translation import gettext as _

from agents.models import Agent, AgentRun, TestCase, ToolCall
from agents.services import playground, test_sets
from agents.services.judging import ANSWERED, HANDED_OFF
from agents.services.masking import Mask, folded
from agents.services.rehearsal import CLIENT, LEAD, NO_LEAD
from agents.services.scene import answering_version
from agents.tools import TOOLS
from config.lib.errors import Conflict, Invalid
from crm.models import Client, Contact, Lead, Seller, Service
from messaging.models import ChannelIdentity, Conversation, Message, MessageStatus
from tenants.context import current_tenant
from tenants.domain.actor import Actor
from tenants.services.audit import record

LINES = 80
# What names of a tool's arguments tell of the person, in its own language or in that of a company's service.
_NUMBERS = (
    "phone telefono tel celular movil whatsapp mobile document documento dni cuit cuil rut cedula pasaporte passport afiliado"
    " socio"
)
_PLACES = "email mail correo address direccion domicilio calle street insurance"
_NAMES = "name nombre apellido nombres apellidos surname fullname"
_OF_PEOPLE = (
    "full first last y de del completo completa customer client cliente patient paciente contact contacto persona"
)
PERSONAL = {"name": {*_NAMES.split()}, "number": {*_NUMBERS.split()}, "text": {*_PLACES.split()}}
NAMING = {*_NAMES.split(), *_OF_PEOPLE.split()}  # "service_name" is of nobody
SILENT = frozenset({"report_assistance"})  # says nothing of how the customer was served
UNSAID = (MessageStatus.CANCELLED, MessageStatus.FAILED)
Status = AgentRun.Status


def from_chat(*, conversation: Conversation, by: Actor) -> TestCase:
    """A case of the agent that answers there, from what the customer wrote last. What happened is what is expected.

    Raises Conflict when no agent answers or answered there, Invalid when the customer wrote nothing.
    """
    agent = _agent_of(conversation)
    rows = _spoken(conversation)
    mask = mask_of(conversation)
    asked = ""
    for row in rows:
        mask.listen(row.text, asked=asked if row.direction == Message.Direction.IN else "")
        asked = asked if row.direction == Message.Direction.IN else row.text
    runs = _runs_since(conversation, rows)
    over = next((run for run in runs if run.status in (Status.HANDED_OFF, Status.BLOCKED)), None)
    spoken = [(text, last) for text, last in _bursts(rows) if over is None or last <= over.upto_sequence]
    if not spoken:
        raise Invalid(_("En este chat el cliente todavía no escribió nada."))
    before, bursts = spoken[: -test_sets.MOST_TURNS], spoken[-test_sets.MOST_TURNS :]
    runs = _runs_between(runs, after=before[-1][1] if before else -1, upto=over.upto_sequence if over else None)
    calls = list(
        ToolCall.objects.filter(run__in=runs, ok=True, undone_at=None)
        .order_by("created_at")
        .values_list("tool", flat=True)
    )
    case = test_sets.create_case(
        agent=agent,
        by=by,
        name=mask.text(bursts[0][0])[:80].replace("\n", " "),
        turns=[{"text": mask.text(text)[: test_sets.LONGEST_TEXT]} for text, _last in bursts],
        expects=expected(
            agent, calls, handed_off=over is not None, answered=any(run.status == Status.DONE for run in runs)
        ),
        scene=_scene(conversation, mask, set(calls)),
        is_active=False,  # until a person read it and saved it so
        conversation_id=conversation.pk,
    )
    record(action="test_case.from_chat", resource=conversation, by=by, diff={"case": str(case.pk)})
    return case


def from_trial(*, agent: Agent, runs: Sequence[AgentRun], name: str, by: Actor) -> TestCase:
    """A case that expects what these turns of a trial did, the first ones of a long one. Raises Invalid when there are none."""
    runs = runs[: test_sets.MOST_TURNS]  # what is expected is what these did: the rest is not played
    played = [playground.note_of(run) for run in runs]
    if not played or not all(played):
        raise Invalid(_("No hay ningún mensaje para guardar."))
    calls = [str(step["name"]) for run in runs for step in run.steps if step.get("type") == "tool" and step.get("ok")]
    texts = [str(each["text"]) for each in played]
    return test_sets.create_case(
        agent=agent,
        by=by,
        name=(name.strip() or texts[0])[:80].replace("\n", " "),
        turns=[{"text": text} for text in texts],
        expects=expected(
            agent, calls, handed_off=runs[-1].status == Status.HANDED_OFF, answered=runs[-1].status == Status.DONE
        ),
        scene=played[0]["setting"],
    )


def expected(agent: Agent, calls: Sequence[str], *, handed_off: bool, answered: bool) -> dict[str, Any]:
    """What happened, as what has to happen again."""
    known = {*TOOLS, *agent.enabled_tools}
    tools = [name for name in dict.fromkeys(calls) if name in known and name not in SILENT]
    ends = HANDED_OFF if handed_off else ANSWERED if answered else ""
    return {**({"calls": tools} if tools else {}), **({"ends": ends} if ends else {})}


def mask_of(conversation: Conversation) -> Mask:
    """Everything that is known of who writes there; names of the company's own people and services stay."""
    contact = conversation.contact
    identities = list(ChannelIdentity.objects.filter(contact=contact))
    points = list(contact.points.values_list("kind", "value"))
    numbers = [contact.phone or "", *(value for kind, value in points if kind == "phone"), conversation.address]
    own = [str(value) for value in _texts({"custom": contact.custom, "links": contact.social_links})]
    own += [
        contact.email,
        *(value for kind, value in points if kind == "email"),
        *(each.username for each in identities),
    ]
    numbers += [each.external_id for each in identities]
    names = [contact.name]
    for kind, value in _given_to_tools(conversation):
        {"name": names, "number": numbers}.get(kind, own).append(value)
    own = [each for each in own if each]
    return Mask(
        names=names,
        numbers=[*numbers, *(each for each in own if any(char.isdigit() for char in each))],
        texts=[each for each in own if not each.isdigit()],
        keep=[
            current_tenant().name,
            *Seller.objects.filter(is_active=True).values_list("name", flat=True),
            *Service.objects.filter(is_active=True).values_list("name", flat=True),
            *Agent.objects.values_list("name", flat=True),
        ],
    )


def _given_to_tools(conversation: Conversation) -> Iterator[tuple[str, str]]:
    """What the tools were asked with, done or not, that is of a person: (name, number or text, value)."""
    rows = ToolCall.objects.filter(conversation_id=conversation.pk).values_list("tool", "arguments")
    for tool, arguments in rows.iterator(chunk_size=500):
        for label, value in arguments.items() if isinstance(arguments, dict) else ():
            words = set(re.findall(r"[a-z]+", folded(str(label))))
            kind = next((kind for kind, known in PERSONAL.items() if words & known), "")
            if kind == "name" and not words <= NAMING:
                kind = ""  # a service's name, not a person's
            if kind or tool == "save_details":
                yield from (
                    (kind or "text", each) for each in _texts(value if isinstance(value, dict | list) else str(value))
                )


def _texts(value: Any) -> Iterator[str]:
    """Words of a person's own fields; a yes or no, and single figures, name nobody."""
    if isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
    elif isinstance(value, str) and len(value.strip()) > 2:
        yield value.strip()


def _agent_of(conversation: Conversation) -> Agent:
    turns = AgentRun.objects.filter(conversation_id=conversation.pk, agent__isnull=False, purpose=AgentRun.Purpose.TURN)
    run = turns.select_related("agent").order_by("-created_at").first()
    if run is not None and run.agent is not None:
        return run.agent
    version = answering_version(conversation.channel_source)
    if version is None:
        raise Conflict(_("Ningún agente atiende este canal: publicar uno antes de convertir el chat en caso."))
    return version.agent


def _spoken(conversation: Conversation) -> list[Message]:
    rows = Message.objects.filter(conversation=conversation).exclude(kind__in=("note", "reaction"))
    rows = rows.exclude(status__in=UNSAID).exclude(author=Message.Author.SYSTEM)
    return sorted(rows.order_by("-sequence")[:LINES], key=lambda row: row.sequence)


def _bursts(rows: Sequence[Message]) -> list[tuple[str, int]]:
    """What the customer wrote between two answers, and the number of its last message."""
    found: list[tuple[str, int]] = []
    open_burst = False
    for row in rows:
        if row.direction != Message.Direction.IN:
            open_burst = False
            continue
        text = row.text.strip() or f"[{row.kind}]"
        if open_burst:
            found[-1] = (f"{found[-1][0]}\n{text}", row.sequence)
        else:
            found.append((text, row.sequence))
        open_burst = True
    return found


def _runs_since(conversation: Conversation, rows: Sequence[Message]) -> list[AgentRun]:
    if not rows:
        return []
    ended = (Status.DONE, Status.HANDED_OFF, Status.BLOCKED)
    runs = AgentRun.objects.filter(
        conversation_id=conversation.pk, purpose=AgentRun.Purpose.TURN, status__in=ended,
        upto_sequence__gte=rows[0].sequence,
    )  # fmt: skip
    return list(runs.defer("steps").order_by("created_at"))


def _runs_between(runs: Sequence[AgentRun], *, after: int, upto: int | None) -> list[AgentRun]:
    """Those that answered what the case keeps: past the message `after`, up to the one where people took over."""
    return [run for run in runs if run.upto_sequence > after and (upto is None or run.upto_sequence <= upto)]


def _scene(conversation: Conversation, mask: Mask, calls: set[str]) -> dict[str, Any]:
    """Who writes, as far as it was known before the chat told it."""
    contact: Contact = conversation.contact
    told = "create_customer" in calls
    lead = Lead.objects.open().filter(contact=contact).order_by("-created_at").first()
    state = CLIENT if Client.objects.filter(contact=contact).exists() else LEAD if lead else NO_LEAD
    known = {
        "name": "" if told else mask.name(contact.name),
        "phone": "+5491155501000" if contact.phone and conversation.address_kind != "visitor" else "",
        "lead": state,
        "interest": lead.interest if lead and "qualify_lead" not in calls else "",
    }
    for name, invented in (("document", "30555100"), ("insurance", "Prepaga Inventada")):
        if contact.custom.get(name) and not told:
            known[name] = invented
    return {
        "contact": {name: value for name, value in known.items() if value},
        "channel": conversation.channel_source,
        "calendar": {"state": "free"},
    }
