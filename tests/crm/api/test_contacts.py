"""People through the API: filters, further numbers, consent, blocking, doubles, uniting."""

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from crm.models import Contact
from crm.services import duplicates, merging, points
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tenants.models import Tenant
from tests.factories.crm import make_contact, make_lead, make_seller
from tests.factories.crm_more import make_client, make_custom_field, make_point
from tests.support.cast import Person

Api = Callable[..., APIClient]
BY = Actor.system("Prueba")
URL = "/api/v1/contacts/"


def test_the_list_is_narrowed_by_what_people_are(api_as: Api, acme: Tenant) -> None:
    with tenant_context(acme):
        make_custom_field(on="contact", key="plan", label="Plan", kind="choice", options=["oro", "plata"])
        make_contact(name="Ana", city="Rosario", tags=["vip"], custom={"plan": "oro"})
        make_client(contact=make_contact(name="Beto", phone=None))
        caro = make_contact(name="Caro", blocked_at="2026-11-01T00:00:00Z")
        points.add_point(contact=caro, kind="phone", value="+5491155559999", by=BY)
        make_contact(name="Dora", opted_out_at="2026-11-01T00:00:00Z")
    api = api_as("ana")

    def names(**asked: str) -> list[str]:
        return sorted(each["name"] for each in api.get(URL, asked).json()["results"])

    assert names(city="rosario") == names(tag="vip") == names(**{"custom.plan": "oro"}) == ["Ana"]
    assert names(client="yes") == names(phone="none") == ["Beto"]
    assert names(client="no") == ["Ana", "Caro", "Dora"]
    assert names(blocked="1") == names(search="55559999") == ["Caro"]
    assert names(opted_out="1") == ["Dora"]
    assert names(**{"custom.plan": "bronce"}) == names()  # what is not understood filters nothing
    assert api.get(URL, {"client": "maybe"}).status_code == 400


def test_a_contact_carries_everything_about_reaching_it(api_as: Api) -> None:
    api = api_as("sol")
    body = {"name": "Ana", "phone": "11 5555 1111", "city": "Salta", "tags": ["vip", "VIP "], "email": "ANA@b.test"}
    made = api.post(URL, body).json()
    assert (made["phone"], made["email"], made["city"]) == ("+541155551111", "ana@b.test", "Salta")
    assert [tag.lower() for tag in made["tags"]] == ["vip"]
    point = api.post(f"{URL}{made['id']}/points/", {"kind": "phone", "value": "11 5555 2222"})
    assert (point.status_code, point.json()["value"]) == (201, "+541155552222")
    assert [each["value"] for each in api.get(f"{URL}{made['id']}/").json()["points"]] == ["+541155552222"]
    assert api.delete(f"{URL}{made['id']}/points/{point.json()['id']}/").status_code == 204
    assert api.delete(f"{URL}{made['id']}/points/{point.json()['id']}/").status_code == 404
    wrong = api.post(f"{URL}{made['id']}/points/", {"kind": "phone", "value": "x"})
    assert wrong.status_code == 422
    unknown = api.post(URL, {"name": "B", "custom": {"nadie": "1"}})
    assert (unknown.status_code, list(unknown.json()["error"]["fields"])) == (422, ["custom.nadie"])


def test_consent_is_noted_and_read_by_purpose(api_as: Api, acme: Tenant) -> None:
    with tenant_context(acme):
        contact = make_contact()
    api, url = api_as("sol"), f"{URL}{contact.pk}"
    for granted in (True, False):
        said = {"purpose": "marketing", "granted": granted, "source": "Por teléfono"}
        assert api.post(f"{url}/consents/", said).status_code == 201
    (row,) = api.get(f"{url}/consents/").json()["results"]
    assert (row["purpose"], row["granted"], row["source"]) == ("marketing", False, "Por teléfono")
    assert api.post(f"{url}/opt-out/", {"source": "Carta"}).json()["opted_out_at"]
    assert len(api.get(f"{url}/consents/").json()["results"]) == 3
    assert api.post(f"{url}/opt-in/", {}).json()["opted_out_at"] is None


def test_nobody_makes_a_lead_for_who_is_blocked(api_as: Api, acme: Tenant) -> None:
    with tenant_context(acme):
        contact = make_contact(phone="+5491155551111", email="b@b.test")
    api = api_as("ana")
    assert api.post(f"{URL}{contact.pk}/block/", {"reason": "Insultos"}).json()["blocked_reason"] == "Insultos"
    for who in (str(contact.pk), {"phone": "+541155551111"}, {"name": "Otro", "email": "B@b.test"}):
        refused = api.post("/api/v1/leads/", {"contact": who})
        assert (refused.status_code, refused.json()["error"]["code"]) == (409, "blocked"), who
    assert api.post(f"{URL}{contact.pk}/unblock/", {}).json()["blocked_at"] is None
    assert api.post("/api/v1/leads/", {"contact": {"phone": "+541155551111"}}).status_code == 201


