"""What the local Google Calendar keeps: calendars, events with etags, and lists that continue with a token.

No HTTP in here; `tests.fakes.google_calendar` serves it. Everything raises `Refused` as Google would answer.
"""

import itertools
import uuid
from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

Json = dict[str, Any]
#: Parameters that a sync token does not go with (providers' reference of Events: list).
NOT_WITH_TOKEN = ("iCalUID", "orderBy", "privateExtendedProperty", "q", "sharedExtendedProperty", "timeMin", "timeMax")
ID_LETTERS = frozenset("0123456789abcdefghijklmnopqrstuv")  # base32hex, lower case


class Refused(Exception):
    """An error answer: HTTP status and Google's `reason`."""

    def __init__(self, status: int, reason: str, domain: str = "global") -> None:
        super().__init__(reason)
        self.status, self.reason, self.domain = status, reason, domain


@dataclass
class Calendar:
    """One calendar. `error`: the reason under which freeBusy reports it ("" when fine)."""

    id: str
    name: str
    zone: str = "America/Argentina/Buenos_Aires"
    role: str = "owner"  # owner, writer, reader, freeBusyReader
    primary: bool = False
    listed: bool = True
    error: str = ""
    events: dict[str, Json] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    masters: dict[str, Json] = field(default_factory=dict)  # of series, shown only without singleEvents
    epoch: int = 0  # sync tokens of an earlier one are gone
    version: int = 0

    def entry(self) -> Json:
        """As in calendarList."""
        entry = {"kind": "calendar#calendarListEntry", "id": self.id, "summary": self.name, "timeZone": self.zone}
        return entry | {"accessRole": self.role} | ({"primary": True} if self.primary else {})


