"""What a company's models cost by its own table, and which of its models have no price anywhere."""

from agents.domain import pricing
from agents.domain.pricing import Prices
from agents.models import Agent, LedgerEntry
from tenants.domain.spending import MOST_MODELS, model_name
from tenants.models import Tenant
from tenants.services import tenant_settings

DEMO = "demo"


def of(tenant: Tenant) -> Prices:
    """By the name of the model, to be used before the price list."""
    return pricing.prices_of(tenant_settings.of(tenant).model_prices_usd)


def missing(own: Prices) -> list[str]:
    """Models without a price that the agents of the entered company use, as drafts or published, or that were booked so."""
    named = [name for snapshot in _snapshots() for name in snapshot]
    named += _booked()
    names = dict.fromkeys(model_name(name) for name in named)
    return [name for name in names if name and pricing.price_of(name, own) is None][:MOST_MODELS]


def _snapshots() -> list[tuple[str, ...]]:
    """The models that each names, as it is written and as it answers; nothing of the demonstration."""
    found = []
    for agent in Agent.objects.select_related("published").order_by("name", "pk"):
        written = {"model_provider": agent.model_provider, "model_version": agent.model_version, "config": agent.config}
        for each in (written, agent.published.snapshot if agent.published else {}):
            if each.get("model_provider", DEMO) != DEMO:
                config = each.get("config") or {}
                named = (each.get("model_version"), config.get("fallback_model"), config.get("side_model"))
                found.append(tuple(str(name or "") for name in named))
    return found


def _booked() -> list[str]:
    """The names, of whatever time: an agent may have another model by now."""
    unpriced = LedgerEntry.objects.filter(kind=LedgerEntry.Kind.MODEL, usd=None)
    return list(unpriced.order_by("what").values_list("what", flat=True).distinct()[:MOST_MODELS])
