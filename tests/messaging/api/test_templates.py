"""A template through the API: its data, a copy of it, and a draft that goes."""

from collections.abc import Callable

from rest_framework.test import APIClient

from messaging.models import MessageTemplate
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.factories.messaging import make_template

Api = Callable[..., APIClient]


def url_of(template: MessageTemplate) -> str:
    return f"/api/v1/templates/{template.pk}"


def test_its_data_are_changed_in_any_state(api_as: Api, acme: Tenant) -> None:
    with tenant_context(acme):
        template = make_template()
    api = api_as("ana")
    row = api.patch(url_of(template), {"values": ["{{nombre}}", "martes"]}).json()
    assert (row["values"], row["status"]) == (["{{nombre}}", "martes"], "approved")
    assert api.get(url_of(template)).json()["values"] == ["{{nombre}}", "martes"]
    assert api.patch(url_of(template), {}).status_code == 400


def test_a_copy_is_a_draft_under_a_free_name_and_only_a_draft_goes(api_as: Api, acme: Tenant) -> None:
    with tenant_context(acme):
        template = make_template(name="aviso", provider_template_id="77")
    api = api_as("ana")
    answer = api.post(url_of(template))
    assert answer.status_code == 201
    copy = answer.json()
    assert (copy["name"], copy["status"], copy["values"]) == ("aviso_2", "draft", template.values)
    assert api.delete(url_of(template)).status_code == 409
    assert api.delete(f"/api/v1/templates/{copy['id']}").status_code == 204
    assert api.get(f"/api/v1/templates/{copy['id']}").status_code == 404


def test_templates_are_written_by_who_looks_after_the_channels(api_as: Api, acme: Tenant) -> None:
    with tenant_context(acme):
        template = make_template(status="draft")
    for name, status in (("sol", 403), ("gus", 404)):
        api = api_as(name)
        assert api.patch(url_of(template), {"values": ["a", "b"]}).status_code == status
        assert api.post(url_of(template)).status_code == status
        assert api.delete(url_of(template)).status_code == status
