"""The ceiling: watched, warned of, then people; and raising it sends nothing old."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from agents.models import LedgerEntry
from agents.services import ceiling
from agents.services import turns as turns_of_agents
from agents.services.agents import snapshot_of
from agents.services.playground import open_run, rehearse
from agents.services.rehearsal import Setting
from config.lib.errors import AppError
from crm.models import Notification
from crm.services.notification_words import sentence
from messaging.models import Message
from messaging.services import turns
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tenants.models import Tenant
from tests.agents.services.story import Story, employ, make_story
from tests.factories.agents import make_entry
from tests.fakes.llm import FakeLLM
from tests.support.cast import Cast

# 30 000 tokens in of gpt-4o-mini: 0.0045 dollars a turn.
A_TURN = {"prompt_tokens": 30_000, "completion_tokens": 0}
COST = Decimal("0.0045")


def limit(tenant: Tenant, amount: str | None, **own: Any) -> None:
    tenant.settings = {**tenant.settings, "ai_daily_spend_usd": amount, **own}


def told(tenant: Tenant) -> list[tuple[str, str, bool]]:
    with tenant_context(tenant):
        rows = Notification.objects.filter(key__startswith="spending:").order_by("created_at", "id")
        return [(row.user.email, sentence(row), row.is_urgent) for row in rows.select_related("user")]


@pytest.mark.parametrize(
    ("spent", "most", "warn", "level", "percent"),
    [
        ("0", None, 80, "watch", 0),
        ("9", None, 80, "watch", 0),
        ("0", "0", 80, "over", 100),
        ("0.79", "1", 80, "watch", 79),
        ("0.7999", "1", 80, "watch", 79),
        ("0.8", "1", 80, "warn", 80),
        ("0.99999", "1", 80, "warn", 99),
        ("1", "1", 80, "over", 100),
        ("3", "1", 100, "over", 300),
        ("0.5", "1", 50, "warn", 50),
    ],
)
def test_where_the_day_stands(spent: str, most: str | None, warn: int, level: str, percent: int) -> None:
    state = ceiling.State(Decimal(spent), None if most is None else Decimal(most), warn)
    assert (state.level, state.percent) == (level, percent)


def test_a_warning_and_the_ceiling_are_told_once_a_day_to_whoever_directs_the_agents(
    acme: Tenant, cast: Cast, story: Story, llm: FakeLLM
) -> None:
    employ(acme, llm)
    limit(acme, "0.0135")  # three turns
    for _turn in range(2):
        llm.say("Bien.", usage=A_TURN)
        story.hear("Hola")
    assert told(acme) == []  # 66 %
    limit(acme, "0.0135", ai_warn_percent=60)
    for _turn in range(3):
        llm.say("Bien.", usage=A_TURN)
        make_story(acme).hear("Hola")
    said = told(acme)
    assert [(email, urgent) for email, _words, urgent in said] == [(cast["ana"].user.email, True)]
    assert "llegó al tope de hoy (US$ 0,0135)" in said[0][1]


def test_the_warning_comes_before_the_ceiling(acme: Tenant, story: Story, llm: FakeLLM) -> None:
    employ(acme, llm)
    limit(acme, "0.0050")
    llm.say("Bien.", usage=A_TURN)
    story.hear("Hola")
    ((_email, words, urgent),) = told(acme)
    assert "el 90 % del tope de hoy" in words
    assert not urgent


def test_without_a_ceiling_nobody_is_told(acme: Tenant, story: Story, llm: FakeLLM) -> None:
    employ(acme, llm)
    llm.say("Bien.", usage=A_TURN)
    story.hear("Hola")
    assert told(acme) == []


def test_the_fees_of_a_provider_do_not_count(acme: Tenant) -> None:
    with tenant_context(acme):
        make_entry(kind="message", usd="5", counted_usd=5)
        make_entry(kind="transcription", usd="0.5")
        assert ceiling.spent_today(acme) == Decimal("0.5")


def test_a_day_ends_at_the_companys_midnight(acme: Tenant) -> None:
    with tenant_context(acme):
        begins = ceiling.day_begins(acme)
        make_entry(usd="1", created_at=begins)
        make_entry(usd="10", created_at=begins - timedelta(seconds=1))
        assert ceiling.spent_today(acme) == 1
        assert ceiling.spent_today(acme, now=begins - timedelta(hours=1)) == 11
    assert begins.utcoffset() == timedelta(hours=-3)


def test_two_turns_at_once_pass_the_ceiling_by_no_more_than_themselves(
    acme: Tenant, llm: FakeLLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both begin below it; each is booked when it ends; the third goes to people."""
    employ(acme, llm)
    limit(acme, str(COST))
    first, second, third = make_story(acme), make_story(acme), make_story(acme)
    for each in (first, second, third):
        each.customer_says("Hola")
    turn = second.begin()
    llm.say("Bien.", usage=A_TURN)
    llm.say("Bien.", usage=A_TURN)
    kept, waiting = turns_of_agents.keep, [turn]

    def keep(*given: Any) -> None:
        """The first turn has its answer and is not booked yet: the second one runs whole."""
        if waiting:
            second.answer(waiting.pop())
        kept(*given)

    monkeypatch.setattr(turns_of_agents, "keep", keep)
    first.answer()
    with tenant_context(acme):
        spent = ceiling.spent_today(acme)
    assert spent == 2 * COST <= COST + 2 * COST
    assert third.answer().flags == ["budget"]
    assert len(llm.requests) == 2


