"""Documents and what was made of them."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy

from rag.models import Chunk, Document
from rag.services.ingest import retry_document
from rag.services.remove import remove_document
from tenants.admin_site import CompanyAdmin, site


@admin.register(Document, site=site)
class DocumentAdmin(CompanyAdmin):
    reads, writes = "knowledge.read", "knowledge.write"
    may_change = False
    may_remove = True
    private = ("file",)
    list_display = ("title", "collection", "status", "progress", "chunk_count", "size", "created_at", "error")
    list_filter = ("status", "collection", "created_at")
    search_fields = ("title", "filename")
    ordering = ("-created_at", "-id")
    actions = ("process_again",)

    def get_deleted_objects(self, objs: Any, request: Any) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """Chunks go with their document; there are thousands, so they are counted by the document instead of listed."""
        rows = list(objs)
        counts = {str(self.model._meta.verbose_name_plural): len(rows)}
        counts[str(Chunk._meta.verbose_name_plural)] = sum(row.chunk_count for row in rows)
        return [str(row) for row in rows], counts, set(), []

    def discard(self, request: Any, obj: Document) -> None:
        remove_document(document=obj, by=request.actor)

    @admin.action(description=gettext_lazy("Procesar de nuevo"), permissions=["work"])
    def process_again(self, request: Any, queryset: QuerySet[Document]) -> None:
        self.each(request, queryset, lambda row: retry_document(document=row, by=request.actor))


@admin.register(Chunk, site=site)
class ChunkAdmin(CompanyAdmin):
    reads = "knowledge.read"
    private = ("embedding", "search", "terms")
    list_display = ("document", "position", "heading", "token_count", "embedding_model")
    list_filter = ("embedding_model", "trust")
    list_select_related = ("document",)
    search_fields = ("document__title", "text")
    ordering = ("document_id", "position")

    def get_queryset(self, request: Any) -> QuerySet[Chunk]:
        """Without the vectors: they are the bulk of a row and nobody reads them."""
        return super().get_queryset(request).defer("embedding", "search", "terms")
