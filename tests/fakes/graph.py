"""A Graph API for WhatsApp, Messenger and Instagram on 127.0.0.1, for tests, fault runs and by hand.

    python -m tests.fakes.graph --port 9100 [--webhook URL --secret S --statuses sent,delivered]

Control doors (JSON): `GET /_journal[?client_ref=…]` what was accepted, `DELETE /_journal` forget it,
`POST /_script` the next answers (see `Rule`), `POST /_media` a file as from a customer → {"id"},
`POST /_expire` {"id"}, `POST /_emit` {"url", "secret", "payload"} deliver a signed webhook.
"""

import argparse
import hashlib
import itertools
import json
import re
import threading
import time
import urllib.parse
import uuid
from dataclasses import dataclass, field
from typing import Any

from tests.fakes import graph_events as events
from tests.fakes import graph_pages as pages
from tests.fakes.served import Fake, Speaker

Json = dict[str, Any]


@dataclass
class Rule:
    """What to do with the next `times` sends that match; -1 for every one.

    `do`: `error` (answer `status` with `code`), `hold` (accept, then answer after `seconds`), `drop` (accept, then
    close without an answer), `refuse` (close before accepting), `no_id` (200 without a message id),
    `garbage` (accept, answer no JSON), `late_failure` (accept, then a `failed` status with `code`).
    `to` narrows it to one recipient; "upload" means file uploads, which are then dropped.
    """

    do: str = "error"
    times: int = 1
    to: str = ""
    status: int = 400
    code: int | None = 131000
    subcode: int | None = None
    details: str = ""
    retry_after: str = ""
    seconds: float = 30.0


@dataclass
class File:
    content: bytes
    mime: str
    token: str = field(default_factory=lambda: uuid.uuid4().hex)
    expired: bool = False


class GraphFake(Fake):
    """State and behaviour; `with GraphFake() as graph:` serves it at `graph.url`."""

    def __init__(
        self,
        *,
        port: int = 0,
        tokens: set[str] | None = None,
        webhook_url: str = "",
        app_secret: str = "app-secret",
        auto_statuses: tuple[str, ...] = (),
        early_statuses: bool = False,
    ) -> None:
        super().__init__(_Handler, port=port)
        """`tokens` None: any Bearer but those in `dead_tokens`. `early_statuses`: before the send is answered."""
        self.tokens = tokens
        self.dead_tokens: set[str] = {"dead-token"}
        self.webhook_url = webhook_url
        self.app_secret = app_secret
        self.auto_statuses = auto_statuses
        self.early_statuses = early_statuses
        self.needs_proof = False  # calls without appsecret_proof are refused, as an app may demand
        self.unknown_fields: set[str] = set()  # of a number: a question with one of them is refused as a whole
        self.page_echoes = False  # a page's own messages come back to the webhook before the send is answered
        self.closed: set[str] = set()  # people whose 24 hours are over
        self.human_agent = True  # whether the app was granted that feature
        self.hidden: set[str] = set()  # people who do not let their profile be seen
        self.unsubscribed: set[str] = set()  # pages and accounts that tell the app nothing
        self.sends: list[Json] = []
        self.reads: list[Json] = []
        self.refused: list[Json] = []
        self.files: dict[str, File] = {}
        self.rules: list[Rule] = []
        self._lock = threading.Lock()
        self._ids = itertools.count(1)

    # --- what tests say to it ---

    def script(self, *rules: Rule) -> None:
        """Add rules; the first that matches a send is used up by it."""
        with self._lock:
            self.rules.extend(rules)

    def fail(self, code: int | None, *, status: int = 400, times: int = 1, **more: Any) -> None:
        """The next sends are refused with an error code of Meta's."""
        self.script(Rule("error", times=times, status=status, code=code, **more))

    def add_media(self, content: bytes, mime: str) -> str:
        """A file as a customer would have sent it; returns its media id."""
        with self._lock:
            media_id = str(900_000_000_000_000 + next(self._ids))
            self.files[media_id] = File(content, mime)
        return media_id

    def expire_media(self, media_id: str) -> None:
        """From now on the file's URL answers 404."""
        self.files[media_id].expired = True

    def reset(self) -> None:
        """Forget sends, reads, refusals and rules; keep files."""
        with self._lock:
            for kept in (self.sends, self.reads, self.refused, self.rules):
                kept.clear()

    def journal(self, client_ref: str = "") -> Json:
        with self._lock:
            sends = [one for one in self.sends if not client_ref or one["client_ref"] == client_ref]
            return {"sends": sends, "reads": list(self.reads), "refused": list(self.refused), "count": len(sends)}

    def emit(self, payload: Any, *, url: str = "", secret: str = "") -> int:
        """Deliver a signed webhook; the status it was answered with."""
        return events.post(url or self.webhook_url, payload, secret or self.app_secret)

    # --- what it does ---

    def knows(self, authorization: str) -> bool:
        token = authorization.removeprefix("Bearer ").strip()
        if not authorization.startswith("Bearer ") or not token or token in self.dead_tokens:
            return False
        return self.tokens is None or token in self.tokens

    def rule_for(self, to: str) -> Rule | None:
        with self._lock:
            for rule in self.rules:
                if rule.times != 0 and (not rule.to or rule.to == to):
                    rule.times -= rule.times > 0
                    return rule
        return None

    def accept(self, phone_number_id: str, body: Json) -> Json:
        to = str(body.get("to") or body.get("recipient") or "")
        entry = {
            "id": events.wamid(),
            "at": time.time(),
            "phone_number_id": phone_number_id,
            "to": to,
            "kind": body.get("type", ""),
            "text": (body.get("text") or {}).get("body", ""),
            "client_ref": body.get("biz_opaque_callback_data", ""),
            "body": body,
        }
        with self._lock:
            self.sends.append(entry)
        return entry

    def report(self, entry: Json, *states: str, error: int | None = None) -> None:
        """Tell the webhook what became of a message, one POST for each state."""
        for state in states:
            item = events.status(entry["id"], state, client_ref=entry["client_ref"], error=error)
            self.emit(events.statuses(item, phone_number_id=entry["phone_number_id"]))


