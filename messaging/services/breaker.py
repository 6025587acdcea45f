"""The circuit breaker of a channel: several failures in a row, a rest, one probe; its success wakes what waits.

While a channel rests its bubbles stay queued, in their order, and nobody is woken for them: neither the provider nor the
queue meets everything at once when it is over.
"""

from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from messaging.domain import breaker
from messaging.models import Channel
from tenants.live.services import emit

PROBE = timedelta(seconds=90)  # how long a probe may take before the next one; longer than any provider call lasts
MOST = 1000  # failures that are counted

#: Go on; go on as the one probe after a rest; wait, it rests or somebody else is probing.
Turn = Literal["go", "probe", "rest"]


def resting(channel: Channel, now: datetime) -> bool:
    return channel.resting_until is not None and channel.resting_until > now


def rests_long(channel: Channel, now: datetime) -> bool:
    """Whether the rest is one that nobody should wait for when there is another way."""
    return resting(channel, now) and breaker.rest(channel.failures) > breaker.PATIENCE


def may_try(channel: Channel, now: datetime) -> Turn:
    """Call it right before the send is marked: a `probe` belongs to the caller alone."""
    if channel.resting_until is None:
        return "go"
    if channel.resting_until > now:
        return "rest"
    due = Channel.objects.filter(pk=channel.pk, resting_until__lte=now)
    return "probe" if due.update(resting_until=now + PROBE) else "rest"


def failed(channel_id: UUID, *, now: datetime, probing: bool) -> float:
    """The provider did not do its part. Seconds that the channel rests from now on; 0 = none."""
    channel = Channel.objects.select_for_update(no_key=True).get(pk=channel_id)
    if resting(channel, now) and not probing:
        return 0.0  # it was in the air when the rest began
    channel.failures = min(channel.failures + 1, MOST)
    rest = breaker.rest(channel.failures)
    channel.resting_until = now + timedelta(seconds=rest) if rest else None
    channel.save(update_fields=["failures", "resting_until"])
    if rest:
        emit("CHANNEL_UPDATED", object="channel", id=channel.pk)
    return rest


def answered(channel: Channel) -> bool:
    """The provider did its part, be it with a refusal. True when a rest ends with it. `channel` as it was at the claim."""
    if not channel.failures and channel.resting_until is None:
        return False
    rested = channel.resting_until is not None
    Channel.objects.filter(pk=channel.pk).update(failures=0, resting_until=None)
    if rested:
        emit("CHANNEL_UPDATED", object="channel", id=channel.pk)
    return rested
