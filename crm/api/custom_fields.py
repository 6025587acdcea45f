"""Fields of the company's own."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from crm.models import CustomField
from crm.services import custom_fields
from tenants.api.base import CompanyView


class CustomFieldOut(serializers.Serializer):
    id = serializers.UUIDField()
    on = serializers.CharField(help_text="lead or contact")
    key = serializers.CharField(help_text="Its name inside `custom`.")
    label = serializers.CharField()  # type: ignore[assignment]  # a field, not the option of that name
    kind = serializers.CharField()
    options = serializers.ListField(child=serializers.CharField())
    help_text = serializers.CharField()  # type: ignore[assignment]  # a field, not the option of that name
    is_required = serializers.BooleanField(help_text="In forms; not over the API.")
    in_filters = serializers.BooleanField()
    agents_may_write = serializers.BooleanField()
    position = serializers.IntegerField()
    is_active = serializers.BooleanField()


class CustomFieldChange(serializers.Serializer):
    label = serializers.CharField(max_length=80, required=False)  # type: ignore[assignment]  # a field, not the option of that name
    kind = serializers.ChoiceField(choices=CustomField.Kind.choices, required=False)
    options = serializers.ListField(
        child=serializers.CharField(max_length=80), required=False, max_length=custom_fields.MOST_OPTIONS
    )
    help_text = serializers.CharField(max_length=200, required=False, allow_blank=True)  # type: ignore[assignment]  # a field, not the option of that name
    is_required = serializers.BooleanField(required=False)
    in_filters = serializers.BooleanField(required=False)
    agents_may_write = serializers.BooleanField(required=False)
    position = serializers.IntegerField(required=False, min_value=0, max_value=10_000)
    is_active = serializers.BooleanField(required=False)


class CustomFieldBody(CustomFieldChange):
    on = serializers.ChoiceField(choices=CustomField.On.choices)
    key = serializers.CharField(max_length=40, required=False, help_text="Made from the label unless given.")
    label = serializers.CharField(max_length=80)
    kind = serializers.ChoiceField(choices=CustomField.Kind.choices)


class RemoveField(serializers.Serializer):
    clear = serializers.BooleanField(required=False, default=False, help_text="Also take the values out of every row.")


class CustomFields(CompanyView):
    reads, writes = "pipeline.read", "pipeline.write"

    @extend_schema(operation_id="custom_fields_list", responses=CustomFieldOut(many=True))
    def get(self, request: Request) -> Response:
        """All fields in their order, those that are off too."""
        return self.whole(CustomField.objects.order_by("on", "position", "label"), CustomFieldOut)

    @extend_schema(operation_id="custom_fields_create", request=CustomFieldBody, responses={201: CustomFieldOut})
    def post(self, request: Request) -> Response:
        """Add a field to leads or contacts."""
        field = custom_fields.create_field(by=self.actor, **self.body(CustomFieldBody))
        return Response(CustomFieldOut(field).data, status=201)


class OneCustomField(CompanyView):
    reads, writes = "pipeline.read", "pipeline.write"

    @extend_schema(operation_id="custom_fields_retrieve", responses=CustomFieldOut)
    def get(self, request: Request, pk: str) -> Response:
        """One field."""
        return Response(CustomFieldOut(custom_fields.field_for(pk)).data)

    @extend_schema(operation_id="custom_fields_update", request=CustomFieldChange, responses=CustomFieldOut)
    def patch(self, request: Request, pk: str) -> Response:
        """Change the named parts. 409 for a kind that the values it has do not fit."""
        field = custom_fields.field_for(pk)
        changes = self.body(CustomFieldChange, partial=True)
        return Response(CustomFieldOut(custom_fields.update_field(field=field, by=self.actor, **changes)).data)

    @extend_schema(operation_id="custom_fields_destroy", parameters=[RemoveField], responses={204: None})
    def delete(self, request: Request, pk: str) -> Response:
        """Remove the field; its values stay unless `clear=true`."""
        clear = self.asked(RemoveField)["clear"]
        custom_fields.remove_field(field=custom_fields.field_for(pk), by=self.actor, clear=clear)
        return Response(status=204)
