"""Which embedder a company uses: its own provider when it chose one and its key is in the vault, else the local model."""

from functools import lru_cache

from django.conf import settings

from rag.embeddings import Embedder, LocalEmbedder, OpenAIEmbedder
from tenants.models import Tenant
from tenants.services import tenant_settings
from tenants.services.vault import MissingCredential, get_tenant_credential

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
        key = get_tenant_credential(tenant.pk, chosen.embedding_provider, "API_KEY")
    except MissingCredential:
        return local()
    try:
        base_url = get_tenant_credential(tenant.pk, chosen.embedding_provider, "BASE_URL")
    except MissingCredential:
        base_url = getattr(settings, setting)
    return OpenAIEmbedder(
        provider=chosen.embedding_provider,
        base_url=base_url,
        api_key=key,
        name=chosen.embedding_model or default_model,
    )
