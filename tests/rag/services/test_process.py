from datetime import timedelta

import pytest
from django.utils import timezone

from config.lib.errors import ProviderError
from rag.embeddings import Kind, Vector
from rag.models import Chunk, Document
from rag.services import files, process
from rag.services.process import MAX_FAILURES, process_document, reembed, requeue_stalled
from rag.services.search import search
from rag.tasks import sweep
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.support.tasks import Queue

from .knowledge import FakeEmbedder, reloaded, upload, upload_ready

LONG = "\n\n".join(f"# Tema {n}\nTexto del tema {n}." for n in range(150))


def chunks(tenant: Tenant) -> list[Chunk]:
    with tenant_context(tenant):
        return list(Chunk.objects.all())


def test_a_queued_document_becomes_ready_with_its_passages(acme: Tenant) -> None:
    document = upload_ready(acme)
    assert (document.chunk_count, document.progress, document.embedding_model) == (2, 100, "fake/one")
    assert [chunk.heading for chunk in chunks(acme)] == ["Horarios", "Envíos"]


def test_processing_twice_changes_nothing(acme: Tenant) -> None:
    document = upload_ready(acme)
    before = [chunk.pk for chunk in chunks(acme)]
    assert process_document(tenant=acme, document_id=str(document.pk)) == ""
    assert [chunk.pk for chunk in chunks(acme)] == before


def test_title_and_headings_are_embedded_with_the_passage(acme: Tenant) -> None:
    embedder = FakeEmbedder()
    upload_ready(acme, title="Guía", embedder=embedder)
    assert embedder.seen[0].startswith("Guía. Horarios. ")


@pytest.mark.parametrize(
    ("kind", "status", "words"),
    [
        ("retry", "queued", "Se reintenta"),
        ("unknown", "queued", "Se reintenta"),
        ("auth", "failed", "credencial"),
        ("permanent", "failed", "modelo"),
    ],
)
def test_trouble_of_the_provider_is_told_in_plain_words(acme: Tenant, kind: str, status: str, words: str) -> None:
    document = upload(acme)
    broken = FakeEmbedder(errors=[ProviderError("secret detail", kind=kind)])
    assert process_document(tenant=acme, document_id=str(document.pk), embedder=broken) == status
    document = reloaded(acme, document)
    assert words in document.error
    assert "secret" not in document.error


def test_a_provider_that_stays_away_fails_the_document_in_the_end(acme: Tenant) -> None:
    document = upload(acme)
    broken = FakeEmbedder(errors=[ProviderError("away", kind="retry")] * MAX_FAILURES)
    statuses = [
        process_document(tenant=acme, document_id=str(document.pk), embedder=broken) for _ in range(MAX_FAILURES)
    ]
    assert statuses == ["queued"] * (MAX_FAILURES - 1) + ["failed"]


def test_a_lost_file_and_a_blank_one_fail_in_plain_words(acme: Tenant) -> None:
    lost, blank = upload(acme), upload(acme, " \n ")
    files.remove(acme, lost.file)
    for document, words in ((lost, "Subirlo de nuevo"), (blank, "no tiene texto")):
        assert process_document(tenant=acme, document_id=str(document.pk), embedder=FakeEmbedder()) == "failed"
        assert words in reloaded(acme, document).error


class DyingEmbedder(FakeEmbedder):
    """Kills its worker at the second batch, as kill -9 would: nothing after it runs."""

    def embed(self, texts: list[str], *, kind: Kind = "document") -> list[Vector]:
        if self.seen:
            raise SystemExit
        return super().embed(texts, kind=kind)


