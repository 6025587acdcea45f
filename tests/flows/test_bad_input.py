"""What strangers type, from their keyboard to every place where it is read: whole, as text, and never a server error."""

import asyncio
import json
from typing import Any

import pytest
from django.test import Client

from agents.models import AgentRun
from agents.services.agents import create_agent
from crm.models import Lead
from messaging.models import Channel, Message
from messaging.services import events
from messaging.services.channels import create_channel
from rag.services.ingest import add_document
from tenants.context import tenant_context
from tenants.models import Tenant
from tenants.services.vault import put_credential
from tests.fakes import graph_events as wire
from tests.fakes.graph import GraphFake
from tests.fakes.llm import FakeLLM
from tests.flows.hostile import ALL, LONG_WORD, MARK, TEXTS, WORDS, read, shows
from tests.isolation.urltable import addresses
from tests.messaging.ingest.conftest import ask, signed
from tests.messaging.services.saying import BY, Number, Worker, make_number
from tests.support.cast import Cast
from tests.support.clients import browser
from tests.support.thorough import dealt

PAGES = [each for each in addresses() if not each.is_api and "GET" in each.verbs]
LONG = "ñ🦙" * 5_000  # ten thousand letters


# --- over the wire ---------------------------------------------------------------------------------------------


def kept(text: str) -> str:
    """What of a text can be stored at all."""
    return text.replace("\x00", "")


def test_everything_people_type_into_a_web_chat_is_kept_and_read_back_whole(live_tenants: Cast) -> None:
    """Through the root application's door, the workers, the visitor's history and the thread in the inbox."""
    acme = live_tenants.acme
    with tenant_context(acme):
        channel = create_channel(provider="web", channel_source="web", name="Sitio", config={}, by=BY)
    sent = {**TEXTS, "long": LONG}
    history = asyncio.run(_write_and_read(acme, channel, sent))

    assert history == [kept(text) for text in sent.values()]
    with tenant_context(acme):
        assert list(Message.objects.order_by("sequence").values_list("text", flat=True)) == history
        chat = Message.objects.latest("sequence").conversation_id
    client = browser(live_tenants["ana"])
    page = client.get(f"/bandeja/{chat}/?desde=1", headers={"HX-Request": "true"}).content.decode()
    assert [name for name, text in sent.items() if not shows(page, text)] == []
    assert read(page).broken == []


async def _write_and_read(tenant: Tenant, channel: Channel, sent: dict[str, str]) -> list[str]:
    from config.asgi import Root
    from tenants.live.threads import in_thread

    root, address = Root(), f"/webchat/{channel.pk}/messages"
    for number, text in enumerate(sent.values()):
        body = {"visitor_id": "visita-1", "text": text, "message_id": f"m-{number}"}
        answer = await ask(root, "POST", address, json.dumps(body).encode())
        assert answer.status == 202, (text[:40], answer.body)
        await in_thread(lambda: events.drain(tenant=tenant))
    late = await ask(root, "POST", address, json.dumps({**body, "text": "x" * 10_001}).encode())
    assert late.status == 422
    assert "10.000" in late.json()["error"]["fields"]["text"]
    answer = await ask(root, "GET", address, query="visitor_id=visita-1")
    await root.door.stop()
    return [each["text"] for each in answer.json()["results"]]


@pytest.mark.parametrize("name", [*TEXTS])
def test_everything_people_send_over_whatsapp_is_kept_and_shown_whole(
    name: str, number: Number, cast: Cast, worker: Worker
) -> None:
    text = TEXTS[name]
    number.says(text, name=text[:100])

    (message,) = number.messages(direction="in")
    assert message.text == kept(text)
    chat = f"/bandeja/{message.conversation_id}/"
    client = browser(cast["ana"])
    page = client.get(chat).content.decode()
    assert shows(page, text)
    for path in (chat, "/bandeja/", "/mi-dia/", "/leads/"):
        assert read(client.get(path).content.decode()).broken == [], path


