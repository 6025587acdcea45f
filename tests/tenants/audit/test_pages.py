"""The page of the trail, one event on its own, and the file for spreadsheets; the same through the API."""

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from config.lib.cells import FORMULA
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tenants.models import SystemEvent, Tenant
from tenants.services import audit, audit_export, audit_words
from tests.factories.crm import make_lead
from tests.support.cast import Person
from tests.support.services import Services
from tests.tenants.audit.trail import ANA, actions, events, tell

Browser = Callable[..., Client]
Api = Callable[..., APIClient]


def text_of(answer: Any) -> str:
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return content.decode()


def table(answer: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text_of(answer).removeprefix("\ufeff"))))


def noted(tenant: Tenant, action: str, *, by: Actor = ANA, **more: Any) -> SystemEvent:
    with tenant_context(tenant):
        audit.record(action=action, by=by, **more)
    return events(tenant)[-1]


def test_the_list_says_who_did_what_in_words(client_as: Browser, acme: Tenant) -> None:
    noted(acme, "lead.stage_changed", resource=("lead", "0190a0b0-0000-7000-8000-000000000002"))
    noted(acme, "something.unheard_of", by=Actor("system", "", ""))
    page = text_of(client_as("ana").get("/auditoria/"))
    assert "Lead movido de etapa" in page
    assert "lead 0190a0b0" in page
    assert "something.unheard_of" in page
    assert "Nada se borra" in page


def test_it_is_read_in_english_too(client_as: Browser, acme: Tenant) -> None:
    noted(acme, "lead.stage_changed")
    client = client_as("ana", HTTP_ACCEPT_LANGUAGE="en")
    assert "Lead moved to another stage" in text_of(client.get("/auditoria/"))


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ({"action": "lead"}, {"lead.created"}),
        ({"who": "agent"}, {"agent.published"}),
        ({"outcome": "refused"}, {"login.refused"}),
        ({"resource": "contact"}, {"contact.created"}),
        ({"resource": "0190a0b0-0000-7000-8000-000000000007"}, {"contact.created"}),
        ({"who": ANA.id, "action": "login"}, {"login.refused"}),
        ({"since": "2099-01-01"}, set()),
        ({"until": "2001-01-01"}, set()),
    ],
)
def test_every_filter_narrows_page_api_and_file_alike(
    client_as: Browser, api_as: Api, acme: Tenant, query: dict[str, str], shown: set[str]
) -> None:
    noted(acme, "lead.created", resource=("lead", "0190a0b0-0000-7000-8000-000000000001"))
    noted(acme, "contact.created", resource=("contact", "0190a0b0-0000-7000-8000-000000000007"))
    noted(acme, "agent.published", by=Actor("agent", "1", "Vera"))
    noted(acme, "login.refused", outcome="refused")
    known = {"lead.created", "contact.created", "agent.published", "login.refused"}
    dates = {name: f"{value}T00:00:00Z" if name in ("since", "until") else value for name, value in query.items()}
    through_api = {row["action"] for row in api_as("ana").get("/api/v1/audit/logs/", dates).json()["results"]}
    assert through_api & known == shown
    page = text_of(client_as("ana").get("/auditoria/", query))
    assert {action for action in known if f">{audit_words.sentence(action)}</a>" in page} == shown
    rows = table(client_as("ana").get("/auditoria/exportar/", query))
    assert {row["Acción"] for row in rows} & known == shown


def test_dates_are_days_where_the_company_is(client_as: Browser, live_tenants: Any, test_services: Services) -> None:
    acme = live_tenants.acme
    event = noted(acme, "lead.created")
    with test_services.inside() as inside:  # 23:30 of the 10th in Buenos Aires
        late = datetime(2026, 3, 11, 2, 30, tzinfo=UTC)
        inside.execute("update tenants_systemevent set at = %s where id = %s", [late, event.pk])
    client = client_as("ana")
    for day, found in (("2026-03-09", False), ("2026-03-10", True), ("2026-03-11", False)):
        assert ("Lead creado" in text_of(client.get("/auditoria/", {"since": day, "until": day}))) == found


@pytest.mark.parametrize(
    "query",
    [
        {"since": "0001-01-01"},
        {"until": "9999-12-31"},
        {"since": "yesterday"},
        {"action": "nonsense"},
        {"outcome": "x"},
        {"who": "x" * 500},
        {"resource": "\x00"},
    ],
)
def test_a_senseless_filter_breaks_nothing(client_as: Browser, query: dict[str, str]) -> None:
    for path in ("/auditoria/", "/auditoria/exportar/"):
        assert client_as("ana").get(path, query).status_code in (200, 400)


def test_an_empty_result_says_what_to_do(client_as: Browser) -> None:
    page = text_of(client_as("ana").get("/auditoria/", {"since": "2099-01-01"}))
    assert "Ningún registro coincide" in page
    assert "Quitar filtros" in page


