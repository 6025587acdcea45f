"""A company with `count` rows of every model, as many as possible hanging on one row of each: the page of a lead with a
thousand steps, a conversation of a thousand messages, an agent of a thousand turns."""

import copy
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

from django.db import models
from django.utils import timezone

from agents.models import Agent, AgentRun, AgentVersion, AssistanceReport, LedgerEntry, ToolCall
from config.lib.ids import uuid7
from crm.models import Contact, Lead, Pipeline, Seller, Stage, StageChange, StageTransition
from messaging.ingest.models import ChannelRoute, InboundEvent
from messaging.models import (
    Attachment,
    Channel,
    ChannelIdentity,
    Conversation,
    Message,
    MessageTemplate,
    PendingStatus,
    ProviderNotice,
    ScheduledMessage,
)
from rag.models import Chunk, Document
from tenants.context import auth_scope, tenant_context
from tenants.live.models import IdempotentRequest, LiveCounter, LiveEvent
from tenants.models import Credential, DataKey, Domain, Membership, SystemEvent, Tenant, User
from tests.budget.crowd_agenda import around_agenda
from tests.budget.crowd_crm import around_people
from tests.factories import tenants as tenant_factories
from tests.support.cast import Cast, make_cast

WORD = "Cliente"  # every name begins with it, for searches
EVENTS_FROM = 100  # a new company has had some already
FAR_AWAY = 1_000_000  # from where the company's own audit trail is


@dataclass
class Crowd:
    """`keys`: model label → the row with everything on it. `people`: users made besides the cast."""

    cast: Cast
    count: int
    keys: dict[str, object] = field(default_factory=dict)
    people: list[object] = field(default_factory=list)

    @property
    def users(self) -> list[object]:
        return [*self.people, *(person.user.pk for person in self.cast.people.values())]


def make_crowd(count: int) -> Crowd:
    """Commit acme with `count` rows of every model (at least 6)."""
    crowd = Crowd(make_cast(suffix=f"-of-{count}"), count)
    _people(crowd)
    with tenant_context(crowd.cast.acme):
        contacts = _customers(crowd)
        conversations = _conversations(crowd, contacts)
        _knowledge(crowd)
        _agents(crowd, conversations)
        _around(crowd)
    return crowd


def _many(crowd: Crowd, model: type[models.Model], rows: list[Any]) -> list[Any]:
    """The first of them is the one whose pages are asked for."""
    made = model._base_manager.bulk_create(rows)
    crowd.keys[model._meta.label] = made[0].pk
    return made


def _people(crowd: Crowd) -> None:
    tenant = crowd.cast.acme
    with auth_scope():
        users = User.objects.bulk_create(
            User(email=f"{n}@{tenant.slug}.test", name=f"Colega {n}", tenant_ids=[tenant.pk])
            for n in range(crowd.count)
        )
        members = [Membership(user=user, tenant=tenant, role="setter", status="active") for user in users]
        _many(crowd, Membership, members)
    crowd.people = [user.pk for user in users]
    crowd.keys["tenants.User"] = users[0].pk
    crowd.keys["tenants.Tenant"] = tenant.pk


def _customers(crowd: Crowd) -> list[Contact]:
    """A third of the leads are sol's, a third are nobody's, a third are other sellers'."""
    count, sol = crowd.count, crowd.cast["sol"].user
    contacts = _many(
        crowd,
        Contact,
        [
            Contact(name=f"{WORD} {n}", phone=f"+54911{30_000_000 + n}", search_text=f"{WORD.lower()} {n}")
            for n in range(count)
        ],
    )
    users = [sol, *User.objects.filter(pk__in=crowd.people).order_by("pk")[: count - 1]]
    sellers = _many(crowd, Seller, [Seller(name=f"Vende {n}", user=user) for n, user in enumerate(users)])
    main = Pipeline.objects.get(is_default=True)
    pipelines = [main, *_many(crowd, Pipeline, [Pipeline(name=f"Embudo {n}", position=n + 1) for n in range(count)])]
    stages = list(Stage.objects.order_by("position"))
    stages += _many(
        crowd,
        Stage,
        [Stage(pipeline=main, code=f"paso-{n}", name=f"Paso {n}", position=1000 + n) for n in range(count)],
    )
    first = stages[0]
    _many(crowd, StageTransition, [StageTransition(source=first, target=stage) for stage in stages[-count:]])
    leads = [
        Lead(
            contact=contacts[0 if n % 2 else n],
            stage=first if n % 2 else stages[n % len(stages)],
            owner=[sellers[0], None, sellers[1 + n % (count - 1)]][n % 3],
            source=f"origen {n % 40}",
            needs="Necesita algo",
        )
        for n in range(count)
    ]
    leads[0].stage = first
    _many(crowd, Lead, leads)
    steps = [
        StageChange(
            lead=leads[0], source=first, target=stages[n % len(stages)], actor_kind="user", actor_label=f"Colega {n}"
        )
        for n in range(count)
    ]
    _many(crowd, StageChange, steps)
    around_people(partial(_many, crowd), count, sol, pipelines, crowd.keys["crm.Lead"])
    around_agenda(partial(_many, crowd), count, crowd.keys["crm.Lead"])
    return contacts


