"""Voice notes: heard with the company's own key, answered in the same burst, and never dropped in silence."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.conf import settings
from django.test import override_settings
from django.utils import timezone

from agents.models import LedgerEntry
from agents.services import ceiling
from crm.models import Contact
from messaging.models import Attachment, Message
from messaging.services import hearing, media
from messaging.services.turns import Turn
from messaging.transcription.base import Heard
from messaging.transcription.openai import OpenAITranscriber
from tenants.context import tenant_context
from tenants.models import Tenant
from tenants.services import vault
from tests.fakes import graph_events as wire
from tests.fakes.graph import GraphFake
from tests.fakes.llm import FakeLLM, Reply, out_of_funds, rate_limited
from tests.messaging.services.saying import BY, Agent, Number, Worker

OPUS = b"OggS\x00\x02" + bytes(22) + b"\x01\x13OpusHead" + bytes(60)
MIME = "audio/ogg; codecs=opus"


def attachment(number: Number) -> Attachment:
    with tenant_context(number.tenant):
        return Attachment.objects.select_related("message").get()


def speaks(number: Number, graph: GraphFake, content: bytes = OPUS, mime: str = MIME, **more: object) -> None:
    number.sends(wire.media("audio", graph.add_media(content, mime), mime=mime, voice=True, **more))


@pytest.fixture
def keyed(number: Number, llm: FakeLLM) -> Number:
    """The company has a key of OpenAI's."""
    with tenant_context(number.tenant):
        vault.put_credential(category="openai", name="API_KEY", value="sk-of-acme", by=BY)
        vault.put_credential(category="openai", name="BASE_URL", value=llm.base_url, by=BY)
    return number


def test_a_voice_note_becomes_the_words_of_the_message(
    keyed: Number, worker: Worker, graph: GraphFake, llm: FakeLLM
) -> None:
    speaks(keyed, graph)
    worker.run(seconds=5)

    row = attachment(keyed)
    assert (row.hearing, row.transcript, row.language) == ("ready", "hola, quiero saber el precio", "es")
    assert (row.seconds, row.cost_usd) == (Decimal("3.00"), Decimal("0.000300"))
    assert (row.message.text, row.message.payload["heard"]) == ("hola, quiero saber el precio", True)
    assert "placeholder" not in row.message.payload
    assert keyed.conversation().last_message_preview == "hola, quiero saber el precio"
    form = {"model": "whisper-1", "response_format": "verbose_json", "file": "voice.ogg", "bytes": str(len(OPUS))}
    assert llm.heard == [form]


def test_a_voice_note_and_a_text_are_answered_together(
    keyed: Number, worker: Worker, agent: Agent, graph: GraphFake
) -> None:
    agent.reply = "Sale 100."
    keyed.says("hola")
    worker.clock.forward(5)
    speaks(keyed, graph)
    worker.run()

    assert len(agent.turns) == 1
    assert keyed.texts(direction="in") == ["hola", "hola, quiero saber el precio"]
    assert [text for text, _state in keyed.out()] == ["Sale 100."]


def test_a_wish_to_be_left_alone_counts_when_it_is_said(
    keyed: Number, worker: Worker, agent: Agent, graph: GraphFake, llm: FakeLLM
) -> None:
    llm.transcript = " Baja."
    agent.reply = "Sale 100."
    speaks(keyed, graph)
    worker.run()
    with tenant_context(keyed.tenant):
        contact = Contact.objects.get()
        assert contact.opted_out_at is not None
        assert contact.consents.filter(granted=False, source__startswith="Dijo «Baja.").exists()
    assert agent.turns == []
    assert [text for text, _state in keyed.out()] == [
        "Listo, no le vamos a escribir más. Para volver a recibir, responder ALTA."
    ]


def test_the_turn_waits_for_the_words_and_no_longer_than_that(
    keyed: Number, worker: Worker, agent: Agent, graph: GraphFake, llm: FakeLLM
) -> None:
    seen: list[str] = []
    agent.reply = "Sale 100."
    turned = []

    def thinking(turn: Turn) -> None:
        seen.extend(keyed.texts(direction="in"))
        turned.append(worker.clock.at)

    agent.thinking = thinking
    llm.deaf.extend([rate_limited(), rate_limited()])
    began = worker.clock.at
    speaks(keyed, graph)
    worker.run()

    # Two refusals: heard after 4 + 16 seconds, when the usual 16 seconds of quiet were over.
    assert seen == ["hola, quiero saber el precio"]
    assert [timedelta(seconds=20) <= at - began < timedelta(seconds=22) for at in turned] == [True]


