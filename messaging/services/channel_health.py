"""How each channel fares at its provider, looked at once a day and after each test; and who has to know what is wrong."""

import logging
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from config.lib import commit
from config.lib.errors import ProviderError
from crm.models import Notification
from crm.services import notifications
from messaging.connecting import chatwoot, ycloud
from messaging.connecting.meta_wire import inspect, refreshed
from messaging.models import Channel, Provider
from messaging.providers.clean import mapping, rfc3339, small
from messaging.providers.ycloud.client import YCloudWhatsApp
from messaging.services import channels, meta_setup
from messaging.services.adapters import adapter_for
from tenants.context import current_tenant, tenant_context
from tenants.domain import roles
from tenants.domain.actor import Actor
from tenants.live.services import emit
from tenants.models import Credential, Membership, Tenant
from tenants.services.vault import put_credential

logger = logging.getLogger(__name__)

TASK, QUEUE = "messaging.tasks.look_at_channel", "sync"
DAILY = timedelta(hours=24)
MOST = 20  # channels of a company looked at in one round
WARN_DAYS = (14, 7, 1)
RENEW_BEFORE = timedelta(days=10)  # Instagram's token lasts 60 days and is renewed at about day 50 (providers §3)
RENEW_AFTER = timedelta(hours=24)
BY = Actor.system("Meta")
OURS = ("setup", "lost_told", "templates", channels.PROVEN)  # entries of `facts` that no provider says
Status = Channel.Status


# --- looking ---------------------------------------------------------------------------------------------------
def look(*, tenant: Tenant, channel_id: UUID, tried: bool = False) -> None:
    """Ask the provider how the channel fares, outside of any transaction, and write it down. `tried`: a test just worked.

    A dead credential is told to whoever looks after channels; being unreachable for a moment changes nothing.
    """
    with tenant_context(tenant):
        channel = Channel.objects.filter(pk=channel_id).exclude(provider=Provider.WEB).first()
    if channel is None or channel.status == Status.DISABLED:
        return
    until = None
    try:
        adapter = adapter_for(tenant, channel)
        if not (tried and channels.PROVEN in channel.facts):
            adapter.check()
        # Before the facts, which are only shown: what they cannot tell must not keep a channel from being cared for.
        if channel.provider == Provider.META_DIRECT:
            until = _look_after_meta(tenant, channel)
        facts = mapping(small(adapter.facts()))
        if isinstance(adapter, YCloudWhatsApp):
            facts["subscribed"] = ycloud.is_told(adapter, channels.webhook_url(channel))
    except ProviderError as error:
        with tenant_context(tenant):
            _write(channel, error=error, until=until)
        return
    with tenant_context(tenant):
        _write(channel, facts=facts, until=until or rfc3339(facts.get("expires_at")))


def _write(
    channel: Channel,
    *,
    facts: dict[str, Any] | None = None,
    until: datetime | None = None,
    error: ProviderError | None = None,
) -> None:
    """Onto the row as it is now: whoever switched it off or connected it anew while the provider was asked meant it."""
    row = Channel.objects.select_for_update(no_key=True).filter(pk=channel.pk).exclude(status=Status.DISABLED).first()
    if row is None:
        return
    row.checked_at = timezone.now()
    if error is not None:
        if error.kind == "auth":
            row.facts.pop(channels.PROVEN, None)
        if error.kind == "auth" and row.status != Status.NEEDS_RECONNECT:
            row.status, row.status_detail = Status.NEEDS_RECONNECT, error.message[:300]
            _tell_lost(row)
    else:
        known = {name: row.facts[name] for name in (*OURS, "subscribed") if name in row.facts}
        row.facts = {**known, **(facts or {}), **{name: known[name] for name in OURS if name in known}}
        row.facts[channels.PROVEN] = row.checked_at.isoformat()
        if row.status == Status.NEEDS_RECONNECT:
            row.status, row.status_detail = Status.CONNECTED, ""
            row.facts.pop("lost_told", None)
    if until is not None and until != row.token_expires_at:
        row.token_expires_at, row.expiry_warned_days = until, None
    fields = ["checked_at", "status", "status_detail", "facts", "token_expires_at", "expiry_warned_days"]
    row.save(update_fields=fields)
    emit("CHANNEL_UPDATED", object="channel", id=row.pk)


