"""YCloud's API on 127.0.0.1, for tests and by hand: key, E.164 numbers, two-step media, webhook endpoints, errors.

    python -m tests.fakes.ycloud --port 9300

`POST /_script` the next answers (see `Rule`), `GET /_journal` what was accepted.
"""

import argparse
import hashlib
import hmac
import itertools
import json
import re
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from dataclasses import dataclass, field
from email.parser import BytesParser
from typing import Any

from tests.fakes.served import Fake, Speaker

NUMBER = "+541150000000"
CUSTOMER = "+5491155551111"
BSUID = "AR.1349120987654321"
WABA = "419500000000001"
KEY = "key-of-acme"
E164 = re.compile(r"\+[1-9][0-9]{6,14}")
KINDS = ("text", "template", "image", "video", "audio", "document", "sticker", "interactive", "reaction", "location")
MOST_ENDPOINTS = 20

Json = dict[str, Any]
_counter = itertools.count(1)


@dataclass
class Rule:
    """What to do with the next `times` sends; -1 for every one.

    `do`: `error` (answer `status` with `code` and perhaps Meta's `whatsapp` code), `hold` (accept, then answer after
    `seconds`), `drop` (accept, then close), `refuse` (close before accepting), `no_id`, `garbage` (accept, no JSON).
    `at` "upload" or "send".
    """

    do: str = "error"
    times: int = 1
    at: str = "send"
    status: int = 400
    code: str | None = "PARAM_INVALID"
    whatsapp: int | None = None
    retry_after: str = ""
    seconds: float = 30.0


@dataclass
class Endpoint:
    url: str
    events: list[str]
    id: str = field(default_factory=lambda: uuid.uuid4().hex[:24])
    secret: str = field(default_factory=lambda: "whsec_" + uuid.uuid4().hex)
    status: str = "active"

    def shown(self, *, secret: bool) -> Json:
        made: Json = {"id": self.id, "url": self.url, "enabledEvents": self.events, "status": self.status}
        return made | ({"secret": self.secret} if secret else {})


class YCloudFake(Fake):
    """State and behaviour; `with YCloudFake() as ycloud:` serves it at `ycloud.url`."""

    def __init__(self, *, port: int = 0, keys: tuple[str, ...] = (KEY,)) -> None:
        super().__init__(_Handler, port=port)
        self.url += "/v2"
        self.keys = set(keys)
        self.numbers: list[Json] = [number()]
        self.balance: Json = {"amount": 12.5, "currency": "USD"}
        self.sends: list[Json] = []
        self.reads: list[str] = []
        self.calls: list[tuple[str, str]] = []
        self.files: dict[str, tuple[bytes, str]] = {}
        self.endpoints: list[Endpoint] = []
        self.rules: list[Rule] = []
        self.public_only = False  # refuse webhook addresses that are not https, as YCloud does
        self.lists_secrets = True
        self._lock = threading.Lock()

    def script(self, *rules: Rule) -> None:
        with self._lock:
            self.rules.extend(rules)

    def add_media(self, content: bytes, mime: str) -> str:
        """A file as a customer would have sent it; returns its link."""
        token = uuid.uuid4().hex
        self.files[token] = (content, mime)
        return f"{self.url}/whatsapp/media/download/{token}"

    def rule_for(self, at: str) -> Rule | None:
        with self._lock:
            for rule in self.rules:
                if rule.times != 0 and rule.at == at:
                    rule.times -= rule.times > 0
                    return rule
        return None

    def accept(self, body: Json) -> Json:
        made: Json = {"id": uuid.uuid4().hex[:24], "wamid": f"wamid.{next(_counter)}{uuid.uuid4().hex}", "wabaId": WABA}
        made |= {"from": body["from"], "type": body["type"], "status": "accepted", "externalId": body.get("externalId")}
        made |= {"to": body["to"]} if "to" in body else {"recipientUserId": body["recipient"]}
        with self._lock:
            self.sends.append({"id": made["wamid"], "client_ref": body.get("externalId", ""), "body": body})
        return {key: value for key, value in made.items() if value is not None}


