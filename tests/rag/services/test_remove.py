import time

import pytest

from rag.models import Chunk, Document
from rag.services import files
from rag.services.remove import remove_document, sweep_files
from tenants.context import tenant_context
from tenants.models import Tenant

from .knowledge import BY, upload, upload_ready


def test_vectors_metadata_and_file_go_together(acme: Tenant) -> None:
    document, other = upload_ready(acme), upload_ready(acme, "Otro texto del envío.")
    with tenant_context(acme):
        removal = remove_document(document=document, by=BY)
    assert (removal.vectors, removal.metadata, removal.file) == (2, 1, True)
    with tenant_context(acme):
        assert set(Document.objects.values_list("pk", flat=True)) == {other.pk}
        assert set(Chunk.objects.values_list("document_id", flat=True)) == {other.pk}
    assert {relative for relative, _changed in files.stored(acme)} >= {other.file}
    assert document.file not in {relative for relative, _changed in files.stored(acme)}


def test_a_removal_that_fails_removes_nothing(acme: Tenant) -> None:
    document = upload_ready(acme)

    def remove_and_fail() -> None:
        with tenant_context(acme):
            remove_document(document=document, by=BY)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        remove_and_fail()
    with tenant_context(acme):
        assert Chunk.objects.count() == 2
    assert files.read(acme, document.file)


def test_a_document_whose_file_is_gone_can_still_be_removed(acme: Tenant) -> None:
    document = upload(acme)
    files.remove(acme, document.file)
    with tenant_context(acme):
        assert remove_document(document=document, by=BY).file is False


def test_the_sweep_takes_old_leftovers_and_nothing_else(acme: Tenant) -> None:
    kept = upload(acme)
    files.write(acme, "documents/huerfano.md", b"x")
    assert sweep_files(tenant=acme) == 0  # young: its transaction may still be open
    assert sweep_files(tenant=acme, now=time.time() + 7200) >= 1
    left = {relative for relative, _changed in files.stored(acme)}
    assert kept.file in left
    assert "documents/huerfano.md" not in left
