"""A time kept for a while: for whoever asks for more, or for a payment, before it is booked."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from crm.agenda import booking
from crm.api.agenda import AgendaView
from crm.api.agenda_serializers import HoldBody, HoldOut


class Holds(AgendaView):
    @extend_schema(operation_id="agenda_holds_create", request=HoldBody, responses={201: HoldOut})
    def post(self, request: Request) -> Response:
        """Keep an offered time. `agenda/book` with the same offer makes it an appointment; else it is free again by itself.

        The same offer again is the same hold, until the time it was given first.
        """
        return Response(HoldOut(booking.hold(by=self.actor, **self.body(HoldBody))).data, status=201)


class OneHold(AgendaView):
    @extend_schema(operation_id="agenda_holds_delete", responses={204: None})
    def delete(self, request: Request, pk: str) -> Response:
        """Let it go before its time; only whoever keeps it can."""
        booking.let_go(pk=pk, by=self.actor)
        return Response(status=204)