def _conversations(crowd: Crowd, contacts: list[Contact]) -> list[Conversation]:
    count, now = crowd.count, timezone.now()
    channels = _many(
        crowd,
        Channel,
        [
            Channel(
                provider="meta_direct" if n % 2 else "web",
                channel_source="whatsapp" if n % 2 else "web",
                name=f"Canal {n}",
                status="connected",
                route_key=f"{uuid7().hex}-{n}",
            )
            for n in range(count)
        ],
    )
    names = [
        ChannelIdentity(channel=channels[n], contact=contacts[0], kind="wa_id", external_id=str(n))
        for n in range(count)
    ]
    _many(crowd, ChannelIdentity, names)
    assignees = [crowd.cast["sol"].user, None, crowd.cast["ana"].user]
    conversations = [
        Conversation(
            channel=channels[0 if n % 3 else n],
            contact=contacts[n],
            channel_source="web",
            provider="web",
            address_kind="visitor",
            address=f"visita-{n}",
            mode=("ai", "human", "paused")[n % 3],
            assignee=assignees[n % 3],
            waiting_since=now - timedelta(minutes=n),
            last_message_at=now - timedelta(minutes=n),
            last_message_preview="Hola",
            unread_count=n % 5,
            sequence=count,
        )
        for n in range(count)
    ]
    _many(crowd, Conversation, conversations)
    _messages(crowd, conversations[0])
    _written_ahead(crowd, channels, conversations[0])
    _wire(crowd, channels)
    return conversations


def _wire(crowd: Crowd, channels: list[Channel]) -> None:
    """What providers sent, and the addresses they send it to."""
    count, now = crowd.count, timezone.now()
    _many(
        crowd,
        ProviderNotice,
        [ProviderNotice(channel=channels[0], event_id=n, kind="account_update", text="Aviso") for n in range(count)],
    )
    pending = [
        PendingStatus(channel=channels[0], provider_message_id=str(n), status="read", at=now) for n in range(count)
    ]
    _many(crowd, PendingStatus, pending)
    routes = [
        ChannelRoute(route_key=each.route_key, tenant=crowd.cast.acme, provider=each.provider, channel_id=each.pk)
        for each in channels
    ]
    _many(crowd, ChannelRoute, routes)
    events = [
        InboundEvent(tenant=crowd.cast.acme, provider="web", channel_id=channels[0].pk, event_key=str(n), raw="{}")
        for n in range(count)
    ]
    _many(crowd, InboundEvent, events)


def _written_ahead(crowd: Crowd, channels: list[Channel], conversation: Conversation) -> None:
    """Templates of one channel, and what is to leave later in one chat."""
    whatsapp = next(each for each in channels if each.channel_source == "whatsapp")
    states = ("approved", "draft", "rejected", "paused")
    templates = [
        MessageTemplate(
            channel=whatsapp,
            name=f"aviso_{n}",
            language="es_AR",
            category="utility",
            components=[{"type": "BODY", "text": "Hola"}],
            status=states[n % 4],
        )
        for n in range(crowd.count)
    ]
    _many(crowd, MessageTemplate, templates)
    later = timezone.now() + timedelta(days=1)
    scheduled = [
        ScheduledMessage(
            conversation=conversation, text=f"Aviso {n}", send_at=later, by=crowd.cast["sol"].user, by_label="Sol"
        )
        for n in range(crowd.count)
    ]
    _many(crowd, ScheduledMessage, scheduled)


def _messages(crowd: Crowd, conversation: Conversation) -> None:
    """Every second one ours, every sixth failed; one file for each, and all the rest of the files on the last one."""
    count = crowd.count
    messages = [
        Message(
            conversation=conversation,
            channel=conversation.channel,
            direction="out" if n % 2 else "in",
            author="user" if n % 2 else "contact",
            author_user=crowd.cast["sol"].user if n % 2 else None,
            author_name="Sol",
            text=f"Mensaje {n}",
            status="failed" if n % 6 == 1 else "sent" if n % 2 else "received",
            agent_run_id=uuid7(),
            sequence=n + 1,
        )
        for n in range(count)
    ]
    _many(crowd, Message, messages)
    files = [Attachment(message=message, kind="image", mime="image/png", state="ready") for message in messages]
    _many(crowd, Attachment, files)