def test_ten_thousand_letters_over_whatsapp_are_shown_and_an_answer_as_long_leaves_in_bubbles(
    number: Number, llm: FakeLLM, graph: GraphFake, cast: Cast, worker: Worker
) -> None:
    _employ(number, llm)
    words = " ".join(f"palabra{n}." for n in range(800))
    llm.say(words)
    number.says(LONG)
    worker.run()

    (message,) = number.messages(direction="in")
    assert message.text == LONG
    bubbles = [entry["text"] for entry in graph.sends]
    assert " ".join(bubbles).split() == words.split()
    assert max(map(len, bubbles)) <= 400
    page = browser(cast["ana"]).get(f"/bandeja/{message.conversation_id}/").content.decode()
    assert shows(page, LONG)
    assert all(shows(page, bubble) for bubble in bubbles)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"\xff\xfe\x00",
        b'{"entry": 7}',
        b'{"entry": [[[[]]]]}',
        b"[" * 200_000,
        b'{"entry":[{"changes":[{"value":{"messages":[{"id":{"a":1},"type":"text","text":{"body":[]}}]}}]}]}',
        b'{"entry":[{"changes":[{"value":{"messages":' + b"9" * 5000 + b"}}]}]}",
        b'{"a":"\\ud800","entry":"\\u0000"}',
    ],
)
def test_a_signed_webhook_of_nonsense_is_taken_and_ends_in_plain_sight(raw: bytes, live_tenants: Cast) -> None:
    """200, or Meta would send it for days; then it is a notice or a failed event, and the next one is worked off."""
    number = make_number(live_tenants.acme)
    good = wire.dump(wire.inbound(wire.text("después")))

    async def deliver() -> list[int]:
        from config.asgi import Root

        root, address = Root(), f"/webhooks/meta/{number.channel.route_key}/"
        answers = [await ask(root, "POST", address, each, **signed(each, "app-secret")) for each in (raw, good)]
        big = b"x" * (4 * 1024 * 1024 + 1)
        answers.append(await ask(root, "POST", address, big, **signed(big, "app-secret")))
        await root.door.stop()
        return [answer.status for answer in answers]

    assert asyncio.run(deliver()) == [200, 200, 413]
    events.drain(tenant=live_tenants.acme)
    assert number.texts() == ["después"]
    page = browser(live_tenants["ana"]).get(f"/canales/{number.channel.pk}/")
    assert page.status_code == 200


# --- where it is shown -------------------------------------------------------------------------------------------


def _employ(number: Number, llm: FakeLLM, **over: Any) -> None:
    with tenant_context(number.tenant):
        put_credential(category="openai", name="API_KEY", value="sk-of-acme", by=BY)
        put_credential(category="openai", name="BASE_URL", value=llm.base_url, by=BY)
        create_agent(
            by=BY,
            model_provider="openai",
            model_version="gpt-4o-mini",
            enabled_tools=["rag_search", "create_customer", "qualify_lead", "handoff_to_human"],
            channels=["whatsapp"],
            **{"name": "Lía", "system_prompt_template": "Sos {{agent_name}}.", **over},
        )


@pytest.fixture
def infested(number: Number, llm: FakeLLM, worker: Worker, graph: GraphFake, cast: Cast) -> dict[str, object]:
    """acme with hostile words in every text a customer, an agent or a colleague can write; keys by model label."""
    name = WORDS["attribute"]
    _employ(number, llm, name=WORDS["script"], role=ALL[:200], system_prompt_template=ALL)
    llm.call("qualify_lead", {"interest": "high", "needs": ALL, "budget": ALL[:200], "timeline": WORDS["script"]})
    llm.call("no_such_tool", {"x": ALL})
    llm.say("Gracias, lo anotamos.")
    with tenant_context(number.tenant):
        document = add_document(
            title=ALL[:200], file_name=f"{WORDS['script']}.md", content=ALL.encode(), collection="general", by=BY
        )
    media = graph.add_media(b"%PDF-", "application/pdf")
    number.says(ALL, name=name)
    number.sends(wire.media("document", media, mime="application/pdf", filename=WORDS["attribute"], caption=ALL))
    worker.run()
    client = browser(cast["ana"])
    with tenant_context(number.tenant):
        lead = Lead.objects.get()
        run = AgentRun.objects.latest("created_at")
        message = Message.objects.filter(direction="in").latest("sequence")
        file = message.attachments.get()
    form = {"name": WORDS["script"], "source": WORDS["attribute"][:60], "needs": ALL, "phone": wire.CUSTOMER}
    answer = client.post(f"/leads/{lead.pk}/editar/", form)
    assert answer.status_code == 302, answer.content.decode()[:2000]
    client.post(f"/bandeja/{message.conversation_id}/tomar/", {"reason": ALL[:300]})
    client.post(f"/canales/{number.channel.pk}/editar/", {"name": WORDS["closing"], "phone_number_id": "1"})
    return {
        "crm.Lead": lead.pk,
        "crm.Contact": lead.contact_id,
        "crm.Stage": lead.stage_id,
        "messaging.Channel": number.channel.pk,
        "messaging.Conversation": message.conversation_id,
        "messaging.Message": message.pk,
        "messaging.Attachment": file.pk,
        "rag.Document": document.pk,
        "agents.Agent": run.agent_id,
        "agents.AgentVersion": run.version_id,
        "agents.AgentRun": run.pk,
    }


