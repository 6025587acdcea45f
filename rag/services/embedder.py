"""Which embedder a company uses: its own provider when it chose one and its key is in the vault, else the local model."""

from functools import lru_cache

from django.conf import settings

from rag.embeddings import Embedder, LocalEmbedder, OpenAIEmbedder
from tenants.models import Tenant
from tenants.services import tenant_settings
from tenants.services.vault import MissingCredential, get_tenant_set

# provider → (setting with the default address, default model)
REMOTE = {
    "openai": ("OPENAI_BASE_URL", "text-embedding-3-small"),
    "google": ("GEMINI_BASE_URL", "gemini-embedding-001"),
}


@lru_cache(maxsize=1)
def local() -> LocalEmbedder:
    return LocalEmbedder()


def for_tenant(tenant: Tenant) -> Embedder:
    """The embedder in force. Without the chosen provider's key: the local one. Raises VaultUnreadable."""
    chosen = tenant_settings.of(tenant)
    if chosen.embedding_provider not in REMOTE:
        return local()
    setting, default_model = REMOTE[chosen.embedding_provider]
    try:
        stored = get_tenant_set(tenant.pk, chosen.embedding_provider, "API_KEY")  # key and address of one owner
    except MissingCredential:
        return local()
    return OpenAIEmbedder(
        provider=chosen.embedding_provider,
        base_url=stored.get("BASE_URL") or getattr(settings, setting),
        api_key=stored["API_KEY"],
        name=chosen.embedding_model or default_model,
    )
