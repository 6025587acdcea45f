import socket

import pytest

from config.lib.errors import ProviderError
from messaging.providers.base import Address, Endpoints, MediaRef, Outgoing, OutgoingMedia
from messaging.providers.meta_direct import client
from messaging.providers.meta_direct.client import MetaWhatsApp
from tests.fakes import graph_events as events
from tests.fakes.graph import GraphFake, Rule

ANA = Address("wa_id", events.CUSTOMER)


@pytest.fixture
def graph():
    with GraphFake() as fake:
        yield fake


def whatsapp(base_url: str, token: str = "a-token") -> MetaWhatsApp:
    return MetaWhatsApp(base_url=base_url, version="v25.0", phone_number_id=events.PHONE_NUMBER_ID, access_token=token)


def refused(graph: GraphFake, outgoing: Outgoing | None = None) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        whatsapp(graph.url).send(outgoing or Outgoing("text", ANA, text="Hola"))
    return caught.value


def test_a_text_is_sent_with_our_reference(graph):
    delivery = whatsapp(graph.url).send(
        Outgoing("text", ANA, text="¡Hola! 😀", reply_to="wamid.Earlier", client_ref="out:42")
    )
    (sent,) = graph.journal("out:42")["sends"]
    assert delivery.provider_message_id == sent["id"]
    assert delivery.ids == (("wa_id", events.CUSTOMER),)
    assert sent["phone_number_id"] == events.PHONE_NUMBER_ID
    assert sent["body"] == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": events.CUSTOMER,
        "type": "text",
        "text": {"body": "¡Hola! 😀", "preview_url": False},
        "context": {"message_id": "wamid.Earlier"},
        "biz_opaque_callback_data": "out:42",
    }


@pytest.mark.parametrize("kind", ["bsuid", "parent_bsuid"])
def test_a_person_without_a_phone_is_a_recipient(graph, kind):
    whatsapp(graph.url).send(Outgoing("text", Address(kind, events.BSUID), text="Hola"))
    body = graph.sends[0]["body"]
    assert body["recipient"] == events.BSUID
    assert "to" not in body


def test_a_template_names_its_language(graph):
    components = [{"type": "body", "parameters": [{"type": "text", "text": "Ana"}]}]
    template = {"name": "recordatorio", "language": "es_AR", "components": components}
    whatsapp(graph.url).send(Outgoing("template", ANA, template=template))
    assert graph.sends[0]["body"]["template"] == {
        "name": "recordatorio",
        "language": {"code": "es_AR"},
        "components": components,
    }


def test_a_file_is_uploaded_first(graph):
    media = OutgoingMedia("document", content=b"%PDF-1", mime="application/pdf", filename="año.pdf", caption="Mirá")
    whatsapp(graph.url).send(Outgoing("media", ANA, media=media))
    document = graph.sends[0]["body"]["document"]
    assert (document["caption"], document["filename"]) == ("Mirá", "año.pdf")
    assert graph.files[document["id"]].content == b"%PDF-1"


def test_a_voice_note_is_marked_and_has_no_caption(graph):
    media = OutgoingMedia("audio", provider_media_id="77", caption="no", voice=True)
    whatsapp(graph.url).send(Outgoing("media", ANA, media=media))
    assert graph.sends[0]["body"]["audio"] == {"id": "77", "voice": True}


YES_NO = (("yes", "Sí"), ("no", "No"))


def test_up_to_three_answers_are_buttons(graph):
    whatsapp(graph.url).send(Outgoing("interactive", ANA, text="¿Vamos?", choices=YES_NO))
    assert graph.sends[0]["body"]["interactive"] == {
        "type": "button",
        "body": {"text": "¿Vamos?"},
        "action": {
            "buttons": [
                {"type": "reply", "reply": {"id": "yes", "title": "Sí"}},
                {"type": "reply", "reply": {"id": "no", "title": "No"}},
            ]
        },
    }


@pytest.mark.parametrize("titles", [["uno", "dos", "tres", "cuatro"], ["x" * 24], [str(n) for n in range(10)]])
def test_more_or_longer_answers_are_a_list(graph, titles):
    choices = tuple((f"c{place}", title) for place, title in enumerate(titles))
    whatsapp(graph.url).send(Outgoing("interactive", ANA, text="¿Cuál?", choices=choices))
    sent = graph.sends[0]["body"]["interactive"]
    assert sent["type"] == "list"
    assert sent["action"]["button"] == "Ver opciones"
    assert [row["title"] for row in sent["action"]["sections"][0]["rows"]] == titles


