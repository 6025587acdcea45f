"""One person, however many addresses: usernames, changed numbers, several channels, and what speaks for two being one."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from crm.models import Contact, DuplicatePair
from crm.services import duplicates
from messaging.ingest.models import InboundEvent
from messaging.models import Channel, ChannelIdentity, Conversation, Message, ProviderNotice
from messaging.providers.base import Echo, InboundMessage, Sender
from messaging.services import channels, echoes, inbound
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.factories.crm import make_contact
from tests.factories.messaging import make_channel, make_message
from tests.fakes import graph_events as wire
from tests.messaging.services.saying import ANA, BY, Number, make_number
from tests.support.tasks import Queue

NEW = "5491155553333"
AT = datetime(2026, 11, 21, 12, tzinfo=UTC)


def said(sender: Sender, text: str = "Hola", **over: Any) -> InboundMessage:
    fields = {"channel_ref": "", "message_id": uuid4().hex, "sender": sender, "kind": "text", "text": text}
    return InboundMessage(**{**fields, "timestamp": AT, **over})


def writes(channel: Channel, sender: Sender, text: str = "Hola", **over: Any) -> Contact:
    message = inbound.accept_message(channel=channel, item=said(sender, text, **over))
    assert message is not None
    return message.conversation.contact


def instagram(name: str = "Instagram") -> Channel:
    return make_channel(provider="meta_direct", channel_source="instagram", name=name)


ANA_B = Sender(ids=(("igsid", "900"),), username="ana.b_85")


# --- a changed number ------------------------------------------------------------------------------------------


def test_a_changed_number_keeps_the_person_the_chat_and_the_history(acme: Tenant, number: Number) -> None:
    number.says("Hola, soy Ana")
    number.sends(wire.system())
    number.says("Ya con el nuevo", sender=NEW)

    chat = number.conversation()
    assert (chat.address_kind, chat.address) == ("wa_id", NEW)
    texts = number.texts()
    assert (texts[0], texts[2]) == ("Hola, soy Ana", "Ya con el nuevo")
    assert f"+{NEW}" in texts[1]
    assert number.messages()[1].kind == "note"
    with tenant_context(acme):
        contact = Contact.objects.get()
        assert contact.phone == f"+{ANA}"
        assert [point.value for point in contact.points.all()] == [f"+{NEW}"]
        assert Contact.objects.search("55553333").get() == contact


def test_the_notice_of_a_changed_number_twice_is_one_line(number: Number) -> None:
    number.says("Hola")
    change = wire.system()
    number.sends(change)
    number.sends(change, contacts=[wire.contact(name="Otra forma")])

    assert len(number.messages()) == 2
    assert number.conversation().unread_count == 1


def test_a_number_that_is_another_contacts_is_suggested_and_nobody_is_united(acme: Tenant, number: Number) -> None:
    number.says("Soy Ana")
    number.says("Soy la misma", sender=NEW, name="Ana Nueva")
    number.sends(wire.system())

    with tenant_context(acme):
        assert Contact.objects.count() == 2
        pair = DuplicatePair.objects.get()
        assert (pair.score, [each["kind"] for each in pair.evidence]) == (90, ["moved"])
        assert {chat.address for chat in Conversation.objects.all()} == {ANA, NEW}


# --- usernames -------------------------------------------------------------------------------------------------


def test_who_has_only_a_username_is_shown_found_and_may_rename(in_acme: Tenant, queued: Queue) -> None:
    channel = instagram()
    contact = writes(channel, ANA_B)
    assert (contact.name, contact.phone) == ("@ana.b_85", None)
    assert ChannelIdentity.objects.get().username == "ana.b_85"

    writes(channel, replace(ANA_B, username="ana.peinados"))
    contact.refresh_from_db()
    assert contact.social_links == {"instagram": "@ana.peinados"}
    assert ChannelIdentity.objects.get().username == "ana.peinados"
    assert Contact.objects.search("ana.peinados").get() == contact

    writes(channel, replace(ANA_B, username="ana.peinados", name="Ana Belén"))
    contact.refresh_from_db()
    assert contact.name == "Ana Belén"
    assert Contact.objects.search("@ana.peinados").get() == contact


def test_a_link_that_a_person_wrote_is_left_alone(in_acme: Tenant, queued: Queue) -> None:
    contact = writes(instagram(), ANA_B)
    Contact.objects.filter(pk=contact.pk).update(social_links={"instagram": "instagram.com/otra"}, name="Ana")
    contact = writes(Channel.objects.get(channel_source="instagram"), replace(ANA_B, username="nueva", name="Otra"))

    contact.refresh_from_db()
    assert (contact.social_links, contact.name) == ({"instagram": "instagram.com/otra"}, "Ana")


def test_a_person_without_a_phone_is_found_on_the_contacts_page(
    acme: Tenant, client_as: Callable[..., Client], queued: Queue
) -> None:
    with tenant_context(acme):
        writes(instagram(), replace(ANA_B, name="Ana Belén"))
    assert "Ana Belén" in client_as("ana").get("/contactos/?q=@ana.b_85").content.decode()


# --- one person behind two contacts --------------------------------------------------------------------------


def test_one_username_on_two_networks_is_suggested(in_acme: Tenant, queued: Queue) -> None:
    first = writes(instagram(), ANA_B)
    whatsapp = make_channel(provider="meta_direct", channel_source="whatsapp")
    second = writes(whatsapp, Sender(ids=(("bsuid", "AR.1"),), username="ana.b_85"))

    pair = DuplicatePair.objects.get()
    assert {pair.first_id, pair.second_id} == {first.pk, second.pk}
    assert duplicates.in_words(pair.evidence) == ["El mismo usuario en dos redes: @ana.b_85"]


def test_a_username_and_a_number_that_turn_out_to_be_one_sender_are_suggested(acme: Tenant, number: Number) -> None:
    number.takes(wire.bsuid_only("Sin número"))
    number.says("Con número")
    both = wire.text("Las dos cosas", from_user_id=wire.BSUID)
    for _each in range(2):
        number.sends({**both, "id": wire.wamid()}, contacts=[wire.contact(user_id=wire.BSUID)])

    with tenant_context(acme):
        assert Contact.objects.count() == 2
        pair = DuplicatePair.objects.get()
        assert (pair.score, duplicates.in_words(pair.evidence)) == (
            95,
            [f"El canal los nombra como una sola persona: +{ANA}"],
        )


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("mi whatsapp es 11 5555-1111, gracias", "said_phone"),
        ("escribime al +54 9 11 5555 1111", "said_phone"),
        ("mandalo a Ana.Paz@Example.com por favor", "said_email"),
    ],
)
def test_an_address_written_in_a_chat_that_is_another_contacts_is_suggested(
    in_acme: Tenant, queued: Queue, text: str, kind: str
) -> None:
    known = make_contact(name="Ana Paz", phone="+5491155551111", email="ana.paz@example.com")
    contact = writes(instagram(), Sender(ids=(("igsid", "1"),), name="Anita"), text)

    pair = DuplicatePair.objects.get()
    assert {pair.first_id, pair.second_id} == {known.pk, contact.pk}
    assert [each["kind"] for each in pair.evidence] == [kind]
    assert Contact.objects.count() == 2


@pytest.mark.parametrize("text", ["tengo 15.000.000 para invertir", "pedido 20261121-0001", "11 5555 9999", "a@b"])
def test_other_numbers_suggest_nobody(in_acme: Tenant, queued: Queue, text: str) -> None:
    make_contact(phone="+5491155551111", email="ana.paz@example.com")
    writes(instagram(), Sender(ids=(("igsid", "1"),), name="Anita"), text)

    assert not DuplicatePair.objects.exists()


def test_what_was_told_stays_when_doubles_are_looked_for_anew(in_acme: Tenant, queued: Queue) -> None:
    known = make_contact(name="Ana Belén Paz", phone="+5491155551111")
    contact = writes(instagram(), Sender(ids=(("igsid", "1"),), name="Ana Belén Paz"), "soy 11 5555 1111")
    duplicates.find_for(contact.pk)
    assert {each["kind"] for each in DuplicatePair.objects.get().evidence} == {"said_phone", "name"}
    assert DuplicatePair.objects.get().score == 70

    Contact.objects.filter(pk=known.pk).update(name="Otra", search_text="otra")
    duplicates.find_for(contact.pk)
    pair = DuplicatePair.objects.get()
    assert ([each["kind"] for each in pair.evidence], pair.score) == (["said_phone"], 65)

    duplicates.dismiss(pair=pair, by=BY)
    writes(Channel.objects.get(channel_source="instagram"), Sender(ids=(("igsid", "1"),)), "repito: 11 5555 1111")
    assert DuplicatePair.objects.get().status == "dismissed"


# --- companies and channels ----------------------------------------------------------------------------------


def test_one_phone_at_two_companies_never_mixes(acme: Tenant, globex: Tenant, number: Number) -> None:
    other = make_number(globex)
    number.says("Para Acme")
    other.says("Para Globex")
    number.sends(wire.system())
    number.says("Acme otra vez", sender=NEW)

    assert [text for text in number.texts() if "número" not in text] == ["Para Acme", "Acme otra vez"]
    assert other.texts() == ["Para Globex"]
    assert other.conversation().address == ANA
    with tenant_context(globex):
        assert not ChannelIdentity.objects.filter(external_id=NEW).exists()


def test_one_address_of_a_meta_app_serves_numbers_pages_and_instagram(acme: Tenant, number: Number) -> None:
    with tenant_context(acme):
        page = channels.create_channel(
            provider="meta_direct", channel_source="facebook", name="Página", config={"page_id": "9001"}, by=BY
        )
    number.takes(
        {
            "object": "page",
            "entry": [
                {
                    "id": "9001",
                    "time": 1795000000000,
                    "messaging": [
                        {
                            "sender": {"id": "77"},
                            "recipient": {"id": "9001"},
                            "timestamp": 1795000000000,
                            "message": {"mid": "m_1", "text": "Hola página"},
                        }
                    ],
                }
            ],
        }
    )
    with tenant_context(acme):
        message = Message.objects.select_related("conversation").get()
        assert (message.text, message.channel_id) == ("Hola página", page.pk)
        # What came for the page proves the page, and nothing about the number whose address it used.
        heard = {each.pk: each.status for each in Channel.objects.filter(last_webhook_at__isnull=False)}
        assert heard == {page.pk: "connected"}
        assert message.conversation.channel_source == "facebook"


def test_a_channel_that_is_off_takes_nothing_in_by_another_ones_address(acme: Tenant, number: Number) -> None:
    second = make_number(acme, phone_number_id="222", name="Segundo")
    with tenant_context(acme):
        channels.set_enabled(channel=second.channel, enabled=False, by=BY)
    number.takes(wire.inbound(wire.text("al apagado"), phone_number_id="222"))

    assert second.texts() == []
    with tenant_context(acme):
        assert ProviderNotice.objects.get().kind == "switched_off"


def test_a_page_that_is_no_channel_is_offered_as_what_it_is(acme: Tenant, number: Number) -> None:
    event = number.takes(
        {"object": "page", "entry": [{"id": "42", "messaging": [{"sender": {"id": "7"}, "recipient": {"id": "42"},
         "timestamp": 1795000000000, "message": {"mid": "m_2", "text": "Hola"}}]}]}
    )  # fmt: skip
    assert event.state == "done"
    with tenant_context(acme):
        notice = ProviderNotice.objects.get()
        assert notice.payload == {"ref": "42", "provider": "meta_direct", "source": "facebook"}
        assert InboundEvent.objects.filter(raw__contains="Hola").exists()


# --- echoes ----------------------------------------------------------------------------------------------------


def test_an_echo_with_our_reference_is_our_own_message_and_silences_nobody(acme: Tenant, number: Number) -> None:
    number.says("Hola")
    with tenant_context(acme):
        chat = Conversation.objects.get()
        ours = make_message(conversation=chat, direction="out", status="sending", text="Buenas", sequence=2)
        for message_id in ("m_1", "m_2"):  # a file and its words come back as two
            echo = Echo("", message_id, Sender(ids=(("wa_id", ANA),)), "text", "Otra cosa", AT,
                        payload={"client_ref": str(ours.pk)})  # fmt: skip
            assert echoes.accept_echo(channel=number.channel, item=echo) is None
        ours.refresh_from_db()
        chat.refresh_from_db()
    assert (ours.status, ours.provider_message_id) == ("sent", "m_1")
    assert (chat.mode, len(number.messages())) == ("ai", 2)


def test_the_words_before_a_file_do_not_say_that_it_arrived(acme: Tenant, number: Number) -> None:
    number.says("Hola")
    with tenant_context(acme):
        media = {"media": {"kind": "image", "link": "https://x.test/a.jpg", "caption": "Mirá"}}
        ours = make_message(conversation=Conversation.objects.get(), direction="out", status="sending", payload=media)
        echo = Echo("", "m_1", Sender(ids=(("wa_id", ANA),)), "text", "Mirá", AT, payload={"client_ref": str(ours.pk)})
        assert echoes.accept_echo(channel=number.channel, item=echo) is None
        ours.refresh_from_db()
    assert (ours.status, ours.provider_message_id) == ("sending", None)


@pytest.mark.parametrize(("minutes", "known"), [(5, True), (40, False)])
def test_only_what_was_sent_just_then_may_be_what_came_back(
    acme: Tenant, number: Number, minutes: int, known: bool
) -> None:
    number.says("Hola")
    with tenant_context(acme):
        make_message(
            conversation=Conversation.objects.get(),
            direction="out",
            status="unknown",
            text="¿En qué ayudo?",
            sending_since=AT - timedelta(minutes=minutes),
        )
        echo = Echo("", "m_1", Sender(ids=(("wa_id", ANA),)), "text", "¿En qué ayudo?", AT)
        assert (echoes.accept_echo(channel=number.channel, item=echo) is None) is known
    assert number.conversation().mode == ("ai" if known else "human")


def test_an_echo_that_nobody_wrote_silences_nobody(acme: Tenant, number: Number) -> None:
    number.says("Hola")
    with tenant_context(acme):
        item = Echo("", "m_1", Sender(ids=(("wa_id", ANA),)), "text", "Promo", AT,
                    payload={"automatic": True, "by": "Campaña"})  # fmt: skip
        message = echoes.accept_echo(channel=number.channel, item=item)
        assert message is not None
        assert (message.author, message.author_name) == ("system", "Campaña")
    assert number.conversation().mode == "ai"


def test_a_chat_of_chatwoot_is_found_by_its_number_there(in_acme: Tenant, queued: Queue) -> None:
    channel = make_channel(provider="chatwoot", channel_source="whatsapp", config={"account_id": "3", "inbox_id": "8"})
    sender = Sender(ids=(("chatwoot", "51"), ("chatwoot_contact", "7")), name="Zoe")
    writes(channel, sender)

    chat = Conversation.objects.get()
    assert (chat.external_chatwoot_id, chat.external_account_id) == ("51", "3")
