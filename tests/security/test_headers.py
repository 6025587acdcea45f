"""Every answer of the one port carries the whole set of security headers, whoever asks and whatever goes wrong."""

import contextlib
import http.client
import re
import urllib.error
import urllib.request
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.test import Client

from messaging.ingest.http import Scope
from messaging.services import media_files
from tenants.context import tenant_context
from tenants.middleware.headers import transport_security
from tests.factories.messaging import make_attachment
from tests.isolation.conftest import world  # noqa: F401 (a fixture)
from tests.isolation.urltable import UNSAFE, Address, addresses
from tests.isolation.world import World
from tests.live.test_root import server  # noqa: F401 (a fixture)
from tests.messaging.ingest.conftest import ask
from tests.security.answers import SET, lacking
from tests.support.cast import Cast
from tests.support.clients import browser
from tests.support.thorough import dealt

CROSS_ORIGIN = re.compile(r"^/(webchat|widget)/")
ALL = addresses()
INLINE = re.compile(
    r"<script(?![^>]*\b(?:src|nonce)=)(?![^>]*type=\"application/json\")[^>]*>|<style(?![^>]*nonce=)|\sstyle=\"|\son[a-z]+=\"|javascript:"
)


# --- the URL table ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("address", ALL, ids=str)
def test_every_address_answers_with_the_whole_set(address: Address, world: World, db: None) -> None:  # noqa: F811 (the fixture)
    """And no page needs what the policy forbids."""
    wrong = []
    verbs = ["GET", *dealt(("OPTIONS", *UNSAFE), ALL.index(address), share=8)]
    # Staff of the platform reads the pages too; the rest it meets at the same doors as anybody.
    pages = [] if address.is_api else dealt([address], ALL.index(address), share=3)
    staff = [(world.cast["root"], ["GET"]) for _page in pages]
    for person, asked in ((None, verbs), (world.cast["ana"], verbs), *staff):
        client = browser(person, raise_request_exception=False)
        for path in address.paths(world.mine)[:1]:
            for verb in asked:
                answer = client.generic(verb, path, b"{}", content_type="application/json", secure=True)
                wrong += [f"{person} {verb} {path} → {answer.status_code}: {each}" for each in lacking(answer.headers)]
                if not address.is_api and answer.get("Content-Type", "").startswith("text/html"):
                    found = INLINE.findall(b"".join(answer).decode())
                    wrong += [f"{person} {verb} {path}: {each}" for each in found]
    assert wrong == []


# django-csp and the middleware of ours could both be taken away: each has its twin.
@pytest.mark.parametrize(
    "taken",
    ["tenants.middleware.headers.SecurityHeadersMiddleware", "csp.middleware.CSPMiddleware"],
)
def test_without_a_middleware_the_walk_would_notice(taken: str, settings: Any, db: None) -> None:
    settings.MIDDLEWARE = [each for each in settings.MIDDLEWARE if each != taken]
    headers = browser().get("/login/", secure=True).headers
    if "csp" in taken:
        assert "default-src 'none'" in headers["Content-Security-Policy"]  # the page would be dead, but never open
    else:
        assert "Permissions-Policy" in lacking(headers)


@pytest.mark.parametrize("planted", ["script-src 'self' 'unsafe-inline'", "default-src *", ""])
def test_a_weaker_policy_would_be_noticed(planted: str, db: None) -> None:
    headers = {**browser().get("/login/", secure=True).headers, "Content-Security-Policy": planted}
    assert lacking(headers)


