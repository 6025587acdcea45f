"""Uniting while others write: nothing is lost, nobody waits for ever, nobody else is ended for it."""

from datetime import timedelta
from functools import partial

from django.utils import timezone

from config.lib.errors import AppError
from crm.models import Contact, ContactMerge, Lead
from crm.services import merging
from crm.services.contacts import update_contact
from messaging.models import Channel, Conversation, Message
from messaging.providers import base
from messaging.services import inbound
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tests.factories.crm import make_contact, make_lead
from tests.factories.messaging import make_channel, make_conversation, make_identity
from tests.support.cast import Cast
from tests.support.services import Services
from tests.support.together import at_once, meanwhile

BY = Actor.system("Prueba")


def says(channel: Channel, who: str, text: str) -> Message | None:
    item = base.InboundMessage(
        channel_ref="", message_id=f"{who}-{text}", sender=base.Sender(ids=(("visitor", who),)), kind="text", text=text,
        timestamp=timezone.now() - timedelta(seconds=1),
    )  # fmt: skip
    return inbound.accept_message(channel=channel, item=item)


def known_visitor(channel: Channel, who: str) -> Contact:
    contact = make_contact(phone=None)
    make_identity(channel=channel, contact=contact, external_id=who)
    make_conversation(channel=channel, contact=contact, address=who)
    return contact


def test_uniting_both_ways_at_once_unites_once(live_tenants: Cast) -> None:
    inside = partial(tenant_context, live_tenants.acme)
    with inside():
        first, second = make_contact(), make_contact()
    answers = at_once(
        [
            lambda: merging.merge(kept=first, other=second, by=BY),
            lambda: merging.merge(kept=second, other=first, by=BY),
        ],
        inside,
    )
    assert sorted(type(each).__name__ for each in answers) == ["ContactMerge", "NotFound"]
    with inside():
        assert Contact.objects.filter(pk__in=[first.pk, second.pk]).count() == 1


def test_undoing_twice_at_once_undoes_once(live_tenants: Cast) -> None:
    inside = partial(tenant_context, live_tenants.acme)
    with inside():
        kept, other = make_contact(), make_contact()
        done = merging.merge(kept=kept, other=other, by=BY)
    answers = at_once([lambda: merging.unmerge(merge=ContactMerge.objects.get(pk=done.pk), by=BY)] * 3, inside)
    assert sum(isinstance(each, Contact) for each in answers) == 1
    assert all(isinstance(each, (Contact, AppError)) for each in answers), answers


def test_a_message_that_comes_during_the_uniting_is_kept_by_whom_remains(
    live_tenants: Cast, test_services: Services
) -> None:
    inside = partial(tenant_context, live_tenants.acme)
    with inside():
        channel = make_channel()
        kept, other = known_visitor(channel, "uno"), known_visitor(channel, "dos")
    with inside():
        merging.merge(kept=kept, other=other, by=BY)
        arriving = meanwhile(lambda: says(channel, "dos", "sigo acá"), inside, test_services)
    assert isinstance(arriving(), Message)
    with inside():
        message = Message.objects.get(text="sigo acá")
        assert (message.conversation.contact_id, message.conversation.address) == (kept.pk, "dos")
        assert Lead.objects.get().contact_id == kept.pk
        assert Conversation.objects.filter(contact=kept).count() == 2


def test_many_messages_and_two_unitings_at_once_lose_nothing(live_tenants: Cast) -> None:
    inside = partial(tenant_context, live_tenants.acme)
    with inside():
        channel = make_channel()
        kept, other = known_visitor(channel, "uno"), known_visitor(channel, "dos")
    words = [partial(says, channel, who, f"{who} {number}") for number in range(4) for who in ("uno", "dos")]
    uniting = partial(merging.merge, kept=kept, other=other, by=BY)
    answers = at_once([*words, uniting], inside)
    assert all(isinstance(each, (Message, ContactMerge)) for each in answers), answers
    with inside():
        for who in ("uno", "dos"):
            (chat,) = Conversation.objects.filter(address=who)
            assert chat.contact_id == kept.pk
            assert Message.objects.filter(conversation=chat, direction="in").count() == 4


def test_who_edits_a_lead_just_then_is_waited_for(live_tenants: Cast, test_services: Services) -> None:
    """The edit holds the lead and then wants the contact; uniting holds contacts and then wants the lead."""
    inside = partial(tenant_context, live_tenants.acme)
    with inside():
        lead, kept = make_lead(), make_contact()
        other = lead.contact
    with inside():
        Lead.objects.select_for_update(no_key=True).get(pk=lead.pk)
        uniting = meanwhile(lambda: merging.merge(kept=kept, other=other, by=BY), inside, test_services)
        update_contact(contact=other, by=BY, name="Corregida")
    assert isinstance(uniting(), ContactMerge)
    with inside():
        assert Lead.objects.get(pk=lead.pk).contact_id == kept.pk
