import uuid

import pytest
from django.db import IntegrityError, transaction

from config.lib.errors import AppError, Conflict
from rag.extract import MAX_BYTES
from rag.models import Document
from rag.services import files
from rag.services.ingest import add_document, retry_document
from tenants.context import tenant_context
from tenants.models import Tenant

from .knowledge import BY, TEXT, reloaded, upload, upload_ready


def test_an_upload_is_stored_as_given_and_queued(acme: Tenant) -> None:
    document = upload(acme, name="C:\\docs\\guía.MD", title=" Guía\u200b de\n ventas ")
    assert (document.status, document.title, document.filename) == ("queued", "Guía de ventas", "guía.MD")
    assert (document.size, document.mime) == (len(TEXT.encode()), "text/markdown")
    assert files.read(acme, document.file) == TEXT.encode()


def test_without_a_title_the_file_name_is_the_title(acme: Tenant) -> None:
    assert upload(acme, name="lista de precios.txt").title == "lista de precios"


def test_the_same_content_is_stored_once_a_collection_and_says_so(acme: Tenant) -> None:
    first = upload(acme)
    again = upload(acme, name="otro.md")
    elsewhere = upload(acme, collection="adn_personal")
    assert not first.already_there
    assert (again.pk, again.already_there) == (first.pk, True)
    assert elsewhere.pk != first.pk


def test_two_files_of_one_name_are_two_versions_that_do_not_touch_each_other(acme: Tenant) -> None:
    first, second = upload(acme), upload(acme, "Otro texto.")
    assert (first.version, second.version) == (1, 2)
    assert first.file != second.file


@pytest.mark.parametrize(
    ("content", "name", "collection", "words"),
    [
        (b"", "a.txt", "general", "vacío"),
        (b"a" * (MAX_BYTES + 1), "a.txt", "general", "10 MB"),
        (b"%PDF-1.4", "a.txt", "general", "no es de texto"),
        (b"hola", "a.exe", "general", "Tipos admitidos"),
        (b"hola", "a.txt", "ajena", "colección"),
    ],
)
def test_what_cannot_be_read_is_refused_in_plain_words(
    acme: Tenant, content: bytes, name: str, collection: str, words: str
) -> None:
    with tenant_context(acme), pytest.raises(AppError, match=words) as caught:
        add_document(file_name=name, content=content, title="", collection=collection, by=BY)
    assert caught.value.status == 422


def test_a_rolled_back_upload_leaves_no_row(acme: Tenant) -> None:
    def upload_and_fail() -> None:
        with tenant_context(acme):
            add_document(file_name="a.md", content=b"hola", collection="general", by=BY)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        upload_and_fail()
    with tenant_context(acme):
        assert not Document.objects.exists()


def test_only_a_failed_document_is_tried_again(acme: Tenant) -> None:
    document = upload_ready(acme)
    with tenant_context(acme), pytest.raises(Conflict):
        retry_document(document=document, by=BY)
    with tenant_context(acme):
        Document.objects.update(status="failed", error="No se pudo.", failures=5)
        retry_document(document=document, by=BY)
    assert (reloaded(acme, document).status, reloaded(acme, document).error) == ("queued", "")


@pytest.mark.parametrize(
    "values",
    [{"status": "lost"}, {"collection": "other"}, {"progress": 101}, {"collection": "general", "sha256": "taken"}],
)
def test_the_database_refuses_impossible_documents(acme: Tenant, values: dict[str, object]) -> None:
    taken = upload(acme)
    given = {k: taken.sha256 if v == "taken" else v for k, v in values.items()}
    row = Document(
        title="x", filename="x", mime="x", size=1, file=f"documents/{uuid.uuid4()}", **{"sha256": "1"} | given
    )
    with tenant_context(acme), pytest.raises(IntegrityError), transaction.atomic():
        row.save()


def test_a_file_outside_of_the_company_folder_is_never_touched(acme: Tenant) -> None:
    with pytest.raises(ValueError, match="outside"):
        files.path_of(acme, "../elsewhere/documents/x.md")
