"""Google's push messages: a channel for each calendar, renewed before it ends, and the door they come to.

A message says only that something changed. Without https there are no channels, and calendars are read every two minutes.
"""

import hashlib
import hmac
import logging
import re
import secrets
from collections.abc import Iterable
from datetime import timedelta
from uuid import uuid4

from django.conf import settings
from django.core.cache import cache
from django.db.models import Q
from django.utils import timezone

from config.lib.errors import ProviderError
from crm.agenda import connection
from crm.agenda.sync import lease
from crm.calendars.base import CalendarProvider, Channel
from crm.models import ExternalCalendar
from tenants.context import current_tenant, tenant_context
from tenants.models import Tenant

logger = logging.getLogger(__name__)

DOOR = "/webhooks/google-calendar/"
LASTS, RENEWED = timedelta(days=7), timedelta(days=1)  # asked for; before its end another one is opened
ONE_AT_A_TIME, AGAIN = 300, 900  # seconds; the other after a refusal
TOKEN = re.compile(r"t([1-9][0-9]{0,17})\.[A-Za-z0-9_-]{20,100}")
SYNC = "sync"  # the message that only says that the channel works


def possible() -> bool:
    return settings.PUBLIC_URL.startswith("https://")


def due() -> list[ExternalCalendar]:
    """Calendars that are read without a channel, or with one that ends within a day."""
    if not possible():
        return []
    rows = ExternalCalendar.objects.filter(seller__isnull=False, state=ExternalCalendar.State.OK)
    ending = Q(channel_until=None) | Q(channel_until__lt=timezone.now() + RENEWED)
    return list(rows.filter(ending).order_by("pk")[:100])


def watch_due(*, tenant: Tenant) -> int:
    """Open and renew channels; returns how many. A calendar that cannot be watched goes on being read by the clock."""
    busy = f"calendar:watching:{tenant.pk}"
    if not cache.add(busy, 1, ONE_AT_A_TIME):
        return 0
    count = failed = 0
    with tenant_context(tenant):
        calendars = due()
    for calendar in calendars:
        try:
            with tenant_context(tenant):
                port = connection.client()
            _watch(tenant, port, calendar)
            count += 1
        except ProviderError as error:
            logger.info("calendar %s is not watched: %s", calendar.pk, error.code)
            failed += 1
    if failed:
        cache.set(busy, 1, AGAIN)
    else:
        cache.delete(busy)
    return count


def _watch(tenant: Tenant, port: CalendarProvider, calendar: ExternalCalendar) -> None:
    channel_id, token = str(uuid4()), f"t{tenant.pk}.{secrets.token_urlsafe(32)}"
    address, until = settings.PUBLIC_URL + DOOR, timezone.now() + LASTS
    made = port.watch(calendar.calendar_id, channel_id=channel_id, address=address, token=token, until=until)
    with tenant_context(tenant):
        ExternalCalendar.objects.filter(pk=calendar.pk).update(
            channel_id=made.channel_id,
            channel_hash=hashed(token),
            channel_resource=made.resource,
            channel_until=made.until,
        )
        lease.wake(calendar.pk)  # what happened between the last reading and the first message
    if calendar.channel_id:
        stop(port=port, channels=[channel_of(calendar)])


def channel_of(calendar: ExternalCalendar) -> Channel:
    return Channel(calendar.channel_id, calendar.channel_resource, calendar.channel_until or timezone.now())


def stop(*, port: CalendarProvider, channels: Iterable[Channel]) -> None:
    """End channels; what cannot be ended ends by itself and its messages find no door."""
    for channel in channels:
        try:
            port.stop(channel_id=channel.channel_id, resource=channel.resource)
        except ProviderError as error:
            logger.info("a channel was not stopped: %s", error.code)


def tenant_id_of(token: str) -> int | None:
    """Which company a message's token claims to be of."""
    found = TOKEN.fullmatch(token)
    return int(found[1]) if found else None


def knock(*, channel_id: str, token: str, state: str) -> bool:
    """A message at the door, inside the company of its token; False when it is none of ours. Wakes the reader."""
    assert current_tenant() is not None
    rows = ExternalCalendar.objects.filter(channel_id=channel_id, seller__isnull=False) if channel_id else ()
    given = hashed(token)
    for calendar in rows:
        if hmac.compare_digest(calendar.channel_hash, given):
            if state != SYNC:
                lease.wake(calendar.pk)
            return True
    return False


def hashed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