def test_raising_the_ceiling_sends_nothing_old(acme: Tenant, llm: FakeLLM) -> None:
    """Chats that went to people stay with them; the AI answers what comes next, in other chats."""
    employ(acme, llm)
    limit(acme, "0")
    waiting = [make_story(acme) for _chat in range(3)]
    for story in waiting:
        assert story.hear("Hola, ¿precio?").flags == ["budget"]
    with tenant_context(acme):
        before = list(Message.objects.filter(direction="out").order_by("pk").values_list("pk", "status", "text"))
    limit(acme, "50")
    for story in waiting:
        chat = story.fresh()
        assert (chat.mode, chat.reply_due_at) == ("human", None)
        with tenant_context(acme):
            assert turns.begin(chat.pk) is None
    with tenant_context(acme):
        assert (
            list(Message.objects.filter(direction="out").order_by("pk").values_list("pk", "status", "text")) == before
        )
    llm.say("Bien.", usage=A_TURN)
    assert make_story(acme).hear("Hola").status == "done"
    assert len(llm.requests) == 1


def test_what_people_ask_of_the_model_is_refused_with_the_next_step(acme: Tenant) -> None:
    limit(acme, "1")
    with tenant_context(acme):
        ceiling.refuse_if_over(acme)
        make_entry(usd="1")
        with pytest.raises(AppError, match="Costos de la IA") as refused:
            ceiling.refuse_if_over(acme)
    assert refused.value.code == "over_budget"


def test_trials_stop_at_the_warning_and_customers_are_still_served(acme: Tenant, llm: FakeLLM) -> None:
    agent = employ(acme, llm)
    limit(acme, "1")
    with tenant_context(acme):
        make_entry(usd="0.79", purpose="test")
        ceiling.refuse_if_over(acme)
        make_entry(usd="0.01", purpose="test")
        with pytest.raises(AppError, match="lo que queda es para los clientes") as refused:
            ceiling.refuse_if_over(acme)
        asked = len(llm.requests)
        run = open_run(agent=agent, snapshot={**snapshot_of(agent), "model_provider": "openai"}, by=Actor.system("x"))
    rehearse(
        tenant=acme,
        snapshot={**snapshot_of(agent), "model_provider": "openai"},
        run=run,
        text="Hola",
        setting=Setting(),
    )
    assert (refused.value.code, run.status, len(llm.requests)) == ("over_budget", "failed", asked)
    assert "lo que queda es para los clientes" in run.error
    llm.say("Bien.", usage=A_TURN)
    assert make_story(acme).hear("Hola").status == "done"


def test_looking_costs_one_statement_however_much_was_spent(acme: Tenant, statements: Any) -> None:
    limit(acme, "1")
    counts = []
    with tenant_context(acme):
        for rows in (1, 40):
            for _row in range(rows):
                make_entry(created_at=timezone.now())
            with statements() as seen:
                ceiling.spending_is_over(acme)
            counts.append(seen.count)
        assert LedgerEntry.objects.count() == 41
    assert counts[0] == counts[1] <= 2, str(seen)
