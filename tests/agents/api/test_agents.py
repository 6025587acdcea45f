"""Agents, versions, tools and runs through the API."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from rest_framework.test import APIClient

from tenants.context import tenant_context
from tenants.models import Tenant
from tests.factories.agents import make_entry, make_report, make_run, make_tool_call

Api = Callable[..., APIClient]
AGENT = {
    "name": "Lucía",
    "role": "Ventas",
    "model_provider": "demo",
    "model_version": "demo-1",
    "temperature": 0.4,
    "system_prompt_template": "Ayudar a comprar.",
    "enabled_tools": ["create_customer", "rag_search"],
    "channels": ["whatsapp", "web"],
    "config": {"tone": "cordial"},
    "template_type": "",
    "is_active": True,
}


def made(api: APIClient, **over: object) -> dict[str, Any]:
    answer = api.post("/api/v1/agents/", {**AGENT, **over})
    assert answer.status_code == 201, answer.content
    return answer.json()


def test_an_agent_is_created_as_written_and_answers_at_once(api_as: Api) -> None:
    api = api_as("ana")
    agent = made(api)
    assert {name: agent[name] for name in AGENT} == AGENT
    assert agent["published_version"] == 1
    assert api.get(f"/api/v1/agents/{agent['id']}/").json() == agent
    assert agent["id"] in [row["id"] for row in api.get("/api/v1/agents/").json()["results"]]


def test_a_change_meets_customers_when_it_is_published_and_may_be_put_back(api_as: Api) -> None:
    api = api_as("ana")
    agent = made(api)
    url = f"/api/v1/agents/{agent['id']}/"
    assert api.patch(url, {"system_prompt_template": "Vender."}).json()["published_version"] == 1
    assert api.post(f"{url}publish").json()["number"] == 2
    assert api.post(f"{url}publish").json()["number"] == 2
    versions = api.get(f"{url}versions").json()["results"]
    assert [(row["number"], row["snapshot"]["system_prompt_template"]) for row in versions] == [
        (2, "Vender."),
        (1, "Ayudar a comprar."),
    ]
    assert api.post(f"{url}restore", {"version": 1}).json()["number"] == 3
    assert api.get(url).json()["system_prompt_template"] == "Ayudar a comprar."
    assert api.post(f"{url}restore", {"version": 99}).status_code == 404
    assert api.post(f"{url}restore", {}).status_code == 400


@pytest.mark.parametrize(
    "over",
    [
        {"name": ""},
        {"model_provider": "skynet"},
        {"temperature": 3},
        {"temperature": "hot"},
        {"enabled_tools": ["rm"]},
        {"enabled_tools": "all"},
        {"channels": ["fax"]},
        {"config": []},
        {"system_prompt_template": "x" * 20_001},
    ],
)
def test_a_wrong_agent_is_refused_by_field(api_as: Api, over: dict[str, Any]) -> None:
    answer = api_as("ana").post("/api/v1/agents/", {**AGENT, **over})
    assert answer.status_code in (400, 422)
    assert set(answer.json()["error"]["fields"]) == set(over)


def test_an_agent_is_removed(api_as: Api) -> None:
    api = api_as("ana")
    url = f"/api/v1/agents/{made(api)['id']}/"
    assert api.delete(url).status_code == 204
    assert api.get(url).status_code == 404


def test_the_tools_are_listed_with_their_schema(api_as: Api) -> None:
    rows = api_as("rita").get("/api/v1/tools/").json()["results"]
    assert {"create_customer", "qualify_lead", "rag_search", "handoff_to_human"} <= {row["name"] for row in rows}
    assert all(row["parameters"]["type"] == "object" and row["description"] for row in rows)


def test_a_run_shows_its_steps_and_tool_calls(api_as: Api, acme: Tenant) -> None:
    conversation = uuid4()
    with tenant_context(acme):
        run = make_run(conversation_id=conversation, is_demo=True, steps=[{"type": "prompt"}], status="done")
        make_tool_call(run=run, tool="rag_search", arguments={"query": "x"}, ok=True)
        make_run(conversation_id=uuid4(), status="failed")
    api = api_as("rita")
    rows = api.get("/api/v1/runs/", {"conversation": str(conversation)}).json()["results"]
    assert [row["id"] for row in rows] == [str(run.pk)]
    detail = api.get(f"/api/v1/runs/{run.pk}/").json()
    assert {name: detail[name] for name in rows[0]} == rows[0]
    assert (rows[0]["is_demo"], rows[0]["provider"], rows[0]["steps"]) == (True, "demo", [{"type": "prompt"}])
    assert rows[0]["tool_calls"][0]["arguments"] == {"query": "x"}
    assert len(api.get("/api/v1/runs/", {"status": "failed"}).json()["results"]) == 1
    assert api.get("/api/v1/runs/", {"conversation": "x"}).status_code == 400


def test_a_run_tells_why_this_agent_what_was_booked_and_what_it_reported(api_as: Api, acme: Tenant) -> None:
    api = api_as("rita")
    with tenant_context(acme):
        run = make_run(triage={"words": "Tema: ventas.", "decision": {"why": "rules"}}, purpose="copilot")
        make_report(run=run, kind="sales", score="0.75", reasoning="Eligió")
        make_entry(source=str(run.pk), amount="304.605", currency="ARS")
        bare = make_run()
    one = api.get(f"/api/v1/runs/{run.pk}/").json()
    assert (one["amount"], one["currency"]) == ("304.605000", "ARS")
    assert one["reports"] == [{"kind": "sales", "score": "0.75", "reasoning": "Eligió"}]
    assert one["triage"] == {"words": "Tema: ventas.", "decision": {"why": "rules"}}
    other = api.get(f"/api/v1/runs/{bare.pk}/").json()
    assert (other["amount"], other["currency"], other["reports"], other["triage"]) == (None, "", [], {})
    listed = api.get("/api/v1/runs/").json()["results"]
    assert listed[1]["triage"]["words"] == "Tema: ventas."
    assert not {"amount", "reports"} & set(listed[0]), "only where they cost no statement a row"


def test_agents_are_written_by_who_runs_the_company_only(api_as: Api) -> None:
    agent = made(api_as("ana"))
    url = f"/api/v1/agents/{agent['id']}/"
    assert api_as("rita").get(url).status_code == 200
    assert api_as("rita").patch(url, {"name": "x"}).status_code == 403
    assert api_as("sol").get(url).status_code == api_as("sol").get("/api/v1/runs/").status_code == 403
    for answer in (
        api_as("gus").get(url),
        api_as("gus").patch(url, {"name": "x"}),
        api_as("gus").post(f"{url}publish"),
    ):
        assert answer.status_code == 404
