"""Files of messages: fetched by a worker, whole or not at all, kept in the company's own folder."""

from pathlib import Path

import pytest
from django.conf import settings

from messaging.models import Attachment, Message
from messaging.services import media
from messaging.services.media import path_of
from tenants.context import tenant_context
from tests.fakes import graph_events as wire
from tests.fakes.graph import GraphFake
from tests.messaging.services.saying import Number, Worker

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
