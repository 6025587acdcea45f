"""Which times are free."""

from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from config.lib.errors import Invalid
from crm.access import contact_for, seller_for
from crm.agenda import availability, catalogue
from crm.api.agenda_serializers import AvailabilityFilter, AvailabilityOut
from tenants.api.base import CompanyView

USUALLY, LONGEST = timedelta(days=14), timedelta(days=62)


class Availability(CompanyView):
    reads = "agenda.read"

    @extend_schema(operation_id="availability_list", parameters=[AvailabilityFilter], responses=AvailabilityOut)
    def get(self, request: Request) -> Response:
        """Free times from `from` to `to` (two weeks from now unless given), the earliest first, each with its offer.

        Who is free at one time gives one slot each. A seller whose calendar cannot be read offers nothing, and `warning`
        says so.
        """
        asked = self.asked(AvailabilityFilter)
        first = asked.get("from") or timezone.now()
        last = asked.get("to") or first + USUALLY
        if last - first > LONGEST:
            message = _("Hasta %(n)d días de una vez.") % {"n": LONGEST.days}
            raise Invalid(message, fields={"to": message})
        found = availability.free(
            service=catalogue.service_for(asked["service"]) if "service" in asked else None,
            sellers=[seller_for(asked["seller"])] if "seller" in asked else None,
            contact=contact_for(self.member, asked["contact"]) if "contact" in asked else None,
            first=first,
            last=last,
        )
        answer = {"slots": found.slots, "next": None, "previous": None, "warning": found.warning}
        return Response(AvailabilityOut(answer).data)
