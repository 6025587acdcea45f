"""Channels and the addresses behind them. The route row is what the door reads; it changes with its channel."""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from config.lib import commit
from config.lib.errors import AppError, Conflict, Invalid, NotFound, ProviderError
from messaging.ingest import routes
from messaging.ingest.models import ChannelRoute
from messaging.models import Channel, Conversation, Message, Provider, Source
from messaging.providers import PROVIDERS, provider_class
from messaging.services import breaker, meta_setup, unrouted
from messaging.services.adapters import adapter_for
from tenants.context import current_tenant, tenant_context
from tenants.domain.actor import Actor
from tenants.live.services import emit
from tenants.locks import hold
from tenants.models import Credential, PlatformCredential, Tenant
from tenants.services import vault
from tenants.services.audit import record

CHECK, REGISTER = "messaging.tasks.check_channel", "messaging.tasks.register_ycloud"
PROVEN = "proven"  # entry of `facts`: when the provider last took the channel's credentials; gone once it refused them
HEARD_EVERY = timedelta(seconds=30)  # how often "last webhook" is written at most
#: secrets that some channels of a kind have: an old Chatwoot signs nothing, an Instagram sign-in has an app of its own
OPTIONAL = {
    ("chatwoot", ""): (("chatwoot", "WEBHOOK_SECRET"),),
    ("meta_direct", "instagram"): (("instagram", "APP_SECRET"),),
}


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
    unrouted.take_in(channel)
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


def set_fallback(*, channel: Channel, fallback: Channel | None, by: Actor) -> None:
    """Through which channel of the same kind leaves what this one cannot send; None: it waits."""
    if fallback is not None and (fallback.pk == channel.pk or fallback.channel_source != channel.channel_source):
        message = _("El reemplazo tiene que ser otro canal del mismo tipo.")
        raise Invalid(message, fields={"fallback": message})
    if channel.fallback_id == (fallback.pk if fallback else None):
        return
    channel.fallback = fallback
    channel.save(update_fields=["fallback"])
    record(action="channel.updated", resource=channel, by=by, diff={"fields": ["fallback"]})
    emit("CHANNEL_UPDATED", object="channel", id=channel.pk)


def make_verify_token(*, channel: Channel, by: Actor) -> str:
    """A new text by which Meta is told that the address is ours; shown once, kept in the vault."""
    token = secrets.token_urlsafe(24)
    vault.put_credential(category="meta", name=f"VERIFY_TOKEN@{channel.pk}", value=token, by=by)
    _write_route(channel)  # the door reads the channel's secrets again
    return token


def set_enabled(*, channel: Channel, enabled: bool, by: Actor) -> Channel:
    """Off: nothing is taken in and nothing leaves. On again: it proves itself anew, with a test or the next message."""
    _lock(channel)
    channel.status_detail = ""
    if enabled:
        channel.status = Channel.Status.CONNECTED if channel.provider == Provider.WEB else Channel.Status.PENDING
        channel.facts.pop(PROVEN, None)
        _test_if_possible(channel)
    else:
        channel.status = Channel.Status.DISABLED
    channel.save(update_fields=["status", "status_detail", "facts"])
    _write_route(channel)
    meta_setup.switched(channel=channel, enabled=enabled)
    record(action="channel.enabled" if enabled else "channel.disabled", resource=channel, by=by)
    emit("CHANNEL_UPDATED", object="channel", id=channel.pk)
    return channel


def _test_if_possible(channel: Channel) -> None:
    """A worker asks the provider, unless what it would ask with is not stored."""
    if channel.provider == Provider.WEB:
        return
    try:
        adapter_for(current_tenant(), channel)
    except ProviderError as error:
        if error.code == vault.MissingCredential.code:
            return
    channel.status_detail = _("Probando la conexión…")
    # YCloud stops calling an address that answered 404: registering it proves the key as well.
    task = REGISTER if channel.provider == Provider.YCLOUD else CHECK
    commit.queue(task, queue="sync", channel_id=str(channel.pk))


def webhook_url(channel: Channel) -> str:
    """Where the provider must post; the widget's script for a web chat."""
    if channel.provider == Provider.WEB:
        return f"{settings.PUBLIC_URL}/widget/{channel.pk}.js"
    path = {"meta_direct": "meta"}.get(channel.provider, channel.provider)
    return f"{settings.PUBLIC_URL}/webhooks/{path}/{channel.route_key}/"


@dataclass(frozen=True)
class Needed:
    """A secret of a channel by its place in the vault ("category/NAME"); never its value."""

    name: str
    stored: bool
    optional: bool = False


def stored_names() -> set[tuple[str, str]]:
    """(category, NAME) of every secret that the company's channels may use, its own and those lent to it. One statement."""
    tenant_id = current_tenant().pk
    own = Credential.objects.filter(tenant_id=tenant_id).values_list("category", "name")
    lent = PlatformCredential.objects.filter(Q(everyone=True) | Q(tenant_ids__contains=[tenant_id]))
    return set(own.union(lent.values_list("category", "name")))


