"""Every provider that a credential can be tested against, on 127.0.0.1, and a set of values that each of them takes.

Refusals and failures quote what was sent, as some real ones do: nothing of that may get any further.
"""

import base64
import contextlib
import hashlib
import hmac
import json
import socket
import threading
import urllib.parse
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

CANARY = "canario-4711-no-debe-verse"
EXPIRES = 4_102_444_800  # 2100-01-01
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
).decode()


class Providers:
    """`mode`: "" (answer properly), "broken" (500), "busy" (429), "silent" (no answer), "page" (some HTML), "moved"."""

    def __init__(self) -> None:
        self.mode = ""
        self.asked: list[str] = []
        self.released = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.providers = self
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()

    def point(self, settings: Any) -> None:
        """Every address of a provider leads here."""
        settings.OPENAI_BASE_URL = settings.GEMINI_BASE_URL = f"{self.url}/v1"
        settings.META_GRAPH_BASE_URL = f"{self.url}/graph"
        settings.INSTAGRAM_GRAPH_BASE_URL = f"{self.url}/instagram"
        settings.YCLOUD_BASE_URL = f"{self.url}/ycloud"
        settings.TIENDANUBE_BASE_URL = f"{self.url}/tiendanube"
        settings.GOOGLE_TOKEN_URI = f"{self.url}/token"

    def sets(self) -> dict[str, tuple[str, dict[str, str]]]:
        """name → (category, values that work); the secret among them holds the canary."""
        account = {
            "type": "service_account",
            "client_email": "crm@example.iam.gserviceaccount.com",
            "private_key": PEM,
            "token_uri": f"{self.url}/token",
            "note": CANARY,
        }
        return {
            "openai": ("openai", {"API_KEY": CANARY}),
            "gemini": ("google", {"API_KEY": CANARY, "BASE_URL": f"{self.url}/v1"}),
            "consent": ("google", {"CLIENT_ID": "client", "CLIENT_SECRET": CANARY, "REFRESH_TOKEN": f"r-{CANARY}"}),
            "service account": ("google", {"SERVICE_ACCOUNT_JSON": json.dumps(account)}),
            "meta": ("meta", {"APP_ID": "4711", "APP_SECRET": CANARY}),
            "whatsapp": ("whatsapp_cloud", {"ACCESS_TOKEN": CANARY}),
            "facebook": ("facebook", {"PAGE_ACCESS_TOKEN": CANARY}),
            "instagram": ("instagram", {"ACCESS_TOKEN": CANARY}),
            "ycloud": ("ycloud", {"API_KEY": CANARY}),
            "chatwoot": ("chatwoot", {"BASE_URL": self.url, "API_TOKEN": CANARY}),
            "tiendanube": ("tiendanube", {"STORE_ID": "77", "ACCESS_TOKEN": CANARY}),
            "webhook": ("webhook", {"URL": f"{self.url}/hook", "SECRET": CANARY}),
        }


SECRET_NAMES = (
    "API_KEY",
    "CLIENT_SECRET",
    "APP_SECRET",
    "ACCESS_TOKEN",
    "PAGE_ACCESS_TOKEN",
    "API_TOKEN",
    "SECRET",
    "PASSWORD",
)


