"""Google Calendar v3 and Google's token endpoint on 127.0.0.1, for tests, fault runs and by hand.

    python -m tests.fakes.google_calendar --port 9200      # GOOGLE_CALENDAR_ENDPOINT=http://127.0.0.1:9200/calendar/v3/
                                                           # GOOGLE_TOKEN_URI=http://127.0.0.1:9200/token
                                                           # GOOGLE_CONSENT_URL=http://127.0.0.1:9200/consent

Tests edit "as the human in Google" with `add_event`, `add_series`, `edit`, `remove`, and look with `events`. Faults come
from `script(Fault(…))`; what was asked is in `asked`. By hand: POST /_do {"call": "add_event", "args": {…}}.
"""

import argparse
import threading
import urllib.error
import urllib.parse
import urllib.request
import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from tests.fakes.google_books import Books, Calendar, Json, Refused, instant, when
from tests.fakes.google_tokens import SCOPES, Tokens
from tests.fakes.google_wire import Asked, Fault, Handler
from tests.fakes.served import Fake

__all__ = ["Asked", "Calendar", "Fault", "GoogleFake", "Refused"]


@dataclass
class Channel:
    id: str
    calendar: str
    address: str
    token: str
    resource: str
    until: datetime
    number: int = 0


@dataclass
class Push:
    """A message for whoever watches: POST without a body."""

    address: str
    headers: dict[str, str]


