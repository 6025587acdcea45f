"""The conversation's row: who attends it, what is unread, who may see it."""

import pytest

from config.lib.errors import Invalid, NotFound
from crm.models import Contact
from crm.services import merging
from messaging.access import channel_for, conversation_for, message_for, visible_conversations
from messaging.models import Channel, Conversation
from messaging.providers.base import Sender
from messaging.services import identity, webchat
from messaging.services.conversations import assign, mark_read, open_conversation, set_status
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.factories.crm import make_contact, make_lead, make_seller
from tests.factories.crm_more import make_point
from tests.factories.messaging import make_channel, make_conversation, make_identity, make_message
from tests.messaging.services.saying import BY, Number
from tests.support.cast import Person


def test_reading_it_clears_the_count(number: Number) -> None:
    for words in ("uno", "dos"):
        number.says(words)
    assert number.conversation().unread_count == 2
    with tenant_context(number.tenant):
        mark_read(conversation=number.conversation(), by=BY)

    assert number.conversation().unread_count == 0


def test_only_active_members_attend(number: Number, sol: Person, pia: Person, gus: Person) -> None:
    number.says("hola")
    with tenant_context(number.tenant):
        assign(conversation=number.conversation(), user=sol.user, by=BY)
        for stranger in (pia, gus):
            with pytest.raises(Invalid):
                assign(conversation=number.conversation(), user=stranger.user, by=BY)

    assert number.conversation().assignee_id == sol.user.pk


@pytest.mark.parametrize("status", ["closed", "snoozed", "open"])
def test_a_state_is_kept_until_the_customer_writes(number: Number, status: str) -> None:
    number.says("hola")
    with tenant_context(number.tenant):
        set_status(conversation=number.conversation(), status=status, by=BY)
    assert number.conversation().status == status
    number.says("sigo acá")

    assert number.conversation().status == "open"


def test_sellers_see_their_chats_and_the_free_ones(number: Number, ana: Person, sol: Person, teo: Person) -> None:
    with tenant_context(number.tenant):
        assigned = make_conversation(assignee=sol.user)
        by_lead = make_conversation()
        make_lead(contact=by_lead.contact, owner=make_seller(user=sol.user))
        free = make_conversation()
        others = make_conversation(assignee=teo.user)
        others_lead = make_conversation()
        make_lead(contact=others_lead.contact, owner=make_seller(user=teo.user))

        assert set(visible_conversations(sol.member)) == {assigned, by_lead, free}  # type: ignore[arg-type]
        assert set(visible_conversations(ana.member)) == {assigned, by_lead, free, others, others_lead}  # type: ignore[arg-type]
        assert conversation_for(sol.member, by_lead.pk, lock=True) == by_lead  # type: ignore[arg-type]
        for hidden in (others, others_lead):
            with pytest.raises(NotFound):
                conversation_for(sol.member, hidden.pk)  # type: ignore[arg-type]


def test_another_companys_things_do_not_exist(number: Number, gus: Person) -> None:
    number.says("hola")
    conversation, message = number.conversation(), number.messages()[0]
    assert gus.tenant is not None
    with tenant_context(gus.tenant):
        for gate, row in ((conversation_for, conversation), (message_for, message), (channel_for, number.channel)):
            with pytest.raises(NotFound):
                gate(gus.member, row.pk)  # type: ignore[operator]


# --- a person united from two contacts ---------------------------------------------------------------------------


@pytest.fixture
def united(in_acme: Tenant) -> tuple[Channel, Conversation, Conversation]:
    """One person, two browsers: the channel, the chat that was theirs and the one that came."""
    channel = make_channel()
    chats = []
    for visitor in ("uno", "dos"):
        contact = make_contact(phone=None)
        make_identity(channel=channel, contact=contact, external_id=visitor)
        chats.append(make_conversation(channel=channel, contact=contact, address=visitor))
        make_message(conversation=chats[-1], text=f"soy {visitor}")
    merging.merge(kept=chats[0].contact, other=chats[1].contact, by=BY)
    return channel, *chats


def opened(channel: Channel, contact: Contact, visitor: str) -> Conversation:
    return open_conversation(channel=channel, contact=contact, sender=Sender(ids=(("visitor", visitor),)))


def test_each_address_goes_on_in_its_own_chat(united: tuple[Channel, Conversation, Conversation]) -> None:
    channel, own, came = united
    contact = Contact.objects.get()
    assert opened(channel, contact, "uno") == own
    assert opened(channel, contact, "dos") == came
    assert opened(channel, contact, "tres") == own  # a new address of theirs
    Conversation.objects.filter(pk=own.pk).delete()
    assert opened(channel, contact, "tres") == came


def test_a_browser_shows_its_own_words_only(united: tuple[Channel, Conversation, Conversation]) -> None:
    channel, _own, _came = united
    for visitor in ("uno", "dos"):
        shown = webchat.history(channel_id=channel.pk, visitor_id=visitor)
        assert [each["text"] for each in shown] == [f"soy {visitor}"]


def test_a_number_is_written_to_as_whatsapp_calls_it_never_as_another_of_the_person(in_acme: Tenant) -> None:
    channel = make_channel(provider="meta_direct", channel_source="whatsapp")
    contact = make_contact(phone="+5491155551111")
    make_point(contact=contact, value="+541155552222")
    for number in ("5491155551111", "5491155552222"):
        make_identity(channel=channel, contact=contact, kind="wa_id", external_id=number)
    for typed, address in (("+541155551111", "5491155551111"), ("+5491155552222", "5491155552222")):
        sender = Sender(ids=(("wa_id", typed.lstrip("+")),), phone=typed)
        assert identity.as_addressed(channel, sender).ids == (("wa_id", address),)
    other = Sender(ids=(("wa_id", "5491155553333"),), phone="+5491155553333")
    assert identity.as_addressed(channel, other) == other
