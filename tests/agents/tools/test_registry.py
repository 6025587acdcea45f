"""What a company changes about the platform's tools, and how its own stand beside them."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from agents.models import Tool
from agents.services.toolbox import allowed_tools
from agents.services.tools import change_platform_tool, entries
from agents.templates import TEMPLATES
from agents.tools import TOOLS, tool_named
from config.lib.errors import Invalid
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.agents.services.story import TEAM, employ, make_story
from tests.agents.tools.services_of_acme import arguments, make_service, make_write
from tests.factories.agents import make_tool, make_tool_call
from tests.fakes.http_service import HttpService
from tests.fakes.llm import FakeLLM


@pytest.fixture
def service() -> Iterator[HttpService]:
    with HttpService() as running:
        yield running


def change(acme: Tenant, name: str, **changes: Any) -> None:
    with tenant_context(acme):
        change_platform_tool(name=name, by=TEAM, **changes)


def names(acme: Tenant, *wanted: str, suspicious: bool = False) -> list[str]:
    return [tool.name for tool in allowed_tools(wanted, suspicious=suspicious, tenant=acme)]


@pytest.mark.usefixtures("db")
class TestWhatACompanyChanges:
    def test_its_words_follow_the_platforms_and_reach_the_model(self, acme, llm: FakeLLM):
        change(acme, "report_assistance", prompt_injection="Solo los viernes.", response_guide="No contarlo.")
        story = make_story(acme)
        employ(acme, llm, tools=["report_assistance"])
        llm.call("report_assistance", {"kind": "sales", "score": 1, "reasoning": "x"})
        llm.say("Listo")
        story.hear("hola")
        prompt = llm.requests[0]["messages"][0]["content"]
        assert tool_named("report_assistance").protocol + "\nSolo los viernes." in prompt
        assert "No contarlo." in llm.requests[1]["messages"][-1]["content"]

    def test_it_is_another_companys_business_only_there(self, acme, globex):
        change(acme, "report_assistance", prompt_injection="Solo los viernes.", is_active=False)
        assert names(acme, "report_assistance") == []
        (theirs,) = allowed_tools(["report_assistance"], suspicious=False, tenant=globex)
        assert theirs.protocol == tool_named("report_assistance").protocol

    def test_the_way_to_a_person_is_neither_closed_nor_delayed(self, acme):
        for changes in ({"is_active": False}, {"confirmation": "person"}):
            with pytest.raises(Invalid):
                change(acme, "handoff_to_human", **changes)
        with tenant_context(acme):
            Tool.objects.create(name="handoff_to_human", kind="internal", is_active=False, confirmation="person")
        (tool,) = allowed_tools(["handoff_to_human"], suspicious=False, tenant=acme)
        assert tool.confirmation == "none"

    def test_what_only_reads_waits_for_nobody(self, acme):
        with pytest.raises(Invalid):
            change(acme, "rag_search", confirmation="customer")

    def test_a_name_that_is_none_and_a_text_that_is_too_long_are_refused(self, acme):
        for name, changes in (("drop_tables", {}), ("rag_search", {"prompt_injection": "x" * 2001})):
            with pytest.raises(Invalid):
                change(acme, name, **changes)


@pytest.mark.usefixtures("db")
class TestItsOwn:
    def test_one_stands_beside_the_platforms_and_only_while_it_is_on(self, acme, globex, service):
        make_service(acme, service)
        assert names(acme, "consultar_precio", "rag_search") == ["consultar_precio", "rag_search"]
        assert names(globex, "consultar_precio", "rag_search") == ["rag_search"]
        with tenant_context(acme):
            Tool.objects.update(is_active=False)
        assert names(acme, "consultar_precio") == []

    def test_what_changes_something_is_not_there_in_a_suspicious_turn(self, acme, service):
        make_service(acme, service)
        make_write(acme, service)
        assert names(acme, "consultar_precio", "anotar_pedido", suspicious=True) == ["consultar_precio"]

    def test_a_row_never_takes_the_place_of_the_platforms(self, acme):
        """Also one that got into the table some other way."""
        with tenant_context(acme):
            make_tool(name="rag_search", description="mío", parameters=arguments())
        (tool,) = allowed_tools(["rag_search"], suspicious=False, tenant=acme)
        assert not tool.own
        assert tool.run is tool_named("rag_search").run

    def test_a_level_that_nobody_knows_is_the_strictest(self, acme, service):
        make_write(acme, service)
        with tenant_context(acme):
            Tool.objects.update(confirmation="luego")
        (tool,) = allowed_tools(["anotar_pedido"], suspicious=False, tenant=acme)
        assert tool.confirmation == "person"

    def test_an_agent_is_not_given_what_does_not_exist(self, acme, service):
        make_service(acme, service)
        employ(acme, tools=["consultar_precio", "rag_search"])
        with pytest.raises(Invalid):
            employ(acme, tools=["inventada"])

    def test_a_turn_asks_for_its_tools_once(self, acme, service, statements: Callable[..., Any]):
        make_service(acme, service)
        make_write(acme, service)
        with statements() as seen:
            names(acme, "consultar_precio", "anotar_pedido", "rag_search", "create_customer")
        assert len([sql for sql in seen.sql if "agents_" in sql]) == 1


@pytest.mark.usefixtures("db")
def test_the_list_tells_who_uses_a_tool_and_how_it_went(acme, service, statements):
    make_service(acme, service)
    employ(acme, tools=["consultar_precio"])
    with tenant_context(acme):
        for number, (ok, refusal) in enumerate([(True, ""), (False, "no"), (True, "No se sabe"), (True, "")]):
            make_tool_call(tool="consultar_precio", ok=ok, refusal=refusal, duration_ms=100 * (number + 1))
        with statements() as seen:
            found = {entry.name: entry for entry in entries()}
    mine = found["consultar_precio"]
    assert (mine.agents, mine.own) == (("Sol",), True)
    assert (mine.use.calls, mine.use.failures, mine.use.median) == (4, 2, 250)
    assert found["rag_search"].use.calls == 0
    assert set(TOOLS) < set(found)
    assert len([sql for sql in seen.sql if "agents_" in sql]) == 3


@pytest.mark.parametrize("template", sorted(TEMPLATES))
def test_every_tool_a_template_names_reaches_the_model(acme: Tenant, llm: FakeLLM, template: str) -> None:
    """Seed defects §4.2 and §4.3: tools of a template that were never registered with the agent."""
    named = [name for name in TEMPLATES[template]["enabled_tools"] if name in TOOLS]
    employ(acme, llm, tools=named)
    llm.say("Hola")
    make_story(acme).hear("hola")
    offered = [each["function"]["name"] for each in llm.requests[0]["tools"]]
    assert offered == [name for name in named if tool_named(name).parameters_now is None]
    assert all(re.fullmatch(r"[a-z0-9_]{1,64}", name) for name in offered)


def test_no_tool_takes_a_phone_to_act_on(acme: Tenant) -> None:
    """Seed defect §4.3. `create_customer` takes what people say of themselves, for the chat's own contact alone."""
    takers = {name for name in TOOLS if "phone" in (tool_named(name).parameters.get("properties") or {})}
    assert takers <= {"create_customer"}