def test_hostile_words_stay_words_on_every_page(infested: dict[str, object], cast: Cast) -> None:
    """Every page of the URL table whose keys are known, as a page and as the part that is loaded later."""
    client, wrong, seen = browser(cast["ana"], raise_request_exception=False), [], []
    for address in PAGES:
        if any(infested.get(address.model(name) or "") is None for name in address.ids):
            continue
        (path,) = address.paths(infested)[:1]
        for headers in ({}, {"HX-Request": "true"}):
            answer = client.get(path, headers=headers)
            if answer.streaming or "html" not in answer.get("Content-Type", ""):
                continue
            page = answer.content.decode()
            reader = read(page)
            seen += [path] if any(MARK in each for each in reader.said) else []
            if (answer.status_code >= 500 and path not in ("/healthz", "/readyz")) or reader.broken:
                wrong.append(f"{path} {answer.status_code} {reader.broken}")
    assert wrong == [], "\n".join(wrong)
    assert len(set(seen)) >= 25, sorted(set(seen))


PLACES = [
    ("/bandeja/", WORDS["script"]),
    ("/bandeja/{messaging.Conversation}/", ALL),
    ("/bandeja/{messaging.Conversation}/", WORDS["attribute"]),
    ("/bandeja/{messaging.Conversation}/ficha/", ALL[:199]),
    ("/leads/", WORDS["script"]),
    ("/leads/{crm.Lead}/", ALL),
    ("/leads/{crm.Lead}/editar/", WORDS["script"]),
    ("/conocimiento/", ALL[:200]),
    ("/agentes/", WORDS["script"]),
    ("/agentes/{agents.Agent}/", ALL),
    ("/agentes/turnos/{agents.AgentRun}/", ALL),
    ("/canales/", WORDS["closing"]),
    ("/admin/crm/contact/", WORDS["script"]),
    ("/admin/messaging/message/{messaging.Message}/change/", ALL),
    ("/admin/crm/lead/{crm.Lead}/change/", ALL),
]


def test_hostile_words_can_be_read_where_they_belong(infested: dict[str, object], cast: Cast) -> None:
    client, wrong = browser(cast["ana"]), []
    for address, words in PLACES:
        path = address
        for label, key in infested.items():
            path = path.replace(f"{{{label}}}", str(key))
        answer = client.get(path)
        if answer.status_code != 200 or not shows(answer.content.decode(), words):
            wrong.append(f"{address} {answer.status_code}: {words[:60]}")
    assert wrong == [], "\n".join(wrong)


def test_a_very_long_word_is_shown_whole_in_the_list_of_chats(number: Number, cast: Cast, worker: Worker) -> None:
    number.says("Hola", name=LONG_WORD)
    page = browser(cast["ana"]).get("/bandeja/").content.decode()
    assert LONG_WORD[:150] in page


