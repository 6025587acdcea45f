import pytest

from config.lib import http
from config.lib.errors import ProviderError
from messaging.providers.base import Address, MediaRef, Outgoing, OutgoingMedia
from messaging.providers.chatwoot.account import EVENTS, Account
from messaging.providers.chatwoot.client import Chatwoot, ChatwootWeb, ChatwootWhatsApp
from tests.fakes import chatwoot_events as wire
from tests.fakes.chatwoot import ChatwootFake, Rule

CHAT = Address("chatwoot", str(wire.CONVERSATION))
CHOICES = (("si", "Sí"), ("no", "No"))


@pytest.fixture
def chatwoot():
    with ChatwootFake() as fake:
        yield fake


def inbox(fake: ChatwootFake, kind: type[Chatwoot] = ChatwootWhatsApp, *, token="user-token", reader=None) -> Chatwoot:
    reader = token if reader is None else reader
    return kind(base_url=fake.url, account_id="1", inbox_id="7", token=token, reader=reader)


def refused(adapter: Chatwoot, outgoing: Outgoing | None = None) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        adapter.send(outgoing or Outgoing("text", CHAT, text="Hola"))
    return caught.value


def test_a_text_goes_into_the_conversation_with_our_reference(chatwoot):
    delivery = inbox(chatwoot).send(Outgoing("text", CHAT, text="¡Hola! 😀", reply_to="801", client_ref="ref-1"))
    (sent,) = chatwoot.sends
    assert delivery.provider_message_id == str(sent["id"])
    assert sent["conversation"] == 150
    assert sent["body"] == {
        "message_type": "outgoing",
        "private": False,
        "content": "¡Hola! 😀",
        "echo_id": "ref-1",
        "content_attributes": {"in_reply_to": 801},
    }


def test_the_bot_writes_where_there_is_one(chatwoot):
    secrets = {"BASE_URL": chatwoot.url, "BOT_TOKEN": "bot-token", "API_TOKEN": "user-token"}
    adapter = ChatwootWhatsApp.connected(
        config={"account_id": "1", "inbox_id": "7"},
        secret=lambda _category, name, default=None: secrets.get(name, default),
        endpoints=None,
    )
    adapter.send(Outgoing("text", CHAT, text="Hola"))
    assert chatwoot.messages[-1]["sender"]["type"] == "agent_bot"
    assert adapter.check() == "WhatsApp Acme"


@pytest.mark.parametrize(
    "to", [Address("wa_id", "5491155551234"), Address("chatwoot", "../1"), Address("chatwoot", "")]
)
def test_without_a_conversation_nothing_is_sent(chatwoot, to):
    error = refused(inbox(chatwoot), Outgoing("text", to, text="Hola"))
    assert (error.kind, error.code) == ("permanent", "no_conversation")
    assert chatwoot.sends == chatwoot.refused == []


def test_choices_are_buttons_where_the_app_has_them_and_a_list_elsewhere(chatwoot):
    asked = Outgoing("interactive", CHAT, text="¿Confirma?", choices=CHOICES)
    inbox(chatwoot, ChatwootWeb).send(asked)
    inbox(chatwoot).send(asked)
    buttons, written = (sent["body"] for sent in chatwoot.sends)
    assert buttons["content_type"] == "input_select"
    assert buttons["content_attributes"]["items"] == [{"title": "Sí", "value": "si"}, {"title": "No", "value": "no"}]
    assert written["content"] == "¿Confirma?\n1. Sí\n2. No"


def test_a_template_carries_its_variables_and_the_words_that_chatwoot_shows(chatwoot):
    body = {"type": "body", "parameters": [{"type": "text", "text": "Ana"}, {"type": "text", "text": "martes"}]}
    template = {"name": "recordatorio", "language": "es_AR", "category": "UTILITY", "components": [body]}
    inbox(chatwoot).send(Outgoing("template", CHAT, text="Hola Ana, el martes", template=template))
    assert chatwoot.sends[0]["body"]["template_params"] == {
        "name": "recordatorio",
        "language": "es_AR",
        "category": "UTILITY",
        "processed_params": {"1": "Ana", "2": "martes"},
    }
    assert chatwoot.sends[0]["body"]["content"] == "Hola Ana, el martes"


def test_a_template_with_a_picture_and_a_button_says_where_each_value_goes(chatwoot):
    components = [
        {"type": "header", "parameters": [{"type": "image", "image": {"link": "https://x.test/a.png"}}]},
        {"type": "body", "parameters": [{"type": "text", "parameter_name": "nombre", "text": "Ana"}]},
        {"type": "button", "sub_type": "url", "index": "0", "parameters": [{"type": "text", "text": "77"}]},
    ]
    template = {"name": "oferta", "language": {"code": "es"}, "components": components}
    inbox(chatwoot).send(Outgoing("template", CHAT, template=template))
    assert chatwoot.sends[0]["body"]["template_params"]["processed_params"] == {
        "header": {"media_url": "https://x.test/a.png", "media_type": "image"},
        "body": {"nombre": "Ana"},
        "buttons": [{"type": "url", "parameter": "77"}],
    }