def number(phone: str = NUMBER, name: str = "Acme", **more: Any) -> Json:
    made = {"id": uuid.uuid4().hex[:12], "phoneNumber": phone, "displayPhoneNumber": phone, "wabaId": WABA}
    made |= {"verifiedName": name, "qualityRating": "GREEN", "messagingLimit": "TIER_1K", "status": "CONNECTED"}
    return made | more


class _Handler(Speaker[YCloudFake]):
    def error(self, status: int, code: str, *, whatsapp: int | None = None, **headers: str) -> None:
        inner: Json = {"status": status, "code": code, "message": code.title(), "requestId": uuid.uuid4().hex}
        if whatsapp is not None:
            inner["whatsappApiError"] = {"code": str(whatsapp), "message": f"(#{whatsapp})", "type": "OAuthException"}
        self.answer(status, {"error": inner}, **headers)

    # --- doors ---

    def do_GET(self) -> None:
        self.handle_call("GET")

    def do_POST(self) -> None:
        self.handle_call("POST")

    def do_PATCH(self) -> None:
        self.handle_call("PATCH")

    def do_DELETE(self) -> None:
        self.handle_call("DELETE")

    def handle_call(self, method: str) -> None:
        raw = self.body()
        parts = urllib.parse.urlsplit(self.path)
        path, query = urllib.parse.unquote(parts.path), dict(urllib.parse.parse_qsl(parts.query))
        self.fake.calls.append((method, path))
        if path == "/_script":
            return self.on_script(raw)
        if path == "/_journal":
            return self.answer(200, {"sends": self.fake.sends, "reads": self.fake.reads, "count": len(self.fake.sends)})
        if self.headers.get("X-API-Key", "") not in self.fake.keys:
            return self.error(401, "UNAUTHORIZED")
        for wanted, pattern, act in self.DOORS:
            if wanted == method and (found := re.fullmatch(pattern, path)):
                return act(self, raw, query, *found.groups())
        return self.error(404, "NOT_FOUND")

    def on_script(self, raw: bytes) -> None:
        self.fake.script(*(Rule(**one) for one in json.loads(raw)))
        self.answer(200)

    def on_send(self, raw: bytes, _query: Json) -> None:
        try:
            body = json.loads(raw)
        except ValueError:
            return self.error(400, "PARAM_INVALID")
        if not self.valid(body):
            return self.error(400, "PARAM_INVALID")
        if body["from"] not in [one["phoneNumber"] for one in self.fake.numbers]:
            return self.error(404, "NOT_FOUND")
        rule = self.fake.rule_for("send")
        if rule and rule.do == "refuse":
            return self.drop()
        if rule and rule.do == "error":
            return self.refuse(rule)
        return self.deliver(rule, self.fake.accept(body))

    def valid(self, body: Json) -> bool:
        kind = body.get("type")
        if not E164.fullmatch(str(body.get("from", ""))) or kind not in KINDS or not isinstance(body.get(kind), dict):
            return False
        if kind in ("image", "video", "audio", "document", "sticker") and not {"id", "link"} & set(body[kind]):
            return False
        return bool(body.get("recipient")) if "to" not in body else bool(E164.fullmatch(str(body["to"])))

    def refuse(self, rule: Rule) -> None:
        headers = {"Retry_After": rule.retry_after} if rule.retry_after else {}
        if rule.code is None:
            return self.answer(rule.status, b"<html>Bad gateway</html>", mime="text/html", **headers)
        return self.error(rule.status, rule.code, whatsapp=rule.whatsapp, **headers)

    def deliver(self, rule: Rule | None, made: Json) -> None:
        what = rule.do if rule else ""
        if what == "drop":
            return self.drop()
        if what == "garbage":
            return self.answer(200, b"<html>", mime="text/html")
        if rule and what == "hold":
            self.fake.released.wait(rule.seconds)
        return self.answer(200, {} if what == "no_id" else made)

    def on_read(self, _raw: bytes, _query: Json, message_id: str, what: str) -> None:
        self.fake.reads.append(f"{what} {message_id}")
        self.answer(200)

    def on_upload(self, raw: bytes, _query: Json, _number: str) -> None:
        if self.fake.rule_for("upload"):
            return self.drop()
        head = f"Content-Type: {self.headers.get('Content-Type', '')}\r\n\r\n".encode()
        for part in BytesParser().parsebytes(head + raw).walk():
            if part.get_param("name", header="content-disposition") == "file":
                content = part.get_payload(decode=True)
                assert isinstance(content, bytes)
                return self.answer(
                    200, {"id": self.fake.add_media(content, part.get_content_type()).rpartition("/")[2]}
                )
        return self.error(400, "PARAM_INVALID")

    def on_download(self, _raw: bytes, _query: Json, token: str) -> None:
        if token not in self.fake.files:
            return self.error(404, "NOT_FOUND")
        content, mime = self.fake.files[token]
        return self.answer(200, content, mime=mime)

    def on_balance(self, _raw: bytes, _query: Json) -> None:
        self.answer(200, self.fake.balance)

    def paged(self, found: list[Json], query: Json) -> None:
        page, limit = int(query.get("page", 1)), int(query.get("limit", 10))
        shown = found[(page - 1) * limit : page * limit]
        self.answer(200, {"items": shown, "offset": (page - 1) * limit, "limit": limit, "length": len(shown)})

    def on_numbers(self, _raw: bytes, query: Json) -> None:
        self.paged(self.fake.numbers, query)

    def on_endpoints(self, _raw: bytes, query: Json) -> None:
        self.paged([one.shown(secret=self.fake.lists_secrets) for one in self.fake.endpoints], query)

    def on_new_endpoint(self, raw: bytes, _query: Json) -> None:
        body = json.loads(raw)
        url, events = str(body.get("url", "")), body.get("enabledEvents")
        taken = any(one.url == url for one in self.fake.endpoints)
        if not url or not events or taken or (self.fake.public_only and not url.startswith("https://")):
            return self.error(400, "PARAM_INVALID")
        if len(self.fake.endpoints) >= MOST_ENDPOINTS:
            return self.error(400, "LIMIT_EXCEEDED")
        made = Endpoint(url, list(events))
        self.fake.endpoints.append(made)
        return self.answer(200, made.shown(secret=True))

    def on_endpoint(self, raw: bytes, _query: Json, endpoint_id: str, act: str | None = None) -> None:
        found = next((one for one in self.fake.endpoints if one.id == endpoint_id), None)
        if found is None:
            return self.error(404, "NOT_FOUND")
        if act:
            found.secret = "whsec_" + uuid.uuid4().hex
            return self.answer(200, found.shown(secret=True))
        body = json.loads(raw)
        found.events, found.status = body.get("enabledEvents", found.events), body.get("status", found.status)
        return self.answer(200, found.shown(secret=False))

    def on_gone_endpoint(self, _raw: bytes, _query: Json, endpoint_id: str) -> None:
        self.fake.endpoints = [one for one in self.fake.endpoints if one.id != endpoint_id]
        return self.answer(200, {})

    DOORS = (
        ("POST", r"/v2/whatsapp/messages/sendDirectly", on_send),
        ("POST", r"/v2/whatsapp/inboundMessages/([^/]+)/(markAsRead|typingIndicator)", on_read),
        ("POST", r"/v2/whatsapp/media/(\+\d+)/upload", on_upload),
        ("GET", r"/v2/whatsapp/media/download/(\w+)", on_download),
        ("GET", r"/v2/whatsapp/phoneNumbers", on_numbers),
        ("GET", r"/v2/balance", on_balance),
        ("GET", r"/v2/webhookEndpoints", on_endpoints),
        ("POST", r"/v2/webhookEndpoints", on_new_endpoint),
        ("PATCH", r"/v2/webhookEndpoints/(\w+)", on_endpoint),
        ("DELETE", r"/v2/webhookEndpoints/(\w+)", on_gone_endpoint),
        ("POST", r"/v2/webhookEndpoints/(\w+)/(rotateSecret)", on_endpoint),
    )


