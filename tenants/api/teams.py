"""Teams of the company, for those who manage its people from elsewhere."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from config.lib.ids import key_of
from tenants.api.base import CompanyView
from tenants.audit_access import audit_access
from tenants.services import teams


class TeamOut(serializers.Serializer):
    id = serializers.UUIDField()
    name = serializers.CharField()
    people = serializers.IntegerField(default=0, help_text="Members of the company in it.")
    created_at = serializers.DateTimeField()


class TeamBody(serializers.Serializer):
    name = serializers.CharField(max_length=teams.LONGEST_NAME)


@audit_access("teams.listed")
class Teams(CompanyView):
    reads, writes = "members.read", "members.write"

    @extend_schema(operation_id="teams_list", responses=TeamOut(many=True))
    def get(self, request: Request) -> Response:
        """Teams, the latest first."""
        return self.paged(teams.teams().order_by(), TeamOut)

    @extend_schema(operation_id="teams_create", request=TeamBody, responses={201: TeamOut})
    def post(self, request: Request) -> Response:
        """Create a team. 409 when another one has the name."""
        team = teams.create_team(name=self.body(TeamBody)["name"], by=self.actor)
        return Response(TeamOut(team).data, status=201)


@audit_access("team.viewed", resource="pk")
class OneTeam(CompanyView):
    reads, writes = "members.read", "members.write"

    @extend_schema(operation_id="teams_update", request=TeamBody, responses=TeamOut)
    def patch(self, request: Request, pk: str) -> Response:
        """Rename."""
        team = teams.team_for(key_of(pk))
        return Response(TeamOut(teams.rename_team(team=team, name=self.body(TeamBody)["name"], by=self.actor)).data)

    @extend_schema(operation_id="teams_delete", responses={204: None})
    def delete(self, request: Request, pk: str) -> Response:
        """Its people stay in the company and see their own."""
        teams.remove_team(team=teams.team_for(key_of(pk)), by=self.actor)
        return Response(status=204)