def test_after_a_kill_the_next_worker_goes_on_where_the_last_one_stopped(acme: Tenant) -> None:
    document = upload(acme, LONG)
    with pytest.raises(SystemExit):
        process_document(tenant=acme, document_id=str(document.pk), embedder=DyingEmbedder())
    assert reloaded(acme, document).status == "processing"
    assert requeue_stalled(tenant=acme) == 0  # its lease still runs
    assert requeue_stalled(tenant=acme, now=timezone.now() + timedelta(minutes=6)) == 1
    successor = FakeEmbedder()
    assert process_document(tenant=acme, document_id=str(document.pk), embedder=successor) == "ready"
    assert len(successor.seen) == 150 - process.BATCH
    assert len(chunks(acme)) == 150
    assert [relative for relative, _changed in files.stored(acme) if relative.endswith(".vectors")] == []


def test_a_document_that_kills_every_worker_is_given_up(acme: Tenant) -> None:
    document = upload(acme)
    for _attempt in range(MAX_FAILURES):
        with tenant_context(acme):
            Document.objects.update(status="processing", lease_until=timezone.now() - timedelta(seconds=1))
        requeue_stalled(tenant=acme)
    document = reloaded(acme, document)
    assert (document.status, document.error) == ("failed", "No se pudo procesar después de varios intentos.")


def test_a_lost_wake_up_is_found_again(acme: Tenant) -> None:
    upload(acme)
    assert requeue_stalled(tenant=acme) == 0
    assert requeue_stalled(tenant=acme, now=timezone.now() + timedelta(minutes=3)) == 1


class SlowEmbedder(FakeEmbedder):
    """While it works, the document is taken by another worker, or removed."""

    def __init__(self, tenant: Tenant, *, remove: bool) -> None:
        super().__init__()
        self.tenant, self.remove = tenant, remove

    def embed(self, texts: list[str], *, kind: Kind = "document") -> list[Vector]:
        with tenant_context(self.tenant):
            rows = Document.objects.all()
            rows.delete() if self.remove else rows.update(attempts=99)
        return super().embed(texts, kind=kind)


@pytest.mark.parametrize("remove", [False, True])
def test_a_worker_that_lost_its_document_writes_nothing(acme: Tenant, remove: bool) -> None:
    document = upload(acme)
    slow = SlowEmbedder(acme, remove=remove)
    assert process_document(tenant=acme, document_id=str(document.pk), embedder=slow) == ""
    assert chunks(acme) == []


def test_a_long_document_is_continued_by_another_task(acme: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "SLICE_SECONDS", 0.0)
    document = upload(acme, LONG)
    statuses = []
    while not statuses or statuses[-1] == "queued":
        statuses.append(process_document(tenant=acme, document_id=str(document.pk), embedder=FakeEmbedder()))
    assert statuses == ["queued", "queued", "ready"]


def test_another_model_means_embedding_again_and_answers_by_words_meanwhile(acme: Tenant) -> None:
    document = upload_ready(acme)
    assert reembed(tenant=acme) == 1  # made by the fake, the company uses the local model
    assert search(query="envío al interior", tenant=acme)[0].vector_score is None
    assert process_document(tenant=acme, document_id=str(document.pk)) == "ready"
    assert reembed(tenant=acme) == 0
    assert search(query="envío al interior", tenant=acme)[0].vector_score is not None
    assert len(chunks(acme)) == 2


def test_an_upload_is_read_by_the_worker_and_then_answers(acme: Tenant, queued: Queue) -> None:
    document = upload(acme)
    assert [task.name for task in queued.named("process_document")] == ["rag.tasks.process_document"]
    queued.drain()
    assert reloaded(acme, document).status == "ready"
    assert "$ 5.000" in search(query="cuánto sale mandar al interior", tenant=acme)[0].text


def test_the_sweep_finds_the_stalled_documents_of_every_company(acme: Tenant, globex: Tenant, queued: Queue) -> None:
    documents = [(tenant, upload(tenant)) for tenant in (acme, globex)]
    queued.clear()
    for tenant, _document in documents:
        with tenant_context(tenant):
            Document.objects.update(updated_at=timezone.now() - timedelta(minutes=3))
    sweep()
    assert {task.tenant_id for task in queued.named("process_document")} == {acme.pk, globex.pk}
