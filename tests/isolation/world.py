"""Two committed companies in which every row says whose it is, for probes of pages."""

from dataclasses import dataclass
from datetime import timedelta
from itertools import count

from django.conf import settings
from django.db import connection, models
from django.utils import timezone

from crm.models import Lead
from messaging.models import Attachment
from tenants.context import auth_scope, platform_scope, tenant_context
from tenants.domain.actor import Actor
from tenants.models import DataKey, Domain, Membership, PlatformAccess, SystemEvent, Team, Tenant
from tenants.services import registry, vault
from tests.factories import agents, crm, crm_more, messaging
from tests.factories.every_model import FACTORIES
from tests.factories.shared import make_shared_rows
from tests.isolation.models import tenant_models
from tests.support.cast import Cast, Person, make_cast

WORD = "zafiro"  # what a search looks for
ACME, GLOBEX = "AcmeCanary7", "GlobexCanary9"
# In acme: what ana's seller has, and what belongs to the team of paz. Customers' words in both.
HIDDEN, TEAMED = "HiddenCanary5", "TeamCanary3"
# Texts that mean something to the code, so that a canary in them would break the page instead of showing on it.
MEANINGFUL = [
    "code",
    "kind",
    "route_key",
    "event_key",
    "provider_message_id",
    "mime",
    "sha256",
    "embedding_model",
    "timezone",
    "file",
    "terms",
    "key",
    "route",
    "locale",
    "search_text",
    "currency",
    "phone",
    "status",
    "provider",
    "model_provider",
    "template_type",
    "actor_kind",
    "tool",
    "type",
    "idempotency_key",
    "body_hash",
    "response",
    "model",
]


@dataclass(frozen=True)
class World:
    """Keys by model label, for each company, and what globex looked like in the beginning.

    `hidden` and `teamed` are keys of acme's rows that ana's seller and a seller of paz's team have; `team` is that team.
    """

    cast: Cast
    mine: dict[str, object]
    theirs: dict[str, object]
    hidden: dict[str, object]
    teamed: dict[str, object]
    team: object
    untouched: str


_worlds = count(1)  # two modules may each have one at the same time


def make_world() -> World:
    cast = make_cast(suffix=f"-probe{next(_worlds)}")
    mine = _furnish(cast.acme, ACME, cast["ana"])
    theirs = _furnish(cast.globex, GLOBEX, cast["gus"])
    hidden, teamed = _held(cast.acme, cast["ana"], HIDDEN), _held(cast.acme, cast["paz"], TEAMED)
    with tenant_context(cast.acme):
        team = Team.objects.create(tenant=cast.acme, name="Norte")
    with auth_scope():
        Membership.objects.filter(pk__in=[cast["paz"].member.pk]).update(team=team)
    return World(cast, mine, theirs, hidden, teamed, team.pk, digest(cast.globex))


def give_scope(world: World, person: Person, scope: str) -> None:
    """As a company would: with the scope of a team, the person is in paz's."""
    with auth_scope():
        Membership.objects.filter(pk=person.member.pk).update(scope=scope, team=world.team if scope == "team" else None)


def open_visit(staff: Person, tenant: Tenant, *, how: str = "visit") -> PlatformAccess:
    """Somebody of the platform is looking into the company now; "late" = until a minute ago, "ended" = no more."""
    now = timezone.now()
    with platform_scope("a visit for probes"):
        PlatformAccess.objects.filter(user=staff.user, tenant=tenant).delete()
        return PlatformAccess.objects.create(
            user=staff.user,
            tenant=tenant,
            person=staff.name,
            reason="Probar la visita",
            expires_at=now + timedelta(minutes=-1 if how == "late" else 15),
            ended_at=now if how == "ended" else None,
        )


def ask_for_factor(tenant: Tenant) -> None:
    """From now on the company wants a second factor of its people."""
    with tenant_context(tenant):
        Tenant.objects.filter(pk=tenant.pk).update(settings={**tenant.settings, "require_second_factor": True})
    registry.changed()


