"""Sending on Messenger and Instagram, against a local Graph that enforces what Meta's Send API asks for."""

import socket
from typing import Any

import pytest
from werkzeug import Request, Response

from config.lib.errors import ProviderError
from messaging.providers.base import Address, Endpoints, InboundMessage, MediaRef, Outgoing, OutgoingMedia, Provider
from messaging.providers.meta_direct import pages, parse
from messaging.providers.meta_direct.instagram import MetaInstagram
from messaging.providers.meta_direct.messenger import MetaMessenger
from messaging.providers.meta_direct.pages import MetaPages
from messaging.providers.meta_direct.pages_errors import CODES
from tests.fakes import graph_pages as fb
from tests.fakes.graph import GraphFake, Rule

LUZ = Address("psid", fb.PSID)
LUZ_IG = Address("igsid", fb.IGSID)
KINDS = ("facebook", "instagram", "instagram alone")
SECRETS = {"PAGE_ACCESS_TOKEN": "a-token", "ACCESS_TOKEN": "a-token", "APP_SECRET": "app-secret"}


@pytest.fixture
def graph():
    with GraphFake() as fake:
        yield fake


def adapter(kind: str, url: str, **secrets: str) -> MetaPages:
    """As `adapter_for` makes it; "instagram alone" signed in without a page."""
    known = {**SECRETS, **secrets}

    def secret(category: str, name: str, default: str | None = None) -> str:
        found = known.get(name) or default
        if found is None:
            raise ProviderError("missing", kind="auth")
        return found

    ends = Endpoints(graph=url, graph_version="v25.0", instagram=url, ycloud=url)
    config = {"page_id": fb.PAGE_ID} | ({"ig_user_id": fb.IG_ID} if kind != "facebook" else {})
    if kind == "instagram alone":
        del config["page_id"]
    kinds: dict[bool, type[MetaPages]] = {True: MetaMessenger, False: MetaInstagram}
    return kinds[kind == "facebook"].connected(config=config, secret=secret, endpoints=ends)


def to(kind: str) -> Address:
    return LUZ if kind == "facebook" else LUZ_IG


def refused(graph: GraphFake, outgoing: Outgoing | None = None, kind: str = "facebook") -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        adapter(kind, graph.url).send(outgoing or Outgoing("text", to(kind), text="Hola"))
    return caught.value


@pytest.mark.parametrize("kind", KINDS)
def test_a_text_goes_to_the_person(graph, kind):
    delivery = adapter(kind, graph.url).send(Outgoing("text", to(kind), text="¡Hola! 😀", client_ref="ref-1"))
    (sent,) = graph.sends
    assert delivery.provider_message_id == sent["id"]
    assert delivery.ids == ((to(kind).kind, to(kind).external_id),)
    assert sent["phone_number_id"] == (fb.IG_ID if kind == "instagram alone" else fb.PAGE_ID)
    # Our reference is only put where Meta documents the field.
    reference = {} if kind == "instagram alone" else {"metadata": "ref-1"}
    assert sent["body"] == {
        "recipient": {"id": to(kind).external_id},
        "messaging_type": "RESPONSE",
        "message": {"text": "¡Hola! 😀", **reference},
    }


def test_a_call_is_proved_with_the_app_secret(graph):
    graph.needs_proof = True
    for kind in ("facebook", "instagram"):
        adapter(kind, graph.url).send(Outgoing("text", to(kind), text="Hola"))
        assert adapter(kind, graph.url).check()
        with pytest.raises(ProviderError) as caught:
            adapter(kind, graph.url, APP_SECRET="another").send(Outgoing("text", to(kind), text="Hola"))
        assert caught.value.kind == "permanent"
    with pytest.raises(ProviderError):
        adapter("facebook", graph.url, APP_SECRET="").check()


def test_a_token_that_is_missing_is_named(graph):
    for kind, name in (("facebook", "PAGE_ACCESS_TOKEN"), ("instagram", "ACCESS_TOKEN")):
        with pytest.raises(ProviderError) as caught:
            adapter(kind, graph.url, **{name: ""})
        assert caught.value.kind == "auth"


@pytest.mark.parametrize(
    ("kind", "text", "fits"),
    [
        ("facebook", "ñ" * 2000, True),
        ("facebook", "n" * 2001, False),
        ("instagram", "n" * 1000, True),
        ("instagram", "n" * 1001, False),
        ("instagram", "ñ" * 501, False),  # 1002 bytes
        ("instagram", "ñ" * 500, True),
    ],
)
def test_a_text_too_long_is_refused_here(graph, kind, text, fits):
    if fits:
        adapter(kind, graph.url).send(Outgoing("text", to(kind), text=text))
        assert graph.sends[0]["text"] == text
        return
    error = refused(graph, Outgoing("text", to(kind), text=text), kind)
    assert (error.kind, error.code, graph.journal()["count"]) == ("permanent", "too_long", 0)
    assert kind == "facebook" or "Instagram" in error.message


