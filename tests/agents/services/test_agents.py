"""Making, changing, publishing and putting back agents; which model they get; the playground."""

from decimal import Decimal

import pytest

from agents.domain.history import Line
from agents.domain.prompt import unknown_variables
from agents.llm.base import LLMError
from agents.models import Agent, AgentRun, AgentVersion, ToolCall
from agents.services import agents
from agents.services.llms import llm_for
from agents.services.playground import try_agent
from agents.templates import TEMPLATES
from agents.tools import TOOLS
from config.lib.errors import Invalid
from crm.models import Contact
from tenants.context import tenant_context
from tenants.db.current import connection
from tenants.models import SystemEvent
from tenants.services.vault import put_credential
from tests.agents.services.story import TEAM, employ
from tests.fakes.llm import Reply, out_of_funds


def make(**over):
    return agents.create_agent(by=TEAM, **{"name": "Sol", "channels": ["web"], **over})


def test_an_active_agent_is_published_when_it_is_made(in_acme):
    agent = make(temperature="0.7")
    assert (agent.published.number, agent.published.snapshot["temperature"]) == (1, "0.70")
    assert make(name="Apagada", is_active=False).published is None


def test_the_working_copy_changes_alone_until_it_is_published(in_acme):
    agent = make()
    agents.update_agent(agent=agent, by=TEAM, system_prompt_template="Otra", name="Luna")
    assert set(agents.unpublished_changes(agent)) == {"name", "system_prompt_template"}
    second = agents.publish_agent(agent=agent, by=TEAM)
    assert second.number == 2
    assert agents.unpublished_changes(agent) == {}
    assert agents.publish_agent(agent=agent, by=TEAM) == second, "nothing changed, nothing new"


def test_an_earlier_version_can_be_put_back(in_acme):
    agent = make(system_prompt_template="Primera")
    first = agent.published
    agents.update_agent(agent=agent, by=TEAM, system_prompt_template="Segunda")
    agents.publish_agent(agent=agent, by=TEAM)
    third = agents.put_back(version=first, by=TEAM)
    agent = Agent.objects.select_related("published").get(pk=agent.pk)
    assert (third.number, agent.published, agent.system_prompt_template) == (3, third, "Primera")
    assert AgentVersion.objects.filter(agent=agent).count() == 3


def test_every_change_is_audited(in_acme):
    agent = make()
    agents.update_agent(agent=agent, by=TEAM, role="Ventas")
    agents.remove_agent(agent=agent, by=TEAM)
    connection.run_before_commit()
    actions = list(
        SystemEvent.objects.filter(action__startswith="agent.").order_by("id").values_list("action", flat=True)
    )
    assert actions[-4:] == ["agent.created", "agent.published", "agent.updated", "agent.removed"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", " "),
        ("name", "x" * 81),
        ("model_provider", "skynet"),
        ("model_version", ""),
        ("temperature", "2.5"),
        ("temperature", "mucha"),
        ("temperature", "NaN"),
        ("enabled_tools", ["drop_tables"]),
        ("enabled_tools", "rag_search"),
        ("enabled_tools", [1]),
        ("channels", ["telegram"]),
        ("config", []),
        ("system_prompt_template", "x" * 20_001),
        ("priority", -1),
        ("priority", "alta"),
    ],
)
def test_a_wrong_value_is_refused_and_named(in_acme, field, value):
    with pytest.raises(Invalid) as caught:
        make(**{"model_provider": "openai", "model_version": "gpt-4o", field: value})
    assert field in caught.value.fields


def test_an_unknown_field_is_refused(in_acme):
    with pytest.raises(Invalid):
        make(schema_name="otra")


@pytest.mark.parametrize("kind", TEMPLATES)
def test_every_template_makes_a_working_agent(in_acme, kind):
    agent = agents.create_from_template(template_type=kind, by=TEAM, channels=["web"])
    assert set(agent.enabled_tools) <= set(TOOLS)
    assert "handoff_to_human" in agent.enabled_tools
    assert unknown_variables(agent.system_prompt_template) == ()
    assert agent.template_type == kind


