"""What a machine makes up out of the API's own description never breaks the server."""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode

from config.wsgi import application
from tenants.context import tenant_context
from tenants.models import Tenant
from tenants.services.tokens import access_token
from tests.factories.agents import make_run, make_test_case, make_tool_call, make_version
from tests.factories.crm import make_lead, make_seller
from tests.factories.messaging import make_attachment, make_channel, make_conversation, make_message
from tests.factories.rag import make_document
from tests.support.cast import Person
from tests.support.thorough import times

pytestmark = pytest.mark.slow
EXAMPLES = times(3, thorough=20)  # requests per operation, half of them made to be wrong
DESCRIPTION = "/api/v1/schema/?format=json"


def rows_to_hit() -> dict[str, str]:
    """One row of each noun, so that made-up bodies meet a real one."""
    lead = make_lead(owner=make_seller())
    conversation = make_conversation(contact=lead.contact)
    message = make_message(conversation=conversation, direction="out", status="failed")
    make_attachment(message=message)
    run = make_run(conversation_id=conversation.pk)
    make_tool_call(run=run)
    rows = {
        "leads": lead,
        "contacts": lead.contact,
        "sellers": lead.owner,
        "conversations": conversation,
        "messages": message,
        "channels": make_channel(),
        "agents": make_version().agent,
        "runs": run,
        "test-sets": make_test_case(),
        "documents": make_document(),
    }
    return {noun: str(row.pk) for noun, row in rows.items()}


def answers_of(operation: Any, *, known: str | None, headers: dict[str, str]) -> list[tuple[Any, Any]]:
    """Made-up requests for one operation and what came back. `known` is the id of a row that exists."""
    seen: list[tuple[Any, Any]] = []

    @settings(
        max_examples=EXAMPLES, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck)
    )
    @given(data=st.data())
    def ask(data: st.DataObject) -> None:
        mode = data.draw(st.sampled_from([GenerationMode.POSITIVE, GenerationMode.NEGATIVE]))
        case = data.draw(operation.as_strategy(generation_mode=mode))
        if known and data.draw(st.booleans()) and "id" in (case.path_parameters or {}):
            case.path_parameters["id"] = known
        seen.append((case, case.call(headers=headers)))

    ask()
    return seen


def test_no_made_up_request_is_answered_with_a_server_error(acme: Tenant, ana: Person) -> None:
    with tenant_context(acme):
        rows = rows_to_hit()
    headers = {"Authorization": f"Bearer {access_token(ana.user)}", "Host": "localhost"}
    described: Any = schemathesis.openapi.from_wsgi(DESCRIPTION, application, headers={"Host": "localhost"})
    succeeded: set[str] = set()
    for result in described.get_all_operations():
        operation = result.ok()
        if "/auth/" in operation.path:
            continue  # would spend the limit of sign-ins; they have tests of their own
        known = rows.get(operation.path.split("/")[3])
        for case, answer in answers_of(operation, known=known, headers=headers):
            assert answer.status_code < 500, case.as_curl_command()
            if answer.status_code >= 400:
                assert set(answer.json()["error"]) == {"code", "message", "fields"}, case.as_curl_command()
            else:
                succeeded.add(operation.label)
    assert len(succeeded) > 30, sorted(succeeded)
