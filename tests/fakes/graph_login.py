"""Signing in at Meta on 127.0.0.1, as providers §3 tells it: the dialog, codes, tokens, accounts, subscriptions, registering.

Codes work once, for 30 seconds and one address; an expired token is not exchanged; lists have pages; `appsecret_proof` is
demanded of whatever is asked with a person's or a page's token.
"""

import hmac
import html
import itertools
import json
import re
import time
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.served import Fake, Speaker

APP_ID, APP_SECRET = "4711", "app-secret"
INSTAGRAM_APP_ID, INSTAGRAM_SECRET = "815", "instagram-secret"
CODE_SECONDS = 30
SHORT, LONG = 3600, 60 * 86_400
MARK = "EAAfake"  # every token that a person could leak begins so

Json = dict[str, Any]
Answer = tuple[int, Json]


@dataclass
class Token:
    """`until` 0: for ever."""

    kind: str
    until: float = 0
    scopes: list[str] = field(default_factory=list)
    is_valid: bool = True

    @property
    def works(self) -> bool:
        return self.is_valid and (not self.until or self.until > time.time())


@dataclass
class Code:
    redirect: str
    scopes: list[str]
    instagram: bool
    at: float = field(default_factory=time.time)


class LoginFake(Fake):
    """`with LoginFake() as meta:` serves at `meta.url` what three hosts of Meta do.

    `denies`: the person says no; `granted`: what they tick, everything asked when None; `lasts`: seconds of the first token,
    0 for a system user's; `names_accounts` False: the token does not say for which WhatsApp accounts it is.
    """

    def __init__(self) -> None:
        super().__init__(_Handler)
        self.denies = False
        self.granted: list[str] | None = None
        self.lasts = SHORT
        self.names_accounts = True
        self.no_exchange = 0  # the code with which a token is not made to last
        self.page_size = 100
        self.knows_phone_app = True
        self.unknown_fields: set[str] = set()  # of a number: a question with one of them is refused as a whole
        self.pages: list[Json] = []
        self.numbers: dict[str, list[Json]] = {}
        self.instagram: Json = {}
        self.codes: dict[str, Code] = {}
        self.tokens: dict[str, Token] = {}
        self.subscribed: dict[str, Json] = {}
        self.hooks: dict[str, Json] = {}
        self.pins: dict[str, str] = {}
        self.registered: dict[str, int] = {}
        self.synced: list[tuple[str, str]] = []  # (number, what of its phone)
        self.refusals: list[tuple[str, int, int]] = []  # (part of the path, HTTP status, code)
        self.calls: list[tuple[str, str, Json]] = []
        self.called_back: Callable[[str, str], bool] | None = None  # (address, verify token) → whether it answered
        self._numbers = itertools.count(1)

    def point(self, settings: Any) -> None:
        for name in ("META_GRAPH", "META_DIALOG", "INSTAGRAM_GRAPH", "INSTAGRAM_OAUTH"):
            setattr(settings, f"{name}_BASE_URL", self.url)

    # --- what tests say to it ---
    def add_page(self, pk: str, name: str, *, instagram: str = "") -> None:
        token = self.mint("page")
        page: Json = {"id": pk, "name": name, "access_token": token, "tasks": ["MESSAGING"]}
        if instagram:
            page["instagram_business_account"] = {"id": f"17{pk}", "username": instagram}
        self.pages.append(page)

    def add_number(self, pk: str, shown: str, *, waba: str = "100", name: str = "Acme", **more: Any) -> None:
        row = {"id": pk, "display_phone_number": shown, "verified_name": name, "quality_rating": "GREEN"}
        row |= {"code_verification_status": "VERIFIED", "status": "PENDING", "platform_type": "NOT_APPLICABLE", **more}
        self.numbers.setdefault(waba, []).append(row)

    def mint(self, kind: str, *, lasts: float = 0, scopes: list[str] | None = None) -> str:
        token = f"{MARK}{kind}{next(self._numbers)}"
        self.tokens[token] = Token(kind, time.time() + lasts if lasts else 0, scopes or [])
        return token

    def refuse(self, path: str, code: int, *, status: int = 400) -> None:
        """The next call whose path contains this is refused."""
        self.refusals.append((path, status, code))

    def kill(self, kind: str = "") -> None:
        """Every token of the kind is dead: the password was changed."""
        for token in self.tokens.values():
            token.is_valid = token.is_valid and bool(kind) and token.kind != kind

    def delivers(self, kind: str, field: str, node: str) -> str:
        """Where an event of an account goes; empty when nobody is told of it."""
        app, account = self.hooks.get(kind, {}), self.subscribed.get(node)
        if account is None or not self.hooked(kind, field):
            return ""
        if kind != "whatsapp_business_account":
            return str(app["callback_url"]) if field in account["subscribed_fields"] else ""
        # What is told of the account itself goes to the app's own address, whatever the account says.
        own = account.get("override_callback_uri") if field in ("messages", *FROM_THE_PHONE) else None
        return str(own or app["callback_url"])

    def hooked(self, kind: str, field: str) -> bool:
        """Whether the app is subscribed to such events at all."""
        return any(each["name"] == field for each in self.hooks.get(kind, {}).get("fields", []))

    def called(self, part: str, method: str = "") -> list[Json]:
        return [given for verb, path, given in self.calls if part in path and method in ("", verb)]

    def consent(self, address: str) -> str:
        """Where the dialog sends the person afterwards."""
        url = urllib.parse.urlsplit(address)
        asked = dict(urllib.parse.parse_qsl(url.query))
        answer = {"state": asked.get("state", "")}
        instagram = url.path == "/oauth/authorize"
        known = asked.get("client_id") == (INSTAGRAM_APP_ID if instagram else APP_ID)
        if self.denies:
            answer |= {"error": "access_denied", "error_reason": "user_denied", "error_description": "No"}
        elif not known or asked.get("response_type") != "code":
            answer |= {"error": "invalid_request"}
        else:
            scopes = asked.get("scope", "").split(",") if asked.get("scope") else ALL_WHATSAPP
            code = answer["code"] = f"AQcode{next(self._numbers)}"
            given = scopes if self.granted is None else self.granted
            self.codes[code] = Code(asked.get("redirect_uri", ""), list(given), instagram)
        return f"{asked.get('redirect_uri', '')}?{urllib.parse.urlencode(answer)}"

    # --- tokens ---
    def exchange(self, given: Json, *, instagram: bool) -> Answer:
        app = (INSTAGRAM_APP_ID, INSTAGRAM_SECRET) if instagram else (APP_ID, APP_SECRET)
        if (given.get("client_id"), given.get("client_secret")) != app:
            return refused(101, "Error validating application")
        if given.get("grant_type") == "fb_exchange_token":
            if self.no_exchange:
                return refused(self.no_exchange, "as the test said")
            return self.prolong(given.get("fb_exchange_token", ""), "long")
        code = self.codes.pop(given.get("code", ""), None)
        if code is None or code.instagram != instagram:
            return refused(100, "This authorization code has been used.")
        if time.time() - code.at > CODE_SECONDS:
            return refused(100, "This authorization code has expired.")
        if code.redirect != given.get("redirect_uri"):
            return refused(100, "Error validating verification code: redirect_uri differs")
        token = self.mint("instagram" if instagram else "user", lasts=self.lasts, scopes=code.scopes)
        if instagram:
            inner = {"access_token": token, "user_id": self.instagram.get("user_id"), "permissions": code.scopes}
            return 200, {"data": [inner]}
        return 200, {"access_token": token, "token_type": "bearer"} | ({"expires_in": self.lasts} if self.lasts else {})

    def prolong(self, old: str, kind: str) -> Answer:
        known = self.tokens.get(old)
        if known is None or not known.works:
            return refused(190, "Error validating access token", status=401)
        token = self.mint(kind, lasts=LONG, scopes=known.scopes)
        return 200, {"access_token": token, "token_type": "bearer", "expires_in": LONG}

    def inspect(self, token: str) -> Answer:
        known = self.tokens.get(token)
        if known is None or not known.works:
            return 200, {"data": {"app_id": APP_ID, "is_valid": False, "error": {"code": 190, "message": "dead"}}}
        targets = [int(each) if index else each for index, each in enumerate(self.numbers)]  # both forms occur
        granular = [
            {"scope": each} | ({"target_ids": targets} if self.names_accounts and "whatsapp" in each else {})
            for each in known.scopes
        ]
        data: Json = {"app_id": APP_ID, "is_valid": True, "expires_at": int(known.until), "scopes": known.scopes}
        return 200, {"data": data | {"granular_scopes": granular}}

    # --- nodes ---
    def listed(self, rows: list[Json], given: Json) -> Answer:
        start = int(given.get("after") or 0)
        part = rows[start : start + self.page_size]
        paging: Json = {"cursors": {"before": str(start), "after": str(start + len(part))}}
        if start + len(part) < len(rows):
            paging["next"] = f"{self.url}/steals-the-token?access_token=x&after={start + len(part)}"
        return 200, {"data": part, "paging": paging}

    def get(self, path: str, given: Json, token: str) -> Answer:
        if path == "me/accounts":
            return self.listed(self.pages, given)
        if path == "me/businesses":
            return self.listed([{"id": "55"}], given)
        if path in ("55/owned_whatsapp_business_accounts", "55/client_whatsapp_business_accounts"):
            return self.listed([{"id": each} for each in self.numbers] if "owned" in path else [], given)
        node, _slash, edge = path.partition("/")
        if edge == "phone_numbers":
            if not self.knows_phone_app and "is_on_biz_app" in given.get("fields", ""):
                return refused(100, "Tried accessing nonexisting field (is_on_biz_app)")
            return self.listed(self.numbers.get(node, []), given)
        if edge == "subscribed_apps":
            row = self.subscribed.get(node)
            return 200, {"data": [row] if row else []}
        if edge == "subscriptions":
            return 200, {"data": list(self.hooks.values())} if token == f"{APP_ID}|{APP_SECRET}" else {"data": []}
        if path == "me" and self.tokens[token].kind == "instagram":
            return 200, self.instagram
        page = next((each for each in self.pages if each["access_token"] == token), None)
        if page is not None:
            return 200, {"id": page["id"], "name": page["name"]}
        if self.unknown_fields & set(given.get("fields", "").split(",")):
            return refused(100, "Tried accessing nonexisting field")
        rows = [each for numbers in self.numbers.values() for each in numbers if each["id"] == node]
        return (200, rows[0]) if rows else (200, {"id": node, "username": self.instagram.get("username", "x")})

    def post(self, path: str, given: Json, token: str) -> Answer:
        node, _slash, edge = path.partition("/")
        if edge == "subscribed_apps":
            return self.subscribe(node, given)
        if edge == "subscriptions":
            if not self.reaches(str(given.get("callback_url")), str(given.get("verify_token"))):
                return refused(2200, "Callback verification failed")
            self.hook(given["object"], given["callback_url"], given.get("fields", ""))
            return 200, {"success": True}
        if edge == "register":
            return self.register(node, given)
        if edge == "smb_app_data":
            return self.sync(node, given)
        return refused(100, "Unsupported post request")

    def hook(self, kind: str, address: str, fields: str) -> None:
        """The app sends these events of a kind of account there."""
        named = [{"name": each, "version": "v25.0"} for each in fields.split(",") if each]
        self.hooks[kind] = {"object": kind, "callback_url": address, "active": True, "fields": named}

    def subscribe(self, node: str, given: Json) -> Answer:
        if "override_callback_uri" in given:
            if node not in self.subscribed or not self.hooked("whatsapp_business_account", "messages"):
                return refused(100, "Before override the current callback uri, your app must be subscribed")
            if not self.reaches(given["override_callback_uri"], given.get("verify_token", "")):
                return refused(2200, "Callback verification failed")
        if node in self.numbers:
            row: Json = {"whatsapp_business_api_data": {"id": APP_ID, "name": "CRM"}}
            row |= {name: given[name] for name in ("override_callback_uri",) if name in given}
        else:
            row = {"id": APP_ID, "name": "CRM", "subscribed_fields": given.get("subscribed_fields", "").split(",")}
        self.subscribed[node] = row
        return 200, {"success": True}

    def reaches(self, address: str, verify_token: str) -> bool:
        return bool(verify_token) and (self.called_back is None or self.called_back(address, verify_token))

    def register(self, node: str, given: Json) -> Answer:
        self.registered[node] = self.registered.get(node, 0) + 1
        if self.registered[node] > 10:
            return refused(133016, "Too many register attempts in 72 hours")
        if not re.fullmatch(r"\d{6}", str(given.get("pin"))) or self.pins.get(node, given["pin"]) != given["pin"]:
            return refused(133005, "Two step verification PIN mismatch")
        self.pins[node] = given["pin"]
        return 200, {"success": True}

    def sync(self, node: str, given: Json) -> Answer:
        """Once each, and only for a number that is on a phone too."""
        what = (node, str(given.get("sync_type")))
        on_phone = any(row["id"] == node and row.get("is_on_biz_app") for rows in self.numbers.values() for row in rows)
        if what in self.synced or what[1] not in SYNCS or not on_phone or given.get("messaging_product") != "whatsapp":
            return refused(100, "Invalid parameter")
        self.synced.append(what)
        return 200, {"messaging_product": "whatsapp", "request_id": f"r{len(self.synced)}"}


