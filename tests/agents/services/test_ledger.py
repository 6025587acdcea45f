"""The ledger: every thing that costs money is in it once, in dollars and in the company's own currency."""

import ast
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, transaction

import agents
from agents.domain.pricing import cost
from agents.models import AgentRun, LedgerEntry
from agents.services import costs, ledger, prices, privacy
from agents.services.costs import Asked
from crm.domain.periods import Period
from messaging.domain.charges import Charge
from messaging.models import Attachment
from tenants.context import tenant_context
from tenants.domain.privacy import Subject
from tenants.models import Tenant
from tests.agents.services.story import Story, employ
from tests.factories.agents import make_agent, make_entry, make_run
from tests.factories.messaging import make_message
from tests.fakes.llm import FakeLLM
from tests.support.cast import Person

TOKENS = {"prompt_tokens": 1000, "completion_tokens": 100}


def entries(tenant: Tenant) -> list[LedgerEntry]:
    with tenant_context(tenant):
        return list(LedgerEntry.objects.order_by("created_at", "id"))


def with_settings(tenant: Tenant, **own: Any) -> None:
    tenant.settings = {**tenant.settings, **own}


def test_a_turn_is_booked_with_what_it_cost_in_both_currencies(acme: Tenant, story: Story, llm: FakeLLM) -> None:
    agent = employ(acme, llm)
    with_settings(acme, usd_rate="1450.50")
    llm.say("Hola.", usage=TOKENS)
    run = story.hear("Hola")

    (entry,) = entries(acme)
    assert (entry.kind, entry.purpose, entry.source, entry.what) == ("model", "turn", str(run.pk), "gpt-4o-mini")
    assert (entry.agent_id, entry.conversation_id, entry.tokens) == (agent.pk, story.conversation.pk, 1100)
    assert entry.usd == entry.counted_usd == run.cost_usd == Decimal("0.00021")
    assert (entry.currency, entry.rate, entry.amount) == ("ARS", Decimal("1450.5"), Decimal("0.304605"))
    assert entry.created_at == run.created_at


def test_booking_again_changes_nothing(acme: Tenant, story: Story, llm: FakeLLM) -> None:
    employ(acme, llm)
    llm.say("Hola.", usage=TOKENS)
    run = story.hear("Hola")
    with_settings(acme, usd_rate="99")
    run.cost_usd = Decimal(5)
    with tenant_context(acme):
        ledger.book_run(run)
    (entry,) = entries(acme)
    assert (entry.usd, entry.rate) == (Decimal("0.00021"), None)


def test_the_database_keeps_it_to_once(acme: Tenant) -> None:
    with tenant_context(acme):
        make_entry(source="one")
        make_entry(source="one", kind="message")
        with pytest.raises(IntegrityError), transaction.atomic():
            make_entry(source="one")


def test_a_model_of_unknown_price_is_unknown_and_counts_at_the_ceiling_rate(
    acme: Tenant, story: Story, llm: FakeLLM
) -> None:
    employ(acme, llm, model_version="modelo-propio")
    with_settings(acme, usd_rate="1000")
    llm.say("Hola.", usage=TOKENS)
    story.hear("Hola")
    (entry,) = entries(acme)
    assert (entry.usd, entry.amount) == (None, None)
    assert entry.counted_usd == Decimal("0.007")  # 1000 × 5 + 100 × 20 dollars per million


def test_what_asks_no_model_is_not_booked(acme: Tenant, story: Story, llm: FakeLLM) -> None:
    employ(acme, llm)
    story.hear("Quiero hablar con una persona")
    assert entries(acme) == []
    assert llm.requests == []


def test_the_demo_is_not_booked(acme: Tenant, story: Story) -> None:
    employ(acme)
    story.hear("Hola")
    assert entries(acme) == []


def test_a_turn_that_fails_is_booked_for_what_it_used(acme: Tenant, story: Story, llm: FakeLLM) -> None:
    employ(acme, llm, config={"max_steps": 1})
    llm.call("rag_search", {"query": "horario"}, usage=TOKENS)
    assert story.hear("¿Horario?").status == "failed"
    assert entries(acme)[0].usd == Decimal("0.00021")