def test_a_note_that_never_arrives_holds_the_turn_for_a_bounded_time(
    keyed: Number, worker: Worker, agent: Agent, graph: GraphFake, monkeypatch: pytest.MonkeyPatch
) -> None:
    began, turned = worker.clock.at, []
    agent.thinking = lambda turn: turned.append(worker.clock.at)
    monkeypatch.setattr(settings, "META_GRAPH_BASE_URL", "http://127.0.0.1:9")
    speaks(keyed, graph)
    worker.run(seconds=200)

    assert [at - began < timedelta(seconds=2 * settings.INBOUND_BUFFER_MAX_SECONDS + 2) for at in turned] == [True]
    assert attachment(keyed).hearing == "pending"


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ([out_of_funds()], "saldo"),
        ([Reply(status=401, error={"message": "no", "code": "invalid_api_key"})], "clave"),
        ([Reply(status=500, error={"message": "x"})] * hearing.MOST_ATTEMPTS, "OpenAI no responde"),
        ([Reply(status=400, error={"message": "bad audio"})], "no pudo transcribir"),
    ],
    ids=["no funds", "refused key", "down", "refused file"],
)
def test_what_cannot_be_heard_is_said_and_the_customer_is_answered_all_the_same(
    keyed: Number, worker: Worker, agent: Agent, graph: GraphFake, llm: FakeLLM, answers: list[Reply], why: str
) -> None:
    agent.reply = "No lo pude escuchar, ¿me lo escribís?"
    llm.deaf.extend(answers)
    speaks(keyed, graph)
    worker.run()

    row = attachment(keyed)
    assert row.hearing == "failed"
    assert why in row.hearing_error
    assert row.message.payload["placeholder"] is True
    assert [text for text, _state in keyed.out()] == [agent.reply]


def test_without_a_key_nothing_is_asked_and_the_reason_stands_there(
    number: Number, worker: Worker, agent: Agent, graph: GraphFake
) -> None:
    agent.reply = "¿Me lo escribís?"
    speaks(number, graph)
    worker.run()

    assert (attachment(number).hearing, len(agent.turns)) == ("failed", 1)
    assert "Falta la clave" in attachment(number).hearing_error


def test_past_the_spending_limit_of_the_day_nobody_listens(
    keyed: Number, worker: Worker, graph: GraphFake, llm: FakeLLM
) -> None:
    tenant = keyed.tenant
    with tenant_context(tenant):
        tenant.settings = {**tenant.settings, "ai_daily_spend_usd": "0"}
    with override_settings(AI_SPENDING_OVER="tests.messaging.services.test_hearing.always"):
        speaks(keyed, graph)
        worker.run()

    assert "tope de gasto" in attachment(keyed).hearing_error
    assert llm.heard == []


def always(tenant: Tenant) -> bool:
    return True


def test_what_is_heard_is_booked_once_and_counts_as_money_spent_today(
    keyed: Number, worker: Worker, graph: GraphFake
) -> None:
    speaks(keyed, graph)
    worker.run(seconds=5)

    with tenant_context(keyed.tenant):
        entry = LedgerEntry.objects.get()
        assert (entry.kind, entry.what, entry.usd) == ("transcription", "whisper-1", Decimal("0.0003"))
        assert (entry.source, entry.conversation_id) == (str(attachment(keyed).pk), keyed.conversation().pk)
        assert ceiling.spent_today(keyed.tenant) == Decimal("0.0003")


def test_a_voice_note_of_unknown_length_has_no_price_and_counts_as_a_dear_minute(
    keyed: Number, worker: Worker, graph: GraphFake, llm: FakeLLM
) -> None:
    llm.spoken_seconds = None
    speaks(keyed, graph)
    worker.run(seconds=5)

    with tenant_context(keyed.tenant):
        assert LedgerEntry.objects.get().usd is None
        assert ceiling.spent_today(keyed.tenant) == Decimal("0.01")


def test_silence_is_charged_too(keyed: Number, worker: Worker, graph: GraphFake, llm: FakeLLM) -> None:
    llm.transcript = ""
    speaks(keyed, graph)
    worker.run(seconds=5)

    assert attachment(keyed).hearing == "failed"
    with tenant_context(keyed.tenant):
        assert LedgerEntry.objects.get().usd == Decimal("0.0003")


def test_listening_twice_asks_once(keyed: Number, worker: Worker, graph: GraphFake, llm: FakeLLM) -> None:
    speaks(keyed, graph)
    worker.run(seconds=5)
    hearing.hear(tenant=keyed.tenant, attachment_id=attachment(keyed).pk)

    assert len(llm.heard) == 1