# --- what it delivers ----------------------------------------------------------------------------------


def dump(payload: Any) -> bytes:
    return json.dumps(payload, separators=(",", ":")).encode()


def sign(raw: bytes, secret: str, *, age: int = 0) -> str:
    """Value of `YCloud-Signature`: the whole secret is the key, as text. `age` in seconds."""
    stamp = int(time.time()) - age
    digest = hmac.new(secret.encode(), f"{stamp}.".encode() + raw, hashlib.sha256).hexdigest()
    return f"t={stamp},s={digest}"


def post(url: str, payload: Any, secret: str) -> int:
    """Deliver one webhook; the HTTP status, or 0 if nobody answered."""
    raw = payload if isinstance(payload, bytes) else dump(payload)
    headers = {"Content-Type": "application/json", "YCloud-Signature": sign(raw, secret)}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data=raw, headers=headers), timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())


def event(kind: str, key: str, inner: Any, **more: Any) -> Json:
    made = {"id": f"evt_{uuid.uuid4().hex[:20]}", "type": kind, "apiVersion": "v2", "createTime": now()}
    return made | {key: inner} | more


def inbound(kind: str = "text", content: Any = None, **more: Any) -> Json:
    """A customer's message of any type, as one webhook."""
    inner: Json = {"id": uuid.uuid4().hex[:12], "wamid": f"wamid.in{next(_counter)}", "wabaId": WABA}
    inner |= {"from": CUSTOMER, "to": NUMBER, "customerProfile": {"name": "Ana Paz"}, "sendTime": now(), "type": kind}
    if content is not None or kind == "text":
        inner[kind] = {"body": "Hola"} if content is None else content
    return event("whatsapp.inbound_message.received", "whatsappInboundMessage", _without_none(inner | more))


