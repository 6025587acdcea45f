"""No address that a company, a customer or a provider hands us leads inside, whichever part of the product calls it."""

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest

from agents.llm.base import ChatMessage, ChatRequest, LLMError
from agents.llm.openai_compatible import OpenAICompatible
from config.lib import addresses, http
from config.lib.errors import ProviderError
from messaging.providers.base import MediaRef
from messaging.providers.meta_direct.client import MetaWhatsApp
from rag.embeddings.openai import OpenAIEmbedder
from tenants.providers_check import chatwoot
from tenants.providers_check.base import Away, Refused
from tenants.services import smtp
from tests.security.url_forms import FORMS, NAMES, REACHING, TARGETS

OUTSIDE = "127.0.0.2"  # stands for the internet: the only address of this machine that the tests call public
FAR_AWAY = {"8.8.8.8", "8.8.4.4", "1.1.1.1", "2001:4860:4860::8888"}
REFUSALS = (ProviderError, LLMError, smtp.NotSent, Refused, Away)


@dataclass
class Place:
    """A server on one address: counts who connects, answers each request with the same bytes."""

    host: str
    answer: bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"
    hits: int = 0
    port: int = 0
    _server: socket.socket = field(init=False)

    def __enter__(self) -> "Place":
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        self._server = socket.create_server((self.host, self.port), family=family)
        self.port = self._server.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _address = self._server.accept()
                self.hits += 1
                with connection, contextlib.suppress(OSError):
                    connection.settimeout(0.3)
                    connection.recv(65536)
                    connection.sendall(self.answer)

    def redirects(self, status: int, target: str) -> None:
        self.answer = f"HTTP/1.1 {status} Go\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n".encode()

    def says(self, body: object) -> None:
        text = json.dumps(body).encode()
        self.answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(text), text)


@dataclass
class World:
    canary: Place
    outside: Place
    tried: list[str]  # every address that a connection was opened to
    asked: list[str]  # every name that was looked up
    names: dict[str, list[str]]

    @property
    def front(self) -> str:
        return f"http://{OUTSIDE}:{self.outside.port}"

    def url(self, form: str) -> str:
        return form.replace("{port}", str(self.canary.port))

    def nothing_inside_was_called(self) -> None:
        assert self.canary.hits == 0
        assert set(self.tried) <= {OUTSIDE, *FAR_AWAY}


@pytest.fixture(scope="module")
def places() -> Iterator[tuple[Place, Place]]:
    with Place("127.0.0.1") as canary, Place(OUTSIDE) as outside:
        six = Place("::1", port=canary.port)
        with six if socket.has_ipv6 else contextlib.nullcontext():
            yield canary, outside


