"""Finding the passages that answer a question: vectors and words together, two statements, or honestly nothing."""

import logging
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.utils.translation import gettext as _

from config.lib.errors import Invalid, ProviderError
from rag.domain.ranking import Question, Scored, concepts_of, rank
from rag.embeddings import Embedder, Vector
from rag.models import Candidate, Chunk, Collection
from rag.services import embedder as embedders
from tenants.context import current_tenant, tenant_context
from tenants.models import Tenant

logger = logging.getLogger(__name__)

DEPTH = 40  # candidates of each order; the fusion looks no further
MAX_LIMIT = 50
MAX_QUERY = 2000  # characters


@dataclass(frozen=True)
class Passage:
    """A passage to quote. `score` 0 to 1 is the fused order, `text_score` 0 to 1 the share of the question's words
    found, `vector_score` the cosine (None when the passage has no vector of the model in force)."""

    text: str
    document_id: uuid.UUID
    document_title: str
    position: int
    score: float
    vector_score: float | None
    text_score: float
    heading: str
    collection: str
    trust: str
    chunk_id: int

    @property
    def citation(self) -> str:
        """Where the words stand, for a person: title and headings, without saying the same twice."""
        repeated = not self.heading or self.heading == self.document_title
        return self.document_title if repeated else f"{self.document_title} › {self.heading}"


def search(
    *,
    query: str,
    collection: str | None = None,
    limit: int = 5,
    tenant: Tenant | None = None,
    embedder: Embedder | None = None,
) -> list[Passage]:
    """Up to `limit` relevant passages, best first; empty when the knowledge holds no answer.

    With `tenant` it opens its own short transaction after embedding the question: workers call it so, outside of any.
    Without, it reads in the transaction that is open. A provider that does not answer in 2.5 s leaves words alone.
    `collection` None means all but shadow memory, which holds customers' words and is asked for by name.
    Raises Invalid for an unknown collection.
    """
    collections = _collections(collection)
    query = query.replace("\x00", " ")[:MAX_QUERY]
    concepts = concepts_of(query)
    if not concepts:
        return []
    used = embedder or embedders.for_tenant(tenant or current_tenant())
    vector = _vector(used, query)
    with _entered(tenant):
        asked = sorted({form for concept in concepts for form in concept.forms})
        total, frequencies = Chunk.objects.term_frequencies(asked, collections=collections)
        question = Question(concepts, total=total, frequencies=frequencies)
        candidates = Chunk.objects.candidates(
            weights=question.queries(),
            vector=vector,
            embedding_model=used.model,
            collections=collections,
            depth=DEPTH,
        )
    evidence = [(candidate.terms.split(), candidate.similarity) for candidate in candidates]
    best = rank(question, evidence, scale=used.scale, limit=max(1, min(limit, MAX_LIMIT)))
    return [_passage(candidates[scored.index], scored) for scored in best]


@contextmanager
def _entered(tenant: Tenant | None) -> Iterator[None]:
    if tenant is None:
        yield
    else:
        with tenant_context(tenant):
            yield


def _collections(collection: str | None) -> list[str]:
    if not collection:
        return [Collection.GENERAL, Collection.ADN_PERSONAL]
    if collection not in Collection.values:
        raise Invalid(_("Esa colección no existe."), fields={"collection": _("Colección desconocida.")})
    return [collection]


def _vector(embedder: Embedder, query: str) -> Vector | None:
    try:
        return embedder.embed([query], kind="query")[0]
    except ProviderError as error:
        logger.warning("search by words alone: %s %s %s", embedder.model, error.kind, error.code)
        return None


def _passage(candidate: Candidate, scored: Scored) -> Passage:
    return Passage(
        text=candidate.text,
        document_id=candidate.document_id,
        document_title=candidate.document_title,
        position=candidate.position,
        score=round(scored.fused, 4),
        vector_score=None if candidate.similarity is None else round(candidate.similarity, 4),
        text_score=round(scored.words, 4),
        heading=candidate.heading,
        collection=candidate.collection,
        trust=candidate.trust,
        chunk_id=candidate.chunk_id,
    )
