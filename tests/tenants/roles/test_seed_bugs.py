"""Defects of the seed systems around companies and roles, each shown absent (seed-systems §1.1, §1.2, §1.4)."""

from collections.abc import Callable

import pytest
from django.db import DatabaseError, connection
from django.test import Client
from rest_framework.test import APIClient

from crm.models import Contact, Lead, Stage
from messaging.models import Message
from tenants.context import auth_scope, tenant_context
from tenants.models import Membership, SystemEvent, Tenant, User
from tenants.task_base import NoTenant
from tests.factories.crm import make_contact, make_lead, make_seller
from tests.factories.messaging import make_conversation
from tests.isolation import behaviour
from tests.support.cast import Cast
from tests.support.tasks import run_task

NOBODYS = "01900000-0000-7000-8000-000000000000"


def rows(tenant: Tenant) -> dict[str, int]:
    with tenant_context(tenant):
        return {model.__name__: model.objects.count() for model in (Contact, Lead, Message)}


# --- §1.1 the first company in the table, or company 1, for whatever could not be placed -------------------
def test_bug_1_1_a_person_without_a_company_is_not_put_into_the_first_one(
    client_as: Callable[..., Client], api_as: Callable[..., APIClient]
) -> None:
    answer = api_as("root").get("/api/v1/leads/")
    assert answer.status_code == 403
    page = client_as("root").get("/leads/")
    assert (page.status_code, page.headers.get("Location", "")[:7]) == (302, "/login/")


@pytest.mark.parametrize("name", ["nobody", "1", "0", "-1", "acme'--"])
def test_bug_1_1_a_company_that_does_not_exist_is_none_and_not_another(
    api_as: Callable[..., APIClient], name: str
) -> None:
    assert api_as("ana").get("/api/v1/leads/", headers={"x-tenant": name}).status_code in (401, 403, 404)


def test_bug_1_1_a_task_without_a_company_does_not_run_for_the_first_one(cast: Cast) -> None:
    for number in (None, 0, 1):
        with pytest.raises(NoTenant):
            run_task("messaging.tasks.process_events", tenant_id=number)


def test_bug_1_1_a_retry_of_nobodys_message_lands_nowhere(api_as: Callable[..., APIClient], cast: Cast) -> None:
    """Traffic that resolves to nothing is answered 404; no company gains a row."""
    before = rows(cast.acme), rows(cast.globex)
    api = api_as("ana")
    for path in (f"conversations/{NOBODYS}/messages", f"messages/{NOBODYS}/retry", f"leads/{NOBODYS}/stage"):
        assert api.post(f"/api/v1/{path}", {"text": "Hola", "stage": "nuevo"}, format="json").status_code == 404
    assert (rows(cast.acme), rows(cast.globex)) == before


# --- §1.1 the CEO who is one everywhere --------------------------------------------------------------------
def test_bug_1_1_a_ceo_lists_and_enters_the_own_company_only(
    client_as: Callable[..., Client], api_as: Callable[..., APIClient], cast: Cast
) -> None:
    listed = client_as("ana").get("/empresas/").content.decode()
    assert "Acme" in listed
    assert "Globex" not in listed
    client = client_as("ana")
    client.post("/empresas/", {"tenant": cast.globex.pk})
    assert client.get("/leads/").status_code == 200
    assert client.get("/leads/", headers={"x-tenant": cast.globex.slug}).status_code != 200
    people = api_as("ana").get("/api/v1/members/?limit=200").content.decode()
    assert cast["pia"].user.email in people
    assert cast["gus"].user.email not in people


@pytest.mark.parametrize("act", ["activate", "suspend", "role", "scope"])
def test_bug_1_1_a_ceo_does_not_decide_about_another_companys_people(
    api_as: Callable[..., APIClient], cast: Cast, act: str
) -> None:
    body = {"role": "ceo", "scope": "all"}
    for name in ("pia", "sol"):
        answer = api_as("gus").post(f"/api/v1/members/{cast[name].member.pk}/{act}", body, format="json")
        assert answer.status_code == 404
    with tenant_context(cast.acme):
        found = Membership.objects.get(pk=cast["pia"].member.pk)
    assert (found.status, found.role) == ("pending", "closer")


def test_bug_1_1_a_ceo_of_two_companies_acts_in_one_at_a_time(api_as: Callable[..., APIClient], cast: Cast) -> None:
    with auth_scope():
        Membership.objects.create(user=cast["ana"].user, tenant=cast.globex, role="ceo", status="active")
        User.objects.filter(pk=cast["ana"].user.pk).update(tenant_ids=[cast.acme.pk, cast.globex.pk])
    for tenant, other in ((cast.acme, cast.globex), (cast.globex, cast.acme)):
        before = rows(other)
        with tenant_context(other):
            theirs = make_lead()
        header = {"x-tenant": tenant.slug}
        api = api_as("ana")
        assert api.get(f"/api/v1/leads/{theirs.pk}/", headers=header).status_code == 404
        made = api.post("/api/v1/contacts/", {"name": f"De {tenant.slug}"}, format="json", headers=header)
        assert made.status_code == 201
        assert rows(other)["Contact"] == before["Contact"] + 1  # the lead's, made above


