"""Numbers of results: each is its list, sight holds, nothing is invented, and a person's word wins."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError
from django.utils import timezone

from agents.domain import results as sums
from agents.models import AgentRun, Assessment
from agents.services import results
from agents.services.results import NOBODY, Asked, Report
from config.lib.errors import Conflict, Invalid
from crm.domain.periods import Period
from messaging.models import Conversation, Message
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tenants.models import SystemEvent, Tenant
from tenants.services import companies
from tests.factories.agents import make_agent, make_assessment, make_run
from tests.factories.messaging import make_conversation, make_message
from tests.support.cast import Person

NOON = datetime(2026, 11, 10, 15, tzinfo=UTC)
PERIOD = Period(date(2026, 11, 1), date(2026, 11, 30))
ANA = Actor("user", "", "Ana")
SOL = Actor("user", "", "Sol")


def asked(person: Person, **words: Any) -> Asked:
    assert person.member is not None
    assert person.tenant is not None
    return Asked(person.member, person.tenant, PERIOD, **words)


def end(outcome: str = "resolved", reason: str = "thanked", **over: Any) -> Assessment:
    return make_assessment(**{"outcome": outcome, "reason": reason, "facts": [reason], "ended_at": NOON, **over})


@pytest.fixture
def ends(in_acme: Tenant) -> dict[str, Any]:
    """Eight ends of two agents and of none, one of them outside of the month."""
    vera, nico = make_agent(name="Vera"), make_agent(name="Nico")
    end(agent=vera, response_seconds=10)
    end(agent=vera, reason="booked", response_seconds=20)
    end("handed_over", "person", agent=vera, facts=["handed:person", "unanswered"], response_seconds=None)
    end("handed_over", "budget", agent=nico)
    end("handed_over", "person", agent=nico)
    end("unresolved", "complaint", agent=nico, response_seconds=300)
    end("unknown", "silence", agent=nico, corrected="resolved", corrected_at=NOON, corrected_by="Ana")
    loose = end("unknown", "silence")
    Assessment.objects.filter(pk=loose.pk).update(agent=None)
    end(agent=vera, ended_at=datetime(2026, 12, 1, 3, tzinfo=UTC))  # December 1, 00:00 in Buenos Aires
    return {"vera": vera, "nico": nico}


def lists_of(asked_for: Asked, found: Report) -> list[tuple[int, int]]:
    """(the number, the rows of its list) of everything that the report counts."""

    def rows(**words: Any) -> int:
        return results.listed(Asked(asked_for.member, asked_for.tenant, PERIOD, **words)).count()

    pairs = [(found.counts.total, rows(agent=asked_for.agent))]
    for outcome, reasons in found.reasons.items():
        pairs.append((found.counts.of(outcome), rows(agent=asked_for.agent, outcome=outcome)))
        pairs += [(many, rows(agent=asked_for.agent, outcome=outcome, reason=code)) for code, many in reasons]
    pairs += [(many, rows(agent=asked_for.agent, fact=fact)) for fact, many in found.counts.facts.items()]
    pairs.append((found.counts.corrected, rows(agent=asked_for.agent, corrected=True)))
    for group in found.agents:
        pairs.append((group.counts.total, rows(agent=group.key)))
        pairs += [(many, rows(agent=group.key, outcome=outcome)) for outcome, many in group.counts.outcomes.items()]
    return pairs


def test_every_number_is_its_list(ends: dict[str, Any], ana: Person) -> None:
    for agent in ("", str(ends["vera"].pk), str(ends["nico"].pk), NOBODY, "nonsense"):
        asked_for = asked(ana, agent=agent)
        pairs = lists_of(asked_for, results.report(asked_for))
        assert all(number == listed for number, listed in pairs), (agent, pairs)


def test_outcomes_reasons_facts_and_what_was_put_right(ends: dict[str, Any], ana: Person) -> None:
    found = results.report(asked(ana))
    assert found.counts.outcomes == {"resolved": 3, "handed_over": 3, "unresolved": 1, "unknown": 1}
    assert found.reasons["handed_over"] == [("person", 2), ("budget", 1)]
    assert found.reasons["resolved"] == [("booked", 1), ("corrected", 1), ("thanked", 1)]
    assert (found.counts.facts, found.counts.corrected) == ({"unanswered": 1, "booked": 1, "converted": 0}, 1)
    assert [(group.label, group.counts.total) for group in found.agents] == [("Nico", 4), ("Vera", 3), ("", 1)]
    assert (found.responses, found.first_half, found.first_most) == (7, 20, 300)


def test_a_fact_counts_where_nobody_said_that_it_ended_otherwise(in_acme: Tenant, ana: Person) -> None:
    for fact, corrected in (("booked", ""), ("booked", "resolved"), ("booked", "unresolved"), ("converted", "unknown")):
        end("resolved", fact, corrected=corrected)
    end("unresolved", "unanswered", corrected="resolved")
    found = results.report(asked(ana))
    assert found.counts.facts == {"unanswered": 0, "booked": 2, "converted": 0}
    assert all(number == listed for number, listed in lists_of(asked(ana), found))


def test_a_correction_that_agrees_keeps_the_reason(in_acme: Tenant, ana: Person) -> None:
    end("handed_over", "person", corrected="handed_over", corrected_at=NOON)
    assert results.report(asked(ana)).reasons["handed_over"] == [("person", 1)]


def test_no_data_is_no_zero_of_anything(in_acme: Tenant, ana: Person) -> None:
    found = results.report(asked(ana))
    assert (found.counts.total, found.first_half, found.agents, found.counts.rate("resolved")) == (0, None, [], None)
    assert found.savings is not None
    assert found.savings.amount is None


def test_a_rate_needs_enough_ends(in_acme: Tenant, ana: Person) -> None:
    agent = make_agent()
    for n in range(sums.SMALL):
        end(*(("resolved", "thanked") if n < 5 else ("unknown", "silence")), agent=agent)
        expected = None if n < sums.SMALL - 1 else 25
        assert results.report(asked(ana)).counts.rate("resolved") == expected, "what is not known counts in the whole"


def test_a_failing_query_raises_and_shows_no_zeros(
    ends: dict[str, Any], ana: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_asked: Asked) -> Any:
        raise DatabaseError("gone")

    monkeypatch.setattr(results, "listed", broken)
    with pytest.raises(DatabaseError):
        results.report(asked(ana))


def test_the_same_question_gives_the_same_numbers(ends: dict[str, Any], ana: Person) -> None:
    assert results.report(asked(ana)) == results.report(asked(ana))


def test_members_count_the_chats_they_see(in_acme: Tenant, ana: Person, sol: Person) -> None:
    assert sol.member is not None
    assert ana.member is not None
    mine, others = make_conversation(assignee=sol.member.user), make_conversation(assignee=ana.member.user)
    for chat in (mine, others):
        end(conversation_id=chat.pk)
        run = make_run(conversation_id=chat.pk, status="failed")
        AgentRun.objects.filter(pk=run.pk).update(created_at=NOON)
    found = results.report(asked(sol))
    assert (found.counts.total, found.turns, found.savings) == (1, {"failed": 1}, None)
    assert [row.conversation_id for row in results.listed(asked(sol))] == [mine.pk]
    whole = results.report(asked(ana))
    assert (whole.counts.total, whole.turns) == (2, {"failed": 2})


def test_turns_are_those_of_customers_only(in_acme: Tenant, ana: Person) -> None:
    agent = make_agent()
    for over in ({"status": "blocked"}, {"status": "failed"}, {"status": "failed", "purpose": "playground"}):
        run = make_run(agent=agent, conversation_id=make_conversation().pk, **over)
        AgentRun.objects.filter(pk=run.pk).update(created_at=NOON)
    assert results.report(asked(ana)).turns == {"blocked": 1, "failed": 1}
    assert results.report(asked(ana, agent=NOBODY)).turns == {}
    assert results.report(asked(ana, agent=str(agent.pk))).turns == {"blocked": 1, "failed": 1}
    assert results.report(asked(ana, agent=str(make_agent().pk))).turns == {}


def human_chats(count: int, minutes: float = 6, **over: Any) -> None:
    """A person is busy with each for that many minutes, then the customer is silent for hours and thanks."""
    now = timezone.now()
    for _n in range(count):
        chat = make_conversation(**over)
        moments = ((-90, "contact"), (-60, "user"), (-60 + minutes, "user"), (-1, "contact"))
        for at, author in moments:
            direction = "in" if author == "contact" else "out"
            row = make_message(conversation=chat, author=author, direction=direction)
            Message.objects.filter(pk=row.pk).update(created_at=now + timedelta(minutes=at))


def test_the_time_of_people_is_measured_in_their_own_chats(in_acme: Tenant) -> None:
    human_chats(sums.ENOUGH_CHATS - 1)
    make_message(author="agent", direction="out")  # of no person
    assert results.handling(timezone.now()) == sums.Handling(19, None)
    human_chats(1)
    assert results.handling(timezone.now()) == sums.Handling(20, 360), "from their first message, pauses left out"


def test_the_time_of_people_is_found_among_newer_chats_of_agents_only(
    in_acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results, "MEASURED_CHATS", 25)
    now = timezone.now()
    human_chats(sums.ENOUGH_CHATS, last_message_at=now - timedelta(hours=1))
    for n in range(30):
        chat = make_conversation(last_message_at=now)
        make_message(conversation=chat, author="agent", direction="out")
        if n == 0:
            make_message(conversation=chat, author="user", direction="out", kind="note")  # no word to the customer
    assert results.handling(now) == sums.Handling(20, 360)
    monkeypatch.setattr(results, "MEASURED_CHATS", 19)
    assert results.handling(now).chats == 19


def test_savings_need_both_the_time_and_the_cost_of_an_hour(ends: dict[str, Any], ana: Person) -> None:
    def savings() -> results.Savings:
        found = results.report(asked(ana)).savings
        assert found is not None
        return found

    assert (savings().amount, savings().hourly) == (None, None)
    companies.update_settings(by=ANA, changes={"hourly_cost": Decimal(5000)})
    assert ana.tenant is not None
    ana.tenant.refresh_from_db()
    assert (savings().amount, savings().hourly, savings().handling.chats) == (None, Decimal(5000), 0)
    human_chats(sums.ENOUGH_CHATS)
    assert savings().amount == Decimal("1500.00")  # 3 resolved × 6 minutes × 5,000 an hour


@pytest.mark.parametrize("value", [Decimal(0), Decimal(-1), Decimal("0.0000001"), "mucho"])
def test_an_hour_that_costs_nothing_is_refused(in_acme: Tenant, value: Any) -> None:
    with pytest.raises(Invalid) as refused:
        companies.update_settings(by=ANA, changes={"hourly_cost": value})
    assert "hourly_cost" in refused.value.fields


# --- correcting ---


def test_what_a_person_says_wins_and_is_in_the_audit(in_acme: Tenant, ana: Person) -> None:
    row = end("unknown", "silence")
    found = results.correct(assessment=row, outcome="resolved", note=" compró\nen el local\x00 ", seen="", by=ANA)
    assert (found.final, found.outcome, found.corrected_note) == ("resolved", "unknown", "compró en el local")
    assert results.report(asked(ana)).counts.outcomes == {"resolved": 1}


def test_a_correction_leaves_an_audit_record(acme: Tenant) -> None:
    with tenant_context(acme):
        row = end("unknown", "silence")
    with tenant_context(acme):
        results.correct(assessment=row, outcome="unresolved", note="secreto", seen="", by=ANA)
    with tenant_context(acme):
        event = SystemEvent.objects.get(action="assessment.corrected", resource_id=str(row.pk))
    assert (event.actor_label, event.diff) == ("Ana", {"outcome": ["unknown", "unresolved"]})


def test_the_second_one_sees_the_first(in_acme: Tenant) -> None:
    row = end("unknown", "silence")
    first = results.correct(assessment=row, outcome="resolved", seen="", by=ANA)
    with pytest.raises(Conflict, match="Ana ya lo corrigió: Resuelto"):
        results.correct(assessment=row, outcome="unresolved", seen="", by=SOL)
    second = results.correct(assessment=row, outcome="unresolved", seen=results.version(first), by=SOL)
    assert (second.final, second.corrected_by) == ("unresolved", "Sol")


@pytest.mark.parametrize("words", [{"outcome": "great"}, {"outcome": "resolved", "note": "x" * 301}])
def test_what_cannot_be_kept_is_refused(in_acme: Tenant, words: dict[str, str]) -> None:
    with pytest.raises(Invalid):
        results.correct(assessment=end(), seen="", by=ANA, **words)


def test_a_report_costs_the_same_with_few_and_with_many_rows(in_acme: Tenant, ana: Person, statements: Any) -> None:
    counts = []
    for rows in (2, 25):
        for _n in range(rows):
            chat = make_conversation()
            end(conversation_id=chat.pk, agent=make_agent(), reason="person", outcome="handed_over")
            make_run(conversation_id=chat.pk)
        with statements() as seen:
            results.report(asked(ana))
        counts.append(seen.count)
    assert counts[0] == counts[1] <= 8, str(seen)


def test_another_company_sees_nothing_of_it(acme: Tenant, cast: Any) -> None:
    with tenant_context(acme):
        end(conversation_id=make_conversation().pk)
    gus = cast["gus"]
    with tenant_context(gus.tenant):
        assert results.report(Asked(gus.member, gus.tenant, PERIOD)).counts.total == 0


def test_the_latest_ends_of_a_chat(in_acme: Tenant) -> None:
    chat = Conversation.objects.get(pk=make_conversation().pk)
    for n in range(7):
        end(conversation_id=chat.pk, first_sequence=n * 10, last_sequence=n * 10 + 5)
    assert [row.first_sequence for row in results.of_chat(chat)] == [60, 50, 40, 30, 20]
