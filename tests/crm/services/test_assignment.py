"""Who gets a lead: by hand, by rule, one after the other and all at once."""

from collections import Counter
from collections.abc import Callable
from contextlib import nullcontext
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.utils import timezone

from config.lib.errors import Invalid
from crm.models import Assignment, AssignmentRule, Lead, Notification, RuleSeller, Seller
from crm.services import assignment, waiting
from crm.services.leads import create_lead, ensure_open_lead
from crm.tasks import sweep_sellers
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tenants.models import SystemEvent, Tenant
from tests.factories.crm import make_contact, make_lead, make_pipeline, make_seller, make_stage
from tests.factories.crm_more import make_absence, make_rule, make_rule_seller
from tests.support.cast import Cast, Person
from tests.support.together import at_once

BY = Actor.system("prueba")
NEVER = {"0": []}


def rule_of(*sellers: Seller, weights: tuple[int, ...] = (), **over: object) -> AssignmentRule:
    rule = make_rule(**{"is_active": True, **over})
    for position, seller in enumerate(sellers):
        weight = weights[position] if weights else 1
        make_rule_seller(rule=rule, seller=seller, position=position, weight=weight)
    return rule


def new_lead(**over: object) -> Lead:
    return create_lead(contact=make_contact(), by=BY, **over)


# --- by hand ---------------------------------------------------------------------------------------------------------
def test_giving_a_lead_leaves_history_audit_and_notice(in_acme: Tenant, ana: Person, sol: Person) -> None:
    first, second = make_seller(), make_seller(user=sol.user)
    lead = make_lead(owner=first)
    assignment.assign(lead=lead, owner=second, by=ana.actor)
    row = Assignment.objects.get(lead=lead)
    assert (row.before, row.seller, row.kind, row.actor_label) == (first, second, "manual", ana.actor.label)
    assert Lead.objects.get(pk=lead.pk).assigned_at is not None
    assert Notification.objects.get(user=sol.user).kind == "assigned"
    connection.run_before_commit()
    assert SystemEvent.objects.filter(action="lead.assigned", resource_id=str(lead.pk)).count() == 1


def test_taking_a_lead_oneself_tells_nobody_and_giving_it_again_writes_nothing(in_acme: Tenant, sol: Person) -> None:
    lead, mine = make_lead(), make_seller(user=sol.user)
    for _twice in range(2):
        assignment.assign(lead=lead, owner=mine, by=sol.actor)
    assert Assignment.objects.filter(lead=lead).count() == 1
    assert not Notification.objects.exists()


def test_a_lead_is_freed_and_never_given_to_whoever_left(in_acme: Tenant) -> None:
    lead = make_lead(owner=make_seller())
    assignment.assign(lead=lead, owner=None, by=BY)
    assert Lead.objects.get(pk=lead.pk).owner is None
    with pytest.raises(Invalid):
        assignment.assign(lead=lead, owner=make_seller(is_active=False), by=BY)


# --- by rule -----------------------------------------------------------------------------------------------------------
def test_without_a_fitting_rule_a_lead_stays_with_nobody(in_acme: Tenant) -> None:
    rule_of(make_seller(), filters={"source": "feria"})
    rule_of(make_seller(), is_active=False)
    lead = new_lead(source="web")
    assert (lead.owner, Assignment.objects.filter(lead=lead).count()) == (None, 0)


def test_the_fitting_rule_of_the_lowest_number_decides_and_says_why(in_acme: Tenant) -> None:
    low, high = make_seller(), make_seller()
    rule_of(high, priority=50)
    mine = rule_of(low, priority=10, filters={"source": "feria", "value_min": "100"})
    lead = new_lead(source="Feria", value=Decimal(500))
    row = Assignment.objects.get(lead=lead)
    assert (lead.owner, row.rule, row.kind, row.reason["code"]) == (low, mine, "rule", "turn")
    assert new_lead(source="feria", value=Decimal(5)).owner == high


