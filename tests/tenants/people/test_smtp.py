"""Where mail may go, encrypted, and what a wrong setting is told."""

import re
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.core.exceptions import ImproperlyConfigured

from tenants.services import mail, smtp
from tests.fakes.smtp import Mailbox, smtp_server
from tests.support.cast import Cast
from tests.support.tasks import Queue
from tests.tenants.people.test_mail import again, queue_one


def as_if_stored(monkeypatch: pytest.MonkeyPatch, **secrets: object) -> None:
    """Values that the vault would not take today, as an older row or another face may hold them."""
    monkeypatch.setattr(mail, "_secret", lambda tenant, name: str(secrets.get(name, "")))


@pytest.mark.parametrize("host", ["127.0.0.1", "169.254.169.254", "10.0.0.5", "::1", "0x7f.1", "metadata..internal"])
def test_a_company_cannot_make_us_talk_to_the_inside(
    host: str, cast: Cast, settings: Any, queued: Queue, monkeypatch: Any
) -> None:
    settings.EMAIL_URL, settings.ALLOW_PRIVATE_PROVIDER_URLS = "", False
    as_if_stored(monkeypatch, HOST=host, PORT=587, FROM="v@acme.test")
    row = queue_one(tenant=cast.acme)
    queued.drain()
    assert (again(row).state, again(row).error) in [
        ("undeliverable", smtp.NOT_ALLOWED),
        ("queued", smtp.NOT_CONNECTED),  # a name that nobody has
    ]
    assert again(row).state == "undeliverable" or host == "metadata..internal"


@pytest.mark.parametrize("port", [22, 80, 5432, 6379])
def test_only_ports_of_mail_are_asked(port: int, cast: Cast, settings: Any, queued: Queue, monkeypatch: Any) -> None:
    settings.EMAIL_URL, settings.ALLOW_PRIVATE_PROVIDER_URLS = "", False
    as_if_stored(monkeypatch, HOST="203.0.113.9", PORT=port, FROM="v@acme.test")
    row = queue_one(tenant=cast.acme)
    queued.drain()
    assert again(row).error == smtp.NOT_ALLOWED


@pytest.mark.parametrize(
    "secrets", [{"HOST": "h", "PORT": "x", "FROM": "v@acme.test"}, {"HOST": "h"}, {"HOST": "h", "FROM": "no address"}]
)
def test_incomplete_settings_are_said(secrets: dict[str, str], cast: Cast, queued: Queue, monkeypatch: Any) -> None:
    as_if_stored(monkeypatch, **secrets)
    row = queue_one(tenant=cast.acme)
    queued.drain()
    assert (again(row).state, again(row).error) == ("undeliverable", mail.BAD_SETTINGS)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: Any) -> Path:
    """Of `localhost`, signed by itself: the file holds key and certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    start = datetime(2020, 1, 1, tzinfo=UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=36500))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + built.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def tls_box(certificate: Path) -> Iterator[Mailbox]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with smtp_server(tls=context) as box:
        yield box


def message() -> Any:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "a@example.test", "b@example.test", "x"
    made.set_content("words")
    return made


def test_the_conversation_is_encrypted_and_the_name_checked(
    tls_box: Mailbox, certificate: Path, monkeypatch: Any
) -> None:
    monkeypatch.setattr(smtp, "tls", lambda: ssl.create_default_context(cafile=str(certificate)))
    server = smtp.Server("localhost", tls_box.port, "a@example.test", "u", "p", smtp.STARTTLS, guarded=False)
    smtp.deliver(server, message(), to="b@example.test")
    assert tls_box.encrypted == [True]


def test_a_certificate_of_nobody_we_know_is_refused(tls_box: Mailbox) -> None:
    server = smtp.Server("localhost", tls_box.port, "a@example.test", "u", "p", smtp.STARTTLS, guarded=False)
    with pytest.raises(smtp.NotSent, match=re.escape(smtp.BAD_CERTIFICATE)):
        smtp.deliver(server, message(), to="b@example.test")
    assert (tls_box.logins, tls_box.arrived) == ([], [])


def test_a_server_that_hides_its_encryption_gets_nothing(mailbox: Mailbox) -> None:
    """Somebody in between may take STARTTLS out of what the server offers."""
    server = smtp.Server("127.0.0.1", mailbox.port, "a@example.test", "u", "p", smtp.STARTTLS, guarded=False)
    with pytest.raises(smtp.NotSent, match=re.escape(smtp.NO_TLS)):
        smtp.deliver(server, message(), to="b@example.test")
    assert (mailbox.logins, mailbox.arrived) == ([], [])


def test_a_password_is_never_said_aloud_in_production(mailbox: Mailbox, settings: Any) -> None:
    settings.ALLOW_PRIVATE_PROVIDER_URLS = False
    server = smtp.Server("127.0.0.1", mailbox.port, "a@example.test", "u", "p", smtp.OFFERED, guarded=False)
    with pytest.raises(smtp.NotSent):
        smtp.deliver(server, message(), to="b@example.test")
    assert mailbox.logins == []


@pytest.mark.parametrize(("port", "security"), [(465, "implicit"), (587, "starttls"), (25, "offered")])
def test_tls_follows_the_port(port: int, security: str) -> None:
    assert smtp.usual_security(port) == security


def test_the_platforms_address_is_read_whole() -> None:
    server = smtp.platform_server("smtps://crm%40x.test:p%40ss@mail.x.test?from=Avisos%20%3Ca%40x.test%3E")
    assert server is not None
    assert (server.host, server.port, server.user, server.password) == ("mail.x.test", 465, "crm@x.test", "p@ss")
    assert (server.security, server.sender) == ("implicit", "Avisos <a@x.test>")


@pytest.mark.parametrize("url", ["http://h", "smtp://", "smtp://h:x", "smtp://u:hunter2@:25"])
def test_a_malformed_address_is_said_without_its_password(url: str) -> None:
    with pytest.raises(ImproperlyConfigured) as said:
        smtp.platform_server(url)
    assert "hunter2" not in str(said.value)
