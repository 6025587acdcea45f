"""A page and an Instagram account in the inbox: who wrote, what leaves, what comes back."""

import base64
from typing import Any

import pytest
from django.conf import settings

from config.lib.errors import Invalid
from crm.models import Contact
from messaging.models import Attachment, ChannelIdentity, Conversation
from messaging.services import channels, outbound, profiles
from messaging.services.relay import relay
from tenants.context import tenant_context
from tenants.models import Tenant
from tenants.services import vault
from tests.fakes import graph_pages as fb
from tests.fakes.graph import GraphFake, Rule
from tests.messaging.services.saying import BY, Agent, Clock, Number, Worker

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def connect(tenant: Tenant, source: str) -> Number:
    """A channel of that source, whose webhooks `takes` hears."""
    config = {"page_id": fb.PAGE_ID} if source == "facebook" else {"ig_user_id": fb.IG_ID}
    token = ("facebook", "PAGE_ACCESS_TOKEN") if source == "facebook" else ("instagram", "ACCESS_TOKEN")
    with tenant_context(tenant):
        channel = channels.create_channel(
            provider="meta_direct", channel_source=source, name=source, config=config, by=BY
        )
        vault.put_credential(category=token[0], name=token[1], value="a-token", by=BY)
        vault.put_credential(category="meta", name="APP_SECRET", value="app-secret", by=BY)
    return Number(tenant, channel, config.get("page_id") or config["ig_user_id"])


@pytest.fixture
def shop(acme: Tenant, graph: GraphFake) -> Number:
    return connect(acme, "facebook")


@pytest.fixture
def account(acme: Tenant, graph: GraphFake, monkeypatch: pytest.MonkeyPatch) -> Number:
    monkeypatch.setattr(settings, "INSTAGRAM_GRAPH_BASE_URL", graph.url)
    return connect(acme, "instagram")


def person(number: Number) -> Contact:
    with tenant_context(number.tenant):
        return Contact.objects.get()


def test_a_question_on_messenger_is_answered_once_and_its_echo_is_known(
    shop: Number, worker: Worker, agent: Agent, graph: GraphFake
) -> None:
    agent.reply = "¡Hola! ¿Qué buscás?"
    shop.takes(fb.page(fb.event(message=fb.said("Hola"))))
    worker.run()
    (sent,) = [one for one in graph.sends if one["kind"] == "text"]
    assert (sent["to"], sent["text"]) == (fb.PSID, "¡Hola! ¿Qué buscás?")
    assert {one["kind"] for one in graph.reads} == {"mark_seen", "typing_on"}
    shop.takes(fb.page(fb.echo(sent["text"], mid=sent["id"], metadata=sent["client_ref"])))
    assert shop.out() == [("¡Hola! ¿Qué buscás?", "sent")]
    assert shop.conversation().mode == Conversation.Mode.AI


def test_an_echo_that_comes_before_the_send_is_answered_is_known_by_our_reference(
    shop: Number, worker: Worker, agent: Agent, graph: GraphFake
) -> None:
    agent.reply = "¡Hola!"
    shop.takes(fb.page(fb.event(message=fb.said("Hola"))))
    worker.run()
    (sent,) = [one for one in graph.sends if one["kind"] == "text"]
    # The same message under an id that we have not heard of.
    shop.takes(fb.page(fb.echo("¡Hola!", metadata=sent["client_ref"])))
    assert len(shop.out()) == 1
    assert shop.conversation().mode == Conversation.Mode.AI


def comes_back(account: Number, entry: dict[str, Any], **over: Any) -> None:
    """Instagram's own sign-in: an echo says nothing of ours but the id it has at Instagram."""
    said = {"mid": entry["id"], "is_echo": True} | ({"text": entry["text"]} if entry["text"] else fb.file())
    account.takes(fb.instagram(fb.direct(sender=fb.IG_ID, to=fb.IGSID, message=said | {"mid": entry["id"]} | over)))


def a_photo_with_words(account: Number, worker: Worker) -> None:
    account.takes(fb.instagram(fb.direct(message=fb.said("Hola"))))
    worker.run()
    media = {"kind": "image", "link": "https://x.test/a.jpg", "caption": "El catálogo"}
    with tenant_context(account.tenant):
        relay(by=BY, user=None, conversation_id=str(account.conversation().pk), media=media)


def test_the_words_of_a_photo_come_back_by_themselves_and_are_ours(
    account: Number, worker: Worker, agent: Agent, graph: GraphFake
) -> None:
    a_photo_with_words(account, worker)
    worker.run()
    words, photo = graph.sends
    assert (words["text"], photo["kind"]) == ("El catálogo", "image")
    for entry in (words, photo, words):
        comes_back(account, entry)
    assert account.out() == [("El catálogo", "sent")]
    assert account.conversation().mode == Conversation.Mode.AI

    comes_back(account, words, mid="m_by_hand")  # once more the same words: a colleague's
    assert [row.author_name for row in account.messages(direction="out")][1:] == ["Desde el teléfono"]


def test_the_words_of_a_photo_that_did_not_leave_are_ours_as_well(
    account: Number, worker: Worker, agent: Agent, graph: GraphFake
) -> None:
    a_photo_with_words(account, worker)
    graph.script(Rule("pass"), Rule("error", code=100, status=400))
    worker.run()
    (words,) = graph.sends
    comes_back(account, words)
    assert [status for _text, status in account.out()] == ["failed"]
    assert account.conversation().mode == Conversation.Mode.AI