@pytest.mark.parametrize("name", ["city", "tag", "pipeline", "interest"])
def test_conditions_on_the_contact_and_the_lead_are_applied(in_acme: Tenant, name: str) -> None:
    mine, rest = make_seller(), make_seller()
    pipeline = make_pipeline()
    make_stage(pipeline=pipeline, is_initial=True)
    wanted = {"city": "cordoba", "tag": "vip", "pipeline": str(pipeline.pk), "interest": "high"}[name]
    rule_of(mine, priority=1, filters={name: wanted})
    rule_of(rest, priority=2)
    contact = make_contact(city="Córdoba", tags=["VIP"])
    assert create_lead(contact=contact, by=BY, pipeline=pipeline, interest="high").owner == mine
    assert new_lead().owner == rest


def test_a_full_seller_gets_nothing_more_until_something_is_closed(in_acme: Tenant) -> None:
    full, other = make_seller(capacity=1), make_seller()
    rule_of(full, other)
    given = [new_lead() for _each in range(4)]
    assert Counter(lead.owner for lead in given) == {full: 1, other: 3}
    Lead.objects.filter(owner=full).update(closed_at=timezone.now())
    assert new_lead().owner == full


def test_whoever_covers_gets_the_leads_of_the_absent(in_acme: Tenant) -> None:
    away, cover = make_seller(), make_seller()
    make_absence(seller=away, cover=cover)
    rule_of(away)
    lead = new_lead()
    row = Assignment.objects.get(lead=lead)
    assert (lead.owner, row.kind, row.reason["covers"]) == (cover, "cover", away.name)


def test_a_suspended_member_stops_getting_leads(in_acme: Tenant, cast: Cast) -> None:
    rule_of(make_seller(user=cast["iris"].user), make_seller(user=cast["sol"].user))
    assert {new_lead().owner.user for _each in range(3)} == {cast["sol"].user}


@pytest.mark.parametrize(("strategy", "expected"), [("load", "idle"), ("performance", "good")])
def test_load_and_sales_are_read_from_the_leads(in_acme: Tenant, strategy: str, expected: str) -> None:
    good, idle = make_seller(name="good"), make_seller(name="idle")
    won, lost = make_stage(kind="won"), make_stage(kind="lost")
    now = timezone.now()
    for n in range(6):
        make_lead(owner=good, stage=won if n < 5 else lost, closed_at=now)
        make_lead(owner=idle, stage=lost, closed_at=now)
        make_lead(owner=idle, stage=won, closed_at=now - timedelta(days=91))  # too long ago to count
    make_lead(owner=good)
    rule_of(good, idle, strategy=strategy)
    assert str(new_lead().owner) == expected


def test_a_rule_asked_for_again_gives_an_owned_lead_to_whose_turn_it_is(in_acme: Tenant, ana: Person) -> None:
    first, second = make_seller(), make_seller()
    rule_of(first, second)
    lead = new_lead()
    row = assignment.assign_by_rule(lead=lead, by=ana.actor)
    assert row is not None
    assert (lead.owner, row.seller, row.actor_label) == (second, second, ana.actor.label)


def test_the_dry_run_says_who_and_writes_nothing(in_acme: Tenant) -> None:
    seller = make_seller()
    rule = rule_of(seller)
    lead = make_lead()
    assert assignment.would_get(lead) == (rule, seller, {"code": "turn", "of": 1, "able": 1})
    assert (RuleSeller.objects.get(rule=rule).given, Assignment.objects.count()) == (0, 0)


# --- nobody can take it now ----------------------------------------------------------------------------------------------
def test_what_nobody_could_take_waits_and_goes_out_oldest_first(acme: Tenant) -> None:
    with tenant_context(acme):
        seller = make_seller(working_hours=NEVER, capacity=1)
        rule_of(seller)
        old, new = new_lead(), new_lead()
        row = Assignment.objects.get(lead=old)
        assert (old.owner, row.seller, row.reason) == (None, None, {"code": "nobody", "why": {"off_hours": 1}})
        assert assignment.assign_by_rule(lead=old, by=BY) is None  # asked again: no second line
    sweep_sellers()
    with tenant_context(acme):
        assert Assignment.objects.filter(lead=old).count() == 1
        Seller.objects.filter(pk=seller.pk).update(working_hours={})
    sweep_sellers()
    with tenant_context(acme):
        assert (Lead.objects.get(pk=old.pk).owner, Lead.objects.get(pk=new.pk).owner) == (seller, None)


