"""Shapes of pipelines, stages, permitted steps, reasons, requests and clients. Every field is named."""

from rest_framework import serializers

from crm.domain.colors import COLORS
from crm.models import Client, StageKind, StageRequest
from tenants.permission_words import ROLE_CHOICES


class StageOut(serializers.Serializer):
    id = serializers.UUIDField()
    pipeline = serializers.UUIDField(source="pipeline_id")
    code = serializers.CharField()
    name = serializers.CharField()
    kind = serializers.CharField(help_text="open, won or lost")
    position = serializers.IntegerField()
    is_initial = serializers.BooleanField()
    is_active = serializers.BooleanField(help_text="false = at rest: only its history is left")
    color = serializers.CharField()
    probability = serializers.IntegerField(help_text="Chance of winning, %")
    cold_after_days = serializers.IntegerField(help_text="Days without activity; 0 = never")
    requires_comment = serializers.BooleanField()


class StageBody(serializers.Serializer):
    name = serializers.CharField(max_length=80)
    kind = serializers.ChoiceField(choices=StageKind.choices, required=False)
    position = serializers.IntegerField(min_value=0, max_value=10_000, required=False)
    is_initial = serializers.BooleanField(required=False)
    is_active = serializers.BooleanField(required=False)
    color = serializers.ChoiceField(choices=COLORS, required=False, allow_blank=True)
    probability = serializers.IntegerField(min_value=0, max_value=100, required=False)
    cold_after_days = serializers.IntegerField(min_value=0, max_value=3650, required=False)
    requires_comment = serializers.BooleanField(required=False)


class NewStageBody(StageBody):
    pipeline = serializers.UUIDField(required=False, help_text="The main one unless given.")


class RemoveStageFilter(serializers.Serializer):
    move_to = serializers.CharField(required=False, help_text="Id or code of the stage that gets its leads.")


class TransitionOut(serializers.Serializer):
    source = serializers.UUIDField(source="source_id")  # type: ignore[assignment]  # a field, not the option of that name
    target = serializers.UUIDField(source="target_id")
    label = serializers.CharField()  # type: ignore[assignment]  # a field, not the option of that name
    requires_comment = serializers.BooleanField()
    approver_role = serializers.CharField(help_text="Empty = nobody needs to agree.")


class TransitionBody(serializers.Serializer):
    source = serializers.UUIDField()  # type: ignore[assignment]  # a field, not the option of that name
    target = serializers.UUIDField()
    label = serializers.CharField(max_length=60, required=False, allow_blank=True, default="")  # type: ignore[assignment]  # a field, not the option of that name
    requires_comment = serializers.BooleanField(required=False, default=False)
    approver_role = serializers.ChoiceField(choices=ROLE_CHOICES, required=False, allow_blank=True, default="")


class TransitionsBody(serializers.Serializer):
    """All permitted steps of a pipeline."""

    steps = TransitionBody(many=True, max_length=1600)  # type: ignore[call-arg]  # of a list


class PipelineOut(serializers.Serializer):
    id = serializers.UUIDField()
    name = serializers.CharField()
    noun = serializers.CharField(help_text="What one is called; empty = lead.")
    nouns = serializers.CharField()
    position = serializers.IntegerField()
    is_default = serializers.BooleanField()
    is_active = serializers.BooleanField()


class PipelineBody(serializers.Serializer):
    name = serializers.CharField(max_length=80)
    noun = serializers.CharField(max_length=40, required=False, allow_blank=True)
    nouns = serializers.CharField(max_length=40, required=False, allow_blank=True)
    position = serializers.IntegerField(min_value=0, max_value=10_000, required=False)
    is_active = serializers.BooleanField(required=False)
    is_default = serializers.BooleanField(required=False, help_text="true makes it the main one.")


class LostReasonOut(serializers.Serializer):
    id = serializers.UUIDField()
    name = serializers.CharField()
    position = serializers.IntegerField()
    is_active = serializers.BooleanField()


class LostReasonBody(serializers.Serializer):
    name = serializers.CharField(max_length=120)
    position = serializers.IntegerField(min_value=0, max_value=10_000, required=False)
    is_active = serializers.BooleanField(required=False)


class StageRequestOut(serializers.Serializer):
    id = serializers.UUIDField()
    lead = serializers.UUIDField(source="lead_id")
    source = serializers.UUIDField(source="source_id", help_text="Stage it comes from.")  # type: ignore[assignment]  # a field, not the option of that name
    target = serializers.UUIDField(source="target_id")
    status = serializers.CharField(help_text="pending, approved, refused or stale")
    approver_role = serializers.CharField()
    comment = serializers.CharField()
    lost_reason = serializers.CharField()
    asked_by = serializers.CharField(source="actor_label")
    decided_by = serializers.CharField()
    decision_comment = serializers.CharField()
    at = serializers.DateTimeField()
    decided_at = serializers.DateTimeField(allow_null=True)


class ApprovalNeededOut(serializers.Serializer):
    """The lead stays where it is until somebody decides."""

    code = serializers.CharField(help_text="approval_needed")
    request = StageRequestOut()


class DecisionBody(serializers.Serializer):
    comment = serializers.CharField(max_length=300, required=False, allow_blank=True, default="")


class RequestFilter(serializers.Serializer):
    status = serializers.ChoiceField(choices=StageRequest.Status.choices, required=False)


class ClientContactOut(serializers.Serializer):
    id = serializers.UUIDField()
    name = serializers.CharField()
    phone = serializers.CharField(allow_null=True)
    email = serializers.CharField()


class ClientOut(serializers.Serializer):
    id = serializers.UUIDField()
    contact = ClientContactOut()
    owner = serializers.UUIDField(source="owner_id", allow_null=True, help_text="A seller.")
    status = serializers.CharField(help_text="active or inactive")
    since = serializers.DateTimeField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class ClientBody(serializers.Serializer):
    status = serializers.ChoiceField(choices=Client.Status.choices)


class ClientFilter(serializers.Serializer):
    search = serializers.CharField(required=False, max_length=200, help_text="Case and accents do not count.")
    owner = serializers.CharField(required=False, max_length=40, help_text='A seller, or "none".')
    status = serializers.ChoiceField(choices=Client.Status.choices, required=False)


class ConversionOut(serializers.Serializer):
    id = serializers.UUIDField()
    lead = serializers.UUIDField(source="lead_id")
    client = serializers.UUIDField(source="client_id", allow_null=True)
    made_client = serializers.BooleanField()
    value = serializers.DecimalField(max_digits=14, decimal_places=2, allow_null=True)
    currency = serializers.CharField()
    at = serializers.DateTimeField()
    undone_at = serializers.DateTimeField(allow_null=True)


class UnconvertBody(serializers.Serializer):
    reason = serializers.CharField(max_length=300)