class _Handler(Speaker[GraphFake]):
    def error(self, status: int, code: int | None, text: str, *, subcode: int | None = None, **headers: str) -> None:
        inner: Json = {"message": f"(#{code}) {text}", "type": "OAuthException", "fbtrace_id": "A1"}
        inner |= {"error_data": {"messaging_product": "whatsapp", "details": text}}
        if code is not None:
            inner["code"] = code
        if subcode is not None:
            inner["error_subcode"] = subcode
        self.answer(status, {"error": inner}, **headers)

    # --- doors ---

    def do_GET(self) -> None:
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        if url.path == "/_journal":
            return self.answer(200, self.fake.journal(query.get("client_ref", "")))
        if found := re.fullmatch(r"/_cdn/(\w+)", url.path):  # of Messenger and Instagram: the address is the key
            return self.download(found[1])
        if not self.fake.knows(self.headers.get("Authorization", "")):
            return self.error(401, 190, "Error validating access token")
        if found := re.fullmatch(r"/_file/(\w+)", url.path):
            return self.download(found[1])
        if pages.proof_is_wrong(self, query):
            return self.error(400, 100, "Invalid appsecret_proof provided in the API argument")
        if found := re.fullmatch(r"/v\d+\.\d+/(\w+)/subscribed_apps", url.path):
            return pages.subscribed(self, found[1])
        if found := re.fullmatch(r"/v\d+\.\d+/(\w+)", url.path):
            return self.node(found[1], query.get("fields", ""))
        return self.error(404, 2500, "Unknown path components")

    def do_DELETE(self) -> None:
        if self.path == "/_journal":
            self.fake.reset()
            return self.answer(200, {"success": True})
        return self.error(404, 2500, "Unknown path components")

    def do_POST(self) -> None:
        raw = self.body()
        control = {"/_script": self.on_script, "/_media": self.on_media, "/_expire": self.on_expire}
        control["/_emit"] = self.on_emit
        if self.path in control:
            return control[self.path](raw)
        if not self.fake.knows(self.headers.get("Authorization", "")):
            return self.error(401, 190, "Error validating access token")
        url = urllib.parse.urlsplit(self.path)
        if pages.proof_is_wrong(self, dict(urllib.parse.parse_qsl(url.query))):
            return self.error(400, 100, "Invalid appsecret_proof provided in the API argument")
        if found := re.fullmatch(r"/v\d+\.\d+/(\w+)/messages", url.path):
            return self.on_message(found[1], raw)
        if re.fullmatch(r"/v\d+\.\d+/(\w+)/media", url.path):
            return self.on_upload(raw)
        if re.fullmatch(r"/v\d+\.\d+/(\w+)/message_attachments", url.path):
            return pages.on_upload(self, raw)
        return self.error(404, 2500, "Unknown path components")

    def on_script(self, raw: bytes) -> None:
        given = json.loads(raw)
        self.fake.script(*[Rule(**one) for one in (given if isinstance(given, list) else [given])])
        self.answer(200, {"success": True})

    def on_media(self, raw: bytes) -> None:
        mime = self.headers.get("Content-Type", "application/octet-stream")
        self.answer(200, {"id": self.fake.add_media(raw, mime)})

    def on_expire(self, raw: bytes) -> None:
        self.fake.expire_media(json.loads(raw)["id"])
        self.answer(200, {"success": True})

    def on_emit(self, raw: bytes) -> None:
        given = json.loads(raw)
        status = self.fake.emit(given["payload"], url=given.get("url", ""), secret=given.get("secret", ""))
        self.answer(200, {"status": status})

    def node(self, node_id: str, fields: str) -> None:
        file = self.fake.files.get(node_id)
        if file is None and node_id.startswith("9000"):
            return self.error(400, 100, "Object with that id does not exist", subcode=33)
        if file is None and "verified_name" not in fields:
            return pages.node(self, node_id, fields)
        if file is None and self.fake.unknown_fields & set(fields.split(",")):
            return self.error(400, 100, "Tried accessing nonexisting field")
        if file is None:
            asked = {"id", *fields.split(",")}
            return self.answer(
                200, {key: each for key, each in {"id": node_id, **events.NUMBER}.items() if key in asked}
            )
        return self.answer(
            200,
            {
                "messaging_product": "whatsapp",
                "url": f"{self.fake.url}/_file/{file.token}",
                "mime_type": file.mime,
                "sha256": hashlib.sha256(file.content).hexdigest(),
                "file_size": str(len(file.content)),
                "id": node_id,
            },
        )

    def download(self, token: str) -> None:
        file = next((one for one in self.fake.files.values() if one.token == token), None)
        if file is None or file.expired:
            return self.answer(404, b"", mime="text/plain")
        return self.answer(200, file.content, mime=file.mime)

    def on_upload(self, raw: bytes) -> None:
        if any(rule.to == "upload" for rule in self.fake.rules) and self.fake.rule_for("upload"):
            return self.drop()
        file = pages.parts_of(self, raw).get("file")
        if file is None:
            return self.error(400, 100, "The parameter file is required")
        return self.answer(200, {"id": self.fake.add_media(*file)})

    def on_message(self, phone_number_id: str, raw: bytes) -> None:
        try:
            body = json.loads(raw)
        except ValueError:
            return self.error(400, 100, "Invalid JSON")
        if body.get("status") == "read":
            self.fake.reads.append(body)
            return self.answer(200, {"success": True})
        if "messaging_product" not in body:
            return pages.on_message(self, phone_number_id, body)
        to = str(body.get("to") or body.get("recipient") or "")
        kind = str(body.get("type", ""))
        if body.get("messaging_product") != "whatsapp" or not to or not isinstance(body.get(kind), dict):
            return self.error(400, 100, "Invalid parameter")
        rule = self.fake.rule_for(to)
        if rule and rule.do in ("error", "refuse"):
            self.fake.refused.append({"to": to, "code": rule.code, "body": body})
            return self.drop() if rule.do == "refuse" else self.refuse(rule)
        return self.deliver(rule, self.fake.accept(phone_number_id, body))

    def refuse(self, rule: Rule) -> None:
        headers = {"Retry_After": rule.retry_after} if rule.retry_after else {}
        if rule.code is None:
            return self.answer(rule.status, b"<html>Bad gateway</html>", mime="text/html", **headers)
        return self.error(rule.status, rule.code, rule.details or "Scripted", subcode=rule.subcode, **headers)

    def deliver(self, rule: Rule | None, entry: Json) -> None:
        fake, what = self.fake, rule.do if rule else ""
        if what == "drop":
            return self.drop()
        if what == "garbage":
            return self.answer(200, b"<html>", mime="text/html")
        if rule and what == "hold":
            fake.released.wait(rule.seconds)
        states = ("failed",) if what == "late_failure" else fake.auto_statuses
        error = rule.code if rule and what == "late_failure" else None
        report = threading.Thread(target=fake.report, args=(entry, *states), kwargs={"error": error}, daemon=True)
        if states and fake.webhook_url:
            report.start()
            if fake.early_statuses:
                report.join()
        messages = [] if what == "no_id" else [{"id": entry["id"], "message_status": "accepted"}]
        contacts = [{"input": entry["to"], "wa_id": entry["to"]}]
        self.answer(200, {"messaging_product": "whatsapp", "contacts": contacts, "messages": messages})
        return None


def main() -> None:
    options = argparse.ArgumentParser(description="Fake Graph API for WhatsApp")
    options.add_argument("--port", type=int, default=9100)
    options.add_argument("--webhook", default="", help="where statuses are delivered")
    options.add_argument("--secret", default="app-secret", help="app secret that signs them")
    options.add_argument("--statuses", default="", help="after each send, for example sent,delivered,read")
    given = options.parse_args()
    states = tuple(one for one in given.statuses.split(",") if one)
    fake = GraphFake(port=given.port, webhook_url=given.webhook, app_secret=given.secret, auto_statuses=states)
    print(f"Graph at {fake.url}", flush=True)  # noqa: T201 - a command speaks to its caller
    fake._server.serve_forever()


if __name__ == "__main__":
    main()