def _furnish(tenant: Tenant, canary: str, person: Person) -> dict[str, object]:
    keys: dict[str, object] = {}
    with tenant_context(tenant):
        for label, factory in FACTORIES.items():
            row = factory()
            keys[label] = row.pk
        for model in tenant_models():
            _stamp(model, keys[model._meta.label], canary)
        channel = messaging.make_channel(name=f"{WORD} {canary}", route=True)
        keys["ingest.InboundEvent"] = messaging.make_inbound_event(channel=channel, raw=f'"{canary}"').pk
        keys["ingest.ChannelRoute"] = channel.route_key
        credential = vault.put_credential(
            category="openai", name="API_KEY", value=f"sk-{canary}-0123456789", by=Actor.system("test")
        )
        keys["tenants.Credential"] = credential.pk
        keys["tenants.Membership"] = person.member.pk
        keys["tenants.User"] = person.user.pk
        keys["tenants.Tenant"] = tenant.pk
        keys["tenants.Domain"] = Domain.objects.get().pk
        keys["tenants.DataKey"] = DataKey.objects.get().pk
        keys |= make_shared_rows(tenant, person.user, f"{WORD} {canary}")
    with tenant_context(tenant):  # events are written as a transaction ends
        keys["tenants.SystemEvent"] = SystemEvent.objects.latest("id").pk
    return keys


def _stamp(model: type[models.Model], key: object, canary: str) -> None:
    texts = {field.name: f"{WORD} {canary}"[: field.max_length or 200] for field in model._meta.fields if _plain(field)}
    if texts:
        model._base_manager.filter(pk=key).update(**texts)


def _held(tenant: Tenant, person: Person, canary: str) -> dict[str, object]:
    """A customer whom this person attends, with everything that hangs on one; each text says so."""
    with tenant_context(tenant):
        contact = crm.make_contact(name=f"{WORD} {canary}")
        seller = crm.make_seller(name=f"De {person.name}", user=person.user)
        lead = crm.make_lead(contact=contact, owner=seller)
        channel = messaging.make_channel()
        chat = messaging.make_conversation(contact=contact, channel=channel, assignee=person.user, mode="human")
        message = messaging.make_message(conversation=chat, direction="out", status="failed")
        attachment = messaging.make_attachment(message=message, state=Attachment.State.READY)
        run = agents.make_run(conversation_id=chat.pk)
        rows = [
            contact,
            lead,
            crm.make_stage_change(lead=lead),
            crm_more.make_task(lead=lead, assignee=person.user),
            crm_more.make_note(contact=contact, lead=lead),
            chat,
            message,
            attachment,
            messaging.make_identity(contact=contact, channel=channel),
            run,
            agents.make_tool_call(run=run, conversation_id=chat.pk, ok=True, result={"receipt": {"text": canary}}),
            agents.make_report(run=run, conversation_id=chat.pk),
            agents.make_desk(conversation_id=chat.pk),
            agents.make_assessment(conversation_id=chat.pk),
            agents.make_summary(conversation_id=chat.pk),
            agents.make_question(run=run),
        ]
        for row in rows:
            _stamp(type(row), row.pk, canary)
        contact.refresh_from_db()
        contact.save()  # what a search looks in
        Attachment.objects.filter(pk=attachment.pk).update(file=f"{tenant.schema_name}/messages/{attachment.pk}")
        Lead.objects.filter(pk=lead.pk).update(owner=seller)
        return {row._meta.label: row.pk for row in rows}


def put_files(world: World) -> None:
    """What the attachments hold, in the media folder of the present test."""
    for keys, canary in ((world.hidden, HIDDEN), (world.teamed, TEAMED)):
        folder = settings.MEDIA_ROOT / world.cast.acme.schema_name / "messages"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / str(keys["messaging.Attachment"])).write_text(canary, encoding="ascii")


def make_rows_of(tenant: Tenant) -> dict[str, object]:
    """One row of every model; model label → key."""
    with tenant_context(tenant):
        return {label: factory().pk for label, factory in FACTORIES.items()}


def _plain(field: models.Field) -> bool:
    free = isinstance(field, models.CharField | models.TextField) and not field.choices and not field.primary_key
    return free and field.name not in MEANINGFUL and (field.max_length or 200) >= 20


def digest(tenant: Tenant) -> str:
    """Of every row in the company's schema, in one statement: the probes ask after each address."""
    tables = [connection.ops.quote_name(model._meta.db_table) for model in tenant_models()]
    each = " union all ".join(
        f"select {number} as place, md5(string_agg(row::text, ',' order by row::text)) as sum from {table} as row"
        for number, table in enumerate(tables)
    )
    with tenant_context(tenant), connection.cursor() as cursor:
        cursor.execute(f"select md5(string_agg(sum, ',' order by place)) from ({each}) as every_table")
        (found,) = cursor.fetchone()
    return str(found)
