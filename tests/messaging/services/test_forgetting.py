"""What is thrown away, and what never is."""

from datetime import timedelta
from uuid import uuid4

from django.utils import timezone

from messaging.ingest.models import InboundEvent
from messaging.services import events
from tenants.models import Tenant

MONTH_AGO = timezone.now() - timedelta(days=31)


def event(tenant: Tenant, state: str, processed_at: object) -> InboundEvent:
    return InboundEvent.objects.create(
        tenant_id=tenant.pk,
        provider="web",
        channel_id=uuid4(),
        event_key=uuid4().hex,
        raw="{}",
        state=state,
        processed_at=processed_at,
    )


def test_only_events_processed_a_month_ago_are_forgotten(in_acme: Tenant) -> None:
    event(in_acme, "done", MONTH_AGO)
    kept = {
        event(in_acme, "done", timezone.now()).pk,
        event(in_acme, "failed", MONTH_AGO).pk,
        event(in_acme, "received", None).pk,
    }
    assert events.forget_old(tenant=in_acme, now=timezone.now()) == 1
    assert set(InboundEvent.objects.values_list("pk", flat=True)) == kept
