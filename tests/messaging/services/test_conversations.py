"""The conversation's row: who attends it, what is unread, who may see it."""

import pytest

from config.lib.errors import Invalid, NotFound
from messaging.access import channel_for, conversation_for, message_for, visible_conversations
from messaging.services.conversations import assign, mark_read, set_status
from tenants.context import tenant_context
from tests.factories.crm import make_lead, make_seller
from tests.factories.messaging import make_conversation
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
