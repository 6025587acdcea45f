"""Appointments, and what happens to them."""

from datetime import timedelta
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from config.lib.keyset import Order
from crm.access import appointment_for, lead_for, seller_for
from crm.agenda import booking, catalogue, events
from crm.api.agenda_serializers import (
    AppointmentBody,
    AppointmentChangeBody,
    AppointmentFilter,
    AppointmentOut,
    BookBody,
    CameBody,
    CancelBody,
    RescheduleBody,
    SlotOut,
)
from crm.models import AgendaEvent
from crm.services import intake
from tenants.api.base import CompanyView
from tenants.audit_access import audit_access

HOUR = timedelta(hours=1)


class AgendaView(CompanyView):
    """A time that was taken meanwhile is a 409 `slot_taken`, with three other ones as `alternatives` beside the error."""

    reads, writes = "agenda.read", "agenda.write"

    def handle_exception(self, exc: Exception) -> Any:
        answer: Any = super().handle_exception(exc)
        if isinstance(exc, booking.Taken):
            answer.data["alternatives"] = SlotOut(exc.alternatives, many=True).data
        return answer


@audit_access("appointments.listed")
class Events(AgendaView):
    page_by = Order("starts_at", descending=False)

    @extend_schema(
        operation_id="agenda_events_list", parameters=[AppointmentFilter], responses=AppointmentOut(many=True)
    )
    def get(self, request: Request) -> Response:
        """The earliest first: those of the member's own agenda (or their team's), and of leads that they may see.

        `from` and `to` are about the start. Times that are only held for a moment are not listed unless asked for.
        """
        asked = self.asked(AppointmentFilter)
        rows = AgendaEvent.objects.visible_to(self.member)
        if "status" not in asked:
            rows = rows.exclude(status=AgendaEvent.Status.HELD)
        names = {"from": "starts_at__gte", "to": "starts_at__lt"}
        return self.paged(
            rows.filter(**{names.get(name, name): value for name, value in asked.items()}), AppointmentOut
        )

    @extend_schema(operation_id="agenda_events_create", request=AppointmentBody, responses={201: AppointmentOut})
    def post(self, request: Request) -> Response:
        """Put an appointment at any time of a seller that nothing else takes; free times with offers: agenda/book."""
        said = self.body(AppointmentBody)
        chosen, person, lead = (said.pop(name, None) for name in ("service", "contact", "lead"))
        service = catalogue.service_for(chosen) if chosen else None
        length = timedelta(minutes=service.duration_minutes) if service else HOUR
        said.setdefault("end", said["start"] + length)
        event = booking.book_at(
            seller=seller_for(said.pop("seller")),
            contact=intake.person(given=person, by=self.actor, member=self.member) if person else None,
            service=service,
            lead=lead_for(self.member, lead) if lead else None,
            by=self.actor,
            source=AgendaEvent.Source.API,
            **said,
        )
        return Response(AppointmentOut(event).data, status=201)


@audit_access("appointment.viewed", resource="pk")
class OneEvent(AgendaView):
    @extend_schema(operation_id="agenda_events_retrieve", responses=AppointmentOut)
    def get(self, request: Request, pk: str) -> Response:
        """One appointment."""
        return Response(AppointmentOut(appointment_for(self.member, pk)).data)

    @extend_schema(operation_id="agenda_events_update", request=AppointmentChangeBody, responses=AppointmentOut)
    def patch(self, request: Request, pk: str) -> Response:
        """Change the named fields; another time or seller moves it."""
        event = appointment_for(self.member, pk)
        said = self.body(AppointmentChangeBody, partial=True)
        moved: dict[str, Any] = {name: said.pop(name) for name in ("seller", "start", "end") if name in said}
        if said.get("lead"):
            said["lead"] = lead_for(self.member, said["lead"])
        if said:
            event = events.update_event(event=event, by=self.actor, **said)
        if moved:
            event = _moved(event, moved, self)
        return Response(AppointmentOut(event).data)


@audit_access("appointments.listed")
class Book(AgendaView):
    @extend_schema(operation_id="agenda_book", request=BookBody, responses={200: AppointmentOut, 201: AppointmentOut})
    def post(self, request: Request) -> Response:
        """Book an offered time. The same offer again is the same appointment (200).

        422 `offer_expired` or `offer_invalid`; 422 `calendar_unknown` when the seller's calendar cannot be read.
        """
        said = self.body(BookBody)
        person = intake.person(given=said.pop("contact"), by=self.actor, member=self.member)
        booked = booking.book(contact=person, by=self.actor, source=AgendaEvent.Source.API, **said)
        return Response(AppointmentOut(booked.event).data, status=201 if booked.new else 200)


@audit_access("appointment.viewed", resource="pk")
class Cancel(AgendaView):
    @extend_schema(operation_id="agenda_events_cancel", request=CancelBody, responses=AppointmentOut)
    def post(self, request: Request, pk: str) -> Response:
        """Call it off; its time is free again. Again: nothing changes."""
        event = appointment_for(self.member, pk)
        return Response(AppointmentOut(events.cancel(event=event, by=self.actor, **self.body(CancelBody))).data)


@audit_access("appointment.viewed", resource="pk")
class Reschedule(AgendaView):
    @extend_schema(operation_id="agenda_events_reschedule", request=RescheduleBody, responses=AppointmentOut)
    def post(self, request: Request, pk: str) -> Response:
        """Move it to an offered time, or to any time that nothing else takes. It stays the same appointment."""
        event = appointment_for(self.member, pk)
        said = self.body(RescheduleBody)
        if said.get("offer"):
            return Response(AppointmentOut(booking.reschedule(event=event, by=self.actor, offer=said["offer"])).data)
        return Response(AppointmentOut(_moved(event, said, self)).data)


def _moved(event: AgendaEvent, said: dict[str, Any], view: AgendaView) -> AgendaEvent:
    """What is not said stays as it is: a new start keeps the length."""
    start = said.get("start", event.starts_at)
    length = event.ends_at - event.starts_at
    end = said.get("end", start + length if "start" in said else event.ends_at)
    seller = seller_for(said["seller"]) if said.get("seller") else None
    return booking.reschedule(event=event, by=view.actor, start=start, end=end, seller=seller)


@audit_access("appointment.viewed", resource="pk")
class Confirm(AgendaView):
    @extend_schema(operation_id="agenda_events_confirm", request=None, responses=AppointmentOut)
    def post(self, request: Request, pk: str) -> Response:
        """The customer said that they come."""
        return Response(AppointmentOut(events.confirm(event=appointment_for(self.member, pk), by=self.actor)).data)


@audit_access("appointment.viewed", resource="pk")
class Outcome(AgendaView):
    @extend_schema(operation_id="agenda_events_outcome", request=CameBody, responses=AppointmentOut)
    def post(self, request: Request, pk: str) -> Response:
        """Whether they came, once it has begun, and what came of it; may be corrected later."""
        event = appointment_for(self.member, pk)
        return Response(AppointmentOut(events.set_outcome(event=event, by=self.actor, **self.body(CameBody))).data)
