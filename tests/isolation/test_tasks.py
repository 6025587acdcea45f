"""Every task of a company, run as acme with globex's keys, and without any company."""

import inspect

import pytest
from celery import current_app

from config.lib.errors import AppError
from tenants.task_base import NoTenant, TenantTask
from tests.isolation.world import digest, make_rows_of
from tests.support.cast import Cast
from tests.support.tasks import Queue, run_task

KEYS = {
    "conversation_id": "messaging.Conversation",
    "message_id": "messaging.Message",
    "attachment_id": "messaging.Attachment",
    "channel_id": "messaging.Channel",
    "login_id": "messaging.MetaLogin",
    "template_id": "messaging.MessageTemplate",
    "document_id": "rag.Document",
    "run_id": "agents.AgentRun",
    "agent_id": "agents.Agent",
    "lead_id": "crm.Lead",
    "contact_id": "crm.Contact",
    "batch_id": "crm.ImportBatch",
    "action_id": "crm.BulkAction",
    "request_id": "agents.PrivacyRequest",
    "act_id": "agents.PendingAct",
    "check_id": "agents.TestCheck",
    "trial_id": "agents.Tool",
    "upto_sequence": "",
}


def company_tasks() -> list[str]:
    current_app.loader.import_default_modules()
    ours = [name for name, task in current_app.tasks.items() if isinstance(task, TenantTask)]
    return sorted(name for name in ours if not name.startswith("tests."))


def arguments(name: str, keys: dict[str, object]) -> dict[str, object]:
    """Filled in by name; an argument nobody knows fails the test, so that it is added above."""
    wanted = inspect.signature(current_app.tasks[name].run).parameters
    given: dict[str, object] = {}
    for each, parameter in wanted.items():
        if each == "tenant" or parameter.default is not parameter.empty:
            continue
        if each in ("turn_token", "credential_id", "person"):  # of shared tables: tests/isolation/test_vault
            given[each] = "01900000-0000-7000-8000-000000000000"
        elif each == "upto_sequence":
            given[each] = 1
        elif each == "external_id":
            given[each] = "24680"
        else:
            given[each] = str(keys[KEYS[each]])
    return given


def test_there_are_tasks_to_probe() -> None:
    assert len(company_tasks()) >= 3


@pytest.mark.parametrize("name", company_tasks())
def test_a_task_does_nothing_with_another_companys_keys(name: str, cast: Cast, queued: Queue) -> None:
    theirs = make_rows_of(cast.globex)
    before = digest(cast.globex)
    try:
        run_task(name, tenant_id=cast.acme.pk, **arguments(name, theirs))
        queued.drain()
    except (AppError, LookupError, ValueError):
        pass  # a refusal is fine
    assert digest(cast.globex) == before


@pytest.mark.parametrize("name", company_tasks())
def test_a_task_does_not_run_without_a_company(name: str, cast: Cast) -> None:
    given = arguments(name, make_rows_of(cast.acme))
    with pytest.raises(NoTenant):
        run_task(name, **given)
