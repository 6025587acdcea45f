"""The first steps: each page keeps what it says, what really happened counts, and example data comes and goes whole."""

from collections.abc import Callable

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from rest_framework.test import APIClient

from agents.demo.cast import COMPANIES
from agents.llm import families
from agents.models import Agent
from agents.services import onboarding
from config import env
from crm.models import Contact
from messaging.models import Channel, Conversation
from rag.models import Document
from rag.services.ingest import add_document
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tenants.models import Credential, Onboarding, Tenant
from tenants.services.vault import get_tenant_credential
from tests.isolation.world import digest
from tests.support.tasks import Queue

FACTS = {"name": "Acme Sur", "trade": "clinic", "timezone": "America/Lima", "currency": "PEN", "locale": "es"}
KEY = "sk-canary-0123456789-abcd"


@pytest.fixture
def ana_at(client_as: Callable[..., Client]) -> Client:
    return client_as("ana")


def states(tenant: Tenant) -> dict[str, str]:
    with tenant_context(tenant):
        return {step.name: step.state for step in onboarding.progress()}


def test_all_steps_in_order_lead_to_the_end(ana_at: Client, acme: Tenant, queued: Queue) -> None:
    assert set(states(acme).values()) == {"open"}
    assert ana_at.post("/bienvenida/company/", FACTS).status_code == 302
    assert ana_at.post("/bienvenida/channels/").status_code == 302
    agent = {"name": "Luz", "about": "No prometer descuentos", "tone": "Cercano", "model": "", "openai_key": ""}
    assert ana_at.post("/bienvenida/agent/", agent).status_code == 302
    assert ana_at.post("/bienvenida/knowledge/", {"text": "La consulta cuesta $ 25.000."}).status_code == 302
    assert ana_at.post("/bienvenida/test/omitir/").status_code == 302
    assert states(acme) == {
        "company": "done",
        "channels": "done",
        "agent": "done",
        "knowledge": "done",
        "test": "skipped",
    }
    with tenant_context(acme):
        assert Onboarding.objects.get().finished_at is not None
        row = Tenant.objects.get(pk=acme.pk)
        assert (row.name, row.trade, row.timezone, row.currency) == ("Acme Sur", "clinic", "America/Lima", "PEN")
        found = Agent.objects.order_by("created_at")[0]
        assert (found.name, found.config["rules"]) == ("Luz", "No prometer descuentos")
        assert found.published.snapshot["name"] == "Luz"
    assert "Primeros pasos" in ana_at.get("/bienvenida/").content.decode()


def test_a_key_goes_to_the_vault_and_never_back(ana_at: Client, acme: Tenant) -> None:
    given = {"name": "Luz", "about": "", "tone": "", "model": "gpt-5.6-terra", "openai_key": KEY}
    assert ana_at.post("/bienvenida/agent/", given).status_code == 302
    assert get_tenant_credential(acme.pk, "openai", "API_KEY") == KEY
    assert KEY not in ana_at.get("/bienvenida/agent/").content.decode()
    wrong = ana_at.post("/bienvenida/agent/", {**given, "name": ""})
    assert wrong.status_code == 422
    assert KEY not in wrong.content.decode()


def test_a_model_without_its_key_is_refused_beside_the_field(ana_at: Client, acme: Tenant) -> None:
    answer = ana_at.post("/bienvenida/agent/", {"name": "Luz", "model": "gpt-5.6-sol", "openai_key": ""})
    assert answer.status_code == 422
    assert "hace falta la clave" in answer.content.decode()
    with tenant_context(acme):
        assert not Credential.objects.exists()
        assert not Agent.objects.filter(model_provider="openai").exists()


@pytest.mark.parametrize(
    ("first", "then", "ends"),
    [
        ({"openai_key": KEY}, {}, ("openai", "gpt-5.6-terra")),
        ({"model": "gpt-5.6-sol", "openai_key": KEY}, {"model": "gpt-5.6-sol"}, ("openai", "gpt-5.6-sol")),
        ({"model": "gpt-5.6-sol", "openai_key": KEY}, {"model": ""}, ("demo", "")),
    ],
)
def test_what_is_chosen_is_what_answers(
    ana_at: Client, acme: Tenant, first: dict[str, str], then: dict[str, str], ends: tuple[str, str]
) -> None:
    """A key alone means its usual model, and choosing the demo again means the demo."""
    for given in (first, then) if then else (first,):
        said = {"name": "Luz", "about": "", "tone": "", "model": "", "openai_key": "", **given}
        assert ana_at.post("/bienvenida/agent/", said).status_code == 302
    with tenant_context(acme):
        found = Agent.objects.order_by("created_at")[0]
        assert (found.model_provider, found.model_version) == ends
        assert found.published.snapshot["model_provider"] == ends[0]


