"""Shapes of services, free times and appointments."""

import re
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from crm.api.contact_serializers import PersonBody
from crm.api.serializers import CURRENCY
from crm.domain.colors import COLORS
from crm.models import AgendaEvent, Service

YEARS = range(1980, 2200)  # what is reckoned from a moment stays within what a date can be
BARE_PLUS = re.compile(r" (\d\d:?\d\d)$")  # "+03:00" in an address that nobody escaped


class ServiceOut(serializers.Serializer):
    id = serializers.UUIDField()
    name = serializers.CharField()
    description = serializers.CharField()
    duration_minutes = serializers.IntegerField()
    price = serializers.DecimalField(max_digits=14, decimal_places=2, allow_null=True)
    currency = serializers.CharField()
    color = serializers.CharField()
    place = serializers.CharField(help_text="An address, or a link.")
    buffer_before = serializers.IntegerField(help_text="Free minutes kept before.")
    buffer_after = serializers.IntegerField()
    notice_minutes = serializers.IntegerField(help_text="How early it is booked at least.")
    horizon_days = serializers.IntegerField(help_text="How far ahead it is booked at most.")
    daily_limit = serializers.IntegerField(allow_null=True, help_text="A day and seller; null = no limit.")
    step_minutes = serializers.IntegerField(help_text="A start every so many minutes from midnight.")
    is_public = serializers.BooleanField(help_text="On the booking page.")
    is_active = serializers.BooleanField(help_text="False: archived, no longer booked.")
    position = serializers.IntegerField()
    sellers = serializers.SerializerMethodField(help_text="Who lists it. Who lists no service attends all of them.")
    created_at = serializers.DateTimeField()

    def get_sellers(self, service: Service) -> list[UUID]:
        return [each.pk for each in service.sellers.all()]


class ServiceBody(serializers.Serializer):
    name = serializers.CharField(max_length=120)
    description = serializers.CharField(max_length=500, required=False, allow_blank=True)
    duration_minutes = serializers.IntegerField(required=False)
    price = serializers.DecimalField(
        max_digits=14, decimal_places=2, min_value=0, required=False, allow_null=True, help_text="As a string."
    )
    currency = serializers.RegexField(CURRENCY, required=False, allow_blank=True, help_text="ISO 4217")
    color = serializers.ChoiceField(choices=COLORS, required=False, allow_blank=True)
    place = serializers.CharField(max_length=200, required=False, allow_blank=True)
    buffer_before = serializers.IntegerField(required=False)
    buffer_after = serializers.IntegerField(required=False)
    notice_minutes = serializers.IntegerField(required=False)
    horizon_days = serializers.IntegerField(required=False)
    daily_limit = serializers.IntegerField(required=False, allow_null=True)
    step_minutes = serializers.IntegerField(required=False)
    is_public = serializers.BooleanField(required=False)
    is_active = serializers.BooleanField(required=False)
    position = serializers.IntegerField(required=False)
    sellers = serializers.ListField(child=serializers.UUIDField(), required=False, max_length=200)


@extend_schema_field({"type": "string", "format": "date-time", "description": "A moment, or a day of the company."})
class Moment(serializers.DateTimeField):
    """A day alone is its first moment, or with `last` the end of it."""

    def __init__(self, *, last: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.last = last

    def to_internal_value(self, value: Any) -> datetime:
        if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value):
            try:
                day = date.fromisoformat(value) + timedelta(days=self.last)
            except (ValueError, OverflowError):
                self.fail("invalid", format="YYYY-MM-DD")
            moment = timezone.make_aware(datetime.combine(day, time.min))
        else:
            moment = super().to_internal_value(BARE_PLUS.sub(r"+\1", value) if isinstance(value, str) else value)
        if moment.year not in YEARS:
            raise serializers.ValidationError(_("Esa fecha queda demasiado lejos."))
        return moment


class SpanFilter(serializers.Serializer):
    def get_fields(self) -> dict[str, serializers.Field]:
        """`from` is a word of the language, so it cannot be named in the class."""
        return {
            **super().get_fields(),
            "from": Moment(required=False),
            "to": Moment(required=False, last=True, help_text="Not included; a day alone is."),
        }

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "from" in attrs and "to" in attrs and attrs["to"] <= attrs["from"]:
            raise serializers.ValidationError({"to": _("Debe ser después del comienzo.")})
        return attrs


class AvailabilityFilter(SpanFilter):
    seller = serializers.UUIDField(required=False, help_text="All who attend the service unless given.")
    service = serializers.UUIDField(required=False, help_text="An hour, on the full hour, unless given.")
    contact = serializers.UUIDField(required=False, help_text="Binds the offers to this person.")


class SlotOut(serializers.Serializer):
    seller = serializers.UUIDField(source="seller.pk")
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    offer = serializers.CharField(help_text="For agenda/book, while it lasts.")