@pytest.mark.parametrize(
    ("path", "more", "status"),
    [
        ("/nowhere/at/all", {}, 404),
        ("/api/v1/nowhere", {}, 404),
        ("/login/", {"HTTP_HOST": "evil.example"}, 400),
        ("/login", {}, 301),
        ("/mi-dia/", {}, 302),
        ("/csp-report/", {}, 405),
        ("/static/missing.css", {}, 404),
        ("/admin/", {}, 302),
        ("/healthz", {}, 200),
        ("/readyz", {}, 503),
    ],
)
def test_refusals_redirects_and_probes(path: str, more: dict[str, str], status: int, settings: Any, cast: Cast) -> None:
    settings.ALLOWED_HOSTS = ["localhost"]
    answer = Client(SERVER_NAME="localhost").get(path, secure=True, **more)
    assert answer.status_code == status
    assert lacking(answer.headers) == []
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_an_error_of_ours_and_a_forged_form(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    forged = browser(cast["ana"], csrf=True).post("/logout/", secure=True)
    assert (forged.status_code, lacking(forged.headers)) == (403, [])

    def broken(*args: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr("tenants.middleware.tenant.identity.claim", broken)
    client = browser(cast["ana"])
    client.raise_request_exception = False
    failed = client.get("/mi-dia/", secure=True)
    assert (failed.status_code, lacking(failed.headers)) == (500, [])


@pytest.mark.parametrize("mime", ["image/png", "image/svg+xml", "text/html", "application/pdf"])
def test_a_customers_file_has_them_and_runs_nothing(mime: str, cast: Cast, settings: Any) -> None:
    with tenant_context(cast.acme):
        row = make_attachment(mime=mime, state="ready")
        row.file = media_files.keep(cast.acme, row.pk, b"<script>1</script>", mime=mime, filename="x").file
        row.save()
    answer = browser(cast["ana"]).get(f"/archivos/{row.pk}/", secure=True)
    assert (answer.status_code, lacking(answer.headers)) == (200, [])
    assert "sandbox" in answer["Content-Security-Policy"]
    assert answer["Content-Disposition"].startswith("inline") is (mime in ("image/png", "application/pdf"))
    b"".join(answer)


def test_the_way_to_tls_has_them_too(settings: Any, db: None) -> None:
    settings.SECURE_SSL_REDIRECT = True
    answer = browser().get("/login/")
    assert (answer.status_code, answer["Location"]) == (301, "https://localhost/login/")
    assert lacking(answer.headers, secure=False) == []
    assert "Strict-Transport-Security" not in answer.headers  # RFC 6797 §7.2


def test_hsts_says_what_the_settings_say(settings: Any) -> None:
    settings.SECURE_HSTS_SECONDS, settings.SECURE_HSTS_PRELOAD = 31_536_000, True
    assert transport_security() == "max-age=31536000; includeSubDomains; preload"
    settings.SECURE_HSTS_SECONDS = 0
    assert transport_security() == ""


# --- scripts and styles ----------------------------------------------------------------------------------
def test_an_inline_script_would_be_seen() -> None:
    for planted in ("<script>", '<a onclick="x">', '<p style="color:red">', "<style>", '<a href="javascript:x">'):
        assert INLINE.search(f"<b>{planted}")
    assert not INLINE.search('<script src="/a.js" defer></script><script nonce="x">')


def test_an_inline_script_that_asks_gets_a_nonce_of_its_own_answer(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    def page(request: HttpRequest) -> HttpResponse:
        template = engines["django"].from_string('<script nonce="{{ request.csp_nonce }}">1</script>')
        return HttpResponse(template.render({}, request))

    monkeypatch.setattr("config.health.healthz", page)
    from django.urls import clear_url_caches, path, set_urlconf

    class Urls:
        urlpatterns = [path("inline/", page)]

    with contextlib.ExitStack() as stack:
        stack.callback(clear_url_caches)
        stack.callback(set_urlconf, None)
        monkeypatch.setattr(django_settings, "ROOT_URLCONF", Urls)
        answers = [browser().get("/inline/", secure=True) for _each in range(5)]
    nonces = [re.search(r'nonce="([^"]+)"', answer.content.decode()).group(1) for answer in answers]  # type: ignore[union-attr]  # a failure of the test
    assert len(set(nonces)) == 5
    for nonce, answer in zip(nonces, answers, strict=True):
        assert f"'nonce-{nonce}'" in answer["Content-Security-Policy"]
    assert "nonce-" not in browser().get("/login/", secure=True)["Content-Security-Policy"]


# --- the one port ----------------------------------------------------------------------------------------
DOOR: list[tuple[str, str, dict[str, str]]] = [
    ("GET", "/webhooks/", {}),
    ("POST", "/webhooks/meta/nobody/", {}),
    ("POST", "/webhooks/meta/nobody/more/", {}),
    ("GET", "/webchat/", {}),
    ("POST", "/webchat/00000000-0000-0000-0000-000000000001/messages", {}),
    ("OPTIONS", "/webchat/{channel}/messages", {}),
    ("POST", "/webchat/{channel}/messages", {}),
    ("GET", "/webchat/{channel}/messages", {}),
    ("DELETE", "/webchat/{channel}/messages", {}),
    ("POST", "/webchat/{channel}/messages", {"origin": "https://evil.example"}),
    ("POST", "/webchat/{channel}/messages", {"content_length": "99999999"}),
    ("GET", "/widget/{channel}.js", {}),
    ("POST", "/widget/{channel}.js", {}),
    ("GET", "/widget/nobody.js", {}),
    ("GET", "/healthz", {"x_" + "a" * 300: "b" * 40_000}),
    ("POST", "/login/", {"content_length": "999999999999"}),
]


@pytest.fixture
def channel(live_tenants: Cast) -> str:
    from messaging.services.channels import create_channel
    from tenants.context import tenant_context
    from tenants.domain.actor import Actor

    with tenant_context(live_tenants.acme):
        made = create_channel(provider="web", channel_source="web", name="Sitio", config={}, by=Actor.system("test"))
    return str(made.pk)


@pytest.mark.parametrize(("method", "path", "headers"), DOOR)
async def test_the_door_answers_with_the_whole_set(
    root: Any, channel: str, method: str, path: str, headers: dict[str, str]
) -> None:
    path = path.format(channel=channel)
    answer = await ask(secure(root), method, path, b"{}", **headers)
    assert answer.status
    assert lacking(answer.headers) == []
    assert answer.status >= 300 or answer.headers["cross-origin-resource-policy"] == (
        "cross-origin" if CROSS_ORIGIN.match(path) else "same-origin"
    )


async def test_what_is_answered_before_and_beside_django(root: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    odd = await ask(secure(root), "GET", "/login/", query="ñ")
    assert (odd.status, lacking(odd.headers)) == (400, [])
    large = await ask(secure(root), "GET", "/login/", **{f"x_{number}": "1" for number in range(200)})
    assert (large.status, lacking(large.headers)) == (431, [])

    async def broken(*_args: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(root, "_pages", broken)
    failed = await ask(secure(root), "GET", "/login/")
    assert (failed.status, lacking(failed.headers)) == (500, [])
    monkeypatch.setattr(root.door.routes, "by_key", broken)
    failed = await ask(secure(root), "POST", "/webhooks/meta/nobody/", b"{}")
    assert (failed.status, lacking(failed.headers)) == (500, [])


async def test_an_answer_that_nobody_dressed_would_be_noticed(root: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(root, "_dress", lambda scope, send: send)
    answer = await ask(secure(root), "POST", "/webhooks/meta/nobody/", b"{}")
    assert lacking(answer.headers) == ["Strict-Transport-Security"]


def secure(application: Any) -> Any:
    async def over_tls(scope: Scope, receive: Any, send: Any) -> None:
        await application(
            {**scope, "scheme": "https", "client": ("127.0.0.1", 1), "http_version": "1.1"}, receive, send
        )

    return over_tls


def test_the_real_server_sends_them_on_pages_files_and_refused_sockets(server: str) -> None:  # noqa: F811
    for path in ("/login/", "/healthz", "/webhooks/meta/nobody/", "/nowhere"):
        assert lacking(fetched(f"{server}{path}")[1], secure=False) == []
    status, headers = fetched(f"{server}/static/brand.svg")
    assert (status, lacking(headers, secure=False)) == (200, [])
    assert "Access-Control-Allow-Origin" not in headers
    assert fetched(f"{server}/static/../manage.py")[0] == fetched(f"{server}/static/..%2fmanage.py")[0] == 404
    for path in ("/ws/nowhere/", "/ws/webchat/00000000-0000-0000-0000-000000000001/", "/ws/events/"):
        status, headers = handshake(server, path)
        assert status == 403
        assert lacking(headers, secure=False) == []


def handshake(server: str, path: str) -> tuple[int, dict[str, str]]:  # noqa: F811 (its address)
    """A foreign page's try to open a websocket."""
    connection = http.client.HTTPConnection(server.removeprefix("http://"), timeout=20)
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Origin": "https://evil.example"}
    key = {"Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
    with contextlib.closing(connection):
        connection.request("GET", path, headers={**upgrade, **key})
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders())


def fetched(url: str) -> tuple[int, dict[str, str]]:
    try:
        with urllib.request.urlopen(url, timeout=20) as answer:
            return answer.status, dict(answer.headers)
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers)


def test_the_set_is_complete_by_name() -> None:
    assert {name.lower() for name in SET} == {
        "content-security-policy",
        "strict-transport-security",
        "x-frame-options",
        "x-content-type-options",
        "referrer-policy",
        "permissions-policy",
        "cross-origin-opener-policy",
        "cross-origin-resource-policy",
    }