def credentials_of(channel: Channel, stored: set[tuple[str, str]] | None = None) -> list[Needed]:
    """What the channel needs, and what it would use besides; `stored` spares a list of channels its statements."""
    try:
        wanted = provider_class(channel.provider, channel.channel_source).config.credentials
    except LookupError:
        return []
    more = OPTIONAL.get((channel.provider, channel.channel_source), OPTIONAL.get((channel.provider, ""), ()))
    if stored is None:
        stored = stored_names()
    return [
        Needed(
            f"{category}/{name}",
            (category, name) in stored or (category, f"{name}@{channel.pk}") in stored,
            (category, name) in more,
        )
        for category, name in (*wanted, *more)
    ]


def missing_of(known: list[Needed]) -> list[str]:
    """Names of what the channel cannot do without and is not stored."""
    return [each.name for each in known if not each.stored and not each.optional]


def unsigned(channel: Channel, known: list[Needed]) -> bool:
    """Whether the address alone proves this channel's events: a Chatwoot whose secret is not stored."""
    return channel.provider == Provider.CHATWOOT and not any(each.stored for each in known if each.optional)


@dataclass(frozen=True)
class Progress:
    """How far a channel came: whether it has a chat, a customer wrote, something left; the name of its replacement."""

    used: bool
    heard: bool
    answered: bool
    fallback: str


def progress(channel: Channel) -> Progress:
    """One statement."""
    chats = Conversation.objects.filter(channel=OuterRef("pk"))
    went = Message.objects.filter(channel=OuterRef("pk"), direction=Message.Direction.OUT, sent_at__isnull=False)
    row = Channel.objects.annotate(
        used=Exists(chats), heard=Exists(chats.filter(last_inbound_at__isnull=False)), answered=Exists(went)
    )
    used, heard, answered, name = row.values_list("used", "heard", "answered", "fallback__name").get(pk=channel.pk)
    return Progress(used, heard, answered, name or "")


def ask_for_test(*, channel: Channel, by: Actor) -> None:
    """Queue the provider's cheapest call; the result appears on the channel. Raises Conflict for one that is off."""
    _lock(channel)
    if channel.status == Channel.Status.DISABLED:
        raise Conflict(_("El canal está apagado: encenderlo para probar la conexión."))
    channel.status_detail = _("Probando la conexión…")
    channel.save(update_fields=["status_detail"])
    record(action="channel.tested", resource=channel, by=by)
    commit.queue(CHECK, queue="sync", channel_id=str(channel.pk))
    emit("CHANNEL_UPDATED", object="channel", id=channel.pk)


def check(*, tenant: Tenant, channel_id: UUID) -> None:
    """Call the provider outside any transaction and write down what it said."""
    with tenant_context(tenant):
        channel = Channel.objects.filter(pk=channel_id).first()
    if channel is None or channel.status == Channel.Status.DISABLED:
        return
    known_as, refused = "", None
    try:
        known_as = adapter_for(tenant, channel).check()
    except ProviderError as error:
        refused = error
    with tenant_context(tenant):
        _note_check(channel, known_as, refused)


def _note_check(channel: Channel, known_as: str, refused: ProviderError | None) -> None:
    """Onto the row as it is now: whoever switched it off while the provider was asked meant it."""
    rows = Channel.objects.select_for_update(no_key=True).exclude(status=Channel.Status.DISABLED)
    row = rows.filter(pk=channel.pk).first()
    if row is None:
        return
    if refused is None:
        row.status, row.status_detail = Channel.Status.CONNECTED, _("Conexión probada: %(name)s") % {"name": known_as}
        row.facts[PROVEN] = timezone.now().isoformat()
        breaker.answered(channel)  # a rest ends with it; the sweep finds what waits
    else:
        row.status_detail = refused.message
        row.facts.pop(PROVEN, None)
        if refused.kind == "auth":
            row.status = Channel.Status.NEEDS_RECONNECT
    row.status_detail = row.status_detail[:300]
    row.save(update_fields=["status", "status_detail", "facts"])
    emit("CHANNEL_UPDATED", object="channel", id=row.pk)


def heard_from(channel: Channel, *, proven: bool = True) -> None:
    """A provider's event came to this channel. `proven`: something in it was this channel's own, so it is connected."""
    now = timezone.now()
    fields: dict[str, Any] = {}
    if channel.last_webhook_at is None or now - channel.last_webhook_at > HEARD_EVERY:
        fields["last_webhook_at"] = channel.last_webhook_at = now
    if proven and channel.status == Channel.Status.PENDING:
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
    if not field:
        return
    named = channel.config.get(field)
    hold("channel", channel.provider, field, named)
    # A page is named on its Facebook channel and beside its Instagram account: only the first is its home.
    alike = [
        source
        for provider, source in PROVIDERS
        if provider == channel.provider and provider_class(provider, source).config.account_field == field
    ]
    others = Channel.objects.filter(provider=channel.provider, channel_source__in=alike).exclude(pk=channel.pk)
    if others.filter(**{f"config__{field}": named}).exists():
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
