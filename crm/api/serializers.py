"""Shapes of contacts, leads, sellers and stages. Every field is named: a new column never leaks by itself."""

from rest_framework import serializers

from crm.api.contact_serializers import PersonBody
from crm.models import Interest

CURRENCY = r"^[A-Z]{3}$"


class LeadContactOut(serializers.Serializer):
    id = serializers.UUIDField()
    name = serializers.CharField()
    phone = serializers.CharField(allow_null=True)
    email = serializers.CharField()


class LeadOut(serializers.Serializer):
    id = serializers.UUIDField()
    contact = LeadContactOut()
    stage = serializers.UUIDField(source="stage_id")
    owner = serializers.UUIDField(source="owner_id", allow_null=True, help_text="A seller.")
    score = serializers.IntegerField(help_text="0 to 100")
    score_reasons = serializers.ListField(child=serializers.DictField())
    interest = serializers.CharField(help_text="high, medium, low, none or empty")
    budget = serializers.CharField()
    timeline = serializers.CharField()
    needs = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]  # a field, not the option of that name
    value = serializers.DecimalField(max_digits=14, decimal_places=2, allow_null=True)
    currency = serializers.CharField()
    social_links = serializers.DictField()
    tags = serializers.ListField(child=serializers.CharField())
    custom = serializers.DictField()
    lost_reason = serializers.CharField()
    score_adjustment = serializers.IntegerField(help_text="A person's correction, within the score.")
    last_source = serializers.CharField()
    expected_close = serializers.DateField(allow_null=True)
    probability = serializers.IntegerField(allow_null=True, help_text="%; null = that of the stage")
    stage_since = serializers.DateTimeField()
    last_activity_at = serializers.DateTimeField()
    next_step_at = serializers.DateTimeField(allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class LeadOwnFields(serializers.Serializer):
    source = serializers.CharField(max_length=60, required=False, allow_blank=True)  # type: ignore[assignment]  # a field, not the option of that name
    value = serializers.DecimalField(
        max_digits=14, decimal_places=2, min_value=0, required=False, allow_null=True, help_text="As a string."
    )
    currency = serializers.RegexField(CURRENCY, required=False, allow_blank=True, help_text="ISO 4217")
    expected_close = serializers.DateField(required=False, allow_null=True)
    probability = serializers.IntegerField(min_value=0, max_value=100, required=False, allow_null=True)
    social_links = serializers.DictField(required=False)
    tags = serializers.ListField(
        child=serializers.CharField(max_length=40), required=False, max_length=100, allow_empty=True
    )
    custom = serializers.DictField(required=False)


class QualifyBody(serializers.Serializer):
    """What was learned; an empty value leaves what is known."""

    interest = serializers.ChoiceField(choices=Interest.choices, required=False, allow_blank=True)
    budget = serializers.CharField(max_length=200, required=False, allow_blank=True)
    timeline = serializers.CharField(max_length=200, required=False, allow_blank=True)
    needs = serializers.CharField(max_length=4000, required=False, allow_blank=True)


class NewLeadBody(LeadOwnFields):
    contact = PersonBody()
    interest = serializers.ChoiceField(choices=Interest.choices, required=False, allow_blank=True)
    owner = serializers.UUIDField(required=False, allow_null=True)
    stage = serializers.CharField(max_length=40, required=False, help_text="Id or code of an open stage.")
    pipeline = serializers.UUIDField(required=False, help_text="Where the lead begins; the main one unless given.")


class LeadBody(LeadOwnFields):
    budget = serializers.CharField(max_length=200, required=False, allow_blank=True)
    timeline = serializers.CharField(max_length=200, required=False, allow_blank=True)
    needs = serializers.CharField(max_length=4000, required=False, allow_blank=True)


class MoveBody(serializers.Serializer):
    stage = serializers.CharField(max_length=40, help_text="Id or code.")
    lost_reason = serializers.CharField(max_length=300, required=False, allow_blank=True, default="")
    comment = serializers.CharField(max_length=300, required=False, allow_blank=True, default="")
    change_pipeline = serializers.BooleanField(
        required=False, default=False, help_text="true to carry the lead into a stage of another pipeline."
    )


class ScoreBody(serializers.Serializer):
    """A person's own view; `reason` may be empty only when it takes a correction back."""

    score = serializers.IntegerField(min_value=0, max_value=100)
    reason = serializers.CharField(max_length=300, required=False, allow_blank=True, default="")


class OwnerBody(serializers.Serializer):
    """Without `owner` the company's rules decide; null gives the lead to nobody."""

    owner = serializers.UUIDField(required=False, allow_null=True)


class LeadFilter(serializers.Serializer):
    """The words of the list's address (crm.services.lead_filters); besides, `custom.<key>` for each field to filter by."""

    pipeline = serializers.UUIDField(required=False)
    stage = serializers.CharField(required=False, max_length=40, help_text="Id or code.")
    owner = serializers.CharField(required=False, max_length=40, help_text="A seller's id, none or me.")
    source = serializers.CharField(required=False, max_length=60)  # type: ignore[assignment]  # a field, not the option of that name
    tag = serializers.CharField(required=False, max_length=40)
    city = serializers.CharField(required=False, max_length=120)
    interest = serializers.CharField(required=False, max_length=8)
    status = serializers.CharField(required=False, max_length=4, help_text="open, won or lost")
    step = serializers.CharField(required=False, max_length=8, help_text="none, late or planned")
    cold = serializers.CharField(
        required=False, max_length=1, help_text="1: no news for longer than their stage allows"
    )
    lost_reason = serializers.CharField(required=False, max_length=200)
    created_from = serializers.DateField(required=False, help_text="A day of the company, included; so are the others.")
    created_to = serializers.DateField(required=False)
    closed_from = serializers.DateField(required=False)
    closed_to = serializers.DateField(required=False)
    value_min = serializers.CharField(required=False, max_length=40)
    value_max = serializers.CharField(required=False, max_length=40)
    contact = serializers.UUIDField(required=False)
    search = serializers.CharField(required=False, max_length=200, help_text="Case and accents do not count.")
    sort = serializers.CharField(
        required=False, max_length=8, help_text="created, active; value, score, close for at most 10,000 leads"
    )
