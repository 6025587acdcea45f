"""A Chatwoot on 127.0.0.1, for tests and by hand: one account, its inboxes, its conversations, its webhooks.

    python -m tests.fakes.chatwoot --port 9200 [--version 3.13] [--token user-token]

Speaks as 3.13 (unsigned, no `account` in conversation events), 4.10 (the same) or 4.15 (signed). Control doors (JSON):
`GET /_journal` what was accepted, `POST /_says` {"text", "conversation"?} a customer writes, `POST /_types` {"text"} a
person answers in Chatwoot; both reach every webhook of the account.
"""

import argparse
import itertools
import json
import re
import threading
import time
import urllib.parse
import uuid
from dataclasses import dataclass
from email.parser import BytesParser
from typing import Any

from tests.fakes import chatwoot_events as events
from tests.fakes.served import Fake, Speaker

Json = dict[str, Any]
NUMBERS = {"incoming": 0, "outgoing": 1, "activity": 2, "template": 3}
SIGNS = ("4.15",)
FOR_BOTS = re.compile(r"(GET /conversations/\d+|POST /conversations/\d+/(messages|toggle_status|toggle_typing_status))")
NOT_FOR_BOTS = "Access to this endpoint is not authorized for bots"


@dataclass
class Rule:
    """What to do with the next `times` calls whose path holds `path`; -1 for every one.

    `do`: `error` (answer `status`), `hold` (accept, then answer after `seconds`), `drop` (accept, then close),
    `refuse` (close before accepting), `no_id` and `garbage` (accept, answer nothing of use).
    """

    do: str = "error"
    times: int = 1
    path: str = "/messages"
    status: int = 422
    body: Json | None = None
    retry_after: str = ""
    seconds: float = 30.0


class ChatwootFake(Fake):
    """State and behaviour; `with ChatwootFake() as chatwoot:` serves it at `chatwoot.url`."""

    def __init__(self, *, port: int = 0, version: str = "4.15", token: str = "user-token") -> None:
        super().__init__(_Handler, port=port)
        self.version = version
        self.user_token, self.bot_token = token, "bot-token"
        self.role = "administrator"
        self.inboxes: dict[int, Json] = {}
        self.add_inbox(events.INBOX, "WhatsApp Acme", "Channel::Whatsapp")
        self.conversations: dict[int, Json] = {events.CONVERSATION: {"inbox_id": events.INBOX, "status": "pending"}}
        self.messages: list[Json] = []
        self.webhooks: list[Json] = []
        self.sends: list[Json] = []
        self.refused: list[Json] = []
        self.typing: list[Json] = []
        self.files: dict[str, tuple[bytes, str]] = {}
        self.file_tokens: list[str] = []
        self.rules: list[Rule] = []
        self._lock = threading.Lock()
        self._ids = itertools.count(1)

    # --- what tests say to it ---

    def script(self, *rules: Rule) -> None:
        with self._lock:
            self.rules.extend(rules)

    def fail(self, status: int, *, times: int = 1, **more: Any) -> None:
        """The next messages are refused with this status."""
        self.script(Rule("error", times=times, status=status, **more))

    def add_inbox(self, number: int, name: str, channel_type: str) -> None:
        self.inboxes[number] = {"id": number, "name": name, "channel_type": channel_type}

    def add_file(self, content: bytes, mime: str, name: str = "foto.jpg") -> str:
        """A file of a message; its address redirects to another one, as Chatwoot's do."""
        key = f"{uuid.uuid4().hex}/{urllib.parse.quote(name)}"
        self.files[key] = (content, mime)
        return f"{self.url}/rails/active_storage/blobs/redirect/{key}"

    def says(self, text: str | None = "Hola", *, deliver: bool = True, **over: Any) -> Json:
        """A customer writes; the body that webhooks get. `deliver` False: Chatwoot's only attempt was lost."""
        return self._happened(events.message(text, **over), deliver)

    def types(self, text: str | None = "Le respondo", *, deliver: bool = True, **over: Any) -> Json:
        """A person answers in Chatwoot itself."""
        return self._happened(events.outgoing(text, **over), deliver)

    def emit(self, payload: Json) -> list[int]:
        """To every webhook of the account that asked for this event; what each answered."""
        wanted = [hook for hook in list(self.webhooks) if payload["event"] in hook["subscriptions"]]
        secret = self.version in SIGNS
        return [events.post(hook["url"], payload, hook["secret"] if secret else "") for hook in wanted]

    def _happened(self, body: Json, deliver: bool) -> Json:
        chat = body["conversation"]
        known = {"inbox_id": chat["inbox_id"], "status": chat["status"], "person": chat["meta"]["sender"]}
        self.conversations.setdefault(chat["id"], known)
        self._keep(body)
        if deliver:
            self.emit(body)
        return body

    def _keep(self, body: Json) -> None:
        """As the API lists it: numbers for types and times, no conversation inside."""
        row = {key: value for key, value in body.items() if key not in ("event", "account", "inbox", "conversation")}
        row |= {"message_type": NUMBERS[body["message_type"]], "created_at": int(time.time())}
        row |= {"conversation_id": body["conversation"]["id"], "inbox_id": body["conversation"]["inbox_id"]}
        with self._lock:
            self.messages.append(row)

    # --- what it does ---

    def rule_for(self, path: str) -> Rule | None:
        with self._lock:
            for rule in self.rules:
                if rule.times != 0 and rule.path in path:
                    rule.times -= rule.times > 0
                    return rule
        return None

    def accept(self, number: int, body: Json, *, by_bot: bool) -> Json:
        sent = {"id": events.next_id(), "at": time.time(), "conversation": number, "body": body}
        author = events.bot() if by_bot else events.user("API")
        chat = events.conversation(id=number, inbox_id=self.conversations[number]["inbox_id"])
        row = events.outgoing(body.get("content"), author=author, id=sent["id"], conversation=chat)
        if body.get("files"):
            row["attachments"] = [events.attachment(body["files"][0]["kind"])]
        with self._lock:
            self.sends.append(sent)
        self._keep(row)
        return sent | {"row": row}

    def hook(self, given: Json) -> Json:
        made = {"id": next(self._ids), "url": given["url"], "account_id": events.ACCOUNT, "inbox": None}
        made |= {"subscriptions": given.get("subscriptions") or [], "secret": uuid.uuid4().hex}
        self.webhooks.append(made)
        return made

    def shown(self, hook: Json) -> Json:
        """New versions tell the secret."""
        return {key: value for key, value in hook.items() if key != "secret" or self.version in SIGNS}

    def listed(self, inbox_id: str) -> list[Json]:
        """Conversations with their newest message, the latest activity first."""
        found = []
        for number, chat in self.conversations.items():
            mine = [row for row in self.messages if row["conversation_id"] == number]
            if inbox_id in ("", str(chat["inbox_id"])) and mine:
                last = mine[-1]
                given = {key: value for key, value in chat.items() if key != "person"}
                one = events.conversation(id=number, person=chat.get("person"), **given)
                found.append(one | {"messages": [last], "last_activity_at": last["created_at"]})
        return sorted(found, key=lambda one: -one["messages"][0]["id"])[:25]