def test_pages_are_walked_by_cursor_and_keep_the_filters(client_as: Browser, acme: Tenant) -> None:
    tell(acme, 60)
    first = client_as("ana").get("/auditoria/", {"action": "contact"})
    assert first.context["page"].next
    assert f"action=contact&amp;cursor={first.context['page'].next}" in text_of(first)
    second = client_as("ana").get("/auditoria/", {"action": "contact", "cursor": first.context["page"].next})
    assert len(first.context["lines"]) == 50
    assert len(second.context["lines"]) >= 10
    assert not {each.event.pk for each in first.context["lines"]} & {each.event.pk for each in second.context["lines"]}
    assert client_as("ana").get("/auditoria/", {"cursor": "x"}).status_code == 400


def test_one_event_shows_each_field_before_and_after(client_as: Browser, acme: Tenant) -> None:
    diff = {"stage": ["nuevo", "ganado"], "owner": [None, "Sol"], "fields": ["name", "phone"], "hours": 24}
    event = noted(acme, "lead.updated", diff=diff, resource=("lead", "0190a0b0-0000-7000-8000-000000000001"))
    answer = client_as("ana").get(f"/auditoria/{event.pk}/")
    changes = {each.name: (each.before, each.after) for each in answer.context["changes"]}
    assert changes == {
        "Etapa": ("nuevo", "ganado"),
        "Vendedor": ("—", "Sol"),
        "Campos": (None, "name, phone"),
        "Horas": (None, "24"),
    }
    assert "/leads/0190a0b0-0000-7000-8000-000000000001/" in text_of(answer)


@pytest.mark.parametrize(
    ("diff", "shown"),
    [
        ({"before": {"a": 1, "b": None}, "after": {"a": 2, "b": ""}}, [("a", "1", "2"), ("b", "—", "—")]),
        ({"counts": {"leads": 2}}, [("Cantidades · leads", None, "2")]),
        ({"x": [True, False]}, [("x", "sí", "no")]),
        ({"x": []}, [("x", None, "—")]),
        ({}, []),
    ],
)
def test_changes_in_words(diff: dict[str, Any], shown: list[tuple[str, str | None, str]]) -> None:
    assert [(each.name, each.before, each.after) for each in audit_words.changes(diff)] == shown


def test_words_of_an_event_cannot_run(client_as: Browser, acme: Tenant) -> None:
    bad = "<script>alert(1)</script>"
    event = noted(acme, bad, by=Actor("user", "1", bad), diff={bad: [bad, bad]}, resource=(bad, bad))
    for path in ("/auditoria/", f"/auditoria/{event.pk}/"):
        assert "<script>alert" not in text_of(client_as("ana").get(path))


def test_an_erased_event_says_so(client_as: Browser, live_tenants: Any, test_services: Services) -> None:
    event = noted(live_tenants.acme, "lead.updated", diff={"name": ["Zoraida", "Zora"]})
    with test_services.inside() as inside:
        inside.execute(
            "update tenants_systemevent set redacted_at = now(), salt = null, actor_label = '', diff = '{}' where id = %s",
            [event.pk],
        )
    page = text_of(client_as("ana").get(f"/auditoria/{event.pk}/"))
    assert "se borró a su pedido" in page
    assert "Zora" not in page


def test_another_companys_event_does_not_exist(client_as: Browser, api_as: Api, acme: Tenant, globex: Tenant) -> None:
    event = noted(acme, "lead.created")
    assert client_as("gus").get(f"/auditoria/{event.pk}/").status_code == 404
    assert client_as("gus").get(f"/auditoria/{10**40}/").status_code == 404


def test_bug_the_seeds_list_showed_every_companys_events(
    client_as: Browser, api_as: Api, acme: Tenant, globex: Tenant
) -> None:
    noted(acme, "lead.created", by=Actor("user", "1", "Solo de Acme"))
    for query in ({}, {"action": "lead"}, {"who": "user"}, {"outcome": "ok"}, {"tenant_id": str(acme.pk)}):
        assert "Solo de Acme" not in text_of(client_as("gus").get("/auditoria/", query))
        assert "Solo de Acme" not in text_of(client_as("gus").get("/auditoria/exportar/", query))
        assert "Solo de Acme" not in text_of(api_as("gus").get("/api/v1/audit/logs/", query))
        assert "Solo de Acme" not in text_of(api_as("gus").get("/api/v1/audit/logs/export", query))


def test_bug_the_seeds_total_ignored_the_filters(api_as: Api, acme: Tenant) -> None:
    """No total is given, which nobody reads and which would cost a count; the pages end where the filtered rows do."""
    tell(acme, 5)
    noted(acme, "lead.created")
    seen, url = 0, "/api/v1/audit/logs/?action=contact.updated&limit=2"
    while url:
        answer = api_as("ana").get(url).json()
        assert set(answer) == {"results", "next", "previous"}
        seen += len(answer["results"])
        url = answer["next"]
    assert seen == 5


