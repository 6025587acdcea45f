"""Two committed companies in which every row says whose it is, for probes of pages."""

import hashlib
from dataclasses import dataclass

from django.db import models

from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tenants.models import DataKey, Domain, Membership, SystemEvent, Tenant
from tenants.services import vault
from tests.factories import messaging
from tests.factories.every_model import FACTORIES
from tests.isolation.models import tenant_models
from tests.support.cast import Cast, make_cast

WORD = "zafiro"  # what a search looks for
ACME, GLOBEX = "AcmeCanary7", "GlobexCanary9"
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
    """Keys by model label, for each company, and what globex looked like in the beginning."""

    cast: Cast
    mine: dict[str, object]
    theirs: dict[str, object]
    untouched: str


def make_world() -> World:
    cast = make_cast(suffix="-probe")
    mine = _furnish(cast.acme, ACME, cast["ana"].member)
    theirs = _furnish(cast.globex, GLOBEX, cast["gus"].member)
    return World(cast, mine, theirs, digest(cast.globex))


def _furnish(tenant: Tenant, canary: str, member: Membership) -> dict[str, object]:
    keys: dict[str, object] = {}
    with tenant_context(tenant):
        for label, factory in FACTORIES.items():
            row = factory()
            keys[label] = row.pk
        for model in tenant_models():
            texts = {
                field.name: f"{WORD} {canary}"[: field.max_length or 200]
                for field in model._meta.fields
                if _plain(field)
            }
            if texts:
                model._base_manager.filter(pk=keys[model._meta.label]).update(**texts)
        channel = messaging.make_channel(name=f"{WORD} {canary}", route=True)
        keys["ingest.InboundEvent"] = messaging.make_inbound_event(channel=channel, raw=f'"{canary}"').pk
        keys["ingest.ChannelRoute"] = channel.route_key
        credential = vault.put_credential(
            category="openai", name="API_KEY", value=f"sk-{canary}-0123456789", by=Actor.system("test")
        )
        keys["tenants.Credential"] = credential.pk
        keys["tenants.Membership"] = member.pk
        keys["tenants.User"] = member.user_id
        keys["tenants.Tenant"] = tenant.pk
        keys["tenants.Domain"] = Domain.objects.get().pk
        keys["tenants.DataKey"] = DataKey.objects.get().pk
        keys["tenants.SystemEvent"] = SystemEvent.objects.latest("id").pk
    return keys


def make_rows_of(tenant: Tenant) -> dict[str, object]:
    """One row of every model; model label → key."""
    with tenant_context(tenant):
        return {label: factory().pk for label, factory in FACTORIES.items()}


def _plain(field: models.Field) -> bool:
    free = isinstance(field, models.CharField | models.TextField) and not field.choices and not field.primary_key
    return free and field.name not in MEANINGFUL and (field.max_length or 200) >= 20


def digest(tenant: Tenant) -> str:
    """Of every row in the company's schema."""
    total = hashlib.sha256()
    with tenant_context(tenant):
        for model in tenant_models():
            for row in model._base_manager.order_by("pk").values_list():
                total.update(repr(row).encode())
    return total.hexdigest()
