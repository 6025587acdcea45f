"""Files of messages are served through the gate only, and run nowhere."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from PIL import Image

from messaging.models import Attachment, Conversation, Message
from messaging.services import media_files, media_links
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.factories.messaging import make_attachment, make_channel, make_conversation, make_message
from tests.support.tasks import Queue


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


# --- parts, small pictures, sending, trying again ------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "status", "body", "told"),
    [
        ("bytes=0-3", 206, b"cont", "bytes 0-3/9"),
        ("bytes=4-", 206, b"enido", "bytes 4-8/9"),
        ("bytes=-2", 206, b"do", "bytes 7-8/9"),
        ("bytes=0-99", 206, b"contenido", "bytes 0-8/9"),
        ("bytes=9-", 416, b"", "bytes */9"),
        ("bytes=5-2", 416, b"", "bytes */9"),
        ("bytes=-", 200, b"contenido", None),
        ("bytes=0-1,3-4", 200, b"contenido", None),
        ("lines=1-2", 200, b"contenido", None),
    ],
)
def test_a_player_may_ask_for_a_part(
    acme: Tenant, client_as: Callable[..., Client], asked: str, status: int, body: bytes, told: str | None
) -> None:
    answer = client_as("ana").get(f"/archivos/{stored(acme, mime='audio/ogg').pk}/", headers={"Range": asked})
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    assert (answer.status_code, content, answer.headers.get("Content-Range")) == (status, body, told)


def test_a_small_picture_is_served_by_the_same_gate(acme: Tenant, client_as: Callable[..., Client]) -> None:
    with tenant_context(acme):
        row = make_attachment(message=make_message(conversation=make_conversation()), state="ready")
        kept = media_files.keep(acme, row.pk, photo(), mime="image/png", filename="foto.png")
        Attachment.objects.filter(pk=row.pk).update(file=kept.file, thumbnail=kept.thumbnail)
    path = f"/archivos/{row.pk}/miniatura/"
    answer = client_as("ana").get(path)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/webp")
    assert b"".join(answer.streaming_content)[:4] == b"RIFF"
    assert client_as("gus").get(path).status_code == 404
    assert client_as("ana").get(f"/archivos/{stored(acme, mime='audio/ogg').pk}/miniatura/").status_code == 404


def photo() -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (600, 400), "teal").save(written, "PNG")
    return written.getvalue()


def chat_on_whatsapp(acme: Tenant) -> Conversation:
    with tenant_context(acme):
        channel = make_channel(provider="meta_direct", channel_source="whatsapp")
        return make_conversation(channel=channel, last_inbound_at=timezone.now())


def test_a_photo_is_sent_from_the_composer(acme: Tenant, client_as: Callable[..., Client]) -> None:
    chat = chat_on_whatsapp(acme)
    file = SimpleUploadedFile("muestra.png", photo(), "image/png")
    with tenant_context(acme):
        asked = make_message(conversation=chat, text="¿Cómo queda?", provider_message_id="wamid.7")
    words = {"file": file, "text": "Así queda", "responde": asked.pk}
    answer = client_as("ana").post(f"/bandeja/{chat.pk}/archivo/", words)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/bandeja/{chat.pk}/")
    with tenant_context(acme):
        message = Message.objects.get(conversation=chat, direction="out")
        row = Attachment.objects.get(message=message)
        assert message.reply_to == "wamid.7"
        assert (message.kind, message.text, message.status, row.filename) == (
            "image",
            "Así queda",
            "queued",
            "muestra.png",
        )
    page = client_as("ana").get(f"/bandeja/{chat.pk}/").content.decode()
    assert f'src="/archivos/{row.pk}/miniatura/"' in page


def test_a_refused_file_keeps_the_words_and_says_why(acme: Tenant, client_as: Callable[..., Client]) -> None:
    chat = chat_on_whatsapp(acme)
    nothing = client_as("ana").post(f"/bandeja/{chat.pk}/archivo/", {"text": "Mirá"}, headers={"HX-Request": "true"})
    assert nothing.status_code == 422
    assert "Elegir un archivo." in nothing.content.decode()
    assert "Mirá" in nothing.content.decode()
    with tenant_context(acme):
        web = make_conversation()
    file = SimpleUploadedFile("muestra.png", photo(), "image/png")
    refused = client_as("ana").post(f"/bandeja/{web.pk}/archivo/", {"file": file})
    assert refused.status_code == 422
    assert "Este canal no lleva archivos." in refused.content.decode()


def test_a_failed_file_says_so_and_is_tried_again(
    acme: Tenant, client_as: Callable[..., Client], queued: Queue
) -> None:
    chat = chat_on_whatsapp(acme)
    with tenant_context(acme):
        message = make_message(conversation=chat, kind="image", text="Imagen", payload={"placeholder": True})
        row = make_attachment(message=message, state="failed", error="WhatsApp ya no tiene el archivo.", attempts=5)
    page = client_as("ana").get(f"/bandeja/{chat.pk}/").content.decode()
    assert "WhatsApp ya no tiene el archivo." in page
    assert f'action="/archivos/{row.pk}/reintentar/"' in page
    assert client_as("ana").post(f"/archivos/{row.pk}/reintentar/").status_code == 303
    with tenant_context(acme):
        row.refresh_from_db()
        assert (row.state, row.attempts) == ("pending", 0)
    assert client_as("gus").post(f"/archivos/{row.pk}/reintentar/").status_code == 404


def test_a_voice_note_shows_its_words_and_how_they_came(acme: Tenant, client_as: Callable[..., Client]) -> None:
    chat = chat_on_whatsapp(acme)
    with tenant_context(acme):
        message = make_message(conversation=chat, kind="audio", text="¿Cuánto sale?", payload={"heard": True})
        ready = {"state": "ready", "hearing": "ready", "language": "es", "seconds": 67}
        make_attachment(message=message, kind="audio", mime="audio/ogg", **ready)
        lost = make_message(conversation=chat, kind="audio", text="Nota de voz", payload={"placeholder": True})
        why = {"state": "ready", "hearing": "failed", "hearing_error": "No se entiende lo que dice."}
        make_attachment(message=lost, kind="audio", mime="audio/ogg", **why)
    page = client_as("ana").get(f"/bandeja/{chat.pk}/").content.decode()
    assert "¿Cuánto sale?" in page
    assert "Transcripción automática · español · 1:07" in page
    assert "Sin transcribir. No se entiende lo que dice." in page


def test_quotes_reactions_and_the_road_taken_stand_at_the_bubble(
    acme: Tenant, client_as: Callable[..., Client]
) -> None:
    chat = chat_on_whatsapp(acme)
    with tenant_context(acme):
        other = make_channel(name="WhatsApp de reserva")
        first = make_message(conversation=chat, text="¿Tienen de 80 litros?", provider_message_id="wamid.1")
        make_message(
            conversation=chat,
            direction="out",
            text="Sí, hay dos.",
            reply_to=first.provider_message_id,
            sent_via=other,
            payload={"reactions": {"contact": "👍"}},
        )
    page = client_as("ana").get(f"/bandeja/{chat.pk}/").content.decode()
    assert page.count("¿Tienen de 80 litros?") >= 2
    assert "vía WhatsApp de reserva" in page
    assert "👍" in page


def test_a_file_is_sent_over_the_api(acme: Tenant, api_as: Callable[..., Any]) -> None:
    chat = chat_on_whatsapp(acme)
    address = f"/api/v1/conversations/{chat.pk}/messages/"
    api = api_as("ana")

    def send(**headers: str) -> Any:
        file = SimpleUploadedFile("lista.pdf", b"%PDF-1.7 x", "application/pdf")
        return api.post(address, {"file": file, "caption": "Precios"}, format="multipart", headers=headers)

    sent = send(**{"Idempotency-Key": "una-vez"})
    assert (sent.status_code, sent.json()["kind"], sent.json()["text"]) == (201, "document", "Precios")
    assert send(**{"Idempotency-Key": "una-vez"}).json()["id"] == sent.json()["id"]
    (listed,) = api.get(address).json()["results"]
    assert [(file["filename"], file["mime"]) for file in listed["attachments"]] == [("lista.pdf", "application/pdf")]
    (file,) = listed["attachments"]
    fetched = api.get(f"/api/v1/attachments/{file['id']}/file/")
    assert b"".join(fetched.streaming_content) == b"%PDF-1.7 x"
    assert api_as("gus").get(f"/api/v1/attachments/{file['id']}/file/").status_code == 404
    refused = api.post(address, {"caption": "sin archivo"}, format="multipart")
    assert refused.status_code in (400, 422)


def test_what_instagram_fetches_opens_by_a_signed_address_for_ten_minutes(
    acme: Tenant, client_as: Callable[..., Client], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.PUBLIC_URL = "https://crm.example"
    row = stored(acme, mime="image/png")
    with tenant_context(acme):
        Message.objects.filter(pk=row.message_id).update(direction="out", author="user")
    address = media_links.address_of(acme, row).removeprefix("https://crm.example")
    stranger = client_as(None)
    answer = stranger.get(address)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/png")
    assert stranger.get(f"{address[:-3]}xx/").status_code == 404
    with tenant_context(acme):  # what a customer sent goes to nobody
        Message.objects.filter(pk=row.message_id).update(direction="in", author="contact")
    assert stranger.get(address).status_code == 404
    with tenant_context(acme):
        Message.objects.filter(pk=row.message_id).update(direction="out", author="user")
    monkeypatch.setattr(media_links, "SECONDS", -1)
    assert stranger.get(address).status_code == 404
    settings.PUBLIC_URL = "http://localhost:8000"
    assert media_links.address_of(acme, row) == ""