class _Handler(Speaker[ChatwootFake]):
    def do_GET(self) -> None:
        self.call("GET", b"")

    def do_POST(self) -> None:
        self.call("POST", self.body())

    def do_PATCH(self) -> None:
        self.call("PATCH", self.body())

    def do_DELETE(self) -> None:
        self.call("DELETE", self.body())

    def call(self, method: str, raw: bytes) -> None:
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        if url.path.startswith(("/rails/", "/_")):
            return self.aside(url.path, raw)
        token = self.headers.get("api_access_token", "")
        if token not in (self.fake.user_token, self.fake.bot_token):
            return self.answer(401, {"error": "Invalid Access Token"})
        if url.path == "/api/v1/profile" and token == self.fake.user_token:
            accounts = [{"id": events.ACCOUNT, "name": "Acme", "role": self.fake.role, "status": "active"}]
            return self.answer(200, {"id": 3, "name": "Sol", "email": "sol@acme.test", "accounts": accounts})
        found = re.fullmatch(rf"/api/v1/accounts/{events.ACCOUNT}(/.*)", url.path)
        if found is None:
            return self.answer(404, {"error": "Resource could not be found"})
        if token == self.fake.bot_token and not FOR_BOTS.fullmatch(f"{method} {found[1]}"):
            return self.answer(401, {"error": NOT_FOR_BOTS})
        return self.account(method, found[1], query, raw, by_bot=token == self.fake.bot_token)

    def aside(self, path: str, raw: bytes) -> None:
        """Files, without a token, and the doors of tests."""
        fake = self.fake
        if path.startswith("/rails/active_storage/blobs/redirect/"):
            fake.file_tokens.append(self.headers.get("api_access_token", ""))
            return self.answer(302, b"", Location=f"{fake.url}/_file/{path.split('/redirect/')[1]}")
        if path.startswith("/_file/"):
            content, mime = fake.files.get(path.removeprefix("/_file/"), (b"", ""))
            return self.answer(200 if content else 404, content, mime=mime or "text/plain")
        if path == "/_journal":
            return self.answer(200, {"sends": fake.sends, "refused": fake.refused, "webhooks": fake.webhooks})
        given = json.loads(raw or b"{}")
        over: Json = (
            {"conversation": events.conversation(id=given["conversation"])} if given.get("conversation") else {}
        )
        act = {"/_says": fake.says, "/_types": fake.types}.get(path)
        return self.answer(200, act(given.get("text", "Hola"), **over)) if act else self.answer(404)

    def account(self, method: str, path: str, query: dict[str, str], raw: bytes, *, by_bot: bool) -> None:
        fake = self.fake
        rule = fake.rule_for(path)
        if rule and rule.do in ("error", "refuse"):
            fake.refused.append({"path": path, "status": rule.status})
            headers = {"Retry_After": rule.retry_after} if rule.retry_after else {}
            body = rule.body if rule.body is not None else {"error": "Scripted"}
            return self.drop() if rule.do == "refuse" else self.answer(rule.status, body, **headers)
        if path == "/inboxes" and method == "GET":
            return self.answer(200, {"payload": list(fake.inboxes.values())})
        if one := re.fullmatch(r"/inboxes/(\d+)", path):
            return self.found(fake.inboxes.get(int(one[1])))
        if path.startswith("/webhooks"):
            return self.hooks(method, path, raw)
        if path == "/conversations":
            payload = fake.listed(query.get("inbox_id", ""))
            return self.answer(200, {"data": {"meta": {"all_count": len(payload)}, "payload": payload}})
        one = re.fullmatch(r"/conversations/(\d+)(/\w+)?", path)
        if one is None or int(one[1]) not in fake.conversations:
            return self.found(None)
        return self.conversation(method, int(one[1]), one[2] or "", raw, rule, by_bot)

    def found(self, row: Json | None) -> None:
        return self.answer(200, row) if row is not None else self.answer(404, {"error": "Resource could not be found"})

    def hooks(self, method: str, path: str, raw: bytes) -> None:
        fake = self.fake
        if fake.role != "administrator":
            return self.answer(401, {"error": "You are not authorized to do this action"})
        if method == "GET":
            return self.answer(200, {"payload": {"webhooks": [fake.shown(hook) for hook in fake.webhooks]}})
        if method == "DELETE":
            fake.webhooks = [hook for hook in fake.webhooks if not path.endswith(f"/{hook['id']}")]
            return self.answer(200, b"")
        given = json.loads(raw).get("webhook") or json.loads(raw)
        if method == "PATCH":
            hook = next(hook for hook in fake.webhooks if path.endswith(f"/{hook['id']}"))
            hook["subscriptions"] = given.get("subscriptions") or hook["subscriptions"]
            return self.answer(200, {"payload": {"webhook": fake.shown(hook)}})
        if any(hook["url"] == given.get("url") for hook in fake.webhooks):
            return self.answer(422, {"message": "Url has already been taken", "attributes": ["url"]})
        return self.answer(200, {"payload": {"webhook": fake.shown(fake.hook(given))}})

    def conversation(self, method: str, number: int, act: str, raw: bytes, rule: Rule | None, by_bot: bool) -> None:
        fake, chat = self.fake, self.fake.conversations[number]
        if method == "GET":
            rows = [row for row in fake.messages if row["conversation_id"] == number][-20:]
            return self.answer(200, {"meta": {}, "payload": rows} if act == "/messages" else chat | {"id": number})
        if act == "/toggle_status":
            chat["status"] = json.loads(raw)["status"]
            payload = {"success": True, "conversation_id": number, "current_status": chat["status"]}
            return self.answer(200, {"meta": {}, "payload": payload})
        if act == "/toggle_typing_status":
            fake.typing.append({"conversation": number} | json.loads(raw))
            return self.answer(200, b"")
        if act != "/messages":
            return self.found(None)
        body = self.read(raw)
        if body.get("message_type") != "outgoing" or not (body.get("content") or body.get("files")):
            return self.answer(422, {"message": "Content is required", "attributes": ["content"]})
        return self.deliver(rule, fake.accept(number, body, by_bot=by_bot))

    def read(self, raw: bytes) -> Json:
        kind = self.headers.get("Content-Type", "")
        if "multipart" not in kind:
            given: Json = json.loads(raw)
            return given
        body: Json = {"files": []}
        for part in BytesParser().parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + raw).walk():
            name, content = part.get_param("name", header="content-disposition"), part.get_payload(decode=True)
            if name == "attachments[]" and isinstance(content, bytes):
                mime = part.get_content_type()
                file_type = mime.partition("/")[0]
                file_type = file_type if file_type in ("image", "audio", "video") else "file"
                body["files"].append(
                    {"name": part.get_filename(), "mime": mime, "kind": file_type, "size": len(content)}
                )
            elif name and isinstance(content, bytes):
                body[str(name)] = content.decode()
        return body

    def deliver(self, rule: Rule | None, sent: Json) -> None:
        what = rule.do if rule else ""
        if what == "drop":
            return self.drop()
        if what == "garbage":
            return self.answer(200, b"<html>", mime="text/html")
        if rule and what == "hold":
            self.fake.released.wait(rule.seconds)
        row = sent["row"]
        shown = {"id": row["id"], "content": row["content"], "message_type": 1, "created_at": int(time.time())}
        return self.answer(200, {} if what == "no_id" else shown | {"echo_id": sent["body"].get("echo_id")})


def main() -> None:
    options = argparse.ArgumentParser(description="Fake Chatwoot")
    options.add_argument("--port", type=int, default=9200)
    options.add_argument("--version", default="4.15", choices=["3.13", "4.10", "4.15"])
    options.add_argument("--token", default="user-token")
    given = options.parse_args()
    fake = ChatwootFake(port=given.port, version=given.version, token=given.token)
    fake.add_inbox(8, "Sitio web", "Channel::WebWidget")
    fake.add_inbox(9, "Correo", "Channel::Email")
    print(f"Chatwoot at {fake.url}, token {given.token}", flush=True)  # noqa: T201 - a command speaks to its caller
    fake._server.serve_forever()


if __name__ == "__main__":
    main()
