import pytest
from pytest_httpserver import HTTPServer

from rag.services.embedder import for_tenant
from rag.services.search import search
from tenants.context import tenant_context
from tenants.models import Tenant
from tenants.services.vault import put_credential

from .knowledge import BY, upload_ready


@pytest.fixture
def chooser(acme: Tenant) -> Tenant:
    return Tenant(
        **{f.attname: getattr(acme, f.attname) for f in Tenant._meta.concrete_fields}
        | {"settings": {"embedding_provider": "openai"}}
    )


def test_a_company_without_a_choice_uses_the_local_model(acme: Tenant) -> None:
    assert for_tenant(acme).model == "local/all-MiniLM-L6-v2"


def test_a_choice_without_a_key_falls_back_to_the_local_model(chooser: Tenant) -> None:
    assert not for_tenant(chooser).remote


def test_the_key_and_address_of_the_vault_are_used(chooser: Tenant, httpserver: HTTPServer) -> None:
    with tenant_context(chooser):
        put_credential(category="openai", name="API_KEY", value="sk-of-acme-1234", by=BY)
        put_credential(category="openai", name="BASE_URL", value=httpserver.url_for("/v1"), by=BY)
    httpserver.expect_request("/v1/embeddings", headers={"Authorization": "Bearer sk-of-acme-1234"}).respond_with_json(
        {"data": [{"index": 0, "embedding": [1.0, 0.0]}]}
    )
    embedder = for_tenant(chooser)
    assert embedder.model == "openai/text-embedding-3-small"
    upload_ready(chooser, "El envío tarda.", embedder=embedder)
    assert search(query="envío", tenant=chooser)[0].vector_score == 1.0