def test_a_colleague_who_answers_on_the_page_itself_silences_the_agent(shop: Number, worker: Worker) -> None:
    shop.takes(fb.page(fb.event(message=fb.said("Hola"))))
    shop.takes(fb.page(fb.echo("Te escribo yo", app_id="263902037430900")))
    assert shop.out() == [("Te escribo yo", "sent")]
    assert shop.conversation().mode != Conversation.Mode.AI


@pytest.mark.parametrize("source", ["facebook", "instagram"])
def test_the_name_is_asked_for_and_shown(
    source: str, acme: Tenant, worker: Worker, graph: GraphFake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "INSTAGRAM_GRAPH_BASE_URL", graph.url)
    number = connect(acme, source)
    body = fb.event(message=fb.said()) if source == "facebook" else fb.direct(message=fb.said())
    number.takes(fb.page(body) if source == "facebook" else fb.instagram(body))
    assert person(number).name == ""
    worker.run(seconds=1)
    assert person(number).name == "Luz Vera"
    with tenant_context(acme):
        assert ChannelIdentity.objects.get().username == ("" if source == "facebook" else "luz.vera")


def test_what_people_wrote_as_a_name_stays(shop: Number, worker: Worker) -> None:
    shop.takes(fb.page(fb.event(message=fb.said())))
    with tenant_context(shop.tenant):
        Contact.objects.update(name="Luz de la feria")
    worker.run(seconds=1)
    assert person(shop).name == "Luz de la feria"


def test_who_hides_the_name_is_asked_for_again_with_the_next_message(
    shop: Number, worker: Worker, graph: GraphFake
) -> None:
    graph.hidden.add(fb.PSID)
    shop.takes(fb.page(fb.event(message=fb.said())))
    worker.run(seconds=1)
    assert person(shop).name == ""
    graph.hidden.clear()
    shop.takes(fb.page(fb.event(message=fb.said("¿Hay?"))))
    worker.run(seconds=1)
    assert person(shop).name == "Luz Vera"


def test_nobody_is_made_by_asking_for_a_name(shop: Number) -> None:
    assert not profiles.fill(tenant=shop.tenant, channel_id=shop.channel.pk, external_id=fb.PSID)
    with tenant_context(shop.tenant):
        assert not Contact.objects.exists()


def test_an_app_s_one_address_serves_page_account_and_number(shop: Number, account: Number) -> None:
    shop.takes(fb.instagram(fb.direct(message=fb.said("por Instagram"))))
    shop.takes(fb.page(fb.event(message=fb.said("por Messenger"))))
    assert (shop.texts(), account.texts()) == (["por Messenger"], ["por Instagram"])


def test_a_photo_comes_in_by_its_address(shop: Number, worker: Worker, graph: GraphFake) -> None:
    token = graph.files[graph.add_media(PNG, "image/png")].token
    shop.takes(fb.page(fb.event(message=fb.file("image", f"{graph.url}/_cdn/{token}"))))
    worker.run(seconds=1)
    with tenant_context(shop.tenant):
        kept = Attachment.objects.get()
        assert (kept.state, kept.error, kept.size) == (Attachment.State.READY, "", len(PNG))


def test_a_reaction_marks_our_message_and_asks_for_nothing(
    shop: Number, worker: Worker, agent: Agent, graph: GraphFake
) -> None:
    agent.reply = "¡Hola!"
    shop.takes(fb.page(fb.event(message=fb.said("Hola"))))
    worker.run()
    (sent,) = [one for one in graph.sends if one["kind"] == "text"]
    shop.takes(fb.page(fb.event(reaction={"mid": sent["id"], "action": "react", "emoji": "🔥"})))
    worker.run()
    assert len(agent.turns) == 1
    (ours,) = shop.messages(direction="out")
    assert ours.payload["reactions"] == {"contact": "🔥"}


def test_all_that_was_sent_before_is_read_with_it(shop: Number, worker: Worker, agent: Agent) -> None:
    agent.reply = "¡Hola!"
    shop.takes(fb.page(fb.event(message=fb.said("Hola"))))
    worker.run()
    seen = int((worker.clock.at.timestamp() + 1) * 1000)
    shop.takes(fb.page(fb.event(read={"watermark": seen})))
    assert shop.out() == [("¡Hola!", "read")]


def test_a_person_answers_after_two_days_and_after_eight_nobody_does(
    shop: Number, worker: Worker, clock: Clock, graph: GraphFake
) -> None:
    shop.takes(fb.page(fb.event(message=fb.said("Hola"))))
    graph.closed.add(fb.PSID)
    clock.forward(2 * 86_400)
    answer(shop, "Perdón la demora")
    worker.run(seconds=60)
    assert [one["body"].get("tag") for one in graph.sends] == ["HUMAN_AGENT"]
    clock.forward(6 * 86_400)
    with pytest.raises(Invalid) as caught:
        answer(shop, "¿Sigue ahí?")
    assert "WhatsApp" not in str(caught.value.message)


def answer(number: Number, text: str) -> None:
    with tenant_context(number.tenant):
        outbound.send_as_person(conversation=number.conversation(), text=text, by=BY, user=None)
