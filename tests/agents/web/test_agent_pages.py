"""Pages of agents: editing is private, publishing reaches customers, every version can come back."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from agents.domain.security_rules import RULES
from agents.models import Agent, AgentVersion
from agents.services import agents
from agents.views.runs import SUSPICIONS
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tenants.models import Tenant
from tests.factories.agents import make_agent, make_report, make_run, make_tool_call, make_version

MOST = 10
BY = Actor.system("prueba")


@pytest.fixture
def agent(acme: Tenant) -> Agent:
    with tenant_context(acme):
        return agents.create_from_template(template_type="sales", by=BY, name="Vera", channels=["web"], is_active=True)


def form_of(agent: Agent, **over: Any) -> dict[str, Any]:
    return {
        "name": agent.name,
        "role": agent.role,
        "is_active": "on",
        "channels": agent.channels,
        "priority": agent.priority,
        "system_prompt_template": agent.system_prompt_template,
        "tone": agent.config.get("tone", ""),
        "enabled_tools": agent.enabled_tools,
        "model_provider": agent.model_provider,
        "model_version": agent.model_version,
        "temperature": "0.70",
        **over,
    }


def test_a_new_agent_starts_from_a_template_and_switched_off(acme: Tenant, client_as: Callable[..., Client]) -> None:
    answer = client_as("ana").post("/agentes/nuevo/", {"name": "Mora", "template_type": "support"})
    assert answer.status_code == 303
    with tenant_context(acme):
        agent = Agent.objects.get(name="Mora")
    assert not agent.is_active
    assert "rag_search" in agent.enabled_tools
    assert answer.headers["Location"] == f"/agentes/{agent.pk}/"


def test_changes_wait_for_publication(acme: Tenant, agent: Agent, client_as: Callable[..., Client]) -> None:
    browser = client_as("ana")
    words = form_of(
        agent,
        system_prompt_template="Hablar en verso.",
        rules="Sin descuentos\nPedir la calle",
        dictionary="termo: tanque, caldera",
    )
    assert browser.post(f"/agentes/{agent.pk}/guardar/", words).status_code == 303
    with tenant_context(acme):
        saved = Agent.objects.select_related("published").get(pk=agent.pk)
    assert saved.config["rules"] == ["Sin descuentos", "Pedir la calle"]
    assert saved.config["dictionary"] == {"termo": ["tanque", "caldera"]}
    assert saved.published.snapshot["system_prompt_template"] != "Hablar en verso."
    page = browser.get(f"/agentes/{agent.pk}/").content.decode()
    assert "Cambios sin publicar" in page
    assert "Hablar en verso." in page
    assert 'class="new"' in page
    browser.post(f"/agentes/{agent.pk}/publicar/")
    with tenant_context(acme):
        published = Agent.objects.select_related("published").get(pk=agent.pk).published
    assert published.snapshot["system_prompt_template"] == "Hablar en verso."
    assert "Cambios sin publicar" not in browser.get(f"/agentes/{agent.pk}/").content.decode()


def test_an_earlier_version_comes_back(acme: Tenant, agent: Agent, client_as: Callable[..., Client]) -> None:
    browser = client_as("ana")
    browser.post(f"/agentes/{agent.pk}/guardar/", form_of(agent, system_prompt_template="Otra cosa."))
    browser.post(f"/agentes/{agent.pk}/publicar/")
    page = browser.get(f"/agentes/{agent.pk}/versiones/1/").content.decode()
    assert "Volver a esta versión" in page
    assert "Otra cosa." in page
    browser.post(f"/agentes/{agent.pk}/versiones/1/volver/")
    with tenant_context(acme):
        back = Agent.objects.select_related("published").get(pk=agent.pk)
    assert back.system_prompt_template == agent.system_prompt_template
    assert back.published.number == 3


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"temperature": "9"}, "menor o igual"),
        ({"dictionary": "sin dos puntos"}, "no tiene la forma"),
        ({"model_provider": "openai", "model_version": ""}, "Falta el modelo."),
        ({"name": ""}, "requerido"),
        ({"enabled_tools": ["borrar_todo"]}, "borrar_todo"),
    ],
)
def test_what_is_wrong_is_told_and_nothing_is_saved(
    acme: Tenant, agent: Agent, client_as: Callable[..., Client], wrong: dict[str, Any], said: str
) -> None:
    answer = client_as("ana").post(f"/agentes/{agent.pk}/guardar/", form_of(agent, tone="Tono nuevo", **wrong))
    assert answer.status_code == 422
    body = answer.content.decode()
    assert said in body
    assert "Tono nuevo" in body
    with tenant_context(acme):
        assert Agent.objects.get(pk=agent.pk).config == agent.config


def test_settings_the_form_does_not_know_are_kept(acme: Tenant, agent: Agent, client_as: Callable[..., Client]) -> None:
    with tenant_context(acme):
        agents.update_agent(agent=agent, by=BY, config={"of_an_integration": [1]})
    client_as("ana").post(f"/agentes/{agent.pk}/guardar/", form_of(agent, tone="Seco"))
    with tenant_context(acme):
        assert Agent.objects.get(pk=agent.pk).config == {"tone": "Seco", "of_an_integration": [1]}


def test_a_turn_shows_its_steps_and_an_unknown_cost_as_a_dash(acme: Tenant, client_as: Callable[..., Client]) -> None:
    steps = [
        {"type": "prompt", "messages": [{"role": "system", "content": "Instrucciones <b>"}]},
        {
            "type": "model",
            "text": "",
            "tools": [{"name": "rag_search", "arguments": "{}"}],
            "tokens": {"prompt": 7},
            "ms": 12,
        },
        {"type": "tool", "name": "rag_search", "ok": False, "refusal": "Sin pasajes", "ms": 3},
        {"type": "gate", "reasons": ["claim:sent"], "withheld": "Ya lo envié"},
        {"type": "gate", "reasons": ["empty"], "withheld": ""},
        {"type": "limit", "limit": "words"},
        {"type": "nuevo"},
        "roto",
    ]
    with tenant_context(acme):
        run = make_run(
            steps=steps,
            reply="Hola",
            flags=["budget", "input:role_play", "limit:words"],
            cost_usd=None,
            latency_ms=12_345,
        )
        make_report(run=run, reasoning="Se entendió", kind="sales", score="0.8")
    page = client_as("ana").get(f"/agentes/turnos/{run.pk}/").content.decode()
    for words in (
        "Instrucciones &lt;b&gt;",
        "Sin pasajes",
        "Ya lo envié",
        "Se llegó al límite",
        "tope de gasto",
        "Se entendió",
        "Entrada sospechosa: pide hacer de otro personaje",
        "El modelo contestó vacío o cortado dos veces",
        "llegó vacía o cortada",
        "Ventas: resolvió el 80 %",
    ):
        assert words in page, words
    assert "<dd>—</dd>" in page
    assert " ms" not in page


def test_every_reason_of_the_screening_has_words() -> None:
    beside = {"hidden_characters", "spaced_out", "mixed_alphabets", "tool_result"}
    assert {rule.name for rule in RULES} | beside == SUSPICIONS.keys()


@pytest.mark.parametrize("path", ["/agentes/", "agent", "run", "version"])
def test_pages_cost_the_same_with_few_and_with_many_rows(
    acme: Tenant, client_as: Callable[..., Client], statements: Callable[..., Any], path: str
) -> None:
    counts = []
    for rows in (1, 25):
        with tenant_context(acme):
            agent = make_agent()
            for _number in range(rows):
                make_version(agent=make_agent())
                make_version(agent=agent)
                run = make_run(agent=agent, version=AgentVersion.objects.filter(agent=agent).first())
            for _number in range(rows):
                make_tool_call(run=run)
        address = {
            "agent": f"/agentes/{agent.pk}/",
            "run": f"/agentes/turnos/{run.pk}/",
            "version": f"/agentes/{agent.pk}/versiones/1/",
        }.get(path, path)
        browser = client_as("ana")
        with statements() as seen:
            assert browser.get(address).status_code == 200
        counts.append(seen.count)
    assert counts[0] == counts[1] <= MOST, str(seen)


def test_a_secretary_reads_but_does_not_change(agent: Agent, client_as: Callable[..., Client]) -> None:
    browser = client_as("rita")
    page = browser.get(f"/agentes/{agent.pk}/").content.decode()
    assert "disabled" in page
    assert browser.post(f"/agentes/{agent.pk}/guardar/", form_of(agent)).status_code == 403
    assert browser.post(f"/agentes/{agent.pk}/publicar/").status_code == 403


@pytest.mark.parametrize("name", ["sol", "teo"])
def test_sellers_do_not_see_agents(agent: Agent, client_as: Callable[..., Client], name: str) -> None:
    assert client_as(name).get("/agentes/").status_code == 403
    assert client_as(name).get(f"/agentes/{agent.pk}/").status_code == 403


def test_the_outsider_gets_nothing(acme: Tenant, agent: Agent, client_as: Callable[..., Client]) -> None:
    with tenant_context(acme):
        run = make_run()
    browser = client_as("gus")
    assert "Vera" not in browser.get("/agentes/").content.decode()
    for path in (f"/agentes/{agent.pk}/", f"/agentes/{agent.pk}/versiones/1/", f"/agentes/turnos/{run.pk}/"):
        assert browser.get(path).status_code == 404
    assert browser.post(f"/agentes/{agent.pk}/publicar/").status_code == 404
