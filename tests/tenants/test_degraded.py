"""A company whose module lacks a table or a column says so, and everything else goes on; its work waits and is not lost."""

import logging
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from django.db import ProgrammingError
from django.test import Client

from config import health
from config.lib import refusals
from config.lib.redis import client as redis_client
from messaging import tasks
from messaging.services import events, turns
from tenants.context import tenant_context
from tenants.models import Tenant
from tenants.services import modules, provisioning
from tests.fakes import graph_events as wire
from tests.messaging.services.saying import Number, make_number
from tests.support.cast import Cast
from tests.support.services import Services
from tests.support.tasks import Queue, run_task

ClientAs = Callable[..., Client]
# What breaks: a page of the module, an address of its API, and a page of another one.
BROKEN = {
    "a table of crm": ("alter table crm_lead rename to was", "/leads/", "/api/v1/leads/", "/conocimiento/"),
    "a column of crm": (
        "alter table crm_lead rename column value to was",
        "/leads/",
        "/api/v1/leads/",
        "/conocimiento/",
    ),
    "a table of rag": ("alter table rag_document rename to was", "/conocimiento/", "/api/v1/documents/", "/leads/"),
    "a table of agents": ("alter table agents_agent rename to was", "/agentes/", "/api/v1/agents/", "/leads/"),
    "a table of messaging": (
        "alter table messaging_conversation rename to was",
        "/bandeja/",
        "/api/v1/conversations/",
        "/conocimiento/",
    ),
}


@pytest.fixture
def judge(test_services: Services, live_tenants: Cast) -> Iterator[psycopg.Connection]:
    refusals._said.clear()
    with test_services.inside() as inside:
        yield inside


def break_(judge: psycopg.Connection, tenant: Tenant, statement: str) -> None:
    judge.execute(f'set search_path to "{tenant.schema_name}", public')
    judge.execute(statement)


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_module_says_so_and_the_others_go_on(
    what: str, live_tenants: Cast, judge: psycopg.Connection, client_as: ClientAs, api_as: Callable[..., Any]
) -> None:
    statement, page, api, other = BROKEN[what]
    break_(judge, live_tenants.acme, statement)
    browser = client_as("ana")
    for headers in ({}, {"hx-request": "true"}):
        answer = browser.get(page, headers=headers)
        assert answer.status_code == 503
        assert answer["Retry-After"] == "30"
        assert "Este módulo se está actualizando" in answer.content.decode()
    answer = api_as("ana").get(api)
    assert answer.status_code == 503
    assert answer["Retry-After"] == "30"
    assert answer.json()["error"]["code"] == "module_unavailable"
    assert browser.get(other).status_code == 200
    assert client_as("gus").get(page).status_code == 200  # another company does not notice


def test_writing_to_a_broken_module_is_refused_whole(
    live_tenants: Cast, judge: psycopg.Connection, api_as: Callable[..., Any]
) -> None:
    break_(judge, live_tenants.acme, "alter table crm_lead rename to was")
    answer = api_as("ana").post("/api/v1/leads/", {"contact": {"name": "Nadie"}}, format="json")
    assert answer.status_code == 503
    count = judge.execute(f"select count(*) from \"{live_tenants.acme.schema_name}\".crm_contact where name = 'Nadie'")
    assert count.fetchone() == (0,)


def test_a_company_without_its_schema_is_told_the_same(
    live_tenants: Cast, judge: psycopg.Connection, client_as: ClientAs
) -> None:
    judge.execute(f'drop schema "{live_tenants.acme.schema_name}" cascade')
    for page in ("/leads/", "/bandeja/", "/conocimiento/", "/agentes/"):
        assert client_as("ana").get(page).status_code == 503
    assert client_as("gus").get("/leads/").status_code == 200


def test_it_is_in_the_log_once_a_minute_with_company_and_state(
    live_tenants: Cast, judge: psycopg.Connection, client_as: ClientAs, caplog: pytest.LogCaptureFixture
) -> None:
    break_(judge, live_tenants.acme, "alter table crm_lead rename to was")
    browser = client_as("ana")
    with caplog.at_level(logging.WARNING):
        for _again in range(5):
            browser.get("/leads/")
    lines = [record.getMessage() for record in caplog.records if "module unavailable" in record.getMessage()]
    assert len(lines) == 1
    assert f"company {live_tenants.acme.pk}, SQLSTATE 42P01" in lines[0]
    assert "crm_lead" in lines[0]


@pytest.fixture
def number(live_tenants: Cast) -> Number:
    return make_number(live_tenants.acme)