def test_a_file_of_ours_is_uploaded_to_messenger_first(graph):
    media = OutgoingMedia("document", content=b"%PDF-1", mime="application/pdf", filename="año.pdf")
    adapter("facebook", graph.url).send(Outgoing("media", LUZ, media=media, client_ref="ref-1"))
    (sent,) = graph.sends
    kept = sent["body"]["message"]["attachment"]
    assert (kept["type"], sent["client_ref"]) == ("file", "ref-1")
    assert graph.files[kept["payload"]["attachment_id"]].content == b"%PDF-1"


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_with_a_link_is_named_by_it(graph, kind):
    media = OutgoingMedia("image", link="https://files.test/a.jpg")
    adapter(kind, graph.url).send(Outgoing("media", to(kind), media=media))
    assert graph.sends[0]["body"]["message"] == {
        "attachment": {"type": "image", "payload": {"url": "https://files.test/a.jpg"}}
    }


def test_instagram_says_that_it_takes_no_uploads(graph):
    media = OutgoingMedia("image", content=b"x", mime="image/png", caption="Mirá")
    error = refused(graph, Outgoing("media", LUZ_IG, media=media), "instagram")
    assert (error.kind, error.code, graph.journal()["count"]) == ("permanent", "needs_link", 0)


def test_words_beside_a_file_go_before_it_and_are_never_sent_twice(graph):
    media = OutgoingMedia("image", link="https://files.test/a.jpg", caption="Mirá")
    delivery = adapter("facebook", graph.url).send(Outgoing("media", LUZ, media=media))
    assert [one["kind"] for one in graph.sends] == ["text", "image"]
    assert delivery.provider_message_id == graph.sends[1]["id"]
    graph.reset()
    graph.script(Rule("no_rule", times=1), Rule("error", code=613))
    error = refused(graph, Outgoing("media", LUZ, media=media))
    assert (error.kind, error.code, graph.journal()["count"]) == ("unknown", "half_sent", 1)


def test_a_lost_upload_may_be_repeated(graph, monkeypatch):
    monkeypatch.setattr("tests.fakes.graph_pages.on_upload", lambda door, raw: door.drop())
    media = OutgoingMedia("image", content=b"x", mime="image/png")
    error = refused(graph, Outgoing("media", LUZ, media=media))
    assert (error.kind, error.code, graph.journal()["count"]) == ("retry", "connection_lost", 0)


@pytest.mark.parametrize("kind", KINDS)
def test_answers_to_tap_are_quick_replies(graph, kind):
    choices = (("yes", "Sí"), ("no", "No"))
    adapter(kind, graph.url).send(Outgoing("interactive", to(kind), text="¿Vamos?", choices=choices))
    assert graph.sends[0]["body"]["message"] == {
        "text": "¿Vamos?",
        "quick_replies": [
            {"content_type": "text", "title": "Sí", "payload": "yes"},
            {"content_type": "text", "title": "No", "payload": "no"},
        ],
    }


@pytest.mark.parametrize("titles", [["x" * 21], [str(n) for n in range(14)], ["a", "a"], [""]])
def test_answers_that_fit_no_button_are_numbered(graph, titles):
    choices = tuple((str(place), title) for place, title in enumerate(titles))
    adapter("facebook", graph.url).send(Outgoing("interactive", LUZ, text="¿Cuál?", choices=choices))
    message = graph.sends[0]["body"]["message"]
    assert "quick_replies" not in message
    assert message["text"].startswith(f"¿Cuál?\n\n1. {titles[0]}")


@pytest.mark.parametrize(
    ("emoji", "action", "reaction"), [("❤️", "react", "love"), ("🔥", "react", "🔥"), ("", "unreact", None)]
)
def test_a_reaction_names_its_message(graph, emoji, action, reaction):
    outgoing = Outgoing("reaction", LUZ_IG, text=emoji, reply_to="m_1", client_ref="ref-1")
    assert adapter("instagram", graph.url).send(outgoing).provider_message_id == "reaction:ref-1"
    body = graph.sends[0]["body"]
    assert (body["sender_action"], body["payload"]["message_id"]) == (action, "m_1")
    assert body["payload"].get("reaction") == reaction


