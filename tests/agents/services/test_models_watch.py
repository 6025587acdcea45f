"""Models that end: asked every night, told to whoever directs the agents, shown on the agent's page."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client

from agents.models import ModelEnd
from agents.services.agents import publish_agent, update_agent
from agents.services.models_watch import endings, today_of, watch
from crm.models import Notification
from crm.services.notification_words import sentence
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.agents.services.story import TEAM, employ
from tests.fakes.llm import FakeLLM
from tests.support.tasks import Queue, run_task


def told(tenant: Tenant) -> list[str]:
    with tenant_context(tenant):
        rows = Notification.objects.filter(kind="reminder", key__startswith="model:").order_by("created_at")
        return [sentence(row) for row in rows]


def test_a_model_that_ends_within_thirty_days_is_told_once_and_again_a_week_before(acme: Tenant, llm: FakeLLM) -> None:
    employ(acme, llm, model_version="gpt-5-mini", config={"fallback_model": "gpt-5.4-mini"})
    today = today_of(acme)
    llm.calendar = {"gpt-5-mini": (today + timedelta(days=20)).isoformat(), "gpt-5.4-mini": None}
    assert watch(tenant=acme) == 2
    first = told(acme)
    assert len(first) == len(set(users_told(acme)))
    assert "gpt-5-mini" in first[0]
    watch(tenant=acme)
    assert told(acme) == first, "once"
    llm.calendar["gpt-5-mini"] = (today + timedelta(days=6)).isoformat()
    watch(tenant=acme)
    assert len(told(acme)) == 2 * len(first)


def users_told(tenant: Tenant) -> list[Any]:
    with tenant_context(tenant):
        return list(Notification.objects.filter(key__startswith="model:").values_list("user_id", flat=True))


@pytest.mark.parametrize("days", [31, 400, None])
def test_one_that_lasts_is_nobodys_business(acme: Tenant, llm: FakeLLM, days: int | None) -> None:
    employ(acme, llm)
    end = today_of(acme) + timedelta(days=days) if days else None
    llm.calendar = {"gpt-4o-mini": end.isoformat() if end else None}
    watch(tenant=acme)
    assert told(acme) == []
    with tenant_context(acme):
        assert ModelEnd.objects.get().ends_on == end


def test_a_model_or_second_model_that_is_gone_is_told_and_forgotten_when_another_is_chosen(
    acme: Tenant, llm: FakeLLM
) -> None:
    agent = employ(acme, llm, config={"fallback_model": "gpt-vieja"})
    llm.calendar = {"gpt-4o-mini": None}
    watch(tenant=acme)
    assert told(acme)
    assert all("ya no tiene el modelo gpt-vieja" in each for each in told(acme))
    with tenant_context(acme):
        update_agent(agent=agent, by=TEAM, config={"fallback_model": ""})
        publish_agent(agent=agent, by=TEAM)
    watch(tenant=acme)
    with tenant_context(acme):
        assert [row.model for row in ModelEnd.objects.all()] == ["gpt-4o-mini"]


def test_a_provider_that_is_away_or_refuses_the_key_says_nothing_of_the_model(acme: Tenant, llm: FakeLLM) -> None:
    employ(acme, llm)
    llm.key = "another"
    watch(tenant=acme)
    with tenant_context(acme):
        assert not ModelEnd.objects.exists()


def test_the_agents_page_says_it_until_another_model_is_chosen(
    acme: Tenant, llm: FakeLLM, client_as: Callable[[str], Client]
) -> None:
    browser = client_as("ana")
    agent = employ(acme, llm)
    llm.calendar = {"gpt-4o-mini": (today_of(acme) + timedelta(days=9)).isoformat()}
    watch(tenant=acme)
    page = browser.get(f"/agentes/{agent.pk}/").content.decode()
    assert "El proveedor apaga el modelo gpt-4o-mini el" in page
    with tenant_context(acme):
        update_agent(agent=agent, by=TEAM, model_version="gpt-6-luna")
    assert "apaga el modelo" not in browser.get(f"/agentes/{agent.pk}/").content.decode()


def test_every_night_each_company_is_asked_for(acme: Tenant, globex: Tenant, queued: Queue) -> None:
    run_task("agents.tasks.watch_all_models")
    assert {task.tenant_id for task in queued.named("watch_models")} >= {acme.pk, globex.pk}


def test_dates_come_in_the_forms_that_providers_use(acme: Tenant) -> None:
    with tenant_context(acme):
        ModelEnd.objects.create(provider="openai", model="a", ends_on=date(2026, 12, 1), checked_at="2026-11-20T00:00Z")
        snapshot = {"model_provider": "openai", "model_version": "a"}
        found = endings([snapshot], today=date(2026, 11, 20))
        assert [(each.model, each.days) for each in found] == [("a", 11)]
        assert endings([{**snapshot, "model_provider": "custom"}], today=date(2026, 11, 20)) == []