@pytest.fixture
def world(places: tuple[Place, Place], settings: Any, monkeypatch: pytest.MonkeyPatch) -> World:
    """The guard as in production, a look-up of our own, and a note of every connection."""
    settings.ALLOW_PRIVATE_PROVIDER_URLS = False
    canary, outside = places
    canary.hits = 0
    made = World(canary, outside, [], [], dict(NAMES))
    public, connect, look_up = addresses.is_public, socket.socket.connect, socket.getaddrinfo

    def noting(self: socket.socket, address: Any) -> None:
        made.tried.append(str(address[0]))
        connect(self, address)

    def answering(host: Any, port: Any, *args: Any, **more: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else str(host)
        made.asked.append(name)
        if name.lower().rstrip(".") in made.names:
            known = made.names[name.lower().rstrip(".")]
            families = {address: socket.AF_INET6 if ":" in address else socket.AF_INET for address in known}
            return [(families[each], socket.SOCK_STREAM, 6, "", (each, port)) for each in known]
        return look_up(host, port, *args, **more)

    monkeypatch.setattr(smtp, "PORTS", smtp.PORTS | {canary.port})
    monkeypatch.setattr(addresses, "is_public", lambda address: address == OUTSIDE or public(address))
    monkeypatch.setattr(socket.socket, "connect", noting)
    monkeypatch.setattr(socket, "getaddrinfo", answering)
    return made


# --- the sinks -------------------------------------------------------------------------------------------
def _request(url: str, world: World) -> None:
    http.request("GET", url, follow=True, timeout=3)


def _post(url: str, world: World) -> None:
    http.request("POST", url, json={"a": 1}, follow=True, timeout=3)


def _whatsapp(world: World) -> MetaWhatsApp:
    return MetaWhatsApp(base_url=world.front, version="v1", phone_number_id="1", access_token="secret-of-acme")


def _media_link(url: str, world: World) -> None:
    """The link that a customer's message brings."""
    _whatsapp(world).fetch_media(MediaRef(mime="image/png", url=url))


def _media_answer(url: str, world: World) -> None:
    """The link that the provider answers for a file's id."""
    before = world.outside.answer
    world.outside.says({"url": url, "mime_type": "image/png"})
    try:
        _whatsapp(world).fetch_media(MediaRef(provider_media_id="7", mime="image/png"))
    finally:
        world.outside.answer = before


def _model(url: str, world: World) -> None:
    """A company's own BASE_URL of its model, through the provider's own client."""
    asked = ChatRequest(model="gpt-5-mini", messages=(ChatMessage("user", "Hola"),), timeout=3.0)
    OpenAICompatible(base_url=url, api_key="secret-of-acme", name="custom").complete(asked)


def _embeddings(url: str, world: World) -> None:
    OpenAIEmbedder(provider="openai", base_url=url, api_key="secret-of-acme", name="m").embed(["Hola"], kind="query")


def _chatwoot(url: str, world: World) -> None:
    """The button that tries a company's own server."""
    chatwoot.ask({"BASE_URL": url, "API_TOKEN": "secret-of-acme"})


def _mail(url: str, world: World) -> None:
    """A company's own mail server: the form's host, at the canary's port."""
    try:
        host = urlsplit(url).hostname or url
    except ValueError:
        host = url
    with smtp.conversation(smtp.Server(host, world.canary.port, "a@acme.test", password="secret-of-acme")):
        pass


Sink = Callable[[str, World], None]
SINKS: dict[str, Sink] = {
    "request": _request,
    "post": _post,
    "media link": _media_link,
    "media answer": _media_answer,
    "model": _model,
    "embeddings": _embeddings,
    "chatwoot": _chatwoot,
    "mail": _mail,
}
every_sink = pytest.mark.parametrize("sink", SINKS.values(), ids=SINKS.keys())


def call(sink: Sink, url: str, world: World) -> None:
    """A refusal in the sink's own words; anything else that happens is a failure of the test."""
    with contextlib.suppress(*REFUSALS):
        sink(url, world)


# --- forms × sinks ---------------------------------------------------------------------------------------
def test_there_are_enough_forms() -> None:
    assert len(FORMS) >= 150


@every_sink
@pytest.mark.parametrize("form", FORMS, ids=ascii)
def test_no_form_of_an_address_leads_inside(form: str, sink: Sink, world: World) -> None:
    call(sink, world.url(form), world)
    world.nothing_inside_was_called()


@every_sink
@pytest.mark.parametrize("form", REACHING)
def test_with_the_check_taken_away_the_canary_is_reached(
    form: str, sink: Sink, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(addresses, "is_public", lambda address: True)
    call(sink, world.url(form), world)
    assert world.canary.hits > 0


# --- redirects -------------------------------------------------------------------------------------------
@every_sink
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("target", TARGETS)
def test_no_redirect_leads_inside(status: int, target: str, sink: Sink, world: World) -> None:
    world.outside.redirects(status, world.url(target))
    call(sink, world.front + "/file", world)
    assert OUTSIDE in world.tried
    world.nothing_inside_was_called()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("sink", [_request, _media_link])
def test_a_redirect_that_is_not_looked_at_again_reaches_the_canary(
    status: int, sink: Sink, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.outside.redirects(status, world.url("http://127.0.0.1:{port}/"))
    monkeypatch.setattr(addresses, "is_public", lambda address: True)
    call(sink, world.front + "/file", world)
    assert world.canary.hits > 0


# --- names that change their mind ------------------------------------------------------------------------
def _changing(world: World, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """`rebind.test` is out there when first asked for and this machine ever after."""
    answers, look_up = iter(["8.8.8.8"]), socket.getaddrinfo
    given: list[str] = []

    def answering(host: Any, port: Any, *args: Any, **more: Any) -> Any:
        if host != "rebind.test":
            return look_up(host, port, *args, **more)
        given.append(next(answers, "127.0.0.1"))
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (given[-1], port))]

    monkeypatch.setattr(socket, "getaddrinfo", answering)
    return given


@every_sink
def test_a_name_that_moves_inside_after_the_check_is_called_where_it_was(
    sink: Sink, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = _changing(world, monkeypatch)
    call(sink, world.url("http://rebind.test:{port}/"), world)
    assert given == ["8.8.8.8"]
    assert "8.8.8.8" in world.tried
    world.nothing_inside_was_called()


@every_sink
def test_a_checked_name_that_is_looked_up_again_reaches_the_canary(
    sink: Sink, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The twin: checked, but not pinned to what was checked."""
    given, checked = _changing(world, monkeypatch), addresses.resolve

    def not_pinned(host: str, port: int, **more: Any) -> list[str]:
        checked(host, port, **more)
        return [host]

    monkeypatch.setattr(addresses, "resolve", not_pinned)
    call(sink, world.url("http://rebind.test:{port}/"), world)
    assert given == ["8.8.8.8", "127.0.0.1"]
    assert world.canary.hits > 0


def test_a_name_is_looked_up_again_for_the_next_hop(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A redirect from a name to itself, which has moved inside in between."""
    given = _changing(world, monkeypatch)
    monkeypatch.setattr(addresses, "is_public", lambda address: address in (OUTSIDE, "8.8.8.8"))
    world.outside.redirects(302, world.url("http://rebind.test:{port}/"))
    given.append("spent")
    socket.getaddrinfo("rebind.test", 80)
    call(_request, world.front, world)
    assert given[-1] == "127.0.0.1"
    world.nothing_inside_was_called()


@every_sink
def test_no_key_of_a_company_is_in_the_words_of_a_refusal(sink: Sink, world: World) -> None:
    with pytest.raises(REFUSALS) as caught:
        sink("http://127.0.0.1:1/?access_token=secret-of-acme", world)
    assert "secret-of-acme" not in f"{caught.value!r} {caught.value.__cause__!r}"