class _Server(ThreadingHTTPServer):
    providers: Providers
    daemon_threads = True


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def log_message(self, *_words: object) -> None:
        """Tests are quiet."""

    def do_GET(self) -> None:
        self._do(b"")

    def do_POST(self) -> None:
        self._do(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    def _do(self, body: bytes) -> None:
        providers = self.server.providers
        providers.asked.append(f"{self.command} {self.path}")
        echo = {"error": {"message": f"{dict(self.headers)} {self.path} {body.decode(errors='replace')}", "code": 190}}
        if providers.mode == "silent":
            providers.released.wait(30)
            return
        if providers.mode in ("broken", "busy"):
            self._say(500 if providers.mode == "broken" else 429, echo)
            return
        if providers.mode == "moved":
            self._say(302, echo, Location="http://10.0.0.1/")
            return
        if providers.mode == "page":
            self._raw(200, b"<html>" + json.dumps(echo).encode())
            return
        status, answer = self._answer(body)
        self._say(status, answer if status == 200 else echo)

    def _answer(self, body: bytes) -> tuple[int, dict[str, Any]]:
        parts = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(parts.query))
        for beginning, rule in RULES.items():
            if parts.path.startswith(beginning):
                found = rule(self.headers, query, body)
                return (200, found) if found is not None else (401, {})
        return 404, {}

    def _say(self, status: int, answer: dict[str, Any], **headers: str) -> None:
        self._raw(status, json.dumps(answer).encode(), **headers)

    def _raw(self, status: int, content: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


Rule = Callable[[Any, dict[str, str], bytes], dict[str, Any] | None]
APP = f"4711|{CANARY}"


def _bearer(answer: dict[str, Any]) -> Rule:
    return lambda headers, query, body: answer if headers.get("Authorization") == f"Bearer {CANARY}" else None


def _header(name: str, value: str, answer: dict[str, Any]) -> Rule:
    return lambda headers, query, body: answer if headers.get(name) == value else None


def _debug(headers: Any, query: dict[str, str], body: bytes) -> dict[str, Any] | None:
    if headers.get("Authorization") != f"Bearer {APP}":
        return None
    token = query.get("input_token")
    if token not in (APP, CANARY):
        return {"data": {"is_valid": False, "error": {"message": f"bad {token}"}}}
    return {"data": {"is_valid": True, "application": "Acme CRM", "expires_at": EXPIRES if token == CANARY else 0}}


def _token(headers: Any, query: dict[str, str], body: bytes) -> dict[str, Any] | None:
    form = dict(urllib.parse.parse_qsl(body.decode()))
    if form.get("grant_type") == "refresh_token":
        good = form.get("client_secret") == CANARY and form.get("refresh_token") == f"r-{CANARY}"
        return {"access_token": "at-1"} if good else None
    try:
        jwt.decode(form["assertion"], KEY.public_key(), algorithms=["RS256"], options={"verify_aud": False})
    except (KeyError, jwt.PyJWTError):
        return None
    return {"access_token": "at-1"}


def _hook(headers: Any, query: dict[str, str], body: bytes) -> dict[str, Any] | None:
    at = headers.get("X-Sovereign-Timestamp", "")
    wanted = hmac.new(CANARY.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return {} if headers.get("X-Sovereign-Signature") == f"sha256={wanted}" else None


RULES: dict[str, Rule] = {
    "/v1/models": _bearer({"data": []}),
    "/token": _token,
    "/graph/v25.0/debug_token": _debug,
    "/graph/v25.0/me": _bearer({"id": "1", "name": "Acme"}),
    "/instagram/v25.0/me": _bearer({"id": "1", "username": "acme"}),
    "/ycloud/balance": _header("X-API-Key", CANARY, {"amount": 1}),
    "/api/v1/profile": _header("api_access_token", CANARY, {"name": "Ana"}),
    "/tiendanube/77/store": _header("Authentication", f"bearer {CANARY}", {"name": {"es": "Acme"}}),
    "/hook": _hook,
}


class MailServer:
    """Speaks enough SMTP to sign in; `answer` is what it says to AUTH. `silent`: it never greets."""

    def __init__(self, *, answer: str = "", silent: bool = False) -> None:
        self.answer, self.silent = answer, silent
        self.said: list[str] = []
        self.released = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self.released.set()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                connected, _peer = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(connected,), daemon=True).start()

    def _talk(self, connected: socket.socket) -> None:
        with connected, connected.makefile("rw", newline="\r\n") as line:
            if self.silent:
                self.released.wait(30)
                return
            line.write("220 mail\r\n")
            line.flush()
            for words in line:
                self.said.append(words.strip())
                line.write(self._reply(words.strip()) + "\r\n")
                line.flush()
                if words.upper().startswith("QUIT"):
                    return

    def _reply(self, words: str) -> str:
        verb = words.split(" ")[0].upper()
        if verb == "EHLO":
            return "250-mail\r\n250 AUTH PLAIN"
        if verb != "AUTH":
            return "250 ok"
        if self.answer:
            return f"{self.answer} {words}"
        given = base64.b64decode(words.split(" ")[-1]).decode().split("\x00")
        return "235 in" if given[1:] == ["ventas", CANARY] else f"535 no {words}"

    def values(self) -> dict[str, str]:
        return {
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            "USER": "ventas",
            "PASSWORD": CANARY,
            "FROM": "a@acme.test",
        }
