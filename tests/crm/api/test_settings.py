from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from crm.models import InboundForm, Submission
from crm.services.submissions import Arrival, take
from crm.services.tags import create_tag
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.factories.crm import make_lead, make_seller
from tests.factories.doors import BY, make_form

FIELDS, TAGS, FORMS = "/api/v1/custom-fields/", "/api/v1/tags/", "/api/v1/forms/"


@pytest.fixture
def api(api_as: Callable[..., APIClient]) -> APIClient:
    return api_as("ana")


def made(api: APIClient, url: str, **body: Any) -> dict[str, Any]:
    answer = api.post(url, body)
    assert answer.status_code == 201, answer.json()
    return dict(answer.json())


class TestFields:
    def test_a_field_is_made_listed_changed_and_removed(self, api: APIClient) -> None:
        field = made(api, FIELDS, on="lead", label="Obra social", kind="choice", options=["Una", "Otra"])
        assert (field["key"], field["is_active"]) == ("obra_social", True)
        assert [each["id"] for each in api.get(FIELDS).json()["results"]] == [field["id"]]
        changed = api.patch(f"{FIELDS}{field['id']}/", {"label": "Cobertura"})
        assert changed.json()["label"] == "Cobertura"
        assert api.delete(f"{FIELDS}{field['id']}/").status_code == 204
        assert api.get(f"{FIELDS}{field['id']}/").status_code == 404

    def test_leads_take_its_values_and_refuse_others_by_name(self, api: APIClient) -> None:
        made(api, FIELDS, on="lead", label="Zona", kind="choice", options=["Norte", "Sur"])
        lead = made(api, "/api/v1/leads/", contact={"name": "Ana"}, custom={"zona": "norte"})
        assert lead["custom"] == {"zona": "Norte"}
        url = f"/api/v1/leads/{lead['id']}/"
        for custom, name in (({"zona": "Este"}, "custom.zona"), ({"color": "rojo"}, "custom.color")):
            refused = api.patch(url, {"custom": custom})
            assert (refused.status_code, list(refused.json()["error"]["fields"])) == (422, [name])
        assert api.patch(url, {"custom": {"zona": None}}).json()["custom"] == {}

    def test_a_kind_that_the_values_do_not_fit_is_a_conflict(self, acme: Tenant, api: APIClient) -> None:
        field = made(api, FIELDS, on="lead", label="Zona", kind="text")
        with tenant_context(acme):
            make_lead(custom={"zona": "Sur"})
        refused = api.patch(f"{FIELDS}{field['id']}/", {"kind": "number"})
        assert (refused.status_code, refused.json()["error"]["code"]) == (409, "field_in_use")


class TestTags:
    def test_a_label_is_made_renamed_united_and_removed(self, acme: Tenant, api: APIClient) -> None:
        tag = made(api, TAGS, name="Feria", color="amber")
        assert api.post(TAGS, {"name": "FERIA"}).status_code == 409
        with tenant_context(acme):
            lead, expo = make_lead(tags=["Feria"]), create_tag(name="Expo", by=BY)
        api.patch(f"{TAGS}{tag['id']}/", {"name": "Feria 2"})
        assert api.get(f"/api/v1/leads/{lead.pk}/").json()["tags"] == ["Feria 2"]
        assert api.post(f"{TAGS}{tag['id']}/unite/", {"into": str(expo.pk)}).json()["name"] == "Expo"
        assert api.get(f"/api/v1/leads/{lead.pk}/").json()["tags"] == ["Expo"]
        assert api.delete(f"{TAGS}{expo.pk}/").status_code == 204
        assert api.get(f"{TAGS}?search=ex").json()["results"] == []

    def test_new_names_on_a_lead_join_the_catalogue(self, api: APIClient) -> None:
        made(api, "/api/v1/leads/", contact={"name": "Ana"}, tags=["nueva"])
        assert [each["name"] for each in api.get(TAGS).json()["results"]] == ["nueva"]


class TestForms:
    def test_a_form_is_made_and_its_questions_are_checked(self, api: APIClient) -> None:
        form = made(api, FORMS, kind="form", name="Web", fields=[{"name": "email", "required": True}])
        assert form["url"].endswith("/f/acme/web/")
        assert form["token"] is None
        refused = api.patch(f"{FORMS}{form['id']}/", {"fields": [{"name": "lead.nada"}]})
        assert (refused.status_code, list(refused.json()["error"]["fields"])) == (422, ["fields"])
        closed = api.patch(f"{FORMS}{form['id']}/", {"is_active": False})
        assert closed.json()["is_active"] is False

    def test_the_token_is_told_once_and_kept_nowhere(self, acme: Tenant, api: APIClient) -> None:
        body = {"kind": "webhook", "name": "Meta"}
        first = api.post(FORMS, body, headers={"Idempotency-Key": "k1"}).json()
        again = api.post(FORMS, body, headers={"Idempotency-Key": "k1"}).json()
        assert len(first["token"]) >= 43
        assert (again["id"], again["token"]) == (first["id"], None)
        assert "token" not in api.get(f"{FORMS}{first['id']}/").json()
        renewed = api.post(f"{FORMS}{first['id']}/token/").json()["token"]
        assert renewed not in ("", first["token"])

    def test_what_came_in_is_listed_without_its_words(self, acme: Tenant, api: APIClient) -> None:
        with tenant_context(acme):
            form = make_form()
            take(form=form, arrival=Arrival({"name": "Ana", "phone": "1155551234"}, {"phone": "1155551234"}))
            take(form=form, arrival=Arrival({"name": "Ana"}, {"name": "Ana"}))
        rows = api.get(f"{FORMS}{form.pk}/submissions/").json()["results"]
        assert [row["state"] for row in rows] == ["refused", "accepted"]
        assert rows[1]["lead"]
        assert "1155551234" not in str(rows)

    def test_another_companys_are_not_found(self, acme: Tenant, api_as: Callable[..., APIClient]) -> None:
        with tenant_context(acme):
            form = make_form()
        gus = api_as("gus")
        for path in ("", "submissions/"):
            assert gus.get(f"{FORMS}{form.pk}/{path}").status_code == 404
        assert gus.post(f"{FORMS}{form.pk}/token/").status_code == 404
        with tenant_context(acme):
            assert InboundForm.objects.count() == 1
            assert Submission.objects.count() == 0

    def test_pipeline_and_seller_of_another_company_are_not_found(self, globex: Tenant, api: APIClient) -> None:
        with tenant_context(globex):
            theirs = make_seller()
        assert api.post(FORMS, {"kind": "form", "name": "Web", "owner": str(theirs.pk)}).status_code == 404
