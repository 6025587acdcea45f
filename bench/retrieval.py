"""Retrieval: quality of words and vectors together against each alone, and time against a raw exact scan, in one run.

    python -m bench.retrieval [--chunks 10000] [--searches 200]

Needs the services of `bin/dev` or `bin/test` (DATABASE_URL, OWNER_DATABASE_URL). Quality uses the labelled questions of
tests/rag/data and no database. Time makes a company of its own with made-up passages and removes it at the end.
"""

import argparse
import random
import statistics
import time
from collections import Counter
from collections.abc import Callable
from math import log2

import django

django.setup()

from django.db import connection, connections  # noqa: E402 (after setup)
from django.test.utils import override_settings  # noqa: E402 (after setup)

from rag.domain.ranking import Question, concepts_of, rank  # noqa: E402 (after setup)
from rag.domain.words import terms  # noqa: E402 (after setup)
from rag.embeddings import Vector  # noqa: E402 (after setup)
from rag.models import Chunk, Document, vector_name  # noqa: E402 (after setup)
from rag.services.embedder import local  # noqa: E402 (after setup)
from rag.services.search import search  # noqa: E402 (after setup)
from tenants.context import tenant_context  # noqa: E402 (after setup)
from tenants.models import Domain, Tenant  # noqa: E402 (after setup)
from tenants.services import provisioning, registry  # noqa: E402 (after setup)
from tests.rag.labelled import passages, questions  # noqa: E402 (after setup)

# Questions ask for words between the 20th, in half of the passages, and the 3000th, in four of a thousand.
FIRST_ASKED, LAST_ASKED = 20, 3000


def ndcg(order: list[str], expected: frozenset[str], depth: int = 10) -> float:
    gained = sum(1 / log2(rank_ + 2) for rank_, name in enumerate(order[:depth]) if name in expected)
    return gained / sum(1 / log2(rank_ + 2) for rank_ in range(len(expected)))


def quality() -> None:
    rows, asked = passages(), [question for question in questions() if question.expected]
    names = [row["id"] for row in rows]
    held = [terms(f"{row['title']} {row['text']}") for row in rows]
    frequencies = Counter(term for each in held for term in set(each))
    vectors = local().embed([f"{row['title']}. {row['text']}" for row in rows])
    queries = local().embed([question.text for question in asked], kind="query")
    scores: dict[str, list[float]] = {"words": [], "vectors": [], "both": []}
    for question, query in zip(asked, queries, strict=True):
        weighed = Question(concepts_of(question.text), total=len(rows), frequencies=frequencies)
        cosines = [sum(a * b for a, b in zip(query, vector, strict=True)) for vector in vectors]
        words = [weighed.coverage(each) for each in held]
        both = rank(weighed, list(zip(held, cosines, strict=True)), scale=local().scale, limit=10)
        for name, order in (
            ("words", sorted(range(len(rows)), key=lambda i: -words[i])),
            ("vectors", sorted(range(len(rows)), key=lambda i: -cosines[i])),
            ("both", [scored.index for scored in both]),
        ):
            scores[name].append(ndcg([names[i] for i in order], question.expected))
    means = {name: statistics.mean(values) for name, values in scores.items()}
    best = max(means["words"], means["vectors"])
    print(
        f"quality, {len(asked)} answerable questions, nDCG@10: " + ", ".join(f"{k} {v:.3f}" for k, v in means.items())
    )
    print(f"  both / best single: {means['both'] / best:.3f} (both leaves out what it holds for irrelevant)")


def made_up(chunks: int) -> tuple[Tenant, list[str]]:
    """A company with passages of random words, Zipf-like, and random unit vectors of the local model's length."""
    source = random.Random(7)
    with override_settings(TENANT_SEEDERS=[]):  # nothing of other apps, so that `drop` has only this to remove
        tenant = provisioning.create_tenant(slug=f"bench-{int(time.time())}", name="Bench")
    words = ["".join(source.choices("abcdefgilmnoprstu", k=source.randint(4, 9))) for _ in range(20_000)]
    weights = [1 / (position + 1) for position in range(len(words))]
    with tenant_context(tenant):
        document = Document.objects.create(
            title="Bench",
            filename="b.md",
            mime="text/markdown",
            size=1,
            sha256="b",
            file="documents/b.md",
            status="ready",
            chunk_count=chunks,
            embedding_model=local().model,
        )
        for start in range(0, chunks, 1000):
            rows = []
            for position in range(start, min(chunks, start + 1000)):
                text = " ".join(source.choices(words, weights, k=120))
                vector = unit(source, local().dimensions)
                rows.append(
                    Chunk(
                        document=document,
                        position=position,
                        text=text,
                        terms=" ".join(terms(text)),
                        token_count=200,
                        embedding=vector,
                        embedding_model=vector_name(local().model, vector),
                    )
                )
            Chunk.objects.bulk_create(rows)
    with connections["owner"].cursor() as cursor:
        cursor.execute(f'vacuum analyze "{tenant.schema_name}".rag_chunk')
    return tenant, words


def unit(source: random.Random, dimensions: int) -> Vector:
    vector = [source.gauss(0, 1) for _ in range(dimensions)]
    length = sum(x * x for x in vector) ** 0.5
    return [x / length for x in vector]


def timed(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return (time.perf_counter() - started) * 1000


def raw_scan(tenant: Tenant, vector: str) -> None:
    """The anchor: the best ten by vector, one bare statement in the company's transaction."""
    with tenant_context(tenant), connection.cursor() as cursor:
        cursor.execute("select id from rag_chunk order by embedding <#> %s::vector limit 10", [vector])
        cursor.fetchall()


def speed(chunks: int, searches: int) -> None:
    tenant, words = made_up(chunks)
    source = random.Random(11)
    try:
        whole, scans, embeds = [], [], []
        local().embed(["entrada en calor"])
        for number in range(searches):
            query = " ".join(source.choices(words[FIRST_ASKED:LAST_ASKED], k=6))
            vector = str(unit(source, local().dimensions))
            acts = [lambda v=vector: raw_scan(tenant, v), lambda q=query: search(query=q, tenant=tenant)]
            times = {act: timed(act) for act in (acts if number % 2 else reversed(acts))}
            scans.append(times[acts[0]])
            whole.append(times[acts[1]])
            embeds.append(timed(lambda q=query: local().embed([q], kind="query")))
        for name, values in (
            ("raw exact scan", scans),
            ("embedding the question", embeds),
            ("search, end to end", whole),
        ):
            print(
                f"{name}: p50 {statistics.median(values):.1f} ms, p95 {statistics.quantiles(values, n=20)[-1]:.1f} ms"
            )
        ratio = statistics.quantiles(whole, n=20)[-1] / statistics.quantiles(scans, n=20)[-1]
        print(f"  p95 of a search / p95 of the raw scan, {chunks} chunks: {ratio:.2f}")
    finally:
        drop(tenant)


def drop(tenant: Tenant) -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute(f'drop schema "{tenant.schema_name}" cascade')
    Domain.objects.using("owner").filter(tenant_id=tenant.pk).delete()
    Tenant.objects.using("owner").filter(pk=tenant.pk)._raw_delete("owner")
    registry.changed()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chunks", type=int, default=10_000)
    parser.add_argument("--searches", type=int, default=200)
    options = parser.parse_args()
    quality()
    speed(options.chunks, options.searches)


if __name__ == "__main__":
    main()
