"""Which model answers for an agent: address and key from the company's vault, or the labelled demo model."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from agents.llm.base import LLM, LLMError
from agents.llm.demo import DemoLLM
from agents.llm.openai_compatible import OpenAICompatible
from agents.services.calls import Careful
from tenants.models import Tenant
from tenants.services.vault import MissingCredential, get_tenant_credential, get_tenant_set

# provider → (vault category, setting with the default address)
PROVIDERS: dict[str, tuple[str, str]] = {
    "openai": ("openai", "OPENAI_BASE_URL"),
    "google": ("google", "GEMINI_BASE_URL"),
}
KINDS = (*PROVIDERS, "custom", "demo")
NO_KEY = "none"  # a server of one's own may want no key, the protocol wants some text


def llm_for(tenant: Tenant, agent: Mapping[str, Any]) -> tuple[LLM, tuple[str, ...], str]:
    """The port, the models to ask in order, and the secret in use (for the outbound filter).

    `agent` is a published snapshot. Raises LLMError of kind `auth` or `config` with words for the team.
    """
    provider = str(agent.get("model_provider") or "demo")
    config = agent.get("config") or {}
    if provider == "demo":
        return DemoLLM(), ("demo",), ""
    if provider == "custom":
        base_url, key = _custom(tenant, str(config.get("base_url") or ""))
    elif provider in PROVIDERS:
        category, setting = PROVIDERS[provider]
        try:
            stored = get_tenant_set(tenant.pk, category, "API_KEY")  # key and address of one owner, never mixed
        except MissingCredential as error:
            raise LLMError(str(error.message), kind="auth", code="missing_key") from error
        key, base_url = stored["API_KEY"], stored.get("BASE_URL") or getattr(settings, setting)
    else:
        raise LLMError(_("El proveedor del modelo no existe."), kind="config")
    models = tuple(
        dict.fromkeys(
            str(name).strip()
            for name in (agent.get("model_version"), config.get("fallback_model"))
            if str(name or "").strip()
        )
    )
    if not models:
        raise LLMError(_("El agente no tiene modelo."), kind="config")
    port = OpenAICompatible(base_url=base_url, api_key=key, name=provider)
    return Careful(port, tenant.pk, base_url), models, key


def for_side_tasks(agent: Mapping[str, Any]) -> dict[str, Any]:
    """The snapshot to ask with for what is short: who takes a turn, summaries, help with writing.

    Its `side_model` comes first, with the agent's own behind it for when that one fails; the snapshot as it is where none is
    set. Provider and key are the same.
    """
    config = agent.get("config") or {}
    side = str(config.get("side_model") or "").strip()
    if not side:
        return dict(agent)
    own = agent.get("model_version") or config.get("fallback_model") or ""
    return {**agent, "model_version": side, "config": {**config, "fallback_model": own}}


def _custom(tenant: Tenant, written: str) -> tuple[str, str]:
    """A server of the company's own. The key of OpenAI goes only to the address that stands beside it in the vault:
    an agent's settings are not enough to send it somewhere else."""
    stored = _optional_set(tenant, "openai", "BASE_URL")
    in_vault = stored.get("BASE_URL", "")
    base_url = written or in_vault
    if not base_url:
        raise LLMError(_("Falta la dirección del modelo propio."), kind="config")
    key = _optional(tenant, "openai", "CUSTOM_API_KEY")
    if not key and base_url.rstrip("/") == in_vault.rstrip("/"):
        key = stored.get("API_KEY", "")
    return base_url, key or NO_KEY


def _optional_set(tenant: Tenant, category: str, name: str) -> dict[str, str]:
    try:
        return get_tenant_set(tenant.pk, category, name)
    except MissingCredential:
        return {}


def _optional(tenant: Tenant, category: str, name: str) -> str:
    try:
        return get_tenant_credential(tenant.pk, category, name)
    except MissingCredential:
        return ""