def test_what_a_person_took_away_on_purpose_is_not_given_out_again(acme: Tenant, ana: Person) -> None:
    with tenant_context(acme):
        seller = make_seller(working_hours=NEVER)
        rule_of(seller)
        lead = new_lead()
        assignment.assign(lead=lead, owner=make_seller(), by=ana.actor)
        assignment.assign(lead=lead, owner=None, by=ana.actor)
        Seller.objects.filter(pk=seller.pk).update(working_hours={})
    assert waiting.give_out(tenant=acme, now=timezone.now()) == 0


# --- all at once ------------------------------------------------------------------------------------------------------------
def many(tenant: Tenant, each: int) -> Callable[[], None]:
    """So many creations one after the other, each in a transaction of its own."""

    def work() -> None:
        for _time in range(each):
            with tenant_context(tenant):
                create_lead(contact=make_contact(), by=BY)

    return work


@pytest.mark.slow
@pytest.mark.parametrize("weights", [(1, 1, 1), (2, 1)])
def test_sixteen_times_fifty_creations_are_shared_exactly(live_tenants: Cast, weights: tuple[int, ...]) -> None:
    acme = live_tenants.acme
    with tenant_context(acme):
        sellers = [make_seller() for _weight in weights]
        rule_of(*sellers, weights=weights)
    answers = at_once([many(acme, 50)] * 16, nullcontext)
    assert [each for each in answers if each is not None] == []
    with tenant_context(acme):
        held = Counter(Lead.objects.values_list("owner", flat=True))
    assert sum(held.values()) == 800
    for seller, weight in zip(sellers, weights, strict=True):
        assert abs(held[seller.pk] - 800 * weight / sum(weights)) < 1


@pytest.mark.slow
def test_two_rules_with_the_same_people_and_inbound_messages_do_not_wait_in_a_circle(live_tenants: Cast) -> None:
    acme = live_tenants.acme
    with tenant_context(acme):
        sellers = [make_seller(), make_seller(capacity=1_000)]
        fair, rest = rule_of(*sellers, priority=1, filters={"source": "feria"}), rule_of(*sellers[::-1], priority=2)
        people = [make_contact() for _each in range(4)]

    def arrivals(number: int) -> Callable[[], None]:
        def work() -> None:
            for turn in range(20):
                with tenant_context(acme):
                    if number % 2:
                        create_lead(contact=make_contact(), by=BY, source="feria" if turn % 2 else "web")
                    else:
                        ensure_open_lead(contact=people[(number + turn) % 4], source="whatsapp", by=BY)

        return work

    answers = at_once([arrivals(number) for number in range(8)], nullcontext)
    assert [each for each in answers if each is not None] == []
    with tenant_context(acme):
        for rule in (fair, rest):
            given = list(RuleSeller.objects.filter(rule=rule).values_list("given", flat=True))
            assert max(given) - min(given) <= 1
        assert Lead.objects.filter(owner=None).count() == 0
        assert Lead.objects.filter(contact__in=people).count() == 4


@pytest.mark.slow
def test_two_rules_at_once_never_give_somebody_more_than_they_may_have(live_tenants: Cast) -> None:
    acme = live_tenants.acme
    with tenant_context(acme):
        small = make_seller(capacity=3)
        for source in ("a", "b"):
            rule_of(small, filters={"source": source})

    def from_(source: str) -> Callable[[], None]:
        def work() -> None:
            for _time in range(5):
                with tenant_context(acme):
                    create_lead(contact=make_contact(), by=BY, source=source)

        return work

    answers = at_once([from_(source) for source in ("a", "b") * 4], nullcontext)
    assert [each for each in answers if each is not None] == []
    with tenant_context(acme):
        assert Lead.objects.filter(owner=small).count() == 3
