"""Shapes of contacts, leads, sellers and stages. Every field is named: a new column never leaks by itself."""

from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from crm.models import Interest

CURRENCY = r"^[A-Z]{3}$"


class ContactOut(serializers.Serializer):
    id = serializers.UUIDField()
    name = serializers.CharField()
    phone = serializers.CharField(allow_null=True, help_text="E.164")
    email = serializers.CharField()
    social_links = serializers.DictField()
    custom = serializers.DictField()
    notes = serializers.CharField()
    opted_out_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class ContactBody(serializers.Serializer):
    name = serializers.CharField(max_length=200, required=False, allow_blank=True)
    phone = serializers.CharField(max_length=40, required=False, allow_blank=True, allow_null=True)
    email = serializers.EmailField(max_length=254, required=False, allow_blank=True)
    social_links = serializers.DictField(required=False)
    custom = serializers.DictField(required=False)
    notes = serializers.CharField(max_length=20_000, required=False, allow_blank=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Somebody new has a name, a phone or an e-mail."""
        if not self.partial and not any(attrs.get(field) for field in ("name", "phone", "email")):
            raise serializers.ValidationError({"name": _("Falta el nombre, el teléfono o el correo.")})
        return attrs


class ContactFilter(serializers.Serializer):
    search = serializers.CharField(required=False, max_length=200, help_text="Case and accents do not count.")


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
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class PersonBody(serializers.Serializer):
    """Who the lead is: an id, or name, phone and e-mail of a person known or new."""

    id = serializers.UUIDField(required=False)
    name = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    phone = serializers.CharField(max_length=40, required=False, allow_blank=True, allow_null=True, default=None)
    email = serializers.EmailField(max_length=254, required=False, allow_blank=True, default="")

    def to_internal_value(self, data: object) -> dict[str, object]:
        """A bare id is short for {"id": …}."""
        return super().to_internal_value({"id": data} if isinstance(data, str) else data)


class LeadOwnFields(serializers.Serializer):
    source = serializers.CharField(max_length=60, required=False, allow_blank=True)  # type: ignore[assignment]  # a field, not the option of that name
    value = serializers.DecimalField(
        max_digits=14, decimal_places=2, min_value=0, required=False, allow_null=True, help_text="As a string."
    )
    currency = serializers.RegexField(CURRENCY, required=False, allow_blank=True, help_text="ISO 4217")
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


class LeadBody(LeadOwnFields):
    budget = serializers.CharField(max_length=200, required=False, allow_blank=True)
    timeline = serializers.CharField(max_length=200, required=False, allow_blank=True)
    needs = serializers.CharField(max_length=4000, required=False, allow_blank=True)


class StageBody(serializers.Serializer):
    stage = serializers.CharField(max_length=40, help_text="Id or code.")
    lost_reason = serializers.CharField(max_length=300, required=False, allow_blank=True, default="")


class OwnerBody(serializers.Serializer):
    """Without `owner` nothing changes; null gives the lead to nobody."""

    owner = serializers.UUIDField(required=False, allow_null=True)


class LeadFilter(serializers.Serializer):
    stage = serializers.CharField(required=False, max_length=40, help_text="Id or code.")
    owner = serializers.CharField(required=False, max_length=40, help_text="A seller's id, or none.")
    source = serializers.CharField(required=False, max_length=60)  # type: ignore[assignment]  # a field, not the option of that name
    contact = serializers.UUIDField(required=False)
    search = serializers.CharField(required=False, max_length=200, help_text="Case and accents do not count.")


class StageOut(serializers.Serializer):
    id = serializers.UUIDField()
    code = serializers.CharField()
    name = serializers.CharField()
    kind = serializers.CharField(help_text="open, won or lost")
    position = serializers.IntegerField()
    is_initial = serializers.BooleanField()


class SellerOut(serializers.Serializer):
    id = serializers.UUIDField()
    name = serializers.CharField()
    user = serializers.UUIDField(source="user_id", allow_null=True)
    email = serializers.CharField()
    working_hours = serializers.DictField()
    timezone = serializers.CharField()
    is_active = serializers.BooleanField()
    created_at = serializers.DateTimeField()


class SellerBody(serializers.Serializer):
    name = serializers.CharField(max_length=120)
    user = serializers.UUIDField(required=False, allow_null=True)
    email = serializers.EmailField(max_length=254, required=False, allow_blank=True)
    working_hours = serializers.DictField(required=False, help_text='{"0": [["09:00", "13:00"]]}, 0 = Monday')
    timezone = serializers.CharField(max_length=64, required=False, allow_blank=True)
    is_active = serializers.BooleanField(required=False)