def test_bug_1_1_directing_a_company_is_not_working_for_the_platform(
    client_as: Callable[..., Client], cast: Cast
) -> None:
    assert not cast["ana"].user.is_platform_staff
    assert client_as("ana").get("/plataforma/").status_code == 404
    assert client_as("ana").post(f"/plataforma/empresas/{cast.globex.slug}/suspender/", {}).status_code == 404


# --- §1.1 a company taken from the body ----------------------------------------------------------------------
def test_bug_1_1_the_company_is_never_taken_from_a_body(api_as: Callable[..., APIClient], cast: Cast) -> None:
    api, before = api_as("ana"), rows(cast.globex)
    named = {"tenant_id": cast.globex.pk, "tenant": cast.globex.slug, "company": cast.globex.pk}
    assert api.post("/api/v1/contacts/", {"name": "Nueva", **named}, format="json").status_code == 201
    assert api.post("/api/v1/leads/", {"contact": {"name": "Otra"}, **named}, format="json").status_code == 201
    refused = api.post("/api/v1/messages/relay", {"to": "+5491122223333", "text": "Hola", **named}, format="json")
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "other_tenant")
    with tenant_context(cast.globex):
        chat = make_conversation()
    sent = api.post(f"/api/v1/conversations/{chat.pk}/messages", {"text": "Hola", **named}, format="json")
    assert sent.status_code == 404
    with tenant_context(cast.globex):
        assert not Message.objects.exists()
    assert rows(cast.globex)["Lead"] == before["Lead"]


# --- §1.2 row security ----------------------------------------------------------------------------------------
def test_bug_1_2_what_was_entered_ends_with_the_transaction(live_tenants: Cast) -> None:
    assert list(behaviour.after_a_transaction(live_tenants.acme)) == []


def test_bug_1_2_no_setting_decides_whose_rows_are_seen(cast: Cast) -> None:
    """The seeds compared rows with a setting that any statement could change; here it is the role that was entered."""
    with tenant_context(cast.acme), connection.cursor() as cursor:
        for name in ("app.tenant", "app.business_id", "app.current_tenant", "rls.business_id"):
            cursor.execute("select set_config(%s, %s, true)", [name, str(cast.globex.pk)])
        cursor.execute("select count(*) from tenants_membership where tenant_id <> %s", [cast.acme.pk])
        assert cursor.fetchone() == (0,)


def test_bug_1_2_a_new_companys_first_rows_are_written_inside_it(cast: Cast) -> None:
    """No rows before there is a company to belong to: stages, channel and agent of the seeders are each its own."""
    ids = []
    for tenant in (cast.acme, cast.globex):
        with tenant_context(tenant):
            ids.append(set(Stage.objects.values_list("pk", flat=True)))
    assert ids[0]
    assert not ids[0] & ids[1]


def test_bug_1_2_without_a_company_nothing_answers(cast: Cast) -> None:
    for model in (Contact, Lead, Message, Membership, SystemEvent):
        with pytest.raises(DatabaseError):
            model.objects.count()


# --- §1.4 roles ---------------------------------------------------------------------------------------------
def test_bug_1_4_a_role_the_database_does_not_know_opens_nothing(cast: Cast) -> None:
    """The seeds' code spoke of seller, admin and marketing, which their own check refused."""
    for role in ("seller", "admin", "marketing", "owner", ""):
        member = Membership(user=cast["sol"].user, tenant=cast.acme, role=role, status="active")
        assert not member.may("leads.read")
        assert member.sees == "own"
        with pytest.raises(DatabaseError), auth_scope():
            Membership.objects.filter(pk=cast["sol"].member.pk).update(role=role)


def test_bug_1_4_a_lead_given_away_is_out_of_reach_for_every_act(api_as: Callable[..., APIClient], cast: Cast) -> None:
    with tenant_context(cast.acme):
        lead = make_lead(contact=make_contact(), owner=make_seller(user=cast["sol"].user))
        teo = make_seller(user=cast["teo"].user)
    api = api_as("sol")
    assert api.post(f"/api/v1/leads/{lead.pk}/assign", {"owner": str(teo.pk)}, format="json").status_code == 200
    for path, body in (
        ("stage", {"stage": "contactado"}),
        ("qualify", {"interest": "low"}),
        ("assign", {"owner": None}),
    ):
        assert api.post(f"/api/v1/leads/{lead.pk}/{path}", body, format="json").status_code == 404
    assert api.patch(f"/api/v1/leads/{lead.pk}/", {"needs": "x"}, format="json").status_code == 404
