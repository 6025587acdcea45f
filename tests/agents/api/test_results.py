"""Results over the API: the sums, the ends behind them, and a correction that nobody loses."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from agents.models import Assessment
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.factories.agents import make_agent, make_assessment
from tests.factories.messaging import make_conversation

Api = Callable[..., Any]
DAYS = "period=custom&from=2026-11-01&to=2026-11-30"
REPORT, ENDS = f"/api/v1/reports/ai-results/?{DAYS}", f"/api/v1/assessments/?{DAYS}"
NOON = datetime(2026, 11, 10, 15, tzinfo=UTC)


@pytest.fixture
def ends(acme: Tenant) -> list[Assessment]:
    with tenant_context(acme):
        vera, chat = make_agent(name="Vera"), make_conversation()
        given: tuple[tuple[str, str, list[str]], ...] = (
            ("resolved", "thanked", ["thanked"]),
            ("handed_over", "person", ["unanswered"]),
            ("unknown", "silence", []),
        )
        return [
            make_assessment(
                agent=vera, outcome=outcome, reason=reason, facts=facts, ended_at=NOON, conversation_id=chat.pk
            )
            for outcome, reason, facts in given
        ]


def test_the_report_tells_outcomes_reasons_and_what_is_missing(ends: list[Assessment], api_as: Api) -> None:
    found = api_as("ana").get(REPORT).json()
    assert found["period"] == {"name": "custom", "from": "2026-11-01", "to": "2026-11-30"}
    assert (found["total"], found["corrected"], found["resolved_percent"]) == (3, 0, None)
    assert found["outcomes"] == {"resolved": 1, "handed_over": 1, "unresolved": 0, "unknown": 1}
    assert found["reasons"]["handed_over"] == [{"reason": "person", "count": 1}]
    assert found["by_agent"][0]["label"] == "Vera"
    assert found["first_response"] == {"count": 3, "p50": 20, "p90": 20}
    assert found["savings"]["amount"] is None
    assert found["savings"]["hourly_cost"] is None
    assert found["costs"]["booking"] == {"count": 0, "of": 0, "usd": None}


def test_the_report_promises_no_filter_that_it_has_not(ends: list[Assessment], api_as: Api) -> None:
    """It narrows by agent; the other words of the list are of the list alone."""
    api = api_as("ana")
    assert api.get(f"{REPORT}&outcome=great").json()["total"] == 3
    assert api.get(f"{REPORT}&agent=-").json()["total"] == 0
    schema = api.get("/api/v1/schema/?format=json").json()
    names = {row["name"] for row in schema["paths"]["/api/v1/reports/ai-results/"]["get"]["parameters"]}
    assert names == {"period", "from", "to", "agent"}


def test_the_list_is_what_a_number_counts(ends: list[Assessment], api_as: Api) -> None:
    api = api_as("ana")
    assert len(api.get(ENDS).json()["results"]) == 3
    for query, many in (("outcome=resolved", 1), ("reason=person", 1), ("fact=unanswered", 1), ("corrected=true", 0)):
        assert len(api.get(f"{ENDS}&{query}").json()["results"]) == many, query
    assert len(api.get(f"{ENDS}&agent={ends[0].agent_id}").json()["results"]) == 3


@pytest.mark.parametrize("query", ["period=always", "period=custom&from=2020-01-01&to=2026-01-01", "outcome=great"])
def test_what_is_not_understood_is_refused(acme: Tenant, api_as: Api, query: str) -> None:
    assert api_as("ana").get(f"/api/v1/assessments/?{query}").status_code == 400


def test_a_correction_wins_and_the_second_sees_the_first(ends: list[Assessment], api_as: Api) -> None:
    ana, rita, address = api_as("ana"), api_as("rita"), f"/api/v1/assessments/{ends[2].pk}/"
    seen = ana.get(address).json()["seen"]
    body = {"outcome": "resolved", "note": "compró", "seen": seen}
    first = ana.post(f"{address}correction/", body, format="json")
    assert (first.status_code, first.json()["outcome"], first.json()["by_rules"]) == (200, "resolved", "unknown")
    late = rita.post(f"{address}correction/", {**body, "outcome": "unresolved"}, format="json")
    assert late.status_code == 409
    assert "ya lo corrigió" in late.json()["error"]["message"]
    now = {**body, "outcome": "unresolved", "seen": rita.get(address).json()["seen"]}
    assert rita.post(f"{address}correction/", now, format="json").json()["outcome"] == "unresolved"
    assert ana.get(REPORT).json()["outcomes"]["unresolved"] == 1


@pytest.mark.parametrize("body", [{}, {"outcome": "great", "seen": ""}, {"outcome": "resolved"}])
def test_a_body_that_is_not_whole_is_refused(ends: list[Assessment], api_as: Api, body: dict[str, str]) -> None:
    answer = api_as("ana").post(f"/api/v1/assessments/{ends[0].pk}/correction/", body, format="json")
    assert answer.status_code == 400


def test_who_may_what(ends: list[Assessment], api_as: Api) -> None:
    address = f"/api/v1/assessments/{ends[0].pk}/"
    sol, gus = api_as("sol"), api_as("gus")
    assert (sol.get(REPORT).status_code, sol.get(ENDS).status_code, sol.get(address).status_code) == (403, 403, 200)
    assert gus.get(address).status_code == 404
    body = {"outcome": "resolved", "seen": ""}
    assert gus.post(f"{address}correction/", body, format="json").status_code == 404
    assert gus.get(REPORT).json()["total"] == 0
    assert sol.post(f"{address}correction/", body, format="json").status_code == 200


def test_the_ends_of_one_conversation(ends: list[Assessment], api_as: Api) -> None:
    address = f"/api/v1/conversations/{ends[0].conversation_id}/assessments/"
    assert len(api_as("sol").get(address).json()["results"]) == 3
    assert api_as("gus").get(address).status_code == 404