@pytest.mark.parametrize("titles", [["x" * 25], [str(n) for n in range(11)], ["a", "a"], [""]])
def test_answers_that_fit_neither_are_numbered(graph, titles):
    choices = tuple((f"c{place}", title) for place, title in enumerate(titles))
    whatsapp(graph.url).send(Outgoing("interactive", ANA, text="¿Cuál?", choices=choices))
    assert graph.sends[0]["text"].startswith(f"¿Cuál?\n\n1. {titles[0]}")


def test_a_long_question_is_written_out(graph):
    whatsapp(graph.url).send(Outgoing("interactive", ANA, text="x" * 1025, choices=YES_NO))
    assert graph.sends[0]["text"].endswith("\n\n1. Sí\n2. No")


@pytest.mark.parametrize("emoji", ["👍", ""])
def test_a_reaction_names_its_message(graph, emoji):
    whatsapp(graph.url).send(Outgoing("reaction", ANA, text=emoji, reply_to="wamid.a"))
    body = graph.sends[0]["body"]
    assert body["reaction"] == {"message_id": "wamid.a", "emoji": emoji}
    assert "context" not in body


@pytest.mark.parametrize("outgoing", [Outgoing("text", ANA, text="  "), Outgoing("media", ANA), Outgoing("odd", ANA)])
def test_nothing_to_say_is_not_sent(graph, outgoing):
    error = refused(graph, outgoing)
    assert (error.kind, error.code) == ("permanent", "empty")
    assert graph.journal()["count"] == 0


@pytest.mark.parametrize(
    "code, status, kind",
    [
        (131047, 400, "window"),
        (131056, 400, "retry"),
        (130429, 400, "retry"),
        (131026, 400, "permanent"),
        (190, 401, "auth"),
        (200, 403, "auth"),
        (2, 500, "retry"),
        (None, 502, "unknown"),
        (None, 404, "permanent"),
    ],
)
def test_a_refusal_is_classified(graph, code, status, kind):
    graph.fail(code, status=status)
    error = refused(graph)
    assert error.kind == kind
    assert error.code == (str(code) if code is not None else f"http_{status}")
    assert error.message
    assert graph.journal()["count"] == 0


def test_the_wait_that_meta_names_is_passed_on(graph):
    graph.fail(130429, retry_after="30")
    assert refused(graph).retry_after == 30


def test_a_dead_token_is_told_apart(graph):
    with pytest.raises(ProviderError) as caught:
        whatsapp(graph.url, "dead-token").send(Outgoing("text", ANA, text="Hola"))
    assert caught.value.kind == "auth"


def test_no_answer_after_accepting_is_unknown(graph, monkeypatch):
    monkeypatch.setattr(client, "SEND_SECONDS", 0.2)
    graph.script(Rule("hold"))
    error = refused(graph)
    assert (error.kind, error.code) == ("unknown", "timeout")
    assert graph.journal()["count"] == 1


@pytest.mark.parametrize("what", ["drop", "no_id", "garbage"])
def test_a_send_whose_answer_is_lost_or_unreadable_is_unknown(graph, what):
    graph.script(Rule(what))
    assert refused(graph).kind == "unknown"
    assert graph.journal()["count"] == 1


def test_nobody_listening_means_that_nothing_was_sent():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(ProviderError) as caught:
            whatsapp(f"http://127.0.0.1:{port}").send(Outgoing("text", ANA, text="Hola"))
    assert (caught.value.kind, caught.value.code) == ("retry", "not_connected")


def test_a_lost_upload_may_be_repeated(graph):
    graph.script(Rule("drop", to="upload"))
    media = OutgoingMedia("image", content=b"x", mime="image/png")
    error = refused(graph, Outgoing("media", ANA, media=media))
    assert (error.kind, error.code) == ("retry", "connection_lost")
    assert graph.journal()["count"] == 0


def test_a_file_is_fetched_in_two_steps(graph):
    media_id = graph.add_media(b"OggS", "audio/ogg; codecs=opus")
    file = whatsapp(graph.url).fetch_media(MediaRef(media_id))
    assert (file.content, file.mime, file.filename) == (b"OggS", "audio/ogg; codecs=opus", f"{media_id}.oga")


def test_a_file_keeps_its_own_name(graph):
    media_id = graph.add_media(b"%PDF", "application/pdf")
    assert whatsapp(graph.url).fetch_media(MediaRef(media_id, filename="a.pdf")).filename == "a.pdf"


def test_a_file_that_is_gone_is_permanent(graph):
    media_id = graph.add_media(b"x", "image/png")
    graph.expire_media(media_id)
    for ref in (MediaRef(media_id), MediaRef("900009"), MediaRef()):
        with pytest.raises(ProviderError) as caught:
            whatsapp(graph.url).fetch_media(ref)
        assert caught.value.kind == "permanent"


