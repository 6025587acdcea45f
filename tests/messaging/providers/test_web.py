import pytest

from config.lib.errors import ProviderError
from messaging.providers.base import Address, MediaRef, Outgoing
from messaging.providers.web.client import WebChat

VISITOR = Address("visitor", "v-1")


def test_a_visitor_s_words_become_a_message():
    (item,) = WebChat.parse({"visitor_id": "v-1", "text": "Hola", "name": "Ana", "message_id": "m-1"})
    assert item.sender.ids == (("visitor", "v-1"),)
    assert (item.sender.name, item.message_id, item.text, item.starts_turn) == ("Ana", "m-1", "Hola", True)


@pytest.mark.parametrize("body", [{}, {"visitor_id": "v-1", "text": " "}, {"text": "Hola"}, [], None])
def test_half_a_message_is_unreadable(body):
    (item,) = WebChat.parse(body)
    assert item.kind == "unreadable"


def test_sending_again_is_the_same_message():
    chat = WebChat()
    first, again = (chat.send(Outgoing("text", VISITOR, text="Hola", client_ref="out:1")) for _ in range(2))
    assert first.provider_message_id == again.provider_message_id == "web:out:1"
    others = {chat.send(Outgoing("text", VISITOR, text="Hola")).provider_message_id for _ in range(2)}
    assert len(others) == 2


def test_an_empty_bubble_is_refused():
    with pytest.raises(ProviderError):
        WebChat().send(Outgoing("text", VISITOR, text=""))


def test_the_rest_of_the_port_is_quiet():
    chat = WebChat()
    chat.mark_read("m-1", typing=True)
    assert chat.check()
    with pytest.raises(ProviderError):
        chat.fetch_media(MediaRef("1"))
