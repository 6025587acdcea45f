"""Teams and scopes as the company sets them: service, page and API."""

from collections.abc import Callable

import pytest
from django.test import Client
from rest_framework.test import APIClient

from config.lib.errors import Conflict, Invalid, NotFound
from tenants.context import tenant_context
from tenants.models import Membership, SystemEvent, Team
from tenants.services import teams
from tests.support.cast import Cast


def team_of(cast: Cast, name: str = "Norte", company: str = "acme") -> Team:
    tenant = getattr(cast, company)
    with tenant_context(tenant):
        return teams.create_team(name=name, by=cast["ana"].actor)


def row(cast: Cast, name: str) -> Membership:
    with tenant_context(cast.acme):
        return Membership.objects.get(pk=cast[name].member.pk)


def test_a_scope_and_a_team_are_stored_and_told(cast: Cast) -> None:
    team = team_of(cast)
    with tenant_context(cast.acme):
        teams.set_scope(member=cast["sol"].member, scope="team", team=team, by=cast["ana"].actor)
    found = row(cast, "sol")
    assert (found.scope, found.team_id, found.sees) == ("team", team.pk, "team")
    with tenant_context(cast.acme):
        event = SystemEvent.objects.get(action="member.scope_changed")
    assert event.diff == {"scope": ["", "team"], "team": [None, str(team.pk)]}
    assert event.resource_id == str(found.pk)


def test_the_same_again_is_not_told_twice(cast: Cast) -> None:
    for _again in range(2):
        with tenant_context(cast.acme):
            teams.set_scope(member=cast["sol"].member, scope="all", team=None, by=cast["ana"].actor)
    with tenant_context(cast.acme):
        assert SystemEvent.objects.filter(action="member.scope_changed").count() == 1


@pytest.mark.parametrize(
    ("name", "scope", "field"), [("sol", "everything", "scope"), ("sol", "team", "team"), ("ana", "own", "scope")]
)
def test_what_makes_no_sense_is_refused(cast: Cast, name: str, scope: str, field: str) -> None:
    with tenant_context(cast.acme), pytest.raises(Invalid) as refused:
        teams.set_scope(member=cast[name].member, scope=scope, team=None, by=cast["ana"].actor)
    assert field in refused.value.fields


def test_a_team_of_another_company_is_none(cast: Cast) -> None:
    theirs = team_of(cast, company="globex")
    with tenant_context(cast.acme):
        with pytest.raises(Invalid):
            teams.set_scope(member=cast["sol"].member, scope="team", team=theirs, by=cast["ana"].actor)
        with pytest.raises(NotFound):
            teams.team_for(theirs.pk)


def test_who_directs_the_company_sees_all_whatever_was_stored() -> None:
    assert Membership(role="ceo", status="active", scope="own").sees == "all"
    assert Membership(role="closer", status="active", scope="own").sees == "own"


def test_two_teams_have_two_names(cast: Cast) -> None:
    team_of(cast, "Norte")
    with pytest.raises(Conflict):
        team_of(cast, "NORTE")
    assert team_of(cast, "Norte", company="globex").pk


def test_a_removed_team_leaves_its_people_with_their_own(cast: Cast) -> None:
    team = team_of(cast)
    with tenant_context(cast.acme):
        teams.set_scope(member=cast["sol"].member, scope="team", team=team, by=cast["ana"].actor)
        teams.set_scope(member=cast["teo"].member, scope="", team=team, by=cast["ana"].actor)
    with tenant_context(cast.acme):
        assert [each.people for each in teams.teams()] == [2]
        assert teams.remove_team(team=team, by=cast["ana"].actor) == 2
        assert not Team.objects.exists()
    assert row(cast, "sol").team_id is None


def test_the_page_makes_renames_and_removes(client_as: Callable[..., Client], cast: Cast) -> None:
    ana = client_as("ana")
    assert "Todavía no hay equipos" in ana.get("/equipo/equipos/").content.decode()
    assert ana.post("/equipo/equipos/crear/", {"name": "Norte"}).status_code == 303
    with tenant_context(cast.acme):
        team = Team.objects.get()
    again = ana.post("/equipo/equipos/crear/", {"name": "norte"})
    assert again.status_code == 422
    assert "Ya hay un equipo con ese nombre" in again.content.decode()
    assert 'value="norte"' in again.content.decode()
    assert ana.post(f"/equipo/equipos/{team.pk}/", {"name": "Sur"}).status_code == 303
    assert "Sur" in ana.get("/equipo/equipos/").content.decode()
    assert ana.post(f"/equipo/equipos/{team.pk}/eliminar/").status_code == 303
    with tenant_context(cast.acme):
        actions = list(SystemEvent.objects.filter(action__startswith="team.").order_by("position"))
    assert [each.action for each in actions] == ["team.created", "team.renamed", "team.removed"]


def test_a_secretary_looks_and_does_not_change(client_as: Callable[..., Client]) -> None:
    rita = client_as("rita")
    assert rita.get("/equipo/equipos/").status_code == 200
    assert rita.post("/equipo/equipos/crear/", {"name": "Norte"}).status_code == 403
    assert client_as("sol").get("/equipo/equipos/").status_code == 403


def test_the_api_does_the_same(api_as: Callable[..., APIClient], cast: Cast) -> None:
    ana = api_as("ana")
    made = ana.post("/api/v1/teams/", {"name": "Norte"}, format="json")
    assert made.status_code == 201
    assert ana.post("/api/v1/teams/", {"name": "norte"}, format="json").status_code == 409
    key = made.json()["id"]
    assert ana.patch(f"/api/v1/teams/{key}/", {"name": "Sur"}, format="json").json()["name"] == "Sur"
    assert [each["name"] for each in ana.get("/api/v1/teams/").json()["results"]] == ["Sur"]
    assert api_as("gus").patch(f"/api/v1/teams/{key}/", {"name": "x"}, format="json").status_code == 404
    assert ana.delete(f"/api/v1/teams/{key}/").status_code == 204
