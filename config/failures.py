"""What a visitor gets when the product itself fails: plain words, and JSON for integrations."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import requires_csrf_token


@requires_csrf_token
def broken(request: HttpRequest) -> HttpResponse:
    """Nothing was saved: the transaction of the request has been rolled back."""
    if request.path.startswith("/api/"):
        message = _("Algo falló de nuestro lado y no se guardó nada. Se puede intentar de nuevo.")
        return JsonResponse({"error": {"code": "server_error", "message": message, "fields": {}}}, status=500)
    return render(request, "500.html", status=500)
