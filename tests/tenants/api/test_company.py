"""Members, secrets, settings and the audit log through the API."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from rest_framework.test import APIClient

from tenants.context import tenant_context
from tenants.models import SystemEvent, Tenant
from tenants.services import tenant_settings, vault

Api = Callable[..., APIClient]


def test_members_are_listed_with_their_role(api_as: Api) -> None:
    rows = api_as("rita").get("/api/v1/members/").json()["results"]
    found = {row["user"]["name"]: (row["role"], row["status"]) for row in rows}
    assert found["Ana"] == ("ceo", "active")
    assert found["Pia"] == ("closer", "pending")
    assert "Gus" not in found
    assert "password" not in str(rows)


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ("status=pending", {"Pia"}),
        ("role=ceo&status=active", {"Ana"}),
        ("search=SOL%40", {"Sol"}),
        ("search=gus", set()),
        ("status=none", set()),
    ],
)
def test_members_are_found_by_state_role_and_words(api_as: Api, asked: str, names: set[str]) -> None:
    rows = api_as("ana").get(f"/api/v1/members/?{asked}").json()["results"]
    assert {row["user"]["name"] for row in rows} == names


def test_a_secret_is_stored_listed_by_name_and_never_shown(api_as: Api, acme: Tenant) -> None:
    api = api_as("ana")
    answer = api.put("/api/v1/credentials/openai/API_KEY", {"value": "sk-live-0123456789"})
    assert answer.status_code == 200
    assert answer.json()["last_four"] == "6789"
    listed = api.get("/api/v1/credentials/")
    assert [(row["category"], row["name"]) for row in listed.json()["results"]] == [("openai", "API_KEY")]
    assert b"sk-live" not in listed.content + answer.content
    with tenant_context(acme):
        assert vault.get_tenant_credential(acme.pk, "openai", "API_KEY") == "sk-live-0123456789"
        diffs = SystemEvent.objects.filter(tenant_id=acme.pk, action="credential.saved").values_list("diff", flat=True)
        assert "sk-live" not in str(list(diffs))


def test_a_secret_may_belong_to_one_channel(api_as: Api) -> None:
    name = "ACCESS_TOKEN@0190a0b0-0000-7000-8000-000000000000"
    assert api_as("ana").put(f"/api/v1/credentials/whatsapp_cloud/{name}/", {"value": "token"}).status_code == 200


def test_a_secret_is_forgotten(api_as: Api) -> None:
    api = api_as("ana")
    api.put("/api/v1/credentials/openai/API_KEY", {"value": "sk-live-0123456789"})
    assert api.delete("/api/v1/credentials/openai/API_KEY").status_code == 204
    assert api.delete("/api/v1/credentials/openai/API_KEY").status_code == 404
    assert api.get("/api/v1/credentials/").json()["results"] == []


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("unknown/API_KEY", {"value": "x"}, 422),
        ("openai/api_key", {"value": "x"}, 422),
        ("openai/API_KEY", {"value": ""}, 400),
        ("openai/API_KEY", {}, 400),
        ("openai/API_KEY", {"value": "x" * 20_001}, 400),
    ],
)
def test_a_malformed_secret_is_refused(api_as: Api, path: str, body: dict[str, str], status: int) -> None:
    answer = api_as("ana").put(f"/api/v1/credentials/{path}", body)
    assert answer.status_code == status
    assert answer.json()["error"]["fields"]


@pytest.mark.parametrize("name", ["sol", "teo", "rita", "paz"])
def test_only_who_runs_the_company_reaches_secrets_settings_and_audit(api_as: Api, name: str) -> None:
    for path in ("credentials/", "settings/", "audit/logs/"):
        assert api_as(name).get(f"/api/v1/{path}").status_code == 403
    assert api_as(name).put("/api/v1/credentials/openai/API_KEY", {"value": "x"}).status_code == 403
    assert api_as(name).patch("/api/v1/settings/", {"spacing_seconds": 1}).status_code == 403


def test_settings_start_with_the_platforms_numbers_and_keep_the_companys_own(
    api_as: Api, acme: Tenant, settings: object
) -> None:
    api = api_as("ana")
    before = api.get("/api/v1/settings/").json()
    assert before["buffer_seconds"] == settings.INBOUND_BUFFER_SECONDS
    assert before["ai_daily_spend_usd"] is None
    after = api.patch("/api/v1/settings/", {"buffer_seconds": 3, "ai_daily_spend_usd": "2.50"}).json()
    assert after["buffer_seconds"] == 3
    assert Decimal(after["ai_daily_spend_usd"]) == Decimal("2.5")
    assert api.get("/api/v1/settings/").json() == after
    with tenant_context(acme):
        in_force = tenant_settings.of(Tenant.objects.get(pk=acme.pk))
        assert (in_force.buffer_seconds, in_force.ai_daily_spend_usd) == (3, Decimal("2.5"))
        event = SystemEvent.objects.get(tenant_id=acme.pk, action="settings.updated")
        assert event.diff["buffer_seconds"] == [None, 3.0]


def test_the_rate_and_the_fees_of_the_provider_are_kept_exactly(api_as: Api, acme: Tenant) -> None:
    api = api_as("ana")
    before = api.get("/api/v1/settings/").json()
    assert (before["ai_warn_percent"], before["usd_rate"], before["message_fees_usd"]) == (80, None, {})
    said = {
        "ai_warn_percent": 70,
        "usd_rate": "1450.505",
        "message_fees_usd": {"utility": "0.026", "marketing": "0.0618"},
    }
    after = api.patch("/api/v1/settings/", said).json()
    assert (after["ai_warn_percent"], Decimal(after["usd_rate"])) == (70, Decimal("1450.505"))
    assert {name: Decimal(fee) for name, fee in after["message_fees_usd"].items()} == {
        "marketing": Decimal("0.0618"),
        "utility": Decimal("0.026"),
    }
    with tenant_context(acme):
        in_force = tenant_settings.of(Tenant.objects.get(pk=acme.pk))
    assert in_force.message_fees_usd["marketing"] == Decimal("0.0618")
    assert api.patch("/api/v1/settings/", dict.fromkeys(said)).json() == before


def test_what_models_cost_is_kept_exactly(api_as: Api, acme: Tenant) -> None:
    api = api_as("ana")
    before = api.get("/api/v1/settings/").json()
    assert before["model_prices_usd"] == {}
    said = {
        "model_prices_usd": {
            "GPT-5.5": {"input": "1.25", "cached": "0.125", "output": "10"},
            "propio": {"input": 0, "output": 0, "cached": None},
        }
    }
    after = api.patch("/api/v1/settings/", said).json()["model_prices_usd"]
    assert {name: Decimal(figure) for name, figure in after["gpt-5.5"].items()} == {
        "input": Decimal("1.25"),
        "cached": Decimal("0.125"),
        "output": Decimal(10),
    }
    assert after["propio"]["cached"] is None
    with tenant_context(acme):
        in_force = tenant_settings.of(Tenant.objects.get(pk=acme.pk)).model_prices_usd
        event = SystemEvent.objects.filter(tenant_id=acme.pk, action="settings.updated").latest("pk")
    assert in_force["gpt-5.5"].cached == Decimal("0.125")
    assert list(event.diff) == ["model_prices_usd"]
    assert api_as("rita").patch("/api/v1/settings/", said).status_code == 403
    assert api.patch("/api/v1/settings/", {"model_prices_usd": None}).json() == before


def test_null_puts_the_default_back(api_as: Api) -> None:
    api = api_as("ana")
    before = api.get("/api/v1/settings/").json()
    api.patch("/api/v1/settings/", {"spacing_seconds": 9, "ai_daily_spend_usd": 1})
    assert api.patch("/api/v1/settings/", {"spacing_seconds": None, "ai_daily_spend_usd": None}).json() == before


@pytest.mark.parametrize(
    "body",
    [
        {"buffer_seconds": -1},
        {"buffer_seconds": 121},
        {"buffer_seconds": "soon"},
        {"human_override_hours": 0},
        {"ai_daily_spend_usd": "-1"},
        {"ai_daily_spend_usd": "NaN"},
        {"ai_daily_spend_usd": "9999999"},
        {"ai_warn_percent": 0},
        {"ai_warn_percent": 101},
        {"usd_rate": "0"},
        {"usd_rate": "NaN"},
        {"usd_rate": "1.0000001"},
        {"message_fees_usd": {"marketing": "-1"}},
        {"message_fees_usd": {"marketing": "0.0000001"}},
        {"message_fees_usd": {"<b>": "1"}},
        {"message_fees_usd": "0.06"},
        {"model_prices_usd": {"gpt-5.5": "1"}},
        {"model_prices_usd": {"gpt-5.5": {"input": "1"}}},
        {"model_prices_usd": {"gpt-5.5": {"input": "-1", "output": "1"}}},
        {"model_prices_usd": {"gpt-5.5": {"input": "1", "output": "10001"}}},
        {"model_prices_usd": {"<b>": {"input": "1", "output": "1"}}},
    ],
)
def test_a_setting_out_of_its_limits_changes_nothing(api_as: Api, body: dict[str, object]) -> None:
    api = api_as("ana")
    before = api.get("/api/v1/settings/").json()
    answer = api.patch("/api/v1/settings/", body)
    assert answer.status_code in (400, 422)
    assert set(answer.json()["error"]["fields"]) == set(body)
    assert api.get("/api/v1/settings/").json() == before


def test_the_audit_log_is_read_by_action_and_resource_page_by_page(api_as: Api, acme: Tenant) -> None:
    api = api_as("ana")
    contacts = [api.post("/api/v1/contacts/", {"name": f"P{number}"}).json()["id"] for number in range(5)]
    api.patch(f"/api/v1/contacts/{contacts[0]}/", {"name": "Otro"})
    rows = api.get("/api/v1/audit/logs/", {"resource": contacts[0]}).json()["results"]
    assert [row["action"] for row in rows] == ["contact.updated", "contact.created"]
    assert rows[0]["actor_label"] == "Ana"
    seen, url = [], "/api/v1/audit/logs/?action=contact.created&limit=2"
    while url:
        page = api.get(url).json()
        seen += [row["resource_id"] for row in page["results"]]
        url = page["next"]
    assert seen == contacts[::-1]


def test_pages_of_the_audit_log_lead_back(api_as: Api) -> None:
    api = api_as("ana")
    for number in range(5):
        api.post("/api/v1/contacts/", {"name": f"P{number}"})
    first = api.get("/api/v1/audit/logs/?action=contact.created&limit=2").json()
    second = api.get(first["next"]).json()
    assert first["previous"] is None
    assert api.get(second["previous"]).json()["results"] == first["results"]


@pytest.mark.parametrize("cursor", ["x", "b", "bx", "b²", "b" + "9" * 19, "c1"])
def test_a_broken_cursor_of_the_audit_log_is_a_400(api_as: Api, cursor: str) -> None:
    answer = api_as("ana").get("/api/v1/audit/logs/", {"cursor": cursor})
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "bad_cursor"


def test_another_companys_office_is_not_seen(api_as: Api, acme: Tenant) -> None:
    api_as("ana").put("/api/v1/credentials/openai/API_KEY", {"value": "sk-live-0123456789"})
    assert api_as("gus").get("/api/v1/credentials/").json()["results"] == []
    assert api_as("gus").delete("/api/v1/credentials/openai/API_KEY").status_code == 404
    assert all(row["actor_label"] != "Ana" for row in api_as("gus").get("/api/v1/audit/logs/").json()["results"])