def test_a_file_is_handed_over_with_its_words(chatwoot):
    media = OutgoingMedia("document", content=b"%PDF-1", mime="application/pdf", filename="menu.pdf", caption="Mirá")
    inbox(chatwoot).send(Outgoing("media", CHAT, media=media, client_ref="ref-2"))
    body = chatwoot.sends[0]["body"]
    assert (body["content"], body["echo_id"], body["private"]) == ("Mirá", "ref-2", "false")
    assert body["files"] == [{"name": "menu.pdf", "mime": "application/pdf", "kind": "file", "size": 6}]


def test_a_link_is_fetched_without_our_token_and_handed_over(chatwoot):
    with ChatwootFake() as elsewhere:
        link = elsewhere.add_file(b"PNG", "image/png")
        inbox(chatwoot).send(Outgoing("media", CHAT, media=OutgoingMedia("image", link=link)))
        assert elsewhere.file_tokens == [""]
    assert chatwoot.sends[0]["body"]["files"][0]["mime"] == "image/png"


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 503, 0])
def test_a_link_that_does_not_open_says_nothing_of_chatwoot(chatwoot, monkeypatch, status):
    def elsewhere(method, url, **more):
        if status:
            return http.Response(status, {}, b"<Error/>", url)
        raise ProviderError("No responde.", kind="retry", code="unreachable")

    monkeypatch.setattr(http, "request", elsewhere)
    media = OutgoingMedia("image", link="https://files.test/expired.jpg")
    error = refused(inbox(chatwoot), Outgoing("media", CHAT, media=media))
    assert (error.kind, error.code) == ("permanent", "link_unreadable")
    assert "enlace" in error.message


def test_only_the_companys_own_server_sees_the_token(chatwoot):
    own = MediaRef(url=chatwoot.add_file(b"OggS", "audio/ogg", "nota.ogg"))
    assert inbox(chatwoot).fetch_media(own).content == b"OggS"
    assert chatwoot.file_tokens == ["user-token"]


def test_what_a_bot_may_not_is_said_in_words(chatwoot):
    error = refused(inbox(chatwoot, token="user-token"), Outgoing("reaction", CHAT, text="👍", reply_to="1"))
    assert error.code == "not_supported"
    with pytest.raises(ProviderError) as caught:
        inbox(chatwoot, token="bot-token").facts()
    assert caught.value.kind == "auth"
    assert "API_TOKEN" in caught.value.message


def test_an_inbox_that_chatwoot_itself_lost_says_so(chatwoot):
    chatwoot.inboxes[7]["reauthorization_required"] = True
    assert "volver a autorizarla" in inbox(chatwoot).facts()["status"]


def test_a_bots_token_alone_proves_itself(chatwoot):
    assert inbox(chatwoot, token="bot-token", reader="").check()
    with pytest.raises(ProviderError) as caught:
        inbox(chatwoot, token="dead", reader="").check()
    assert caught.value.kind == "auth"


def test_typing_shows_in_the_persons_conversation(chatwoot):
    inbox(chatwoot).mark_read("810", typing=True, to=CHAT)
    inbox(chatwoot).mark_read("810", typing=True)
    inbox(chatwoot).mark_read("810", to=CHAT)
    assert chatwoot.typing == [{"conversation": 150, "typing_status": "on"}]


def test_a_status_may_be_set_again_after_a_lost_answer(chatwoot):
    chatwoot.script(Rule("error", path="toggle_status", status=502))
    with pytest.raises(ProviderError) as caught:
        inbox(chatwoot).set_status("150", "open")
    assert caught.value.kind == "retry"
    inbox(chatwoot).set_status("150", "open")
    assert chatwoot.conversations[150]["status"] == "open"


def test_the_inboxes_of_a_person_are_told_by_what_we_can_serve(chatwoot):
    chatwoot.add_inbox(8, "Sitio", "Channel::WebWidget")
    chatwoot.add_inbox(9, "Correo", "Channel::Email")
    found = Account(chatwoot.url, "user-token").inboxes()
    assert [(each.inbox_id, each.name, each.source) for each in found] == [
        ("7", "WhatsApp Acme", "whatsapp"),
        ("8", "Sitio", "web"),
        ("9", "Correo", ""),
    ]
    assert "user-token" not in repr(Account(chatwoot.url, "user-token"))


@pytest.mark.parametrize("version, signs", [("3.13", False), ("4.10", False), ("4.15", True)])
def test_an_account_tells_us_once_however_often_it_is_asked(version, signs):
    with ChatwootFake(version=version) as fake:
        account = Account(fake.url, "user-token")
        first = account.subscribe("1", "https://crm.test/webhooks/chatwoot/k/")
        assert account.subscribe("1", "https://crm.test/webhooks/chatwoot/k/") == first
        assert bool(first) is signs
        assert [set(hook["subscriptions"]) for hook in fake.webhooks] == [set(EVENTS)]


def test_a_webhook_that_asks_for_less_is_completed(chatwoot):
    chatwoot.hook({"url": "https://crm.test/k/", "subscriptions": ["contact_created"]})
    Account(chatwoot.url, "user-token").subscribe("1", "https://crm.test/k/")
    assert [set(hook["subscriptions"]) for hook in chatwoot.webhooks] == [set(EVENTS)]


def test_a_web_page_is_no_chatwoot(chatwoot):
    chatwoot.script(Rule("error", path="/inboxes", status=200, body={}))
    assert inbox(chatwoot).facts() == {"name": ""}
    with pytest.raises(ProviderError) as caught:
        Account(f"{chatwoot.url}/_nothing", "user-token").inboxes()
    assert caught.value.code == "not_chatwoot"
