"""Channels and the addresses behind them. The route row is what the door reads; it changes with its channel."""

import secrets
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from config.lib import commit
from config.lib.errors import AppError, Conflict, Invalid, NotFound, ProviderError
from messaging.ingest import routes
from messaging.ingest.models import ChannelRoute
from messaging.models import Channel, Conversation, Provider, Source
from messaging.providers import provider_class
from messaging.services.adapters import adapter_for
from tenants.context import current_tenant, tenant_context
from tenants.domain.actor import Actor
from tenants.live.services import emit
from tenants.locks import hold
from tenants.models import Credential, Tenant
from tenants.services.audit import record

HEARD_EVERY = timedelta(seconds=30)  # how often "last webhook" is written at most


def create_channel(*, provider: str, channel_source: str, name: str, config: dict[str, Any], by: Actor) -> Channel:
    """A channel and its unguessable address. Raises Invalid with fields for wrong data."""
    name = name.strip()
    if not name:
        raise Invalid(_("Falta el nombre del canal."), fields={"name": _("Falta el nombre.")})
    channel = Channel(
        provider=provider,
        channel_source=channel_source,
        name=name[:120],
        config=_clean(provider, channel_source, config),
        route_key=secrets.token_urlsafe(24),
        status=Channel.Status.CONNECTED if provider == Provider.WEB else Channel.Status.PENDING,
    )
    _refuse_twice(channel)
    channel.save(force_insert=True)
    _write_route(channel)
    record(action="channel.created", resource=channel, by=by, diff={"kind": f"{provider}/{channel_source}"})
    emit("CHANNEL_UPDATED", object="channel", id=channel.pk)
    return channel


def update_channel(
    *, channel: Channel, by: Actor, name: str | None = None, config: dict[str, Any] | None = None
) -> Channel:
    _lock(channel)
    if name is not None:
        channel.name = name.strip()[:120] or channel.name
    if config is not None:
        channel.config = _clean(channel.provider, channel.channel_source, config)
        _refuse_twice(channel)
    channel.save(update_fields=["name", "config"])
    _write_route(channel)
    record(action="channel.updated", resource=channel, by=by)
    emit("CHANNEL_UPDATED", object="channel", id=channel.pk)
    return channel


def set_enabled(*, channel: Channel, enabled: bool, by: Actor) -> Channel:
    """Off: nothing is taken in and nothing leaves. On again: it proves itself with the next message or test."""
    _lock(channel)
    if enabled:
        channel.status = Channel.Status.CONNECTED if channel.provider == Provider.WEB else Channel.Status.PENDING
    else:
        channel.status = Channel.Status.DISABLED
    channel.status_detail = ""
    channel.save(update_fields=["status", "status_detail"])
    _write_route(channel)
    record(action="channel.enabled" if enabled else "channel.disabled", resource=channel, by=by)
    emit("CHANNEL_UPDATED", object="channel", id=channel.pk)
    return channel


def remove_channel(*, channel: Channel, by: Actor) -> None:
    """A channel that never carried a chat goes for good. Raises Conflict for any other: it is switched off instead."""
    if Conversation.objects.filter(channel=channel).exists():
        raise Conflict(_("Este canal tiene conversaciones: se puede apagar, no eliminar."))
    record(action="channel.removed", resource=channel, by=by, diff={"name": channel.name})
    emit("CHANNEL_UPDATED", object="channel", id=channel.pk)
    ChannelRoute.objects.filter(channel_id=channel.pk).delete()
    channel.delete()
    commit.after(routes.changed)


def webhook_url(channel: Channel) -> str:
    """Where the provider must post; the widget's script for a web chat."""
    if channel.provider == Provider.WEB:
        return f"{settings.PUBLIC_URL}/widget/{channel.pk}.js"
    path = {"meta_direct": "meta"}.get(channel.provider, channel.provider)
    return f"{settings.PUBLIC_URL}/webhooks/{path}/{channel.route_key}/"


def needed_credentials(channel: Channel) -> list[tuple[str, bool]]:
    """(category/NAME, stored) of each secret the channel needs; never a value."""
    try:
        wanted = provider_class(channel.provider, channel.channel_source).config.credentials
    except LookupError:
        return []
    stored = set(Credential.objects.filter(tenant_id=current_tenant().pk).values_list("category", "name"))
    return [
        (f"{category}/{name}", (category, name) in stored or (category, f"{name}@{channel.pk}") in stored)
        for category, name in wanted
    ]