def test_the_models_offered_are_a_setting_of_the_platform(
    ana_at: Client, acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The usual ones refuse sampling values and look at pictures: what is sent to them knows so."""
    for name in settings.FIRST_MODELS:
        assert (families.family_of(name).name, families.sees(name)) == ("openai-reasoning", True)
        assert f'value="{name}"' in ana_at.get("/bienvenida/agent/").content.decode()
    monkeypatch.setattr(settings, "FIRST_MODELS", ["gpt-7-luna", "gpt-7-sol"])
    page = ana_at.get("/bienvenida/agent/").content.decode()
    assert 'value="gpt-7-sol"' in page
    assert "gpt-5.6" not in page
    said = {"name": "Luz", "about": "", "tone": "", "model": "", "openai_key": KEY}
    assert ana_at.post("/bienvenida/agent/", said).status_code == 302
    with tenant_context(acme):
        assert Agent.objects.order_by("created_at")[0].model_version == "gpt-7-luna"


def test_a_model_from_the_editor_stays_a_choice(ana_at: Client, acme: Tenant) -> None:
    with tenant_context(acme):
        Agent.objects.update(model_provider="openai", model_version="gpt-9-nano")
    assert "gpt-9-nano" in ana_at.get("/bienvenida/agent/").content.decode()


def test_example_data_comes_only_when_asked_and_goes_without_a_trace(
    ana_at: Client, acme: Tenant, queued: Queue
) -> None:
    with tenant_context(acme):
        contacts, documents, channels = Contact.objects.count(), Document.objects.count(), Channel.objects.count()
    assert ana_at.post("/bienvenida/datos-de-ejemplo/").status_code == 302
    with tenant_context(acme):
        assert Contact.objects.count() > contacts
        assert Conversation.objects.filter(contact__custom__sample=True).exists()
    assert ana_at.post("/bienvenida/datos-de-ejemplo/").status_code == 409
    assert ana_at.post("/bienvenida/datos-de-ejemplo/quitar/").status_code == 302
    with tenant_context(acme):
        assert (Contact.objects.count(), Document.objects.count(), Channel.objects.count()) == (
            contacts,
            documents,
            channels,
        )


def test_a_real_contact_with_an_example_number_is_left_alone(ana_at: Client, acme: Tenant, queued: Queue) -> None:
    with tenant_context(acme):
        Contact.objects.create(name="Real", phone="+5491155550101")
    ana_at.post("/bienvenida/datos-de-ejemplo/")
    ana_at.post("/bienvenida/datos-de-ejemplo/quitar/")
    with tenant_context(acme):
        assert Contact.objects.get(phone="+5491155550101").name == "Real"


def test_ones_own_document_of_a_like_name_stays(ana_at: Client, acme: Tenant, queued: Queue) -> None:
    with tenant_context(acme):
        add_document(file_name="ejemplo-precios.md", content=b"# Mios", collection="general", by=Actor.system("test"))
    ana_at.post("/bienvenida/datos-de-ejemplo/")
    ana_at.post("/bienvenida/datos-de-ejemplo/quitar/")
    with tenant_context(acme):
        assert list(Document.objects.values_list("filename", flat=True)) == ["ejemplo-precios.md"]


def test_examples_go_again_also_where_every_number_was_somebodys(ana_at: Client, acme: Tenant, queued: Queue) -> None:
    with tenant_context(acme):
        for company in COMPANIES:
            for chat in company.chats:
                Contact.objects.create(name="Real", phone=chat.phone)
        before = Contact.objects.count()
    assert ana_at.post("/bienvenida/datos-de-ejemplo/").status_code == 302
    assert "Quitar los datos de ejemplo" in ana_at.get("/bienvenida/").content.decode()
    assert ana_at.post("/bienvenida/datos-de-ejemplo/quitar/").status_code == 302
    with tenant_context(acme):
        assert (Contact.objects.count(), Document.objects.count()) == (before, 0)
        assert not Channel.objects.filter(name="WhatsApp de ejemplo").exists()


def test_another_company_is_untouched(ana_at: Client, globex: Tenant, queued: Queue) -> None:
    before = digest(globex)
    ana_at.post("/bienvenida/datos-de-ejemplo/")
    ana_at.post("/bienvenida/knowledge/", {"text": "x"})
    assert digest(globex) == before


def test_the_api_tells_the_same(api_as: Callable[..., APIClient], acme: Tenant, queued: Queue) -> None:
    ana = api_as("ana")
    assert [step["state"] for step in ana.get("/api/v1/onboarding/").json()["steps"]] == ["open"] * 5
    answer = ana.patch("/api/v1/onboarding/", {"done": "company", "skip": "channels"}).json()
    assert [step["state"] for step in answer["steps"]] == ["done", "skipped", "open", "open", "open"]
    assert ana.patch("/api/v1/onboarding/", {"done": "nothing"}).status_code == 422
    assert ana.post("/api/v1/onboarding/sample-data/").status_code == 201
    assert ana.post("/api/v1/onboarding/sample-data/").status_code == 409
    assert ana.delete("/api/v1/onboarding/sample-data/").status_code == 204


def test_only_whoever_may_change_settings_gets_in(client_as: Callable[..., Client]) -> None:
    for name in ("sol", "rita"):
        assert client_as(name).get("/bienvenida/").status_code == 403


def test_a_platform_that_names_no_model_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRST_MODELS", " , ")
    with pytest.raises(ImproperlyConfigured, match="FIRST_MODELS"):
        env.some("FIRST_MODELS", "a,b")
    monkeypatch.setenv("FIRST_MODELS", "")
    assert env.some("FIRST_MODELS", "a, b") == ["a", "b"]
