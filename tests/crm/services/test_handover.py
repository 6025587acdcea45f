"""A portfolio changes hands in one act, and back."""

from collections import Counter
from contextlib import nullcontext
from datetime import timedelta

import pytest
from django.utils import timezone

from config.lib.errors import Conflict, Invalid
from crm.models import Assignment, BulkAction, Client, Lead, Notification, Seller, Task
from crm.services import assignment, handover
from crm.services.leads import create_lead
from crm.tasks import sweep_sellers
from messaging.models import Conversation
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.factories.crm import make_contact, make_lead, make_seller, make_stage
from tests.factories.crm_more import make_client, make_rule, make_rule_seller, make_task
from tests.factories.messaging import make_conversation
from tests.support.cast import Cast, Person
from tests.support.tasks import Queue
from tests.support.together import at_once


@pytest.fixture
def giver(in_acme: Tenant, teo: Person) -> Seller:
    return make_seller(user=teo.user)


@pytest.fixture
def taker(in_acme: Tenant, sol: Person) -> Seller:
    return make_seller(user=sol.user)


def start(giver: Seller, ana: Person, *to: Seller, **over: bool) -> BulkAction:
    return handover.start(seller=giver, to=to, by=ana.actor, user=ana.user, **over)


def test_open_leads_clients_and_pending_tasks_pass_in_one_act(giver: Seller, taker: Seller, ana: Person) -> None:
    lead = make_lead(owner=giver)
    closed = make_lead(owner=giver, stage=make_stage(kind="lost"), closed_at=timezone.now())
    client = make_client(owner=giver)
    task = make_task(assignee=giver.user, lead=lead)
    done = make_task(assignee=giver.user, done_at=timezone.now())
    others = make_lead(owner=make_seller())
    assert handover.portfolio(giver) == handover.Portfolio(open_leads=1, leads=2, clients=1, tasks=1)

    row = start(giver, ana, taker)

    assert (row.status, row.done, row.total) == ("done", 1, 1)
    owners = dict(Lead.objects.values_list("pk", "owner"))
    assert (owners[lead.pk], owners[closed.pk]) == (taker.pk, giver.pk)
    assert owners[others.pk] not in (taker.pk, giver.pk)
    assert Client.objects.get(pk=client.pk).owner == taker
    assert Task.objects.get(pk=task.pk).assignee == taker.user
    assert Task.objects.get(pk=done.pk).assignee == giver.user
    line = Assignment.objects.get(lead=lead)
    assert (line.before, line.seller, line.kind, line.reason["from"]) == (giver, taker, "handover", giver.name)
    told = Notification.objects.get()  # one for all of them
    assert (told.user, told.kind, told.facts) == (taker.user, "handover", {"by": giver.name, "count": 1})


def test_only_what_was_asked_for_passes(giver: Seller, taker: Seller, ana: Person) -> None:
    make_lead(owner=giver, stage=make_stage(kind="lost"), closed_at=timezone.now())
    make_client(owner=giver)
    make_task(assignee=giver.user)
    start(giver, ana, taker, open_only=False, clients=False, tasks=False)
    assert handover.portfolio(giver) == handover.Portfolio(open_leads=0, leads=0, clients=1, tasks=1)


def test_shared_by_several_each_person_stays_whole(giver: Seller, taker: Seller, ana: Person) -> None:
    other = make_seller()
    for _each in range(12):
        lead = make_lead(owner=giver)
        make_lead(owner=giver, contact=lead.contact)
        make_client(owner=giver, contact=lead.contact)
    start(giver, ana, taker, other)
    for client in Client.objects.all():
        assert {each.owner for each in client.contact.leads.all()} == {client.owner}
    assert set(Counter(Lead.objects.values_list("owner", flat=True))) == {taker.pk, other.pk}


def test_by_rule_each_lead_goes_where_the_rules_say_and_never_back(giver: Seller, taker: Seller, ana: Person) -> None:
    rule = make_rule(is_active=True, filters={"source": "feria"})
    for seller in (giver, taker):
        make_rule_seller(rule=rule, seller=seller)
    fair, web = make_lead(owner=giver, source="feria"), make_lead(owner=giver, source="web")
    client = make_client(owner=giver, contact=fair.contact)
    start(giver, ana, by_rule=True)
    assert (Lead.objects.get(pk=fair.pk).owner, Lead.objects.get(pk=web.pk).owner) == (taker, None)
    assert Client.objects.get(pk=client.pk).owner == taker


