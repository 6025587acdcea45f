"""Documents and their chunks; both live in the tenant's schema, vectors beside the text they stand for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import connection, models
from django.utils.translation import gettext_lazy as _
from pgvector.django import VectorField

from config.lib.ids import uuid7


class Collection(models.TextChoices):
    GENERAL = "general", _("General")
    ADN_PERSONAL = "adn_personal", _("ADN Personal")
    SHADOW = "shadow", _("Shadow RAG")


class DocumentStatus(models.TextChoices):
    QUEUED = "queued", _("En cola")
    PROCESSING = "processing", _("Procesando")
    READY = "ready", _("Listo")
    FAILED = "failed", _("Con error")


class Trust(models.TextChoices):
    """Who wrote the words: the business itself, or somebody whose text is quoted as data and never obeyed."""

    BUSINESS = "business", _("Del negocio")
    CUSTOMER = "customer", _("De clientes")


class DocumentQuerySet(models.QuerySet["Document"]):
    def in_collection(self, collection: str) -> "DocumentQuerySet":
        return self.filter(collection=collection)

    def with_content(self, *, collection: str, sha256: str) -> "DocumentQuerySet":
        return self.filter(collection=collection, sha256=sha256)

    def stalled(self, now: datetime, queued_before: datetime) -> "DocumentQuerySet":
        """Documents whose worker died (lease over) or whose wake-up was lost (queued for too long)."""
        dead = models.Q(status=DocumentStatus.PROCESSING, lease_until__lt=now)
        forgotten = models.Q(status=DocumentStatus.QUEUED, updated_at__lt=queued_before)
        return self.filter(dead | forgotten)

    def named(self, *, collection: str, filename: str) -> "DocumentQuerySet":
        return self.filter(collection=collection, filename=filename)

    def not_embedded_with(self, model: str) -> "DocumentQuerySet":
        return self.filter(status=DocumentStatus.READY).exclude(embedding_model=model)


class Document(models.Model):
    """One uploaded text. `status` says how far it is; `error` holds plain words for the person."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    title = models.CharField(_("título"), max_length=200)
    collection = models.CharField(_("colección"), max_length=20, choices=Collection, default=Collection.GENERAL)
    filename = models.CharField(_("nombre del archivo"), max_length=255)
    mime = models.CharField(max_length=100)
    size = models.PositiveBigIntegerField(_("tamaño"), help_text=_("Bytes del archivo subido."))
    sha256 = models.CharField(max_length=64, editable=False)
    status = models.CharField(_("estado"), max_length=12, choices=DocumentStatus, default=DocumentStatus.QUEUED)
    error = models.TextField(_("error"), blank=True, default="")
    progress = models.PositiveSmallIntegerField(_("avance"), default=0, help_text=_("De 0 a 100."))
    attempts = models.PositiveBigIntegerField(
        default=0, editable=False, help_text=_("Crece con cada toma: quien tiene un número viejo ya no escribe.")
    )
    failures = models.PositiveSmallIntegerField(default=0, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    chunk_count = models.PositiveBigIntegerField(_("fragmentos"), default=0)
    embedding_model = models.CharField(max_length=120, blank=True, default="")
    hero_name = models.CharField(_("nombre propio en el chat"), max_length=120, blank=True, default="")
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    file = models.CharField(max_length=255, editable=False, help_text=_("Ruta dentro de la carpeta del negocio."))
    version = models.PositiveBigIntegerField(_("versión"), default=1)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = DocumentQuerySet.as_manager()
    already_there = False  # set by add_document when the same content was uploaded before

    class Meta:
        verbose_name = _("documento")
        verbose_name_plural = _("documentos")
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["collection", "sha256"],
                name="rag_document_content_uq",
                violation_error_message=_("Ese archivo ya está cargado en la colección."),
            ),
            models.CheckConstraint(condition=models.Q(status__in=DocumentStatus.values), name="rag_document_status_ck"),
            models.CheckConstraint(
                condition=models.Q(collection__in=Collection.values), name="rag_document_collection_ck"
            ),
            models.CheckConstraint(condition=models.Q(progress__lte=100), name="rag_document_progress_ck"),
        ]
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="rag_document_recent_ix"),
            models.Index(
                fields=["lease_until"],
                name="rag_document_waiting_ix",
                condition=models.Q(status__in=["queued", "processing"]),
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def trust(self) -> str:
        """Shadow memory quotes customers; the rest was put here by the business."""
        return Trust.CUSTOMER if self.collection == Collection.SHADOW else Trust.BUSINESS


@dataclass(frozen=True)
class Candidate:
    """A chunk that may answer. `similarity` is the cosine with the query, None when it has no comparable vector."""

    chunk_id: int
    document_id: Any
    document_title: str
    collection: str
    position: int
    heading: str
    text: str
    terms: str
    trust: str
    similarity: float | None


def vector_name(model: str, vector: Sequence[float] | None) -> str:
    """What is written beside a vector: a server may change the length of its vectors and keep the model's name."""
    return f"{model}@{len(vector or ())}"


class ChunkQuerySet(models.QuerySet["Chunk"]):
    def term_frequencies(self, terms: Sequence[str], *, collections: Sequence[str]) -> tuple[int, dict[str, int]]:
        """Number of chunks of ready documents, and in how many chunks each term is found. One statement."""
        with connection.cursor() as cursor:
            cursor.execute(_FREQUENCIES, {"terms": list(terms), "collections": list(collections)})
            rows = cursor.fetchall()
        return rows[0][0], {term: count for _total, term, count in rows if term is not None}

    def candidates(
        self,
        *,
        weights: dict[str, float],
        vector: Sequence[float] | None,
        embedding_model: str,
        collections: Sequence[str],
        depth: int,
    ) -> list[Candidate]:
        """The `depth` best chunks by vector and the `depth` best by weighted terms. One statement.

        `weights` maps a tsquery term (`agua`, or the prefix form `calef:*`) to its worth. The vector scan is exact and
        reads only chunks with vectors of `embedding_model` and of this length: no others are comparable.
        """
        with connection.cursor() as cursor:
            cursor.execute(
                _CANDIDATES,
                {
                    "queries": list(weights),
                    "worths": list(weights.values()),
                    "vector": None if vector is None else "[" + ",".join(f"{x:.7g}" for x in vector) + "]",
                    "model": vector_name(embedding_model, vector),
                    "collections": list(collections),
                    "depth": depth,
                },
            )
            return [Candidate(*row) for row in cursor.fetchall()]


class Chunk(models.Model):
    """A passage of a document: verbatim text, its search terms and its vector."""

    id = models.BigAutoField(primary_key=True)
    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="chunks")
    position = models.PositiveBigIntegerField(help_text=_("Orden dentro del documento, desde 0."))
    heading = models.CharField(max_length=300, blank=True, default="")
    text = models.TextField()
    terms = models.TextField(
        editable=False, help_text=_("Palabras normalizadas (sin acentos, raíz y sonido) que alimentan la búsqueda.")
    )
    token_count = models.PositiveBigIntegerField()
    embedding = VectorField()  # no fixed dimension: each tenant may use another model
    embedding_model = models.CharField(max_length=130, help_text=_("Modelo y largo del vector."))
    # `simple`, because stemming and accents are dealt with in rag.domain.words: the bundled PostgreSQL has no unaccent.
    search = models.GeneratedField(
        expression=SearchVector("terms", config="simple"), output_field=SearchVectorField(), db_persist=True
    )
    trust = models.CharField(max_length=10, choices=Trust, default=Trust.BUSINESS)

    objects = ChunkQuerySet.as_manager()

    class Meta:
        verbose_name = _("fragmento")
        verbose_name_plural = _("fragmentos")
        ordering = ["document_id", "position"]
        constraints = [
            models.UniqueConstraint(fields=["document", "position"], name="rag_chunk_position_uq"),
            models.CheckConstraint(condition=models.Q(trust__in=Trust.values), name="rag_chunk_trust_ck"),
        ]
        indexes = [GinIndex(fields=["search"], name="rag_chunk_search_gin")]

    def __str__(self) -> str:
        return f"{self.position}: {self.text[:60]}"


