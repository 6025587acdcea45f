"""Files of messages: fetched by a worker, whole or not at all, kept in the company's own folder."""

import hashlib
import io
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from PIL import Image

from config.lib.errors import Conflict, Invalid
from messaging.domain import media_limits
from messaging.models import Attachment, Message
from messaging.services import media, media_files, thumbnails
from messaging.services.media_files import path_of
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.factories.messaging import make_channel, make_conversation
from tests.fakes import graph_events as wire
from tests.fakes.graph import GraphFake
from tests.messaging.services.saying import BY, Number, Worker
from tests.support.cast import Person

PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)


def attachment(number: Number) -> Attachment:
    with tenant_context(number.tenant):
        return Attachment.objects.select_related("message").get()


def stored(number: Number) -> Path | None:
    return path_of(number.tenant, attachment(number))


@pytest.fixture
def pictured(number: Number, worker: Worker, graph: GraphFake) -> Number:
    """A photo came and was fetched."""
    number.sends(wire.media("image", graph.add_media(PNG, "image/png"), mime="image/png", caption="Mirá"))
    worker.run(seconds=5)
    return number


def test_a_photo_is_stored_in_the_companys_folder(pictured: Number) -> None:
    row, path = attachment(pictured), stored(pictured)

    assert (row.state, row.mime, row.size) == ("ready", "image/png", len(PNG))
    assert path is not None
    assert path.read_bytes() == PNG
    assert path.parent == (Path(settings.MEDIA_ROOT) / pictured.tenant.schema_name / "messages").resolve()


def test_fetching_it_again_changes_nothing(pictured: Number) -> None:
    media.fetch(tenant=pictured.tenant, attachment_id=attachment(pictured).pk)

    assert attachment(pictured).attempts == 1


def test_a_deleted_message_takes_its_file_along(pictured: Number, worker: Worker) -> None:
    path = stored(pictured)
    assert path is not None
    with tenant_context(pictured.tenant):
        wamid = Message.objects.get(direction="in").provider_message_id
    pictured.sends(wire.revoke(str(wamid)))

    assert not path.exists()
    with tenant_context(pictured.tenant):
        assert not Attachment.objects.exists()


def test_a_file_that_whatsapp_no_longer_has_is_a_visible_failure(
    number: Number, worker: Worker, graph: GraphFake
) -> None:
    media_id = graph.add_media(PNG, "image/png")
    graph.expire_media(media_id)
    number.sends(wire.media("image", media_id, mime="image/png"))
    worker.run()

    row = attachment(number)
    assert (row.state, bool(row.error)) == ("failed", True)


def test_without_an_answer_it_is_tried_again_and_then_given_up(
    number: Number, worker: Worker, graph: GraphFake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "META_GRAPH_BASE_URL", "http://127.0.0.1:9")
    number.sends(wire.media("image", "900000000000077", mime="image/png"))
    worker.run(seconds=5)
    assert attachment(number).state == "pending"

    for _each in range(media.MOST_ATTEMPTS):
        worker.clock.forward(3600)
        with tenant_context(number.tenant):
            due = media.due_ids()
        for pk in due:
            media.fetch(tenant=number.tenant, attachment_id=pk)
    row = attachment(number)
    assert (row.state, row.attempts) == ("failed", media.MOST_ATTEMPTS)


@pytest.mark.parametrize("name", ["../../../etc/passwd", "a/b\\c.PNG", "x" * 300 + ".pdf", "fac\x00tura.pdf", "..", ""])
def test_a_hostile_file_name_never_leaves_the_folder(
    number: Number, worker: Worker, graph: GraphFake, name: str
) -> None:
    media_id = graph.add_media(b"%PDF-", "application/pdf")
    number.sends(wire.media("document", media_id, mime="application/pdf", filename=name))
    worker.run(seconds=5)

    path = stored(number)
    assert path is not None
    assert path.parent.name == "messages"
    assert len(path.name) < 60


def test_a_path_outside_the_companys_folder_is_not_served(pictured: Number) -> None:
    row = attachment(pictured)
    row.file = "../../secret"

    assert path_of(pictured.tenant, row) is None


# --- what a file is ------------------------------------------------------------------------------------------


def picture(width: int = 900, height: int = 600, kind: str = "JPEG", **more: object) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(written, kind, **more)
    return written.getvalue()