def test_a_file_too_large_is_not_downloaded(graph, monkeypatch):
    monkeypatch.setattr(client, "MAX_MEDIA_BYTES", 3)
    media_id = graph.add_media(b"four", "image/png")
    with pytest.raises(ProviderError) as caught:
        whatsapp(graph.url).fetch_media(MediaRef(media_id))
    assert caught.value.code == "too_large"


def test_a_dead_token_fetches_nothing(graph):
    media_id = graph.add_media(b"x", "image/png")
    with pytest.raises(ProviderError) as caught:
        whatsapp(graph.url, "dead-token").fetch_media(MediaRef(media_id))
    assert caught.value.kind == "auth"


@pytest.mark.parametrize(
    "url, shown",
    [
        ("https://lookaside.fbsbx.com/whatsapp/1", True),
        ("https://graph.facebook.com/x", True),
        ("http://lookaside.fbsbx.com/x", False),
        ("https://fbsbx.com.evil.test/x", False),
        ("https://evilfbsbx.com/x", False),
        ("https://files.test/x", False),
    ],
)
def test_the_token_is_shown_to_meta_only(url, shown):
    assert whatsapp("https://graph.facebook.com")._trusted(url) is shown


def test_reading_and_typing_are_told(graph):
    adapter = whatsapp(graph.url)
    adapter.mark_read("wamid.1")
    adapter.mark_read("wamid.2", typing=True)
    assert [one["message_id"] for one in graph.reads] == ["wamid.1", "wamid.2"]
    assert graph.reads[1]["typing_indicator"] == {"type": "text"}
    assert graph.journal()["count"] == 0


def test_the_check_names_the_number_or_tells_that_the_token_is_dead(graph):
    assert whatsapp(graph.url).check() == "Acme · +54 9 11 5555-0000"
    with pytest.raises(ProviderError) as caught:
        whatsapp(graph.url, "dead-token").check()
    assert caught.value.kind == "auth"


def connected(base_url: str, **config) -> MetaWhatsApp:
    ends = Endpoints(graph=base_url, graph_version="v25.0", instagram="", ycloud="")
    numbered = {"phone_number_id": events.PHONE_NUMBER_ID, **config}
    secrets = {"ACCESS_TOKEN": "a-token", "APP_SECRET": "app-secret"}
    return MetaWhatsApp.connected(config=numbered, secret=lambda *which: secrets[which[1]], endpoints=ends)


def test_the_facts_of_a_number(graph):
    assert connected(graph.url).facts() == {
        "name": "Acme",
        "phone": "+54 9 11 5555-0000",
        "quality": "GREEN",
        "limit": "TIER_1K",
        "status": "CONNECTED",
        "name_status": "APPROVED",
        "platform": "CLOUD_API",
        "throughput": "STANDARD",
        "coexistence": False,
    }


@pytest.mark.parametrize("field", ["messaging_limit_tier", "throughput", "name_status", "is_on_biz_app"])
def test_a_field_that_a_number_does_not_have_hides_no_other(graph, field):
    graph.unknown_fields.add(field)
    assert connected(graph.url, waba_id=events.WABA_ID).facts() == {
        "name": "Acme",
        "phone": "+54 9 11 5555-0000",
        "quality": "GREEN",
        "status": "CONNECTED",
        "platform": "CLOUD_API",
        "subscribed": True,
    }


def test_whether_the_account_tells_us_what_happens(graph):
    channel = connected(graph.url, waba_id=events.WABA_ID)
    assert channel.facts()["subscribed"] is True
    graph.unsubscribed.add(events.WABA_ID)
    assert channel.facts()["subscribed"] is False


def test_a_number_that_is_also_on_a_phone_sends_more_slowly():
    assert MetaWhatsApp.speed({}) == 80
    assert MetaWhatsApp.speed({"coexistence": True}) == 20


def test_neither_token_nor_secret_is_in_the_adapter_s_own_words():
    assert "a-token" not in repr(whatsapp("https://graph.facebook.com"))


def test_every_call_is_proven_where_the_app_demands_it(graph):
    graph.needs_proof = True
    adapter = connected(graph.url, waba_id=events.WABA_ID)
    assert adapter.send(Outgoing("text", ANA, text="Hola")).provider_message_id
    media = OutgoingMedia("document", content=b"%PDF-1", mime="application/pdf")
    assert adapter.send(Outgoing("media", ANA, media=media)).provider_message_id
    assert adapter.fetch_media(MediaRef(graph.add_media(b"OggS", "audio/ogg"))).content == b"OggS"
    adapter.mark_read("wamid.1")
    assert adapter.check()
    assert adapter.facts()["subscribed"] is True