class GoogleFake(Fake):
    """`with GoogleFake() as google:` serves at `google.url`; `endpoint`, `token_uri` and `consent_url` for the settings."""

    def __init__(self, *, port: int = 0) -> None:
        super().__init__(Handler, port=port)
        self.books = Books()
        self.tokens = Tokens()
        self.faults: list[Fault] = []
        self.asked: list[Asked] = []
        self.channels: dict[str, Channel] = {}
        self.outbox: list[Push] = []  # of channels that are open; `deliver` posts them
        self.lock = threading.RLock()
        self.endpoint, self.token_uri = f"{self.url}/calendar/v3/", f"{self.url}/token"
        self.consent_url = f"{self.url}/consent"
        self.tokens.token_uri = self.token_uri

    # --- what tests say to it ---

    def script(self, *faults: Fault) -> None:
        """Add faults; the first that matches a call is used up by it."""
        with self.lock:
            self.faults.extend(faults)

    def fail(self, status: int, reason: str = "backendError", *, call: str = "", times: int = 1, **more: Any) -> None:
        """The next calls are refused, for example `fail(403, "rateLimitExceeded", call="insert")`."""
        self.script(Fault("error", call, status=status, reason=reason, times=times, **more))

    def calm(self) -> None:
        """No more faults."""
        with self.lock:
            self.faults.clear()

    def calls(self, call: str = "") -> list[Asked]:
        return [one for one in self.asked if call in ("", one.call)]

    def add_calendar(self, calendar_id: str, name: str = "", **fields: Any) -> Calendar:
        """`fields` as in `Calendar`: zone, role, primary, listed (False: shared, but not in the account's own list)."""
        with self.lock:
            made = self.books.calendars[calendar_id] = Calendar(calendar_id, name or calendar_id, **fields)
        return made

    def add_event(
        self, calendar_id: str, start: datetime | date, end: datetime | date, summary: str = "", **fields: Any
    ) -> Json:
        """As somebody does in Google Calendar. Dates are all-day, the end exclusive; `fields` as in the API."""
        zone = self.books.calendar(calendar_id).zone
        with self.lock:
            body = {"start": when(start, zone), "end": when(end, zone), "summary": summary} | fields
            made = self.books.insert(calendar_id, body)
            self._tell(calendar_id)
        return made

    def add_series(
        self, calendar_id: str, start: datetime, end: datetime, summary: str = "", *, days: int = 7, count: int = 4
    ) -> list[Json]:
        """A repeating event: its instances, each with `recurringEventId`; the master only without singleEvents."""
        calendar = self.books.calendar(calendar_id)
        series = uuid.uuid4().hex[:26]
        rule = f"RRULE:FREQ=DAILY;INTERVAL={days};COUNT={count}"
        calendar.masters[series] = {"id": series, "status": "confirmed", "recurrence": [rule], "summary": summary}
        calendar.masters[series] |= {"start": when(start, calendar.zone), "end": when(end, calendar.zone)}
        made = []
        for step in (timedelta(days=days * number) for number in range(count)):
            fields = {"recurringEventId": series, "originalStartTime": when(start + step, calendar.zone)}
            event = self.add_event(calendar_id, start + step, end + step, summary, **fields)
            made.append(self._renamed(calendar, event, f"{series}_{start + step:%Y%m%dT%H%M%SZ}"))
        return made

    def edit(self, calendar_id: str, event_id: str, **fields: Any) -> Json:
        """As somebody does in Google Calendar; `start` and `end` may be moments or dates."""
        zone = self.books.calendar(calendar_id).zone
        body = {key: when(value, zone) if key in ("start", "end") else value for key, value in fields.items()}
        with self.lock:
            made = self.books.change(calendar_id, event_id, body)
            self._tell(calendar_id)
        return made

    def remove(self, calendar_id: str, event_id: str) -> None:
        """As somebody does in Google Calendar."""
        with self.lock:
            self.books.delete(calendar_id, event_id)
            self._tell(calendar_id)

    def event(self, calendar_id: str, event_id: str) -> Json:
        """Also a deleted one (`status` cancelled). Raises Refused."""
        return self.books.get(calendar_id, event_id)

    def events(self, calendar_id: str) -> list[Json]:
        """What a person sees in the calendar, by time."""
        calendar = self.books.calendar(calendar_id)
        rows = [row for row in calendar.events.values() if row["status"] != "cancelled"]
        return sorted(rows, key=lambda row: instant(row["start"], calendar.zone))

    def expire_sync_tokens(self, calendar_id: str) -> None:
        """Every token given so far is answered with 410."""
        self.books.calendar(calendar_id).epoch += 1

    def revoke(self) -> None:
        """The person took the permission back: no token works, refreshing says invalid_grant."""
        self.tokens.revoked = True

    def deliver(self) -> list[int]:
        """Post every waiting message to its address; the statuses it was answered with."""
        with self.lock:
            waiting, self.outbox = self.outbox, []
        return [_post(push) for push in waiting]

    # --- what it does ---

    def fault_for(self, call: str, calendar: str) -> Fault | None:
        with self.lock:
            for fault in self.faults:
                if fault.times != 0 and fault.call in ("", call) and fault.calendar in ("", calendar):
                    fault.times -= fault.times > 0
                    return fault
        return None

    def perform(self, asked: Asked, query: dict[str, list[str]], again: str) -> tuple[int, Any]:
        """The status and body of an answer. Raises Refused."""
        with self.lock:
            answer = self._perform(asked, query, again)
            if asked.call in ("insert", "patch", "delete"):
                self._tell(asked.calendar)
        return (204, None) if answer is None else (200, answer)

    def _perform(self, asked: Asked, query: dict[str, list[str]], again: str) -> Json | None:
        calendar, event, body = asked.calendar, asked.event, asked.body
        match asked.call:
            case "calendars":
                rows = [each.entry() for each in self.books.calendars.values() if each.listed]
                return _listed(rows, asked.query)
            case "add":
                found = self.books.calendar(str(body.get("id")))
                found.listed = True
                return found.entry()
            case "freebusy":
                return self.books.free_busy(body)
            case "list":
                return self.books.page(calendar, query)
            case "insert":
                return self.books.insert(calendar, body, again=again)
            case "get":
                return self.books.get(calendar, event)
            case "patch":
                return self.books.change(calendar, event, body, etag=asked.if_match, whole="whole" in asked.query)
            case "delete":
                self.books.delete(calendar, event, etag=asked.if_match)
                return None
            case "watch":
                return self._watch(calendar, body)
            case "stop":
                self._stop(body)
                return None
        raise Refused(404, "notFound")

    def _watch(self, calendar_id: str, body: Json) -> Json:
        self.books.calendar(calendar_id)
        address, channel_id = str(body.get("address", "")), str(body.get("id", ""))
        if body.get("type") != "web_hook" or not address.startswith("https://"):
            raise Refused(400, "push.webhookUrlNotHttps")
        if not channel_id or len(channel_id) > 64 or channel_id in self.channels:
            raise Refused(400, "channelIdNotUnique")
        until = datetime.now(UTC) + timedelta(days=7)
        if wanted := body.get("expiration"):
            until = min(until, datetime.fromtimestamp(int(wanted) / 1000, UTC))
        channel = Channel(
            channel_id, calendar_id, address, str(body.get("token", "")), f"resource-{calendar_id}", until
        )
        self.channels[channel_id] = channel
        self._push(channel, "sync")
        answer = {"kind": "api#channel", "id": channel_id, "resourceId": channel.resource, "token": channel.token}
        uri = f"{self.endpoint}calendars/{urllib.parse.quote(calendar_id, safe='')}/events"
        return answer | {"resourceUri": uri, "expiration": str(int(until.timestamp() * 1000))}

    def _stop(self, body: Json) -> None:
        found = self.channels.get(str(body.get("id")))
        if found is None or found.resource != body.get("resourceId"):
            raise Refused(404, "channelNotFound")
        del self.channels[found.id]

    def _tell(self, calendar_id: str) -> None:
        for channel in self.channels.values():
            if channel.calendar == calendar_id and channel.until > datetime.now(UTC):
                self._push(channel, "exists")

    def _push(self, channel: Channel, state: str) -> None:
        channel.number += 1
        headers = {
            "X-Goog-Channel-ID": channel.id,
            "X-Goog-Channel-Token": channel.token,
            "X-Goog-Channel-Expiration": channel.until.strftime("%a, %d %b %Y %H:%M:%S GMT"),
            "X-Goog-Resource-ID": channel.resource,
            "X-Goog-Resource-URI": f"{self.endpoint}calendars/{channel.calendar}/events?alt=json",
            "X-Goog-Resource-State": state,
            "X-Goog-Message-Number": str(channel.number),
        }
        self.outbox.append(Push(channel.address, headers))

    def _renamed(self, calendar: Calendar, event: Json, name: str) -> Json:
        with self.lock:
            made = calendar.events.pop(event["id"]) | {"id": name}
            calendar.events[name] = made
            calendar.versions[name] = calendar.versions.pop(event["id"])
        return made


def _listed(rows: list[Json], query: dict[str, str]) -> Json:
    size, start = int(query.get("maxResults", 100)), int(query.get("pageToken", "0"))
    answer: Json = {"kind": "calendar#calendarList", "items": rows[start : start + size]}
    return answer | ({"nextPageToken": str(start + size)} if len(rows) > start + size else {})


def _post(push: Push) -> int:
    request = urllib.request.Request(push.address, data=b"", headers=push.headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def main() -> None:
    options = argparse.ArgumentParser(description="Fake Google Calendar")
    options.add_argument("--port", type=int, default=9200)
    fake = GoogleFake(port=options.parse_args().port)
    print(f"Google at {fake.url}, scopes {' '.join(SCOPES)}", flush=True)  # noqa: T201 - a command speaks to its caller
    fake._server.serve_forever()


if __name__ == "__main__":
    main()