def test_the_api_tells_position_words_and_hash(api_as: Api, acme: Tenant) -> None:
    event = noted(acme, "lead.created")
    row = api_as("ana").get("/api/v1/audit/logs/", {"action": "lead"}).json()["results"][0]
    assert (row["position"], row["words"], row["hash"]) == (event.position, "Lead creado", bytes(event.hash).hex())


@pytest.mark.parametrize("path", ["/auditoria/exportar/", "/api/v1/audit/logs/export"])
def test_the_export_is_a_file_and_each_is_told(client_as: Browser, acme: Tenant, path: str) -> None:
    noted(acme, "lead.created", by=Actor("user", "1", "Ñandú"))
    for _each in range(2):
        answer = client_as("ana").get(path, {"action": "lead"})
        assert answer["Content-Type"] == "text/csv; charset=utf-8"
        assert answer["Content-Disposition"].startswith(f'attachment; filename="auditoria-{acme.slug}-')
        assert [row["Quién"] for row in table(answer) if row["Acción"] == "lead.created"] == ["Ñandú"]
    told = [each for each in events(acme) if each.action == "audit.exported"]
    assert [(each.outcome, each.diff) for each in told] == [("ok", {"filters": ["action"]})] * 2


def test_the_export_is_streamed_in_pieces(
    client_as: Browser, live_tenants: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_export, "CHUNK", 7)
    tell(live_tenants.acme, 30)
    answer = client_as("ana").get("/auditoria/exportar/", {"action": "contact"})
    tell(live_tenants.acme, 3)  # what happens meanwhile is not in it
    parts = list(answer.streaming_content)
    assert len(parts) >= 5
    rows = b"".join(parts).decode().splitlines()
    assert len(rows) == 31
    numbers = [int(row.split(",")[0]) for row in rows[1:]]
    assert numbers == sorted(numbers, reverse=True)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d"])
def test_no_cell_of_the_export_runs_in_a_spreadsheet(client_as: Browser, acme: Tenant, start: str) -> None:
    formula = f"{start}cmd|' /C calc'!A0"
    noted(acme, formula, by=Actor("user", formula, formula), resource=(formula, formula))
    rows = csv.reader(io.StringIO(text_of(client_as("ana").get("/auditoria/exportar/")), newline=""))
    cells = [cell for row in rows for cell in row]
    assert f"'{formula}" in cells
    assert [cell for cell in cells if cell.startswith(FORMULA)] == []


@pytest.mark.parametrize("name", ["sol", "teo", "rita", "paz"])
def test_only_who_runs_the_company_reads_or_exports_it(
    client_as: Browser, api_as: Api, acme: Tenant, name: str
) -> None:
    for path in ("/auditoria/", "/auditoria/exportar/", "/auditoria/1/"):
        assert client_as(name).get(path).status_code == 403
    for path in ("audit/logs/", "audit/logs/export"):
        assert api_as(name).get(f"/api/v1/{path}").status_code == 403
    assert ("audit.exported", "refused") in actions(acme)


def test_reading_the_trail_is_told_in_the_trail(client_as: Browser, acme: Tenant, ana: Person) -> None:
    client_as("ana").get("/auditoria/")
    assert actions(acme)[-1] == ("audit.viewed", "ok")


def test_a_thing_without_a_page_or_without_the_right_has_no_link(acme: Tenant, ana: Person, sol: Person) -> None:
    with tenant_context(acme):
        lead = make_lead()
    assert ana.member is not None
    assert sol.member is not None
    known = noted(acme, "run.viewed", resource=("agentrun", str(lead.pk)))
    assert audit_words.page_for(known, ana.member) == f"/agentes/turnos/{lead.pk}/"
    assert audit_words.page_for(known, sol.member) == ""
    odd = noted(acme, "x", resource=("lead", "../../etc"))
    assert audit_words.page_for(odd, ana.member) == ""


def test_it_stands_in_the_menu_of_who_may_read_it(client_as: Browser) -> None:
    assert 'href="/auditoria/"' in text_of(client_as("ana").get("/mi-dia/"))
    assert 'href="/auditoria/"' not in text_of(client_as("sol").get("/mi-dia/"))


def test_it_has_the_same_few_statements_however_long_it_is(client_as: Browser, acme: Tenant, statements: Any) -> None:
    counts, client = [], client_as("ana")
    for more in (3, 80):
        tell(acme, more)
        with statements() as seen:
            assert client.get("/auditoria/").status_code == 200
        counts.append(seen.count)
    assert counts[0] == counts[1] <= 8
