"""Google Calendar v3 through google-api-python-client."""

import functools
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from config.lib.errors import ProviderError
from crm.calendars import google_errors, google_wire
from crm.calendars.base import CalendarProvider, Changes, Channel, EventDraft, RemoteCalendar, RemoteEvent, SyncLost
from crm.calendars.google_wire import Secrets, Wire
from crm.domain.slots import Span

SECONDS = 20.0
MOST_AT_ONCE = 50  # calendars in one freeBusy question
LONGEST_LOOK = timedelta(days=60)  # of one question; longer ones are refused as timeRangeTooLong
PAGE = 250
MARK = "sovereign_crm"  # private property of our events
NOT_BUSY = frozenset({"workingLocation", "birthday"})


class GoogleCalendar(CalendarProvider):
    """`endpoint` ends in /calendar/v3/; `seconds` for each call, everything together."""

    def __init__(self, *, endpoint: str, token_uri: str, secrets: Secrets, seconds: float = SECONDS) -> None:
        self._endpoint, self._token_uri = endpoint, token_uri
        self._secrets, self._seconds = secrets, seconds
        # The library is slow to load, which must not be taken from the seconds of the first call.
        self._api = _service(endpoint)

    def __repr__(self) -> str:
        return f"GoogleCalendar({self._endpoint!r})"

    # --- calendars ---

    def list_calendars(self) -> list[RemoteCalendar]:
        found: list[RemoteCalendar] = []
        page = None
        while True:
            answer = self._call(self._api.calendarList().list(maxResults=PAGE, pageToken=page), reads=True)
            found += [_calendar(each) for each in _items(answer) if each.get("id")]
            page = answer.get("nextPageToken")
            if not page:
                return found

    def add_calendar(self, calendar_id: str) -> RemoteCalendar:
        return _calendar(self._call(self._api.calendarList().insert(body={"id": calendar_id}), reads=True))

    def busy(self, calendar_ids: Iterable[str], first: datetime, last: datetime) -> dict[str, list[Span] | None]:
        found: dict[str, list[Span] | None] = {}
        wanted = list(dict.fromkeys(calendar_ids))
        for ids in (wanted[at : at + MOST_AT_ONCE] for at in range(0, len(wanted), MOST_AT_ONCE)):
            for start, end in _windows(first, last):
                body = {"timeMin": _rfc(start), "timeMax": _rfc(end), "items": [{"id": each} for each in ids]}
                answer = self._call(self._api.freebusy().query(body=body), reads=True).get("calendars")
                for each in ids:
                    part = _spans(answer.get(each) if isinstance(answer, dict) else None)
                    before = found.get(each, [])
                    found[each] = None if part is None or before is None else [*before, *part]
        return found

    # --- events ---

    def changes(
        self, calendar_id: str, sync_token: str = "", *, page: str = "", since: datetime | None = None
    ) -> Changes:
        # `showDeleted` must not be false with a token; left out, both kinds of list may be asked with the same words.
        wanted: dict[str, Any] = {"calendarId": calendar_id, "singleEvents": True, "maxResults": PAGE}
        if sync_token:
            wanted["syncToken"] = sync_token
        elif since:
            wanted["timeMin"] = _rfc(since)  # as Google's sync guide does; with the token it must be left out
        if page:
            wanted["pageToken"] = page
        try:
            answer = self._call(self._api.events().list(**wanted), reads=True)
        except ProviderError as error:
            if error.code == "gone":
                raise SyncLost(str(google_errors.LOST)) from None
            raise
        zone = _zone(answer.get("timeZone"))
        following = str(answer.get("nextPageToken") or "")
        token = "" if following else str(answer.get("nextSyncToken") or "")
        if not following and not token:
            raise google_errors.unreadable(reads=True)  # a list cut short must not pass for a whole one
        return Changes(tuple(_event(each, zone) for each in _items(answer) if each.get("id")), following, token)

    def get(self, calendar_id: str, event_id: str, *, timezone: str = "UTC") -> RemoteEvent | None:
        try:
            answer = self._call(self._api.events().get(calendarId=calendar_id, eventId=event_id), reads=True)
        except ProviderError as error:
            if error.code in ("not_found", "gone"):
                return None
            raise
        return _event(answer, _zone(timezone))

    def find(self, calendar_id: str, crm_id: str, *, timezone: str = "UTC") -> list[RemoteEvent]:
        wanted = self._api.events().list(calendarId=calendar_id, privateExtendedProperty=f"{MARK}={crm_id}")
        rows = sorted(_items(self._call(wanted, reads=True)), key=lambda row: str(row.get("created", "")))
        return [_event(row, _zone(timezone)) for row in rows if row.get("id")]

    def insert(self, calendar_id: str, draft: EventDraft, event_id: str) -> RemoteEvent:
        body = {"id": event_id, **_body(draft)}
        answer = self._call(self._api.events().insert(calendarId=calendar_id, body=body, sendUpdates="none"))
        return self._written(answer, draft)

    def patch(self, calendar_id: str, event_id: str, draft: EventDraft, *, etag: str = "") -> RemoteEvent:
        wanted = self._api.events().patch(
            calendarId=calendar_id, eventId=event_id, body=_body(draft), sendUpdates="none"
        )
        return self._written(self._call(wanted, etag=etag), draft)

    def delete(self, calendar_id: str, event_id: str, *, etag: str = "") -> None:
        try:
            self._call(
                self._api.events().delete(calendarId=calendar_id, eventId=event_id, sendUpdates="none"), etag=etag
            )
        except ProviderError as error:
            if error.code not in ("not_found", "gone"):
                raise

    def _written(self, answer: dict[str, Any], draft: EventDraft) -> RemoteEvent:
        if not answer.get("id"):
            raise google_errors.unreadable(reads=False)
        return _event(answer, _zone(draft.timezone))

    # --- push messages ---

    def watch(self, calendar_id: str, *, channel_id: str, address: str, token: str, until: datetime) -> Channel:
        body = {"id": channel_id, "type": "web_hook", "address": address, "token": token}
        body["expiration"] = str(int(until.timestamp() * 1000))
        answer = self._call(self._api.events().watch(calendarId=calendar_id, body=body))
        try:
            ends = datetime.fromtimestamp(int(answer["expiration"]) / 1000, UTC)
            return Channel(str(answer["id"]), str(answer["resourceId"]), ends)
        except (KeyError, TypeError, ValueError, OverflowError, OSError):
            raise google_errors.unreadable(reads=False) from None

    def stop(self, *, channel_id: str, resource: str) -> None:
        try:
            self._call(self._api.channels().stop(body={"id": channel_id, "resourceId": resource}))
        except ProviderError as error:
            if error.code != "not_found":
                raise

    # --- the wire ---

    def _call(self, request: Any, *, reads: bool = False, etag: str = "") -> dict[str, Any]:
        from googleapiclient.errors import Error, HttpError

        if etag:
            request.headers["If-Match"] = etag
        wire = Wire(self._secrets, endpoint=self._endpoint, token_uri=self._token_uri, seconds=self._seconds)
        try:
            answer = request.execute(http=wire)
        except HttpError as error:
            wait = error.resp.get("retry-after", "")
            raise google_errors.of_answer(error.status_code, error.content, retry_after=wait, reads=reads) from None
        except ProviderError as error:
            if reads and error.kind == "unknown":
                error.kind = "retry"  # a question that Google wants to be POSTed
            raise
        except (Error, ValueError, RecursionError):
            raise google_errors.unreadable(reads=reads) from None
        if answer == "" and not reads:
            return {}
        if not isinstance(answer, dict):
            raise google_errors.unreadable(reads=reads)
        return answer


