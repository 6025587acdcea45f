"""The ledger and its sums over the API."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from agents.models import AgentRun
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.factories.agents import make_agent, make_entry, make_run
from tests.factories.messaging import make_conversation

Api = Callable[..., Any]
REPORT = "/api/v1/reports/ai-costs/?period=custom&from=2026-11-01&to=2026-11-30"
LEDGER = "/api/v1/ledger/?period=custom&from=2026-11-01&to=2026-11-30"
NOON = datetime(2026, 11, 10, 15, tzinfo=UTC)


@pytest.fixture
def spent(acme: Tenant) -> Tenant:
    with tenant_context(acme):
        vera, chat = make_agent(name="Vera"), make_conversation()
        make_entry(agent=vera, usd="0.1", amount="145", rate="1450", created_at=NOON, conversation_id=chat.pk)
        make_entry(usd="0.2", kind="message", what="marketing", created_at=NOON + timedelta(days=1))
        make_entry(usd=None, what="propio", created_at=NOON + timedelta(days=1, minutes=1))
    return acme


def test_the_report_tells_exact_sums_and_what_is_unknown(spent: Tenant, api_as: Api) -> None:
    found = api_as("ana").get(REPORT).json()
    assert found["period"] == {"name": "custom", "from": "2026-11-01", "to": "2026-11-30"}
    assert {**found["total"], "usd": Decimal(found["total"]["usd"])} == {
        "entries": 3,
        "unknown": 1,
        "tokens": 30,
        "usd": Decimal("0.3"),
        "amounts": [{"amount": "145.000000", "currency": "ARS"}],
    }
    assert [day["day"] for day in found["days"]] == ["2026-11-11", "2026-11-10"]
    assert [line["label"] for line in found["by_agent"]] == ["Vera", ""]
    assert found["by_model"][1]["usd"] is None
    assert found["by_category"][0]["key"] == "marketing"
    assert found["per_conversation"]["count"] == 1
    assert Decimal(found["per_conversation"]["each"]["usd"]) == Decimal("0.1")
    assert found["per_booking"]["each"] == {"usd": None, "amounts": []}
    assert found["today"] == {"spent_usd": "0", "ceiling_usd": None, "percent": None, "level": "watch"}


def test_the_list_is_what_a_sum_counts(spent: Tenant, api_as: Api) -> None:
    rows = api_as("ana").get(LEDGER).json()["results"]
    assert [row["kind"] for row in rows] == ["model", "message", "model"]
    assert [row["usd"] for row in rows] == [None, "0.200000000", "0.100000000"]
    assert len(api_as("ana").get(f"{LEDGER}&kind=message").json()["results"]) == 1
    assert len(api_as("ana").get(f"{LEDGER}&unpriced=true").json()["results"]) == 1
    assert len(api_as("ana").get(f"{LEDGER}&outcome=chat").json()["results"]) == 1


@pytest.mark.parametrize("query", ["period=always", "period=custom&from=2020-01-01&to=2026-01-01", "kind=x"])
def test_what_is_not_understood_is_refused(acme: Tenant, api_as: Api, query: str) -> None:
    assert api_as("ana").get(f"/api/v1/ledger/?{query}").status_code == 400


def test_who_may_not_read_turns_reads_no_costs(spent: Tenant, api_as: Api) -> None:
    assert api_as("rita").get(REPORT).status_code == 200
    assert api_as("sol").get(REPORT).status_code == api_as("sol").get(LEDGER).status_code == 403
    assert api_as("gus").get(REPORT).json()["total"]["entries"] == 0


def test_reports_of_the_crm_are_where_they_were(acme: Tenant, api_as: Api) -> None:
    assert api_as("ana").get("/api/v1/reports/funnel/").json()["report"] == "funnel"
    assert api_as("ana").get("/api/v1/reports/nonsense/").status_code == 404


def test_runs_are_narrowed_by_purpose_and_day(acme: Tenant, api_as: Api) -> None:
    with tenant_context(acme):
        agent = make_agent()
        kept = [make_run(agent=agent, purpose=purpose) for purpose in ("turn", "test")]
        flagged = make_run(agent=agent, flags=["limit:steps"])
        AgentRun.objects.filter(pk=kept[0].pk).update(created_at=NOON)
        today = timezone.now().date()
    api = api_as("ana")

    def ids(query: str) -> list[str]:
        return [row["id"] for row in api.get(f"/api/v1/runs/?{query}").json()["results"]]

    assert ids("purpose=test") == [str(kept[1].pk)]
    assert ids("day=2026-11-10") == [str(kept[0].pk)]
    assert ids("from=2026-11-10&to=2026-11-10") == [str(kept[0].pk)]
    assert ids("flagged=true") == [str(flagged.pk)]
    assert len(ids(f"to={today + timedelta(days=1)}")) == 3
    assert api.get("/api/v1/runs/?day=0001-01-01").status_code == 400
    assert api.get(f"/api/v1/runs/?purpose=test&agent={agent.pk}").json()["results"][0]["purpose"] == "test"