def ask_for_test(*, channel: Channel, by: Actor) -> None:
    """Queue the provider's cheapest call; the result appears on the channel."""
    channel.status_detail = _("Probando la conexión…")
    channel.save(update_fields=["status_detail"])
    record(action="channel.tested", resource=channel, by=by)
    commit.queue("messaging.tasks.check_channel", queue="sync", channel_id=str(channel.pk))
    emit("CHANNEL_UPDATED", object="channel", id=channel.pk)


def check(*, tenant: Tenant, channel_id: UUID) -> None:
    """Call the provider outside any transaction and write down what it said."""
    with tenant_context(tenant):
        channel = Channel.objects.filter(pk=channel_id).first()
    if channel is None or channel.status == Channel.Status.DISABLED:
        return
    try:
        known_as = adapter_for(tenant, channel).check()
    except ProviderError as error:
        status = Channel.Status.NEEDS_RECONNECT if error.kind == "auth" else channel.status
        detail = error.message
    else:
        status, detail = Channel.Status.CONNECTED, _("Conexión probada: %(name)s") % {"name": known_as}
    with tenant_context(tenant):
        # Whoever switched it off while the provider was asked meant it.
        rows = Channel.objects.filter(pk=channel.pk).exclude(status=Channel.Status.DISABLED)
        rows.update(status=status, status_detail=detail[:300])
        emit("CHANNEL_UPDATED", object="channel", id=channel.pk)


def heard_from(channel: Channel) -> None:
    """A provider's event for this channel was processed."""
    now = timezone.now()
    fields: dict[str, Any] = {}
    if channel.last_webhook_at is None or now - channel.last_webhook_at > HEARD_EVERY:
        fields["last_webhook_at"] = channel.last_webhook_at = now
    if channel.status == Channel.Status.PENDING:
        fields["status"] = channel.status = Channel.Status.CONNECTED
        fields["status_detail"] = ""
    if fields:
        Channel.objects.filter(pk=channel.pk).exclude(status=Channel.Status.DISABLED).update(**fields)
        emit("CHANNEL_UPDATED", object="channel", id=channel.pk)


def seed(*, tenant: Tenant) -> None:
    """Every company starts with a web chat, so that it can be tried before any account is connected."""
    if not Channel.objects.filter(provider=Provider.WEB).exists():
        by = Actor.system("Alta de la empresa")
        create_channel(provider=Provider.WEB, channel_source=Source.WEB, name="Chat web", config={}, by=by)


def _clean(provider: str, channel_source: str, config: dict[str, Any]) -> dict[str, Any]:
    try:
        return provider_class(provider, channel_source).config.clean(config)
    except LookupError as error:
        message = _("Ese tipo de canal todavía no existe.")
        raise Invalid(message, fields={"provider": message}) from error


def _lock(channel: Channel) -> None:
    """The row as it is now, held: name, data and switch are written together with the route."""
    try:
        channel.refresh_from_db(from_queryset=Channel.objects.select_for_update(no_key=True))
    except Channel.DoesNotExist as error:
        raise NotFound(_("Ese canal no existe.")) from error


def _refuse_twice(channel: Channel) -> None:
    """One number belongs to one channel, else a message would have two homes."""
    field = provider_class(channel.provider, channel.channel_source).config.account_field
    if field:
        hold("channel", field, channel.config.get(field))
    if (
        field
        and Channel.objects.filter(**{f"config__{field}": channel.config.get(field)}).exclude(pk=channel.pk).exists()
    ):
        message = _("Ya hay un canal con esa cuenta.")
        raise AppError(message, code="duplicate_channel", status=409, fields={field: message})


def _write_route(channel: Channel) -> None:
    ChannelRoute.objects.update_or_create(
        route_key=channel.route_key,
        defaults={
            "tenant_id": current_tenant().pk,
            "provider": channel.provider,
            "channel_id": channel.pk,
            "config": {"allowed_domains": channel.config.get("allowed_domains", [])},
            "is_active": channel.status != Channel.Status.DISABLED,
        },
    )
    commit.after(routes.changed)