def test_the_person_sees_that_they_were_read_and_that_somebody_types(graph):
    messenger = adapter("facebook", graph.url)
    messenger.mark_read("m_1")
    assert graph.reads == []  # whom to tell is not known
    messenger.mark_read("m_1", to=LUZ)
    messenger.mark_read("m_1", typing=True, to=LUZ)
    assert [one["kind"] for one in graph.reads] == ["mark_seen", "mark_seen", "typing_on"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_template_belongs_to_whatsapp(graph, kind):
    error = refused(graph, Outgoing("template", to(kind), template={"name": "x", "language": "es"}), kind)
    assert (error.kind, error.code) == ("permanent", "no_templates")


@pytest.mark.parametrize("outgoing", [Outgoing("text", LUZ, text=" "), Outgoing("media", LUZ), Outgoing("odd", LUZ)])
def test_nothing_to_say_is_not_sent(graph, outgoing):
    assert refused(graph, outgoing).code == "empty"
    assert graph.journal()["count"] == 0


# --- the window ----------------------------------------------------------------------------------------


def test_after_a_day_a_person_still_answers_and_an_agent_does_not(graph):
    graph.closed.add(fb.PSID)
    error = refused(graph)
    assert (error.kind, error.code) == ("window", "10")
    assert "Messenger" in error.message
    assert [one["body"]["messaging_type"] for one in graph.refused] == ["RESPONSE"]
    adapter("facebook", graph.url).send(Outgoing("text", LUZ, text="Hola", by_person=True))
    assert graph.sends[0]["body"]["tag"] == "HUMAN_AGENT"


def test_inside_the_day_a_person_needs_no_tag(graph):
    adapter("facebook", graph.url).send(Outgoing("text", LUZ, text="Hola", by_person=True))
    assert "tag" not in graph.sends[0]["body"]


def test_an_app_without_that_right_is_not_taken_for_a_broken_connection(graph):
    graph.closed.add(fb.PSID)
    graph.human_agent = False
    error = refused(graph, Outgoing("text", LUZ, text="Hola", by_person=True))
    assert (error.kind, len(graph.refused)) == ("window", 2)


# --- refusals ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["facebook", "instagram"])
@pytest.mark.parametrize(
    ("code", "subcode", "status", "expected"),
    [
        (190, 463, 401, "auth"),
        (10, None, 403, "auth"),
        (10, 2018278, 400, "window"),
        (10, 2534022, 400, "window"),
        (10, 1893063, 400, "auth"),
        (200, None, 403, "auth"),
        (100, None, 400, "permanent"),
        (551, 1545041, 400, "permanent"),
        (613, None, 400, "retry"),
        (4, None, 400, "retry"),
        (2, None, 500, "retry"),
        (None, None, 502, "unknown"),
        (None, None, 404, "permanent"),
        (None, None, 429, "retry"),
        (None, None, 401, "auth"),
        (424242, None, 400, "permanent"),
    ],
)
def test_a_refusal_is_classified_and_names_the_app(graph, kind, code, subcode, status, expected):
    graph.fail(code, status=status, subcode=subcode)
    error = refused(graph, kind=kind)
    assert error.kind == expected
    assert error.code == (str(code) if code is not None else f"http_{status}")
    name, other = ("Messenger", "Instagram") if kind == "facebook" else ("Instagram", "Messenger")
    assert name in error.message
    assert other not in error.message
    assert "WhatsApp" not in error.message
    assert graph.journal()["count"] == 0


def test_every_sentence_names_the_app():
    assert all("%(app)s" in str(sentence) for _kind, sentence in CODES.values())


def test_a_throttle_is_waited_out_as_long_as_it_says(graph):
    graph.fail(613, retry_after="30")
    assert refused(graph).retry_after == 30


@pytest.mark.parametrize("what", ["drop", "no_id", "garbage", "hold"])
def test_a_send_whose_answer_is_lost_or_unreadable_is_unknown(graph, what, monkeypatch):
    monkeypatch.setattr(pages, "SEND_SECONDS", 0.2)
    graph.script(Rule(what))
    assert refused(graph).kind == "unknown"
    assert graph.journal()["count"] == 1


def test_nobody_listening_means_that_nothing_was_sent():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(ProviderError) as caught:
            adapter("facebook", f"http://127.0.0.1:{taken.getsockname()[1]}").send(Outgoing("text", LUZ, text="Hola"))
    assert (caught.value.kind, caught.value.code) == ("retry", "not_connected")


# --- what is asked -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "name"), [("facebook", "Acme"), ("instagram", "@acme.shop"), ("instagram alone", "@acme.shop")]
)
def test_the_check_names_the_account_or_tells_that_the_token_is_dead(graph, kind, name):
    assert adapter(kind, graph.url).check() == name
    with pytest.raises(ProviderError) as caught:
        adapter(kind, graph.url, PAGE_ACCESS_TOKEN="dead-token", ACCESS_TOKEN="dead-token").check()
    assert caught.value.kind == "auth"