# A document that is being indexed again keeps answering with its old chunks, so no status is asked here.
_FREQUENCIES = """
    select (select coalesce(sum(chunk_count), 0)::bigint from rag_document where collection = any(%(collections)s)),
           t.term,
           (select count(*) from rag_chunk c join rag_document d on d.id = c.document_id
            where c.search @@ t.term::tsquery and d.collection = any(%(collections)s))
    from (select null::text as term union all select unnest(%(terms)s::text[])) t
"""

_CANDIDATES = """
    with near as (
        select c.id from rag_chunk c join rag_document d on d.id = c.document_id
        where c.embedding_model = %(model)s and d.collection = any(%(collections)s) and %(vector)s::vector is not null
        order by c.embedding <#> %(vector)s::vector limit %(depth)s
    ), worded as (
        select c.id
        from unnest(%(queries)s::text[], %(worths)s::float8[]) q(term, worth)
        cross join lateral (select id, document_id from rag_chunk where search @@ q.term::tsquery) c
        join rag_document d on d.id = c.document_id
        where d.collection = any(%(collections)s)
        group by c.id order by sum(q.worth) desc, c.id limit %(depth)s
    )
    select c.id, c.document_id, d.title, d.collection, c.position, c.heading, c.text, c.terms, c.trust,
           case when c.embedding_model = %(model)s then -(c.embedding <#> %(vector)s::vector) end
    from rag_chunk c join rag_document d on d.id = c.document_id
    where c.id in (select id from near union select id from worded)
"""
