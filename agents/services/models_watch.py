"""Until when the models of a company's agents answer, asked of their providers every night.

Providers shut models down with weeks of notice. Whoever directs the agents is told thirty days and seven days before and when a
model is gone, and the agent's page says so until another one is chosen. Model names and dates are data: nothing here knows one.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from agents.llm.base import LLMError
from agents.models import Agent, ModelEnd
from agents.services.calls import Careful
from agents.services.llms import llm_for
from crm.models import Notification
from crm.services import notifications
from tenants.context import tenant_context
from tenants.domain import roles
from tenants.models import Membership, Tenant

WARN_DAYS = (7, 30)
MOST = 40  # models of a company that are asked for in a night


@dataclass(frozen=True, slots=True)
class Ending:
    """A model of an agent that will not answer for long. `days` left, below zero when it is gone."""

    model: str
    ends_on: date | None
    days: int

    @property
    def words(self) -> str:
        """For the agent's page."""
        if self.days < 0:
            return _("El proveedor ya no tiene el modelo %(model)s: elegir otro y publicar.") % {"model": self.model}
        values = {"model": self.model, "day": date_format(self.ends_on, "j F Y") if self.ends_on else ""}
        return _("El proveedor apaga el modelo %(model)s el %(day)s: elegir otro y publicar antes.") % values


def watch(*, tenant: Tenant) -> int:
    """Ask for every model in use and warn; how many were asked for. Call it outside of any transaction."""
    with tenant_context(tenant):
        asked = _in_use()
    for provider, model, snapshot in asked:
        try:
            port, _models, _secret = llm_for(tenant, snapshot)
            told = port.model_end(model) if isinstance(port, Careful) else None
        except LLMError:
            continue  # a missing key or a provider away: other pages tell of that
        if told is None:
            continue
        with tenant_context(tenant):
            ModelEnd.objects.update_or_create(
                provider=provider,
                model=model,
                defaults={"ends_on": told.ends_on, "gone": told.gone, "checked_at": timezone.now()},
            )
    with tenant_context(tenant):
        _forget_unused(asked)
        _warn(tenant)
    return len(asked)


def endings(snapshots: Iterable[dict[str, Any]], *, today: date) -> list[Ending]:
    """What ends soon or is gone of the models that these agents name, the most urgent first. One query."""
    named = {(str(each.get("model_provider") or ""), name) for each in snapshots for name in _names(each)}
    soon = today + timedelta(days=max(WARN_DAYS))
    rows = ModelEnd.objects.filter(model__in=[model for _provider, model in named])
    found = [
        Ending(row.model, row.ends_on, -1 if row.gone or row.ends_on is None else (row.ends_on - today).days)
        for row in rows
        if (row.provider, row.model) in named and (row.gone or (row.ends_on is not None and row.ends_on <= soon))
    ]
    return sorted(found, key=lambda each: (each.days, each.model))


def today_of(tenant: Tenant) -> date:
    return timezone.now().astimezone(ZoneInfo(tenant.timezone)).date()


def _names(snapshot: dict[str, Any]) -> list[str]:
    config = snapshot.get("config") or {}
    given = (snapshot.get("model_version"), config.get("fallback_model"), config.get("side_model"))
    return [str(name).strip() for name in dict.fromkeys(given) if str(name or "").strip()]


def _published() -> list[dict[str, Any]]:
    agents = Agent.objects.filter(is_active=True, published__isnull=False).select_related("published")
    return [agent.published.snapshot for agent in agents if agent.published is not None]


def _in_use() -> list[tuple[str, str, dict[str, Any]]]:
    """Provider, model and an agent that uses it."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for snapshot in _published():
        provider = str(snapshot.get("model_provider") or "demo")
        if provider != "demo":
            for name in _names(snapshot):
                found.setdefault((provider, name), snapshot)
    return [(provider, model, snapshot) for (provider, model), snapshot in found.items()][:MOST]


def _forget_unused(asked: list[tuple[str, str, dict[str, Any]]]) -> None:
    used = {(provider, model) for provider, model, _snapshot in asked}
    for row in ModelEnd.objects.all():
        if (row.provider, row.model) not in used:
            row.delete()


def _warn(tenant: Tenant) -> None:
    """Each person once for each model and each of the three moments."""
    for ending in endings(_published(), today=today_of(tenant)):
        stage = "gone" if ending.days < 0 else str(next(days for days in WARN_DAYS if ending.days <= days))
        for user_id, locale in _directing(tenant):
            with translation.override(locale):
                title = ending.words
            notifications.notify(
                user_id=user_id,
                kind=Notification.Kind.REMINDER,
                key=f"model:{ending.model[:60]}:{ending.ends_on or ''}:{stage}",
                href="/agentes/",
                facts={"title": title},
                urgent=stage != str(max(WARN_DAYS)),
            )


def _directing(tenant: Tenant) -> list[tuple[UUID, str]]:
    """Whoever may change agents, with their language."""
    may = [role for role in roles.TABLE if "agents.write" in roles.permissions(role)]
    rows = Membership.objects.active().filter(tenant_id=tenant.pk, role__in=may).select_related("user")
    return [(row.user_id, row.user.locale or tenant.locale) for row in rows]