# --- forms and addresses -----------------------------------------------------------------------------------------
FORM = "application/x-www-form-urlencoded"
# Refused before any form reads it: the same on every page.
SHAPES = {
    "many fields": (b"&".join(b"f%d=1" % n for n in range(5000)), FORM),
    "beyond the limit": (b"name=" + b"x" * 3_000_000, FORM),
    "no multipart": (b"--x\r\nnonsense", "multipart/form-data; boundary=x"),
    "no boundary": (b"--x--", "multipart/form-data"),
    "odd charset": (b"name=x&text=y", f"{FORM}; charset=utf-7"),
    "unknown charset": (b"name=x&text=y", f"{FORM}; charset=klingon"),
    "json": (b'{"name": [[[]]]}', "application/json"),
}
FORMS = {
    "nul": b"name=%00&text=a%00b&reason=%00&q=%00&file=%00",
    "not utf-8": b"name=%ff%fe&text=\xff\xfe&code=%c3%28",
    "half letters": b"name=%ed%a0%80&text=%ed%b0%80",
    "huge field": b"name=" + b"x" * 300_000 + b"&text=" + b"y" * 300_000,
    "markup": b"name=%3Cscript%3Ezz9()%3C/script%3E&text=%22%3E%3Cimg+src=x+onerror=zz9()%3E&value=1e999&code=zz9",
    "numbers": b"value=NaN&temperature=Infinity&score=99999999999999999999&hours=-1&version=1e9&owner=1&stage=x",
    "odd json": b"name=x&custom=[1]&social_links=7&working_hours=[]&settings=null&enabled_tools=7&channels={}",
    "nul in json": b'name=x&custom={"a":"\\u0000"}&social_links={"a":"\\ud800"}&working_hours={"0":"\\u0000"}',
    "deep json": b"name=x" + b"".join(b"&%s=" % each + b"[" * 100_000 for each in (b"custom", b"working_hours")),
    "huge numbers": b'name=x&custom={"a":1' + b"0" * 5000 + b'}&working_hours={"0":1e999}&social_links={"a":NaN}',
}
QUERIES = [
    "q=%00&search=%00&cursor=%00&sel=%00&contact=%00&antes=%00&desde=%00&stage=%00&owner=%00",
    "q=%ff&search=%ff&cursor=%ff&sel=%ff&contact=%ff&antes=%ff&desde=%ff",
    "q=%ed%a0%80&search=%ed%a0%80&cursor=%ed%a0%80&ver=%ed%a0%80&coleccion=%ed%a0%80&source=%ed%a0%80",
    "q=" + "x" * 20_000 + "&antes=" + "9" * 5_000 + "&desde=" + "9" * 30 + "&cursor=" + "A" * 5_000,
    "antes=²&desde=²&cursor=W10&contact=1&sel=1&limit=²",
    (
        "q=%3Cscript%3Ezz9()%3C/script%3E&search=%3Cscript%3Ezz9()%3C/script%3E&cursor=%3Cscript%3Ezz9()%3C/script%3E"
        "&stage=%22%3E%3Cimg+src=x+onerror=zz9()%3E&next=javascript:zz9()&o=1.2.x&p=-1&e=1&_popup=1&all="
    ),
    "q=" + "%26%7C%21%3A%2A%28%29%27" * 50 + "&search=%26%7C%21%3A%2A%28%29%27",
]


def _addressed(infested: dict[str, object]) -> list[str]:
    known = [each for each in PAGES if all(infested.get(each.model(name) or "") for name in each.ids)]
    return [each.paths(infested)[0] for each in known if each.route not in ("logout/", "healthz", "readyz")]


def _wrong(answer: Any) -> str:
    """What is wrong with an answer to nonsense; empty when it is fine."""
    if answer.status_code >= 500:
        return str(answer.status_code)
    if answer.streaming or answer.status_code not in (200, 422):
        return ""
    broken = read(answer.content.decode(errors="replace")).broken
    return f"{answer.status_code} {broken}" if broken else ""


def test_no_form_can_be_filled_in_so_that_a_page_breaks(infested: dict[str, object], cast: Cast) -> None:
    client, wrong = browser(cast["ana"], raise_request_exception=False), []
    for place, path in enumerate(_addressed(infested)):
        for name, body in dealt([*FORMS.items()], place, share=6):
            found = _wrong(client.generic("POST", path, body, content_type=FORM))
            wrong += [f"{path} {name}: {found}"] if found else []
    assert wrong == [], "\n".join(wrong)


@pytest.mark.parametrize("path", ["/leads/nuevo/", "/conocimiento/subir/", "/admin/crm/contact/add/", "/login/"])
def test_a_form_that_is_none_is_refused_in_words(path: str, cast: Cast) -> None:
    client, wrong = browser(cast["ana"], raise_request_exception=False), []
    for name, (body, kind) in SHAPES.items():
        found = _wrong(client.generic("POST", path, body, content_type=kind))
        wrong += [f"{path} {name}: {found}"] if found else []
    assert wrong == [], "\n".join(wrong)


def test_no_address_can_be_typed_so_that_a_page_breaks(infested: dict[str, object], cast: Cast) -> None:
    client, wrong = browser(cast["ana"], raise_request_exception=False), []
    for place, path in enumerate(_addressed(infested)):
        for query in dealt(QUERIES, place, share=3):
            found = _wrong(client.get(path, QUERY_STRING=query))
            wrong += [f"{path}?{query[:60]}: {found}"] if found else []
    assert wrong == [], "\n".join(wrong)


def test_a_page_that_does_not_escape_is_noticed(infested: dict[str, object], cast: Cast) -> None:
    """The reader above finds each of the hostile words where it is put into a page unescaped."""
    silent = {"template", "percent", "link", "entity", "long_word", "single_quote", "data_link", "json", "htmx"}
    for name, word in WORDS.items():
        if name not in silent:
            assert read(f"<p>{word}</p>").broken, name
    assert read(f"<p title='{WORDS['single_quote']}'>").broken
    assert read(f'<a href="{WORDS["link"]}">').broken
    assert read(f"<p>49{MARK}</p>").broken


def test_a_signed_in_client_is_needed_for_the_above(cast: Cast) -> None:
    assert Client().get("/leads/").status_code == 302
