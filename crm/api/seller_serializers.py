"""Shapes of sellers, absences, hand-overs and assignment rules."""

from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from config.lib.ids import as_uuid
from crm.models import AssignmentRule, Strategy

HOURS = '{"0": [["09:00", "13:00"]]}, 0 = Monday, {} = always; also by name: {"monday": {"enabled", "slots": [{"start", "end"}]}}'


class SellerOut(serializers.Serializer):
    id = serializers.UUIDField()
    name = serializers.CharField()
    user = serializers.UUIDField(source="user_id", allow_null=True)
    email = serializers.CharField()
    working_hours = serializers.DictField(help_text='{"0": [["09:00", "13:00"]]}, 0 = Monday; {} = always')
    timezone = serializers.CharField(help_text="Empty: the company's.")
    capacity = serializers.IntegerField(allow_null=True, help_text="Open leads at most; null = no limit.")
    specialties = serializers.ListField(child=serializers.CharField())
    services = serializers.ListField(
        child=serializers.UUIDField(), source="service_ids", help_text="What they attend; none listed means all of it."
    )
    weight = serializers.IntegerField(help_text="Their share of new appointments, 1 to 100.")
    calendar = serializers.CharField(
        allow_blank=True, source="main_calendar", help_text="The Google calendar that gets the appointments."
    )
    is_active = serializers.BooleanField()
    created_at = serializers.DateTimeField()


class SellerBody(serializers.Serializer):
    name = serializers.CharField(max_length=120)
    user = serializers.UUIDField(required=False, allow_null=True)
    email = serializers.EmailField(max_length=254, required=False, allow_blank=True)
    working_hours = serializers.DictField(required=False, help_text=HOURS)
    timezone = serializers.CharField(max_length=64, required=False, allow_blank=True)
    capacity = serializers.IntegerField(min_value=0, max_value=100_000, required=False, allow_null=True)
    specialties = serializers.ListField(
        child=serializers.CharField(max_length=40), required=False, max_length=40, allow_empty=True
    )
    services = serializers.ListField(
        child=serializers.UUIDField(), required=False, max_length=200, help_text="What they attend; [] = all of it."
    )
    weight = serializers.IntegerField(required=False, help_text="1 to 100: their share of new appointments.")
    calendar = serializers.CharField(
        max_length=300,
        required=False,
        allow_blank=True,
        allow_null=True,
        help_text="Id of a Google calendar, or empty.",
    )
    is_active = serializers.BooleanField(required=False)


class AbsenceOut(serializers.Serializer):
    id = serializers.UUIDField()
    seller = serializers.UUIDField(source="seller_id")
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    reason = serializers.CharField()
    cover = serializers.UUIDField(source="cover_id", allow_null=True, help_text="The seller who gets it meanwhile.")


class AbsenceBody(serializers.Serializer):
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    reason = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    cover = serializers.UUIDField(required=False, allow_null=True, default=None)


class HandoverBody(serializers.Serializer):
    """`to`: sellers who share it, each person whole to one of them; or `by_rule`: each lead to whom the rules say."""

    to = serializers.ListField(child=serializers.UUIDField(), required=False, max_length=50, default=list)
    by_rule = serializers.BooleanField(required=False, default=False)
    open_only = serializers.BooleanField(required=False, default=True, help_text="False: closed leads too.")
    clients = serializers.BooleanField(required=False, default=True)
    tasks = serializers.BooleanField(required=False, default=True, help_text="Open ones.")


class HandoverOut(serializers.Serializer):
    id = serializers.UUIDField()
    status = serializers.CharField(help_text="waiting, running, done, undoing or undone")
    total = serializers.IntegerField(help_text="Leads when it began.")
    done = serializers.IntegerField(help_text="Leads that changed hands.")
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    undone_at = serializers.DateTimeField(allow_null=True)


class PlaceOut(serializers.Serializer):
    """A seller's place in a rule."""

    seller = serializers.UUIDField(source="seller_id")
    weight = serializers.IntegerField()
    given = serializers.IntegerField(help_text="Leads that the turns count as received.")


class RuleOut(serializers.Serializer):
    id = serializers.UUIDField()
    name = serializers.CharField()
    strategy = serializers.CharField(help_text="round_robin, load, performance or specialty")
    filters = serializers.DictField()
    sellers = serializers.SerializerMethodField(help_text="Ids in their order.")
    members = PlaceOut(many=True)
    priority = serializers.IntegerField(help_text="The fitting active rule with the lowest number decides.")
    within_hours = serializers.BooleanField(help_text="Only who works at that time gets leads.")
    is_active = serializers.BooleanField()
    created_at = serializers.DateTimeField()

    def get_sellers(self, rule: AssignmentRule) -> list[UUID]:
        return [each.seller_id for each in rule.members.all()]


@extend_schema_field(
    {
        "type": "array",
        "items": {
            "oneOf": [
                {"type": "string", "format": "uuid"},
                {
                    "type": "object",
                    "properties": {"seller": {"type": "string", "format": "uuid"}, "weight": {"type": "integer"}},
                    "required": ["seller"],
                },
            ]
        },
    }
)
class Places(serializers.Field):
    """Ids, or {"seller", "weight"}, in their order → id → weight."""

    def to_internal_value(self, data: Any) -> dict[UUID, int]:
        if not isinstance(data, list):
            raise serializers.ValidationError(_("Una lista de vendedores."))
        places = {}
        for each in data:
            said = each if isinstance(each, dict) else {"seller": each}
            seller, weight = as_uuid(said.get("seller")), said.get("weight", 1)
            if seller is None or isinstance(weight, bool) or not isinstance(weight, int):
                raise serializers.ValidationError(_("Cada uno lleva el id del vendedor y, si se quiere, su peso."))
            places[seller] = weight
        return places

    def to_representation(self, value: Any) -> Any:
        return value


class RuleBody(serializers.Serializer):
    name = serializers.CharField(max_length=120)
    strategy = serializers.ChoiceField(choices=Strategy.choices, required=False)
    sellers = Places(required=False)
    filters = serializers.DictField(
        required=False,
        help_text="Words of the list of leads: source, channel, tag, city, interest, pipeline, value_min, value_max,"
        " custom.<key>; a value, or a list of which one is enough.",
    )
    priority = serializers.IntegerField(min_value=0, max_value=32_767, required=False)
    within_hours = serializers.BooleanField(required=False)
    is_active = serializers.BooleanField(required=False)


class TryBody(serializers.Serializer):
    lead = serializers.UUIDField()


class TryOut(serializers.Serializer):
    rule = serializers.UUIDField(allow_null=True)
    seller = serializers.UUIDField(allow_null=True)
    reason = serializers.DictField()
    words = serializers.CharField()