class AvailabilityOut(serializers.Serializer):
    slots = SlotOut(many=True)
    results = SlotOut(many=True, source="slots", help_text="The same, as in all lists.")
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    warning = serializers.CharField(help_text="Whose times are not offered because their calendar cannot be read.")


class AppointmentOut(serializers.Serializer):
    id = serializers.UUIDField()
    seller = serializers.UUIDField(source="seller_id")
    contact = serializers.UUIDField(source="contact_id", allow_null=True)
    lead = serializers.UUIDField(source="lead_id", allow_null=True)
    service = serializers.UUIDField(source="service_id", allow_null=True)
    kind = serializers.CharField(help_text="meeting, or busy for the seller's own business")
    status = serializers.CharField(help_text="held, scheduled, confirmed, done, no_show or cancelled")
    source = serializers.CharField(help_text="page, api, agent, public or google")  # type: ignore[assignment]  # a field, not the option of that name
    title = serializers.CharField()
    note = serializers.CharField()
    place = serializers.CharField()
    start = serializers.DateTimeField(source="starts_at")
    end = serializers.DateTimeField(source="ends_at")
    why = serializers.DictField(help_text='Why this seller: {"code": "owner", …}')
    moves = serializers.IntegerField()
    confirmed_at = serializers.DateTimeField(allow_null=True)
    outcome = serializers.CharField()
    outcome_at = serializers.DateTimeField(allow_null=True)
    cancelled_at = serializers.DateTimeField(allow_null=True)
    cancel_reason = serializers.CharField()
    google_calendar_event_id = serializers.CharField(help_text="Empty while it is in no external calendar.")
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class AppointmentBody(serializers.Serializer):
    """Any time that nothing else takes. Without `end`: as long as the service takes, else an hour."""

    seller = serializers.UUIDField()
    start = Moment()
    end = Moment(required=False)
    contact = PersonBody(required=False)
    service = serializers.UUIDField(required=False, allow_null=True)
    lead = serializers.UUIDField(required=False, allow_null=True)
    kind = serializers.ChoiceField(choices=AgendaEvent.Kind.choices, required=False)
    title = serializers.CharField(max_length=200, required=False, allow_blank=True)
    note = serializers.CharField(max_length=4000, required=False, allow_blank=True)
    place = serializers.CharField(max_length=200, required=False, allow_blank=True)


class AppointmentChangeBody(serializers.Serializer):
    title = serializers.CharField(max_length=200, required=False, allow_blank=True)
    note = serializers.CharField(max_length=4000, required=False, allow_blank=True)
    place = serializers.CharField(max_length=200, required=False, allow_blank=True)
    lead = serializers.UUIDField(required=False, allow_null=True)
    seller = serializers.UUIDField(required=False, help_text="With `start`, `end`: moves it, as /reschedule does.")
    start = Moment(required=False)
    end = Moment(required=False)


class AppointmentFilter(SpanFilter):
    seller = serializers.UUIDField(required=False)
    contact = serializers.UUIDField(required=False)
    lead = serializers.UUIDField(required=False)
    service = serializers.UUIDField(required=False)
    status = serializers.ChoiceField(choices=AgendaEvent.Status.choices, required=False)


class BookBody(serializers.Serializer):
    offer = serializers.CharField(max_length=4000)
    contact = PersonBody()
    title = serializers.CharField(max_length=200, required=False, allow_blank=True)
    note = serializers.CharField(max_length=4000, required=False, allow_blank=True)


class HoldBody(serializers.Serializer):
    offer = serializers.CharField(max_length=4000)
    minutes = serializers.IntegerField(min_value=1, max_value=30, default=10)


class HoldOut(serializers.Serializer):
    id = serializers.UUIDField()
    seller = serializers.UUIDField(source="seller_id")
    start = serializers.DateTimeField(source="starts_at")
    end = serializers.DateTimeField(source="ends_at")
    held_until = serializers.DateTimeField(
        source="hold_until", allow_null=True, help_text="null: it has been booked already."
    )


class CancelBody(serializers.Serializer):
    reason = serializers.CharField(max_length=300, required=False, allow_blank=True, default="")


class RescheduleBody(serializers.Serializer):
    """An offer, or a time; without `end` it stays as long as it was, without `seller` with the same one."""

    offer = serializers.CharField(max_length=4000, required=False)
    start = Moment(required=False)
    end = Moment(required=False)
    seller = serializers.UUIDField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs.get("offer") and not attrs.get("start"):
            raise serializers.ValidationError({"offer": _("Falta la oferta, o el comienzo.")})
        return attrs


class CameBody(serializers.Serializer):
    came = serializers.BooleanField()
    outcome = serializers.CharField(max_length=300, required=False, allow_blank=True, default="")