class Books:
    """All calendars. Not locked: the server holds its own lock around each call."""

    def __init__(self) -> None:
        self.calendars: dict[str, Calendar] = {}
        self.page_size = 250
        self.empty_page = False  # the first page of a list is empty and has a nextPageToken
        self.revives = True  # an update to `confirmed` brings a deleted event back
        self.bare_tombstones = True  # deleted events come as id and status only
        self._pages: dict[str, tuple[list[Json], str]] = {}
        self._numbers = itertools.count(1)

    def calendar(self, calendar_id: str) -> Calendar:
        found = self.calendars.get(calendar_id)
        if found is None:
            raise Refused(404, "notFound")
        return found

    # --- events ---

    def insert(self, calendar_id: str, body: Json, *, again: str = "") -> Json:
        """`again`: what a second insert of one id does: "" refuses, "over" takes its place, "twin" makes another."""
        calendar = self._writable(calendar_id)
        event_id = str(body.get("id") or "")
        if event_id and not (5 <= len(event_id) <= 1024 and set(event_id) <= ID_LETTERS):
            raise Refused(400, "invalid")
        if event_id in calendar.events:
            if not again:
                raise Refused(409, "duplicate")
            event_id = "" if again == "twin" else event_id
        event_id = event_id or uuid.uuid4().hex[:26]
        given = {key: value for key, value in body.items() if key != "id"}
        given = _without_nulls(given)
        _check_times(given)
        base = {"kind": "calendar#event", "id": event_id, "status": "confirmed", "created": _stamp(), "sequence": 0}
        base |= {"iCalUID": f"{event_id}@google.com", "organizer": {"email": calendar_id, "self": True}}
        base |= {"eventType": "default", "htmlLink": f"https://calendar.google.com/event?eid={event_id}"}
        return self._keep(calendar, base | given)

    def get(self, calendar_id: str, event_id: str) -> Json:
        found = self.calendar(calendar_id).events.get(event_id)
        if found is None:
            raise Refused(404, "notFound")
        return deepcopy(found)

    def change(self, calendar_id: str, event_id: str, body: Json, *, etag: str = "", whole: bool = False) -> Json:
        """PATCH, or PUT with `whole`. A deleted event stays deleted unless `revives` and told to be confirmed."""
        calendar = self._writable(calendar_id)
        present = self.get(calendar_id, event_id)
        if etag and etag not in ("*", present["etag"]):
            raise Refused(412, "conditionNotMet")
        kept = ("kind", "id", "status", "created", "sequence", "iCalUID", "organizer", "eventType", "htmlLink")
        made = {key: present[key] for key in kept if key in present} if whole else present
        made = _merged(made, body) | {"id": event_id}
        _check_times(made)
        if present["status"] == "cancelled" and not self.revives:
            made["status"] = "cancelled"
        moved = any(made.get(key) != present.get(key) for key in ("start", "end"))
        made["sequence"] = present.get("sequence", 0) + moved
        return self._keep(calendar, made)

    def delete(self, calendar_id: str, event_id: str, *, etag: str = "") -> None:
        calendar = self._writable(calendar_id)
        present = self.get(calendar_id, event_id)
        if present["status"] == "cancelled":
            raise Refused(410, "deleted")
        if etag and etag not in ("*", present["etag"]):
            raise Refused(412, "conditionNotMet")
        self._keep(calendar, present | {"status": "cancelled"})

    def forget(self, calendar_id: str, event_id: str) -> None:
        """As if deleted long ago: not even a tombstone is left."""
        calendar = self.calendar(calendar_id)
        calendar.events.pop(event_id, None)
        calendar.versions.pop(event_id, None)

    def _writable(self, calendar_id: str) -> Calendar:
        calendar = self.calendar(calendar_id)
        if calendar.role not in ("owner", "writer"):
            raise Refused(403, "requiredAccessLevel", "calendar")
        return calendar

    def _keep(self, calendar: Calendar, event: Json) -> Json:
        calendar.version += 1
        event |= {"etag": f'"{1_700_000_000_000 + next(self._numbers)}"', "updated": _stamp()}
        calendar.events[event["id"]] = event
        calendar.versions[event["id"]] = calendar.version
        return deepcopy(event)

    # --- lists ---

    def page(self, calendar_id: str, query: dict[str, list[str]]) -> Json:
        """A page of events: `syncToken` continues an earlier list, `pageToken` this one."""
        calendar = self.calendar(calendar_id)
        one = {key: values[-1] for key, values in query.items()}
        size = min(int(one.get("maxResults", self.page_size)), self.page_size)
        if page := one.get("pageToken"):
            if page not in self._pages:
                raise Refused(400, "invalid")
            rest, token = self._pages[page]
            return self._page(calendar, rest, token, size)
        filters = "".join(sorted(f"{key}={one[key]};" for key in ("singleEvents", "eventTypes") if key in one))
        token = f"sync:{calendar.epoch}:{calendar.version}:{filters}"
        if given := one.get("syncToken"):
            rows = self._since(calendar, given, one, filters)
            return self._page(calendar, rows, token, 0 if self.empty_page else size)
        rows = [row for row in self._rows(calendar, one) if _wanted(row, one, query, calendar.zone)]
        if one.get("orderBy") == "startTime":
            rows.sort(key=lambda row: instant(row.get("start", {}), calendar.zone))
        return self._page(calendar, rows, token, 0 if self.empty_page else size)

    def _rows(self, calendar: Calendar, one: dict[str, str]) -> list[Json]:
        rows = [row for row in calendar.events.values() if "recurringEventId" not in row]
        if one.get("singleEvents") == "true":
            rows = list(calendar.events.values())
        else:
            rows += list(calendar.masters.values())
        return [row for row in rows if one.get("showDeleted") == "true" or row["status"] != "cancelled"]

    def _since(self, calendar: Calendar, given: str, one: dict[str, str], filters: str) -> list[Json]:
        if any(key in one for key in (*NOT_WITH_TOKEN, "updatedMin")) or one.get("showDeleted") == "false":
            raise Refused(400, "invalid")
        try:
            _sync, epoch, version, before = given.split(":", 3)
            known = (int(epoch), int(version))
        except ValueError:
            raise Refused(400, "invalid") from None
        if known[0] != calendar.epoch:
            raise Refused(410, "fullSyncRequired", "calendar")
        if before != filters:
            raise Refused(400, "invalid")
        changed = [row for key, row in calendar.events.items() if calendar.versions[key] > known[1]]
        return [self._shown(row) for row in sorted(changed, key=lambda row: calendar.versions[row["id"]])]

    def _shown(self, row: Json) -> Json:
        if row["status"] != "cancelled" or not self.bare_tombstones:
            return row
        return {key: row[key] for key in ("kind", "id", "etag", "status")}

    def _page(self, calendar: Calendar, rows: list[Json], token: str, size: int) -> Json:
        answer: Json = {"kind": "calendar#events", "summary": calendar.name, "timeZone": calendar.zone}
        answer |= {"accessRole": calendar.role, "updated": _stamp(), "items": deepcopy(rows[:size])}
        if len(rows) > size or not size:
            name = f"page-{next(self._numbers)}"
            self._pages[name] = (rows[size:], token)
            return answer | {"nextPageToken": name}
        return answer | {"nextSyncToken": token}

    # --- free and busy ---

    def free_busy(self, body: Json) -> Json:
        """HTTP 200 whatever becomes of single calendars: their own `errors` say it."""
        first, last = datetime.fromisoformat(body["timeMin"]), datetime.fromisoformat(body["timeMax"])
        if first.tzinfo is None or last.tzinfo is None:
            raise Refused(400, "badRequest")
        if first >= last:
            raise Refused(400, "timeRangeEmpty", "calendar")
        asked = [str(item["id"]) for item in body.get("items", [])]
        if len(asked) > 50:
            raise Refused(400, "tooManyCalendarsRequested")
        answer = {"kind": "calendar#freeBusy", "timeMin": body["timeMin"], "timeMax": body["timeMax"]}
        return answer | {"calendars": {each: self._busy(each, first, last) for each in asked}}

    def _busy(self, calendar_id: str, first: datetime, last: datetime) -> Json:
        calendar = self.calendars.get(calendar_id)
        if calendar is None or calendar.error:
            reason = calendar.error if calendar else "notFound"
            return {"errors": [{"domain": "global", "reason": reason}], "busy": []}
        spans = [
            (instant(row["start"], calendar.zone), instant(row["end"], calendar.zone))
            for row in calendar.events.values()
            if is_busy(row)
        ]
        return {"busy": [{"start": _z(start), "end": _z(end)} for start, end in _joined(spans, first, last)]}


