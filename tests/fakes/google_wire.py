"""How the local Google Calendar is spoken to: its doors over HTTP, and the faults around a call."""

import json
import urllib.parse
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from tests.fakes.google_books import Calendar, Json, Refused
from tests.fakes.served import Speaker

if TYPE_CHECKING:
    pass

#: Methods of the API as faults and the journal name them.
OPERATIONS = ("token", "calendars", "add", "freebusy", "list", "insert", "get", "patch", "delete", "watch", "stop")


@dataclass
class Fault:
    """What to do with the next `times` calls of `call` ("" any; `OPERATIONS`) to `calendar` ("" any); -1 for all.

    `do`: `error` (answer `status`/`reason`, nothing happens), `late_error` (happens, then that error), `drop` (closes
    before anything happens), `late_drop` (happens, then closes), `slow` (waits `seconds`, then answers; `released` ends
    the wait), `garbage` (happens, answers HTML with 200), `partial` (happens, half of the answer), `over` and `twin`
    (a second insert of one id is not refused: it takes the first one's place, or makes another event).
    """

    do: str = "error"
    call: str = ""
    calendar: str = ""
    times: int = 1
    status: int = 500
    reason: str = "backendError"
    seconds: float = 30.0
    retry_after: str = ""


@dataclass
class Asked:
    """A call that came in. `status` 0: no answer was given."""

    call: str
    calendar: str
    event: str
    body: Any
    query: dict[str, str]
    if_match: str = ""
    status: int = 0


class Handler(Speaker["GoogleFake"]):
    def do_GET(self) -> None:
        url = urllib.parse.urlsplit(self.path)
        if url.path == "/consent":
            return self._answer(302, None, location=self.fake.tokens.consent(self.path))
        return self._api("GET")

    def do_POST(self) -> None:
        if self.path == "/_do":
            return self._by_hand()
        return self._token() if self.path == "/token" else self._api("POST")

    def do_PATCH(self) -> None:
        self._api("PATCH")

    def do_PUT(self) -> None:
        self._api("PUT")

    def do_DELETE(self) -> None:
        self._api("DELETE")

    # --- doors ---

    def _token(self) -> None:
        form = dict(urllib.parse.parse_qsl(self.body().decode()))
        asked = Asked("token", "", "", form, {})
        going, fault = self._begin(asked)
        if going:
            status, answer = self.fake.tokens.exchange(form)
            self._finish(asked, fault, status, answer)

    def _api(self, method: str) -> None:
        fake, url, raw = self.fake, urllib.parse.urlsplit(self.path), self.body()
        query = urllib.parse.parse_qs(url.query)
        call, calendar, event = _route(method, url.path)
        one = {key: values[-1] for key, values in query.items()} | ({"whole": "1"} if method == "PUT" else {})
        asked = Asked(call, calendar, event, json.loads(raw or b"null"), one, self.headers.get("If-Match", ""))
        going, fault = self._begin(asked)
        if not going:
            return
        again = fault.do if fault and fault.do in ("over", "twin") else ""
        try:
            if not fake.tokens.knows(self.headers.get("Authorization", "")):
                raise Refused(401, "authError")
            if not call:
                raise Refused(404, "notFound")
            status, answer = fake.perform(asked, query, again)
        except Refused as refused:
            status, answer = refused.status, _error(refused.status, refused.reason, refused.domain)
        self._finish(asked, fault, status, answer)

    def _by_hand(self) -> None:
        given = json.loads(self.body())
        if given["call"].startswith("_") or given["call"] in ("close", "perform"):
            return self._answer(404, {})
        args = {key: _moment(value) for key, value in given.get("args", {}).items()}
        if given["call"] == "script":
            self.fake.script(Fault(**args))
            return self._answer(200, {})
        made = getattr(self.fake, given["call"])(**args)
        return self._answer(200, asdict(made) if isinstance(made, Calendar) else made)

    # --- faults around a call ---

    def _begin(self, asked: Asked) -> tuple[bool, Fault | None]:
        """Whether to go on, and the fault that is to show afterwards."""
        fake = self.fake
        fake.asked.append(asked)
        fault = fake.fault_for(asked.call, asked.calendar)
        if fault is None:
            return True, None
        if fault.do == "slow":
            fake.released.wait(fault.seconds)
        elif fault.do == "drop":
            self.drop()
        elif fault.do == "error":
            self._fault(asked, fault)
        return fault.do not in ("drop", "error"), fault

    def _finish(self, asked: Asked, fault: Fault | None, status: int, answer: Any) -> None:
        what = fault.do if fault else ""
        if what == "late_drop":
            return self.drop()
        if fault and what == "late_error":
            return self._fault(asked, fault)
        if what in ("garbage", "partial"):
            raw = b"<html>" if what == "garbage" else json.dumps(answer).encode()[:-5]
            asked.status = 200
            self._answer(200, raw, length=len(raw) + (5 if what == "partial" else 0))
            return self.drop() if what == "partial" else None
        asked.status = status
        return self._answer(status, answer)

    def _fault(self, asked: Asked, fault: Fault) -> None:
        asked.status = fault.status
        if asked.call == "token":
            return self._answer(
                fault.status, {"error": fault.reason, "error_description": "Scripted."}, retry_after=fault.retry_after
            )
        domain = "usageLimits" if "Exceeded" in fault.reason else "global"
        return self._answer(fault.status, _error(fault.status, fault.reason, domain), retry_after=fault.retry_after)

    # --- the wire ---

    def _answer(self, status: int, body: Any, **more: Any) -> None:
        raw = b"" if body is None else body
        self.answer(status, raw, mime="application/json; charset=UTF-8", **more)


def _route(method: str, path: str) -> tuple[str, str, str]:
    """(call, calendar, event); the call "" when there is no such door."""
    parts = [urllib.parse.unquote(part) for part in path.removeprefix("/calendar/v3/").split("/")]
    match (method, *parts):
        case ("POST", "freeBusy"):
            return "freebusy", "", ""
        case ("GET" | "POST", "users", "me", "calendarList"):
            return ("calendars" if method == "GET" else "add"), "", ""
        case ("POST", "channels", "stop"):
            return "stop", "", ""
        case ("POST", "calendars", calendar, "events", "watch"):
            return "watch", calendar, ""
        case ("GET" | "POST", "calendars", calendar, "events"):
            return ("list" if method == "GET" else "insert"), calendar, ""
        case ("GET" | "PATCH" | "PUT" | "DELETE", "calendars", calendar, "events", event):
            return {"GET": "get", "DELETE": "delete"}.get(method, "patch"), calendar, event
    return "", "", ""


def _error(status: int, reason: str, domain: str = "global") -> Json:
    each = {"domain": domain, "reason": reason, "message": f"Scripted: {reason}"}
    return {"error": {"code": status, "message": each["message"], "errors": [each]}}


def _moment(value: Any) -> Any:
    if isinstance(value, str) and value[:2] == "20" and value[4:5] == "-":
        return datetime.fromisoformat(value) if "T" in value else date.fromisoformat(value)
    return value
