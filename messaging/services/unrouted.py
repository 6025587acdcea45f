"""What came for a number or a page of the company's Meta app that is no channel yet: kept, shown, and taken in later."""

import json
from dataclasses import dataclass

from django.utils.translation import gettext as _

from config.lib import commit
from messaging.ingest.models import InboundEvent
from messaging.models import Channel, Provider, ProviderNotice, Source
from messaging.providers import base, provider_class
from tenants.context import current_tenant

KIND = "unrouted"
READ = 500  # notices looked at for the page
OBJECTS = {"whatsapp_business_account": Source.WHATSAPP, "instagram": Source.INSTAGRAM, "page": Source.FACEBOOK}


@dataclass(frozen=True)
class Unrouted:
    """An account that writes to nobody: its id at the provider, what it is, how much came (up to READ)."""

    provider: str
    source: str
    ref: str
    count: int

    @property
    def kind(self) -> str:
        """As in the address of "create"."""
        return self.source if self.provider == Provider.META_DIRECT else self.provider

    @property
    def source_name(self) -> str:
        return str(Source(self.source).label)


def notice(channel: Channel, event: InboundEvent, item: base.Item) -> base.Notice:
    """What stays of the item until its channel exists."""
    said = {"ref": item.channel_ref, "provider": channel.provider, "source": _source(channel, event)}
    return base.Notice(KIND, _("Es de un número que no es un canal."), said, channel_ref=item.channel_ref)


def _source(channel: Channel, event: InboundEvent) -> str:
    body = json.loads(event.raw)
    named = body.get("object") if isinstance(body, dict) else None
    return str(OBJECTS.get(named, channel.channel_source)) if isinstance(named, str) else channel.channel_source


def waiting() -> list[Unrouted]:
    """The accounts, the latest first. One statement."""
    rows = ProviderNotice.objects.filter(channel=None, kind=KIND).order_by("-created_at", "-id")
    counts: dict[tuple[str, str, str], int] = {}
    for said in rows.values_list("payload", flat=True)[:READ]:
        key = (said.get("provider", ""), said.get("source", ""), said.get("ref", ""))
        counts[key] = counts.get(key, 0) + 1
    return [Unrouted(*key, count) for key, count in counts.items() if all(key)]


def take_in(channel: Channel) -> int:
    """The channel exists now: what came for it before is worked off again. How many webhooks."""
    ref = provider_class(channel.provider, channel.channel_source).config.channel_ref(channel.config)
    rows = ProviderNotice.objects.filter(channel=None, kind=KIND, payload__ref=ref, payload__provider=channel.provider)
    ids = list(rows.values_list("event_id", flat=True)) if ref else []
    if not ids:
        return 0
    ProviderNotice.objects.filter(event_id__in=ids).delete()
    again = InboundEvent.objects.filter(tenant_id=current_tenant().pk, pk__in=ids).exclude(state="received")
    count = again.update(state=InboundEvent.State.RECEIVED, attempts=0, lease_until=None, error="", processed_at=None)
    commit.queue("messaging.tasks.process_events", queue="inbound")
    return count