# --- values ------------------------------------------------------------------------------------------------


def when(value: datetime | date | Json, zone: str) -> Json:
    """`start` or `end` of an event: a date for all day, a moment with its offset, or as given."""
    if isinstance(value, datetime):
        return {"dateTime": value.astimezone(ZoneInfo(zone)).isoformat(), "timeZone": zone}
    return {"date": value.isoformat()} if isinstance(value, date) else value


def instant(value: Json, zone: str) -> datetime:
    """The moment that a `start` or `end` means; a date is midnight in the calendar's zone."""
    if "date" in value:
        return datetime.fromisoformat(value["date"]).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    moment = datetime.fromisoformat(value["dateTime"])
    zoned = moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(value.get("timeZone", zone)))
    return zoned.astimezone(UTC)


def is_busy(row: Json) -> bool:
    """What freeBusy counts."""
    own: Json = next((each for each in row.get("attendees", []) if each.get("self")), {})
    return (
        row["status"] != "cancelled"
        and row.get("transparency") != "transparent"
        and own.get("responseStatus") != "declined"
        and row.get("eventType") not in ("workingLocation", "birthday")
    )


def _joined(
    spans: Iterable[tuple[datetime, datetime]], first: datetime, last: datetime
) -> list[tuple[datetime, datetime]]:
    made: list[tuple[datetime, datetime]] = []
    for start, end in sorted((max(start, first), min(end, last)) for start, end in spans):
        if start >= end:
            continue
        if made and start <= made[-1][1]:
            made[-1] = (made[-1][0], max(end, made[-1][1]))
        else:
            made.append((start, end))
    return made


def _wanted(row: Json, one: dict[str, str], query: dict[str, list[str]], zone: str) -> bool:
    private = row.get("extendedProperties", {}).get("private", {})
    for pair in query.get("privateExtendedProperty", []):
        name, _equals, value = pair.partition("=")
        if private.get(name) != value:
            return False
    if "start" not in row:
        return True
    if "timeMin" in one and instant(row["end"], zone) <= datetime.fromisoformat(one["timeMin"]):
        return False
    return not ("timeMax" in one and instant(row["start"], zone) >= datetime.fromisoformat(one["timeMax"]))


def _merged(present: Json, body: Json) -> Json:
    """Objects are merged, anything else (arrays too) replaced whole; null takes a field out.

    `start` and `end` are taken as sent: a date after a dateTime is another kind of event, not both.
    """
    made = deepcopy(present)
    for key, value in body.items():
        if value is None:
            made.pop(key, None)
        elif isinstance(value, dict) and isinstance(made.get(key), dict) and key not in ("start", "end"):
            made[key] = _merged(made[key], value)
        else:
            made[key] = _without_nulls(value)
    return made


def _without_nulls(value: Any) -> Any:
    """What is stored of an object: a null in it means that there is none."""
    if isinstance(value, dict):
        return {key: _without_nulls(each) for key, each in value.items() if each is not None}
    return deepcopy(value)


def _check_times(event: Json) -> None:
    if event.get("status") == "cancelled":
        return
    try:
        start, end = instant(event["start"], "UTC"), instant(event["end"], "UTC")
    except (KeyError, TypeError, ValueError):
        raise Refused(400, "required") from None
    if start > end:
        raise Refused(400, "timeRangeEmpty", "calendar")


def _z(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _stamp() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