FROM_THE_PHONE = ("smb_message_echoes", "smb_app_state_sync", "history")
SYNCS = ("smb_app_state_sync", "history")
ALL_WHATSAPP = ["whatsapp_business_management", "whatsapp_business_messaging", "business_management"]


def refused(code: int, words: str, *, status: int = 400) -> Answer:
    return status, {"error": {"message": f"(#{code}) {words} {MARK}quoted", "type": "OAuthException", "code": code}}


class _Handler(Speaker[LoginFake]):
    def do_GET(self) -> None:
        if urllib.parse.urlsplit(self.path).path.endswith(("/dialog/oauth", "/oauth/authorize")):
            back = html.escape(self.fake.consent(self.path))
            self.answer(200, f'<title>Meta</title><a href="{back}">Permitir</a>'.encode(), mime="text/html")
        elif self.path == "/favicon.ico":  # what a browser asks of every host
            self.answer(200, b"", mime="image/x-icon")
        else:
            self.serve("GET")

    def do_POST(self) -> None:
        self.serve("POST")

    def do_DELETE(self) -> None:
        self.serve("DELETE")

    def serve(self, method: str) -> None:
        url = urllib.parse.urlsplit(self.path)
        given: Json = dict(urllib.parse.parse_qsl(url.query))
        raw = self.body().decode()
        is_json = "json" in self.headers.get("Content-Type", "")
        given |= json.loads(raw) if raw and is_json else dict(urllib.parse.parse_qsl(raw))
        fake = self.fake
        fake.calls.append((method, url.path, given))
        status, body = self.decide(fake, method, url.path, given)
        self.answer(status, body)

    def decide(self, fake: LoginFake, method: str, path: str, given: Json) -> Answer:
        for rule in fake.refusals:
            if rule[0] in path:
                fake.refusals.remove(rule)
                return refused(rule[2], "as the test said", status=rule[1])
        bare = re.sub(r"^/v\d+\.\d+/", "", path)
        if (method, path) == ("POST", "/oauth/access_token"):
            return fake.exchange(given, instagram=True)
        if bare == "oauth/access_token":
            return fake.exchange(given, instagram=False)
        if path in ("/access_token", "/refresh_access_token"):
            return fake.prolong(given.get("access_token", ""), "instagram")
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if token == f"{APP_ID}|{APP_SECRET}":
            if bare == "debug_token":
                return fake.inspect(given.get("input_token", ""))
        elif token not in fake.tokens or not fake.tokens[token].works:
            return refused(190, "Error validating access token", status=401)
        elif fake.tokens[token].kind != "instagram":
            proof = hmac.digest(APP_SECRET.encode(), token.encode(), "sha256").hex()
            if given.get("appsecret_proof") != proof:
                return refused(100, "API calls from the server require an appsecret_proof argument")
        if method == "DELETE" and bare.endswith("/subscriptions"):
            fake.hooks.pop(given["object"], None)
            return 200, {"success": True}
        if method == "DELETE":
            fake.subscribed.pop(bare.partition("/")[0], None)
            return 200, {"success": True}
        return fake.get(bare, given, token) if method == "GET" else fake.post(bare, given, token)