@pytest.mark.parametrize(
    "table", ["crm_contact", "crm_stage", "messaging_message", "messaging_channel", "live_liveevent"]
)
def test_messages_wait_for_their_module_however_long_it_takes(
    table: str, number: Number, judge: psycopg.Connection, queued: Queue
) -> None:
    event = number.hears(wire.inbound(wire.text("hola"), phone_number_id=number.phone_number_id))
    tables = [(table, "was"), ("was", table)]
    break_(judge, number.tenant, "alter table {} rename to {}".format(*tables[0]))
    for _again in range(events.MOST_ATTEMPTS + 3):
        _lease_over(judge, event)
        run_task("messaging.tasks.process_events", tenant_id=number.tenant.pk)
    state = judge.execute("select state from ingest_inboundevent where id = %s", [event]).fetchone()
    assert state == ("received",)
    break_(judge, number.tenant, "alter table {} rename to {}".format(*tables[1]))
    _lease_over(judge, event)
    queued.clear()
    tasks.sweep()
    (wake_up,) = [task for task in queued.named("process_events") if task.tenant_id == number.tenant.pk]
    queued.run(wake_up)
    assert number.texts(direction="in") == ["hola"]


def _lease_over(judge: psycopg.Connection, event: int) -> None:
    judge.execute("update ingest_inboundevent set lease_until = null where id = %s", [event])
    redis_client().flushdb()  # the lock of a drain that died


def test_a_turn_waits_for_the_agents_and_is_not_counted_as_failed(
    number: Number, judge: psycopg.Connection, queued: Queue
) -> None:
    number.says("hola")
    schema = number.tenant.schema_name
    conversation = number.conversation()
    break_(judge, number.tenant, "alter table agents_agentrun rename to was")
    for _again in range(turns.MOST_FAILURES + 1):
        judge.execute(f'update "{schema}".messaging_conversation set reply_due_at = now(), turn_until = null')
        run_task("messaging.tasks.take_turn", tenant_id=number.tenant.pk, conversation_id=str(conversation.pk))
    waiting = number.conversation()
    assert (waiting.mode, waiting.turn_failures) == ("ai", 0)
    assert waiting.reply_due_at is not None
    assert number.texts(direction="out") == []
    break_(judge, number.tenant, "alter table was rename to agents_agentrun")
    judge.execute(f'update "{schema}".messaging_conversation set reply_due_at = now(), turn_until = null')
    queued.clear()
    tasks.sweep()
    (wake_up,) = [task for task in queued.named("take_turn") if task.tenant_id == number.tenant.pk]
    queued.run(wake_up)
    assert number.texts(direction="out")


def test_other_errors_of_work_are_not_swallowed(live_tenants: Cast) -> None:
    with pytest.raises(ValueError, match="odd"), modules.put_off(live_tenants.acme):
        raise ValueError("odd")
    with pytest.raises(ProgrammingError), modules.put_off(live_tenants.acme), tenant_context(live_tenants.acme):
        Tenant.objects.raw("select syntax error from")[0]


def test_the_sweep_goes_on_with_other_companies(
    live_tenants: Cast, judge: psycopg.Connection, queued: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_(judge, live_tenants.acme, "alter table messaging_message rename to was")
    swept = []
    one = tasks._sweep_one

    def note(tenant: Tenant) -> None:
        one(tenant)
        swept.append(tenant.pk)

    monkeypatch.setattr(tasks, "_sweep_one", note)
    tasks.sweep()
    tasks.forget_old()
    assert live_tenants.globex.pk in swept
    assert live_tenants.acme.pk not in swept
    break_(judge, live_tenants.acme, "alter table was rename to messaging_message")
    tasks.sweep()
    assert live_tenants.acme.pk in swept


# --- readiness --------------------------------------------------------------------------------------------------------
def test_readiness_counts_the_companies_behind(live_tenants: Cast, judge: psycopg.Connection) -> None:
    assert Client().get("/readyz").json()["migrations"] == "ok"
    judge.execute("update tenants_tenant set schema_version = 'old' where id = %s", [live_tenants.acme.pk])
    answer = Client().get("/readyz").json()
    assert answer["migrations"] == "behind 1"
    judge.execute("update tenants_tenant set schema_version = %s", [provisioning.fingerprint()])


@pytest.mark.parametrize(
    ("behind", "of", "few"), [(0, 0, True), (5, 6, True), (6, 20, False), (100, 1000, True), (101, 1000, False)]
)
def test_a_few_companies_behind_do_not_stop_the_process(behind: int, of: int, few: bool) -> None:
    assert health._few(behind, of) is few


def test_readiness_fails_when_the_shared_schema_is_behind(live_tenants: Cast, judge: psycopg.Connection) -> None:
    gone = judge.execute(
        "delete from django_migrations where id = (select max(id) from django_migrations) returning app, name, applied"
    ).fetchone()
    try:
        answer = Client().get("/readyz")
        assert (answer.status_code, answer.json()["migrations"]) == (503, "1 missing")
    finally:
        judge.execute("insert into django_migrations (app, name, applied) values (%s, %s, %s)", gone)