def status(wamid: str, state: str = "delivered", **more: Any) -> Json:
    inner: Json = {"id": uuid.uuid4().hex[:12], "wamid": wamid, "wabaId": WABA, "from": NUMBER, "to": CUSTOMER}
    inner |= {"type": "text", "text": {"body": "Hola"}, "status": state, "sendTime": now(), "updateTime": now()}
    return event("whatsapp.message.updated", "whatsappMessage", _without_none(inner | more))


def echo(body: str = "Hola desde el teléfono", kind: str = "whatsapp.smb.message.echoes", **more: Any) -> Json:
    inner: Json = {"id": uuid.uuid4().hex[:12], "wamid": f"wamid.echo{next(_counter)}", "wabaId": WABA}
    inner |= {"from": NUMBER, "to": CUSTOMER, "type": "text", "text": {"body": body}, "sendTime": now()}
    return event(kind, "whatsappMessage", _without_none(inner | more))


def _without_none(given: Json) -> Json:
    return {key: value for key, value in given.items() if value is not None}


def main() -> None:
    options = argparse.ArgumentParser(description="Fake YCloud")
    options.add_argument("--port", type=int, default=9300)
    options.add_argument("--key", default=KEY)
    given = options.parse_args()
    fake = YCloudFake(port=given.port, keys=(given.key,))
    fake.numbers.append(number("+541160000000", "Acme Norte", qualityRating="YELLOW"))
    print(f"YCloud at {fake.url}", flush=True)  # noqa: T201 - a command speaks to its caller
    fake._server.serve_forever()


if __name__ == "__main__":
    main()