def test_every_service_that_makes_a_run_books_it() -> None:
    """Money that nobody notes is what a ledger is there against."""
    services = Path(agents.__file__).parent
    silent = []
    for path in services.rglob("*.py"):
        text = path.read_text()
        if "AgentRun.objects.create(" not in text and "AgentRun(" not in text.replace("class AgentRun(", ""):
            continue
        imported = {
            alias.name.rpartition(".")[2]
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.Import | ast.ImportFrom)
            for alias in node.names
        }
        # turns.py opens a run and turn_end.py, which ends and books it, is all it may end with.
        if not imported & {"ledger", "book_run", "turn_end"} and not {"to_people", "finish"} <= imported:
            silent.append(str(path.relative_to(services)))
    assert silent == [each for each in silent if each == "services/rehearsal.py"]  # its runs are rolled back


def test_forgetting_a_person_keeps_the_sum_and_not_the_chat(acme: Tenant, story: Story, llm: FakeLLM) -> None:
    employ(acme, llm)
    llm.say("Hola.", usage=TOKENS)
    story.hear("Hola")
    with tenant_context(acme):
        chat = story.fresh()
        privacy.forget(Subject(contact_id=str(chat.contact_id), conversations=[str(chat.pk)]))
    (entry,) = entries(acme)
    assert (entry.conversation_id, entry.usd) == (None, Decimal("0.00021"))


def test_a_person_erased_while_the_model_was_asked_leaves_a_cost_without_a_chat(acme: Tenant) -> None:
    with tenant_context(acme):
        run = make_run(provider="openai", model="gpt-4o", prompt_tokens=10, cost_usd="0.1", conversation_id=None)
        run.conversation_id = run.pk
        ledger.book_run(run, kept=False)
    assert entries(acme)[0].conversation_id is None


# --- sums --------------------------------------------------------------------------------------------------------------


def asked(person: Person, first: date, last: date, **words: Any) -> Asked:
    assert person.member is not None
    assert person.tenant is not None
    return Asked(person.member, person.tenant, Period(first, last), **words)


ALIVE = "gpt-5.6-terra"  # in no list of ours: the company entered what it costs
# What the provider's invoice of November says: model, tokens in, tokens out, dollars to the last digit.
INVOICE = (
    ("gpt-4o-mini", 1_234_567, 98_765, Decimal("0.244444050")),
    (ALIVE, 333_333, 77_777, Decimal("1.71109925")),
    ("gemini-2.5-flash", 1, 1, Decimal("0.0000028")),
)
VOICE, FEE = (
    Decimal("0.00913"),
    Decimal("0.0618"),
)  # 91.3 seconds of whisper-1; one marketing message, as the company says


def test_turns_equal_the_day_equal_the_month_equal_the_invoice_in_two_currencies(acme: Tenant, ana: Person) -> None:
    """Hundreds of turns of uneven size over a month, some of them at the edge of a day in Buenos Aires."""
    with_settings(
        acme,
        usd_rate="1437.123456",
        message_fees_usd={"marketing": str(FEE)},
        model_prices_usd={ALIVE: {"input": "1.75", "output": "14.5"}},
    )
    runs, own = 0, prices.of(acme)
    with tenant_context(acme):
        agents_of_acme = [make_agent(), make_agent()]
        for model, prompt, completion, _dollars in INVOICE:
            for number, (used, answered) in enumerate(_shares(prompt, completion)):
                run = make_run(provider="openai", model=model, agent=agents_of_acme[number % 2])
                run.created_at = datetime(2026, 11, 1 + number % 30, 3, 0, tzinfo=UTC) - timedelta(seconds=number % 2)
                if run.created_at.month == 10 or run.created_at < datetime(2026, 11, 1, 3, tzinfo=UTC):
                    run.created_at += timedelta(days=1)
                run.prompt_tokens, run.completion_tokens = used, answered
                run.cost_usd = cost(model, prompt=used, completion=answered, own=own)
                ledger.book_run(run)
                runs += 1
        _hear_and_pay()
        found = costs.report(asked(ana, date(2026, 11, 1), date(2026, 11, 30)))
        booked = list(LedgerEntry.objects.all())
        days = [costs.total(costs.listed(asked(ana, date(2026, 11, day), date(2026, 11, day)))) for day in range(1, 31)]
        lists = {
            line.key: costs.total(
                costs.listed(asked(ana, date(2026, 11, 1), date(2026, 11, 30), kind="model", what=line.key))
            )
            for line in found.tables["model"]
        }
    assert len(booked) == runs + 2 == found.total.entries
    dollars = sum((entry.usd for entry in booked if entry.usd is not None), Decimal(0))
    pesos = sum((entry.amount for entry in booked if entry.amount is not None), Decimal(0))
    models = sum((line[3] for line in INVOICE), Decimal(0))
    invoice = models + VOICE + FEE
    assert dollars == invoice == found.total.usd == sum((day.usd for day in days), Decimal(0))
    assert found.total.amounts == (("ARS", pesos),)
    assert sum((dict(day.amounts)["ARS"] for day in days if day.entries), Decimal(0)) == pesos
    assert sum((line.totals.usd for line in found.days), Decimal(0)) == invoice
    assert {line.key: line.totals.usd for line in found.tables["kind"]} == {
        "model": models,
        "transcription": VOICE,
        "message": FEE,
    }
    assert [(line.key, line.totals.usd) for line in found.tables["category"]] == [("marketing", FEE)]
    for name in ("agent", "model", "purpose"):
        assert sum((line.totals.usd for line in found.tables[name]), Decimal(0)) == models
    assert {model: total.usd for model, total in lists.items()} == {line[0]: line[3] for line in INVOICE}


