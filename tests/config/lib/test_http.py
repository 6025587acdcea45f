import contextlib
import datetime
import gzip
import json
import socket
import ssl
import threading

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from werkzeug import Request, Response

from config.lib import addresses, http
from config.lib.errors import ProviderError


def failure(*args, **more) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        http.request(*args, **more)
    return caught.value


@contextlib.contextmanager
def listener(*answers: bytes, context: ssl.SSLContext | None = None):
    """A server that reads a request, sends raw bytes and closes; one connection for each answer."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            for answer in answers:
                with contextlib.suppress(OSError):
                    connection, _ = server.accept()
                    with connection, context.wrap_socket(connection, server_side=True) if context else connection as to:
                        to.recv(65536)
                        to.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]


@pytest.fixture
def names(monkeypatch):
    """Names of hosts → addresses; every look-up is noted."""
    known: dict[str, list[str]] = {}
    asked: list[str] = []

    really = socket.getaddrinfo

    def look_up(host, port, *given, **named):
        if addresses.is_public(host) or host.startswith("127."):
            return really(host, port, *given, **named)
        asked.append(host)
        if host not in known:
            raise socket.gaierror(-2, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in known[host]]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return known, asked


# --- the exchange --------------------------------------------------------------------------------------


def test_any_status_is_an_answer(httpserver):
    httpserver.expect_request("/x", method="POST").respond_with_json({"a": 1}, status=418, headers={"X-One": "1"})
    answer = http.request("POST", httpserver.url_for("/x"), json={"b": 2})
    assert (answer.status, answer.json(), answer.headers["x-one"]) == (418, {"a": 1}, "1")


def test_query_body_headers_and_form_arrive(httpserver):
    seen: list[Request] = []

    def note(request: Request) -> Response:
        request.get_data()
        seen.append(request)
        return Response("ok")

    httpserver.expect_request("/x").respond_with_handler(note)
    url = httpserver.url_for("/x?a=1")
    http.request("POST", url, json={"text": "ñ😀\ud83d"}, params={"b": "2"}, headers={"Authorization": "Bearer t"})
    http.request("POST", url, data={"k": "v"}, files={"file": ("á.txt", b"123", "text/plain")})
    http.request("POST", url, data=b"raw")
    assert json.loads(seen[0].get_data()) == {"text": "ñ😀\ud83d"}
    assert seen[0].args.to_dict() == {"a": "1", "b": "2"}
    assert seen[0].headers["Authorization"] == "Bearer t"
    assert (seen[1].form["k"], seen[1].files["file"].filename) == ("v", "á.txt")
    assert seen[2].get_data() == b"raw"


def test_an_answer_that_is_no_json_is_told_as_unknown(httpserver):
    httpserver.expect_request("/x").respond_with_data("<html>")
    answer = http.request("GET", httpserver.url_for("/x"))
    assert answer.text == "<html>"
    with pytest.raises(ProviderError) as caught:
        answer.json()
    assert caught.value.kind == "unknown"
    with pytest.raises(ProviderError):
        http.Response(200, {}, b"[" * 100_000).json()


def test_nobody_listening_is_retry():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        error = failure("POST", f"http://127.0.0.1:{taken.getsockname()[1]}/", json={})
    assert (error.kind, error.code) == ("retry", "not_connected")


def test_an_unknown_host_is_retry(names):
    assert failure("POST", "https://nowhere.test/").kind == "retry"


@pytest.mark.parametrize("method, kind", [("POST", "unknown"), ("DELETE", "unknown"), ("GET", "retry")])
@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", b"nonsense\r\n\r\n"])
def test_an_answer_lost_after_sending_may_have_acted(method, kind, answer):
    with listener(answer) as port:
        assert failure(method, f"http://127.0.0.1:{port}/").kind == kind


def test_no_answer_in_time_may_have_acted():
    with socket.create_server(("127.0.0.1", 0)) as server:
        error = failure("POST", f"http://127.0.0.1:{server.getsockname()[1]}/", timeout=0.1)
    assert (error.kind, error.code) == ("unknown", "timeout")


def test_an_answer_over_the_limit_is_not_kept(httpserver):
    httpserver.expect_request("/x").respond_with_data(b"x" * 2000)
    assert failure("GET", httpserver.url_for("/x"), max_bytes=1000).code == "too_large"
    assert len(http.request("GET", httpserver.url_for("/x"), max_bytes=2000).content) == 2000


def test_the_limit_counts_what_was_unpacked():
    packed = gzip.compress(b"0" * 1_000_000)
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n".encode()
    with listener(head + packed) as port:
        assert failure("GET", f"http://127.0.0.1:{port}/", max_bytes=100_000).code == "too_large"


def test_a_length_that_lies_does_not_get_past_the_limit():
    with listener(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 5000) as port:
        assert failure("GET", f"http://127.0.0.1:{port}/", max_bytes=1000).code == "too_large"


@pytest.mark.parametrize("url", ["http://[", "http://a:99999999/", "http://a b/", "", "x" * 70_000])
def test_an_address_that_cannot_be_formed_is_permanent(url):
    assert failure("GET", url).kind == "permanent"


def test_no_token_is_in_an_error(httpserver):
    with listener(b"") as port:
        errors = [
            failure("GET", f"http://127.0.0.1:{port}/?access_token=hush", headers={"Authorization": "Bearer hush"}),
            failure("GET", httpserver.url_for("/"), headers={"Authorization": "Bearer hush\nx"}),
            failure("GET", "http://[?key=hush"),
        ]
    for error in errors:
        causes = f"{error!r} {error.__cause__!r} {error.message}"
        assert "hush" not in causes


def test_words_lose_their_tokens():
    said = "GET https://x/?access_token=abc&b=1 Authorization: Bearer zzz {'api_key': 'qqq'} client_secret=sss"
    cleaned = http.redact(said)
    assert not [secret for secret in ("abc", "zzz", "qqq", "sss") if secret in cleaned]
    assert "b=1" in cleaned


# --- redirects -----------------------------------------------------------------------------------------


def test_a_redirect_is_only_followed_when_asked(httpserver):
    httpserver.expect_request("/a").respond_with_data(status=302, headers={"Location": "/b"})
    httpserver.expect_request("/b").respond_with_data("there")
    assert http.request("GET", httpserver.url_for("/a")).status == 302
    assert http.request("GET", httpserver.url_for("/a"), follow=True).text == "there"


def test_credentials_stay_with_their_host(httpserver, names):
    names[0].update({"one.test": ["127.0.0.1"], "two.test": ["127.0.0.1"]})
    seen: list[Request] = []

    def note(request: Request) -> Response:
        seen.append(request)
        return Response("ok")

    httpserver.expect_request("/end").respond_with_handler(note)
    for host in ("one.test", "two.test"):
        target = f"http://{host}:{httpserver.port}/end"
        httpserver.expect_request(f"/to-{host}").respond_with_data(status=307, headers={"Location": target})
        url = f"http://one.test:{httpserver.port}/to-{host}"
        http.request("GET", url, headers={"Authorization": "Bearer t", "X-API-Key": "k"}, follow=True)
    assert [one.headers.get("Authorization") for one in seen] == ["Bearer t", None]
    assert seen[1].headers.get("X-Api-Key") is None


def test_only_harmless_headers_go_on_to_another_host(httpserver, names):
    names[0].update({"one.test": ["127.0.0.1"], "two.test": ["127.0.0.1"]})
    seen: list[Request] = []

    def note(request: Request) -> Response:
        seen.append(request)
        return Response("ok")

    httpserver.expect_request("/end").respond_with_handler(note)
    target = f"http://two.test:{httpserver.port}/end"
    httpserver.expect_request("/a").respond_with_data(status=302, headers={"Location": target})
    sent = {"X-Somebodys-Key": "hush", "Accept": "image/png", "Private-Token": "hush"}
    http.request("GET", f"http://one.test:{httpserver.port}/a", headers=sent, follow=True)
    assert "hush" not in str(seen[0].headers)
    assert seen[0].headers["Accept"] == "image/png"


def test_no_redirect_leaves_tls(names, tmp_path, monkeypatch, httpserver):
    """Also where private addresses are allowed: nothing that began secret goes on in the open."""
    server, trusting = _certificate("api.test", tmp_path)
    names[0]["api.test"] = ["127.0.0.1"]
    client = httpx2.Client(verify=trusting, trust_env=False, limits=httpx2.Limits(max_keepalive_connections=0))
    monkeypatch.setattr(http, "_client", lambda: client)
    httpserver.expect_request("/open").respond_with_data("reached")
    target = httpserver.url_for("/open").encode()
    with listener(
        b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + target + b"\r\n\r\n", context=server
    ) as port:
        assert failure("GET", f"https://api.test:{port}/", follow=True).code == "address_refused"
    assert httpserver.log == []


def test_each_hop_is_checked_again(httpserver, names, settings):
    settings.ALLOW_PRIVATE_PROVIDER_URLS = False
    names[0].update({"good.test": ["127.0.0.1"], "169.254.169.254": ["169.254.169.254"]})
    # Seen from the guard the first host is public; where the call lands is this test's server.
    httpserver.expect_request("/a").respond_with_data(status=302, headers={"Location": "http://169.254.169.254/meta"})
    public = addresses.is_public
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(addresses, "is_public", lambda address: address == "127.0.0.1" or public(address))
        error = failure("GET", f"http://good.test:{httpserver.port}/a", follow=True)
    assert error.code == "address_refused"


def test_circles_end(httpserver):
    httpserver.expect_request("/a").respond_with_data(status=302, headers={"Location": "/a"})
    assert failure("GET", httpserver.url_for("/a"), follow=True).code == "too_many_redirects"


def test_a_post_is_not_repeated_at_the_next_address(httpserver):
    httpserver.expect_request("/a", method="POST").respond_with_data(status=303, headers={"Location": "/b"})
    httpserver.expect_request("/b", method="GET").respond_with_data("there")
    assert http.request("POST", httpserver.url_for("/a"), json={"x": 1}, follow=True).text == "there"


# --- the guard -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://localhost/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://[::1]/",
        "http://[::ffff:10.0.0.1]/",
        "http://169.254.169.254/latest/meta-data",
        "https://user:pass@example.com/",
        "ftp://8.8.8.8/x",
        "file:///etc/passwd",
    ],
)
def test_the_guard_refuses_what_is_inside_or_odd(url, settings):
    settings.ALLOW_PRIVATE_PROVIDER_URLS = False
    error = failure("GET", url)
    assert error.kind == "permanent"


def test_one_private_address_among_public_ones_is_enough_to_refuse(names, settings):
    settings.ALLOW_PRIVATE_PROVIDER_URLS = False
    names[0]["mixed.test"] = ["8.8.8.8", "10.0.0.1"]
    assert failure("GET", "http://mixed.test/").code == "address_refused"


def test_a_name_is_looked_up_once_and_the_checked_address_is_called(httpserver, names):
    known, asked = names
    known["api.test"] = ["127.0.0.1"]
    httpserver.expect_request("/x", headers={"Host": f"api.test:{httpserver.port}"}).respond_with_data("ok")
    assert http.request("GET", f"http://api.test:{httpserver.port}/x").text == "ok"
    assert asked == ["api.test"]


def test_the_next_address_is_tried_when_one_does_not_answer(httpserver, names):
    names[0]["api.test"] = ["127.0.0.2", "127.0.0.1"]
    httpserver.expect_request("/x").respond_with_data("ok")
    assert http.request("GET", f"http://api.test:{httpserver.port}/x").text == "ok"


def _certificate(name: str, folder) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """TLS contexts of a server called `name` and of a client that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "both.pem").write_bytes(private + pem)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "both.pem")
    return server, ssl.create_default_context(cadata=pem.decode())


def test_a_certificate_is_checked_against_the_name_not_the_address(names, tmp_path, monkeypatch):
    server, trusting = _certificate("api.test", tmp_path)
    names[0].update({"api.test": ["127.0.0.1"], "other.test": ["127.0.0.1"]})
    client = httpx2.Client(verify=trusting, trust_env=False, limits=httpx2.Limits(max_keepalive_connections=0))
    monkeypatch.setattr(http, "_client", lambda: client)
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    with listener(answer, answer, context=server) as port:
        assert http.request("GET", f"https://api.test:{port}/").text == "ok"
        assert failure("GET", f"https://other.test:{port}/").code == "not_connected"