def test_a_worker_that_died_listening_is_replaced(
    keyed: Number, worker: Worker, graph: GraphFake, llm: FakeLLM
) -> None:
    speaks(keyed, graph)
    media.fetch(tenant=keyed.tenant, attachment_id=attachment(keyed).pk)
    with tenant_context(keyed.tenant):
        assert hearing._claim(attachment(keyed).pk) is not None
        assert hearing._claim(attachment(keyed).pk) is None
        assert hearing.due_ids() == []
        worker.clock.forward(hearing.LEASE.total_seconds())
        assert hearing.due_ids() == [attachment(keyed).pk]


def test_a_note_deleted_while_it_is_listened_to_leaves_no_words(
    keyed: Number, worker: Worker, graph: GraphFake, llm: FakeLLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    speaks(keyed, graph)
    wamid = str(keyed.messages()[0].provider_message_id)
    listen = OpenAITranscriber.hear

    def deleted_meanwhile(self: OpenAITranscriber, content: bytes, *, mime: str) -> Heard:
        said = listen(self, content, mime=mime)
        keyed.sends(wire.revoke(wamid))
        return said

    monkeypatch.setattr(OpenAITranscriber, "hear", deleted_meanwhile)
    worker.run(seconds=5)

    assert len(llm.heard) == 1
    assert keyed.texts(direction="in") == [""]


@pytest.mark.parametrize("whose", ["phone", "group"])
def test_only_what_a_customer_says_to_us_is_listened_to(
    keyed: Number, worker: Worker, graph: GraphFake, llm: FakeLLM, whose: str
) -> None:
    note = wire.media("audio", graph.add_media(OPUS, MIME), mime=MIME)
    if whose == "phone":
        keyed.takes(wire.echo(note, phone_number_id=keyed.phone_number_id))
    else:
        keyed.sends(note | {"group_id": "120363@g.us"})
    worker.run(seconds=30)

    assert (attachment(keyed).state, attachment(keyed).hearing, llm.heard) == ("ready", "none", [])


def test_silence_is_a_failure_in_words(keyed: Number, worker: Worker, graph: GraphFake, llm: FakeLLM) -> None:
    llm.transcript = "  "
    speaks(keyed, graph)
    worker.run(seconds=5)

    assert (attachment(keyed).hearing, attachment(keyed).hearing_error) == ("failed", "No se entiende lo que dice.")


@pytest.mark.parametrize(("content", "mime"), [(b"#!AMR\n" + bytes(40), "audio/amr"), (b"MZ" + bytes(90), MIME)])
def test_what_is_no_audio_for_the_model_is_never_sent_to_it(
    keyed: Number, worker: Worker, graph: GraphFake, llm: FakeLLM, content: bytes, mime: str
) -> None:
    speaks(keyed, graph, content, mime)
    worker.run()

    assert (attachment(keyed).hearing, llm.heard) == ("failed", [])


def test_a_model_of_the_companys_own_choice_is_asked_in_its_own_way(
    keyed: Number, worker: Worker, graph: GraphFake, llm: FakeLLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "TRANSCRIPTION_MODEL", "gpt-transcribe")
    speaks(keyed, graph)
    worker.run(seconds=5)

    row = attachment(keyed)
    assert (llm.heard[0]["model"], llm.heard[0]["response_format"]) == ("gpt-transcribe", "json")
    assert (row.hearing, row.seconds, row.cost_usd) == ("ready", Decimal("3.00"), None)


def test_a_failed_note_is_listened_to_again_when_a_person_asks(
    keyed: Number, worker: Worker, graph: GraphFake, llm: FakeLLM
) -> None:
    llm.deaf.append(out_of_funds())
    speaks(keyed, graph)
    worker.run()
    with tenant_context(keyed.tenant):
        media.retry(attachment=attachment(keyed), by=BY)
    worker.run(seconds=5)

    with tenant_context(keyed.tenant):
        assert Message.objects.filter(direction="in", text="hola, quiero saber el precio").exists()
        assert Attachment.objects.filter(hearing="ready", created_at__lte=timezone.now()).exists()


def test_nobody_pays_for_what_somebody_blocked_says(
    keyed: Number, worker: Worker, graph: GraphFake, llm: FakeLLM
) -> None:
    keyed.says("hola")
    with tenant_context(keyed.tenant):
        Contact.objects.update(blocked_at=worker.clock.at)
    speaks(keyed, graph)
    worker.run(seconds=30)

    assert (attachment(keyed).state, attachment(keyed).hearing, llm.heard) == ("ready", "none", [])