def _hear_and_pay() -> None:
    """A voice note and a message that the provider charges, at the last and the first minute of a day in Buenos Aires."""
    at = datetime(2026, 11, 10, 2, 59, tzinfo=UTC)
    message = make_message()
    note = Attachment(message=message)
    ledger.book_voice(
        attachment=note, conversation_id=message.conversation_id, model="whisper-1", seconds=Decimal("91.3")
    )
    LedgerEntry.objects.filter(source=str(note.pk)).update(created_at=at)
    ledger.book_message(message=message, charge=Charge("marketing"), at=at + timedelta(minutes=1))


def _shares(prompt: int, completion: int) -> list[tuple[int, int]]:
    """Sixty uneven parts that add up, of which none is empty where there is enough."""
    parts = []
    for number in range(60, 1, -1):
        one = (prompt // (number * 2), completion // (number * 2))
        prompt, completion = prompt - one[0], completion - one[1]
        parts.append(one)
    return [part for part in [*parts, (prompt, completion)] if any(part)]


def test_a_day_is_the_companys_own_day(acme: Tenant, ana: Person) -> None:
    with tenant_context(acme):
        make_entry(usd="1", created_at=datetime(2026, 11, 10, 2, 59, 59, tzinfo=UTC))  # still the 9th in Buenos Aires
        make_entry(usd="2", created_at=datetime(2026, 11, 10, 3, 0, 0, tzinfo=UTC))
        found = costs.report(asked(ana, date(2026, 11, 1), date(2026, 11, 30)))
    assert [(line.key, line.totals.usd) for line in found.days] == [("2026-11-10", 2), ("2026-11-09", 1)]


def test_currencies_are_not_added_up_and_what_has_no_price_is_said(acme: Tenant, ana: Person) -> None:
    at = datetime(2026, 11, 10, 15, tzinfo=UTC)
    with tenant_context(acme):
        make_entry(usd="1", amount="1400", created_at=at)
        make_entry(usd="1", amount="40", currency="UYU", created_at=at)
        make_entry(usd="2", created_at=at)
        make_entry(usd=None, created_at=at, what="")
        total = costs.report(asked(ana, date(2026, 11, 10), date(2026, 11, 10))).total
        unpriced = costs.listed(asked(ana, date(2026, 11, 10), date(2026, 11, 10), unpriced=True)).count()
        nameless = costs.listed(asked(ana, date(2026, 11, 10), date(2026, 11, 10), what="-")).count()
    assert (total.entries, total.unknown, total.unrated, total.usd) == (4, 1, 1, Decimal(4))
    assert total.amounts == (("ARS", Decimal(1400)), ("UYU", Decimal(40)))
    assert (unpriced, nameless) == (1, 1)


def test_runs_of_every_purpose_are_booked_under_it(acme: Tenant) -> None:
    with tenant_context(acme):
        for purpose in AgentRun.Purpose.values:
            ledger.book_run(make_run(provider="openai", model="gpt-4o", purpose=purpose, prompt_tokens=1, cost_usd="1"))
    assert sorted(entry.purpose for entry in entries(acme)) == sorted(AgentRun.Purpose.values)
