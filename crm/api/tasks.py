"""Tasks."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from crm.access import contact_for, lead_for, task_for
from crm.models import Task
from crm.services import steps, tasks
from tenants.api.base import CompanyView
from tenants.audit_access import audit_access


class TaskOut(serializers.Serializer):
    id = serializers.UUIDField()
    title = serializers.CharField()
    kind = serializers.CharField(help_text="call, message, meeting, follow_up or other")
    detail = serializers.CharField()
    contact = serializers.UUIDField(source="contact_id", allow_null=True)
    lead = serializers.UUIDField(source="lead_id", allow_null=True)
    assignee = serializers.UUIDField(source="assignee_id", allow_null=True, help_text="A member's user.")
    due_at = serializers.DateTimeField()
    remind_at = serializers.DateTimeField(allow_null=True)
    reminded_at = serializers.DateTimeField(allow_null=True)
    done_at = serializers.DateTimeField(allow_null=True)
    done_by = serializers.CharField()
    outcome = serializers.CharField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class TaskChangeBody(serializers.Serializer):
    title = serializers.CharField(max_length=200)
    due_at = serializers.DateTimeField()
    kind = serializers.ChoiceField(choices=Task.Kind.choices, required=False)
    detail = serializers.CharField(max_length=4000, required=False, allow_blank=True)
    assignee = serializers.UUIDField(required=False, allow_null=True)
    remind_at = serializers.DateTimeField(required=False, allow_null=True)


class TaskBody(TaskChangeBody):
    """With `lead` the task is one of its next steps; without `assignee` its seller's, else the caller's."""

    lead = serializers.UUIDField(required=False, allow_null=True)
    contact = serializers.UUIDField(required=False, allow_null=True)


class OutcomeBody(serializers.Serializer):
    outcome = serializers.CharField(max_length=300, required=False, allow_blank=True, default="")


class ReasonBody(serializers.Serializer):
    reason = serializers.CharField(max_length=300)
    until = serializers.DateField(help_text="The last day on which it holds, at most a year ahead.")


class TaskFilter(serializers.Serializer):
    assignee = serializers.CharField(required=False, max_length=40, help_text="A user's id, me, or none.")
    lead = serializers.UUIDField(required=False)
    contact = serializers.UUIDField(required=False)
    due_from = serializers.DateTimeField(required=False)
    due_to = serializers.DateTimeField(required=False, help_text="Not included.")
    status = serializers.ChoiceField(choices=["open", "done", "late"], required=False)

    def validate_assignee(self, said: str) -> str:
        """One of the two words, or an id."""
        return said if said in ("me", "none") else str(serializers.UUIDField().run_validation(said))


@audit_access("tasks.listed")
class Tasks(CompanyView):
    reads, writes = "tasks.read", "tasks.write"

    @extend_schema(operation_id="tasks_list", parameters=[TaskFilter], responses=TaskOut(many=True))
    def get(self, request: Request) -> Response:
        """Newest first: the member's (or their team's) own, and those of leads that they may see."""
        asked = self.asked(TaskFilter)
        rows = Task.objects.visible_to(self.member)
        assignee = asked.get("assignee")
        if assignee is not None:
            whose = {"none": None, "me": self.member.user_id}.get(assignee, assignee)
            rows = rows.filter(assignee=whose)
        names = {"lead": "lead", "contact": "contact", "due_from": "due_at__gte", "due_to": "due_at__lt"}
        rows = rows.filter(**{column: asked[name] for name, column in names.items() if name in asked})
        if "status" in asked:
            rows = rows.filter(done_at__isnull=asked["status"] != "done")
        if asked.get("status") == "late":
            rows = rows.filter(due_at__lt=timezone.now())
        return self.paged(rows, TaskOut)

    @extend_schema(operation_id="tasks_create", request=TaskBody, responses={201: TaskOut})
    def post(self, request: Request) -> Response:
        """Promise something until a time."""
        said = self.body(TaskBody)
        lead, contact = said.pop("lead", None), said.pop("contact", None)
        task = tasks.create_task(
            lead=lead_for(self.member, lead) if lead else None,
            contact=contact_for(self.member, contact) if contact else None,
            by=self.actor,
            **said,
        )
        return Response(TaskOut(task).data, status=201)


@audit_access("task.viewed", resource="pk")
class OneTask(CompanyView):
    reads, writes = "tasks.read", "tasks.write"

    @extend_schema(operation_id="tasks_retrieve", responses=TaskOut)
    def get(self, request: Request, pk: str) -> Response:
        """One task."""
        return Response(TaskOut(task_for(self.member, pk)).data)

    @extend_schema(operation_id="tasks_update", request=TaskChangeBody, responses=TaskOut)
    def patch(self, request: Request, pk: str) -> Response:
        """Change the named fields."""
        task = task_for(self.member, pk)
        changes: dict[str, Any] = self.body(TaskChangeBody, partial=True)
        return Response(TaskOut(tasks.update_task(task=task, by=self.actor, **changes)).data)

    @extend_schema(operation_id="tasks_delete", responses={204: None})
    def delete(self, request: Request, pk: str) -> Response:
        """Take it away."""
        tasks.delete_task(task=task_for(self.member, pk), by=self.actor)
        return Response(status=204)


@audit_access("task.viewed", resource="pk")
class FinishTask(CompanyView):
    writes = "tasks.write"

    @extend_schema(operation_id="tasks_done", request=OutcomeBody, responses=TaskOut)
    def post(self, request: Request, pk: str) -> Response:
        """Done, with what came of it. Again: nothing changes."""
        said = self.body(OutcomeBody)
        task = tasks.finish(task=task_for(self.member, pk), by=self.actor, outcome=said["outcome"])
        return Response(TaskOut(task).data)


@audit_access("task.viewed", resource="pk")
class ReopenTask(CompanyView):
    writes = "tasks.write"

    @extend_schema(operation_id="tasks_reopen", request=None, responses=TaskOut)
    def post(self, request: Request, pk: str) -> Response:
        """Not done after all."""
        return Response(TaskOut(tasks.reopen(task=task_for(self.member, pk), by=self.actor)).data)


@audit_access("lead.viewed", resource="pk")
class ExplainStep(CompanyView):
    writes = "tasks.write"

    @extend_schema(operation_id="leads_step", request=ReasonBody, responses={204: None})
    def post(self, request: Request, pk: str) -> Response:
        """Say why an open lead without open tasks has no next step, and until which day. A next step is a task with `lead`."""
        lead = lead_for(self.member, pk, lock=True)
        steps.explain(lead=lead, by=self.actor, **self.body(ReasonBody))
        return Response(status=204)