# --- Meta's own cares ------------------------------------------------------------------------------------------
def _look_after_meta(tenant: Tenant, channel: Channel) -> datetime | None:
    """Subscribe again where Meta stopped sending, renew what can be renewed; until when the token lasts if that is known."""
    with tenant_context(tenant):
        job = meta_setup.job_for(channel)
    if "setup" in channel.facts and not meta_setup.is_subscribed(job):
        meta_setup.subscribe(job)
        logger.info("channel %s was no longer subscribed at Meta, and is again", channel.pk)
    if job.by_instagram:
        return _renewed(tenant, channel, job.token)
    if job.app is None:
        return None
    known = inspect(job.app, job.token)
    if not known.is_valid:
        message = _("La conexión con Meta venció o fue revocada: hay que volver a conectar el canal.")
        raise ProviderError(message, kind="auth", code="190")
    return known.expires_at


def _renewed(tenant: Tenant, channel: Channel, token: str) -> datetime | None:
    """Sixty new days for an Instagram token that is near its end; one that cannot be renewed just now stays."""
    until, now = channel.token_expires_at, timezone.now()
    if until is None or not now < until <= now + RENEW_BEFORE:
        return until
    name = f"ACCESS_TOKEN@{channel.pk}"
    with tenant_context(tenant):
        row = Credential.objects.filter(tenant_id=tenant.pk, category="instagram", name=name).first()
    if row is None or row.updated_at > now - RENEW_AFTER:
        return until
    try:
        new = refreshed(token)
    except ProviderError as error:
        if error.kind == "auth":
            raise
        return until
    with tenant_context(tenant):
        same = Credential.objects.filter(tenant_id=tenant.pk, pk=row.pk, version=row.version).exists()
        if not same:  # somebody stored another one meanwhile
            return None
        put_credential(category="instagram", name=name, value=new.value, by=BY, expires_at=new.expires_at)
    return new.expires_at


# --- every few minutes -----------------------------------------------------------------------------------------
def look_after(*, tenant: Tenant) -> int:
    """Channels whose daily look is due, steps of a connection that lost their worker, and news for people; how many tasks."""
    with tenant_context(tenant):
        return _look_after_one()


def _look_after_one() -> int:
    now, queued = timezone.now(), 0
    rows = Channel.objects.exclude(provider=Provider.WEB).exclude(status=Status.DISABLED).order_by("checked_at", "pk")
    for channel in rows:
        setup = mapping(channel.facts.get("setup")).values()
        if any(mapping(each).get("state") == "waiting" for each in setup):
            commit.queue(meta_setup.TASK, queue=QUEUE, channel_id=str(channel.pk))
            queued += 1
        elif channel.status_detail.endswith("…"):  # a test or a registration is in the air, or its worker died
            commit.queue(_asked(channel), queue=QUEUE, channel_id=str(channel.pk))
            queued += 1
        elif queued < MOST and (channel.checked_at is None or channel.checked_at < now - DAILY):
            commit.queue(TASK, queue=QUEUE, channel_id=str(channel.pk))
            queued += 1
        if _has_news(channel, now):
            _tell_news(channel.pk, now)
    return queued


def _asked(channel: Channel) -> str:
    """The task that says how it ended; each may run any number of times."""
    registers = {Provider.YCLOUD: ycloud.REGISTER, Provider.CHATWOOT: chatwoot.SUBSCRIBE}
    named = registers.get(Provider(channel.provider), channels.CHECK)
    return channels.CHECK if channel.facts.get("subscribed") else named


