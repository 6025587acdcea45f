"""What a company says its models cost: used from then on, wherever a model is asked, and never for what is booked."""

from decimal import Decimal
from typing import Any

import pytest

from agents.models import AgentRun, LedgerEntry
from agents.services import ceiling, copilot, ledger, prices
from agents.services.agents import snapshot_of, update_agent
from agents.services.playground import open_run, rehearse
from agents.services.rehearsal import Setting
from agents.services.summaries import summarise
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tenants.models import Tenant
from tests.agents.services.story import TEAM, Story, employ
from tests.factories.agents import make_agent, make_entry, make_run
from tests.factories.messaging import make_message
from tests.fakes.llm import FakeLLM

ALIVE = "gpt-5.6-terra"
TOKENS = {"prompt_tokens": 1000, "completion_tokens": 100}
TABLE = {ALIVE: {"input": "2", "cached": "0.2", "output": "16"}}
COST = Decimal("0.0036")  # 1000 × 2 + 100 × 16 dollars per million
GUESSED = Decimal("0.007")  # 1000 × 5 + 100 × 20


def enter(tenant: Tenant, table: dict[str, dict[str, str]] | None = None, **own: Any) -> None:
    tenant.settings = {**tenant.settings, "model_prices_usd": TABLE if table is None else table, **own}
    with tenant_context(tenant):
        tenant.save(update_fields=["settings"])


def entries(tenant: Tenant) -> list[LedgerEntry]:
    with tenant_context(tenant):
        return list(LedgerEntry.objects.order_by("created_at", "id"))


def hear(story: Story, llm: FakeLLM, **usage: Any) -> AgentRun:
    llm.say("Hola.", usage={**TOKENS, **usage})
    return story.hear("Hola")


def test_a_turn_before_and_after_its_price_is_entered(acme: Tenant, story: Story, llm: FakeLLM) -> None:
    employ(acme, llm, model_version=ALIVE)
    assert hear(story, llm).cost_usd is None
    enter(acme, usd_rate="1000")
    run = hear(story, llm)
    before, after = entries(acme)
    assert (before.usd, before.amount, before.counted_usd) == (None, None, GUESSED)
    assert (after.usd, after.amount, after.counted_usd) == (COST, Decimal("3.6"), COST)
    assert run.cost_usd == COST
    assert [step["usd"] for step in run.steps if step["type"] == "model"] == ["0.003600000"]


def test_what_is_booked_keeps_its_amount_when_the_price_changes(acme: Tenant, story: Story, llm: FakeLLM) -> None:
    employ(acme, llm, model_version=ALIVE)
    enter(acme)
    run = hear(story, llm)
    enter(acme, {ALIVE: {"input": "200", "output": "1600"}})
    with tenant_context(acme):
        ledger.book_run(run)
    assert [entry.usd for entry in entries(acme)] == [COST]
    hear(story, llm)
    assert [entry.usd for entry in entries(acme)] == [COST, COST * 100]


def test_cached_input_has_its_own_price(acme: Tenant, story: Story, llm: FakeLLM) -> None:
    employ(acme, llm, model_version=ALIVE)
    enter(acme)
    hear(story, llm, prompt_tokens_details={"cached_tokens": 500})
    assert entries(acme)[0].usd == Decimal("0.0027")


def test_the_companys_price_stands_before_the_list_and_of_nobody_else(
    acme: Tenant, globex: Tenant, story: Story, llm: FakeLLM
) -> None:
    employ(acme, llm)
    enter(globex, {"gpt-4o-mini": {"input": "9", "output": "9"}})
    hear(story, llm)
    enter(acme, {"gpt-4o-mini": {"input": "0", "output": "0"}})  # a server of its own answers by that name
    hear(story, llm)
    assert [entry.usd for entry in entries(acme)] == [Decimal("0.00021"), Decimal(0)]


def test_the_ceiling_counts_what_the_company_says(acme: Tenant, story: Story, llm: FakeLLM) -> None:
    employ(acme, llm, model_version=ALIVE)
    enter(acme, ai_daily_spend_usd="0.0072")
    hear(story, llm)
    with tenant_context(acme):
        assert (ceiling.spent_today(acme), ceiling.spending_is_over(acme)) == (COST, False)
    hear(story, llm)
    with tenant_context(acme):
        assert (ceiling.spent_today(acme), ceiling.spending_is_over(acme)) == (2 * COST, True)
    assert hear(story, llm).flags == ["budget"]


def test_a_dear_model_whose_server_tells_no_tokens_counts_as_dear(acme: Tenant) -> None:
    enter(acme, {ALIVE: {"input": "50", "output": "200"}})
    with tenant_context(acme):
        ledger.book_run(
            make_run(provider="openai", model=ALIVE, prompt_tokens=1000, completion_tokens=100, cost_usd=None)
        )
    (entry,) = entries(acme)
    assert (entry.usd, entry.counted_usd) == (None, Decimal("0.07"))


def test_summaries_help_with_writing_and_trials_are_reckoned_by_it_too(
    acme: Tenant, story: Story, llm: FakeLLM
) -> None:
    agent = employ(acme, llm, model_version=ALIVE)
    enter(acme)
    with tenant_context(acme):
        for number in range(80):
            make_message(conversation=story.conversation, text=f"Línea {number} " + "de otra cosa " * 20)
        snapshot = snapshot_of(agent)
        trial = open_run(agent=agent, snapshot=snapshot, by=Actor.system("x"))
        helped = AgentRun.objects.create(
            purpose="copilot",
            provider="openai",
            model=ALIVE,
            agent=agent,
            version=agent.published,
            conversation_id=story.conversation.pk,
            steps=[{"type": copilot.NOTE, "kind": "draft", "text": "", "sequence": 80}],
        )
    for _call in range(3):
        llm.say("Bien.", usage=TOKENS)
    rehearse(tenant=acme, snapshot=snapshot, run=trial, text="Hola", setting=Setting())
    assert summarise(tenant=acme, conversation_id=story.conversation.pk) is not None
    copilot.answer(tenant=acme, run_id=helped.pk)
    assert {entry.purpose: entry.usd for entry in entries(acme)} == dict.fromkeys(
        ("playground", "summary", "copilot"), COST
    )


@pytest.mark.parametrize("provider", ["openai", "custom"])
def test_models_without_a_price_are_those_in_use_or_booked_so(acme: Tenant, provider: str) -> None:
    spare = {"fallback_model": "gpt-4o-mini", "side_model": "gemini-3.8-flash"}
    with tenant_context(acme):
        agent = make_agent(
            name="Vera",
            model_provider=provider,
            model_version="Casa/Modelo",
            config={**spare, "base_url": "https://x.test"},
        )
        make_agent(name="Demo", model_provider="demo", model_version="no-one")
        make_entry(what="modelo-viejo", usd=None, counted_usd="0.1")
        make_entry(kind="message", what="marketing", usd=None, counted_usd="0")
        make_entry(what="con espacios", usd=None, counted_usd="0.1")
        make_entry(what="gpt-4o", usd=None, counted_usd="0.1")  # its server told no tokens
        assert prices.missing(prices.of(acme)) == ["casa/modelo", "gemini-3.8-flash", "modelo-viejo"]
        update_agent(agent=agent, by=TEAM, model_version="otro")
        enter(acme, {"gemini-3.8-flash": {"input": "1", "output": "2"}})
        assert prices.missing(prices.of(acme)) == ["otro", "modelo-viejo"]
