"""Arranging knowledge through the public doors of rag.services."""

from rag.domain.ranking import Scale
from rag.embeddings import Embedder, Kind, Vector
from rag.models import Document
from rag.services.ingest import add_document
from rag.services.process import process_document
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tenants.models import Tenant

BY = Actor.system("prueba")
TEXT = "# Horarios\nAbrimos de lunes a viernes de 9 a 18.\n\n# Envíos\nEl envío al interior cuesta $ 5.000.\n"


class FakeEmbedder(Embedder):
    """Texts about sending lie in one direction, other documents in a second, other questions in a third."""

    dimensions = 3

    def __init__(self, model: str = "fake/one", *, errors: list[Exception] | None = None) -> None:
        self.model = model
        self.scale = Scale(floor=0.5, strong=0.9)
        self.errors = list(errors or [])
        self.seen: list[str] = []

    def embed(self, texts: list[str], *, kind: Kind = "document") -> list[Vector]:
        if self.errors:
            raise self.errors.pop(0)
        self.seen += texts
        other = [0.0, 1.0, 0.0] if kind == "document" else [0.0, 0.0, 1.0]
        return [[1.0, 0.0, 0.0] if "nvío" in text or "paquete" in text else other for text in texts]


def upload(
    tenant: Tenant, text: str = TEXT, *, name: str = "guia.md", collection: str = "general", **more: str
) -> Document:
    with tenant_context(tenant):
        return add_document(file_name=name, content=text.encode(), collection=collection, by=BY, **more)


def upload_ready(tenant: Tenant, text: str = TEXT, *, embedder: Embedder | None = None, **more: str) -> Document:
    document = upload(tenant, text, **more)
    assert process_document(tenant=tenant, document_id=str(document.pk), embedder=embedder or FakeEmbedder()) == "ready"
    return reloaded(tenant, document)


def reloaded(tenant: Tenant, document: Document) -> Document:
    with tenant_context(tenant):
        return Document.objects.get(pk=document.pk)
