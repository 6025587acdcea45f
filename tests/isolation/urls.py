"""Two faces that show every contact they can see: what a request may reach is then plain."""

from django.http import HttpRequest, JsonResponse
from django.urls import path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from crm.models import Contact
from tenants.access import page


def _names() -> list[str]:
    return list(Contact.objects.values_list("name", flat=True))


@page("contacts.read")
def contacts(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"names": _names(), "tenant": request.tenant.pk})  # type: ignore[attr-defined]


@page("contacts.write")
def broken(request: HttpRequest) -> JsonResponse:
    Contact.objects.create(name="left behind")
    raise RuntimeError


class Contacts(APIView):
    reads = "contacts.read"

    def get(self, request: Request) -> Response:
        return Response({"names": _names(), "tenant": request._request.tenant.pk})


urlpatterns = [
    path("contacts/", contacts),
    path("broken/", broken),
    path("api/contacts/", Contacts.as_view()),
]
