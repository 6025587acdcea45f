"""Customers of three people: sol's, teo's and nobody's, in acme."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from crm.models import Contact, Lead
from messaging.models import Conversation
from tenants.context import tenant_context
from tenants.models import Membership, Team
from tenants.services import teams
from tests.factories.crm import make_contact, make_lead, make_seller
from tests.factories.messaging import make_channel, make_conversation
from tests.support.cast import Cast


@dataclass
class Book:
    """Who has what: `leads`, `chats` and `contacts` by "sol", "teo" and "nobody"; `idle` has neither lead nor chat."""

    leads: dict[str, Lead]
    chats: dict[str, Conversation]
    contacts: dict[str, Contact]
    idle: Contact


@pytest.fixture
def book(cast: Cast) -> Book:
    with tenant_context(cast.acme):
        channel = make_channel()
        contacts = {name: make_contact(name=f"Cliente de {name}") for name in ("sol", "teo", "nobody")}
        leads, chats = {}, {}
        for name, contact in contacts.items():
            user = cast[name].user if name != "nobody" else None
            seller = make_seller(name=name, user=user) if user else None
            leads[name] = make_lead(contact=contact, owner=seller)
            chats[name] = make_conversation(contact=contact, channel=channel, assignee=user)
        return Book(leads, chats, contacts, make_contact(name="Cliente de paso"))


@pytest.fixture
def give(cast: Cast) -> Callable[..., Membership]:
    """`give("sol", "team", with_="teo")`: a scope, and a team of both where it needs one."""

    def change(name: str, scope: str, *, with_: str = "") -> Membership:
        with tenant_context(cast.acme):
            team = Team.objects.filter(name="Norte").first()
            if with_ and team is None:
                team = teams.create_team(name="Norte", by=cast["ana"].actor)
            for each in filter(None, (with_, name)):
                member = Membership.objects.get(pk=cast[each].member.pk)
                wanted = scope if each == name else member.scope
                found = teams.set_scope(member=member, scope=wanted, team=team if with_ else None, by=cast["ana"].actor)
            return found

    return change
