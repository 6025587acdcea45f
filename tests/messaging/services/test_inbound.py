"""A customer's message becomes one row, whatever the provider repeats, reorders or invents."""

import pytest

from config.lib.redis import client as redis
from crm.models import Contact, Lead
from messaging.ingest.models import InboundEvent
from messaging.models import Attachment, Channel, ChannelIdentity, Conversation, Message, ProviderNotice
from messaging.services import events, inbound
from messaging.signals import message_revoked
from tenants.context import tenant_context
from tenants.live.models import LiveEvent
from tenants.models import Tenant
from tests.fakes import graph_events as wire
from tests.messaging.services.saying import ANA, Clock, Number, make_number
from tests.support.tasks import Queue


def test_a_first_message_makes_a_contact_a_lead_a_conversation_and_live_events(acme: Tenant, number: Number) -> None:
    number.says("Hola, ¿tienen remeras?")

    with tenant_context(acme):
        contact = Contact.objects.get()
        lead = Lead.objects.select_related("stage").get()
        message = Message.objects.get()
        live = set(LiveEvent.objects.values_list("type", flat=True))
    conversation = number.conversation()
    assert (contact.name, contact.phone) == ("Ana Paz", f"+{ANA}")
    assert (lead.contact_id, lead.source, lead.stage.code) == (contact.pk, "whatsapp", "nuevo")
    assert (message.text, message.direction, message.author, message.status) == (
        "Hola, ¿tienen remeras?", "in", "contact", "received",
    )  # fmt: skip
    assert (conversation.contact_id, conversation.unread_count, conversation.mode) == (contact.pk, 1, "ai")
    assert conversation.last_message_preview == "Hola, ¿tienen remeras?"
    assert {"NEW_LEAD", "NEW_MESSAGE", "CONVERSATION_UPDATED"} <= live


def test_the_same_webhook_twice_is_one_message(number: Number) -> None:
    payload = wire.inbound(wire.text("Hola"))
    number.takes(payload)
    number.takes(payload)

    assert number.texts() == ["Hola"]
    assert number.conversation().unread_count == 1


def test_one_message_in_two_different_webhooks_is_one_message(number: Number) -> None:
    message = wire.text("Hola")
    number.sends(message)
    number.sends(message, contacts=[wire.contact(name="Otra forma del mismo aviso")])

    assert number.texts() == ["Hola"]


def test_a_repetition_is_recognised_also_when_redis_has_forgotten_it(number: Number) -> None:
    message = wire.text("Hola")
    number.sends(message)
    redis().flushdb()
    number.sends(message, contacts=[wire.contact(name="Ana otra vez")])

    assert number.texts() == ["Hola"]


def test_the_same_id_at_two_companies_stays_apart(acme: Tenant, globex: Tenant, number: Number) -> None:
    other = make_number(globex)
    message = wire.text("Para los dos")
    number.sends(message)
    other.sends(message)

    assert number.texts() == ["Para los dos"]
    assert other.texts() == ["Para los dos"]
    with tenant_context(globex):
        assert Contact.objects.count() == 1


def test_an_album_lands_in_one_conversation_in_order(number: Number) -> None:
    number.sends(*[wire.media("image", f"9000000000000{n:02}", caption=f"foto {n}") for n in range(6)])

    assert number.texts() == [f"foto {n}" for n in range(6)]
    assert number.conversation().sequence == 6


def test_a_file_is_noted_for_fetching(acme: Tenant, number: Number, queued: Queue) -> None:
    number.sends(wire.media("document", mime="application/pdf", filename="lista.pdf"))

    with tenant_context(acme):
        attachment = Attachment.objects.get()
    assert (attachment.state, attachment.filename) == ("pending", "lista.pdf")
    assert queued.named("fetch_media")


def test_a_bad_item_does_not_take_its_neighbours_down(acme: Tenant, number: Number) -> None:
    odd = {"id": 5, "from": {}, "type": []}
    cards = [wire.contact(), wire.contact(wa_id="5491155557777")]
    event = number.sends(wire.text("antes"), odd, wire.text("después"), contacts=cards)

    assert event.state == "done"
    assert number.texts() == ["antes", "después"]
    with tenant_context(acme):
        assert ProviderNotice.objects.count() == 1