# --- telling ---------------------------------------------------------------------------------------------------
def threshold(channel: Channel, now: datetime) -> int | None:
    """The smallest of WARN_DAYS that the end is within; None while it is far, unknown or past."""
    left = channel.token_expires_at - now if channel.token_expires_at else None
    within = [days for days in WARN_DAYS if left is not None and timedelta(0) < left <= timedelta(days=days)]
    return min(within, default=None)


def warning(channel: Channel) -> str:
    """What a page says while the end of a connection is near or past; empty otherwise."""
    until = channel.token_expires_at
    if until is None or until > timezone.now() + timedelta(days=max(WARN_DAYS)):
        return ""
    if until <= timezone.now():
        return _("La conexión venció el %(date)s. Hay que volver a conectar.") % {"date": _day(until)}
    return _("La conexión vence el %(date)s. Reconectar antes para no dejar de recibir mensajes.") % {
        "date": _day(until)
    }


def _has_news(channel: Channel, now: datetime) -> bool:
    told = "lost_told" in channel.facts
    if channel.status == Status.NEEDS_RECONNECT and not told:
        return True
    return (channel.status == Status.CONNECTED and told) or _to_warn(channel, now) is not None


def _tell_news(pk: UUID, now: datetime) -> None:
    """Held, so that two rounds tell it once and no outcome of a step gets lost."""
    channel = Channel.objects.select_for_update(no_key=True).get(pk=pk)
    if channel.status == Status.NEEDS_RECONNECT and "lost_told" not in channel.facts:
        _tell_lost(channel)
    elif channel.status == Status.CONNECTED:
        channel.facts.pop("lost_told", None)
    days, until = _to_warn(channel, now), channel.token_expires_at
    if days is not None and until is not None:
        channel.expiry_warned_days = days
        _tell_expiry(channel, until, days)
    channel.save(update_fields=["facts", "expiry_warned_days"])


def _to_warn(channel: Channel, now: datetime) -> int | None:
    """The threshold that was crossed and not told yet."""
    days, told = threshold(channel, now), channel.expiry_warned_days
    return days if days is not None and (told is None or days < told) else None


def _tell_expiry(channel: Channel, until: datetime, days: int) -> None:
    for user, locale in _keepers():
        with translation.override(locale):
            title = _("la conexión de «%(name)s» vence el %(date)s") % {"name": channel.name, "date": _day(until)}
        _notify(channel, user, f"expiry:{channel.pk}:{until:%Y%m%d}:{days}", title, urgent=days == 1)


def _tell_lost(channel: Channel) -> None:
    """Once for each time it was lost; the caller saves the row."""
    channel.facts = {**channel.facts, "lost_told": timezone.now().isoformat()}
    for user, locale in _keepers():
        with translation.override(locale):
            title = _("hay que volver a conectar «%(name)s»") % {"name": channel.name}
        _notify(channel, user, f"lost:{channel.pk}:{channel.facts['lost_told']}", title, urgent=True)


def _notify(channel: Channel, user: UUID, key: str, title: str, *, urgent: bool) -> None:
    notifications.notify(
        user_id=user,
        kind=Notification.Kind.REMINDER,
        key=key,
        href=f"/canales/{channel.pk}/",
        facts={"title": title},
        urgent=urgent,
    )


def _keepers() -> list[tuple[UUID, str]]:
    """Whoever may connect channels, with their language."""
    may = [role for role in roles.TABLE if "channels.write" in roles.permissions(role)]
    tenant = current_tenant()
    rows = Membership.objects.active().filter(tenant_id=tenant.pk, role__in=may).select_related("user")
    return [(row.user_id, row.user.locale or tenant.locale) for row in rows]


def _day(moment: datetime) -> str:
    return date_format(timezone.localtime(moment, ZoneInfo(current_tenant().timezone)), "SHORT_DATE_FORMAT")