def received(number: Number, worker: Worker, graph: GraphFake, content: bytes, mime: str, kind: str) -> Attachment:
    media_id = graph.add_media(content, mime)
    number.sends(wire.media(kind, media_id, mime=mime))
    worker.run(seconds=5)
    return attachment(number)


def test_a_photo_gets_a_small_one_without_what_the_camera_knew(
    number: Number, worker: Worker, graph: GraphFake
) -> None:
    exif = Image.Exif()
    exif[0x8825] = {2: (34.0, 36.0, 12.0)}  # where it was taken
    exif[0x0112] = 6  # held upright
    content = picture(exif=exif)
    row = received(number, worker, graph, content, "image/jpeg", "image")

    path = media_files.thumbnail_of(number.tenant, row)
    assert path is not None
    small = Image.open(path)
    assert (small.format, small.size) == ("WEBP", (320, 480))
    assert not small.getexif()
    assert row.sha256 == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize(
    ("content", "claimed", "kind", "is_a"),
    [
        (b"MZ\x90\x00" + bytes(200), "image/jpeg", "image", "application/octet-stream"),
        (b"<html><script>alert(1)</script>", "image/png", "image", "application/octet-stream"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'>", "image/webp", "image", "application/octet-stream"),
        (picture(20, 20, "PNG"), "image/jpeg", "image", "image/png"),
        (picture(20, 20, "GIF"), "application/octet-stream", "document", "image/gif"),
        (b"OggS\x00\x02" + bytes(22) + b"\x01\x13OpusHead" + bytes(40), "audio/ogg; codecs=opus", "audio", "audio/ogg"),
        (b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom" + bytes(40), "audio/mp4", "audio", "audio/mp4"),
        (b"#!AMR\n" + bytes(40), "audio/amr", "audio", "audio/amr"),
        (b"%PDF-1.7 x", "application/pdf", "document", "application/pdf"),
        (b"a;b;c\n", "text/csv", "document", "text/csv"),
    ],
    ids=["program", "page", "drawing", "other picture", "unnamed gif", "opus", "m4a", "amr", "pdf", "csv"],
)
def test_a_file_is_what_it_shows_and_not_what_it_says(
    number: Number, worker: Worker, graph: GraphFake, content: bytes, claimed: str, kind: str, is_a: str
) -> None:
    row = received(number, worker, graph, content, claimed, kind)

    assert (row.state, row.mime) == ("ready", is_a)


def bomb() -> bytes:
    """A picture of 400 megapixels in a few kilobytes."""
    written = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(written, "PNG")
    return written.getvalue()


@pytest.mark.parametrize("content", [bomb(), picture()[:3000], PNG], ids=["bomb", "cut off", "only a head"])
def test_a_hostile_or_broken_picture_is_kept_without_a_small_one(
    number: Number, worker: Worker, graph: GraphFake, content: bytes
) -> None:
    row = received(number, worker, graph, content, "image/png", "image")

    assert (row.state, row.thumbnail) == ("ready", "")
    assert thumbnails.for_model(content) is None


def test_a_picture_larger_than_its_kind_may_be_is_refused_in_words(
    number: Number, worker: Worker, graph: GraphFake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(media_limits.LARGEST, "image", 1000)
    row = received(number, worker, graph, picture(), "image/jpeg", "image")

    assert (row.state, row.error, row.file) == ("failed", "El archivo es demasiado grande.", "")


def test_a_failed_download_is_tried_again_when_a_person_asks(number: Number, worker: Worker, graph: GraphFake) -> None:
    media_id = graph.add_media(picture(), "image/jpeg")
    graph.expire_media(media_id)
    number.sends(wire.media("image", media_id, mime="image/jpeg"))
    worker.run()
    graph.files[media_id].expired = False
    with tenant_context(number.tenant):
        media.retry(attachment=attachment(number), by=BY)
    worker.run(seconds=5)
    assert attachment(number).state == "ready"

    with tenant_context(number.tenant), pytest.raises(Conflict):
        media.retry(attachment=attachment(number), by=BY)


# --- sending -------------------------------------------------------------------------------------------------


def sent_by_hand(number: Number, content: bytes, mime: str, **more: object) -> Message:
    with tenant_context(number.tenant):
        return media.send_file(
            conversation=number.conversation(),
            file=SimpleUploadedFile(str(more.pop("name", "foto.jpg")), content, mime),
            by=BY,
            user=None,
            **more,  # type: ignore[arg-type]  # caption, idempotency_key
        )


def test_a_photo_of_a_person_leaves_with_its_words_and_silences_the_agent(
    number: Number, worker: Worker, graph: GraphFake
) -> None:
    number.says("hola")
    content = picture()
    message = sent_by_hand(number, content, "image/jpeg", caption="Así queda")
    worker.run()

    assert [(file.content, file.mime) for file in graph.files.values()] == [(content, "image/jpeg")]
    assert graph.sends[-1]["body"]["image"]["caption"] == "Así queda"
    assert (message.kind, message.text, number.out()) == ("image", "Así queda", [("Así queda", "sent")])
    assert number.conversation().mode == "human"
    row = attachment(number)
    assert (row.state, bool(row.thumbnail), row.hearing) == ("ready", True, "none")


@pytest.mark.parametrize(
    ("content", "mime", "kind"),
    [
        (picture(20, 20, "WEBP"), "image/webp", "document"),  # WhatsApp takes it as a sticker only
        (b"MZ" + bytes(50), "image/jpeg", "document"),
        (b"OggS\x00\x02" + bytes(22) + b"\x01\x13OpusHead" + bytes(40), "audio/ogg", "audio"),
    ],
    ids=["webp", "program", "voice"],
)
def test_a_file_goes_as_what_the_channel_takes_it_for(
    number: Number, worker: Worker, graph: GraphFake, content: bytes, mime: str, kind: str
) -> None:
    number.says("hola")
    assert sent_by_hand(number, content, mime).kind == kind
    worker.run()
    assert graph.sends[-1]["body"]["type"] == kind


def test_the_same_press_twice_sends_one_file(number: Number, worker: Worker, graph: GraphFake) -> None:
    number.says("hola")
    first = sent_by_hand(number, picture(), "image/jpeg", idempotency_key="k1")
    again = sent_by_hand(number, picture(), "image/jpeg", idempotency_key="k1")
    worker.run()

    assert (first.pk, len(graph.sends)) == (again.pk, 1)


@pytest.mark.parametrize(
    ("content", "caption", "field"),
    [(b"", "", "file"), (bytes(26 * 2**20), "", "file"), (b"hola", "x" * 1025, "caption")],
)
def test_what_cannot_go_is_refused_beside_its_field(
    number: Number, worker: Worker, content: bytes, caption: str, field: str
) -> None:
    number.says("hola")
    with pytest.raises(Invalid) as refused:
        sent_by_hand(number, content, "text/plain", caption=caption)
    assert list(refused.value.fields) == [field]
    with tenant_context(number.tenant):
        assert not Attachment.objects.exists()


def file_after(acme: Tenant, person: Person, source: str, hours: int) -> Message:
    """A file of a person, so many hours after the customer's last word."""
    with tenant_context(acme):
        channel = make_channel(provider="meta_direct", channel_source=source, config={"phone_number_id": "1"})
        chat = make_conversation(channel=channel, last_inbound_at=timezone.now() - timedelta(hours=hours))
        file = SimpleUploadedFile("foto.jpg", picture(), "image/jpeg")
        return media.send_file(conversation=chat, file=file, by=person.actor, user=person.user)


def test_a_file_of_a_person_may_go_as_long_as_their_words(acme: Tenant, ana: Person) -> None:
    assert file_after(acme, ana, "instagram", hours=30).status == "queued"


@pytest.mark.parametrize(("source", "hours"), [("instagram", 7 * 24 + 1), ("whatsapp", 25)])
def test_a_file_does_not_go_once_the_window_is_closed(acme: Tenant, ana: Person, source: str, hours: int) -> None:
    with pytest.raises(Invalid) as refused:
        file_after(acme, ana, source, hours)
    assert refused.value.code == "window_closed"


def test_a_file_that_is_gone_when_its_turn_comes_is_a_visible_failure(
    number: Number, worker: Worker, graph: GraphFake
) -> None:
    number.says("hola")
    sent_by_hand(number, picture(), "image/jpeg")
    path = stored(number)
    assert path is not None
    path.unlink()
    worker.run()

    (failed,) = number.messages(direction="out")
    assert (failed.status, failed.error_code, graph.sends) == ("failed", "file_gone", [])