def test_an_item_that_our_own_code_cannot_take_is_kept_and_tried_again(
    acme: Tenant, number: Number, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(**_any: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(inbound, "accept_message", broken)
        event = number.sends(wire.text("paciencia"))
        assert (event.state, event.attempts) == ("received", 1)
        assert event.lease_until is not None
    with tenant_context(acme):
        InboundEvent.objects.update(lease_until=None)
    events.drain(tenant=acme)

    assert number.texts() == ["paciencia"]


def test_after_the_last_attempt_the_event_is_a_visible_failure_and_can_be_tried_again(
    acme: Tenant, number: Number, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(**_any: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(inbound, "accept_message", broken)
        pk = number.hears(wire.inbound(wire.text("terca")))
        for _each in range(events.MOST_ATTEMPTS):
            with tenant_context(acme):
                InboundEvent.objects.update(lease_until=None)
            events.drain(tenant=acme)
    with tenant_context(acme):
        event = InboundEvent.objects.get(pk=pk)
        assert event.state == "failed"
        assert "ZeroDivisionError" in event.error
        assert events.retry_failed(tenant=acme, event_id=pk) == 1
    events.drain(tenant=acme)

    assert number.texts() == ["terca"]


@pytest.mark.parametrize("raw", ["no es JSON", "[" * 100_000, '{"object": "x"', "null", '"hola"', "\\x80\\xff"])
def test_a_body_that_nobody_understands_blocks_no_other(acme: Tenant, number: Number, raw: str) -> None:
    with tenant_context(acme):
        InboundEvent.objects.create(
            tenant=acme, provider="meta_direct", channel_id=number.channel.pk, event_key=str(hash(raw)), raw=raw
        )
    number.says("Yo sí")

    assert number.texts() == ["Yo sí"]
    with tenant_context(acme):
        odd = InboundEvent.objects.exclude(raw__contains="wamid").get()
        assert odd.state == "failed" or ProviderNotice.objects.filter(event_id=odd.pk).exists()


def test_a_person_without_a_phone_is_a_contact_too(acme: Tenant, number: Number) -> None:
    number.takes(wire.bsuid_only("Hola, sin número"))
    number.takes(wire.bsuid_only("Sigo acá"))

    with tenant_context(acme):
        contact = Contact.objects.get()
        kinds = set(ChannelIdentity.objects.values_list("kind", flat=True))
    assert contact.phone is None
    assert kinds == {"bsuid", "parent_bsuid"}
    assert (number.conversation().address_kind, number.conversation().address) == ("bsuid", wire.BSUID)


def test_somebody_known_by_username_who_shows_a_phone_stays_one_person(acme: Tenant, number: Number) -> None:
    number.takes(wire.bsuid_only("Hola"))
    both = wire.text("Este es mi número", from_user_id=wire.BSUID)
    number.sends(both, contacts=[wire.contact(user_id=wire.BSUID)])

    with tenant_context(acme):
        assert Contact.objects.get().phone == f"+{ANA}"
        assert Conversation.objects.count() == 1


@pytest.mark.parametrize(
    ("known", "wa_id"),
    [
        ("+541155551111", "5491155551111"),
        ("+5491155551111", "541155551111"),
        ("+525555551234", "5215555551234"),
        ("+5215555551234", "525555551234"),
        ("+551187654321", "5511987654321"),
        ("+5511987654321", "551187654321"),
    ],
)
def test_the_local_forms_of_a_mobile_are_one_person(acme: Tenant, number: Number, known: str, wa_id: str) -> None:
    with tenant_context(acme):
        contact = Contact.objects.create(name="Ya cargada", phone=known)
    number.says("Hola", sender=wa_id)

    with tenant_context(acme):
        assert Contact.objects.get().pk == contact.pk
        assert Contact.objects.get().phone == known
    assert number.conversation().address == wa_id


def test_a_brazilian_landline_is_not_the_mobile_that_ends_alike(acme: Tenant, number: Number) -> None:
    with tenant_context(acme):
        Contact.objects.create(name="Fijo", phone="+551132345678")
    number.says("Oi", sender="5511932345678")

    with tenant_context(acme):
        assert Contact.objects.count() == 2


@pytest.mark.parametrize(
    "body",
    [
        "<script>alert(1)</script><b>hola</b>",
        "👩‍👩‍👧‍👦🏳️‍🌈 e\u0301 \u202e al revés",
        "{{ 7*7 }} ${x} %s %(name)s {0}",
        "á" * 10_000,
        "'; drop table messaging_message; --",
    ],
)
def test_texts_are_stored_as_they_came(number: Number, body: str) -> None:
    number.says(body, name=body[:60])

    assert number.texts() == [body]
    assert number.conversation().contact.name == body[:60].strip()


def test_what_the_database_cannot_hold_is_taken_out_and_the_rest_stays(number: Number) -> None:
    number.says("antes\x00después \ud800 fin", name="A\x00na")

    assert number.texts() == ["antesdespués � fin"]
    assert number.conversation().contact.name == "Ana"


def test_an_edit_changes_the_original_and_a_deletion_empties_it(number: Number) -> None:
    wamid = number.says("Quiero 3 remeras")
    number.sends(wire.edit(wamid, "Quiero 4 remeras"))
    assert number.texts() == ["Quiero 4 remeras"]
    assert number.conversation().last_message_preview == "Quiero 4 remeras"

    told: list[int] = []

    def note(*, message: Message, **_more: object) -> None:
        told.append(message.sequence)

    message_revoked.connect(note)
    try:
        number.sends(wire.revoke(wamid))
    finally:
        message_revoked.disconnect(note)
    assert number.texts() == [""]
    assert number.messages()[0].payload == {"revoked": True}
    assert told == [1], "whoever made something of its words hears of it"
    assert number.conversation().last_message_preview == ""


def test_an_edit_that_overtakes_its_message_is_applied_once_that_came(acme: Tenant, number: Number) -> None:
    original = wire.text("Quiero 3")
    number.sends(wire.edit(original["id"], "Quiero 4"))
    number.sends(original)
    with tenant_context(acme):
        InboundEvent.objects.filter(state="received").update(lease_until=None)
    events.drain(tenant=acme)

    assert number.texts() == ["Quiero 4"]


def test_an_edit_of_what_never_came_ends_as_a_notice(acme: Tenant, number: Number) -> None:
    number.hears(wire.inbound(wire.edit("wamid.never", "?")))
    for _each in range(events.MOST_ATTEMPTS):
        with tenant_context(acme):
            InboundEvent.objects.update(lease_until=None)
        events.drain(tenant=acme)

    with tenant_context(acme):
        assert ProviderNotice.objects.get().kind == "unmatched"
        assert InboundEvent.objects.get().state == "done"


def test_what_whatsapp_itself_cannot_show_is_a_visible_message(number: Number) -> None:
    number.sends(wire.unsupported())

    (message,) = number.messages()
    assert message.kind == "unsupported"
    assert message.text


def test_a_message_for_a_number_that_is_no_channel_is_kept_as_a_notice(acme: Tenant, number: Number) -> None:
    number.takes(wire.inbound(wire.text("¿Hola?"), phone_number_id="999"))

    with tenant_context(acme):
        assert ProviderNotice.objects.get().kind == "unrouted"
        assert not Message.objects.exists()


def test_a_message_for_another_number_does_not_prove_that_this_one_is_connected(acme: Tenant, number: Number) -> None:
    with tenant_context(acme):
        Channel.objects.update(status=Channel.Status.PENDING)
    number.takes(wire.inbound(wire.text("¿Hola?"), phone_number_id="999"))
    with tenant_context(acme):
        channel = Channel.objects.get(pk=number.channel.pk)
        assert (channel.status, channel.last_webhook_at is None) == (Channel.Status.PENDING, False)
    number.sends(wire.text("Hola"))
    with tenant_context(acme):
        assert Channel.objects.get(pk=number.channel.pk).status == Channel.Status.CONNECTED


def test_two_numbers_of_a_company_behind_one_address_keep_their_chats(acme: Tenant, number: Number) -> None:
    second = make_number(acme, phone_number_id="222", name="Segundo")
    number.takes(wire.inbound(wire.text("al segundo"), phone_number_id="222"))

    assert second.texts() == ["al segundo"]
    assert number.texts() == []


def test_the_first_message_proves_the_channel(number: Number, clock: Clock) -> None:
    assert number.channel.status == "pending"
    number.says("Hola")

    channel = number.conversation().channel
    assert channel.status == "connected"
    assert channel.last_webhook_at == clock.at


def test_a_customer_who_comes_back_reopens_the_conversation(acme: Tenant, number: Number) -> None:
    number.says("Hola")
    with tenant_context(acme):
        Conversation.objects.update(status="closed")
    number.says("Volví")

    assert number.conversation().status == "open"
