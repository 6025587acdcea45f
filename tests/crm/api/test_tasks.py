"""Tasks through the API."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from tenants.context import tenant_context
from tenants.models import Tenant
from tests.factories.crm import make_contact, make_lead, make_seller
from tests.factories.crm_more import make_task
from tests.support.cast import Person

ApiAs = Callable[..., APIClient]
SOON = (timezone.now() + timedelta(hours=3)).isoformat()


def test_a_task_lives_from_promise_to_result(api_as: ApiAs, acme: Tenant, ana: Person) -> None:
    api = api_as("ana")
    with tenant_context(acme):
        lead = make_lead()

    made = api.post("/api/v1/tasks/", {"title": "Llamar", "due_at": SOON, "lead": str(lead.pk)})
    path = f"/api/v1/tasks/{made.data['id']}"
    moved = api.patch(f"{path}/", {"title": "Llamar a la tarde"})
    done = api.post(f"{path}/done/", {"outcome": "Compra"})
    reopened = api.post(f"{path}/reopen/")

    assert made.status_code == 201
    assert (made.data["assignee"], made.data["contact"]) == (str(ana.user.pk), str(lead.contact_id))
    assert moved.data["title"] == "Llamar a la tarde"
    assert (done.data["outcome"], bool(done.data["done_at"])) == ("Compra", True)
    assert reopened.data["done_at"] is None
    assert api.delete(f"{path}/").status_code == 204
    assert api.get(f"{path}/").status_code == 404


def test_filters_narrow_the_list(api_as: ApiAs, acme: Tenant, ana: Person, sol: Person) -> None:
    now = timezone.now()
    with tenant_context(acme):
        contact = make_contact()
        late = make_task(assignee=ana.user, due_at=now - timedelta(hours=1), contact=contact)
        done = make_task(assignee=ana.user, done_at=now)
        hers = make_task(assignee=sol.user)
        nobodys = make_task()
    api = api_as("ana")

    def found(query: str) -> set[str]:
        return {each["id"] for each in api.get(f"/api/v1/tasks/?{query}").data["results"]}

    assert found("status=late") == {str(late.pk)}
    assert found("status=done") == {str(done.pk)}
    assert found("assignee=me") == {str(late.pk), str(done.pk)}
    assert found(f"assignee={sol.user.pk}") == {str(hers.pk)}
    assert found("assignee=none") == {str(nobodys.pk)}
    assert found(f"contact={contact.pk}") == {str(late.pk)}
    assert found(f"lead={hers.lead_id}") == {str(hers.pk)}
    assert found(f"due_to={(now).isoformat().replace('+', '%2B')}") == {str(late.pk)}


@pytest.mark.parametrize(
    ("body", "field"),
    [({"due_at": SOON}, "title"), ({"title": "x"}, "due_at"), ({"title": "x", "due_at": SOON, "kind": "fax"}, "kind")],
    ids=["no-title", "no-date", "no-kind"],
)
def test_what_is_wrong_is_named(api_as: ApiAs, body: dict[str, str], field: str) -> None:
    answer = api_as("ana").post("/api/v1/tasks/", body)

    assert answer.status_code == 400
    assert field in answer.data["error"]["fields"]


def test_a_stranger_to_the_company_gets_no_task(api_as: ApiAs, gus: Person) -> None:
    answer = api_as("ana").post("/api/v1/tasks/", {"title": "x", "due_at": SOON, "assignee": str(gus.user.pk)})

    assert answer.status_code == 422
    assert "assignee" in answer.data["error"]["fields"]


def test_what_one_may_not_see_does_not_exist(api_as: ApiAs, acme: Tenant, ana: Person) -> None:
    with tenant_context(acme):
        lead = make_lead(owner=make_seller())
        task = make_task(lead=lead, assignee=ana.user)

    for name in ("sol", "gus"):
        api = api_as(name)
        assert api.get(f"/api/v1/tasks/{task.pk}/").status_code == 404
        assert api.post("/api/v1/tasks/", {"title": "x", "due_at": SOON, "lead": str(lead.pk)}).status_code == 404
        assert api.get("/api/v1/tasks/").data["results"] == []


def test_a_lead_says_why_it_has_no_next_step(api_as: ApiAs, acme: Tenant) -> None:
    with tenant_context(acme):
        lead = make_lead()
    api, path, day = api_as("ana"), f"/api/v1/leads/{lead.pk}/step/", timezone.localdate() + timedelta(days=9)

    assert api.post(path, {"reason": "Viaja", "until": day.isoformat()}).status_code == 204
    assert "until" in api.post(path, {"reason": "Viaja", "until": "2020-01-01"}).data["error"]["fields"]

    with tenant_context(acme):
        lead.refresh_from_db()
    assert (lead.no_step_reason, lead.no_step_until) == ("Viaja", day)
