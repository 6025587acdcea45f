"""A mail server of this machine that speaks enough SMTP (RFC 5321, AUTH of RFC 4954, STARTTLS of RFC 3207), and can misbehave."""

import base64
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any


@dataclass
class Mailbox:
    """What arrived, and how the server behaves: `refuse` maps a verb (AUTH, MAIL, RCPT, DATA, BODY) to its answer."""

    port: int = 0
    arrived: list[EmailMessage] = field(default_factory=list)
    logins: list[tuple[str, str]] = field(default_factory=list)
    connections: int = 0
    refuse: dict[str, str] = field(default_factory=dict)
    offers_tls: bool = False
    offers_auth: bool = True
    drop_at: str = ""  # the verb at which it hangs up
    silent: bool = False  # never says a word
    encrypted: list[bool] = field(default_factory=list)  # for each message that arrived

    @property
    def last(self) -> EmailMessage:
        assert self.arrived, "no e-mail arrived"
        return self.arrived[-1]

    def to(self, address: str) -> list[EmailMessage]:
        return [each for each in self.arrived if address in str(each["To"])]


def text_of(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def html_of(message: EmailMessage) -> str:
    body = message.get_body(("html",))
    assert body is not None
    return str(body.get_content())


class _Talk(socketserver.StreamRequestHandler):
    box: Mailbox
    tls: ssl.SSLContext | None
    done: threading.Event

    def say(self, line: str) -> None:
        self.wfile.write(line.encode() + b"\r\n")

    def handle(self) -> None:
        self.box.connections += 1
        self.secure = False
        if self.box.silent:
            self.done.wait(20)
            return
        self.say("220 localhost ESMTP")
        try:
            while line := self.rfile.readline():
                if not self.obey(line.decode(errors="replace").strip()):
                    return
        except (OSError, ValueError):
            return

    def obey(self, line: str) -> bool:
        verb = line.split(" ")[0].upper()
        if verb == self.box.drop_at:
            return False
        if verb in self.box.refuse:
            self.say(self.box.refuse[verb])
            return True
        return bool(getattr(self, f"on_{verb.lower()}", self.on_other)(line))

    def on_ehlo(self, line: str) -> bool:
        offers = ["250-localhost"]
        offers += ["250-STARTTLS"] if self.box.offers_tls and not self.secure else []
        offers += ["250-AUTH PLAIN LOGIN"] if self.box.offers_auth else []
        for each in [*offers, "250 8BITMIME"]:
            self.say(each)
        return True

    def on_starttls(self, line: str) -> bool:
        assert self.tls is not None
        self.say("220 go ahead")
        self.connection = self.tls.wrap_socket(self.connection, server_side=True)
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", buffering=0)
        self.secure = True
        return True

    def on_auth(self, line: str) -> bool:
        _empty, user, password = base64.b64decode(line.split(" ")[2]).decode().split("\x00")
        self.box.logins.append((user, password))
        self.say("235 welcome")
        return True

    def on_data(self, line: str) -> bool:
        self.say("354 go on")
        raw = bytearray()
        while (part := self.rfile.readline()) not in (b".\r\n", b""):
            raw += part[1:] if part.startswith(b".") else part
        if "BODY" in self.box.refuse:
            self.say(self.box.refuse["BODY"])
            return True
        parsed = message_from_bytes(bytes(raw), policy=policy.default)
        assert isinstance(parsed, EmailMessage)
        self.box.arrived.append(parsed)
        self.box.encrypted.append(self.secure)
        self.say("250 kept")
        return True

    def on_quit(self, line: str) -> bool:
        self.say("221 bye")
        return False

    def on_other(self, line: str) -> bool:
        self.say("250 fine")
        return True


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address, daemon_threads = True, True


@contextmanager
def smtp_server(*, tls: ssl.SSLContext | None = None, **behaviour: Any) -> Iterator[Mailbox]:
    """`with smtp_server() as box:` listens on 127.0.0.1:box.port. With `tls` it offers STARTTLS."""
    box, done = Mailbox(offers_tls=tls is not None, **behaviour), threading.Event()
    talk = type("Talk", (_Talk,), {"box": box, "tls": tls, "done": done})
    with _Server(("127.0.0.1", 0), talk) as server:
        box.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield box
        finally:
            done.set()
            server.shutdown()
            thread.join(5)