def _knowledge(crowd: Crowd) -> None:
    documents = [
        Document(
            title=f"{WORD} {n}",
            filename=f"{n}.txt",
            mime="text/plain",
            size=10,
            sha256=f"{n:064d}",
            status="ready",
            file=f"documents/{n}.txt",
            uploaded_by=crowd.cast["ana"].user,
        )
        for n in range(crowd.count)
    ]
    _many(crowd, Document, documents)
    chunks = [
        Chunk(
            document=documents[0],
            position=n,
            text=f"{WORD} {n}",
            terms=f"{WORD.lower()} {n}",
            token_count=2,
            embedding=[1.0, 0.0, 0.0],
            embedding_model="test",
        )
        for n in range(crowd.count)
    ]
    _many(crowd, Chunk, chunks)


def _agents(crowd: Crowd, conversations: list[Conversation]) -> None:
    count = crowd.count
    agents = _many(crowd, Agent, [Agent(name=f"Agente {n}", system_prompt_template="Ayudar.") for n in range(count)])
    versions = [AgentVersion(agent=agents[0], number=n + 1, snapshot={"name": "Agente"}) for n in range(count)]
    versions += [AgentVersion(agent=agent, number=1, snapshot={"name": "Agente"}) for agent in agents[1:]]
    _many(crowd, AgentVersion, versions)
    for agent, version in zip(agents, versions[count - 1 :], strict=True):
        agent.published = version
    Agent.objects.bulk_update(agents, ["published"])
    runs = [
        AgentRun(
            agent=agents[0],
            version=versions[n],
            conversation_id=conversations[0].pk,
            provider="demo",
            model="demo",
            status="done",
            upto_sequence=n,
            steps=[{"type": "model", "text": "Hola", "ms": 1}],
        )
        for n in range(count)
    ]
    _many(crowd, AgentRun, runs)
    spent = {"kind": "model", "what": "gpt-4o", "usd": "0.01", "counted_usd": "0.01", "currency": "ARS"}
    chats = [conversations[n % len(conversations)].pk for n in range(count)]
    entries = [
        LedgerEntry(source=str(run.pk), conversation_id=chat, **spent) for run, chat in zip(runs, chats, strict=True)
    ]
    _many(crowd, LedgerEntry, entries)
    calls = [ToolCall(run=runs[0], key=str(n), tool="rag_search", position=n) for n in range(count)]
    calls += [ToolCall(run=run, key=f"one-{run.pk}", tool="rag_search") for run in runs[1:]]
    _many(crowd, ToolCall, calls)
    _many(crowd, AssistanceReport, [AssistanceReport(run=runs[0], kind="sales", score="0.50") for _n in range(count)])


def _around(crowd: Crowd) -> None:
    """Live events, the audit trail of one lead, keys and domains."""
    count, tenant, now = crowd.count, crowd.cast.acme, timezone.now()
    LiveCounter.objects.update_or_create(id=1, defaults={"last": EVENTS_FROM + count})
    crowd.keys["live.LiveCounter"] = 1
    live = [LiveEvent(id=EVENTS_FROM + n, type="NEW_LEAD", data={}, at=now) for n in range(count)]
    crowd.keys["live.LiveEvent"] = _many(crowd, LiveEvent, live)[0].pk
    repeated = [
        IdempotentRequest(key=str(n), route="POST /api/v1/leads/", user_id=uuid7(), body_hash="0" * 64)
        for n in range(count)
    ]
    _many(crowd, IdempotentRequest, repeated)
    trail = [
        SystemEvent(
            tenant=tenant,
            actor_kind="user",
            actor_label=f"Colega {n}",
            action="lead.updated",
            resource_type="lead",
            resource_id=str(crowd.keys["crm.Lead"]),
            position=FAR_AWAY + n,
            digest=b"",
            hash=b"",
        )
        for n in range(count)
    ]
    _many(crowd, SystemEvent, trail)
    crowd.keys["tenants.Domain"] = Domain.objects.get().pk  # the platform writes these, a few for each company
    _keys(crowd, tenant)


def _keys(crowd: Crowd, tenant: Tenant) -> None:
    """Copies of one true credential and its data key: only their number matters here."""
    true = tenant_factories.make_credential()
    key = DataKey.objects.get()
    _many(crowd, Credential, _copies(true, crowd.count, lambda n: {"name": f"KEY_{n}", "id": uuid7()}))
    _many(crowd, DataKey, _copies(key, crowd.count, lambda n: {"version": 100 + n, "id": None}))


def _copies(row: Any, count: int, change: Any) -> list[Any]:
    made = []
    for n in range(count):
        one = copy.copy(row)
        one._state = copy.copy(row._state)
        one._state.adding = True
        for name, value in change(n).items():
            setattr(one, name, value)
        made.append(one)
    return made
