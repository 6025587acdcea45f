import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from config.lib.errors import Invalid, ProviderError
from rag.services.search import search
from tenants.context import tenant_context
from tenants.models import Tenant

from .knowledge import FakeEmbedder, upload_ready


def texts(tenant: Tenant, query: str, **more: object) -> list[str]:
    return [passage.text for passage in search(query=query, tenant=tenant, embedder=FakeEmbedder(), **more)]


def test_a_question_without_accents_in_capitals_finds_its_passage(acme: Tenant) -> None:
    upload_ready(acme)
    assert "$ 5.000" in texts(acme, "ENVIO AL INTERIOR")[0]


def test_a_passage_says_where_it_stands(acme: Tenant) -> None:
    document = upload_ready(acme, title="Guía")
    passage = search(query="envio al interior", tenant=acme, embedder=FakeEmbedder())[0]
    assert (passage.document_id, passage.citation, passage.position) == (document.pk, "Guía › Envíos", 1)
    assert (passage.collection, passage.trust) == ("general", "business")
    assert 0 < passage.text_score <= 1
    assert 0 < passage.score <= 1


def test_meaning_finds_what_words_do_not(acme: Tenant) -> None:
    upload_ready(acme)
    assert "$ 5.000" in texts(acme, "mandan un paquete")[0]


@pytest.mark.parametrize("query", ["capital de Francia", "hola", "", "???", "\x00", "日本", "'; drop table x; --"])
def test_what_the_knowledge_does_not_hold_finds_nothing(acme: Tenant, query: str) -> None:
    upload_ready(acme)
    assert texts(acme, query) == []


@pytest.mark.parametrize(
    "query", ["envío & | ! ( : * \\ '", "envio:*", "envío <-> interior", "envío " * 3000, "🙂 envío"]
)
def test_signs_of_the_search_language_do_no_harm(acme: Tenant, query: str) -> None:
    upload_ready(acme)
    assert texts(acme, query)


def test_collections_are_kept_apart_and_shadow_memory_is_asked_for_by_name(acme: Tenant) -> None:
    upload_ready(acme, "El envío general.", collection="general")
    upload_ready(acme, "El envío en la memoria.", collection="shadow")
    assert texts(acme, "envío") == ["El envío general."]
    assert texts(acme, "envío", collection="shadow") == ["El envío en la memoria."]
    with pytest.raises(Invalid):
        texts(acme, "envío", collection="ajena")


def test_customers_words_are_marked_as_such(acme: Tenant) -> None:
    upload_ready(acme, "El envío en la memoria.", collection="shadow")
    assert search(query="envío", collection="shadow", tenant=acme, embedder=FakeEmbedder())[0].trust == "customer"


def test_another_company_finds_nothing(acme: Tenant, globex: Tenant) -> None:
    upload_ready(acme)
    assert texts(globex, "envío al interior") == []


def test_a_provider_that_is_away_leaves_the_words(acme: Tenant) -> None:
    upload_ready(acme)
    away = FakeEmbedder(errors=[ProviderError("away", kind="retry")])
    found = search(query="envío al interior", tenant=acme, embedder=away)
    assert found[0].vector_score is None


def test_vectors_of_another_length_are_passed_over(acme: Tenant) -> None:
    upload_ready(acme)

    class Longer(FakeEmbedder):
        def embed(self, texts: list[str], *, kind: str = "document") -> list[list[float]]:
            return [[1.0, 0.0, 0.0, 0.0] for _ in texts]

    assert search(query="envío al interior", tenant=acme, embedder=Longer())[0].vector_score is None


def test_the_limit_is_respected(acme: Tenant) -> None:
    upload_ready(acme, "\n".join(f"# Envío {n}\nEl envío número {n}." for n in range(20)))
    assert len(texts(acme, "envío", limit=3)) == 3
    assert len(texts(acme, "envío", limit=0)) == 1


def test_a_search_costs_two_statements_however_much_there_is(acme: Tenant) -> None:
    for copies in (1, 30):
        upload_ready(acme, "\n".join(f"# Envío {n}\nEl envío {copies} de {n}." for n in range(copies)))
        with tenant_context(acme), CaptureQueriesContext(connection) as statements:
            search(query="envío", embedder=FakeEmbedder())
        assert len([s for s in statements if "set_config" not in s["sql"]]) == 2
