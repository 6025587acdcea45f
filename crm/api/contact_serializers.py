"""Shapes of people and what hangs on them. Every field is named: a new column never leaks by itself."""

from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from crm.models import Consent, ContactPoint


class PointOut(serializers.Serializer):
    id = serializers.UUIDField()
    kind = serializers.CharField(help_text="phone or email")
    value = serializers.CharField(help_text="E.164, or an address in lower case.")
    label = serializers.CharField()  # type: ignore[assignment]  # a field, not the option of that name


class PointBody(serializers.Serializer):
    kind = serializers.ChoiceField(choices=ContactPoint.Kind.choices)
    value = serializers.CharField(max_length=254)
    label = serializers.CharField(max_length=60, required=False, allow_blank=True, default="")  # type: ignore[assignment]  # a field, not the option of that name


class ContactOut(serializers.Serializer):
    id = serializers.UUIDField()
    name = serializers.CharField()
    phone = serializers.CharField(allow_null=True, help_text="E.164")
    email = serializers.CharField()
    city = serializers.CharField()
    points = PointOut(many=True, help_text="Further phones and e-mails.")
    social_links = serializers.DictField()
    custom = serializers.DictField()
    tags = serializers.ListField(child=serializers.CharField())
    notes = serializers.CharField()
    blocked_at = serializers.DateTimeField(allow_null=True)
    blocked_reason = serializers.CharField()
    opted_out_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class ContactBody(serializers.Serializer):
    name = serializers.CharField(max_length=200, required=False, allow_blank=True)
    phone = serializers.CharField(max_length=40, required=False, allow_blank=True, allow_null=True)
    email = serializers.EmailField(max_length=254, required=False, allow_blank=True)
    city = serializers.CharField(max_length=120, required=False, allow_blank=True)
    social_links = serializers.DictField(required=False)
    custom = serializers.DictField(required=False)
    tags = serializers.ListField(
        child=serializers.CharField(max_length=40), required=False, max_length=100, allow_empty=True
    )
    notes = serializers.CharField(max_length=20_000, required=False, allow_blank=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Somebody new has a name, a phone or an e-mail."""
        if not self.partial and not any(attrs.get(field) for field in ("name", "phone", "email")):
            raise serializers.ValidationError({"name": _("Falta el nombre, el teléfono o el correo.")})
        return attrs


class ContactFilter(serializers.Serializer):
    """`custom.<key>` filters by a field of the company's own, too."""

    search = serializers.CharField(required=False, max_length=200, help_text="Case and accents do not count.")
    city = serializers.CharField(required=False, max_length=120)
    tag = serializers.CharField(required=False, max_length=40)
    client = serializers.ChoiceField(choices=["yes", "no"], required=False)
    phone = serializers.ChoiceField(choices=["none"], required=False, help_text="none = without one")
    blocked = serializers.ChoiceField(choices=["1"], required=False)
    opted_out = serializers.ChoiceField(choices=["1"], required=False)


class PersonBody(serializers.Serializer):
    """Who the lead is: an id, or name, phone and e-mail of a person known or new."""

    id = serializers.UUIDField(required=False)
    name = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    phone = serializers.CharField(max_length=40, required=False, allow_blank=True, allow_null=True, default=None)
    email = serializers.EmailField(max_length=254, required=False, allow_blank=True, default="")
    city = serializers.CharField(max_length=120, required=False, allow_blank=True, default="")

    def to_internal_value(self, data: object) -> dict[str, object]:
        """A bare id is short for {"id": …}."""
        return super().to_internal_value({"id": data} if isinstance(data, str) else data)


class ConsentOut(serializers.Serializer):
    purpose = serializers.CharField(help_text="marketing, follow_up or reminders")
    granted = serializers.BooleanField()
    source = serializers.CharField(help_text="How it is known.")  # type: ignore[assignment]  # a field, not the option of that name
    actor = serializers.CharField(source="actor_label")
    at = serializers.DateTimeField()


class ConsentBody(serializers.Serializer):
    purpose = serializers.ChoiceField(choices=Consent.Purpose.choices)
    granted = serializers.BooleanField()
    source = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")  # type: ignore[assignment]  # a field, not the option of that name


class WishBody(serializers.Serializer):
    source = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")  # type: ignore[assignment]  # a field, not the option of that name


class BlockBody(serializers.Serializer):
    reason = serializers.CharField(max_length=300, required=False, allow_blank=True, default="")


class SideOut(serializers.Serializer):
    id = serializers.UUIDField()
    name = serializers.CharField()
    phone = serializers.CharField(allow_null=True)
    email = serializers.CharField()
    city = serializers.CharField()


class DuplicateOut(serializers.Serializer):
    id = serializers.UUIDField()
    first = SideOut()
    second = SideOut()
    score = serializers.IntegerField(help_text="0 to 100")
    evidence = serializers.ListField(child=serializers.DictField(), help_text="[{kind, left, right}]")
    found_at = serializers.DateTimeField()


class MergeBody(serializers.Serializer):
    other = serializers.UUIDField(help_text="The contact that moves into this one.")


class UnmergeBody(serializers.Serializer):
    merge_id = serializers.UUIDField()


class MergeOut(serializers.Serializer):
    merge_id = serializers.UUIDField(source="pk")
    kept = serializers.UUIDField(source="kept_id")
    other = serializers.UUIDField(source="other_id")
    other_name = serializers.CharField()
    at = serializers.DateTimeField()
    undone_at = serializers.DateTimeField(allow_null=True)
