"""The templates of a WhatsApp account, as Meta's Graph API and YCloud serve them, on 127.0.0.1."""

import itertools
import json
import re
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Json = dict[str, Any]
TOKEN, KEY, WABA, PHONE = "token-of-acme", "key-of-acme", "777", "+5491155550000"


class TemplatesFake:
    """`with TemplatesFake() as fake:` serves Meta at `fake.url` and YCloud at `fake.url + "/v2"`."""

    def __init__(self, *, page: int = 2) -> None:
        self.page = page
        self.kept: list[Json] = []
        self.submitted: list[Json] = []
        self.changed: list[Json] = []
        self.uploads: list[bytes] = []
        self.refusal: tuple[int, Json] | None = None  # what the next submissions are answered with
        self.drops = 0  # submissions that are kept but whose answer is lost
        self.ids = itertools.count(1000)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        self._server.fake = self  # type: ignore[attr-defined]
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> "TemplatesFake":
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def add(self, name: str, *, status: str = "APPROVED", body: str = "Hola {{1}}, gracias.", **more: Any) -> Json:
        """A template that the account has already."""
        text = {"type": "BODY", "text": body}
        given = {"id": str(next(self.ids)), "name": name, "language": "es_AR", "status": status, "category": "UTILITY"}
        self.kept.append({**given, "components": [text], **more})
        return self.kept[-1]

    def refuse(self, code: int, message: str, *, subcode: int = 0, status: int = 400) -> None:
        error = {"code": code, "error_subcode": subcode, "message": "Invalid parameter", "error_user_msg": message}
        self.refusal = (status, error)

    def take(self, body: Json) -> Json:
        """A submission."""
        self.submitted.append(body)
        same = (each for each in self.kept if (each["name"], each["language"]) == (body["name"], body["language"]))
        if next(same, None) is not None:
            self.refuse(100, "Content in this language already exists", subcode=2388024)
            return {}
        return self.add(body["name"], status="PENDING", language=body["language"], components=body["components"])


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""

    @property
    def fake(self) -> TemplatesFake:
        return self.server.fake  # type: ignore[attr-defined]

    def answer(self, body: Any, status: int = 200) -> None:
        raw = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def do_GET(self) -> None:
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        if url.path.startswith("/v2/"):
            return self.ycloud(url.path.removeprefix("/v2/whatsapp/"), query)
        if url.path == "/sample.png":
            return self.answer({"a": "file"})
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            return self.answer({"error": {"code": 190}}, 401)
        if not re.fullmatch(rf"/v\d+\.\d+/{WABA}/message_templates", url.path):
            return self.answer({"error": {"code": 100}}, 400)
        start = int(query.get("after") or 0)
        found, more = self.fake.kept[start : start + self.fake.page], len(self.fake.kept) > start + self.fake.page
        paging: Json = {"cursors": {"after": str(start + self.fake.page)}}
        if more:
            paging["next"] = f"{self.fake.url}/never-follow-me?access_token={TOKEN}"
        return self.answer({"data": found, "paging": paging})

    def ycloud(self, path: str, query: dict[str, str]) -> None:
        if self.headers.get("X-API-Key") != KEY:
            return self.answer({"error": {"status": 401, "code": "UNAUTHORIZED"}}, 401)
        if path == "phoneNumbers":
            return self.answer({"items": [{"phoneNumber": PHONE, "wabaId": WABA}]})
        if path != "templates" or query.get("filter.wabaId") != WABA:
            return self.answer({"error": {"status": 404, "code": "NOT_FOUND"}}, 404)
        start = (int(query["page"]) - 1) * int(query["limit"])
        kept = [{**each, "wabaId": WABA, "officialTemplateId": each["id"]} for each in self.fake.kept]
        return self.answer({"items": kept[start : start + int(query["limit"])], "offset": start})

    def do_POST(self) -> None:
        raw, path = self.body(), urllib.parse.urlsplit(self.path).path
        if path.endswith("/uploads"):
            return self.answer({"id": "upload:abc"})
        if "upload:" in path:
            self.fake.uploads.append(raw)
            return self.answer({"h": "4::handle"})
        given = json.loads(raw)
        ours = path.startswith("/v2/") or self.headers.get("Authorization") == f"Bearer {TOKEN}"
        if not ours:
            return self.answer({"error": {"code": 190}}, 401)
        if re.fullmatch(r"/v\d+\.\d+/\d{4}", path):
            self.fake.changed.append(given)
            return self.answer({"success": True})
        return self.accept(given) if self.fake.refusal is None else self.refused(path)

    def accept(self, given: Json) -> None:
        made = self.fake.take(given)
        if self.fake.refusal is not None:
            return self.refused(self.path)
        if self.fake.drops:
            self.fake.drops -= 1
            self.close_connection = True
            self.connection.close()
            return None
        return self.answer({"id": made["id"], "status": "PENDING", "category": given["category"]})

    def refused(self, path: str) -> None:
        assert self.fake.refusal is not None
        status, error = self.fake.refusal
        self.fake.refusal = None
        if path.startswith("/v2/"):
            wrapped = {**error, "code": str(error["code"])}
            return self.answer({"error": {"status": status, "code": "BAD", "whatsappApiError": wrapped}}, status)
        return self.answer({"error": error}, status)

    def do_PATCH(self) -> None:
        self.fake.changed.append(json.loads(self.body()))
        self.answer({})
