"""Questions of agents to the team: which there are, and answering one."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from agents.models import Question
from agents.services import questions
from tenants.api.base import CompanyView
from tenants.audit_access import audit_access


class QuestionOut(serializers.Serializer):
    id = serializers.UUIDField()
    conversation = serializers.UUIDField(source="conversation_id")
    run = serializers.UUIDField(source="run_id")
    question = serializers.CharField()
    state = serializers.CharField(help_text="waiting, answered, expired or dropped")
    asked_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(help_text="Then the chat goes to people.")
    answer = serializers.CharField()
    answered_by = serializers.CharField()
    answered_at = serializers.DateTimeField(allow_null=True)
    untold = serializers.CharField(
        help_text="Why the agent does not tell the customer: person, late, closed, window, blocked, nobody or budget;"
        " empty when it does, or did."
    )
    told_at = serializers.DateTimeField(
        allow_null=True, help_text="When a turn that knew the answer spoke to the customer; null until then."
    )


class QuestionFilter(serializers.Serializer):
    conversation = serializers.UUIDField(required=False)
    state = serializers.ChoiceField(required=False, choices=Question.State.values)


class AnswerBody(serializers.Serializer):
    answer = serializers.CharField(max_length=questions.LONGEST_ANSWER)


@audit_access("questions.listed")
class Questions(CompanyView):
    reads = "inbox.read"
    page_by = "asked_at"

    @extend_schema(operation_id="questions_list", parameters=[QuestionFilter], responses=QuestionOut(many=True))
    def get(self, request: Request) -> Response:
        """What agents asked the team, the latest first."""
        asked = self.asked(QuestionFilter)
        columns = {"conversation": "conversation_id", "state": "state"}
        wanted = {columns[name]: value for name, value in asked.items()}
        return self.paged(questions.visible_questions(self.member).filter(**wanted), QuestionOut)


@audit_access("question.viewed", resource="pk", kind="question")
class OneQuestion(CompanyView):
    reads = "inbox.read"

    @extend_schema(operation_id="questions_retrieve", responses=QuestionOut)
    def get(self, request: Request, pk: str) -> Response:
        """One question with its answer."""
        return Response(QuestionOut(questions.question_for(self.member, pk)).data)


@audit_access("question.viewed", resource="pk", kind="question")
class AnswerQuestion(CompanyView):
    writes = "inbox.write"

    @extend_schema(operation_id="questions_answer", request=AnswerBody, responses=QuestionOut)
    def post(self, request: Request, pk: str) -> Response:
        """Answer it, once; the agent tells the customer where it may, and `untold` says why where it may not."""
        found = questions.question_for(self.member, pk)
        text = self.body(AnswerBody)["answer"]
        row = questions.answer(tenant=self.tenant, question=found, text=text, by=self.actor)
        return Response(QuestionOut(row).data)