def test_a_known_e_mail_is_the_known_person_unless_the_numbers_differ(api_as: Api, acme: Tenant) -> None:
    with tenant_context(acme):
        make_contact(name="Ana", phone="+5491155551111", email="a@b.test")
    api = api_as("ana")
    for who in ({"email": "A@b.test", "city": "Salta"}, {"phone": "+541155551111", "email": "otra@b.test"}):
        assert api.post("/api/v1/leads/", {"contact": who}).status_code == 201
    with tenant_context(acme):
        ana = Contact.objects.get()
        assert (ana.city, ana.email) == ("Salta", "a@b.test")
    api.post("/api/v1/leads/", {"contact": {"name": "Su hijo", "phone": "+5491155552222", "email": "a@b.test"}})
    with tenant_context(acme):
        assert Contact.objects.count() == 2


def test_uniting_and_taking_apart(api_as: Api, acme: Tenant) -> None:
    with tenant_context(acme):
        kept, other = make_contact(name="Ana", email="a@b.test"), make_contact(name="Ana Paz", email="a@b.test")
        lead = make_lead(contact=other)
        duplicates.find_for(kept.pk)
    api = api_as("ana")
    (pair,) = api.get(f"{URL}duplicates/").json()["results"]
    assert {pair["first"]["name"], pair["second"]["name"]} == {"Ana", "Ana Paz"}
    assert api.get(f"{URL}{kept.pk}/duplicates/").json()["results"][0]["id"] == pair["id"]
    done = api.post(f"{URL}{kept.pk}/merge/", {"other": str(other.pk)})
    assert done.status_code == 200
    assert api.get(f"/api/v1/leads/{lead.pk}/").json()["contact"]["id"] == str(kept.pk)
    gone = api.get(f"{URL}{other.pk}/")
    assert (gone.status_code, gone.json()["error"]["fields"]) == (404, {"merged_into": str(kept.pk)})
    assert api.get(f"{URL}{kept.pk}/merges/").json()["results"][0]["merge_id"] == done.json()["merge_id"]
    back = api.post(f"{URL}{kept.pk}/unmerge/", {"merge_id": done.json()["merge_id"]})
    assert (back.status_code, back.json()["id"]) == (200, str(other.pk))
    assert api.post(f"{URL}{kept.pk}/unmerge/", {"merge_id": done.json()["merge_id"]}).status_code == 409
    assert api.post(f"{URL}duplicates/{pair['id']}/dismiss/", {}).status_code == 204
    assert api.get(f"{URL}duplicates/").json()["results"] == []


def test_both_must_be_the_members_to_see(api_as: Api, acme: Tenant, teo: Person) -> None:
    with tenant_context(acme):
        mine, hidden = make_contact(), make_contact()
        make_lead(contact=hidden, owner=make_seller(user=teo.user))
        done = merging.merge(kept=hidden, other=make_contact(), by=BY)
    api = api_as("sol")
    assert api.post(f"{URL}{mine.pk}/merge/", {"other": str(hidden.pk)}).status_code == 404
    assert api.post(f"{URL}{hidden.pk}/merge/", {"other": str(mine.pk)}).status_code == 404
    assert api.post(f"{URL}{mine.pk}/unmerge/", {"merge_id": str(done.pk)}).status_code == 404
    gone = api.get(f"{URL}{done.other_id}/")
    assert (gone.status_code, gone.json()["error"]["fields"]) == (404, {})  # where it went is not theirs to know


@pytest.mark.parametrize("body", [{}, {"other": "x"}, {"other": None}])
def test_a_wrong_merge_is_refused_by_field(api_as: Api, acme: Tenant, body: dict[str, Any]) -> None:
    with tenant_context(acme):
        contact = make_contact()
    answer = api_as("ana").post(f"{URL}{contact.pk}/merge/", body)
    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (400, ["other"])


def test_the_list_costs_the_same_with_many(api_as: Api, acme: Tenant, statements: Any) -> None:
    api, seen_counts = api_as("ana"), []
    for size in (3, 30):
        with tenant_context(acme):
            for _number in range(size):
                make_point(contact=make_contact(tags=["vip"]))
        with statements() as seen:
            assert api.get(URL, {"limit": 50}).status_code == 200
        seen_counts.append(seen.count)
    assert seen_counts[0] == seen_counts[1] <= 8
