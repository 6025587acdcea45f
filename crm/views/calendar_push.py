"""Where Google says that something changed in a calendar. Nothing of the message is believed but that."""

from django.http import HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from config.lib.errors import RateLimited
from crm.agenda.sync import watching
from tenants.access import open_page
from tenants.context import tenant_context
from tenants.models import Tenant
from tenants.requests import Request
from tenants.services import limits, registry


@open_page
@csrf_exempt
@never_cache
def knock(request: Request) -> HttpResponse:
    """200 and the calendar is read soon; 404 for whoever does not know both channel and token. No cookie is read here."""
    if request.method != "POST":
        return HttpResponse(status=405, headers={"Allow": "POST"})
    channel_id, token = request.headers.get("X-Goog-Channel-ID", ""), request.headers.get("X-Goog-Channel-Token", "")
    tenant_id = watching.tenant_id_of(token)
    if tenant_id is None or not 0 < len(channel_id) <= 64:
        return HttpResponse(status=404)
    try:
        limits.check("calendar-push", tenant_id, channel_id)
    except RateLimited as error:
        return HttpResponse(status=429, headers={"Retry-After": str(error.retry_after)})
    tenant = registry.by_id(tenant_id)
    if tenant is None or tenant.status != Tenant.Status.ACTIVE:
        return HttpResponse(status=404)
    with tenant_context(tenant):
        state = request.headers.get("X-Goog-Resource-State", "")
        known = watching.knock(channel_id=channel_id, token=token, state=state)
    return HttpResponse(status=200 if known else 404)
