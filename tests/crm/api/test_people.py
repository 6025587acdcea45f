"""Contacts, sellers and stages through the API."""

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from tests.support.cast import Person

Api = Callable[..., APIClient]


def test_a_contact_is_created_changed_and_found(api_as: Api) -> None:
    api = api_as("sol")
    person = {
        "name": "José Núñez",
        "phone": "+5491155551111",
        "email": "jose@example.test",
        "custom": {"document": "1"},
    }
    made = api.post("/api/v1/contacts/", person)
    assert made.status_code == 201
    url = f"/api/v1/contacts/{made.json()['id']}/"
    assert api.patch(url, {"name": "José N."}).json()["name"] == "José N."
    assert api.get(url).json()["custom"] == {"document": "1"}
    for words in ("jose", "JOSÉ", "55551111", "jose@exam"):
        assert len(api.get("/api/v1/contacts/", {"search": words}).json()["results"]) == 1, words
    assert api.get("/api/v1/contacts/", {"search": "pedro"}).json()["results"] == []


def test_one_phone_belongs_to_one_contact_in_all_its_spellings(api_as: Api) -> None:
    api = api_as("ana")
    api.post("/api/v1/contacts/", {"name": "Ada", "phone": "+5491155551111"})
    answer = api.post("/api/v1/contacts/", {"name": "Otra", "phone": "+541155551111"})
    assert answer.status_code == 409
    assert "phone" in answer.json()["error"]["fields"]
    assert len(api.get("/api/v1/contacts/").json()["results"]) == 1


@pytest.mark.parametrize(
    "body", [{"email": "no"}, {"phone": {}}, {"custom": "x"}, {"name": "x" * 201}, {"name": ["a"]}, {"phone": "1" * 41}]
)
def test_a_wrong_contact_is_a_400_with_its_fields(api_as: Api, body: dict[str, Any]) -> None:
    answer = api_as("ana").post("/api/v1/contacts/", body)
    assert answer.status_code == 400
    assert set(answer.json()["error"]["fields"]) == set(body)


def test_nobody_is_no_contact(api_as: Api) -> None:
    for body in ({}, {"name": " ", "notes": "x"}):
        assert "name" in api_as("ana").post("/api/v1/contacts/", body).json()["error"]["fields"]
    assert api_as("ana").get("/api/v1/contacts/").json()["results"] == []


def test_the_pipeline_is_listed_in_its_order(api_as: Api) -> None:
    answer = api_as("teo").get("/api/v1/stages/").json()
    assert [row["kind"] for row in answer["results"]][-2:] == ["won", "lost"]
    assert answer["next"] is answer["previous"] is None


def test_a_seller_has_hours_and_may_be_a_member(api_as: Api, sol: Person) -> None:
    api = api_as("ana")
    body = {
        "name": "Sol",
        "user": str(sol.user.pk),
        "working_hours": {"0": [["09:00", "13:00"], ["14:00", "18:00"]]},
        "timezone": "America/Argentina/Cordoba",
    }
    made = api.post("/api/v1/sellers/", body)
    assert made.status_code == 201
    assert {name: made.json()[name] for name in body} == body
    assert api.post("/api/v1/sellers/", {**body, "name": "Sol again"}).status_code == 409
    url = f"/api/v1/sellers/{made.json()['id']}/"
    assert api.patch(url, {"is_active": False}).json()["is_active"] is False
    assert api.get(url).json()["working_hours"] == body["working_hours"]


@pytest.mark.parametrize(
    "body",
    [
        {"working_hours": {"7": []}},
        {"working_hours": {"0": "all day"}},
        {"working_hours": {"0": [["9", "10"]]}},
        {"working_hours": {"0": [["13:00", "09:00"]]}},
        {"working_hours": {"0": [["09:00", "13:00"], ["12:00", "14:00"]]}},
        {"timezone": "Mars/Olympus"},
        {"user": "0190a0b0-0000-7000-8000-000000000000"},
        {"name": " "},
    ],
)
def test_a_wrong_seller_is_refused_by_field(api_as: Api, body: dict[str, Any]) -> None:
    answer = api_as("ana").post("/api/v1/sellers/", {"name": "Vera", **body})
    assert answer.status_code in (400, 422)
    assert set(answer.json()["error"]["fields"]) == set(body)


def test_a_person_of_another_company_cannot_be_made_a_seller(api_as: Api, gus: Person) -> None:
    assert api_as("ana").post("/api/v1/sellers/", {"name": "Gus", "user": str(gus.user.pk)}).status_code == 422


def test_sellers_are_written_by_who_runs_the_company_only(api_as: Api) -> None:
    assert api_as("sol").get("/api/v1/sellers/").status_code == 200
    assert api_as("sol").post("/api/v1/sellers/", {"name": "Vera"}).status_code == 403
