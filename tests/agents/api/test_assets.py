"""Texts of the business, the preview and the roster through the API."""

from collections.abc import Callable

import pytest
from rest_framework.test import APIClient

from agents.models import Agent
from tenants.context import tenant_context
from tenants.models import Tenant

Api = Callable[..., APIClient]
HOME = "/api/v1/business-assets/"
FIELDS = {"key": "marca", "kind": "branding", "title": "Quiénes somos", "content": "Desde 1990."}


def test_a_text_lives_and_goes(api_as: Api) -> None:
    api = api_as("ana")
    made = api.post(HOME, FIELDS)
    assert made.status_code == 201, made.content
    asset = made.json()
    assert {name: asset[name] for name in FIELDS} == FIELDS
    assert (asset["is_active"], asset["used_by"]) == (True, [])
    url = f"{HOME}{asset['id']}/"
    agent = api.post("/api/v1/agents/", {"name": "Vera", "system_prompt_template": "{{asset.marca}}"}).json()
    assert api.get(url).json()["used_by"] == [{"id": agent["id"], "name": "Vera"}]
    assert api.get(HOME).json()["results"][0]["key"] == "marca"
    refused = api.patch(url, {"key": "lema"})
    assert (refused.status_code, set(refused.json()["error"]["fields"])) == (422, {"key"})
    assert api.delete(url).status_code == 422
    assert api.patch(url, {"content": "Desde 1985."}).json()["content"] == "Desde 1985."
    assert api.delete(f"/api/v1/agents/{agent['id']}/").status_code == 204
    assert api.delete(url).status_code == 204
    assert api.get(url).status_code == 404


@pytest.mark.parametrize("over", [{"key": "con espacio"}, {"kind": "x"}, {"content": "x" * 8001}, {"title": ""}])
def test_a_wrong_text_is_refused_by_field(api_as: Api, over: dict[str, str]) -> None:
    answer = api_as("ana").post(HOME, {**FIELDS, **over})
    assert answer.status_code in (400, 422)
    assert set(answer.json()["error"]["fields"]) == set(over)


def test_readers_read_and_others_find_nothing(api_as: Api) -> None:
    url = f"{HOME}{api_as('ana').post(HOME, FIELDS).json()['id']}/"
    assert api_as("rita").get(url).status_code == 200
    assert api_as("rita").patch(url, {"title": "x"}).status_code == 403
    assert api_as("sol").get(HOME).status_code == 403
    assert api_as("gus").get(url).status_code == 404


def test_the_preview_is_what_a_model_would_read(api_as: Api) -> None:
    api = api_as("ana")
    agent = api.post("/api/v1/agents/", {"name": "Vera", "system_prompt_template": "{{agente}} {{precio}}"}).json()
    preview = api.get(f"/api/v1/agents/{agent['id']}/preview").json()
    assert preview["text"].startswith("Vera {{precio}}")
    assert preview["tokens"] > 100
    assert len(preview["warnings"]) == 1


def test_the_roster_names_who_answers(acme: Tenant, api_as: Api) -> None:
    with tenant_context(acme):
        Agent.objects.all().delete()
    api = api_as("ana")
    api.post("/api/v1/agents/", {"name": "Vera", "channels": ["web"], "is_active": True})
    (row,) = [row for row in api.get("/api/v1/agents/roster").json()["results"] if row["channel"] == "web"]
    assert row == {
        "channel": "web",
        "now": "Vera",
        "attending": ["Vera"],
        "outside": ["Vera"],
        "specialists": [],
        "warnings": [],
    }


def test_a_wrong_setting_is_named_and_an_unknown_one_kept(api_as: Api) -> None:
    api = api_as("ana")
    answer = api.post("/api/v1/agents/", {"name": "Vera", "config": {"register": "gritos"}})
    assert (answer.status_code, set(answer.json()["error"]["fields"])) == (422, {"config.register"})
    config = {"register": "usted", "hours": {"mode": "business", "away": "Volvemos."}, "mine": {"a": [1]}}
    assert api.post("/api/v1/agents/", {"name": "Vera", "config": config}).json()["config"] == config
