"""The port between the agenda and an external calendar: plain values in, plain values out.

An adapter translates and classifies. It keeps no row, reads no setting, retries nothing; credentials are passed in. Every
failure is a `config.lib.errors.ProviderError`, whose `code` is the provider's own reason. `auth` with a code of
`ACCESS_LOST` means the whole account; any other one only the calendar that was asked about.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from config.lib.errors import ProviderError
from crm.domain.slots import Span

#: The account itself may no longer be used: a person has to connect it again.
ACCESS_LOST = frozenset({"invalid_grant", "invalid_client", "unauthorized", "insufficient_permissions", "api_disabled"})


class SyncLost(ProviderError):
    """The sync token is no longer known: forget it and read everything again."""

    def __init__(self, message: str) -> None:
        super().__init__(message, kind="permanent", code="sync_lost")


@dataclass(frozen=True, slots=True)
class RemoteCalendar:
    """A calendar that the account may see. `timezone` is an IANA name."""

    calendar_id: str
    name: str
    timezone: str = "UTC"
    can_write: bool = True
    is_primary: bool = False


@dataclass(frozen=True, slots=True)
class RemoteEvent:
    """An event as the calendar has it now.

    Of a deleted one (`cancelled`) often only the id is known: its times are None. An all-day event runs from midnight to
    midnight in the calendar's zone, the end exclusive. `busy` is whether it takes its time: false for free, declined and
    cancelled ones. `crm_id` is what an `EventDraft` of ours was marked with.
    """

    event_id: str
    etag: str = ""
    cancelled: bool = False
    title: str = ""
    place: str = ""
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    is_all_day: bool = False
    busy: bool = True
    crm_id: str = ""
    updated_at: datetime | None = None

    @property
    def span(self) -> Span | None:
        """None when it has no times, or no length."""
        if self.starts_at is None or self.ends_at is None or self.starts_at >= self.ends_at:
            return None
        return Span(self.starts_at, self.ends_at)


@dataclass(frozen=True, slots=True)
class EventDraft:
    """What we write. `crm_id` is kept hidden in the event and finds it again; times are aware, `timezone` an IANA name.

    A `description` of None leaves the one that is there, perhaps written by a person.
    """

    title: str
    starts_at: datetime
    ends_at: datetime
    crm_id: str
    timezone: str = "UTC"
    description: str | None = None
    place: str = ""


@dataclass(frozen=True, slots=True)
class Changes:
    """One page of events. There is another one while `page` is not empty; the last has the `sync_token`.

    A page may be empty and still not be the last. What is not in a page says nothing until the last one was read.
    """

    events: tuple[RemoteEvent, ...]
    page: str = ""
    sync_token: str = ""


@dataclass(frozen=True, slots=True)
class Channel:
    """Push messages are sent until `until`. `resource` is needed to stop them."""

    channel_id: str
    resource: str
    until: datetime


class CalendarProvider:
    """One account at one provider. Reading may be repeated; `insert` only with the same id and a look in between."""

    def list_calendars(self) -> list[RemoteCalendar]:
        """Every calendar in the account's own list."""
        raise NotImplementedError

    def add_calendar(self, calendar_id: str) -> RemoteCalendar:
        """Put a calendar that was shared with the account into its list. Repeatable; `not_found` when it is not shared."""
        raise NotImplementedError

    def busy(self, calendar_ids: Iterable[str], first: datetime, last: datetime) -> dict[str, list[Span] | None]:
        """When each calendar is busy within [first, last); None = unknown, never to be taken for free."""
        raise NotImplementedError

    def changes(
        self, calendar_id: str, sync_token: str = "", *, page: str = "", since: datetime | None = None
    ) -> Changes:
        """A page of what changed since `sync_token`, or of everything without one (not over before `since`).

        Pass the `page` of the last answer with the same other values. Single events: of a series each time it happens.
        Deleted ones are told with a token only. Raises SyncLost.
        """
        raise NotImplementedError

    def get(self, calendar_id: str, event_id: str, *, timezone: str = "UTC") -> RemoteEvent | None:
        """One event, also a deleted one (`cancelled`); None when unknown. `timezone`: the calendar's, for all-day ones."""
        raise NotImplementedError

    def find(self, calendar_id: str, crm_id: str, *, timezone: str = "UTC") -> list[RemoteEvent]:
        """The events marked with `crm_id`, oldest first: more than one when an insert was not recognised as repeated."""
        raise NotImplementedError

    def insert(self, calendar_id: str, draft: EventDraft, event_id: str) -> RemoteEvent:
        """Create an event under an id of ours (a-v, 0-9, 5 to 1024 letters).

        `permanent` with code `duplicate`: the id is or was used; `unknown`: it may exist by now. Either way `get` it. The
        provider may miss a duplicate: the answer then is another event of the same `crm_id`.
        """
        raise NotImplementedError

    def patch(self, calendar_id: str, event_id: str, draft: EventDraft, *, etag: str = "") -> RemoteEvent:
        """Make an event say this; a deleted one comes back where the provider allows it (else it answers `cancelled`).

        With `etag` only if it still is that version: code `changed` otherwise. `unknown`: it may have been changed.
        """
        raise NotImplementedError

    def delete(self, calendar_id: str, event_id: str, *, etag: str = "") -> None:
        """Delete an event; one that is not there is fine. With `etag` as `patch`."""
        raise NotImplementedError

    def watch(self, calendar_id: str, *, channel_id: str, address: str, token: str, until: datetime) -> Channel:
        """Have every change told to `address` (https), which is shown `channel_id` and `token`; may end before `until`."""
        raise NotImplementedError

    def stop(self, *, channel_id: str, resource: str) -> None:
        """End a channel; one that is not there is fine."""
        raise NotImplementedError
