"""The first steps of a company, for integrations that set companies up."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from agents.demo import sample
from agents.services import onboarding
from tenants.api.base import CompanyView


class StepOut(serializers.Serializer):
    name = serializers.CharField()
    title = serializers.CharField()
    state = serializers.ChoiceField(choices=["open", "done", "skipped"])


class FirstStepsOut(serializers.Serializer):
    steps = StepOut(many=True)
    finished = serializers.BooleanField(help_text="No step is open.")
    test = serializers.ChoiceField(choices=["waiting", "received", "answered"], help_text="How far the test chat is.")
    sample_data = serializers.BooleanField(help_text="Example data is loaded.")


class StepBody(serializers.Serializer):
    """Either of them: the name of a step."""

    done = serializers.CharField(max_length=20, required=False)
    skip = serializers.CharField(max_length=20, required=False)


class FirstSteps(CompanyView):
    reads, writes = "settings.read", "settings.write"
    pagination_class = None

    @extend_schema(operation_id="onboarding_retrieve", responses=FirstStepsOut)
    def get(self, request: Request) -> Response:
        """How far the company is, counting what really happened."""
        return Response(_state())

    @extend_schema(operation_id="onboarding_update", request=StepBody, responses=FirstStepsOut)
    def patch(self, request: Request) -> Response:
        """Mark a step as done or leave it out."""
        body = self.body(StepBody)
        for name, skipped in (("done", False), ("skip", True)):
            if name in body:
                onboarding.mark(step=body[name], skipped=skipped, by=self.actor)
        return Response(_state())


class SampleData(CompanyView):
    writes = "settings.write"

    @extend_schema(operation_id="onboarding_sample_data_create", request=None, responses={201: FirstStepsOut})
    def post(self, request: Request) -> Response:
        """Load example chats and documents of the company's trade. 409 when they are there already."""
        sample.load(by=self.actor)
        return Response(_state(), status=201)

    @extend_schema(operation_id="onboarding_sample_data_delete", responses={204: None})
    def delete(self, request: Request) -> Response:
        """Take the example data away again."""
        sample.remove(by=self.actor)
        return Response(status=204)


def _state() -> dict[str, Any]:
    steps = onboarding.progress()
    return {
        "steps": StepOut(steps, many=True).data,
        "finished": not any(step.state == "open" for step in steps),
        "test": onboarding.test_state(answered=any(each.name == "test" and each.really for each in steps)),
        "sample_data": sample.loaded(),
    }
