"""The company's own settings."""

from decimal import Decimal
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from tenants.api.base import CompanyView
from tenants.domain import spending
from tenants.domain.tenant_settings import LIMITS
from tenants.models import Tenant
from tenants.services import companies, tenant_settings


def _number(name: str) -> serializers.FloatField:
    low, high = LIMITS[name]
    return serializers.FloatField(required=False, allow_null=True, min_value=low, max_value=high)


def _price(**kwargs: Any) -> serializers.DecimalField:
    return serializers.DecimalField(
        max_digits=11, decimal_places=spending.PLACES, min_value=0, max_value=spending.MOST_PRICE, **kwargs
    )


class ModelPriceBody(serializers.Serializer):
    """US dollars per million tokens; `cached` null = as `input`."""

    input = _price()
    cached = _price(required=False, allow_null=True)
    output = _price()


class SettingsBody(serializers.Serializer):
    """Seconds and hours as named; null puts the platform's default back."""

    buffer_seconds = _number("buffer_seconds")
    buffer_max_seconds = _number("buffer_max_seconds")
    spacing_seconds = _number("spacing_seconds")
    human_override_hours = _number("human_override_hours")
    first_response_minutes = _number("first_response_minutes")
    business_hours = serializers.DictField(
        required=False, allow_null=True, help_text='{"0": [["09:00", "18:00"]]}, 0 = Monday; {} = always.'
    )
    ai_daily_spend_usd = serializers.DecimalField(
        max_digits=12, decimal_places=4, min_value=0, required=False, allow_null=True
    )
    ai_warn_percent = serializers.IntegerField(
        min_value=1,
        max_value=100,
        required=False,
        allow_null=True,
        help_text="Of the ceiling: the people are told there.",
    )
    usd_rate = serializers.DecimalField(
        max_digits=14,
        decimal_places=spending.PLACES,
        min_value=Decimal("0.000001"),
        max_value=spending.MOST_RATE,
        required=False,
        allow_null=True,
        help_text="Units of the company's currency per dollar; costs are shown in both. null: not given.",
    )
    hourly_cost = serializers.DecimalField(
        max_digits=16,
        decimal_places=spending.PLACES,
        min_value=Decimal("0.000001"),
        max_value=spending.MOST_HOURLY,
        required=False,
        allow_null=True,
        help_text="An hour of a person's work in the company's currency, for what agents saved. null: not given.",
    )
    message_fees_usd = serializers.DictField(
        child=serializers.DecimalField(max_digits=9, decimal_places=spending.PLACES, min_value=0, max_value=100),
        required=False,
        allow_null=True,
        help_text='What the provider charges for a message of a category: {"marketing": "0.0618"}.',
    )
    model_prices_usd = serializers.DictField(
        child=ModelPriceBody(),
        required=False,
        allow_null=True,
        help_text="What a model costs, by its name or that of a dated edition's model; the whole table, before any price "
        'list: {"gpt-5.5": {"input": "1.25", "cached": "0.125", "output": "10"}}. What is booked does not change.',
    )
    require_second_factor = serializers.BooleanField(
        required=False, help_text="Nobody of the company enters without one; whoever sets it must have theirs."
    )


class Settings(CompanyView):
    reads, writes = "settings.read", "settings.write"
    pagination_class = None

    @extend_schema(operation_id="settings_retrieve", responses=SettingsBody)
    def get(self, request: Request) -> Response:
        """The numbers in force: the company's own, else the platform's."""
        return Response(_in_force(companies.fresh()))

    @extend_schema(operation_id="settings_update", request=SettingsBody, responses=SettingsBody)
    def patch(self, request: Request) -> Response:
        """Change the named numbers."""
        return Response(_in_force(companies.update_settings(by=self.actor, changes=self.body(SettingsBody))))


def _in_force(tenant: Tenant) -> dict[str, Any]:
    return dict(SettingsBody(tenant_settings.of(tenant)).data)
