"""A row that was waited for comes with its neighbours as they are after the wait."""

from functools import partial

from django.utils import timezone

from agents.models import Agent, AgentVersion
from agents.services.agents import publish_agent, update_agent
from crm.models import Contact
from messaging.access import conversation_for
from messaging.models import Conversation
from messaging.providers.base import Sender
from messaging.services import conversations, identity
from tenants.context import tenant_context
from tests.factories.agents import make_agent
from tests.factories.messaging import make_channel, make_conversation
from tests.support.cast import Cast
from tests.support.services import Services
from tests.support.together import at_once, meanwhile


def test_who_opted_out_during_the_wait_is_seen_as_opted_out(live_tenants: Cast, test_services: Services) -> None:
    inside = partial(tenant_context, live_tenants.acme)
    with inside():
        chat = make_conversation()
    with inside():
        mine = conversations.locked(chat.pk)
        assert mine is not None
        other = meanwhile(lambda: conversations.locked(chat.pk), inside, test_services)
        Contact.objects.filter(pk=mine.contact_id).update(opted_out_at=timezone.now())
        mine.save(update_fields=["unread_count"])
    found = other()
    assert isinstance(found, Conversation)
    assert found.contact.opted_out_at is not None


def test_a_chat_that_was_just_assigned_comes_with_its_assignee(live_tenants: Cast, test_services: Services) -> None:
    ana, sol = live_tenants["ana"], live_tenants["sol"]
    inside = partial(tenant_context, live_tenants.acme)
    with inside():
        chat = make_conversation()
    with inside():
        mine = conversation_for(ana.member, chat.pk, lock=True)
        conversations.assign(conversation=mine, user=sol.user, by=ana.actor)
        other = meanwhile(lambda: conversation_for(ana.member, chat.pk, lock=True), inside, test_services)
        hidden = meanwhile(
            lambda: conversation_for(live_tenants["teo"].member, chat.pk, lock=True), inside, test_services
        )
    found = other()
    assert isinstance(found, Conversation)
    assert found.assignee == sol.user
    assert getattr(hidden(), "status", None) == 404


def test_publishing_twice_at_once_makes_one_version(live_tenants: Cast) -> None:
    ana = live_tenants["ana"]
    inside = partial(tenant_context, live_tenants.acme)
    with inside():
        agent = make_agent()
        publish_agent(agent=agent, by=ana.actor)
        Agent.objects.filter(pk=agent.pk).update(role="otra cosa")
        before = AgentVersion.objects.filter(agent=agent).count()
    answers = at_once([lambda: publish_agent(agent=Agent.objects.get(pk=agent.pk), by=ana.actor)] * 5, inside)
    assert all(isinstance(answer, AgentVersion) for answer in answers), answers
    with inside():
        assert AgentVersion.objects.filter(agent=agent).count() == before + 1


def test_a_name_written_by_a_person_is_not_replaced_by_the_channels(live_tenants: Cast) -> None:
    with tenant_context(live_tenants.acme):
        channel = make_channel()
        contact = identity.locate(channel=channel, sender=Sender(ids=(("wa_id", "5491155550000"),)))
        stale = Contact.objects.get(pk=contact.pk)
        Contact.objects.filter(pk=contact.pk).update(name="Marta Ruiz", email="marta@b.test")
        identity._complete(channel, stale, Sender(ids=(("wa_id", "5491155550000"),), name="martita"), "")
        found = Contact.objects.get(pk=contact.pk)
    assert (found.name, found.email) == ("Marta Ruiz", "marta@b.test")


def test_a_change_on_an_old_copy_of_an_agent_takes_no_publication_back(live_tenants: Cast) -> None:
    ana = live_tenants["ana"]
    with tenant_context(live_tenants.acme):
        agent = make_agent()
        old = Agent.objects.get(pk=agent.pk)
        update_agent(agent=agent, by=ana.actor, role="vender")
        version = publish_agent(agent=agent, by=ana.actor)
        update_agent(agent=old, by=ana.actor, name="Otro nombre")
        found = Agent.objects.get(pk=agent.pk)
    assert (found.published_id, found.role, found.name) == (version.pk, "vender", "Otro nombre")