class _Nobody:
    """The library wants a transport when it is built; ours comes with each call."""

    def request(self, *_arguments: object, **_options: object) -> None:
        raise AssertionError("every call brings its own transport")


@functools.lru_cache(maxsize=8)
def _service(endpoint: str) -> Any:
    """The API's description, from the library's own copy: no network. Shared: it holds neither keys nor connections."""
    from googleapiclient.discovery import build

    google_wire.load()
    return build(
        "calendar",
        "v3",
        http=_Nobody(),
        static_discovery=True,
        cache_discovery=False,
        client_options={"api_endpoint": endpoint},
    )


# --- values ----------------------------------------------------------------------------------------------------
def _items(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    found = answer.get("items", [])
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise google_errors.unreadable(reads=True)
    return found


def _calendar(row: Mapping[str, Any]) -> RemoteCalendar:
    return RemoteCalendar(
        calendar_id=str(row.get("id", "")),
        name=str(row.get("summaryOverride") or row.get("summary") or row.get("id", "")),
        timezone=str(row.get("timeZone") or "UTC"),
        can_write=row.get("accessRole") in ("owner", "writer"),
        is_primary=bool(row.get("primary")),
    )


def _windows(first: datetime, last: datetime) -> Iterator[tuple[datetime, datetime]]:
    edges = [first]
    while edges[-1] < last:
        edges.append(min(edges[-1] + LONGEST_LOOK, last))
    return pairwise(edges)


def _spans(part: Any) -> list[Span] | None:
    """None when Google could not read the calendar, also where it answers 200 and half of it."""
    if not isinstance(part, dict) or part.get("errors") or not isinstance(part.get("busy"), list):
        return None
    try:
        return [Span(_moment(each["start"]), _moment(each["end"])) for each in part["busy"]]
    except (KeyError, TypeError, ValueError):
        return None


def _event(row: Mapping[str, Any], zone: tzinfo) -> RemoteEvent:
    starts, all_day = _when(row.get("start"), zone)
    ends, _same = _when(row.get("end"), zone)
    private = (row.get("extendedProperties") or {}).get("private") or {}
    try:
        updated = _moment(row["updated"])
    except (KeyError, TypeError, ValueError):
        updated = None
    return RemoteEvent(
        event_id=str(row["id"]),
        etag=str(row.get("etag", "")),
        cancelled=row.get("status") == "cancelled",
        title=str(row.get("summary") or ""),
        place=str(row.get("location") or ""),
        starts_at=starts,
        ends_at=ends,
        is_all_day=all_day,
        busy=_is_busy(row),
        crm_id=str(private.get(MARK) or ""),
        updated_at=updated,
    )


def _is_busy(row: Mapping[str, Any]) -> bool:
    declined = any(
        each.get("self") and each.get("responseStatus") == "declined"
        for each in row.get("attendees") or []
        if isinstance(each, dict)
    )
    free = row.get("transparency") == "transparent" or row.get("eventType") in NOT_BUSY
    return not (declined or free or row.get("status") == "cancelled")


def _when(value: Any, zone: tzinfo) -> tuple[datetime | None, bool]:
    """The moment of a `start` or `end`, and whether it is a whole day's; of a deleted event there may be none."""
    if not isinstance(value, dict):
        return None, False
    try:
        if value.get("date"):
            return datetime.fromisoformat(value["date"]).replace(tzinfo=zone).astimezone(UTC), True
        moment = datetime.fromisoformat(value["dateTime"])
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=_zone(value.get("timeZone")) if value.get("timeZone") else zone)
        return moment.astimezone(UTC), False
    except (KeyError, TypeError, ValueError, OverflowError):
        return None, False


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("no offset")
    return moment


def _zone(name: Any) -> tzinfo:
    try:
        return ZoneInfo(str(name or "UTC"))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def _rfc(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _body(draft: EventDraft) -> dict[str, Any]:
    zone = _zone(draft.timezone)
    times = {
        key: {"dateTime": moment.astimezone(zone).isoformat(), "timeZone": str(zone), "date": None}
        for key, moment in (("start", draft.starts_at), ("end", draft.ends_at))
    }
    described = {} if draft.description is None else {"description": draft.description}
    return {
        **described,
        "summary": draft.title,
        "location": draft.place,
        "status": "confirmed",
        "transparency": "opaque",
        "extendedProperties": {"private": {MARK: draft.crm_id}},
        **times,
    }
