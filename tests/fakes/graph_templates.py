"""The templates of a WhatsApp account, as Meta's Graph API and YCloud serve them, on 127.0.0.1."""

import hmac
import itertools
import json
import re
import urllib.parse
from typing import Any

from tests.fakes.served import Fake, Speaker

Json = dict[str, Any]
SECRET = "app-secret"
TOKEN, KEY, WABA, PHONE = "token-of-acme", "key-of-acme", "777", "+5491155550000"


class TemplatesFake(Fake):
    """`with TemplatesFake() as fake:` serves Meta at `fake.url` and YCloud at `fake.url + "/v2"`."""

    def __init__(self, *, page: int = 2) -> None:
        super().__init__(_Handler)
        self.page = page
        self.kept: list[Json] = []
        self.submitted: list[Json] = []
        self.changed: list[Json] = []
        self.uploads: list[bytes] = []
        self.refusal: tuple[int, Json] | None = None  # what the next submissions are answered with
        self.drops = 0  # submissions that are kept but whose answer is lost
        self.needs_proof = False  # calls without appsecret_proof are refused, as an app may demand
        self.ids = itertools.count(1000)

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


class _Handler(Speaker[TemplatesFake]):
    def do_GET(self) -> None:
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        if url.path.startswith("/v2/"):
            return self.ycloud(url.path.removeprefix("/v2/whatsapp/"), query)
        if url.path == "/sample.png":
            return self.answer(200, {"a": "file"})
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            return self.answer(401, {"error": {"code": 190}})
        if self.proof_is_missing(query) or not re.fullmatch(rf"/v\d+\.\d+/{WABA}/message_templates", url.path):
            return self.answer(400, {"error": {"code": 100}})
        start = int(query.get("after") or 0)
        found, more = self.fake.kept[start : start + self.fake.page], len(self.fake.kept) > start + self.fake.page
        paging: Json = {"cursors": {"after": str(start + self.fake.page)}}
        if more:
            paging["next"] = f"{self.fake.url}/never-follow-me?access_token={TOKEN}"
        return self.answer(200, {"data": found, "paging": paging})

    def ycloud(self, path: str, query: dict[str, str]) -> None:
        if self.headers.get("X-API-Key") != KEY:
            return self.answer(401, {"error": {"status": 401, "code": "UNAUTHORIZED"}})
        if path == "phoneNumbers":
            return self.answer(200, {"items": [{"phoneNumber": PHONE, "wabaId": WABA}]})
        if path != "templates" or query.get("filter.wabaId") != WABA:
            return self.answer(404, {"error": {"status": 404, "code": "NOT_FOUND"}})
        start = (int(query["page"]) - 1) * int(query["limit"])
        kept = [{**each, "wabaId": WABA, "officialTemplateId": each["id"]} for each in self.fake.kept]
        return self.answer(200, {"items": kept[start : start + int(query["limit"])], "offset": start})

    def do_POST(self) -> None:
        raw, url = self.body(), urllib.parse.urlsplit(self.path)
        path, query = url.path, dict(urllib.parse.parse_qsl(url.query))
        if not path.startswith("/v2/") and self.proof_is_missing(query):
            return self.answer(400, {"error": {"code": 100}})
        if path.endswith("/uploads"):
            return self.answer(200, {"id": "upload:abc"})
        if "upload:" in path:
            self.fake.uploads.append(raw)
            return self.answer(200, {"h": "4::handle"})
        given = json.loads(raw)
        ours = path.startswith("/v2/") or self.headers.get("Authorization") == f"Bearer {TOKEN}"
        if not ours:
            return self.answer(401, {"error": {"code": 190}})
        if re.fullmatch(r"/v\d+\.\d+/\d{4}", path):
            self.fake.changed.append(given)
            return self.answer(200, {"success": True})
        return self.accept(given) if self.fake.refusal is None else self.refused(path)

    def proof_is_missing(self, query: Json) -> bool:
        proof = hmac.digest(SECRET.encode(), TOKEN.encode(), "sha256").hex()
        return self.fake.needs_proof and query.get("appsecret_proof") != proof

    def accept(self, given: Json) -> None:
        made = self.fake.take(given)
        if self.fake.refusal is not None:
            return self.refused(self.path)
        if self.fake.drops:
            self.fake.drops -= 1
            self.close_connection = True
            self.connection.close()
            return None
        return self.answer(200, {"id": made["id"], "status": "PENDING", "category": given["category"]})

    def refused(self, path: str) -> None:
        assert self.fake.refusal is not None
        status, error = self.fake.refusal
        self.fake.refusal = None
        if path.startswith("/v2/"):
            wrapped = {**error, "code": str(error["code"])}
            return self.answer(status, {"error": {"status": status, "code": "BAD", "whatsappApiError": wrapped}})
        return self.answer(status, {"error": error})

    def do_PATCH(self) -> None:
        self.fake.changed.append(json.loads(self.body()))
        self.answer(200, {})
