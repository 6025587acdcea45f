"""What a refusal says of the channel: its credential or its account is dead, or it goes too fast.

It comes as the answer to a send call or, of a message that had been accepted, in a late notice.
"""

from datetime import datetime
from uuid import UUID

from messaging.domain import breaker as rules
from messaging.models import Channel
from messaging.services import pace
from tenants.live.services import emit

# In `facts`, the moment: the calls of such a channel are accepted, so an accepted one proves nothing; a look or a test does.
LATE = "refused_late"


def note(channel_id: UUID, *, kind: str, code: str, words: str, wait: float, now: datetime, late: bool = False) -> None:
    """`kind` and `code` as in `ProviderError`, `words` for whoever looks after the channel, `wait` before the next try."""
    if kind == "auth":
        _lose(channel_id, words, {LATE: now.isoformat()} if late else {})
    if code in rules.TOO_FAST:
        pace.slow(channel_id, seconds=wait, now=now)


def _lose(channel_id: UUID, words: str, late: dict[str, str]) -> None:
    """The round over the channels tells its keepers."""
    rows = Channel.objects.select_for_update(no_key=True).exclude(status=Channel.Status.DISABLED)
    row = rows.filter(pk=channel_id).first()
    if row is None:
        return
    row.status, row.status_detail = Channel.Status.NEEDS_RECONNECT, words[:300]
    row.facts = {name: value for name, value in row.facts.items() if name != LATE} | late
    row.save(update_fields=["status", "status_detail", "facts"])
    emit("CHANNEL_UPDATED", object="channel", id=row.pk)


def accepted(channel: Channel) -> None:
    """A send call went well: somebody has stored a working credential. `channel` as it was at the claim."""
    if channel.status != Channel.Status.NEEDS_RECONNECT or LATE in channel.facts:
        return
    rows = Channel.objects.filter(pk=channel.pk, status=Channel.Status.NEEDS_RECONNECT)
    rows.update(status=Channel.Status.CONNECTED, status_detail="")
    emit("CHANNEL_UPDATED", object="channel", id=channel.pk)