@pytest.mark.parametrize("kind", KINDS)
def test_the_facts_tell_whether_messages_reach_us(graph, kind):
    channel = adapter(kind, graph.url)
    facts = channel.facts()
    assert facts["name"] == "Acme"
    assert facts["subscribed"] is True
    graph.unsubscribed |= {fb.PAGE_ID, fb.IG_ID}
    assert channel.facts()["subscribed"] is False


def test_a_token_that_may_not_ask_for_the_subscription_tells_the_rest(graph, monkeypatch):
    monkeypatch.setattr("tests.fakes.graph_pages.subscribed", lambda door, node: door.error(403, 200, "No permission"))
    assert adapter("facebook", graph.url).facts() == {"name": "Acme"}


@pytest.mark.parametrize(
    ("kind", "name", "username"), [("facebook", "Luz Vera", ""), ("instagram", "Luz Vera", "luz.vera")]
)
def test_a_person_s_profile_tells_the_name(graph, kind, name, username):
    found = adapter(kind, graph.url).profile(to(kind).external_id)
    assert (found.ids, found.name, found.username) == (((to(kind).kind, to(kind).external_id),), name, username)


def test_who_hides_or_is_gone_has_no_name(graph):
    graph.hidden.add(fb.PSID)
    for person in (fb.PSID, "7399"):
        found = adapter("facebook", graph.url).profile(person)
        assert (found.ids, found.name) == ((("psid", person),), "")
    with pytest.raises(ProviderError) as caught:
        adapter("facebook", graph.url, PAGE_ACCESS_TOKEN="dead-token").profile(fb.PSID)
    assert caught.value.kind == "auth"


def test_a_file_is_fetched_by_its_address_without_the_token(httpserver):
    seen: list[Any] = []

    def take(request: Request) -> Response:
        seen.append(request.headers.get("Authorization"))
        return Response(b"\xff\xd8", mimetype="image/jpeg")

    httpserver.expect_request("/a").respond_with_handler(take)
    file = adapter("facebook", httpserver.url_for("")).fetch_media(MediaRef(url=httpserver.url_for("/a")))
    assert (file.content, file.mime, file.filename) == (b"\xff\xd8", "image/jpeg", "file.jpg")
    assert seen == [None]


@pytest.mark.parametrize("status", [403, 404, 410])
def test_a_file_whose_address_ran_out_is_gone(httpserver, status):
    httpserver.expect_request("/a").respond_with_data("", status=status)
    for ref in (MediaRef(url=httpserver.url_for("/a")), MediaRef()):
        with pytest.raises(ProviderError) as caught:
            adapter("instagram", httpserver.url_for("")).fetch_media(ref)
        assert (caught.value.kind, caught.value.code) == ("permanent", "media_gone")
        assert "Instagram" in caught.value.message


def test_a_private_address_in_a_webhook_is_not_called(graph, settings):
    settings.ALLOW_PRIVATE_PROVIDER_URLS = False
    with pytest.raises(ProviderError) as caught:
        adapter("facebook", graph.url).fetch_media(MediaRef(url="http://169.254.169.254/latest"))
    assert caught.value.kind == "permanent"


def test_our_own_echo_carries_our_reference(httpserver):
    bodies: list[Any] = []

    def take(request: Request) -> Response:
        assert MetaMessenger.verify(request.get_data(), dict(request.headers), ["app-secret"])
        bodies.append(request.get_json())
        return Response("")

    httpserver.expect_request("/hook").respond_with_handler(take)
    with GraphFake(webhook_url=httpserver.url_for("/hook")) as graph:
        graph.page_echoes = True
        delivery = adapter("facebook", graph.url).send(Outgoing("text", LUZ, text="Hola", client_ref="ref-1"))
    (item,) = parse(bodies[0])
    assert not isinstance(item, InboundMessage)
    assert item.message_id == delivery.provider_message_id
    assert item.payload["client_ref"] == "ref-1"


def test_neither_token_nor_secret_is_in_the_adapter_s_own_words(graph):
    for kind in KINDS:
        one: Provider = adapter(kind, graph.url)
        assert "a-token" not in repr(one)
        assert "app-secret" not in repr(one)
