"""Undoing an act of an agent through the API: the same service as the page."""

from collections.abc import Callable

import pytest
from rest_framework.test import APIClient

from agents.models import ToolCall
from tenants.models import Tenant
from tests.agents.services.story import Story, make_story
from tests.agents.tools.undoing import box_of, call_of, contact_of, use

Api = Callable[..., APIClient]
pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture
def story(acme: Tenant) -> Story:
    return make_story(acme, name="", phone=None, email="")


@pytest.fixture
def saved(acme: Tenant, story: Story) -> ToolCall:
    use(box_of(acme, story, "create_customer"), "create_customer", name="Ana Ruiz")
    return call_of(acme, "create_customer")


def test_it_is_looked_at_undone_once_and_told(acme: Tenant, story: Story, saved: ToolCall, api_as: Api) -> None:
    api, url = api_as("ana"), f"/api/v1/tool-calls/{saved.pk}/undo/"
    before = api.get(url).json()
    assert (before["tool"], before["refusal"], before["undone_at"]) == ("create_customer", "", None)
    assert before["back"] == ["Vuelve a quedar vacío: nombre."]
    done = api.post(url)
    assert done.status_code == 200, done.content
    assert done.json()["undone_by"] == "Ana"
    assert contact_of(acme, story).name == ""
    again = api_as("rita").post(url)
    assert (again.status_code, again.json()["error"]["code"]) == (409, "undone")
    assert api.get(url).json()["undone_at"] == done.json()["undone_at"]


def test_what_the_server_keeps_for_it_is_not_shown_with_the_run(saved: ToolCall, api_as: Api) -> None:
    run = api_as("ana").get(f"/api/v1/runs/{saved.run_id}/").json()
    (call,) = run["tool_calls"]
    assert "back" not in call
    assert (call["undone_at"], call["undone_by"]) == (None, "")


def test_another_company_finds_nothing(acme: Tenant, story: Story, saved: ToolCall, api_as: Api) -> None:
    url = f"/api/v1/tool-calls/{saved.pk}/undo/"
    assert api_as("gus").get(url).status_code == 404
    assert api_as("gus").post(url).status_code == 404
    assert api_as("gus").post("/api/v1/tool-calls/no-es-una-clave/undo/").status_code == 404
    assert contact_of(acme, story).name == "Ana Ruiz"
