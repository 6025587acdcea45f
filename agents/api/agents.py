"""Agents: the working copy, what is published, what was."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from agents.access import agent_for, version_for
from agents.api.serializers import AgentBody, AgentOut, PreviewOut, RestoreBody, RosterOut, VersionOut
from agents.models import Agent
from agents.services import agents, hours, previews
from tenants.api.base import CompanyView


class Agents(CompanyView):
    reads, writes = "agents.read", "agents.write"

    @extend_schema(operation_id="agents_list", responses=AgentOut(many=True))
    def get(self, request: Request) -> Response:
        """Agents, the latest first."""
        return self.paged(Agent.objects.select_related("published"), AgentOut)

    @extend_schema(operation_id="agents_create", request=AgentBody, responses={201: AgentOut})
    def post(self, request: Request) -> Response:
        """Create an agent; an active one answers from then on."""
        agent = agents.create_agent(by=self.actor, **self.body(AgentBody))
        return Response(AgentOut(agent).data, status=201)


class OneAgent(CompanyView):
    reads, writes = "agents.read", "agents.write"

    @extend_schema(operation_id="agents_retrieve", responses=AgentOut)
    def get(self, request: Request, pk: str) -> Response:
        """The working copy of an agent."""
        return Response(AgentOut(agent_for(self.member, pk)).data)

    @extend_schema(operation_id="agents_update", request=AgentBody, responses=AgentOut)
    def patch(self, request: Request, pk: str) -> Response:
        """Change the working copy; customers meet it once it is published."""
        agent = agent_for(self.member, pk)
        changes = self.body(AgentBody, partial=True)
        return Response(AgentOut(agents.update_agent(agent=agent, by=self.actor, **changes)).data)

    @extend_schema(operation_id="agents_delete", responses={204: None})
    def delete(self, request: Request, pk: str) -> Response:
        """The agent and its versions go; its runs stay."""
        agents.remove_agent(agent=agent_for(self.member, pk), by=self.actor)
        return Response(status=204)


class Preview(CompanyView):
    reads = "agents.read"

    @extend_schema(operation_id="agents_preview", responses=PreviewOut)
    def get(self, request: Request, pk: str) -> Response:
        """What a model would read of the working copy now. Asks no model and writes nothing."""
        snapshot = agents.snapshot_of(agent_for(self.member, pk))
        return Response(PreviewOut(previews.preview_of(snapshot)).data)


class Roster(CompanyView):
    reads = "agents.read"

    @extend_schema(operation_id="agents_roster", responses=RosterOut(many=True))
    def get(self, request: Request) -> Response:
        """Which agent answers in each channel, now and over an ordinary week."""
        return self.whole(hours.roster(), RosterOut)


class Versions(CompanyView):
    reads = "agents.read"

    @extend_schema(operation_id="agents_versions_list", responses=VersionOut(many=True))
    def get(self, request: Request, pk: str) -> Response:
        """What was published, the latest first."""
        return self.paged(agent_for(self.member, pk).versions.all(), VersionOut)


class Restore(CompanyView):
    writes = "agents.write"

    @extend_schema(operation_id="agents_restore", request=RestoreBody, responses=VersionOut)
    def post(self, request: Request, pk: str) -> Response:
        """Publish an earlier version again, as a new number; it becomes the working copy too."""
        version = version_for(agent_for(self.member, pk), self.body(RestoreBody)["version"])
        return Response(VersionOut(agents.put_back(version=version, by=self.actor)).data)
