"""Lists: pages by cursor, and a number of statements that does not grow with the rows."""

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tenants.models import Tenant
from tenants.services.audit import record
from tests.factories.agents import make_agent, make_run, make_tool_call, make_version
from tests.factories.crm import make_contact, make_lead, make_seller
from tests.factories.messaging import make_attachment, make_channel, make_conversation, make_message
from tests.factories.rag import make_document
from tests.factories.tenants import make_credential

Api = Callable[..., APIClient]
MOST = 8  # with BEGIN, the context, the membership and COMMIT


def run_with_call() -> None:
    make_tool_call(run=make_run())


def event() -> None:
    record(action="contact.created", by=Actor.system("test"))


LISTS: dict[str, Callable[[], object]] = {
    "contacts/": make_contact,
    "contacts/?search=contacto": make_contact,
    "leads/": lambda: make_lead(owner=make_seller()),
    "leads/?search=contacto&stage=nuevo&owner=none": make_lead,
    "sellers/": make_seller,
    "stages/": lambda: None,
    "channels/": make_channel,
    "conversations/": make_conversation,
    "conversations/?search=contacto&mode=ai": make_conversation,
    "agents/": lambda: make_version(agent=make_agent()),
    "tools/": lambda: None,
    "runs/": run_with_call,
    "documents/": make_document,
    "members/": lambda: None,
    "credentials/": lambda: make_credential(name=f"API_KEY@{next(_numbers)}"),
    "audit/logs/": event,
    "settings/": lambda: None,
}
_numbers = iter(range(10**6))


@pytest.mark.parametrize("path", LISTS)
def test_a_list_costs_the_same_few_statements_for_few_and_many_rows(
    api_as: Api, acme: Tenant, statements: Callable[[], Any], path: str
) -> None:
    api = api_as("ana")
    counts = []
    for more in (2, 40):
        with tenant_context(acme):
            for _row in range(more):
                LISTS[path]()
        with statements() as seen:
            answer = api.get(f"/api/v1/{path}")
        assert answer.status_code == 200, answer.content
        counts.append(seen.count)
    assert counts[0] == counts[1] <= MOST, str(seen)


def test_the_messages_of_a_conversation_cost_few_statements(
    api_as: Api, acme: Tenant, statements: Callable[[], Any]
) -> None:
    api, counts = api_as("sol"), []
    with tenant_context(acme):
        chat = make_conversation()
    for more in (2, 40):
        with tenant_context(acme):
            for _row in range(more):
                make_attachment(message=make_message(conversation=chat))
        with statements() as seen:
            assert api.get(f"/api/v1/conversations/{chat.pk}/messages").status_code == 200
        counts.append(seen.count)
    assert counts[0] == counts[1] <= MOST, str(seen)


@pytest.mark.parametrize(("path", "make"), [("contacts/", make_contact), ("conversations/", make_conversation)])
def test_pages_lead_through_every_row_once_and_back(
    api_as: Api, acme: Tenant, path: str, make: Callable[[], Any]
) -> None:
    with tenant_context(acme):
        wanted = [str(make().pk) for _number in range(7)]
    api, seen = api_as("ana"), []
    url: str | None = f"/api/v1/{path}?limit=3"
    pages = []
    while url:
        page = api.get(url).json()
        pages.append(page)
        seen += [row["id"] for row in page["results"]]
        url = page["next"]
    assert seen == wanted[::-1]
    assert [len(page["results"]) for page in pages] == [3, 3, 1]
    assert pages[0]["previous"] is None
    assert api.get(pages[1]["previous"]).json()["results"] == pages[0]["results"]


def test_a_page_holds_up_to_two_hundred_rows(api_as: Api, acme: Tenant) -> None:
    with tenant_context(acme):
        for _number in range(60):
            make_contact()
    api = api_as("ana")
    assert len(api.get("/api/v1/contacts/").json()["results"]) == 50
    assert len(api.get("/api/v1/contacts/?limit=100000").json()["results"]) == 60
    assert len(api.get("/api/v1/contacts/?limit=1").json()["results"]) == 1


def test_links_keep_the_filters(api_as: Api, acme: Tenant) -> None:
    with tenant_context(acme):
        for number in range(3):
            make_contact(name=f"Ada {number}")
            make_contact(name=f"Bob {number}")
    api = api_as("ana")
    page = api.get("/api/v1/contacts/?search=ada&limit=2").json()
    rest = api.get(page["next"]).json()
    assert [row["name"] for row in page["results"] + rest["results"]] == ["Ada 2", "Ada 1", "Ada 0"]