def test_undo_gives_back_what_is_still_as_it_was_handed_over(giver: Seller, taker: Seller, ana: Person) -> None:
    kept, moved = make_lead(owner=giver), make_lead(owner=giver)
    client, task = make_client(owner=giver), make_task(assignee=giver.user)
    row = start(giver, ana, taker)
    third = make_seller()
    assignment.assign(lead=Lead.objects.get(pk=moved.pk), owner=third, by=ana.actor)
    row = handover.undo(row=row, by=ana.actor)
    assert row.status == "undone"
    assert (Lead.objects.get(pk=kept.pk).owner, Lead.objects.get(pk=moved.pk).owner) == (giver, third)
    assert (Client.objects.get(pk=client.pk).owner, Task.objects.get(pk=task.pk).assignee) == (giver, giver.user)
    with pytest.raises(Conflict):
        handover.undo(row=row, by=ana.actor)


def test_chats_go_with_their_contacts_and_come_back(giver: Seller, taker: Seller, ana: Person) -> None:
    chat, closed = make_conversation(assignee=giver.user), make_conversation(assignee=giver.user, status="closed")
    moved = make_conversation(assignee=giver.user)
    other = make_conversation(assignee=ana.user)

    def assignees() -> list[object]:
        return [Conversation.objects.get(pk=each.pk).assignee for each in (chat, closed, moved, other)]

    row = start(giver, ana, taker)
    assert assignees() == [taker.user, giver.user, taker.user, ana.user]
    Conversation.objects.filter(pk=moved.pk).update(assignee=ana.user)
    handover.undo(row=row, by=ana.actor)
    assert assignees() == [giver.user, giver.user, ana.user, ana.user]


def test_undo_ends_after_a_day_and_waits_for_whoever_gets_it_back(giver: Seller, taker: Seller, ana: Person) -> None:
    row = start(giver, ana, taker)
    Seller.objects.filter(pk=giver.pk).update(is_active=False)
    with pytest.raises(Conflict):
        handover.undo(row=row, by=ana.actor)
    Seller.objects.filter(pk=giver.pk).update(is_active=True)
    BulkAction.objects.filter(pk=row.pk).update(finished_at=timezone.now() - timedelta(hours=25))
    with pytest.raises(Conflict):
        handover.undo(row=row, by=ana.actor)


def test_nobody_gives_to_themselves_to_nobody_or_to_whoever_left(giver: Seller, ana: Person) -> None:
    for to in ([giver], [], [make_seller(is_active=False)]):
        with pytest.raises(Invalid) as caught:
            start(giver, ana, *to)
        assert set(caught.value.fields) == {"to"}


def test_a_large_portfolio_goes_in_a_worker_and_is_found_again(
    acme: Tenant, cast: Cast, queued: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handover, "AT_ONCE", 3)
    monkeypatch.setattr(handover, "BATCH", 2)
    ana = cast["ana"]
    with tenant_context(acme):
        giver, taker = make_seller(), make_seller()
        for _each in range(5):
            make_lead(owner=giver)
        row = start(giver, ana, taker)
        assert row.status == "waiting"
    queued.clear()  # the wake-up is lost
    with tenant_context(acme):
        assert handover.step(row.pk)  # a worker does one batch and dies
        assert Lead.objects.filter(owner=taker).count() == 2
        with pytest.raises(Conflict):
            start(giver, ana, taker)
    sweep_sellers()
    queued.drain()
    with tenant_context(acme):
        row.refresh_from_db()
        assert (row.status, row.done, Lead.objects.filter(owner=taker).count()) == ("done", 5, 5)
        handover.undo(row=row, by=ana.actor)
    queued.drain()
    with tenant_context(acme):
        row.refresh_from_db()
        assert (row.status, Lead.objects.filter(owner=giver).count()) == ("undone", 5)


@pytest.mark.slow
def test_a_hand_over_by_rule_and_new_leads_do_not_wait_in_a_circle(live_tenants: Cast) -> None:
    acme, ana = live_tenants.acme, live_tenants["ana"]
    with tenant_context(acme):
        giver, rule = make_seller(), make_rule(is_active=True)
        for seller in (giver, make_seller(capacity=500), make_seller()):
            make_rule_seller(rule=rule, seller=seller)
        leads = [make_lead(owner=giver) for _each in range(40)]

    def arrive() -> None:
        for _each in range(10):
            with tenant_context(acme):
                create_lead(contact=make_contact(), by=ana.actor)

    def reassign() -> None:
        for lead in leads[::-3]:
            with tenant_context(acme):
                row = Lead.objects.select_for_update(no_key=True).get(pk=lead.pk)
                assignment.assign_by_rule(lead=row, by=ana.actor)

    def hand() -> None:
        with tenant_context(acme):
            start(giver, ana, by_rule=True)

    assert at_once([hand, arrive, reassign, arrive, reassign], nullcontext) == [None] * 5
    with tenant_context(acme):
        assert BulkAction.objects.get().status == "done"
        assert not Lead.objects.filter(owner=None).exists()
