"""The provider's templates are brought as they are, ours are handed over once, and none leaves with a hole."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from config.lib.errors import AppError, Conflict, Invalid
from messaging import tasks as doors
from messaging.domain.template_parts import Button, Written
from messaging.models import Channel, Conversation, Message, MessageTemplate
from messaging.services import template_sync, template_values, templates
from messaging.services.relay import relay
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tenants.models import Tenant
from tenants.services import vault
from tests.factories.agenda import make_event
from tests.factories.crm import make_contact
from tests.factories.messaging import make_channel, make_conversation, make_template
from tests.fakes.graph_templates import KEY, PHONE, TOKEN, WABA, TemplatesFake
from tests.support.cast import Person
from tests.support.tasks import Queue

BY = Actor.system("Prueba")
BODY = Written(body="Hola {{1}}, gracias.", samples=("Ana",))
BOTH = pytest.mark.parametrize("provider", ["meta_direct", "ycloud"])


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[TemplatesFake]:
    with TemplatesFake() as made:
        monkeypatch.setattr(settings, "META_GRAPH_BASE_URL", made.url)
        monkeypatch.setattr(settings, "YCLOUD_BASE_URL", f"{made.url}/v2")
        yield made


def connect(acme: Tenant, provider: str = "meta_direct", *, token: str = TOKEN) -> Channel:
    with tenant_context(acme):
        secret = ("whatsapp_cloud", "ACCESS_TOKEN", token) if provider == "meta_direct" else ("ycloud", "API_KEY", KEY)
        vault.put_credential(category=secret[0], name=secret[1], value=secret[2], by=BY)
        config = {"phone_number_id": "1", "waba_id": WABA} if provider == "meta_direct" else {"phone_number": PHONE}
        return make_channel(provider=provider, channel_source="whatsapp", config=config)


def names(acme: Tenant) -> dict[str, str]:
    with tenant_context(acme):
        return dict(MessageTemplate.objects.values_list("name", "status"))


def draft(
    acme: Tenant, channel: Channel, *, name: str = "aviso", written: Written = BODY, **more: Any
) -> MessageTemplate:
    with tenant_context(acme):
        return templates.create(
            channel=channel, name=name, language="es_AR", category="utility", written=written, by=BY, **more
        )


def one(acme: Tenant, name: str = "aviso") -> MessageTemplate:
    with tenant_context(acme):
        return MessageTemplate.objects.select_related("channel").get(name=name)


def submit(acme: Tenant, template: MessageTemplate, queued: Queue) -> MessageTemplate:
    with tenant_context(acme):
        templates.ask_to_submit(template=template, by=BY)
    queued.drain()
    return one(acme, template.name)


# --- bringing them ---------------------------------------------------------------------------------------------------


@BOTH
def test_every_page_of_the_list_is_brought_with_state_quality_and_reason(
    acme: Tenant, fake: TemplatesFake, provider: str
) -> None:
    channel = connect(acme, provider)
    for number in range(3):
        fake.add(f"uno_{number}")
    fake.add("mala", status="REJECTED", rejected_reason="INCORRECT_CATEGORY")
    fake.add("floja", status="PAUSED", quality_score={"score": "RED"})
    fake.add("rara", status="SOMETHING_NEW")
    template_sync.sync(tenant=acme, channel_id=channel.pk)
    assert names(acme) == {
        "uno_0": "approved",
        "uno_1": "approved",
        "uno_2": "approved",
        "mala": "rejected",
        "floja": "paused",
        "rara": "paused",
    }
    assert one(acme, "mala").reason == "La categoría no corresponde a lo que dice."
    assert one(acme, "floja").quality == "RED"
    assert one(acme, "rara").reason == "SOMETHING_NEW"
    assert "Pausa" in templates.why_not(one(acme, "floja")) or "pausa" in templates.why_not(one(acme, "floja"))


def test_what_the_account_no_longer_has_is_gone_and_a_draft_of_ours_stays(acme: Tenant, fake: TemplatesFake) -> None:
    channel = connect(acme)
    fake.add("vieja")
    template_sync.sync(tenant=acme, channel_id=channel.pk)
    draft(acme, channel, name="nuestra")
    fake.kept.clear()
    template_sync.sync(tenant=acme, channel_id=channel.pk)
    assert names(acme) == {"vieja": "gone", "nuestra": "draft"}


def test_a_refused_list_changes_nothing_and_says_why(acme: Tenant, fake: TemplatesFake) -> None:
    channel = connect(acme)
    fake.add("vieja")
    template_sync.sync(tenant=acme, channel_id=channel.pk)
    connect_again = vault.put_credential
    with tenant_context(acme):
        connect_again(category="whatsapp_cloud", name="ACCESS_TOKEN", value="another-token", by=BY)
    template_sync.sync(tenant=acme, channel_id=channel.pk)
    with tenant_context(acme):
        told = Channel.objects.get(pk=channel.pk).facts["templates"]
    assert names(acme) == {"vieja": "approved"}
    assert "volver a conectar" in told["error"]
    assert told["at"] < told["tried"]


def test_a_number_without_its_account_says_what_is_missing(acme: Tenant, fake: TemplatesFake) -> None:
    channel = connect(acme)
    with tenant_context(acme):
        Channel.objects.filter(pk=channel.pk).update(config={"phone_number_id": "1"})
    template_sync.sync(tenant=acme, channel_id=channel.pk)
    with tenant_context(acme):
        assert "identificador de la cuenta" in Channel.objects.get(pk=channel.pk).facts["templates"]["error"]


def test_once_a_day_every_list_is_asked_for_without_anybody_pressing(
    acme: Tenant, fake: TemplatesFake, queued: Queue
) -> None:
    connect(acme)
    fake.add("nueva")
    doors.look_after_templates()
    assert len(queued.named("sync_templates")) == 1
    queued.drain()
    assert names(acme) == {"nueva": "approved"}
    doors.look_after_templates()
    assert queued.named("sync_templates") == []


# --- handing them over ------------------------------------------------------------------------------------------------


@BOTH
def test_a_draft_is_handed_over_once_and_waits_for_the_verdict(
    acme: Tenant, fake: TemplatesFake, queued: Queue, provider: str
) -> None:
    row = submit(acme, draft(acme, connect(acme, provider)), queued)
    assert (row.status, bool(row.provider_template_id), row.submit_error) == ("pending", True, "")
    sent = fake.submitted[0]
    assert (sent["name"], sent["category"], sent["components"][0]["example"]) == (
        "aviso",
        "UTILITY",
        {"body_text": [["Ana"]]},
    )
    with tenant_context(acme), pytest.raises(Conflict):
        templates.ask_to_submit(template=row, by=BY)


@BOTH
def test_a_refusal_brings_the_draft_back_with_the_providers_words(
    acme: Tenant, fake: TemplatesFake, queued: Queue, provider: str
) -> None:
    row = draft(acme, connect(acme, provider))
    fake.refuse(100, "Hay demasiadas variables para este texto.")
    after = submit(acme, row, queued)
    assert (after.status, after.submit_error) == ("draft", "Hay demasiadas variables para este texto.")


def test_a_lost_answer_is_found_in_the_list_and_not_submitted_twice(
    acme: Tenant, fake: TemplatesFake, queued: Queue
) -> None:
    row = draft(acme, connect(acme))
    fake.drops = 1
    after = submit(acme, row, queued)
    assert (after.status, after.provider_template_id) == ("pending", "")
    with tenant_context(acme):
        MessageTemplate.objects.update(submitted_at=timezone.now() - timedelta(minutes=6))
    doors.look_after_templates()
    queued.drain()
    after = one(acme)
    assert (after.status, bool(after.provider_template_id), after.submit_error) == ("pending", True, "")
    assert len(fake.kept) == 1


def test_named_variables_say_so_and_a_file_is_uploaded_first(acme: Tenant, fake: TemplatesFake, queued: Queue) -> None:
    channel = connect(acme)
    with tenant_context(acme):
        vault.put_credential(category="meta", name="APP_ID", value="4242", by=BY)
    written = Written(
        body="Hola {{nombre}}, gracias.",
        samples=("Ana",),
        header="image",
        header_text=f"{fake.url}/sample.png".replace("http://", "https://"),
        buttons=(Button("quick_reply", "Sí"),),
    )
    row = draft(acme, channel, written=written)
    assert row.values[1] == "{{nombre}}"
    with tenant_context(acme):
        row.components[0]["example"]["header_url"] = [f"{fake.url}/sample.png"]
        row.save()
        MessageTemplate.objects.filter(pk=row.pk).update(status="pending")
    template_sync.submit(tenant=acme, template_id=row.pk)
    sent = fake.submitted[0]
    assert sent["parameter_format"] == "NAMED"
    assert sent["components"][0]["example"] == {"header_handle": ["4::handle"]}
    assert fake.uploads


def test_a_refused_one_is_corrected_at_the_provider_and_not_created_again(
    acme: Tenant, fake: TemplatesFake, queued: Queue
) -> None:
    channel = connect(acme)
    fake.add("aviso", status="REJECTED", rejected_reason="INVALID_FORMAT")
    template_sync.sync(tenant=acme, channel_id=channel.pk)
    with tenant_context(acme):
        row = templates.update(template=one(acme), by=BY, written=BODY)
    after = submit(acme, row, queued)
    assert (after.status, after.reason) == ("pending", "")
    assert (len(fake.changed), fake.submitted) == (1, [])


def test_two_of_one_name_and_what_whatsapp_refuses_are_refused_here(acme: Tenant, fake: TemplatesFake) -> None:
    channel = connect(acme)
    draft(acme, channel)
    with pytest.raises(Conflict):
        draft(acme, channel)
    with pytest.raises(Invalid) as wrong:
        draft(acme, channel, name="Otra", written=Written(body="{{2}} hola"))
    assert set(wrong.value.fields) == {"name", "body", "samples"}


def test_a_copy_is_a_draft_under_the_next_name(acme: Tenant, fake: TemplatesFake) -> None:
    row = draft(acme, connect(acme))
    with tenant_context(acme):
        MessageTemplate.objects.update(status="approved")
        assert [templates.duplicate(template=row, by=BY, user=None).name for _ in range(2)] == ["aviso_2", "aviso_3"]
    assert names(acme) == {"aviso": "approved", "aviso_2": "draft", "aviso_3": "draft"}


@pytest.mark.parametrize("category", ["", "prospeccion", "UTILITY", "authentication", "servicio"])
def test_only_metas_categories_that_a_person_may_write_are_taken(acme: Tenant, category: str) -> None:
    """The seeds kept families of their own as categories, which Meta refuses (seed-systems §3.7)."""
    channel = connect(acme)
    with tenant_context(acme), pytest.raises(Invalid) as refused:
        templates.create(channel=channel, name="aviso", language="es_AR", category=category, written=BODY, by=BY)
    assert list(refused.value.fields) == ["category"]
    row = draft(acme, channel, name="otra")
    if category:
        with tenant_context(acme), pytest.raises(Invalid) as refused:
            templates.update(template=row, by=BY, category=category)
        assert list(refused.value.fields) == ["category"]
    assert names(acme) == {"otra": "draft"}
    assert one(acme, "otra").category == "utility"


# --- sending -------------------------------------------------------------------------------------------------------------


def chat_of(row: MessageTemplate, **over: Any) -> Conversation:
    return make_conversation(channel=row.channel, last_inbound_at=timezone.now() - timedelta(hours=40), **over)


def send(chat: Conversation, row: MessageTemplate, person: Person) -> Message:
    made, words = templates.filled_for(template=row, conversation=chat, member=person.member)
    sent = templates.send_made(conversation=chat, template=made, text=words, by=BY, user=person.user, key="person:1")
    return sent[0]


def test_the_thread_mirrors_the_words_and_not_the_templates_name(acme: Tenant, ana: Person) -> None:
    with tenant_context(acme):
        row = make_template(values=["{{contact.name}}", "{{agenda.fecha}}"])
        contact = make_contact(name="Marta Paz")
        make_event(contact=contact, starts_at=timezone.now() + timedelta(days=2))
        chat = chat_of(row, contact=contact)
        sent, again = send(chat, row, ana), send(chat, row, ana)
    assert sent.text.startswith("Hola Marta Paz, lo esperamos el ")
    assert "{{" not in sent.text
    assert again.pk == sent.pk
    assert sent.payload["template"]["components"][0]["parameters"][0] == {"type": "text", "text": "Marta Paz"}


def test_what_an_integration_sends_by_name_is_mirrored_with_its_words_too(acme: Tenant) -> None:
    with tenant_context(acme):
        row = make_template(name="turno")
        chat = chat_of(row)
        data = [{"type": "text", "text": "Ana"}, {"type": "text", "text": "lunes"}]
        components = [{"type": "body", "parameters": data}]
        template = {"name": "turno", "language": "es_AR", "components": components}
        relay(by=BY, user=None, conversation_id=str(chat.pk), template=template)
        assert chat.messages.get(kind="template").text == "Hola Ana, lo esperamos el lunes."
        assert template_values.said(chat.channel_id, {"name": "otra", "language": "es_AR"}) == ""


@pytest.mark.parametrize("values", [["", "lunes"], ["{{ciudad}}", "lunes"], ["{{inventado}}", "lunes"]])
def test_a_template_never_leaves_with_a_hole(acme: Tenant, ana: Person, values: list[str]) -> None:
    with tenant_context(acme):
        row = make_template(values=values)
        chat = chat_of(row, contact=make_contact(name="Marta", city=""))
        with pytest.raises(Invalid):
            send(chat, row, ana)
        assert not chat.messages.exists()


@pytest.mark.parametrize("status", ["draft", "pending", "rejected", "paused", "disabled", "gone"])
def test_only_an_approved_one_is_offered_and_sent(acme: Tenant, ana: Person, status: str) -> None:
    with tenant_context(acme):
        row = make_template(status=status, values=["Ana", "lunes"], reason="Por algo.")
        chat = chat_of(row)
        assert list(templates.offered(row.channel_id)) == []
        with pytest.raises(AppError) as refusal:
            send(chat, row, ana)
    assert "Por algo." in str(refusal.value.message)
