"""Files of messages are served through the gate only, and run nowhere."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from messaging.models import Attachment
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.factories.messaging import make_attachment, make_conversation, make_message


def stored(tenant: Tenant, *, mime: str, name: str = "archivo.bin") -> Attachment:
    relative = f"{tenant.schema_name}/messages/{name}"
    path = Path(settings.MEDIA_ROOT) / relative
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"contenido")
    with tenant_context(tenant):
        message = make_message(conversation=make_conversation())
        return make_attachment(message=message, mime=mime, filename=name, file=relative, state="ready", size=9)


@pytest.mark.parametrize(
    ("mime", "served", "how"),
    [
        ("image/png", "image/png", "inline"),
        ("audio/ogg; codecs=opus", "audio/ogg", "inline"),
        ("text/html", "application/octet-stream", "attachment"),
        ("image/svg+xml", "application/octet-stream", "attachment"),
    ],
)
def test_only_harmless_kinds_open_in_place(
    acme: Tenant, client_as: Callable[..., Client], mime: str, served: str, how: str
) -> None:
    answer = client_as("ana").get(f"/archivos/{stored(acme, mime=mime).pk}/")
    assert answer.status_code == 200
    assert b"".join(answer.streaming_content) == b"contenido"
    assert answer.headers["Content-Type"] == served
    assert answer.headers["Content-Disposition"].startswith(how)
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_the_outsider_and_the_stranger_get_no_file(acme: Tenant, client_as: Callable[..., Client]) -> None:
    path = f"/archivos/{stored(acme, mime='image/png').pk}/"
    assert client_as("gus").get(path).status_code == 404
    assert client_as(None).get(path).status_code == 302


@pytest.mark.parametrize("file", ["../../secreto.txt", "/etc/hostname", "otra/messages/x", ""])
def test_a_path_outside_of_the_companys_folder_is_not_there(
    acme: Tenant, client_as: Callable[..., Client], file: str
) -> None:
    with tenant_context(acme):
        row = make_attachment(message=make_message(), mime="image/png", state="ready", file=file)
    assert client_as("ana").get(f"/archivos/{row.pk}/").status_code == 404
