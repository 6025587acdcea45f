"""Own, team, all: whose leads, chats and contacts somebody sees, and acts on."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from crm.access import lead_holders
from crm.models import Contact, Lead
from messaging.access import chat_holders, visible_conversations
from messaging.models import Conversation
from tenants import circle
from tenants.context import auth_scope, tenant_context
from tenants.models import Membership
from tests.factories.crm import make_contact, make_lead, make_seller
from tests.factories.messaging import make_conversation
from tests.support.cast import Cast
from tests.tenants.roles.conftest import Book

Give = Callable[..., Membership]
SEEN = {
    ("own", ""): {"sol", "nobody"},
    ("team", "teo"): {"sol", "teo", "nobody"},
    ("team", "rita"): {"sol", "nobody"},
    ("all", ""): {"sol", "teo", "nobody"},
}


def names(rows: Any, mine: dict[str, Any]) -> set[str]:
    return {name for name, row in mine.items() if str(row.pk) in {str(each["id"]) for each in rows}}


@pytest.mark.parametrize(("scope", "mate"), SEEN)
def test_lists_hold_what_the_scope_lets_through(
    api_as: Callable[..., APIClient], book: Book, give: Give, scope: str, mate: str
) -> None:
    give("sol", scope, with_=mate)
    api = api_as("sol")
    for noun, rows in (("leads", book.leads), ("conversations", book.chats), ("contacts", book.contacts)):
        found = api.get(f"/api/v1/{noun}/").json()["results"]
        assert names(found, rows) == SEEN[scope, mate], noun
        searched = api.get(f"/api/v1/{noun}/?search=cliente").json()["results"]
        assert names(searched, rows) == SEEN[scope, mate], noun


@pytest.mark.parametrize("act", ["stage", "assign", "qualify"])
def test_bug_1_4_acts_on_a_lead_ask_whose_it_is_like_the_list_does(
    api_as: Callable[..., APIClient], book: Book, act: str
) -> None:
    """In the seed systems closers were filtered on lists, but could assign, move and convert any lead."""
    bodies = {"stage": {"stage": "contactado"}, "assign": {"owner": None}, "qualify": {"interest": "high"}}
    answer = api_as("sol").post(f"/api/v1/leads/{book.leads['teo'].pk}/{act}", bodies[act], format="json")
    assert answer.status_code == 404
    own = api_as("sol").post(f"/api/v1/leads/{book.leads['sol'].pk}/{act}", bodies[act], format="json")
    assert own.status_code != 404


@pytest.mark.parametrize("act", ["takeover", "release", "assign", "snooze", "close", "reopen", "read", "messages"])
def test_bug_1_4_acts_on_a_chat_ask_whose_it_is(api_as: Callable[..., APIClient], book: Book, act: str) -> None:
    body = {"text": "Hola", "assignee": None}
    answer = api_as("sol").post(f"/api/v1/conversations/{book.chats['teo'].pk}/{act}", body, format="json")
    assert answer.status_code == 404


def test_a_team_without_its_scope_changes_nothing(api_as: Callable[..., APIClient], book: Book, give: Give) -> None:
    give("sol", "", with_="teo")
    found = api_as("sol").get("/api/v1/leads/").json()["results"]
    assert names(found, book.leads) == {"sol", "nobody"}


def test_what_a_suspended_colleague_had_stays_with_the_team(
    api_as: Callable[..., APIClient], book: Book, give: Give, cast: Cast
) -> None:
    give("sol", "team", with_="teo")
    with auth_scope():
        Membership.objects.filter(pk=cast["teo"].member.pk).update(status="suspended")
    found = api_as("sol").get("/api/v1/leads/").json()["results"]
    assert "teo" in names(found, book.leads)


def test_a_contact_nobody_attends_yet_is_everybodys(api_as: Callable[..., APIClient], book: Book) -> None:
    assert api_as("sol").get(f"/api/v1/contacts/{book.idle.pk}/").status_code == 200
    assert api_as("sol").get(f"/api/v1/contacts/{book.contacts['teo'].pk}/").status_code == 404
    assert api_as("sol").patch(f"/api/v1/contacts/{book.contacts['teo'].pk}/", {"name": "x"}).status_code == 404


def test_a_known_phone_of_a_colleagues_customer_tells_nothing_of_them(
    api_as: Callable[..., APIClient], book: Book
) -> None:
    theirs = book.contacts["teo"]
    body = {"contact": {"phone": theirs.phone, "name": "Otro nombre"}}
    answer = api_as("sol").post("/api/v1/leads/", body, format="json")
    assert answer.status_code == 409
    assert theirs.name not in answer.content.decode()
    assert api_as("ana").post("/api/v1/leads/", body, format="json").status_code == 201


def test_a_secretary_may_be_narrowed_and_a_closer_widened(
    api_as: Callable[..., APIClient], book: Book, give: Give
) -> None:
    give("rita", "own")
    give("sol", "all")
    assert names(api_as("rita").get("/api/v1/leads/").json()["results"], book.leads) == {"nobody"}
    assert names(api_as("sol").get("/api/v1/leads/").json()["results"], book.leads) == {"sol", "teo", "nobody"}


def test_stages_count_only_what_one_sees(client_as: Callable[..., Client], book: Book, give: Give) -> None:
    page = client_as("sol").get("/leads/").content.decode()
    assert '<span class="mark">2</span>' in page
    give("sol", "all")
    assert '<span class="mark">3</span>' in client_as("sol").get("/leads/").content.decode()


def test_the_admin_shows_the_same_rows(client_as: Callable[..., Client], book: Book, monkeypatch: Any) -> None:
    """Only who directs the company opens it today, and sees all; whoever is let in later brings their scope along."""
    monkeypatch.setattr(Membership, "sees", property(lambda member: "own"))
    for path, row in (
        ("crm/lead", book.leads["teo"]),
        ("crm/contact", book.contacts["teo"]),
        ("messaging/conversation", book.chats["teo"]),
    ):
        client = client_as("ana")
        assert client.get(f"/admin/{path}/{row.pk}/change/").status_code == 404
        assert str(row.pk) not in client.get(f"/admin/{path}/").content.decode()


@pytest.mark.parametrize("scope", ["own", "team", "all"])
def test_the_rule_for_live_events_is_the_rule_of_the_lists(cast: Cast, give: Give, scope: str) -> None:
    """Every arrangement of up to two leads and an assignee: SQL and tenants.domain.holding agree on all of them."""
    member = give("sol", scope, with_="teo" if scope == "team" else "")
    with tenant_context(cast.acme):
        sellers = {
            "sol": make_seller(user=cast["sol"].user),
            "teo": make_seller(user=cast["teo"].user),
            "rita": make_seller(user=cast["rita"].user),
            "agenda": make_seller(user=None),
            "free": None,
        }
        for first in (None, *sellers):
            for second in (None, *sellers):
                for assignee in (None, "sol", "teo", "rita"):
                    _arranged([sellers[each] for each in (first, second) if each], assignee, cast)
        around = circle.ids(member)
        chats = set(map(str, visible_conversations(member).values_list("pk", flat=True)))
        leads = set(map(str, Lead.objects.visible_to(member).values_list("pk", flat=True)))
        held_chats = chat_holders([str(pk) for pk in Conversation.objects.values_list("pk", flat=True)])
        held_leads = lead_holders([str(pk) for pk in Lead.objects.values_list("pk", flat=True)])
    assert len(held_chats) == 6 * 6 * 4
    assert {pk for pk, held in held_chats.items() if held.within(around)} == chats
    assert {pk for pk, held in held_leads.items() if held.within(around)} == leads


def _arranged(owners: list[Any], assignee: str | None, cast: Cast) -> None:
    contact = make_contact()
    for owner in owners:
        make_lead(contact=contact, owner=owner)
    make_conversation(contact=contact, assignee=cast[assignee].user if assignee else None)


def test_contacts_follow_their_leads_and_chats(cast: Cast, book: Book) -> None:
    member = Membership(user=cast["sol"].user, tenant=cast.acme, role="closer", status="active")
    with tenant_context(cast.acme):
        seen = set(Contact.objects.visible_to(member).values_list("name", flat=True))
    assert seen == {"Cliente de sol", "Cliente de nobody", "Cliente de paso"}