def test_the_temperatures_are_the_agreed_ones():
    assert {kind: TEMPLATES[kind]["temperature"] for kind in ("sales", "support", "leads")} == {
        "sales": "0.70",
        "support": "0.50",
        "leads": "0.60",
    }


class TestWhichModel:
    def test_the_keys_of_the_vault_decide_and_never_the_environment(self, acme, monkeypatch):
        monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-platform")
        with pytest.raises(LLMError) as caught:
            llm_for(acme, {"model_provider": "openai", "model_version": "gpt-4o"})
        assert (caught.value.kind, caught.value.code) == ("auth", "missing_key")

    def test_the_fallback_comes_second_and_twins_once(self, acme):
        with tenant_context(acme):
            put_credential(category="google", name="API_KEY", value="llave", by=TEAM)
        agent = {"model_provider": "google", "model_version": "gemini-a", "config": {"fallback_model": "gemini-b"}}
        assert llm_for(acme, agent)[1:] == (("gemini-a", "gemini-b"), "llave")
        assert llm_for(acme, {**agent, "config": {"fallback_model": "gemini-a"}})[1] == ("gemini-a",)

    def test_the_key_of_openai_goes_to_no_address_out_of_an_agents_settings(self, acme, llm):
        with tenant_context(acme):
            put_credential(category="openai", name="API_KEY", value="sk-precious", by=TEAM)
        custom = {"model_provider": "custom", "model_version": "m", "config": {"base_url": llm.base_url}}
        assert llm_for(acme, custom)[2] == "none"
        with tenant_context(acme):
            put_credential(category="openai", name="BASE_URL", value=llm.base_url, by=TEAM)
        assert llm_for(acme, custom)[2] == "sk-precious", "the vault itself names this address"

    @pytest.mark.parametrize("agent", [{"model_provider": "custom", "model_version": "m"}, {"model_provider": "x"}])
    def test_what_is_missing_is_a_setting_error(self, acme, agent):
        with pytest.raises(LLMError) as caught:
            llm_for(acme, agent)
        assert caught.value.kind == "config"

    def test_a_private_address_is_not_called_in_production(self, acme, llm, settings):
        agent = employ(acme, llm)
        settings.ALLOW_PRIVATE_PROVIDER_URLS = False  # a vault that already names it; a new one would be refused
        run = try_agent(tenant=acme, agent=agent, text="Hola", by=TEAM)
        assert (run.status, llm.requests) == ("failed", [])


class TestPlayground:
    def test_it_answers_with_the_working_copy_and_no_side_effects(self, acme, llm):
        agent = employ(acme, llm)
        agent.system_prompt_template = "EN PRUEBA"
        llm.call("create_customer", {"name": "Ana"})
        llm.say("Anoté tu nombre, Ana.")
        with tenant_context(acme):
            before = Contact.objects.count()
        run = try_agent(tenant=acme, agent=agent, text="Soy Ana", history=[Line("contact", "Hola")], by=TEAM)
        assert (run.status, run.reply) == ("done", "Anoté tu nombre, Ana.")
        assert llm.requests[0]["messages"][0]["content"].startswith("EN PRUEBA")
        with tenant_context(acme):
            assert Contact.objects.count() == before
            assert ToolCall.objects.count() == 0
            assert AgentRun.objects.get(pk=run.pk).flags[0] == "playground"

    def test_the_gates_hold_there_too(self, acme, llm):
        agent = employ(acme, llm)
        llm.then(Reply(text="Te agendé para mañana.", lasting=True))
        run = try_agent(tenant=acme, agent=agent, text="Turno?", by=TEAM)
        assert (run.status, run.reply) == ("blocked", "")

    def test_a_failure_is_on_the_run_in_words(self, acme, llm):
        agent = employ(acme, llm)
        llm.then(out_of_funds())
        run = try_agent(tenant=acme, agent=agent, text="Hola", by=TEAM)
        assert (run.status, run.error) == ("failed", "The model provider answered 429 insufficient_quota")

    def test_a_request_for_a_person_is_seen_before_any_model(self, acme, llm):
        run = try_agent(tenant=acme, agent=employ(acme, llm), text="Quiero hablar con una persona", by=TEAM)
        assert (run.status, llm.requests, run.cost_usd) == ("handed_off", [], Decimal(0))
