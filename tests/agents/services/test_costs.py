"""What one conversation, one booking and one won client cost, counted honestly."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from agents.models import TestCase, TestResult
from agents.services import costs
from agents.services.costs import BOOKING, CHAT, CLIENT, Asked, Unit
from crm.domain.periods import Period
from crm.models import AgendaEvent, Contact
from messaging.models import Conversation
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.factories.agenda import make_event
from tests.factories.agents import make_agent, make_entry
from tests.factories.crm import make_contact
from tests.factories.crm_more import make_client
from tests.factories.messaging import make_conversation
from tests.support.cast import Person

NOON = datetime(2026, 11, 10, 15, tzinfo=UTC)
FIRST, LAST = date(2026, 11, 1), date(2026, 11, 30)


@pytest.fixture
def chat(in_acme: Tenant) -> Conversation:
    return make_conversation(contact=make_contact())


def spend(chat: Conversation, usd: str | None, days: float = 0, **over: Any) -> None:
    make_entry(conversation_id=chat.pk, usd=usd, created_at=NOON + timedelta(days=days), **over)


def book(contact: Contact, days: float, **over: Any) -> AgendaEvent:
    event = make_event(contact=contact, **over)
    AgendaEvent.objects.filter(pk=event.pk).update(created_at=NOON + timedelta(days=days))
    return event


def unit(person: Person, key: str, first: date = FIRST, last: date = LAST) -> Unit:
    assert person.member is not None
    assert person.tenant is not None
    units = costs.report(Asked(person.member, person.tenant, Period(first, last))).units
    found = {each.key: each for each in units}[key]
    rows = costs.listed(Asked(person.member, person.tenant, Period(first, last), outcome=key))
    listed = costs.total(rows)  # the number is the address of its list
    assert (listed.usd, listed.entries, listed.unknown) == (
        found.totals.usd,
        found.totals.entries,
        found.totals.unknown,
    )
    assert found.totals.amounts in ((), listed.amounts)
    return found


def test_a_conversation_costs_what_was_spent_in_conversations(chat: Conversation, ana: Person) -> None:
    other = make_conversation()
    spend(chat, "1")
    spend(chat, "2", kind="message")
    spend(other, "3", kind="transcription")
    make_entry(usd="100", created_at=NOON, purpose="playground")  # of no conversation
    spend(chat, "50", days=-30)  # not in these days
    found = unit(ana, CHAT)
    assert (found.count, found.totals.usd) == (2, Decimal(6))
    assert found.each is not None
    assert found.each.usd == 3


def test_a_booking_costs_what_led_to_it(chat: Conversation, ana: Person) -> None:
    spend(chat, "1", days=-20)  # in October: it led to the booking all the same
    spend(chat, "2")
    book(chat.contact, 1)
    spend(chat, "4", days=2)  # a reminder: it led to nothing yet
    found = unit(ana, BOOKING)
    assert (found.count, found.all, found.totals.usd) == (1, 1, Decimal(3))
    assert unit(ana, BOOKING, date(2026, 10, 1), date(2026, 10, 31)).each is None


def test_a_cost_counts_for_one_booking_only(chat: Conversation, ana: Person) -> None:
    spend(chat, "1", days=-12)
    book(chat.contact, -11)  # October 30
    spend(chat, "2")
    book(chat.contact, 1)
    assert unit(ana, BOOKING).totals.usd == 2
    assert unit(ana, BOOKING, date(2026, 10, 1), date(2026, 10, 31)).totals.usd == 1
    whole = unit(ana, BOOKING, date(2026, 10, 1), LAST)
    assert (whole.count, whole.totals.usd) == (2, Decimal(3))


def test_bookings_without_a_chat_share_no_cost_and_are_said(chat: Conversation, ana: Person) -> None:
    spend(chat, "2")
    book(chat.contact, 1)
    book(make_contact(), 1)  # by telephone
    found = unit(ana, BOOKING)
    assert (found.count, found.all) == (1, 2)
    assert found.each is not None
    assert found.each.usd == 2


@pytest.mark.parametrize("over", [{"status": "cancelled"}, {"status": "held", "hold_until": NOON}, {"kind": "busy"}])
def test_what_is_no_standing_appointment_does_not_count(chat: Conversation, ana: Person, over: dict[str, Any]) -> None:
    spend(chat, "2")
    book(chat.contact, 1, **over)
    found = unit(ana, BOOKING)
    assert (found.count, found.all, found.each) == (0, 0, None)


def test_who_sees_only_their_own_counts_no_booking_of_others(chat: Conversation, ana: Person, sol: Person) -> None:
    """A chat that she sees may have led to a booking that she does not see: then neither number has it."""
    assert sol.member is not None
    Conversation.objects.filter(pk=chat.pk).update(assignee=sol.member.user)
    spend(chat, "2")
    event = book(chat.contact, 1)
    found = unit(sol, BOOKING)
    assert (found.count, found.all, found.totals.usd) == (0, 0, Decimal(0))
    assert (unit(ana, BOOKING).count, unit(sol, CHAT).count) == (1, 1)
    event.seller.user = sol.member.user
    event.seller.save()
    found = unit(sol, BOOKING)
    assert (found.count, found.all, found.totals.usd) == (1, 1, Decimal(2))


def test_what_the_cases_cost_when_they_were_tried_last(in_acme: Tenant) -> None:
    agent = make_agent()
    assert costs.of_cases(agent) == (0, None)
    first, second, off = (
        TestCase.objects.create(agent=agent, name=name, is_active=name != "off") for name in ("uno", "dos", "off")
    )
    assert costs.of_cases(agent) == (2, None)
    for case, usd in ((first, "5"), (first, "0.000000075"), (second, "0.01"), (off, "9")):
        TestResult.objects.create(case=case, fingerprint="x", passed=True, cost_usd=usd)
    assert costs.of_cases(agent) == (2, Decimal("0.010000075")), "to the ninth digit"


def test_all_chats_of_the_person_led_to_the_client(chat: Conversation, ana: Person) -> None:
    spend(chat, "1")
    spend(make_conversation(contact=chat.contact), "2", kind="message")
    spend(make_conversation(), "9")
    make_client(contact=chat.contact, since=NOON + timedelta(hours=1))
    make_client(since=NOON)
    found = unit(ana, CLIENT)
    assert (found.count, found.all, found.totals.usd) == (1, 2, Decimal(3))


def test_an_amount_is_told_only_where_all_of_it_is_in_the_present_currency(chat: Conversation, ana: Person) -> None:
    spend(chat, "1", amount="1400")
    found = unit(ana, CHAT)
    assert found.totals.amounts == (("ARS", Decimal(1400)),)
    spend(chat, "1", amount="40", currency="UYU")
    assert unit(ana, CHAT).totals.amounts == ()


def test_what_has_no_price_is_in_no_sum_and_is_told(chat: Conversation, ana: Person) -> None:
    spend(chat, None)
    assert unit(ana, CHAT).each is None
    spend(chat, "1")
    found = unit(ana, CHAT)
    assert (found.totals.unknown, found.totals.usd) == (1, Decimal(1))


def test_nothing_is_no_data(in_acme: Tenant, ana: Person) -> None:
    assert [unit(ana, key).each for key in (CHAT, BOOKING, CLIENT)] == [None, None, None]


def test_a_report_costs_the_same_with_few_and_with_many_rows(in_acme: Tenant, ana: Person, statements: Any) -> None:
    counts = []
    for rows in (2, 25):
        for number in range(rows):
            one = make_conversation(contact=make_contact())
            spend(one, "1", days=-number / 10, what=f"m{number}")
            book(one.contact, 1)
            make_client(contact=one.contact, since=NOON + timedelta(hours=1))
        with statements() as seen:
            unit(ana, BOOKING)
        counts.append(seen.count)
    assert counts[0] == counts[1] <= 5, str(seen)


def test_another_company_sees_nothing_of_it(acme: Tenant, cast: Any) -> None:
    with tenant_context(acme):
        spend(make_conversation(), "1")
    gus = cast["gus"]
    with tenant_context(gus.tenant):
        found = costs.report(Asked(gus.member, gus.tenant, Period(FIRST, LAST)))
    assert found.total.entries == 0
